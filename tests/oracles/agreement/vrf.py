"""ECVRF-RISTRETTO255-SHA512 (specs/transcript.md, section 6), from RFC 9496, RFC 9381 and C2SP
vrf-r255 alone, in plain integers. Slow, not constant in time, never for keys that matter."""
import hashlib
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from verify_voucher import BASE, D, NEUTRAL, ORDER, P, SQRT_MINUS_1, add  # noqa: E402

SQRT_AD_MINUS_ONE = 25063068953384623474111414158702152701244531502492656460079210482610430750235
INVSQRT_A_MINUS_D = 54469307008909316920995813868745141605393597292927456921205312896311721017578
ONE_MINUS_D_SQ = (1 - D * D) % P
D_MINUS_ONE_SQ = (D - 1) ** 2 % P
assert (SQRT_AD_MINUS_ONE ** 2 - (-D - 1)) % P == 0
assert (INVSQRT_A_MINUS_D ** 2 * (-1 - D) - 1) % P == 0

SUITE = b"\xff" + b"c2sp.org/vrf-r255"


def positive(x):
    x %= P
    return P - x if x & 1 else x


def sqrt_ratio(u, v):
    """RFC 9496, section 4.2: whether u / v is a square, and the even root of it or of i u / v."""
    r = u * v ** 3 * pow(u * v ** 7, (P - 5) // 8, P) % P
    check = v * r * r % P
    correct, flipped, flipped_i = check == u % P, check == -u % P, check == -u * SQRT_MINUS_1 % P
    if flipped or flipped_i:
        r = r * SQRT_MINUS_1 % P
    return correct or flipped, positive(r)


def decode(data):
    """The point of 32 bytes, or None where they are not the one encoding of an element."""
    s = int.from_bytes(data, "little")
    if len(data) != 32 or s >= P or s & 1:
        return None
    u1, u2 = (1 - s * s) % P, (1 + s * s) % P
    v = (-(D * u1 * u1) - u2 * u2) % P
    is_square, invsqrt = sqrt_ratio(1, v * u2 * u2 % P)
    den_x = invsqrt * u2 % P
    den_y = invsqrt * den_x * v % P
    x, y = positive(2 * s * den_x), u1 * den_y % P
    t = x * y % P
    return None if not is_square or t & 1 or y == 0 else (x, y, 1, t)


def encode(point):
    x0, y0, z0, t0 = point
    u1, u2 = (z0 + y0) * (z0 - y0) % P, x0 * y0 % P
    _, invsqrt = sqrt_ratio(1, u1 * u2 * u2 % P)
    den1, den2 = invsqrt * u1 % P, invsqrt * u2 % P
    z_inv = den1 * den2 * t0 % P
    x, y, den = x0, y0, den2
    if t0 * z_inv % P & 1:
        x, y, den = y0 * SQRT_MINUS_1 % P, x0 * SQRT_MINUS_1 % P, den1 * INVSQRT_A_MINUS_D % P
    if x * z_inv % P & 1:
        y = -y % P
    return positive(den * (z0 - y)).to_bytes(32, "little")


def map_half(data):
    t = int.from_bytes(data, "little") % 2**255 % P
    r = SQRT_MINUS_1 * t * t % P
    u, v = (r + 1) * ONE_MINUS_D_SQ % P, (-1 - r * D) * (r + D) % P
    was_square, s = sqrt_ratio(u, v)
    if not was_square:
        s = -positive(s * t) % P
    c = -1 if was_square else r
    n = (c * (r - 1) * D_MINUS_ONE_SQ - v) % P
    w0, w1, w2, w3 = 2 * s * v % P, n * SQRT_AD_MINUS_ONE % P, (1 - s * s) % P, (1 + s * s) % P
    return (w0 * w3 % P, w2 * w1 % P, w1 * w3 % P, w0 * w2 % P)


def one_way_map(uniform):
    return add(map_half(uniform[:32]), map_half(uniform[32:]))


def multiply(scalar, point):
    result = NEUTRAL
    for bit in bin(scalar)[2:] if scalar else "":
        result = add(result, result)
        if bit == "1":
            result = add(result, point)
    return result


def negative(point):
    return (-point[0] % P, point[1], point[2], -point[3] % P)


def scalar(data):
    return int.from_bytes(data, "little") % ORDER


def sha512(*parts):
    return hashlib.sha512(b"".join(parts)).digest()


def secret_of_seed(seed):
    return scalar(sha512(b"\x10vouch/vrf-key/v1", b"\x04seed", (32).to_bytes(8, "little"), seed))


def public_of(x):
    return encode(multiply(x, BASE))


def hash_to_point(public, alpha):
    return one_way_map(sha512(SUITE, b"\x82", public, alpha))


def challenge(*points):
    return sha512(SUITE, b"\x02", *points, b"\x00")[:16]


def prove(x, alpha):
    public = public_of(x)
    h = hash_to_point(public, alpha)
    gamma = multiply(x, h)
    k = scalar(sha512(SUITE, b"\x81", x.to_bytes(32, "little"), encode(h)))
    c = challenge(public, encode(h), encode(gamma), encode(multiply(k, BASE)), encode(multiply(k, h)))
    s = (k + int.from_bytes(c, "little") * x) % ORDER
    return encode(gamma) + c + s.to_bytes(32, "little")


def beta_of(proof):
    return sha512(SUITE, b"\x03", proof[:32], b"\x00")


def verify(public, alpha, proof):
    """beta, or None."""
    if len(proof) != 80:
        return None
    y, gamma = decode(public), decode(proof[:32])
    c, s = int.from_bytes(proof[32:48], "little"), int.from_bytes(proof[48:], "little")
    if y is None or gamma is None or not any(public) or not any(proof[:32]) or s >= ORDER or c == 0 or s == 0:
        return None
    h = hash_to_point(public, alpha)
    u = add(multiply(s, BASE), negative(multiply(c, y)))
    v = add(multiply(s, h), negative(multiply(c, gamma)))
    if challenge(public, encode(h), proof[:32], encode(u), encode(v)) != proof[32:48]:
        return None
    return beta_of(proof)
