"""The pure part: standard library and numpy only. No socket, clock, ray or psycopg; `now` is an argument."""
