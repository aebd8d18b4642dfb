"""The outside world, one library a module; its errors are translated once, into `ess_ray.core.errors`."""
