"""How fast ess_ray is, each figure beside a floor measured in the same run: `scripts/bench`."""
