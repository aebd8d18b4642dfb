"""ess_ray: every second of every rack and cell of solar plants with battery storage, from Modbus TCP to TimescaleDB."""

__version__ = "0.1.0"
