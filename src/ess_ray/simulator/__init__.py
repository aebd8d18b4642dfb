"""The plant for demo, tests and benchmarks: a Modbus TCP device, made from a map, that behaves like a real battery."""
