"""What every command shares: output, exit codes, the state folder, processes and signals."""
