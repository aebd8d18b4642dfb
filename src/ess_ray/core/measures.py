"""The metrics' values, from the counts of a run. Pure; called by the driver every few seconds.

Names and labels are those of `core.metrics`. Where a fleet is too big for a series of each device (`MOST_DEVICES`), the
site's devices are summed up as one by the name `ALL_DEVICES`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping

from ess_ray.core.account import Account
from ess_ray.core.metrics import ALL_DEVICES, MOST_DEVICES, PREFIX, Labels, Values
from ess_ray.core.samples import Device, Status


class Gathered:
    """Values, as they come together; of a series that is named twice the sum."""

    def __init__(self, devices: int) -> None:
        self._values: defaultdict[str, defaultdict[Labels, float]] = defaultdict(lambda: defaultdict(float))
        self._each = devices <= MOST_DEVICES

    def add(self, name: str, value: float, *labels: str) -> None:
        """A value of the metric `ess_ray_NAME`."""
        self._values[PREFIX + name][labels] += value

    def add_device(self, name: str, value: float, device: Device, *labels: str) -> None:
        """A value of one device, or its part of all devices' value."""
        self.add(name, value, device.site, device.device if self._each else ALL_DEVICES, *labels)

    def add_counter(self, name: str, counts: Mapping[str, float], *labels: str) -> None:
        """Values by their last label."""
        for word, value in counts.items():
            self.add(name, value, *labels, word)

    @property
    def each_device(self) -> bool:
        """Whether each device has series of its own."""
        return self._each

    @property
    def values(self) -> Values:
        """All of them."""
        return {name: dict(series) for name, series in self._values.items()}


def add_account(found: Gathered, account: Account) -> None:
    """Samples and devices."""
    found.add("start_timestamp_seconds", account.first_us / 1e6)
    for device, books in account.devices.items():
        for status in Status:
            found.add_device("samples_total", books.by_status[status], device, status)
        for reason, samples in books.reasons.items():
            found.add_device("sample_reasons_total", samples, device, bounded(reason))
        if books.gone:
            continue
        up = books.last_status in (Status.STORED, Status.PARTIAL)
        found.add("devices", 1, device.site)
        found.add("devices_up", up, device.site)
        if found.each_device:
            found.add("device_up", up, device.site, device.device)


# The exceptions of MODBUS Application Protocol V1.1b3, section 7; a device may answer with any number.
KNOWN_CODES = frozenset({1, 2, 3, 4, 5, 6, 8, 10, 11})


def bounded(reason: str) -> str:
    """A reason as a label: the exceptions that no standard knows are one."""
    word, _, code = reason.partition(" ")
    return reason if word != "exception" or int(code) in KNOWN_CODES else "exception other"


def counted(counts: Mapping[str, int]) -> Counter[str]:
    """Counts by reason, as labels."""
    found: Counter[str] = Counter()
    for reason, count in counts.items():
        found[bounded(reason)] += count
    return found


def values(account: Account) -> Values:
    """All values of a run, now."""
    found = Gathered(len(account.devices))
    add_account(found, account)
    return found.values
