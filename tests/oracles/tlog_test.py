#!/usr/bin/env python3
"""vouch's log formats beside a second implementation (tlog.py) on random trees, proofs and notes.

    tlog_test.py PATH/TO/vouch PATH/TO/tlog_cases [--count=2000]

Both have to make the same bytes, and to say the same of proofs and notes that were changed. VCH_SEED=N replays a run.
"""
import os
import random
import subprocess
import sys

import tlog

FLAGS = dict(a[2:].split("=") for a in sys.argv[1:] if a.startswith("--"))
COUNT = int(FLAGS.get("count", 2000))
SEED = int(os.environ.get("VCH_SEED", random.SystemRandom().randrange(2**32)))
R = random.Random(SEED)


class Cases:
    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, *words):
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().rstrip("\n")


def leaves_of(seed, size):
    return [tlog.leaf_hash(f"{seed}/{i}".encode()) for i in range(size)]


def join(path):
    return ",".join(h.hex() for h in path)


def same(got, want, *what):
    if got != want:
        sys.exit(f"VCH_SEED={SEED}: {what}: vouch says {got[:200]}, the oracle {want[:200]}")


# Verifiers of the oracle: what a proof shows, computed from RFC 9162's definition of the tree's shape.
def root_from_inclusion(leaf, index, size, path):
    """The root that a path shows, by the recursion that makes it; None when it has another length."""
    if size == 1:
        return leaf if not path else None
    if not path:
        return None
    k = tlog.left_count(size)
    if index < k:
        left = root_from_inclusion(leaf, index, k, path[:-1])
        return left and tlog.node_hash(left, path[-1])
    right = root_from_inclusion(leaf, index - k, size - k, path[:-1])
    return right and tlog.node_hash(path[-1], right)


def roots_from_consistency(old, size, path, old_root, whole=True):
    """(root of the old part, root of all) that a path shows, or None."""
    if old == size:
        if whole:
            return (old_root, old_root) if not path else None
        return (path[0], path[0]) if len(path) == 1 else None
    if not path:
        return None
    k = tlog.left_count(size)
    if old <= k:
        shown = roots_from_consistency(old, k, path[:-1], old_root, whole)
        return shown and (shown[0], tlog.node_hash(shown[1], path[-1]))
    shown = roots_from_consistency(old - k, size - k, path[:-1], old_root, False)
    return shown and tuple(tlog.node_hash(path[-1], part) for part in shown)


def is_included(root, size, leaf, index, path):
    return index < size and root_from_inclusion(leaf, index, size, path) == root


def is_consistent(old, old_root, size, root, path):
    if old > size:
        return False
    if old == 0 and size > 0:
        return not path and old_root == tlog.root([])
    if size == 0:
        return not path and old_root == root
    return roots_from_consistency(old, size, path, old_root) == (old_root, root)


def changed_path(path):
    """A path with one thing about it different, now and then none."""
    path = list(path)
    kind = R.randrange(6)
    if kind == 0 or not path:
        return path + [R.randbytes(32)] if R.randrange(2) else path
    at = R.randrange(len(path))
    if kind == 1:
        path.pop(at)
    elif kind == 2:
        path.insert(at, path[at])
    elif kind == 3:
        path[at] = bytes([path[at][0] ^ 1 << R.randrange(8)]) + path[at][1:]
    elif kind == 4:
        path[0], path[at] = path[at], path[0]
    return path


def near(value, most):
    return min(max(value + R.choice([0, 0, 0, 0, -1, 1, R.randrange(-9, 9)]), 0), most)


def yes(value):
    return "yes" if value else "no"


def try_tree(cases):
    seed, size = f"s{R.randrange(40)}", R.choice([R.randrange(1, 20), R.randrange(1, 160)])
    leaves = leaves_of(seed, size)
    root = tlog.root(leaves)
    same(cases.ask("tree", seed, size), root.hex(), "tree", seed, size)
    index, old = R.randrange(size), R.randrange(size + 1)
    path, proof = tlog.inclusion(index, leaves), tlog.consistency(old, leaves)
    same(cases.ask("inclusion", seed, index, size), join(path), "inclusion", seed, index, size)
    same(cases.ask("consistency", seed, old, size), join(proof), "consistency", seed, old, size)
    verdicts = 0
    for _ in range(4):
        lie, at, n = changed_path(path), near(index, size), near(size, 400)
        want = is_included(root, n, leaves[index], at, lie)
        same(cases.ask("included", root.hex(), n, leaves[index].hex(), at, join(lie)), yes(want), "included", seed,
             index, size, n, at)
        lie, m, n = changed_path(proof), near(old, size), near(size, 400)
        old_root = tlog.root(leaves[:R.choice([m, old])])
        want = is_consistent(m, old_root, n, root, lie)
        same(cases.ask("consistent", m, old_root.hex(), n, root.hex(), join(lie)), yes(want), "consistent", seed,
             old, size, m, n)
        verdicts += want
    return verdicts


def try_note(cases):
    key_seed, text = R.randbytes(32), tlog.checkpoint_text("a.example/log", R.randrange(2**63), R.randbytes(32))
    key, time_s = tlog.Key(key_seed), R.choice([0, 1, 1790000000, 2**63 - 1])
    lines = {1: tlog.signature_line("a.example/log", key, text), 4: tlog.cosignature_line("w", key, time_s, text)}
    encoded = text.encode().hex()
    same(cases.ask("sign", key_seed.hex(), "a.example/log", encoded), lines[1].rstrip("\n"), "sign", text)
    same(cases.ask("cosign", key_seed.hex(), "w", time_s, encoded), lines[4].rstrip("\n"), "cosign", text)
    for kind, name in ((1, "a.example/log"), (4, "w")):
        vkey, note = tlog.vkey(name, kind, key.public), text + "\n" + lines[1] + lines[4]
        same(cases.ask("signed", vkey, note.encode().hex()), "yes", "signed", note)
        bad = bytearray(note.encode())
        bad[R.randrange(len(text))] ^= 1 << R.randrange(5)
        same(cases.ask("signed", vkey, bad.hex()), "no", "signed", bytes(bad))


def try_tiles(cases):
    for size in (1, 255, 256, 257, 700, 65536 + 300):
        leaves = leaves_of("tiles", size)
        for level in range(3):
            for index in {0, 1, size // 256**(level + 1)}:
                hashes = tlog.tile(level, index, leaves)
                want = f"{tlog.tile_path(level, index, len(hashes))} {b''.join(hashes).hex()}" if hashes else "none"
                same(cases.ask("tile", "tiles", level, index, size), want, "tile", level, index, size)


def main():
    print(f"# VCH_SEED={SEED}", flush=True)
    cases = Cases([a for a in sys.argv[1:] if not a.startswith("--")][1])
    verdicts = sum(try_tree(cases) for _ in range(COUNT))
    if not 0.05 * COUNT < verdicts < 3.9 * COUNT:
        sys.exit(f"of {4 * COUNT} changed proofs {verdicts} are right: the changes test nothing")
    for _ in range(COUNT // 50):
        try_note(cases)
    try_tiles(cases)
    cases.process.stdin.close()
    print(f"ok {COUNT} trees, {8 * COUNT} changed proofs, {COUNT // 50} notes")
    return cases.process.wait()


if __name__ == "__main__":
    sys.exit(main())
