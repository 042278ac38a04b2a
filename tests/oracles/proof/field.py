"""Numbers: specs/proof.md, section 1, and the codes of section 3.

An element of F is an int below P, one of K a pair (c0, c1) of them.
"""
import functools

P = 2**64 - 2**32 + 1
GENERATOR = 7
ZERO, ONE = (0, 0), (1, 0)


class Refused(Exception):
    """The proof, or the statement, is not what the specification demands."""


def require(condition, what):
    if not condition:
        raise Refused(what)


def element(value):
    """Of a public integer, which may be negative."""
    return (value % P, 0)


def add(a, b):
    return ((a[0] + b[0]) % P, (a[1] + b[1]) % P)


def subtract(a, b):
    return ((a[0] - b[0]) % P, (a[1] - b[1]) % P)


def multiply(a, b):
    a0, a1 = a
    b0, b1 = b
    return ((a0 * b0 + 7 * a1 * b1) % P, (a0 * b1 + a1 * b0) % P)


def scale(a, k):
    """By an element of F."""
    return (a[0] * k % P, a[1] * k % P)


def negate(a):
    return (-a[0] % P, -a[1] % P)


def invert(a):
    norm = pow(a[0] * a[0] - 7 * a[1] * a[1], P - 2, P)
    return (a[0] * norm % P, -a[1] * norm % P)


def log(count):
    """The least n with 2^n >= count."""
    return max(0, count - 1).bit_length()


def eq_table(point):
    """eq(point, i) for all i: coordinate j belongs to bit j."""
    table = [ONE]
    for r in point:
        r0, r1 = r
        upper = [((r0 * a + 7 * r1 * b) % P, (r0 * b + r1 * a) % P) for a, b in table]
        table = [((a - c) % P, (b - d) % P) for (a, b), (c, d) in zip(table, upper)] + upper
    return table


def read_elements(data, count):
    """`count` elements of F at the start of data, canonical."""
    values = [int.from_bytes(data[8 * i:8 * i + 8], "little") for i in range(count)]
    require(all(v < P for v in values), "a number that is not below p")
    return values


def pairs(values):
    return list(zip(values[0::2], values[1::2]))


def write_elements(values):
    return b"".join(v.to_bytes(8, "little") for v in values)


def write_pairs(values):
    return write_elements([c for value in values for c in value])


@functools.lru_cache(maxsize=None)
def root_of_unity(order):
    return pow(GENERATOR, (P - 1) // order, P)


@functools.lru_cache(maxsize=64)
def powers(base, count):
    table = [1] * count
    for i in range(1, count):
        table[i] = table[i - 1] * base % P
    return table


def transform(values, root):
    """values as coefficients, lowest first, at root^0, root^1, ..., of a power of two of them."""
    count = len(values)
    if count == 1:
        return list(values)
    even = transform(values[0::2], root * root % P)
    odd = transform(values[1::2], root * root % P)
    turned = [o * w % P for o, w in zip(odd, powers(root, count // 2))]
    return ([(e + t) % P for e, t in zip(even, turned)]
            + [(e - t) % P for e, t in zip(even, turned)])


def interpolate(values):
    """The coefficients of the polynomial with these values at w^0, w^1, ..."""
    count = len(values)
    inverse = pow(count, P - 2, P)
    root = pow(root_of_unity(count), P - 2, P)
    return [c * inverse % P for c in transform(values, root)]


def codeword(row, count):
    """The values at 7 w^j, j < count, of the polynomial that `row` gives at its own roots."""
    shifted = [c * s % P for c, s in zip(interpolate(row), powers(GENERATOR, len(row)))]
    return transform(shifted + [0] * (count - len(row)), root_of_unity(count))
