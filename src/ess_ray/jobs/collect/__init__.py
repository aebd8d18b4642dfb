"""The main job: collects until it is stopped."""
