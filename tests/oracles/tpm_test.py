#!/usr/bin/env python3
"""vouch's verifier of TPM quotes beside one in Python, on quotes of real TPMs and on changes of them.

    tpm_test.py PATH/TO/vouch PATH/TO/tpm_cases [--count=200]

The other verifier is the one below, written from specs/evidence.md and the TPM's specification, on the package
cryptography. The evidence lies outside of the project, in ../shared/data or where VOUCH_DATA says. Check by check both
have to say the same; what one cannot read the other may not believe. VCH_SEED=N replays a run.
"""
import base64
import hashlib
import json
import pathlib
import struct
import subprocess
import sys
import tempfile

import campaign
from campaign import OK, REFUSED, skip

TEE, COUNT, SEED, R = campaign.begin("tpm", count=200)
try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
except ImportError as error:
    skip(f"no package cryptography: {error}")

DER, SPKI = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo


class Unreadable(Exception):
    pass


class Cursor:
    def __init__(self, content):
        self.content, self.at = content, 0

    def take(self, size):
        if self.at + size > len(self.content):
            raise Unreadable
        self.at += size
        return self.content[self.at - size:self.at]

    def number(self, size):
        return int.from_bytes(self.take(size), "big")

    def sized(self):
        return self.take(self.number(2))


def need(condition):
    if not condition:
        raise Unreadable


def read_quote(attest):
    """The nonce, banks of PCRs, and their digest."""
    at = Cursor(attest)
    need(len(attest) <= 1024 and at.number(4) == 0xFF544347 and at.number(2) == 0x8018)
    need(len(at.sized()) <= 66)  # the signer's name
    nonce = at.sized()
    need(len(nonce) <= 66)
    at.take(16)  # clock, resets, restarts
    need(at.number(1) <= 1)  # safe
    at.take(8)  # firmware
    banks, count = [], at.number(4)
    need(count <= 8)
    for _ in range(count):
        algorithm, size = at.number(2), at.number(1)
        need(size <= 3)
        banks.append((algorithm, int.from_bytes(at.take(size), "little")))
    digest = at.sized()
    need(len(digest) <= 64 and at.at == len(attest))
    return nonce, banks, digest


def is_signed(key, form, signature, message):
    """Whether it did; the plain form of ECDSA is canonical DER."""
    sha256 = hashes.SHA256()
    try:
        if form == "tpmt":
            at = Cursor(signature)
            scheme = at.number(2)
            if scheme not in (0x14, 0x18) or at.number(2) != 0x0B:
                return False
            if (scheme == 0x14) != isinstance(key, rsa.RSAPublicKey):
                return False
            if scheme == 0x14:
                signature = at.sized()
            else:
                r, s = at.sized(), at.sized()
                if max(len(r), len(s)) > 32:
                    return False
                signature = utils.encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))
            if at.at != len(at.content):
                return False
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, message, padding.PKCS1v15(), sha256)
        else:
            if utils.encode_dss_signature(*utils.decode_dss_signature(signature)) != signature:
                return False
            key.verify(signature, message, ec.ECDSA(sha256))
    except (InvalidSignature, Unreadable, ValueError):
        return False
    return True


def expected(case):
    """The checks that fail; None: it cannot be read."""
    try:
        nonce, banks, digest = read_quote(case["attest"])
    except Unreadable:
        return None
    failed = set()
    key = serialization.load_der_public_key(case["key"])
    if not is_signed(key, case["form"], case["signature"], case["attest"]):
        failed.add("tpm.signature")
    if nonce != case["nonce"]:
        failed.add("tpm.nonce")
    one = banks[0] if len(banks) == 1 else (0, 0)
    if one[0] != 0x0B:
        failed.add("tpm.bank")
    if one[1] == 0 or one[1] != case["mask"]:
        failed.add("tpm.selection")
    values = b"".join(case["pcrs"][32 * i:32 * i + 32] for i in range(24) if one[1] >> i & 1)
    if digest != hashlib.sha256(values).digest():
        failed.add("tpm.pcr.digest")
    return failed


def swtpm():
    folder = TEE / "tpm/swtpm-own"
    values, mask = (folder / "pcrs.raw").read_bytes(), 0x00089F
    pcrs = bytearray(768)
    for at, pcr in enumerate(i for i in range(24) if mask >> i & 1):
        pcrs[32 * pcr:32 * pcr + 32] = values[32 * at:32 * at + 32]
    key = serialization.load_pem_public_key((folder / "ak.pub").read_bytes())
    return {"name": "swtpm", "form": "plain", "key": key.public_bytes(DER, SPKI), "attest": (folder / "q.msg").read_bytes(),
            "signature": (folder / "q.sig").read_bytes(), "pcrs": bytes(pcrs), "mask": mask,
            "nonce": bytes.fromhex((folder / "nonce.hex").read_text().strip())}


def as_tpmt(case):
    """ECDSA as the TPM itself writes it."""
    r, s = utils.decode_dss_signature(case["signature"])
    numbers = b"".join(struct.pack(">H", 32) + number.to_bytes(32, "big") for number in (r, s))
    return {**case, "name": "swtpm, as TPMT", "form": "tpmt", "signature": struct.pack(">HH", 0x18, 0x0B) + numbers}


def trustee():
    evidence = json.loads((TEE / "tpm/trustee-tpm-evidence.json").read_text())
    quote = evidence["tpm_quote"]
    attest = base64.b64decode(quote["message"])
    return {"name": "trustee", "form": "tpmt", "key": base64.b64decode(evidence["ak_public"]), "attest": attest,
            "signature": base64.b64decode(quote["signature"]), "pcrs": bytes.fromhex("".join(quote["pcrs"])),
            "mask": 0xFFFFFF, "nonce": read_quote(attest)[0]}


def azure(name):
    folder = TEE / "snp/sets" / name
    jwk = next(k for k in json.loads((folder / "runtime_data.json").read_text())["keys"] if k["kid"] == "HCLAkPub")
    modulus = int.from_bytes(base64.urlsafe_b64decode(jwk["n"] + "==="), "big")
    attest = (folder / "tpm_quote.msg").read_bytes()
    return {"name": name, "form": "plain", "key": rsa.RSAPublicNumbers(65537, modulus).public_key().public_bytes(DER, SPKI),
            "attest": attest, "signature": (folder / "tpm_quote.sig").read_bytes(), "pcrs": (folder / "pcrs.bin").read_bytes(),
            "mask": 0xFFFFFF, "nonce": read_quote(attest)[0]}


def changed(case, others):
    case = dict(case)
    field = R.choice(["attest", "attest", "attest", "signature", "signature", "pcrs", "mask", "nonce", "swap"])
    if field == "swap":
        other, field = R.choice(others), R.choice(["key", "attest", "signature", "pcrs", "nonce"])
        case[field] = other[field]
    elif field == "mask":
        case["mask"] ^= 1 << R.randrange(24)
    else:
        content = bytearray(case[field])
        kind = R.randrange(8) if field in ("attest", "signature") else 7
        if kind == 0:
            content = content[:R.randrange(len(content))]
        elif kind == 1:
            content += bytes([R.randrange(256)])
        elif kind == 2:
            at = R.randrange(len(content))
            content[at:at + R.randrange(1, 5)] = b""
        else:
            for _ in range(R.choice([1, 1, 2])):
                content[R.randrange(len(content))] ^= 1 << R.randrange(8)
        case[field] = bytes(content)
    return case


def main():
    print(f"# VCH_SEED={SEED}")
    good = [swtpm(), as_tpmt(swtpm()), trustee(), azure("az-milan"), azure("az-milan-nonce"), azure("az-genoa")]
    read = 0
    with subprocess.Popen([sys.argv[2]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process, \
            tempfile.TemporaryDirectory() as folder:
        names = {name: pathlib.Path(folder) / name for name in ("key", "attest", "signature", "pcrs")}
        for number in range(len(good) + COUNT):
            case = good[number] if number < len(good) else changed(R.choice(good), good)
            for name, path in names.items():
                path.write_bytes(case[name])
            process.stdin.write(" ".join([case["form"], *map(str, names.values()), f"{case['mask']:x}",
                                          case["nonce"].hex()]) + "\n")
            process.stdin.flush()
            code, *failed = process.stdout.readline().split()
            want = expected(case)
            assert number >= len(good) or (int(code) == OK and want == set()), (case["name"], failed, want)
            if want is None or int(code) not in (OK, REFUSED):
                assert want is None and int(code) not in (OK, REFUSED), \
                    f"VCH_SEED={SEED}: {number} of {case['name']}: {code} {failed}, the oracle {want}"
                continue
            assert set(failed) == want, f"VCH_SEED={SEED}: {number} of {case['name']}: {failed}, the oracle {want}"
            read += 1
        process.stdin.close()
    print(f"ok: {len(good)} quotes as they are and {COUNT} mutants of them, {read} read by both, all with the same verdict")


main()
