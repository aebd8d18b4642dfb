"""Plain classes that become Ray actors under `ess_ray.cluster`; their constructors do nothing that can fail."""
