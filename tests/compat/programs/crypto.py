# SPDX-License-Identifier: LGPL-2.1-or-later
import datetime

from cryptography import x509
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.x509.oid import NameOID

f = Fernet(Fernet.generate_key())
print(f.decrypt(f.encrypt(b"text")))
key = ed25519.Ed25519PrivateKey.generate()
name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a.example")])
day = datetime.datetime(2030, 1, 1)
cert = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(7)
        .not_valid_before(day).not_valid_after(day + datetime.timedelta(1)).sign(key, None))
key.public_key().verify(cert.signature, cert.tbs_certificate_bytes)
print(cert.subject.rfc4514_string())
