"""Evidence, policies and records, written from specs/attest.md and specs/rules.md, for tests of programs."""
import hashlib
import json
import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "oracles"))
import tlog  # pylint: disable=wrong-import-position

SNP, TDX, SGX, TPM, AZURE, NONE = range(1, 7)
CHANNEL, REGISTRATION = 1, 2
SERVER = 1
BUILD, MODEL, ENFORCED = bytes([0x11]) * 32, bytes([0x12]) * 32, bytes([0x13]) * 32
LANDLOCK, SECCOMP = 256, 512


def transcript(protocol, *items):
    digest = hashlib.sha256(bytes([len(protocol)]) + protocol.encode())
    for label, value in items:
        digest.update(bytes([len(label)]) + label.encode() + len(value).to_bytes(8, "little") + value)
    return digest.digest()


def head(major, number):
    if number < 24:
        return bytes([major << 5 | number])
    for code, size in ((24, 1), (25, 2), (26, 4)):
        if number < 1 << 8 * size:
            return bytes([major << 5 | code]) + number.to_bytes(size, "big")
    raise ValueError(number)


def cbor(value):
    """CBOR in the one form: maps are of integers, or of texts."""
    if isinstance(value, int):
        return head(0, value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value)) + value.encode()
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(cbor(item) for item in value)
    pairs = sorted((cbor(key), cbor(item)) for key, item in value.items())
    return head(5, len(pairs)) + b"".join(key + item for key, item in pairs)


def statement(confinement=LANDLOCK | SECCOMP, build=BUILD, model=MODEL, policy=ENFORCED):
    return cbor({1: 1, 2: build, 3: policy, 4: model, 6: confinement})


def collection(items, purpose):
    return {label: ["application/octet-stream", value, purpose] for label, value in items.items()}


def response(kind, evidence=None, endorsements=None, said=None, sealing_key=bytes([0x21]) * 32):
    fields = {1: 1, 2: said or statement(), 5: sealing_key, 6: kind}
    if evidence:
        fields[3] = collection(evidence, 4)
    if endorsements:
        fields[4] = collection(endorsements, 2)
    return cbor(fields)


def identity(key):
    return hashlib.sha256(bytes.fromhex("302a300506032b6570032100") + key).digest()


def nonce(occasion, salt):
    return transcript("vouch/attest-nonce/v1", ("occasion", occasion), ("salt", salt))


def block(kind, policy, node, asked, mode=CHANNEL, exporter=bytes([0x32]) * 32, peer=bytes(32), said=None,
          sealing_key=bytes([0x21]) * 32, role=SERVER):
    if mode == REGISTRATION:
        exporter = peer = bytes(32)
    return (b"VOUCH-ATTEST-BND" + bytes([1, mode, role, kind]) + asked + exporter + identity(node) + peer +
            sealing_key + node + hashlib.sha256(said or statement()).digest() + policy)


def record(bound, answer):
    return b"vouch evidence1\n" + bound + answer


def rules(**changes):
    """A policy's value that takes statements like the one above."""
    value = {
        "version": 1,
        "name": "test",
        "environment": "production",
        "not_after": "2027-01-31T00:00:00Z",
        "levels": {"prompts": ["tee"], "weights:open": ["sandbox", "tpm", "tee"], "weights:private": ["tee"]},
        "facts": {"builds": [BUILD.hex()], "models": [MODEL.hex()], "policies": [ENFORCED.hex()],
                  "confinement": ["landlock"]},
        "hardware": {"registry": "none"},
        "freshness": {"nonce_s": 60, "reattest_s": 600, "result_s": 3600, "registration_s": 300},
    }
    value.update(changes)
    return json.dumps(value)


def policy_id(value):
    return transcript("vouch/attest-policy/v1", ("policy", value.encode()))


def signed(value, key):
    return json.dumps({"policy": 0, "signature": {"key": key.public.hex(), "sig": key.sign(policy_id(value)).hex()}}
                      ).replace("0", value, 1)


SIGNER = tlog.Key(b"\x70" * 32)
NODE = tlog.Key(b"\x0a" * 32).public
