"""TLS to devices, as "MODBUS/TCP Security Protocol Specification" v21 has it: its files, and what went wrong in words.

The device's certificate is always verified; one of ours is shown to a device that asks for it.
"""

from __future__ import annotations

import socket
import ssl
from pathlib import Path
from typing import NamedTuple

from ess_ray.adapters.local.private_file import check_private
from ess_ray.core.errors import ConfigError
from ess_ray.core.reasons import DETAIL, Reason
from ess_ray.core.settings import TlsSettings

# Those with forward secrecy first. Behind them, which Python would leave out, the kind that all implementations of
# TLS 1.2 have (RFC 5246, 9) and small devices may have alone. Level 2: no short keys, no signature with SHA-1.
CIPHERS = "@SECLEVEL=2:ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AES:DHE+AES:RSA+AES:!aNULL:!eNULL:!aDSS"


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
    """Why there is no TLS with a device: the sample's reason, with what came, and what to do about it."""

    reason: str
    advice: str


# By the code of OpenSSL's verification, X509_verify_cert_error_string(3).
CERTIFICATES = {
    9: ("not valid yet", "set the clocks of the device and of this machine"),
    10: ("expired", "renew it in the device; check this machine's clock, too"),
    18: ("signed by itself, and not in tls.ca_file", "give it as tls.ca_file"),
}
UNTRUSTED = "of an authority that is not trusted", "give that authority's certificate, or the device's, as tls.ca_file"
UNTRUSTED_CODES = (2, 19, 20, 21)
OTHER_NAME_CODES = (62, 64)  # a name, an address
# By a part of OpenSSL's word for what happened, the first that fits; an alert is what the device says.
GIVE_ONE = "give tls.certificate_file and tls.key_file, of an authority that the device trusts"
REFUSALS = {
    "PROTOCOL": ("the device has no TLS 1.2 or newer", "update its firmware"),
    "CERTIFICATE_REQUIRED": ("the device demands a certificate", GIVE_ONE),
    "HANDSHAKE_FAILURE": ("the device demands a certificate, or has no cipher that is safe", GIVE_ONE),
    "UNKNOWN_CA": ("the device does not trust the authority of tls.certificate_file", GIVE_ONE),
    "CERTIFICATE": ("the device refuses the certificate of tls.certificate_file", "check its dates and its authority"),
    "ACCESS_DENIED": ("the device lets this certificate read nothing", "give it the right in the device"),
    "ALERT": ("the device refuses", "look at the device's own log"),
}
NO_TLS = "check port, and whether the device has Modbus/TCP Security switched on; without it set framing=tcp"
HUNG_UP = Failure(
    f"{Reason.TLS}{DETAIL}the device closed the connection instead of a handshake",
    f"{NO_TLS}; it may also demand a certificate: {GIVE_ONE}",
)
SILENT = Failure(
    f"{Reason.TLS}{DETAIL}the device took the connection and said nothing",
    f"{NO_TLS}; a device that computes for long needs a longer connect_timeout_s and poll_limit_s",
)


def failure_of(error: Exception) -> Failure:
    """The failure that an error of the handshake, or of reading behind it, stands for."""
    if isinstance(error, ssl.SSLCertVerificationError):
        detail, advice = _certificate(error)
        return Failure(f"{Reason.CERTIFICATE}{DETAIL}{detail}", advice)
    if isinstance(error, TimeoutError):
        return SILENT
    if isinstance(error, ConfigError):
        detail, advice = f"tls.{error}", "mend the file"
    elif not isinstance(error, OSError):  # a name that cannot be in a certificate
        detail, advice = str(error), "check host and tls.server_name"
    elif isinstance(error, ssl.SSLEOFError) or not isinstance(error, ssl.SSLError):
        return HUNG_UP
    else:
        said = error.reason or ""
        nothing = ("what the device said is no TLS", NO_TLS)
        detail, advice = next((refusal for part, refusal in REFUSALS.items() if part in said), nothing)
        detail += f" ({said.lower().replace('_', ' ')})" if said else ""
    return Failure(f"{Reason.TLS}{DETAIL}{detail}", advice)


def _certificate(error: ssl.SSLCertVerificationError) -> tuple[str, str]:
    code = error.verify_code
    if code in OTHER_NAME_CODES:
        name = error.verify_message.rpartition("not valid for ")[2].strip("'.")
        return f"not for {name}", "give the name that it is for as tls.server_name"
    return UNTRUSTED if code in UNTRUSTED_CODES else CERTIFICATES.get(code, (error.verify_message, "renew it"))


# --- for jobs that may wait -------------------------------------------------------------------------------------------


class TlsError(OSError):
    """The handshake has failed. For callers in this room."""

    def __init__(self, failure: Failure, other_name: bool) -> None:
        """`other_name`: the certificate is trusted, and for another name than the device's."""
        super().__init__(failure.reason)
        self.failure, self.other_name = failure, other_name


def secure(connection: socket.socket, tls: TlsSettings, host: str, any_name: bool = False) -> ssl.SSLSocket:
    """The connection in TLS, made within its time limit; closes it and raises TlsError if there is none.

    `any_name`: whatever name the device's certificate is for, to ask what that is.
    """
    try:
        context = client_context(tls)
        context.check_hostname = not any_name
        return context.wrap_socket(connection, server_hostname=tls.server_name or host)
    except (OSError, ValueError, ConfigError) as error:
        connection.close()
        code = error.verify_code if isinstance(error, ssl.SSLCertVerificationError) else None
        raise TlsError(failure_of(error), code in OTHER_NAME_CODES) from error
