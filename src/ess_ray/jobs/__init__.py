"""One module a command (`job=check`, `job=report`, …), beside the text it prints."""
