"""What has to be refused of evidence, line by line (tests/attest/lines/), and the test of each.

A line is `- WHAT | FILE: CASE; FILE: CASE` or `- WHAT | not exercised: WHY`. A case is a function of
that file that is called there too, or a method of a Python test.
"""
import pathlib
import re
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
GROUPS = sorted((ROOT / "tests/attest/lines").glob("*.md"))


def lines(group):
    for line in group.read_text().splitlines():
        if line.startswith("- "):
            what, _, where = line[2:].rpartition(" | ")
            yield what, where


class Lines(unittest.TestCase):
    def test_there_are_ten_groups(self):
        self.assertEqual("".join(group.stem for group in GROUPS), "ABCDEFGHIJ")

    def test_each_line_has_a_test_or_a_reason(self):
        for group in GROUPS:
            for what, where in lines(group):
                with self.subTest(group=group.stem, what=what):
                    self.check(where)

    def check(self, where):
        if re.fullmatch(r"not exercised: .{10,}", where):
            return
        for case in where.split("; "):
            path, _, name = case.partition(": ")
            self.assertTrue((ROOT / path).is_file(), f"there is no file {path!r}")
            self.assertRegex(name, r"^\w+(\.\w+)?$")
            name = name.split(".")[-1]
            text = (ROOT / path).read_text()
            found = len(re.findall(rf"\b{name}\b", text))
            is_alone = path.endswith(".py") or f"TEST({name})" in text  # it is called by its name, or registers itself
            self.assertGreaterEqual(found, 1 if is_alone else 2, f"{path} does not define and call {name}")


if __name__ == "__main__":
    sys.argv[1:] = []
    unittest.main(verbosity=0)
