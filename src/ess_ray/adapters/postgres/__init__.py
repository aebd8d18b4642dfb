"""PostgreSQL and TimescaleDB through psycopg."""
