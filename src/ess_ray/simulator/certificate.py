"""The certificate of simulated devices: made when they start, for this machine only, and gone with them."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from tempfile import TemporaryDirectory

VALID = timedelta(days=3650)


def throw_away() -> tuple[ssl.SSLContext, str]:
    """What servers show, a certificate of a new key for 127.0.0.1 and localhost, and that certificate as PEM."""
    from cryptography import x509  # takes a tenth of a second, which devices without TLS do not wait for
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "ess_ray simulator")])
    names = x509.IPAddress(ip_address("127.0.0.1")), x509.DNSName("localhost")
    begins = datetime.now(UTC) - timedelta(days=1)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), begins, begins + VALID)
    builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    certificate = builder.sign(key, SHA256()).public_bytes(Encoding.PEM)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with TemporaryDirectory() as folder:  # for its owner only; OpenSSL takes a key from a file
        file = Path(folder, "device.pem")
        file.write_bytes(certificate + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        context.load_cert_chain(file)
    return context, certificate.decode()
