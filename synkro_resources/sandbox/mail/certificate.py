"""A certificate for this machine that nobody but its owner vouches for, as small companies' mail servers have."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


@cache
def new_certificate() -> tuple[str, str]:
    """Private key and certificate as PEM, valid for a day around the machine's own time; one per process."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mail.sandbox")])
    made_at = datetime.now(UTC)  # TLS asks the machine's clock, not ours
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(made_at - timedelta(days=1))
        .not_valid_after(made_at + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    sealed = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return sealed.decode(), made.public_bytes(serialization.Encoding.PEM).decode()
