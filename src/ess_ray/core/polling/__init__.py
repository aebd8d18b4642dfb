"""How devices are asked: the state machine between clock, connection and samples."""
