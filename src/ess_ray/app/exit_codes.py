"""The exit codes of the program: what a shell, systemd or cron reads from it."""

from __future__ import annotations

OK = 0
FAILED = 1  # it ran, and something is not as it should be: its lines say what
UNUSABLE = 2  # the configuration cannot be used: nothing was started
INTERRUPTED = 130  # the shell's code for a program ended by Ctrl-C
