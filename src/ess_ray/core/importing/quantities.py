"""How tables write units, factors, ranges and sentinels: one cell → what it says."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

_NUMBER = r"[-+]?(?:\d+(?:[.,]\d+)?|[.,]\d+)"
NO_UNIT = {
    "",
    "-",
    "--",
    "/",
    "\\",
    "n/a",
    "na",
    "none",
    "null",
    "n.a.",
    "無",
    "无",
    "없음",
    "text",
    "string",
    "bit",
    "bits",
    "enum",
}
SPELLINGS = {
    "℃": "degC", "°c": "degC", "degc": "degC", "deg c": "degC", "c": "degC", "celsius": "degC", "º c": "degC",
    "oc": "degC", "℉": "degF", "°f": "degF", "f": "degF", "percent": "%", "pct": "%", "％": "%", "volt": "V",
    "volts": "V", "v": "V", "ampere": "A", "amps": "A", "amp": "A", "a": "A", "watt": "W", "watts": "W", "w": "W",
    "kw": "kW", "kwh": "kWh", "mwh": "MWh", "wh": "Wh", "var": "var", "kvar": "kvar", "va": "VA", "kva": "kVA",
    "hz": "Hz", "hertz": "Hz", "sec": "s", "secs": "s", "seconds": "s", "min": "min", "mv": "mV", "ma": "mA",
    "ah": "Ah", "kvarh": "kvarh", "ms": "ms", "ohm": "ohm", "ω": "ohm", "kω": "kohm", "degrees": "deg",
    "degree": "deg", "°": "deg",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class UnitCell:
    """A unit, and the step that stands in front of it (`0.1V`); None: there is none."""

    unit: str
    step: Decimal | None = None


def decimal(text: str) -> Decimal | None:
    """The number of a cell, with a point or a comma; None for anything else."""
    plain = unicodedata.normalize("NFKC", text).strip().replace("−", "-")
    if not re.fullmatch(_NUMBER, plain):
        return None
    try:
        return Decimal(plain.replace(",", "."))
    except InvalidOperation:
        return None


def read_unit(text: str) -> UnitCell:
    """The unit of a cell: `V`, `0.1V`, `0,1 V`, `10W`, `[kWh]`, `0.1`, `x0.1 A`."""
    plain = unicodedata.normalize("NFKC", text.split("\n", maxsplit=1)[0]).strip().strip("[]()").strip()
    if plain.casefold() in NO_UNIT:
        return UnitCell("")
    if (match := re.fullmatch(rf"[x×*]?\s*({_NUMBER})\s*[x×*]?\s*([^\d\s=:;,].*)?", plain)) and not _is_list(plain):
        step = decimal(match[1])
        if step is not None and step > 0:
            return UnitCell(unit_spelling((match[2] or "").strip()), step)
    if _is_list(plain) or len(plain) > 24:
        return UnitCell("")
    return UnitCell(unit_spelling(plain))


def _is_list(text: str) -> bool:
    """Whether a cell of the units' column lists meanings of numbers, as `0=Open;1=Closed` does."""
    return bool(re.search(r"\d\s*[=:：]|\d\s*[-–]\s*[A-Za-z\u4e00-\u9fff]{3}", text))


def unit_spelling(text: str) -> str:
    """The unit as the data standard writes it: degC, %, V, kWh; one that is unknown as it is."""
    if text in {"K", "F", "C"}:
        return "degC" if text == "C" else text
    return SPELLINGS.get(text.casefold(), "" if text.casefold() in NO_UNIT else text)


@dataclass(frozen=True, slots=True)
class ScaleCell:
    """A factor. `divides`: True or False if the cell says it (`/10`, `x10`); None for a bare number."""

    factor: Decimal
    divides: bool | None


def read_scale(text: str) -> ScaleCell | None:
    """The factor of a cell: `10`, `0.1`, `/10`, `1/10`, `x0.01`, `10^-1`, `*0,1`, `0.1V`, `1:10`; None for none."""
    plain = unicodedata.normalize("NFKC", text).strip().casefold()
    if match := re.fullmatch(r"10\s*(?:\^|\*\*|e)\s*\(?([-+]?\d{1,2})\)?", plain):
        return ScaleCell(Decimal(1).scaleb(int(match[1])), False)
    if match := re.fullmatch(rf"(?:1\s*/|/|÷|1\s*:|div(?:ide)?(?: by)?)\s*({_NUMBER})", plain):
        factor = decimal(match[1])
        return ScaleCell(factor, True) if factor else None
    if match := re.fullmatch(rf"(?:x|×|\*|mul(?:tiply)?(?: by)?)\s*({_NUMBER})", plain):
        factor = decimal(match[1])
        return ScaleCell(factor, False) if factor else None
    if (factor := decimal(plain)) is None and (unit := read_unit(plain)).step is not None:
        return ScaleCell(unit.step, False) if unit.step else None
    if factor is None or not factor:
        return None
    return ScaleCell(factor, None)


@dataclass(frozen=True, slots=True)
class RangeCell:
    """The least and the greatest value that a cell names."""

    low: Decimal
    high: Decimal


def read_range(text: str) -> RangeCell | None:
    """The range of a cell: `0 to 6553.5`, `[0,4]`, `0~100`, `-30…80 °C`, `1.05~1.25, Unit: 0.01`; None for none."""
    plain = unicodedata.normalize("NFKC", text).strip().replace("−", "-")
    separator = r"\s*(?:~|–|—|…|\.\.+|to|bis|至|-)\s*"
    unit = r"\s*(?:[%°A-Za-z]{0,4})?"
    match = re.match(rf"\[?\s*({_NUMBER}){unit}{separator}({_NUMBER}){unit}\s*\]?(?:\s*[,;(].*)?$", plain)
    if match is None:
        match = re.fullmatch(r"[\[(]\s*([-+]?\d+(?:\.\d+)?)\s*[,;]\s*([-+]?\d+(?:\.\d+)?)\s*[\])]", plain)
    if match is None:
        return None
    low, high = decimal(match[1]), decimal(match[2])
    return RangeCell(low, high) if low is not None and high is not None and low < high else None


def read_sentinels(text: str) -> list[int]:
    """The raw numbers of a cell for "no value": `0xFFFF`, `65535`, `0x7FFF or 0x8000`."""
    numbers = re.findall(r"0x[0-9a-f]{2,16}|[-+]?\b\d{2,10}\b", text.casefold())
    return [int(number, 16 if "x" in number else 10) for number in numbers]
