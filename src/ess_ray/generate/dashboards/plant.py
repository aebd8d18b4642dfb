"""One plant: bank, racks, cells, temperatures, power, alarms. Columns that a plant does not deliver make no curve."""

from __future__ import annotations

from ess_ray.core.maps.standard import Standard
from ess_ray.generate.dashboards import alarms
from ess_ray.generate.dashboards.curves import UNKNOWN, WITHIN, Curves, spread
from ess_ray.generate.dashboards.fleet import AGES, NOW, NUMBERS, PERCENT, REASONS, SITES, TROUBLE
from ess_ray.generate.dashboards.grafana import RED, Json, Panel, Row, dashboard, sql, variable
from ess_ray.generate.dashboards.others import other_columns

DEVICES = "SELECT DISTINCT device FROM device WHERE site = ${site:sqlstring} ORDER BY 1"
EACH = "{} of each rack"
HIGHEST, LOWEST = "max_{}_of_bank", "min_{}_of_bank"
# Which cell of which module is furthest from its neighbours, in the newest rows.
MODULES = """
WITH cells AS (
    SELECT DISTINCT ON (device, bank_id, rack_id, module_id) device, bank_id, rack_id, module_id, time,
           ARRAY[{cells}] AS volts
    FROM module WHERE {within}
    ORDER BY device, bank_id, rack_id, module_id, time DESC
)
SELECT device, bank_id AS bank, rack_id AS rack, module_id AS module, max(volt) - min(volt) AS spread,
       max(volt) AS highest, (array_agg(cell ORDER BY volt DESC))[1] AS "highest cell", min(volt) AS lowest,
       (array_agg(cell ORDER BY volt))[1] AS "lowest cell", time
FROM cells, LATERAL unnest(volts) WITH ORDINALITY AS cell_volts (volt, cell)
WHERE volt IS NOT NULL
GROUP BY device, bank_id, rack_id, module_id, time
ORDER BY spread DESC LIMIT 100"""


def plant(standard: Standard) -> Json:
    """The dashboard of one plant. Raises ConfigError for a table or column that the standard does not have."""
    return dashboard(
        "plant", "ESS plant",
        "One plant, from the bank to its cells. A point of a curve is the mean of its time, of highest values the "
        "highest, of lowest the lowest; where nothing was read the curve has a hole.",
        [_now(standard), _bank(standard), _racks(standard), _cells(standard), _temperatures(standard),
         _power(standard), *other_columns(standard), _alarms(standard), _samples()],
        variables=[
            variable("site", "Plant", SITES, several=False),
            variable("device", "Devices", DEVICES, several=True),
        ],
        events=alarms.event_marks(),
    )  # fmt: skip


def _now(standard: Standard) -> Row:
    bank = Curves(standard, "bank")
    columns = ("bank_soc", "bank_soh", "bank_power", "bank_dc_volt", "bank_dc_current")
    return Row("Now", [
        *(bank.panel(column, width=4, height=4, kind="stat", since=NOW) for column in columns),
        Panel("Alarms", [sql(alarms.active(standard))], 4, 4, "stat", since=NOW, steps={"alarms": ((1, RED),)},
              text="How many the newest sample with values has."),
    ])  # fmt: skip


def _bank(standard: Standard) -> Row:
    bank = Curves(standard, "bank")
    return Row("Bank", [
        bank.panel("bank_soc", "bank_soh", title="State of charge and of health"),
        bank.panel("bank_power", title="{} of the bank"),
        bank.panel("bank_dc_volt", title="{} of the bank"),
        bank.panel("bank_dc_current", title="{} of the bank"),
    ])  # fmt: skip


def _racks(standard: Standard) -> Row:
    rack = Curves(standard, "rack")
    return Row(
        "Racks", [rack.panel(column, title=EACH) for column in ("rack_soc", "rack_soh", "rack_voltage", "rack_current")]
    )


def _cells(standard: Standard) -> Row:
    bank, rack, module = (Curves(standard, table) for table in ("bank", "rack", "module"))
    racks = rack.query({"": "max(rack_max_cell_voltage - rack_min_cell_voltage)"})
    names = [name for name in standard.tables["module"].columns if name.startswith("cell_voltage_")]
    within = module.query({"": f"max({spread(names)})"}, depth=2)
    modules = sql(MODULES.format(cells=", ".join(names), within=WITHIN))
    volts = {"spread": "V", "highest": "V", "lowest": "V"}
    return Row("Cells", [
        Panel("Cell voltage spread of each rack: highest less lowest", [sql(racks, series=True)], 12, unit="V"),
        bank.panel(HIGHEST.format("cell_voltage"), LOWEST.format("cell_voltage"), title="Cell voltages of the bank"),
        rack.panel("rack_max_cell_voltage", title=EACH),
        rack.panel("rack_min_cell_voltage", title=EACH),
        Panel("Widest cell voltage spread of a module in each rack, where cells are read",
              [sql(within, series=True)], 12, unit="V"),
        Panel("Modules with the widest spread, newest rows, where cells are read", [modules], 12, kind="table",
              units=volts),
    ])  # fmt: skip


def _temperatures(standard: Standard) -> Row:
    bank, rack, etc = (Curves(standard, table) for table in ("bank", "rack", "etc"))
    cells = (HIGHEST.format("cell_temperature"), LOWEST.format("cell_temperature"))
    highest = ("rack_max_cell_temperature", "rack_max_module_temperature")
    lowest = ("rack_min_cell_temperature", "rack_min_module_temperature")
    return Row("Temperatures", [
        bank.panel(*cells, "max_module_temperature", "min_module_temperature", title="Temperatures of the bank"),
        rack.panel(*highest, title="Highest temperatures of each rack"),
        rack.panel(*lowest, title="Lowest temperatures of each rack"),
        etc.panel("sensor1_temperature", "sensor2_temperature", title="Temperature at the sensors", width=6),
        etc.panel("sensor1_humidity", "sensor2_humidity", title="Humidity at the sensors", width=6),
    ])  # fmt: skip


def _power(standard: Standard) -> Row:
    pcs, etc = Curves(standard, "pcs"), Curves(standard, "etc")
    power = pcs.of("ac_active_power", "dc_power", "ai_pac", "ai_pdc")
    meters = etc.of("active_power_total", "inv1_active_power")
    return Row("PCS and meters", [
        Panel("Power at the PCS, the meter and the solar inverter", [sql(power, series=True), sql(meters, series=True)],
              12, unit="kW", units=UNKNOWN),
        pcs.panel("ac_voltage", "dc_voltage_1", "dc_voltage_2", "ai_vab_rms", "ai_vdc", width=6,
                  title="PCS: voltages"),
        pcs.panel("ac_current", "dc_current", "ai_ias_rms", "ai_idc", width=6, title="PCS: currents"),
    ])  # fmt: skip


def _alarms(standard: Standard) -> Row:
    return Row("Alarms", [
        Panel("Alarms that were on", [sql(alarms.counted(standard), series=True)], 12, bars=True),
        Panel("Rows out of range, incomplete or late", [sql(alarms.flagged(standard), series=True)], 12, bars=True),
        Panel("Alarms of the range shown", [sql(alarms.listed(standard))], 24, 10, "table",
              text="now: the newest sample with values still has it"),
    ])  # fmt: skip


def _samples() -> Row:
    return Row("Samples and events", [
        Panel("Samples, the last 5 minutes", [sql(NUMBERS)], 24, 4, "stat", since=NOW, units=PERCENT | AGES,
              steps=TROUBLE),
        Panel("Partial and failed samples, by reason", [sql(REASONS)], 12, kind="table"),
        Panel("Events", [sql(alarms.events())], 12, kind="table"),
    ])  # fmt: skip
