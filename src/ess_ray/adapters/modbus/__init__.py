"""Modbus TCP on real sockets, with pyModbusTCP for the frames."""
