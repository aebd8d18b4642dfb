"""The daily export: its objects, their formats and stores, and the order in which they are exported."""
