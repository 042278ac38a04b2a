"""The formats of transparency logs a second time, written from the standards alone: RFC 8032, RFC 6962, and C2SP's
signed-note, tlog-checkpoint, tlog-cosignature and tlog-tiles. Slow, short, and nothing of it is vouch's."""
import base64
import hashlib

# Ed25519 (RFC 8032, section 5.1), on points as (X, Y, Z, T) with x = X/Z, y = Y/Z, xy = T/Z.
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def add(a, b):
    e, f = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    g, h = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    return (f - e) * (h - g) % P, (h + g) * (f + e) % P, (h - g) * (h + g) % P, (f - e) * (f + e) % P


def times(scalar, point):
    out = (0, 1, 1, 0)
    while scalar:
        out = add(out, point) if scalar & 1 else out
        point = add(point, point)
        scalar >>= 1
    return out


def recover(y, sign):
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x if x * x % P == square else x * pow(2, (P - 1) // 4, P) % P
    if x * x % P != square or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


BASE = recover(4 * pow(5, P - 2, P) % P, 0)
DOUBLES = [BASE]  # of the base point: signing adds some of them
for _ in range(255):
    DOUBLES.append(add(DOUBLES[-1], DOUBLES[-1]))


def times_base(scalar):
    out = (0, 1, 1, 0)
    for bit in range(256):
        out = add(out, DOUBLES[bit]) if scalar >> bit & 1 else out
    return out


def compress(point):
    inverse = pow(point[2], P - 2, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def decompress(data):
    number = int.from_bytes(data, "little")
    return recover(number & (1 << 255) - 1, number >> 255)


def scalar_of(*parts):
    return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little")


class Key:
    """A secret key from its seed of 32 bytes."""

    def __init__(self, seed):
        digest = hashlib.sha512(seed).digest()
        self.seed, self.prefix = seed, digest[32:]
        self.scalar = int.from_bytes(digest[:32], "little") & ((1 << 254) - 8) | 1 << 254
        self.public = compress(times_base(self.scalar))

    def sign(self, message):
        r = scalar_of(self.prefix, message) % L
        point = compress(times_base(r))
        s = (r + scalar_of(point, self.public, message) * self.scalar) % L
        return point + s.to_bytes(32, "little")


def verify(public, message, signature):
    key, point, s = decompress(public), decompress(signature[:32]), int.from_bytes(signature[32:], "little")
    if len(signature) != 64 or key is None or point is None or s >= L:
        return False
    k = scalar_of(signature[:32], public, message) % L
    return compress(times_base(s)) == compress(add(point, times(k, key)))


# RFC 6962, section 2.1, word for word.
def leaf_hash(data):
    return hashlib.sha256(b"\0" + data).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


def left_count(n):
    k = 1
    while 2 * k < n:
        k *= 2
    return k


def root(leaves):
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = left_count(len(leaves))
    return node_hash(root(leaves[:k]), root(leaves[k:]))


def inclusion(m, leaves):
    if len(leaves) == 1:
        return []
    k = left_count(len(leaves))
    if m < k:
        return inclusion(m, leaves[:k]) + [root(leaves[k:])]
    return inclusion(m - k, leaves[k:]) + [root(leaves[:k])]


def consistency(m, leaves, whole=True):
    if m == 0:
        return []
    if m == len(leaves):
        return [] if whole else [root(leaves)]
    k = left_count(len(leaves))
    if m <= k:
        return consistency(m, leaves[:k], whole) + [root(leaves[k:])]
    return consistency(m - k, leaves[k:], False) + [root(leaves[:k])]


# Notes.
def b64(data):
    return base64.b64encode(data).decode()


def key_id(name, kind, public):
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + public).digest()[:4]


def vkey(name, kind, public):
    return f"{name}+{key_id(name, kind, public).hex()}+{b64(bytes([kind]) + public)}"


def read_vkey(text):
    name, identity, rest = text.split("+", 2)
    blob = base64.b64decode(rest, validate=True)
    assert key_id(name, blob[0], blob[1:]).hex() == identity, text
    return name, blob[0], blob[1:]


def note_line(name, kind, public, payload):
    return f"— {name} {b64(key_id(name, kind, public) + payload)}\n"


def signature_line(name, key, text):
    return note_line(name, 1, key.public, key.sign(text.encode()))


def cosignature_message(time_s, text):
    return f"cosignature/v1\ntime {time_s}\n{text}".encode()


def cosignature_line(name, key, time_s, text):
    signature = key.sign(cosignature_message(time_s, text))
    return note_line(name, 4, key.public, time_s.to_bytes(8, "big") + signature)


def checkpoint_text(origin, size, root_hash):
    return f"{origin}\n{size}\n{b64(root_hash)}\n"


def signed_checkpoint(origin, size, root_hash, key):
    text = checkpoint_text(origin, size, root_hash)
    return text + "\n" + signature_line(origin, key, text)


def verify_line(line, vkey_text, text):
    """The time of a line that verifies (0 of a log's), None of one that does not or is another key's."""
    name, kind, public = read_vkey(vkey_text)
    dash, line_name, payload = line.rstrip("\n").split(" ")
    blob = base64.b64decode(payload, validate=True)
    if dash != "—" or line_name != name or blob[:4] != key_id(name, kind, public):
        return None
    if kind == 1:
        return 0 if verify(public, text.encode(), blob[4:]) else None
    time_s = int.from_bytes(blob[4:12], "big")
    return time_s if verify(public, cosignature_message(time_s, text), blob[12:]) else None


# Tiles.
def tile_path(level, index, width=256):
    groups = [f"{index % 1000:03}"]
    while index >= 1000:
        index //= 1000
        groups.insert(0, f"x{index % 1000:03}")
    return f"tile/{level}/" + "/".join(groups) + (f".p/{width}" if width < 256 else "")


def tile(level, index, leaves):
    """The tile's hashes, computed from the leaves alone."""
    span = 256**level
    starts = range(index * 256 * span, (index + 1) * 256 * span, span)
    return [root(leaves[s:s + span]) for s in starts if s + span <= len(leaves)]
