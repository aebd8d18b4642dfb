"""The embedded PostgreSQL server: found, made, started and stopped."""
