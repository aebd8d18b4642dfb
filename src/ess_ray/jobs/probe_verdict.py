"""The end of what `job=probe` prints: what is wrong, what to do about it, and the device's settings, ready to paste."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.text import Text

from ess_ray.core.checking.causes import explains_all
from ess_ray.core.checking.diagnosis import size_settings
from ess_ray.core.checking.probed import Probed
from ess_ray.core.checking.settings_block import settings_block
from ess_ray.core.checking.unread import unread_lines
from ess_ray.core.checking.ways import describe, settings_text, way_settings
from ess_ray.core.errors import printable
from ess_ray.core.reasons import Reason, explain

NO_NAME = "NAME"  # of a device that is not configured


def print_verdict(probed: Probed, console: Console) -> None:
    """Print one line for each thing that is wrong, or that nothing is; then the block of settings."""
    if not probed.survey.registers:
        console.print(Text(printable(_why_nothing(probed)), style="bold red"))
    for line in _wrong(probed):
        console.print(Text(printable(f"→ {line}"), style="bold yellow"))
    if probed.good and probed.readings:
        text = f"all values of the map are as expected ({len(probed.readings) + len(probed.computed)})"
        console.print(Text(text, style="bold green"))
    if probed.survey.registers:
        device = probed.settings.device
        name = device.device.device if device else NO_NAME
        console.print(Text("the device's settings, for the site's file:", style="bold"))
        block = settings_block(name, probed.settings.configured, probed.changes)
        console.print(Text(printable_lines(block)), soft_wrap=True)


def printable_lines(text: str) -> str:
    """The text as a terminal may be given it, line by line."""
    return "\n".join(map(printable, text.splitlines()))


def _wrong(probed: Probed) -> Iterator[str]:
    diagnosis = probed.diagnosis
    way = way_settings(diagnosis.first, diagnosis.contact.way)
    if way:
        as_set = describe(diagnosis.contact.asked_as_set)
        yield f"the device does not answer as it is set ({as_set}), but does with {settings_text(way)}"
    for key, most in size_settings(probed.survey).items():
        if key in probed.needed:
            what = key.removeprefix("max_")
            yield f"the device does not answer a request for more than {most} {what}: set {key}: {most}"
    if probed.pauses:
        yield f"the device answers each request alone, and all of a poll with {settings_text(probed.pauses)}"
    yield from map(str, diagnosis.causes)
    if probed.survey.registers and not explains_all(diagnosis.causes):
        yield from unread_lines(probed.readings, probed.survey.refused)
    if probed.doubts and not diagnosis.causes:
        number = "a value is" if len(probed.doubts) == 1 else f"{len(probed.doubts)} values are"
        yield f"{number} doubtful, and no single cause explains it: see the lines above"


def _why_nothing(probed: Probed) -> str:
    survey, reply = probed.survey, probed.diagnosis.contact.reply
    if survey.unknown_functions:
        functions = ", ".join(map(str, sorted(survey.unknown_functions)))
        return f"the device does not know function {functions}: try probe.function=3 or 4"
    if reply is None:
        return "all requests were used before any register was read: set a higher probe.most_requests"
    if not probed.diagnosis.contact.answered:
        reason = str(probed.diagnosis.contact.asked_as_set)
        heard = "nothing was heard" if reply == Reason.TIMEOUT else "there was no good reply"
        return f"{heard} ({describe(reply)}): {explain(reason).advice}"
    if survey.not_searched:
        text = "all requests were used before any register was read"
        return f"{text}: set a higher probe.most_requests, or a smaller window"
    return "the device replies, but has none of these addresses: try others with probe.address and probe.count"
