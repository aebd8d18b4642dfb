"""Stores of exported objects (a folder, Google Cloud Storage) and the formats of the objects."""
