"""The pure part: standard library, numpy and polars only. No socket, clock, ray or psycopg; `now` is an argument."""
