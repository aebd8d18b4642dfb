"""TLS to devices, as "MODBUS/TCP Security Protocol Specification" v21 has it: its files, and what went wrong in words.

The device's certificate is always verified; one of ours is shown to a device that asks for it.
"""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import NamedTuple

from ess_ray.adapters.local.private_file import check_private
from ess_ray.core.errors import ConfigError
from ess_ray.core.reasons import Reason
from ess_ray.core.settings import TlsSettings

# Those with forward secrecy first. Behind them, which Python would leave out, the kind that all implementations of
# TLS 1.2 have (RFC 5246, 9) and that small devices may have alone.
CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AES:DHE+AES:RSA+AES:!aNULL:!eNULL:!aDSS:!SHA1"


def client_context(tls: TlsSettings) -> ssl.SSLContext:
    """What connections with these settings are made with. The files are read now, which takes up to 50 ms.

    Raises ConfigError for a file that cannot be used; its key is the one within `tls`, as `key_file`.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # verifies certificate and name
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    context.options |= ssl.OP_NO_RENEGOTIATION  # a device that wants it is told so, and the connection goes on
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # what is in `ca_file` is trusted, an authority or not
    if tls.authority:
        context.load_verify_locations(cadata=tls.authority)
    elif tls.ca_file:
        _load_authorities(context, tls.ca_file, "ca_file")
    else:
        context.load_default_certs()
    if tls.certificate_file and tls.key_file:
        _load_own(context, tls.certificate_file, tls.key_file)
    return context


def _load_authorities(context: ssl.SSLContext, file: Path, key: str) -> None:
    try:
        context.load_verify_locations(file)
    except ssl.SSLError:
        raise ConfigError(key, f"{file} holds no certificate in PEM") from None
    except OSError as error:
        raise _unreadable(key, file, error) from None


def _load_own(context: ssl.SSLContext, certificate_file: Path, key_file: Path) -> None:
    _load_authorities(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), certificate_file, "certificate_file")  # it can be read

    def no_password() -> str:
        raise ConfigError("key_file", f"{key_file} has a password, which nobody enters: openssl pkey takes it away")

    try:
        check_private("key_file", key_file)
        context.load_cert_chain(certificate_file, key_file, no_password)
    except ssl.SSLError as error:
        what = f"not the key of {certificate_file}" if error.reason else "no key in PEM"
        raise ConfigError("key_file", f"{key_file} is {what}") from None
    except OSError as error:
        raise _unreadable("key_file", key_file, error) from None


def _unreadable(key: str, file: Path, error: OSError) -> ConfigError:
    return ConfigError(key, f"{file} cannot be read: {error.strerror or error}")


# --- failures ---------------------------------------------------------------------------------------------------------


class Failure(NamedTuple):
    """Why there is no TLS with a device: the sample's reason, what happened, and what to do about it."""

    reason: Reason
    text: str
    advice: str


# By the code of OpenSSL's verification, X509_verify_cert_error_string(3).
CERTIFICATES = {
    9: ("the device's certificate is not valid yet", "set the clocks of the device and of this machine"),
    10: ("the device's certificate has expired", "renew it in the device; check this machine's clock, too"),
    18: ("the device's certificate is signed by itself, and not trusted", "give it as tls.ca_file"),
}
UNTRUSTED = (
    "the device's certificate is of an authority that is not trusted",
    "give the authority's certificate, or the device's own, as tls.ca_file",
)
UNTRUSTED_CODES = (2, 19, 20, 21)
OTHER_NAME_CODES = (62, 64)  # a name, an address
# By a part of OpenSSL's reason, the first that fits; an alert is what the device says.
REFUSALS = {
    "PROTOCOL_VERSION": ("the device has no TLS 1.2 or newer", "update its firmware, or have its maker switch it on"),
    "UNSUPPORTED_PROTOCOL": ("the device has no TLS 1.2 or newer", "update its firmware"),
    "CERTIFICATE_REQUIRED": (
        "the device demands a certificate", "give tls.certificate_file and tls.key_file, from an authority it trusts",
    ),
    "HANDSHAKE_FAILURE": (
        "the device refuses: it demands a certificate, or has no cipher that is still taken as safe",
        "give tls.certificate_file and tls.key_file; else update its firmware",
    ),
    "ALERT_UNKNOWN_CA": (
        "the device does not trust the authority of tls.certificate_file", "make that authority known to the device",
    ),
    "CERTIFICATE": (
        "the device refuses the certificate of tls.certificate_file", "check its dates, and what the device asks of it",
    ),
    "ACCESS_DENIED": ("the device does not let this certificate in", "give its role the right to read in the device"),
    "ALERT": ("the device refuses", "look at the device's own log"),
}  # fmt: skip
NO_TLS_ADVICE = "check port, and whether the device has Modbus/TCP Security switched on; else framing=tcp"


def failure_of(error: Exception) -> Failure:
    """The failure that an error of the handshake, or of reading behind it, stands for."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return Failure(Reason.CERTIFICATE, *_certificate(error))
    if isinstance(error, TimeoutError):
        return Failure(Reason.TLS, "the device takes the connection and says nothing to TLS", NO_TLS_ADVICE)
    if isinstance(error, ssl.SSLEOFError) or not isinstance(error, ssl.SSLError):
        if isinstance(error, OSError):
            return Failure(Reason.TLS, "the device ended the connection in TLS's handshake", NO_TLS_ADVICE)
        return Failure(Reason.TLS, f"{error}", "check host and tls.server_name")
    said = error.reason or ""
    for part, (text, advice) in REFUSALS.items():
        if part in said:
            return Failure(Reason.TLS, f"{text} ({_words(said)})", advice)
    return Failure(Reason.TLS, f"what the device says is no TLS ({_words(said)})", NO_TLS_ADVICE)


def _certificate(error: ssl.SSLCertVerificationError) -> tuple[str, str]:
    code = error.verify_code
    if code in OTHER_NAME_CODES:
        name = error.verify_message.rpartition("not valid for ")[2].strip("'.")
        return f"the device's certificate is not for {name}", "give the name that it is for as tls.server_name"
    if code in UNTRUSTED_CODES:
        return UNTRUSTED
    return CERTIFICATES.get(
        code, (f"the device's certificate cannot be used: {error.verify_message}", "renew it in the device")
    )


def _words(reason: str) -> str:
    return reason.lower().replace("_", " ") or "without a reason"
