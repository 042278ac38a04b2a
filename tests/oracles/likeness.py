#!/usr/bin/env python3
"""Noise floors and verdicts of `vouch likeness`, computed a second time from specs/likeness.md.

    likeness.py PATH/TO/vouch

Whole numbers of Python throughout; the floor must be the same bytes, the verdict the same p-values.
Then lies: floors that were changed, outputs that are no outputs. Standard library only.
"""
import array
import hashlib
import json
import math
import pathlib
import random
import struct
import subprocess
import sys
import tempfile
import unittest
from fractions import Fraction

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
from arrays import write_npy  # noqa: E402

VOUCH = sys.argv.pop(1)
YES, FLAGGED, USAGE, MALFORMED = range(4)
LIMIT, APART, NOWHERE = 1 << 52, 1 << 53, None
MAX, UNIT_MIN = 1 << 20, 1 << 10


def vouch(*arguments, code=YES):
    done = subprocess.run([VOUCH, "likeness", *map(str, arguments)], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=300, check=False)
    assert done.returncode == code, f"{arguments}: exit {done.returncode}\n{done.stdout}{done.stderr}"
    return done


def coordinate(value):
    """A float32, as the nearest whole number of 2^-32, halves away from zero."""
    if math.isnan(value):
        return NOWHERE
    if math.isinf(value) or abs(value) >= 1 << 20:
        return LIMIT if value > 0 else -LIMIT
    top, below = (abs(value) * 2.0).as_integer_ratio()  # exact
    rounded = ((top << 31) * 2 + below) // (2 * below)
    return rounded if value > 0 else -rounded


def apart(a, b):
    return APART if a is NOWHERE or b is NOWHERE else abs(a - b)


def median(values):
    values = sorted(-LIMIT if v is NOWHERE else v for v in values)
    return (values[(len(values) - 1) // 2] + values[len(values) // 2]) // 2


def measure(deviations, scales):
    squares = [min(d * 256 // s, MAX) ** 2 for d, s in zip(deviations, scales)]
    return sum(squares) // len(squares), max(squares)


def nine_tenths(values):
    return sorted(values)[len(values) - len(values) // 10 - 1]


def calibrate(name, runs):
    """runs: [run][input][coordinate], float32. The file's bytes."""
    runs = [[[coordinate(v) for v in row] for row in run] for run in runs]
    inputs, width = range(len(runs[0])), range(len(runs[0][0]))
    fitted, held = inputs[::4], [i for i in inputs if i % 4]

    def deviations(run, i):
        columns = [[other[i][d] for other in runs] for d in width]
        return [max(run[i][d] - min(c), max(c) - run[i][d]) for d, c in zip(width, columns)]

    seen = [[deviations(run, i) for i in inputs] for run in runs]
    own = [[row[i][d] for row in seen for i in fitted] for d in width]
    pool = nine_tenths([v for values in own for v in values])
    weight = min(len(own[0]), 1024)
    scales = [max((weight * nine_tenths(v) + 16 * pool) // (weight + 16), pool // 16, 16) for v in own]
    both = [measure(row[i], scales) for row in seen for i in fitted]
    units = [max(sorted(values)[len(values) // 2], UNIT_MIN) for values in zip(*both)]
    scores = [sorted((score(row[i], scales, units) for i in held), reverse=True) for row in seen]
    envelope = [max(column) for column in zip(*scores)]
    head = struct.pack("<8s5I64s2Q", b"VOUCHFLR", 1, len(runs), len(fitted), len(width),
                       len(envelope), name.encode(), *units)
    body = head + struct.pack(f"<{len(scales) + len(envelope)}Q", *scales, *envelope)
    return body + hashlib.sha256(body).digest()


def score(deviations, scales, units):
    mean, peak = measure(deviations, scales)
    return (mean << 16) // units[0] + (peak << 16) // units[1]


def p_value(floor, members, which):
    """members: [member][input][coordinate], float32."""
    _, _, _, _, width, count, _, *units = struct.unpack_from("<8s5I64s2Q", floor)
    numbers = struct.unpack_from(f"<{width + count}Q", floor, 108)
    scales, held = numbers[:width], numbers[width:]
    ranks = []
    for i in range(len(members[0])):
        rows = [[coordinate(v) for v in member[i]] for member in members]
        centre = [median(column) for column in zip(*rows)]
        own = score([apart(a, b) for a, b in zip(rows[which], centre)], scales, units)
        ranks.append(sum(h >= own for h in held))
    if len(ranks) == 1:
        return Fraction(ranks[0] + 1, count + 1)
    levels = [q for q in (1 << j for j in range(16)) if q == 1 or 2 * q <= count + 1]
    return min(1, len(levels) * min(tail(count, len(ranks), q, sum(r < q for r in ranks))
                                    for q in levels))


def tail(count, inputs, q, least):
    """That of `inputs` honest scores `least` or more lie above the q-th largest of `count` others:
    all orders of count + inputs scores are as likely."""
    ways = sum(math.comb(q - 1 + j, j) * math.comb(count - q + inputs - j, inputs - j)
               for j in range(least, inputs + 1))
    return Fraction(ways, math.comb(count + inputs, inputs))


def float32(values):
    return list(array.array("f", values))


def engines(rng, count, inputs, width, noise):
    truth = [[rng.gauss(0, 3) for _ in range(width)] for _ in range(inputs)]
    return [[float32(v + rng.gauss(0, noise * (1 + e)) for v in row) for row in truth]
            for e in range(count)]


class Likeness(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self.scratch.name)
        self.addCleanup(self.scratch.cleanup)

    def save(self, name, rows):
        path = self.folder / f"{name}.npy"
        write_npy(path, (len(rows), len(rows[0])), [v for row in rows for v in row])
        return path

    def floor(self, runs, name="model"):
        files = [self.save(f"run{i}", run) for i, run in enumerate(runs)]
        path = self.folder / "x.floor"
        vouch("calibrate", *files, "--name", name, "-o", path)
        return path

    def test_floors_are_the_bytes_that_the_specification_gives(self):
        rng = random.Random(5)
        for width, count, noise in ((1, 16, 1e-3), (7, 61, 1e-6), (3, 250, 0), (5, 40, 100.0)):
            runs = engines(rng, 4, count, width, noise)
            self.assertEqual(self.floor(runs).read_bytes(), calibrate("model", runs))

    def test_verdicts_are_those_of_the_specification(self):
        rng = random.Random(6)
        floor = self.floor(engines(rng, 5, 500, 6, 1e-4))
        for members, inputs, off in ((3, 1, 1), (4, 1, 3), (5, 7, 2), (6, 12, 30), (3, 3, math.nan)):
            outputs = engines(rng, members, inputs, 6, 1e-4)
            outputs[1] = [float32(v + off * rng.gauss(0, 1e-3) for v in row) for row in outputs[1]]
            files = [self.save(f"m{i}", rows) for i, rows in enumerate(outputs)]
            done = subprocess.run([VOUCH, "likeness", "test", floor, *files, "--json"],
                                  capture_output=True, text=True, check=False)
            found = json.loads(done.stdout)["members"]
            for i, member in enumerate(found):
                wanted = p_value(floor.read_bytes(), outputs, i)
                self.assertGreaterEqual(member["p"], wanted * (1 - 1e-15))
                self.assertLess(member["p"], wanted + 1e-10)  # rounded up, to 2^-46 a step
                self.assertEqual(member["flagged"], member["p"] <= 0.01)
            self.assertEqual(done.returncode, int(any(m["flagged"] for m in found)))

    def test_several_runs_may_lie_in_one_file(self):
        runs = engines(random.Random(7), 3, 40, 2, 1e-4)
        one, path = self.folder / "all.npy", self.folder / "one.floor"
        write_npy(one, (3, 40, 2), [v for run in runs for row in run for v in row])
        vouch("calibrate", one, "--name", "model", "-o", path)
        self.assertEqual(path.read_bytes(), self.floor(runs).read_bytes())
        self.assertIn("0 of 3 flagged", vouch("test", path, one, "--alpha", "0.2").stdout)

    def test_the_exit_code_says_whether_somebody_was_flagged(self):
        rng = random.Random(8)
        floor = self.floor(engines(rng, 3, 200, 4, 1e-4))
        files = [self.save(f"m{i}", rows) for i, rows in enumerate(engines(rng, 3, 8, 4, 1e-4))]
        self.assertIn("0 of 3 flagged", vouch("test", floor, *files).stdout)
        shown = subprocess.run([VOUCH, "inspect", floor, "--json"], capture_output=True, check=True)
        self.assertEqual(json.loads(shown.stdout), {
            "kind": "noise floor", "name": "model", "digest": floor.read_bytes()[-32:].hex(), "runs": 3,
            "coordinates": 4, "fitted": 50, "held_out": 150})
        files[1] = self.save("m1", [[9.0] * 4] * 8)
        text = vouch("test", floor, *files, code=FLAGGED)
        self.assertRegex(text.stdout, r"FLAGGED +\S*m1\.npy\n")
        self.assertEqual(text.stdout.count("FLAGGED"), 1)
        self.assertEqual(text.stderr, "")

    def test_what_is_asked_wrongly_is_told_what_to_do(self):
        rng = random.Random(9)
        runs = engines(rng, 3, 40, 4, 1e-4)
        floor = self.floor(runs)
        files = [self.save(f"m{i}", rows) for i, rows in enumerate(engines(rng, 3, 1, 4, 1e-4))]
        narrow = self.save("narrow", [[1.0, 2.0, 3.0]])
        for arguments, hint in (
                (("guess", floor), "calibrate"),
                (("calibrate", files[0]), "name"),
                (("calibrate", files[0], "--name", "x", "-o", floor), "honest runs"),
                (("calibrate", *files, "--name", "x", "-o", floor), "16 to"),
                (("test", floor, *files), "nobody could be flagged"),
                (("test", floor, *files, "--alpha", "1"), "0.000001 to 0.5"),
                (("test", floor, *files, "--alpha", "0.0000001"), "0.000001 to 0.5"),
                (("test", floor, *files, "--alpha", "0.6"), "0.000001 to 0.5"),
                (("test", floor, *files[:2], "--alpha", "0.1"), "2 members"),
                (("test", floor, files[0], narrow), "expected (inputs, coordinates)"),
                (("test", floor, narrow, narrow, narrow), "4 coordinates")):
            self.assertIn(hint, vouch(*arguments, code=USAGE).stderr)
        self.assertEqual(floor.read_bytes(), calibrate("model", runs))  # no refusal touched it
        vouch("test", floor, *files, "--alpha", "0.1")

    def test_a_changed_floor_is_refused(self):
        rng = random.Random(10)
        runs = engines(rng, 3, 40, 4, 1e-4)
        floor = self.floor(runs)
        member = self.save("m", [[0.0] * 4])
        whole = floor.read_bytes()
        for bytes_ in (whole[:-1], whole + b"\0", whole[:200] + bytes([whole[200] ^ 1]) + whole[201:],
                       b"", b"VOUCHFLR"):
            floor.write_bytes(bytes_)
            self.assertNotEqual(vouch("test", floor, member, member, member, code=MALFORMED).stderr, "")


if __name__ == "__main__":
    unittest.main(verbosity=2)
