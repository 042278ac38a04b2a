"""Sealed weights, releases and their log, from specs/sealing.md and the RFCs it names, by the standard library alone.
Slow, and not of constant time: for tests."""
import hashlib
import hmac
import struct

import tlog
from verify_voucher import digest_of

P = 2**255 - 19
MANIFEST, CHUNK, TAG, GRANT, RECORD = 296, 1 << 20, 17, 216, 448


def require(holds, what):
    if not holds:
        raise ValueError(what)


# RFC 8439.

def quarter(state, a, b, c, d):
    for at, to, by, turn in ((a, d, b, 16), (c, b, d, 12), (a, d, b, 8), (c, b, d, 7)):
        state[at] = state[at] + state[by] & 0xffffffff
        word = state[to] ^ state[at]
        state[to] = (word << turn | word >> 32 - turn) & 0xffffffff


def rounds(state):
    for _ in range(10):
        for a, b, c, d in ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
                           (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)):
            quarter(state, a, b, c, d)
    return state


def start(key, rest):
    return list(struct.unpack("<16I", b"expand 32-byte k" + key + rest))


def chacha(key, nonce, counter, data):
    out = b""
    for at in range(0, len(data), 64):
        state = start(key, struct.pack("<I", counter + at // 64) + nonce)
        stream = struct.pack("<16I", *(a + b & 0xffffffff for a, b in zip(rounds(state[:]), state)))
        out += bytes(a ^ b for a, b in zip(data[at:at + 64], stream))
    return out


def hchacha(key, nonce):
    state = rounds(start(key, nonce))
    return struct.pack("<8I", *state[:4], *state[12:])


def poly1305(key, data):
    r, s = int.from_bytes(key[:16], "little") & 0x0ffffffc0ffffffc0ffffffc0fffffff, int.from_bytes(key[16:], "little")
    total = 0
    for at in range(0, len(data), 16):
        total = (total + int.from_bytes(data[at:at + 16] + b"\1", "little")) * r % (2**130 - 5)
    return (total + s & 2**128 - 1).to_bytes(16, "little")


def padded(data):
    return data + bytes(-len(data) % 16)


def aead_open(key, nonce, aad, sealed):
    text, mac = sealed[:-16], sealed[-16:]
    covered = padded(aad) + padded(text) + struct.pack("<QQ", len(aad), len(text))
    require(poly1305(chacha(key, nonce, 0, bytes(32)), covered) == mac, "the tag")
    return chacha(key, nonce, 1, text)


# crypto_secretstream_xchacha20poly1305.

class Stream:
    def __init__(self, key, header):
        self.key, self.counter, self.nonce = hchacha(key, header[:16]), 1, header[16:]

    def open(self, aad, sealed):
        """Tag and text."""
        nonce = struct.pack("<I", self.counter) + self.nonce
        text, mac = sealed[1:-16], sealed[-16:]
        block = chacha(self.key, nonce, 1, sealed[:1] + bytes(63))
        covered = padded(aad) + sealed[:1] + block[1:] + text + bytes(len(text) & 15)  # as libsodium pads
        covered += struct.pack("<QQ", len(aad), 64 + len(text))
        require(poly1305(chacha(self.key, nonce, 0, bytes(32)), covered) == mac, "the chunk's tag")
        self.nonce = bytes(a ^ b for a, b in zip(self.nonce, mac))
        self.counter += 1
        return block[0], chacha(self.key, nonce, 2, text)


# RFC 7748, RFC 9180.

def x25519(scalar, point):
    k = int.from_bytes(scalar, "little") & ~7 & 2**255 - 1 | 1 << 254
    x1 = int.from_bytes(point, "little") & 2**255 - 1
    x2, z2, x3, z3, swapped = 1, 0, x1, 1, 0
    for bit in range(254, -1, -1):
        swapped ^= k >> bit & 1
        if swapped:
            x2, x3, z2, z3 = x3, x2, z3, z2
        swapped = k >> bit & 1
        a, b, c, d = (x2 + z2) % P, (x2 - z2) % P, (x3 + z3) % P, (x3 - z3) % P
        aa, bb, da, cb = a * a, b * b, d * a, c * b
        x3, z3 = (da + cb)**2 % P, x1 * (da - cb)**2 % P
        x2, z2 = aa * bb % P, (aa - bb) * (aa + 121665 * (aa - bb)) % P
    if swapped:
        x2, z2 = x3, z3
    return (x2 * pow(z2, P - 2, P) % P).to_bytes(32, "little")


KEM, SUITE = b"KEM\x00\x20", b"HPKE\x00\x20\x00\x01\x00\x03"


def extract(suite, salt, label, secret):
    return hmac.digest(salt or bytes(32), b"HPKE-v1" + suite + label + secret, "sha256")


def expand(suite, key, label, info, size):
    info, out, last = struct.pack(">H", size) + b"HPKE-v1" + suite + label + info, b"", b""
    while len(out) < size:
        last = hmac.digest(key, last + info + bytes([len(out) // 32 + 1]), "sha256")
        out += last
    return out[:size]


def hpke_key(seed):
    """The secret key that grows from a seed, and its public key."""
    secret = expand(KEM, extract(KEM, b"", b"dkp_prk", seed), b"sk", b"", 32)
    return secret, x25519(secret, (9).to_bytes(32, "little"))


def hpke_open(secret, public, encapsulated, info, aad, sealed):
    """The first message of a context."""
    shared = x25519(secret, encapsulated)
    require(any(shared), "a point of small order")
    shared = expand(KEM, extract(KEM, b"", b"eae_prk", shared), b"shared_secret", encapsulated + public, 32)
    context = b"\0" + extract(SUITE, b"", b"psk_id_hash", b"") + extract(SUITE, b"", b"info_hash", info)
    secret = extract(SUITE, shared, b"secret", b"")
    return aead_open(expand(SUITE, secret, b"key", context, 32), expand(SUITE, secret, b"base_nonce", context, 12), aad,
                     sealed)


# specs/sealing.md.

def numbers(data, *places):
    return [int.from_bytes(data[at:at + 8], "little") for at in places]


class Manifest:
    def __init__(self, data):
        require(len(data) == MANIFEST and data[:16] == b"VOUCH-SEALED-MAN", "no manifest")
        version, self.counter, self.size, self.count = numbers(data, 16, 56, 64, 72)
        require(version == 1 and self.counter > 0 and self.size > 0, "numbers of a manifest")
        require(self.count == -(-self.size // CHUNK), "as many chunks as that takes")
        self.model, self.licence, self.owner, self.key_check = data[24:56], data[80:112], data[112:144], data[144:176]
        self.start, self.root = data[176:200], data[200:232]
        self.head = digest_of("vouch/sealed-head/v1", ("manifest", data[:200]))
        self.digest = digest_of("vouch/sealed-manifest/v1", ("manifest", data[:232]))
        require(tlog.verify(self.owner, self.digest, data[232:]), "the owner's signature")

    def chunks(self, data):
        """The sealed chunks that follow it in a file, held to its root."""
        chunks, at = [], MANIFEST
        for i in range(self.count):
            size = min(CHUNK, self.size - i * CHUNK) + TAG
            chunks.append(data[at:at + size])
            at += size
        require(at == len(data), "the size of a file")
        require(tlog.root([tlog.leaf_hash(chunk) for chunk in chunks]) == self.root, "the root")
        return chunks

    def open(self, chunks, key):
        require(digest_of("vouch/sealed-key/v1", ("key", key)) == self.key_check, "the data key")
        stream, out = Stream(key, self.start), b""
        for i, chunk in enumerate(chunks):
            tag, text = stream.open(self.head + struct.pack("<Q", i), chunk)
            require(tag == (3 if i + 1 == self.count else 0), "the last chunk's tag")
            out += text
        return out


def open_grant(grant, block, manifest, secret, public, time_s):
    """The data key."""
    require(len(grant) == GRANT and grant[:16] == b"VOUCH-SEAL-GRANT" and numbers(grant, 16) == [1], "no grant")
    digest = hashlib.sha256(block).digest()
    released, expires = numbers(grant, 120, 128)
    require(grant[24:56] == digest and grant[56:88] == manifest.digest and grant[88:120] == block[244:276],
            "for this block, manifest and policy")
    require(block[148:180] == public and released < expires and time_s < expires, "for this key, in time")
    return hpke_open(secret, public, grant[136:168], b"vouch-seal-v1" + digest, grant[56:136], grant[168:])


def read_opened(data):
    """The highest counter of each owner and model in a whole file."""
    highest = {}
    require(len(data) % 128 == 0, "whole records")
    for at in range(0, len(data), 128):
        record = data[at:at + 128]
        version, counter = numbers(record, 16, 88)
        require(record[:16] == b"VOUCH-SEALED-CNT" and version == 2 and counter > 0, "a record")
        require(digest_of("vouch/sealed-counter/v2", ("counter", record[:96])) == record[96:], "its digest")
        highest[record[24:88]] = max(counter, highest.get(record[24:88], 0))
    return highest


def read_log(data):
    """Its records, as (kind, fields), and its head."""
    records, head = [], bytes(32)
    require(len(data) % RECORD == 0, "whole records")
    for at in range(0, len(data), RECORD):
        record = data[at:at + RECORD]
        version, index, kind, time_s, counter, expiry = numbers(record, 16, 24, 64, 72, 112, 344)
        require(record[:16] == b"VOUCH-SEAL-ENTRY" and version == 2 and index == len(records), "a record")
        require(record[32:64] == head and counter > 0, "the record before")
        require(any(record[120:152]) and any(record[152:184]), "manifest and data key")
        is_said = [any(record[place:place + 32]) for place in range(184, 344, 32)]
        require(kind == 1 and not any(is_said) and not expiry or kind == 2 and all(is_said) and expiry > time_s, "its kind")
        digest = digest_of("vouch/release/v2", ("record", record[:384]))
        require(tlog.verify(record[352:384], digest, record[384:]), "its writer's signature")
        head = digest_of("vouch/release-log/v2", ("record", record))
        records.append((kind, {"time": time_s, "model": record[80:112], "counter": counter, "manifest": record[120:152],
                               "key_check": record[152:184], "node": record[184:216], "writer": record[352:384]}))
    return records, head
