#!/usr/bin/env python3
"""`vouch split --leak` on the demo's models: what cuts leak, drawn, and kept to by plans."""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest
import xml.dom.minidom

from arrays import ROOT, write_npy

VOUCH = sys.argv.pop(1)
YES, NO, USAGE, MALFORMED = range(4)
NODES = [{"name": name, "operator": name} for name in ("alder", "birch", "cedar")]


def vouch(*arguments, code=YES):
    done = subprocess.run([VOUCH, *map(str, arguments)], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=300, check=False)
    assert done.returncode == code, f"{arguments}: exit {done.returncode}\n{done.stdout}{done.stderr}"
    return done


class Leak(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls.scratch.name)
        vouch("keygen", "-o", cls.folder / "owner.key", "--no-passphrase")
        for name in ("digits", "breast_cancer"):
            vouch("import", ROOT / f"demo/{name}.onnx", "-o", cls.folder / f"{name}.vouch", "--key",
                  cls.folder / "owner.key", "--calibrate", cls.samples(name))
        cls.digits = json.loads(cls.measure("digits", "--json").stdout)
        (cls.folder / "digits.json").write_text(json.dumps(cls.digits))
        (cls.folder / "nodes.json").write_text(json.dumps(NODES))

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    @staticmethod
    def samples(name):
        return ROOT / f"demo/{name}_calibration.npy"

    @classmethod
    def measure(cls, name, *arguments, code=YES):
        return vouch("split", cls.folder / f"{name}.vouch", "--leak", "--calibrate",
                     cls.samples(name), *arguments, code=code)

    def plan(self, *arguments, code=YES):
        return vouch("split", self.folder / "digits.vouch", "--plan", "--nodes",
                     self.folder / "nodes.json", *arguments, code=code)

    def test_images_leak_less_with_depth_and_more_than_nothing(self):
        cuts = self.digits["cuts"]
        self.assertEqual(self.digits["samples"],
                         {"training": 40, "validation": 12, "test": 12, "seed": 1})
        self.assertEqual(self.digits["blind"]["r2"], 0)
        self.assertTrue(cuts[0]["is_input"])
        self.assertEqual(cuts[0]["leak"], 1)
        leaks = [cut["leak"] for cut in cuts]
        self.assertEqual(leaks, sorted(leaks, reverse=True))
        self.assertGreater(leaks[1], 0.9)  # one layer hides next to nothing
        self.assertGreater(leaks[-1], 0.2)  # the scores themselves tell which digit
        first = cuts[1]["convolutional"]
        self.assertGreater(first["psnr_db"], self.digits["blind"]["psnr_db"] + 6)
        self.assertGreater(first["ssim"], self.digits["blind"]["ssim"] + 0.3)

    def test_figures_are_the_same_on_any_number_of_threads(self):
        for environment in (("--threads", 1), ("--threads", 7)):
            self.assertEqual(json.loads(self.measure("digits", "--json", *environment).stdout),
                             self.digits)
        other = json.loads(self.measure("digits", "--json", "--seed", 2).stdout)
        self.assertNotEqual(other["cuts"], self.digits["cuts"])

    def test_tables_name_the_column_that_leaks_most(self):
        names = [f"feature_{i}" for i in range(30)]
        columns = self.folder / "columns.txt"
        columns.write_text("\n".join(names) + "\n")
        report = json.loads(self.measure("breast_cancer", "--json", "--columns", columns).stdout)
        self.assertEqual(report["columns"], names)
        for cut in report["cuts"]:
            self.assertIsNone(cut["convolutional"])
            by_column = cut["linear"]["column_r2"]
            self.assertEqual(len(by_column), 30)
            self.assertEqual(cut["measured"], max(by_column))
            self.assertEqual(by_column[cut["column"]], max(by_column))
        text = self.measure("breast_cancer", "--columns", columns).stdout
        self.assertIn(names[report["cuts"][1]["column"]], text)
        self.assertIn("bound from below", text)
        columns.write_text("age,sex")
        self.assertIn("2 names", self.measure("breast_cancer", "--columns", columns,
                                              code=USAGE).stderr)

    def test_reports_are_pictures(self):
        png, svg, table = (self.folder / name for name in ("a.png", "a.svg", "b.svg"))
        self.measure("digits", "--leak-report", png)
        self.measure("digits", "--leak-report", svg)
        self.measure("breast_cancer", "--leak-report", table)
        self.assertEqual(png.read_bytes()[:8], b"\x89PNG\r\n\x1a\n")
        image = xml.dom.minidom.parse(str(svg)).getElementsByTagName("image")[0]
        self.assertTrue(image.getAttribute("href").startswith("data:image/png;base64,"))
        cells = xml.dom.minidom.parse(str(table)).getElementsByTagName("rect")
        self.assertEqual(len(cells), 1 + 30 * 6)
        self.assertIn(".svg", self.measure("breast_cancer", "--leak-report", self.folder / "b.png",
                                           code=USAGE).stderr)

    def test_plans_keep_to_the_limit(self):
        measured = ("--leak-file", self.folder / "digits.json")
        for limit in (0.95, 0.6):
            plan = json.loads(self.plan("--leak-max", limit, *measured, "--json").stdout)
            allowed = {c["position"] for c in self.digits["cuts"] if c["leak"] <= limit}
            for segment in plan["segments"]:
                if segment["by"] == "nodes":
                    self.assertLessEqual({segment["first"], segment["last"]}, allowed)
            self.assertLessEqual(plan["leak_of_nodes"], limit)
        on_the_spot = self.plan("--leak-max", 0.6, "--calibrate", self.samples("digits"), "--json")
        self.assertEqual(json.loads(on_the_spot.stdout), plan)

    def test_plans_of_too_low_a_limit_name_the_closest_cut(self):
        closest = self.digits["cuts"][6]  # the last layer but one begins here
        done = self.plan("--leak-max", 0.3, "--leak-file", self.folder / "digits.json", code=NO)
        self.assertIn(f"leaks {closest['leak']:.3f}", done.stderr)

    def test_a_plans_own_cuts_are_measured(self):
        plan = json.loads(self.plan("--leak", "--calibrate", self.samples("digits"),
                                    "--json").stdout)
        seen = {p for s in plan["segments"] if s["by"] == "nodes" for p in (s["first"], s["last"])}
        self.assertEqual({cut["position"] for cut in plan["leak"]["cuts"]}, seen)
        everywhere = {cut["position"]: cut["linear"] for cut in self.digits["cuts"]}
        for cut in plan["leak"]["cuts"]:
            self.assertEqual(cut["linear"], everywhere[cut["position"]])

    def test_wrong_uses_are_told_what_to_do(self):
        few = self.folder / "few.npy"
        write_npy(few, (10, 1, 8, 8), [float(i % 17) for i in range(640)])
        model = self.folder / "digits.vouch"
        self.assertIn("at least 40 samples", vouch("split", model, "--leak", "--calibrate", few,
                                                   code=USAGE).stderr)
        self.assertIn("--calibrate", vouch("split", model, "--leak", code=USAGE).stderr)
        self.assertIn("--leak-file", self.plan("--leak-max", 0.5, code=USAGE).stderr)
        self.assertIn("0 (nothing)", self.plan("--leak-max", 1.5, code=USAGE).stderr)
        self.assertIn("1x28x28", self.measure("digits", "--image", "8x8", code=USAGE).stderr)
        self.assertIn("not the 64", self.measure("digits", "--image", "1x9x9", code=USAGE).stderr)
        self.assertIn("64 numbers", vouch("split", model, "--leak", "--calibrate",
                                          self.samples("breast_cancer"), code=MALFORMED).stderr)

    def test_measures_of_other_models_and_broken_files_are_refused(self):
        broken = self.folder / "broken.json"
        other = dict(self.digits, model="00" * 32)
        back = dict(self.digits, cuts=self.digits["cuts"][::-1])
        beyond = dict(self.digits, cuts=[{"position": 0, "leak": 1.5}])
        for content, code, words in ((json.dumps(other), NO, "another model"),
                                     (json.dumps(back), MALFORMED, "ascend"),
                                     (json.dumps(beyond), MALFORMED, "from 0 to 1"),
                                     (json.dumps({"model": self.digits["model"]}), MALFORMED,
                                      "no cuts"),
                                     ("[", MALFORMED, "no JSON")):
            broken.write_text(content)
            done = self.plan("--leak-max", 0.5, "--leak-file", broken, code=code)
            self.assertIn(words, done.stderr)


if __name__ == "__main__":
    unittest.main()
