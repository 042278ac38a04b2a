#!/usr/bin/env python3
"""vouch's verifier of NVIDIA's GPUs beside one in Python, on reports of real GPUs and on changes of them.

    gpu_test.py PATH/TO/vouch PATH/TO/gpu_cases [--count=60]

The other verifier is the one below, written from specs/evidence.md, on the package cryptography. The evidence lies
outside of the project, in ../shared/data or where VOUCH_DATA says. Check by check both have to say the same; what one
cannot read the other may not believe. VCH_SEED=N replays a run.
"""
import pathlib
import re
import subprocess
import sys
import tempfile
import warnings

import campaign
from campaign import OK, REFUSED, skip

TEE, COUNT, SEED, R = campaign.begin("gpu", count=60)
NOW = 1782864000
warnings.filterwarnings("ignore")
try:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec, utils
except ImportError as error:
    skip(f"no package cryptography: {error}")

TRUSTED = x509.load_pem_x509_certificate((TEE / "roots/nvidia_device_root.pem").read_bytes())
REPORTS = ("hopper-report.hex", 4117), ("hopper-coco-report.hex", 4129)
CHAINS = ("hopper-chain.txt", "hopper-coco-chain.txt", "neg-hopper-chain-case2.txt", "neg-hopper-chain-case3.txt",
          "neg-hopper-chain-case4.txt")


class Unreadable(Exception):
    pass


def need(condition):
    if not condition:
        raise Unreadable


def read_report(report):
    """What was signed, by which numbers, and the FWID."""
    need(report[:4] == bytes.fromhex("11e001ff") and report[36] == 0 and report[37:41] == bytes.fromhex("11600000"))
    count, length, at, last = report[41], int.from_bytes(report[42:45], "little"), 45, 0
    need(1 <= count <= 64 and length == 55 * count)
    for _ in range(count):
        index, block = report[at], report[at:at + 55]
        need(len(block) == 55 and last < index <= 64)
        need(block[1:4] == b"\x01\x33\x00" and block[5:7] == b"\x30\x00")
        at, last = at + 55, index
    at += 32
    need(len(report) >= at + 2)
    end = at + 2 + int.from_bytes(report[at:at + 2], "little")
    at, fields = at + 2, {}
    need(len(report) == end + 96)
    while at < end:
        need(at + 4 <= end)
        kind, size = int.from_bytes(report[at:at + 2], "little"), int.from_bytes(report[at + 2:at + 4], "little")
        at += 4
        need(at + size <= end and kind < 256 and kind not in fields)
        fields[kind] = report[at:at + size]
        at += size
    need(re.fullmatch(rb"[!-~]{1,31}\0", fields.get(3, b"")))
    need(len(fields.get(6, b"")) == 8 and fields[6][5:] == b"\0\0\0")
    need(len(fields.get(20, b"")) == 48)
    return report[:end], (int.from_bytes(report[end:end + 48], "big"), int.from_bytes(report[end + 48:], "big")), fields[20]


def is_issued(child, parent):
    if child.issuer != parent.subject or child.signature_algorithm_oid.dotted_string != "1.2.840.10045.4.3.3":
        return False
    try:
        parent.public_key().verify(child.signature, child.tbs_certificate_bytes, ec.ECDSA(hashes.SHA384()))
    except InvalidSignature:
        return False
    return True


def spki(key):
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def name_of(certificate):
    return certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[-1].value


def expected(report, pem, time_s):
    """The checks that fail; None: it cannot be read."""
    try:
        signed, numbers, fwid = read_report(report)
        chain = x509.load_pem_x509_certificates(pem)
        need(len(chain) >= 3)
        leaf, device = chain[0], chain[1]
        for key in leaf.public_key(), device.public_key():
            need(isinstance(key.curve, ec.SECP384R1))
        chip = name_of(leaf).split(" ")[0]
        need(0 < len(chip) < 16)
        failed = set()
        path = chain if chain[-1] == TRUSTED else [*chain, TRUSTED]
        good = all(is_issued(a, b) for a, b in zip(path, path[1:]))
        good &= all(c.not_valid_before_utc.timestamp() <= time_s <= c.not_valid_after_utc.timestamp() for c in path)
        try:
            good &= not leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        except x509.ExtensionNotFound:
            pass
        failed |= set() if good else {"gpu.chain"}
        if f"NVIDIA {chip} Identity" not in [name_of(c) for c in chain[-2:]]:
            failed.add("gpu.line")
        if chip[:2] not in ("GH", "GB"):
            failed.add("gpu.architecture")
        try:
            leaf.public_key().verify(utils.encode_dss_signature(*numbers), signed, ec.ECDSA(hashes.SHA384()))
        except InvalidSignature:
            failed.add("gpu.signature")
        try:
            said = leaf.extensions.get_extension_for_oid(x509.ObjectIdentifier("2.23.133.5.4.1")).value.value
        except x509.ExtensionNotFound:
            said = b""
        if said != (bytes.fromhex("3081ba020101") + spki(device.public_key()) +
                    bytes.fromhex("303d060960864801650304020204" "30") + fwid):
            failed.add("gpu.firmware.id")
        return failed
    except Exception:  # noqa: BLE001 - whatever it stumbles over
        return None


def changed(pieces):
    which = R.randrange(5)
    if which > 1:
        which = 0
    piece = bytearray(pieces[which])
    kind = R.randrange(10)
    if kind == 0:
        piece = piece[:R.randrange(len(piece))]
    elif kind == 1:
        at = R.randrange(len(piece))
        piece[at:at + R.randrange(60)] = b""
    elif kind == 2:
        piece += bytes(R.randrange(1, 4))
    else:
        piece[R.randrange(len(piece))] ^= 1 << R.randrange(8)
    return [bytes(piece) if i == which else old for i, old in enumerate(pieces)]


def main():
    print(f"# VCH_SEED={SEED}")
    read = agreed = 0
    reports = [bytes.fromhex(re.sub("[^0-9a-f]", "", (TEE / "gpu" / name).read_text()))[:size] for name, size in REPORTS]
    chains = [(TEE / "gpu" / name).read_bytes() for name in CHAINS]
    whole = [(report, chain, time_s) for report in reports for chain in chains for time_s in (NOW, 1600000000)]
    with subprocess.Popen([sys.argv[2]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process, \
            tempfile.TemporaryDirectory() as folder:
        names = [pathlib.Path(folder) / name for name in "rc"]
        for number in range(len(whole) + COUNT):
            if number < len(whole):
                *pieces, time_s = whole[number]
            else:
                which = R.randrange(2)
                pieces, time_s = changed([reports[which], chains[which]]), NOW
            for name, piece in zip(names, pieces):
                name.write_bytes(piece)
            process.stdin.write(f"{names[0]} {names[1]} {time_s}\n")
            process.stdin.flush()
            code, *failed = process.stdout.readline().split()
            want = expected(*pieces, time_s)
            if int(code) not in (OK, REFUSED) or want is None:
                assert int(code) != OK, f"VCH_SEED={SEED}: {number} is believed, and the oracle cannot read it"
                assert number >= len(whole) or (want is None) == (int(code) not in (OK, REFUSED)), (number, code, want)
                continue
            # Ours also looks at how a chain is made; nothing that the other refuses is good here.
            got = set(failed)
            assert want <= got and got - want <= {"gpu.chain"}, f"VCH_SEED={SEED}: {number}: {failed}, the oracle {want}"
            read += 1
            agreed += got == want
        process.stdin.close()
    assert agreed >= len(whole) // 2 and agreed > 0.9 * read, f"{agreed} of {read}"
    print(f"ok: {len(whole)} pairs as they are and {COUNT} mutants of them, {read} read by both, {agreed} with the same verdict")


main()
