"""From the words of the command line to frozen settings: composed by Hydra, checked once, before anything starts."""
