"""Ray: the only package that imports it. Actors are plain classes; here they get names, resources and restarts."""
