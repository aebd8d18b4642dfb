"""A run as it goes: what is expected and what came, status, metrics, log fields."""
