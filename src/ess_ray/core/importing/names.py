"""Names of maps and columns out of what people call things: a-z, 0-9 and _, as the data standard wants them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from ess_ray.core.maps.new_columns import ENTRY_WORDS
from ess_ray.core.maps.standard import RESERVED_COLUMNS

LONGEST = 63  # characters of a name in PostgreSQL
KEPT = (*RESERVED_COLUMNS, *ENTRY_WORDS, "identity")
SIGNS = {"%": " percent ", "+": " plus ", "Δ": " delta ", "Ω": " ohm ", "Σ": " sum ", "µ": "u", "ß": "ss", "&": " and "}
# Korean and Chinese words of register tables, longest first where one is part of another.
WORDS = {
    "과전압": "overvoltage", "저전압": "undervoltage", "과전류": "overcurrent", "과온도": "overtemperature",
    "설정": "set", "입력": "input", "출력": "output", "부하": "load", "직류": "dc", "교류": "ac", "설비": "equipment",
    "잔량": "remaining", "过压": "overvoltage", "欠压": "undervoltage", "过流": "overcurrent",
    "过温": "overtemperature", "输入": "input", "输出": "output", "负载": "load", "直流": "dc", "交流": "ac",
    "배터리": "battery", "인버터": "inverter", "유효전력": "active power", "무효전력": "reactive power",
    "피상전력": "apparent power", "전력량": "energy", "발전량": "energy", "전압": "voltage", "전류": "current",
    "전력": "power", "주파수": "frequency", "역률": "power factor", "온도": "temperature", "습도": "humidity",
    "충전": "charge", "방전": "discharge", "상태": "status", "경보": "alarm", "고장": "fault", "누적": "total",
    "금일": "today", "최대": "max", "최소": "min", "평균": "average", "운전": "run", "정지": "stop",
    "통신": "communication", "모듈": "module", "셀": "cell", "랙": "rack", "뱅크": "bank", "계통": "grid",
    "일사량": "irradiance", "태양광": "pv", "电池": "battery", "逆变器": "inverter", "有功功率": "active power",
    "无功功率": "reactive power", "视在功率": "apparent power", "功率因数": "power factor", "电压": "voltage",
    "电流": "current", "功率": "power", "频率": "frequency", "温度": "temperature", "湿度": "humidity",
    "充电": "charge", "放电": "discharge", "状态": "status", "告警": "alarm", "故障": "fault", "电量": "energy",
    "总": "total", "最大": "max", "最小": "min", "平均": "average", "电网": "grid", "光伏": "pv", "压力": "pressure",
    "流量": "flow", "液位": "level",
}  # fmt: skip
_WORD = re.compile("|".join(sorted(map(re.escape, WORDS), key=len, reverse=True)))


def plain_name(text: str, fallback: str) -> str:
    """A name for a column, a table or a map; `fallback`, such a name itself, if nothing of the text is left.

    `Battery 1 - SOC (%)` → `battery_1_soc_percent`; letters with accents lose them, common Korean and Chinese words are
    translated, other letters are left out. A name that begins with a digit gets `n_` in front.
    """
    text = _WORD.sub(lambda match: f" {WORDS[match[0]]} ", unicodedata.normalize("NFC", text))
    for sign, word in SIGNS.items():
        text = text.replace(sign, word)
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z][a-z])", " ", text)  # BatteryVoltage: two words
    letters = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", "_", letters).strip("_")
    if not re.search(r"[a-z]", name):
        name = f"{fallback}_{name}".strip("_") if name else fallback
    if name[0].isdigit():
        name = f"n_{name}"
    return f"{name[: LONGEST - 6].rstrip('_')}_value" if name in KEPT else name[:LONGEST].rstrip("_")


class UniqueNames:
    """Hands out each name once: a second `power` is `power_2`."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = set(taken)

    def take(self, name: str) -> str:
        """The name, with a number behind it if it was handed out before; at most LONGEST characters."""
        number, free = 1, name
        while free in self._taken:
            number += 1
            free = f"{name[: LONGEST - 1 - len(str(number))]}_{number}"
        self._taken.add(free)
        return free
