"""ECDSA on P-256 with SHA-256 (FIPS 186-5, SEC 2), from the formulas: slow, and of nothing but whole numbers."""
import hashlib

P = 2**256 - 2**224 + 2**192 + 2**96 - 1
A, B = P - 3, 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
BASE = (0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
        0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5)


def add(a, b):
    if a is None or b is None:
        return a or b
    if a[0] == b[0]:
        if (a[1] + b[1]) % P == 0:
            return None
        slope = (3 * a[0] * a[0] + A) * pow(2 * a[1], -1, P) % P
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, P) % P
    x = (slope * slope - a[0] - b[0]) % P
    return x, (slope * (a[0] - x) - a[1]) % P


def times(scalar, point):
    total = None
    while scalar:
        if scalar & 1:
            total = add(total, point)
        point, scalar = add(point, point), scalar >> 1
    return total


def is_on_curve(point):
    x, y = point
    return x < P and y < P and (y * y - x * x * x - A * x - B) % P == 0


def number_of(message):
    return int.from_bytes(hashlib.sha256(message).digest(), "big")


def sign(secret, message):
    k = number_of(secret.to_bytes(32, "big") + message) % N
    r = times(k, BASE)[0] % N
    return r, pow(k, -1, N) * (number_of(message) + r * secret) % N


def is_signed(point, message, r, s):
    if not (0 < r < N and 0 < s < N and is_on_curve(point)):
        return False
    inverse = pow(s, -1, N)
    found = add(times(number_of(message) * inverse % N, BASE), times(r * inverse % N, point))
    return found is not None and found[0] % N == r
