"""`job=new`: a device's site and map, written into the user's folder after the device was tried. Then it is checked.

Asks for what no word says, finds out how the device wants to be asked and what registers it has, overwrites nothing.
Exit code 1 if the device does not answer or its check fails. Only functions 1-4 are sent, at `probe.rate` at most.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from ess_ray.adapters.importing.map_file import write_new
from ess_ray.adapters.local.plants_folder import FILE
from ess_ray.adapters.modbus.reach import resolve, try_tls
from ess_ray.adapters.modbus.reader import Budget, WayReader
from ess_ray.adapters.modbus.tls import Failure
from ess_ray.app.exit_codes import FAILED, INTERRUPTED, OK, UNUSABLE
from ess_ray.app.output import print_line
from ess_ray.core.checking.findings import Checked
from ess_ray.core.checking.first_look import FirstLook, first_look, without_mirror
from ess_ray.core.checking.probed import Probed
from ess_ray.core.checking.settings_block import settings_block
from ess_ray.core.checking.skeleton import map_of_registers
from ess_ray.core.checking.unread import ranges_text
from ess_ray.core.checking.ways import Contact, Way, describe, find_way, reason_text, settings_text, way_settings
from ess_ray.core.errors import ConfigError
from ess_ray.core.importing.names import plain_name
from ess_ray.core.maps.registers import READ_HOLDING_REGISTERS
from ess_ray.core.reasons import Reason, bare_reason, explain
from ess_ray.core.settings import DeviceSettings, NewSettings, ProbeSettings, Settings, SunSpecSettings, TlsSettings
from ess_ray.jobs import import_map, import_sunspec
from ess_ray.jobs.check_devices import check_devices
from ess_ray.jobs.check_text import print_checked
from ess_ray.jobs.new_answers import Answers, find_answers
from ess_ray.jobs.probe import MOST_UNITS, probe_device

TLS_PORT = 802  # MB-TCP-Security-v21
PROGRAM = "./scripts/run"


@dataclass(frozen=True, slots=True)
class Found:
    """How the device answers (`probe`, with its way), and the settings for that as they stand in a site's file."""

    probe: ProbeSettings
    settings: Mapping[str, object]
    look: FirstLook


def run(settings: Settings, read_settings: Callable[[], Settings]) -> int:
    """Try the device, write its files, check it; the exit code: OK, FAILED, INTERRUPTED, or that of an import.

    `settings.new` has to be there, as for `job=new` it is. Raises ConfigError for a word that cannot be used and a file
    that is there.
    """
    new = settings.new
    assert new is not None
    try:
        answers = find_answers(new)
        reached = _find(new, answers)
        return FAILED if reached is None else _write(settings, new, answers, reached, read_settings)
    except (KeyboardInterrupt, EOFError):
        print_line("")
        return INTERRUPTED


# --- the device -----------------------------------------------------------------------------------------------------


def _find(new: NewSettings, answers: Answers) -> Found | None:
    """How the device answers, said on the terminal; None, with a line why, if it does not."""
    probe = replace(new.probe, host=answers.host, port=answers.port, unit_id=answers.unit_id)
    print_line(f"trying {answers.host}:{answers.port} …")
    try:
        resolve(probe.host, probe.port)
    except OSError as error:
        _failed(f"{probe.host} has no address ({error.strerror or error}): check it, and the name server")
        return None
    secured = replace(probe, framing="tls", tls=TlsSettings(new.ca_file))
    for tried in (secured, probe) if probe.port == TLS_PORT else (probe, secured):
        if tried.tls and not _speaks_tls(tried):
            continue
        readers = WayReader(tried, Budget(probe.requests_s, probe.most_requests))
        contact = find_way(_way(tried), (READ_HOLDING_REGISTERS, 0, 0), readers.ask, MOST_UNITS)
        if contact.answered:
            look = first_look(contact.way, readers.ask, new.address)
            readers.close()
            return _said(new, answers, tried, contact, look)
        readers.close()
        reply = contact.asked_as_set
        if tried.tls or bare_reason(reason_text(reply)) in (Reason.REFUSED, Reason.UNREACHABLE):
            break
    problem = f"{probe.host}:{probe.port} does not answer ({describe(reply)})"
    _failed(f"{problem}: {explain(reason_text(reply)).advice}")
    return None


def _way(probe: ProbeSettings) -> Way:
    return Way(probe.framing, probe.unit_id, probe.tolerate, probe.connect_pause_us)


def _speaks_tls(probe: ProbeSettings) -> bool:
    """True if there is TLS. Raises ConfigError if there is, and the device's certificate is not trusted."""
    try:
        tried = try_tls(probe)
    except OSError:
        return False
    if isinstance(tried, Failure) and bare_reason(tried.reason) == Reason.CERTIFICATE:
        raise ConfigError("new.ca_file", f"the device speaks TLS ({tried.reason}): {tried.advice}")
    return not isinstance(tried, Failure)


def _said(new: NewSettings, answers: Answers, probe: ProbeSettings, contact: Contact, look: FirstLook) -> Found | None:
    settings = dict(way_settings(Way("tcp", 1), contact.way))
    if probe.tls and new.ca_file:
        settings["tls"] = {"ca_file": str(new.ca_file)}
    print_line(f"it answers with {settings_text(settings) or 'what is usual'}")
    if look.sunspec is not None:
        print_line(f"it speaks SunSpec, from address {look.sunspec} on")
    reached = Found(contact.way.of(replace(probe, windows=look.windows)), settings, look)
    if look.windows or answers.map_name or new.table:
        return reached
    problem = "it has none of the registers with which usual devices begin"
    _failed(f"{problem}: say new.address=… as its manual has it, or new.map=… or new.table=FILE")
    return None


def _failed(text: str) -> None:
    print_line(f"ess_ray: {text}; nothing is written", error=True)


# --- its files ------------------------------------------------------------------------------------------------------


def _write(
    settings: Settings, new: NewSettings, answers: Answers, reached: Found, read_settings: Callable[[], Settings]
) -> int:
    map_name, changes = answers.map_name, dict(reached.settings)
    if new.table:
        if code := import_map.run(replace(settings, importing=new.table), next_steps=False):
            return code
        map_name = new.table.name
        if not (new.folder / f"map/{map_name}.yaml").exists():
            print_line("the table is of several devices: say new.map=… for one of these maps", error=True)
            return UNUSABLE
    elif map_name is None and reached.look.sunspec is not None:
        map_name = _import_sunspec(settings, new, answers, reached)
    if map_name is None:
        probed = probe_device(reached.probe, None)
        map_name = _make_map(new, answers, probed)
        changes |= probed.changes
    device = {"map": map_name, "host": answers.host, "port": answers.port, **changes}
    if not (new.folder / FILE).exists():
        write_new(new.folder / FILE, SETTINGS.format(state_dir=_state_dir(settings, new)))
        print_line(f"written: {new.folder / FILE}")
    file = new.folder / f"site/{answers.site}.yaml"
    write_new(file, _site_text(answers, device))
    print_line(f"written: {file}")
    chosen = read_settings()
    if answers.map_name and (more := _changes(chosen, answers, reached, device)):
        file.write_text(_site_text(answers, {**device, **more}), encoding="utf-8")  # a file of this very run
        print_line(f"and there: {settings_text(more)}")
        chosen = read_settings()
    return _check(new, answers, chosen)


def _import_sunspec(settings: Settings, new: NewSettings, answers: Answers, reached: Found) -> str | None:
    """Write the map of a SunSpec device; its name. None if it has no model that is known."""
    name = _new_map(new, answers)
    sunspec = SunSpecSettings(reached.probe, (reached.probe.unit_id,), (), name, new.folder)
    return None if import_sunspec.run(sunspec, settings.standard, next_steps=False) else name


def _new_map(new: NewSettings, answers: Answers) -> str:
    """The name of the map that is made: of site and device, and one that no map has yet."""
    name = plain_name(f"{answers.site} {answers.device}", "device")
    return next(each for each in (name, *(f"{name}_{number}" for number in range(2, 1000))) if each not in new.maps)


def _make_map(new: NewSettings, answers: Answers, probed: Probed) -> str:
    """Write a map of what was read; returns its name."""
    name = _new_map(new, answers)
    registers = probed.survey.registers
    runs = without_mirror(probed.survey.runs, registers)
    print_line(f"it has the registers {ranges_text(runs)}")
    file = new.folder / f"map/{name}.yaml"
    write_new(file, map_of_registers(runs, registers, f"{name}_raw"))
    print_line(f"written: {file}, a column for each register that was not 0")
    return name


def _site_text(answers: Answers, device: Mapping[str, object]) -> str:
    heading = f"# @package sites.{answers.site}\ntimezone: {answers.timezone}\n"
    return heading + settings_block(answers.device, device, {})


def _changes(settings: Settings, answers: Answers, reached: Found, said: Mapping[str, object]) -> Mapping[str, object]:
    """What a device with a map of its own needs beyond what is said of it: sizes of requests, times."""
    for device in _devices(settings, answers):
        windows = tuple((each.function, each.address, each.address + each.count - 1) for each in device.plan.requests)
        probe = replace(reached.probe, device=device, windows=windows, configured=said)
        return probe_device(probe, settings.maps[device.map_name]).changes
    return {}


def _devices(settings: Settings, answers: Answers) -> tuple[DeviceSettings, ...]:
    """The device, if its site is chosen."""
    names = (answers.site, answers.device)
    return tuple(each for each in settings.devices if (each.device.site, each.device.device) == names)


def _state_dir(settings: Settings, new: NewSettings) -> str:
    """The state folder, as it counts from the user's folder if the two stand side by side."""
    beside = settings.state_dir.parent == new.folder.parent
    return f"../{settings.state_dir.name}" if beside else str(settings.state_dir)


SETTINGS = """\
# What the command line would have to say else: docs/plants.md. The command line wins.
source: plant # read the devices; source=simulated source.ignore_hosts=true plays them
storage: embedded # a database in the state folder; timescale: a server
state_dir: {state_dir} # a path counts from this folder
"""


# --- and how to go on -----------------------------------------------------------------------------------------------


def _check(new: NewSettings, answers: Answers, settings: Settings) -> int:
    """Poll the device as the collector does, show what it reads, and say how to start."""
    if not (devices := _devices(settings, answers)):
        chosen = f"site/{answers.site}.yaml is not chosen: add it to `site` in {new.folder / FILE}"
        print_line(f"{chosen}, then try it with {_command(new, 'job=check')}")
        return OK
    checked = Checked(check_devices(replace(settings, devices=devices)), [])
    print_checked(checked)
    print_line(f"start it with {_command(new)}")
    return FAILED if checked.failed else OK


def _command(new: NewSettings, *words: str) -> str:
    return " ".join([PROGRAM, *new.as_is, *words])
