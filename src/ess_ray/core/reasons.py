"""Why a sample is not complete: what each reason means, whose it is, and what to do about it.

The data standard's page, `job=check`, metrics and pollers read it here and nowhere else. A new reason is a member of
`Reason` and the line of code that gives it. The texts are in users' databases: they do not change.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Whose(StrEnum):
    """Where on its way from the device to the database a sample was lost: every reason belongs to one of these."""

    meaning: str

    def __new__(cls, text: str, meaning: str) -> Whose:
        """A member that is the text and has its meaning as an attribute."""
        whose = str.__new__(cls, text)
        whose._value_ = text
        whose.meaning = meaning
        return whose

    NETWORK = "network", "no connection came about"
    DEVICE = "device", "the device or its gateway did not reply as it should"
    COLLECTOR = "collector", "the collector sent no request"
    DATABASE = "database", "it was read, and the database did not take all of it"


class Reason(StrEnum):
    """Why a sample is not complete, in the column `reason` of the table `sample`.

    `EXCEPTION` is followed there by the device's exception code: "exception 2", see `exception_reason`; some others by
    a colon and what came, see `incomplete_reason`.

    Enum members looked up on their class are slow in Python 3.11: what runs once a poll keeps them in names of its own.
    """

    whose: Whose
    meaning: str  # begins small, without a full stop: for tables and behind a colon
    advice: str  # what to do, likewise

    def __new__(cls, text: str, whose: Whose, meaning: str, advice: str) -> Reason:
        """A member that is the text and has the other three as attributes."""
        reason = str.__new__(cls, text)
        reason._value_ = text
        reason.whose, reason.meaning, reason.advice = whose, meaning, advice
        return reason

    TIMEOUT = (
        "timeout", Whose.DEVICE, "no complete reply within the request's time limit",
        "check unit_id and the gateway's wiring; a slow device needs a longer timeout_s",
    )  # fmt: skip
    INCOMPLETE = (
        "answer incomplete", Whose.DEVICE,
        "only a part of the reply came in time; how much follows, as in `answer incomplete: 11 of 12 bytes`",
        ("a slow device or line needs a longer timeout_s; if it is always the same part, the device gets the length "
         "of its frames wrong: set tolerate=[length]"),
    )  # fmt: skip
    REFUSED = (
        "refused", Whose.NETWORK, "the device refused the connection",
        "check port, and whether Modbus TCP is switched on in the device",
    )  # fmt: skip
    UNREACHABLE = (
        "unreachable", Whose.NETWORK, "no route, no such host, or no answer to the attempt to connect",
        "check host, cabling, routes and firewalls",
    )  # fmt: skip
    TLS = (
        "tls", Whose.NETWORK, "no TLS with the device: one side refused the other, or there is none at this port",
        "job=check says why; check port, framing, tls.certificate_file and tls.key_file",
    )  # fmt: skip
    CERTIFICATE = (
        "certificate", Whose.NETWORK,
        "the device's certificate was refused: it has expired, is for another name, or its authority is not trusted",
        "job=check says what is wrong with it; see tls.ca_file and tls.server_name",
    )  # fmt: skip
    CLOSED = (
        "closed", Whose.DEVICE, "the device closed the connection before its reply was complete",
        "end other clients, since the device may take one connection only; try connect_pause_s=1",
    )  # fmt: skip
    EXCEPTION = (
        "exception", Whose.DEVICE, "the device replied with a Modbus exception; its code follows, as in `exception 2`",
        "look the code up in the device's manual",
    )  # fmt: skip
    BAD_TRANSACTION = (
        "bad transaction", Whose.DEVICE, "the reply belongs to no request that was sent: its transaction id is another",
        ("end other clients of the gateway, set requests_at_once=1; a slow device needs a longer timeout_s; "
         "if the device never repeats the id, set tolerate=[transaction_id]"),
    )  # fmt: skip
    BAD_UNIT = (
        "bad unit", Whose.DEVICE, "the reply comes from another unit id than was requested",
        ("set unit_id to the one that the device has; end other clients of the gateway; "
         "if the device always gives that one, set tolerate=[unit_id]"),
    )  # fmt: skip
    BAD_FUNCTION = (
        "bad function", Whose.DEVICE, "the reply has another function code than the request",
        "end other clients of the gateway; if it stays, the device's firmware is at fault: ask its maker",
    )  # fmt: skip
    BAD_LENGTH = (
        "bad length", Whose.DEVICE,
        "the reply is longer or shorter than requested, as in `bad length: 4 instead of 2 bytes of data`",
        ("try a smaller max_registers, or tolerate=[length]; if it stays, the device's firmware is at fault: ask its "
         "maker"),
    )  # fmt: skip
    BAD_PROTOCOL = (
        "bad protocol", Whose.DEVICE, "what came is no Modbus, or not in the framing that is set",
        "check port: is something else listening there? For a gateway that speaks Modbus RTU over TCP set framing=rtu",
    )  # fmt: skip
    BAD_CHECKSUM = (
        "bad checksum", Whose.DEVICE, "the checksum of the reply is not that of its bytes: the line has garbled them",
        "check the serial line: wiring, termination, baud rate, and that one client at a time uses it",
    )  # fmt: skip
    UNEXPECTED = (
        "unexpected", Whose.DEVICE,
        "a register does not hold what the map expects, as in `unexpected: 40070 holds 111, not 103`",
        ("its registers have moved, or it is another device: make its map anew (job=import from=sunspec), or correct "
         "`expect` in the map"),
    )  # fmt: skip
    OVERRUN = (
        "overrun", Whose.COLLECTOR, "the poll before was still at work, or other devices of its connection were",
        "set a longer period_s; make polls shorter by a larger max_registers or shorter pauses",
    )  # fmt: skip
    BACKOFF = (
        "backoff", Whose.COLLECTOR, "the device is silent: between two probes of it nothing is sent",
        "see the event `device lost` for why it is silent; probes come at least every backoff_max_s",
    )  # fmt: skip
    PARKED = (
        "parked", Whose.COLLECTOR,
        "registers that the device refuses or is silent about are left out; with all others read it counts as stored",
        "take out of the map what the device does not have: job=probe shows which addresses it has",
    )  # fmt: skip
    CLOCK = (
        "clock", Whose.COLLECTOR, "the clock of the collector's machine jumped over the tick",
        "have the machine's clock set by NTP in small steps",
    )  # fmt: skip
    REJECTED = (
        "rejected", Whose.DATABASE, "the database refused some of its rows: see the table `rejected`",
        "the table `rejected` has the rows and the database's reason for each",
    )  # fmt: skip
    JOURNAL_FULL = (
        "journal_full", Whose.DATABASE,
        "it was read, but its values were given up while the database was away for too long",
        "see to the database; raise journal.max_mb or journal.max_age_h for longer outages",
    )  # fmt: skip


class ExceptionCode(IntEnum):
    """The exception codes of the MODBUS Application Protocol V1.1b3, section 7. A device may reply with others too."""

    meaning: str
    advice: str

    def __new__(cls, code: int, meaning: str, advice: str) -> ExceptionCode:
        """A member that is the code and has the other two as attributes."""
        member = int.__new__(cls, code)
        member._value_ = code
        member.meaning, member.advice = meaning, advice
        return member

    ILLEGAL_FUNCTION = 1, "the device does not know the function", "check `function` in the map"
    ILLEGAL_DATA_ADDRESS = (
        2, "the device does not have all of these addresses",
        "check the addresses in the map; job=probe finds which ones the device has",
    )  # fmt: skip
    ILLEGAL_DATA_VALUE = (
        3, "the device does not take the request's values, mostly since these are too many registers at once",
        "set max_registers; job=probe finds how many the device takes",
    )  # fmt: skip
    SERVER_DEVICE_FAILURE = (
        4, "the device failed while it carried out the request",
        "look at the device's own alarms; job=probe finds whether only some addresses fail",
    )  # fmt: skip
    ACKNOWLEDGE = (
        5, "the device has begun with the request and needs long for it",
        "ask the device's maker: a request to read should not need that; try a smaller max_registers",
    )  # fmt: skip
    SERVER_DEVICE_BUSY = (
        6, "the device is busy with something else",
        "end other clients; set a longer period_s, or request_pause_s",
    )  # fmt: skip
    MEMORY_PARITY_ERROR = (
        8, "the device found an error in its memory",
        "start the device again; if it stays, the device is defective: ask its maker",
    )  # fmt: skip
    GATEWAY_PATH_UNAVAILABLE = (
        10, "the gateway has no way to this unit id",
        "check unit_id, and how the gateway is set up",
    )  # fmt: skip
    GATEWAY_TARGET_SILENT = (
        11, "the unit behind the gateway does not reply",
        "check unit_id, and the unit's power and wiring",
    )  # fmt: skip


DETAIL = ": "  # between a reason and what came
_CODES = {code.value: code for code in ExceptionCode}
_REASONS = {reason.value: reason for reason in Reason}


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a sample's reason means, whose it is (None: this version does not know the reason), what to do about it.

    Both texts begin small and have no full stop: for tables and behind a colon.
    """

    meaning: str
    whose: Whose | None
    advice: str


def exception_reason(code: int) -> str:
    """The text of the reason for a device's reply with this exception code, defined or not: "exception 2"."""
    return f"{Reason.EXCEPTION} {code}"


def exception_code(reason: str) -> int | None:
    """The exception code in the text of a sample's reason, 2 of "exception 2".

    None for other reasons, for "exception" without a code, and for texts that are no reason.
    """
    word, _, code = reason.partition(" ")
    return int(code) if word == Reason.EXCEPTION and code.isdecimal() else None


def incomplete_reason(received: int, expected: int) -> str:
    """The text of the reason for a reply of which only so many bytes came: "answer incomplete: 11 of 12 bytes"."""
    return f"{Reason.INCOMPLETE}{DETAIL}{received} of {expected} bytes"


def bad_length_reason(received: int, expected: int) -> str:
    """The text of the reason for a reply with so many bytes of data: "bad length: 4 instead of 2 bytes of data"."""
    return f"{Reason.BAD_LENGTH}{DETAIL}{received} instead of {expected} bytes of data"


def bare_reason(reason: str) -> str:
    """The text of a reason without what came: "answer incomplete"; others as they are ("timeout", "exception 2").

    For counts: there are only so many of these.
    """
    return reason.partition(DETAIL)[0]


def explain(reason: str) -> Explanation:
    """The explanation of a sample's reason, the text in the column `reason` ("timeout", "exception 2").

    Never fails: a text that this version does not know gets an explanation that says so, with `whose` None.
    """
    if (code := exception_code(reason)) is not None:
        if defined := _CODES.get(code):
            return Explanation(defined.meaning, Whose.DEVICE, defined.advice)
        meaning = f"the device replied with exception code {code}, which Modbus does not define"
        return Explanation(meaning, Whose.DEVICE, Reason.EXCEPTION.advice)
    if member := _REASONS.get(bare_reason(reason)):
        return Explanation(member.meaning, member.whose, member.advice)
    return Explanation("no reason of this version", None, "see the documentation of the version that stored the sample")
