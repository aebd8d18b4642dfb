"""Files, disk space and logs of this machine."""
