"""The journal: SQLite, samples on disk until the database has committed them."""
