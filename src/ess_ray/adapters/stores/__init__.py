"""Where exported objects go: Google Cloud Storage or a folder."""
