"""ChaCha20 (RFC 8439) key streams: what boundaries are blinded with, specs/proof.md, section 3."""
import struct

from .field import P


def _block(key, counter):
    start = (0x61707865, 0x3320646e, 0x79622d32, 0x6b206574, *struct.unpack("<8I", key),
             counter, 0, 0, 0)
    x = list(start)

    def quarter(a, b, c, d):
        for i, j, k, turn in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            x[i] = (x[i] + x[j]) & 0xffffffff
            mixed = x[k] ^ x[i]
            x[k] = (mixed << turn | mixed >> (32 - turn)) & 0xffffffff
    for _ in range(10):
        for i in range(4):
            quarter(i, 4 + i, 8 + i, 12 + i)
        for i in range(4):
            quarter(i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4)
    return struct.pack("<16I", *((a + b) & 0xffffffff for a, b in zip(x, start)))


def key_stream(key, size):
    return b"".join(_block(key, i) for i in range(-(-size // 64)))[:size]


def elements(key):
    """Elements of F without end; a word of p or more is skipped."""
    counter = 0
    while True:
        yield from (w for w in struct.unpack("<8Q", _block(key, counter)) if w < P)
        counter += 1
