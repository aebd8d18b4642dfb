"""Samples on their way to the database: a journal's groups, the conductor's shipments, flushes, refused rows."""
