"""Certificates for the SMTP sink: a small authority, and servers with the right and a wrong name."""

from __future__ import annotations

import datetime
import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_DAY = datetime.timedelta(days=1)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _write(path: Path, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> Path:
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                          serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM))
    return path


def _certificate(subject: str, key, issuer: str, issuer_key, names: list[x509.GeneralName], *, authority: bool,
                 start_days: int = -1, end_days: int = 30) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(subject)).issuer_name(_name(issuer))
        .public_key(key.public_key()).serial_number(x509.random_serial_number())
        .not_valid_before(now + start_days * _DAY).not_valid_after(now + end_days * _DAY)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
        .add_extension(x509.KeyUsage(digital_signature=True, content_commitment=False, key_encipherment=False,
                                     data_encipherment=False, key_agreement=False, key_cert_sign=authority,
                                     crl_sign=authority, encipher_only=False, decipher_only=False), critical=True)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


class Certificates:
    """Files in `folder`: `authority` (what a client should trust) and, each with its key in one PEM
    file, `good`, `wrong_name`, `expired` (all signed by the authority) and `self_signed`."""

    def __init__(self, folder: Path):
        folder.mkdir(parents=True, exist_ok=True)
        here: list[x509.GeneralName] = [x509.DNSName("localhost"),
                                        x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        root = ec.generate_private_key(ec.SECP256R1())
        root_certificate = _certificate("Latchkey test authority", root, "Latchkey test authority", root, [],
                                        authority=True)
        self.authority = folder / "authority.pem"
        self.authority.write_bytes(root_certificate.public_bytes(serialization.Encoding.PEM))

        def signed(name: str, names: list[x509.GeneralName], **days: int) -> Path:
            key = ec.generate_private_key(ec.SECP256R1())
            certificate = _certificate(name, key, "Latchkey test authority", root, names, authority=False, **days)
            return _write(folder / f"{name}.pem", certificate, key)

        self.good = signed("good", here)
        self.wrong_name = signed("wrong_name", [x509.DNSName("elsewhere.example")])
        self.expired = signed("expired", here, start_days=-10, end_days=-1)
        own = ec.generate_private_key(ec.SECP256R1())
        self.self_signed = _write(folder / "self_signed.pem",
                                  _certificate("localhost", own, "localhost", own, here, authority=False), own)
