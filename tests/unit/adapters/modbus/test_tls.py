"""What a device says to TLS is told in words, and handshakes take turns. The bytes are played."""

from __future__ import annotations

import ssl

import pytest

from ess_ray.adapters.modbus.handshakes import Turns
from ess_ray.adapters.modbus.tls import failure_of
from ess_ray.core.polling.cadence import Now
from ess_ray.core.polling.timers import Timers


def alert(number: int) -> bytes:
    """A fatal alert: RFC 5246, 7.2."""
    return bytes((21, 3, 3, 0, 2, 2, number))


SAYS = {
    "http": (b"HTTP/1.1 400 Bad Request\r\n\r\n", "what the device said is no TLS (wrong version number)"),
    "Modbus": (bytes.fromhex("1603 0000 0003 01 84 02"), "what the device said is no TLS"),
    "handshake failure": (alert(40), "the device demands a certificate, or has no cipher that is safe"),
    "bad certificate": (alert(42), "the device refuses the certificate of tls.certificate_file"),
    "unknown authority": (alert(48), "the device does not trust the authority of tls.certificate_file"),
    "access denied": (alert(49), "the device lets this certificate read nothing"),
    "protocol version": (alert(70), "the device has no TLS 1.2 or newer"),
    "internal error": (alert(80), "the device refuses (tlsv1 alert internal error)"),
}


@pytest.mark.parametrize("saying", SAYS)
def test_what_a_device_says_to_a_handshake_becomes_a_reason(saying: str) -> None:
    said, reason = SAYS[saying]
    received = ssl.MemoryBIO()
    handshake = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).wrap_bio(received, ssl.MemoryBIO(), server_hostname="device")
    with pytest.raises(ssl.SSLWantReadError):
        handshake.do_handshake()
    received.write(said)
    with pytest.raises(ssl.SSLError) as refused:
        handshake.do_handshake()
    failure = failure_of(refused.value)
    assert failure.reason.startswith(f"tls: {reason}")
    assert failure.advice[0].islower()


def test_one_handshake_computes_between_two_looks_at_the_sockets() -> None:
    timers: Timers[Turns] = Timers()
    turns, done = Turns(timers.add), list[str]()
    turns.want(lambda _: done.append("first"))
    turns.want(lambda _: done.append("second"))
    turns.want(lambda _: done.append("third"))
    looks = []
    while due := timers.due(0):
        for each in due:
            each.look(Now(0, 0))
        looks.append([*done])
    assert looks == [["first"], ["first", "second"], ["first", "second", "third"]]


def test_a_step_that_fails_takes_no_turn_of_another() -> None:
    timers: Timers[Turns] = Timers()
    turns, done = Turns(timers.add), list[str]()

    def fail(_: Now) -> None:
        raise ZeroDivisionError

    turns.want(fail)
    turns.want(lambda _: done.append("second"))
    with pytest.raises(ZeroDivisionError):
        timers.due(0)[0].look(Now(0, 0))
    assert not done
    timers.due(0)[0].look(Now(0, 0))
    assert done == ["second"]
