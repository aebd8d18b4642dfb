"""What the columns of a register table are, by their headings: in English, Korean, German and Chinese."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

# What a column may be, and the headings that say so, as `plain_heading` leaves them. In the order of how telling each
# is; a heading that is in two lists belongs to the first.
HEADINGS: Mapping[str, tuple[str, ...]] = {
    "address": (
        "address", "addr", "register address", "register", "registers", "reg", "reg address", "register number",
        "register no", "register nr", "registernr", "reg number", "reg no", "start", "start address",
        "start register", "start offset", "starting address", "first register", "address offset", "offset address",
        "block offset", "modbus address", "modbus register", "modbus register address", "modbus addr", "modbus id",
        "protocol address", "pdu address", "wire address", "address decimal", "address dec", "dec address",
        "decimal address", "address decimal system", "register address decimal", "modbus address dec",
        "modbus address decimal", "modbus address decimal system", "id", "주소", "레지스터", "레지스터 주소",
        "시작 주소", "시작주소", "모드버스 주소", "번지", "address 주소", "adresse", "register adresse",
        "registeradresse", "modbus adresse", "startadresse", "地址", "寄存器地址", "寄存器", "起始地址", "通讯地址",
        "寄存器编号", "address 地址",
    ),
    "hex": (
        "address hex", "addr hex", "hex", "hex address", "register address hex", "modbus address hex", "register hex",
        "주소 hex", "adresse hex", "地址 hex", "十六进制地址", "寄存器地址 hex",
    ),
    "end": (
        "end", "end address", "addr end", "address end", "last register", "end register", "end offset", "끝 주소",
        "结束地址",
    ),
    "size": (
        "size", "count", "length", "len", "data length", "registers count", "register count", "number of registers",
        "no of registers", "quantity", "num", "words", "word count", "size words", "nb registers",
        "numbers of registers", "길이", "개수", "크기", "레지스터 수", "anzahl", "anzahl register", "länge", "长度",
        "数量", "寄存器数量", "寄存器个数", "字数",
    ),
    "name": (
        "name", "register name", "reg name", "parameter", "parameter name", "signal", "signal name", "point name",
        "point", "data meaning", "meaning", "register defination", "register definition", "define", "definition",
        "title", "short description", "metric", "variable", "variable name", "data name", "tag", "tag name", "item",
        "label", "measurement", "measured value", "channel", "field", "field name", "quantity name", "information",
        "content", "이름", "명칭", "항목", "항목명", "포인트 이름", "포인트명", "성능명", "신호명", "데이터명",
        "내용", "태그", "변수명", "bezeichnung", "messgröße", "größe", "parametername", "name bezeichnung", "名称",
        "寄存器名称", "参数", "参数名称", "信号名称", "数据名称", "变量名", "点名", "register name 寄存器名称",
        "测点名称", "中文名称",
    ),
    "description": (
        "description", "desc", "reg desc", "long description", "details", "설명", "beschreibung", "描述", "说明",
        "info", "information property",
    ),
    "type": (
        "type", "data type", "datatype", "value type", "format", "field type", "modbus data type", "data format",
        "reg type", "register format", "variable type", "encoding", "sign", "signed", "데이터 유형", "데이터 타입",
        "자료형", "타입", "형식", "데이터형", "데이터 형식", "datentyp", "typ", "类型", "数据类型", "数据格式",
        "格式",
    ),
    "scale": (
        "scale", "scale factor", "scalefactor", "scaling", "scaling factor", "factor", "coefficient", "magnification",
        "multiplier", "gain", "sf", "resolution", "accuracy", "precision", "ratio", "step", "scale divisor",
        "divisor", "divide", "배율", "보정식", "스케일", "계수", "환산", "분해능", "skalierung", "skalierungsfaktor",
        "faktor", "auflösung", "倍率", "系数", "比例", "精度", "缩放", "增益", "分辨率", "变比",
    ),
    "decimals": ("decimals", "decimal", "decimal places", "number of decimals", "소수점", "nachkommastellen", "小数位"),
    "offset": ("value offset", "offset", "bias", "offset value", "오프셋", "wertoffset", "偏移", "偏移量"),
    "unit": (
        "unit", "units", "unit of measurement", "measurement unit", "engineering unit", "engineering units", "eng unit",
        "dbus unit", "uom", "단위", "einheit", "单位", "unit 单位", "data unit",
    ),
    "access": (
        "access", "r w", "rw", "read write", "writable", "writeable", "rd wr", "rw ro", "rw access", "mode",
        "access mode", "access type", "attribute", "register type", "permission", "property", "rw access rw",
        "읽기 쓰기", "접근", "권한", "속성", "zugriff", "读写", "读写属性", "权限", "访问",
    ),
    "function": (
        "function", "function code", "function codes", "fc", "func code", "modbus function", "modbus function code",
        "area", "register area", "기능 코드", "기능코드", "펑션코드", "funktionscode", "funktion", "功能码",
    ),
    "range": (
        "range", "effective range", "range of values", "value range", "valid range", "limits", "범위", "데이터 범위",
        "wertebereich", "bereich", "范围", "取值范围", "量程", "数据范围",
    ),
    "minimum": (
        "min", "minimum", "min value", "lower limit", "최소", "최소값", "최솟값", "minimalwert", "最小", "最小值",
        "下限",
    ),
    "maximum": (
        "max", "maximum", "max value", "upper limit", "최대", "최대값", "최댓값", "maximalwert", "最大", "最大值",
        "上限",
    ),
    "enum": (
        "value status", "values", "enum", "enumeration", "options", "value range enum", "detail", "werte",
        "status values", "value", "상태값", "레이블", "다중 레이블", "枚举", "枚举值", "数值说明",
    ),
    "label0": ("0값 레이블", "레이블0", "label 0", "label0"),
    "label1": ("1값 레이블", "레이블1", "label 1", "label1"),
    "bit": ("bit", "bits", "bit no", "bit number", "bit position", "비트", "位"),
    "order": (
        "byte order", "word order", "endian", "endianness", "order", "바이트 순서", "워드 순서", "字节序", "字序",
    ),
    "sentinel": (
        "invalid", "invalid value", "not available", "nan", "nan value", "null value", "invalid data", "无效值",
    ),
    "device": (
        "device", "module", "dbus service name", "service", "unit id", "slave", "slave id", "slave address",
        "device name", "equipment", "subsystem", "장치", "장비", "국번", "gerät", "设备", "从站", "站号", "模块",
    ),
    "note": (
        "note", "notes", "remark", "remarks", "comment", "comments", "mark", "info text", "erläuterung", "비고",
        "참고", "备注", "注释", "bemerkung", "bemerkungen", "hinweis",
    ),
}  # fmt: skip
ROLES = tuple(HEADINGS)
NEEDED = ("name", "description", "type", "unit", "size", "scale")  # a table has one of these beside its addresses
_BY_HEADING = {heading: role for role, headings in reversed(list(HEADINGS.items())) for heading in headings}
# What a heading that is longer than those above says in one of its words.
_PARTS: tuple[tuple[re.Pattern[str], str, re.Pattern[str] | None], ...] = (
    (re.compile(r"\bhex\b|十六进制"), "hex", re.compile(r"addr|regist|주소|地址|adress")),
    (
        re.compile(r"\b(register|modbus|reg|start) addr(ess)?\b|레지스터 ?주소|寄存器地址|registeradresse"),
        "address",
        None,
    ),
    (re.compile(r"\b(data|value) ?type\b|데이터 ?(유형|타입|형)|数据类型|datentyp"), "type", None),
    (re.compile(r"\bscal(e|ing)\b.*factor|\bscale ?factor\b|배율|倍率"), "scale", None),
    (re.compile(r"^units?\b|\bunits?$|단위|单位|einheit"), "unit", None),
    (re.compile(r"\bfunction code"), "function", None),
    (re.compile(r"\b(comments?|remarks?|notes?)\b|비고|备注"), "note", None),
)
LANGUAGES = (re.compile(r"[\uac00-\ud7a3]"), re.compile(r"[\u4e00-\u9fff]"))  # Korean, Chinese


def plain_heading(text: str) -> str:
    """The heading in lower case, without signs and brackets: `Register Address（HEX）` is `register address hex`."""
    text = unicodedata.normalize("NFKC", text).casefold()
    return re.sub(r"[\W_]+", " ", text).strip()


def role_of(text: str) -> str | None:
    """What a column with this heading is: one of ROLES; None if nothing of it is known."""
    plain = plain_heading(text)
    if not plain or len(plain) > 80:
        return None
    if plain in _BY_HEADING:
        return _BY_HEADING[plain]
    for pattern, role, also in _PARTS:
        if pattern.search(plain) and (also is None or also.search(plain)):
            return role
    return None


def roles_of(cells: Iterable[str]) -> dict[int, str]:
    """The columns of a row of headings that are known, by their number from 0; one role may have several columns."""
    pairs = ((column, role_of(text)) for column, text in enumerate(cells))
    return {column: role for column, role in pairs if role}


def is_heading(roles: Mapping[int, str]) -> bool:
    """Whether a row with these headings begins a table: addresses, and at least one thing beside them."""
    kinds = set(roles.values())
    return (
        ("address" in kinds or "hex" in kinds)
        and bool(kinds.intersection(NEEDED))
        and len(kinds) > 2 - ("name" in kinds)
    )
