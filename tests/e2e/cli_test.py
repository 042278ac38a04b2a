#!/usr/bin/env python3
"""What people type at `vouch`, right and wrong: answers, exit codes, complaints."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree
import zipfile

import levels
from arrays import ROOT, read_npy, write_npy

VOUCH = sys.argv.pop(1)
YES, NO, USAGE, MALFORMED, UNAVAILABLE = range(5)


def vouch(*arguments, code=YES):
    done = subprocess.run([VOUCH, *map(str, arguments)], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=120, check=False)
    assert done.returncode == code, f"{arguments}: exit {done.returncode}\n{done.stdout}{done.stderr}"
    return done


class Cli(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls.scratch.name)
        cls.owner = cls.folder / "owner.key"
        vouch("keygen", "-o", cls.owner, "--no-passphrase")
        cls.model = cls.folder / "digits.vouch"
        vouch("import", ROOT / "demo/digits.onnx", "-o", cls.model, "--key", cls.owner,
              "--calibrate", ROOT / "demo/digits_calibration.npy")

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    def test_every_command_explains_itself(self):
        overview = vouch("--help").stdout
        for name in ("import", "inspect", "run", "annex", "prove", "split", "keygen", "registry", "node", "witness", "infer",
                     "verify", "attest", "owner", "audit", "likeness", "bench", "completion"):
            self.assertIn(f"  {name} ", overview)
            self.assertIn(f"usage: vouch {name} ", vouch(name, "--help").stdout)
        self.assertEqual(vouch(code=USAGE).stdout, "")
        vouch("frobnicate", code=USAGE)

    def test_completion_is_valid_shell(self):
        script = vouch("completion", "bash").stdout
        subprocess.run(["bash", "-n"], input=script, text=True, check=True)
        vouch("completion", "fish", code=NO)

    def test_usage_errors_say_what_is_accepted(self):
        for arguments, word in [
            (("run",), "usage: vouch run"),
            (("run", self.model, "--inptu", "x"), "--help"),
            (("run", self.model), "--input"),
            (("run", self.model, "--input"), "needs a value"),
            (("run", self.model, "--input", "a.npy", "--threads", "none"), "whole number"),
            (("import", "x.onnx", "-o", "y"), "--key is required"),
            (("split", self.model, "--extract", "5:2", "-o", "x"), "FIRST:LAST"),
            (("keygen",), "--output is required"),
        ]:
            self.assertIn(word, vouch(*arguments, code=USAGE).stderr)

    def test_an_archive_holds_every_output_under_its_name(self):
        x = ROOT / "demo/digits_calibration.npy"
        vouch("run", self.model, "--input", x, "--output", self.folder / "y.npz")
        vouch("run", self.model, "--input", x, "--output", self.folder / "y.npy")
        with zipfile.ZipFile(self.folder / "y.npz") as archive:
            self.assertEqual(archive.testzip(), None)
            name, = archive.namelist()
            self.assertEqual(archive.read(name), (self.folder / "y.npy").read_bytes())

    def test_import_says_where_the_error_comes_from(self):
        report, plot = self.folder / "report.json", self.folder / "plot.svg"
        common = (ROOT / "demo/digits.onnx", "-o", self.folder / "r.vouch", "--key", self.owner,
                  "--calibrate", "synthetic")
        vouch("import", *common, "--report", report, "--plot", plot, "--max-loss", "50",
              "--range", "percentile:99.9")
        written = json.loads(report.read_text())
        self.assertTrue(written["has_shares"])
        shares = sum(t["share"] + t["share_weights"] for t in written["tensors"])
        self.assertTrue(shares == 0 or abs(shares - 1) < 1e-6)
        names = [t["name"] for t in written["tensors"]]
        root = xml.etree.ElementTree.parse(plot).getroot()
        texts = ["".join(e.itertext()) for e in root.iter("{http://www.w3.org/2000/svg}text")]
        for name in names:
            self.assertIn(name[:30], " ".join(texts))
        for wrong in (("--range", "percentile:0"), ("--range", "most"), ("--max-loss", "many"),
                      ("--max-loss", "-1")):
            vouch("import", *common, *wrong, code=USAGE)
        done = vouch("import", *common, "--max-size", "100", code=MALFORMED)
        self.assertIn("bytes at least", done.stderr)

    def test_import_without_calibration_is_a_usage_error(self):
        done = vouch("import", ROOT / "demo/digits.onnx", "-o", self.folder / "x", "--key",
                     self.owner, code=USAGE)
        self.assertIn("--calibrate", done.stderr)
        self.assertFalse((self.folder / "x").exists())

    def test_supported_operators_are_listed(self):
        listed = vouch("import", "--supported").stdout.split("\n")
        self.assertIn("Conv", listed)
        self.assertIn("ai.onnx.ml.TreeEnsembleClassifier", listed)
        vouch("import", code=USAGE)

    def test_synthetic_calibration_is_labelled(self):
        done = vouch("import", ROOT / "demo/digits.onnx", "-o", self.folder / "s.vouch", "--key",
                     self.owner, "--calibrate", "synthetic:7")
        self.assertIn("SYNTHETIC", done.stdout)

    def test_absent_files_are_unavailable(self):
        for arguments in (("run", "/nonexistent", "--input", "x"), ("inspect", "/nonexistent"),
                          ("verify", "/nonexistent")):
            self.assertIn("/nonexistent", vouch(*arguments, code=UNAVAILABLE).stderr)

    def test_garbage_is_malformed_everywhere(self):
        garbage = self.folder / "garbage"
        garbage.write_bytes(bytes(range(256)) * 4)
        vouch("run", garbage, "--input", "x", code=MALFORMED)
        vouch("inspect", garbage, code=MALFORMED)
        vouch("verify", garbage, code=MALFORMED)
        vouch("import", garbage, "-o", self.folder / "x", "--key", self.owner, code=MALFORMED)
        vouch("run", self.model, "--input", garbage, code=MALFORMED)
        vouch("import", ROOT / "demo/digits.onnx", "-o", self.folder / "x", "--key", garbage,
              "--calibrate", "synthetic", code=MALFORMED)

    def test_a_key_is_never_overwritten(self):
        before = self.owner.read_bytes()
        vouch("keygen", "-o", self.owner, "--no-passphrase", code=NO)
        self.assertEqual(self.owner.read_bytes(), before)
        self.assertEqual(os.stat(self.owner).st_mode & 0o777, 0o600)

    def test_a_sealed_key_opens_with_its_passphrase_only(self):
        right, wrong = self.folder / "right", self.folder / "wrong"
        right.write_text("correct horse\n")
        wrong.write_text("battery staple\n")
        key, members = self.folder / "sealed.key", self.folder / "members.txt"
        public = vouch("keygen", "-o", key, "--passphrase-file", right).stdout.strip()
        members.write_text(f"node hospital-a {public}  # comment\n")
        registry = self.folder / "sealed.registry"
        vouch("registry", members, "--key", key, "-o", registry, "--passphrase-file", wrong,
              code=NO)
        self.assertFalse(registry.exists())
        vouch("registry", members, "--key", key, "-o", registry, "--passphrase-file", right)
        vouch("registry", members, "--key", key, "-o", registry, code=UNAVAILABLE)  # no terminal
        described = json.loads(vouch("inspect", registry, "--json").stdout)
        self.assertEqual(described["founder"], public)
        self.assertEqual(described["members"][0]["operator"], "hospital-a")

    def test_a_node_draws_with_a_key_of_its_own(self):
        identity, vrf, members = self.folder / "n.key", self.folder / "n.vrf", self.folder / "drawing.txt"
        public = vouch("keygen", "-o", identity, "--no-passphrase").stdout.strip()
        drawing = vouch("keygen", "--vrf", "-o", vrf, "--no-passphrase").stdout.strip()
        self.assertEqual(json.loads(vouch("inspect", vrf, "--json").stdout),
                         {"kind": "sealed VRF key", "public_key": drawing})
        registry = self.folder / "drawing.registry"
        members.write_text(f"node a {public} {drawing}\nclient b {drawing}\n")
        vouch("registry", members, "--key", identity, "-o", registry)
        described = json.loads(vouch("inspect", registry, "--json").stdout)
        self.assertEqual([member.get("vrf") for member in sorted(described["members"], key=lambda m: m["role"])],
                         [None, drawing])
        done = vouch("registry", members, "--key", vrf, "-o", self.folder / "no", code=MALFORMED)
        self.assertIn("a VRF key where a signing key is needed", done.stderr)

    def test_a_bad_members_file_names_its_line(self):
        members = self.folder / "bad.txt"
        members.write_text("# fine\nnode a 0011\n")
        done = vouch("registry", members, "--key", self.owner, "-o", self.folder / "x",
                     code=MALFORMED)
        self.assertIn("line 2", done.stderr)

    def test_run_gives_one_answer_on_every_level_and_thread_count(self):
        answers = set()
        for level in levels.native(VOUCH):
            for threads in (1, 2, 7):
                done = subprocess.run(
                    [VOUCH, "run", str(self.model), "--input", str(ROOT / "demo/digits_inputs.npy"),
                     "--threads", str(threads), "--json", "--trace"], capture_output=True,
                    env=level.full_environment(), check=True)
                answers.add(done.stdout)
        self.assertEqual(len(answers), 1)

    def test_run_gives_one_answer_cut_anywhere(self):
        inputs = ("--input", ROOT / "demo/digits_inputs.npy", "--json", "--trace")
        want = vouch("run", self.model, *inputs).stdout
        cuts = [c["position"] for c in json.loads(
            vouch("split", self.model, "--json").stdout)["cuts"]][1:-1]
        for chosen in (*cuts, "all", ",".join(map(str, cuts[::2]))):
            self.assertEqual(vouch("run", self.model, *inputs, "--cuts", chosen).stdout, want)
        for wrong in ("0", "99", "3,2", "3,3", "some"):
            done = vouch("run", self.model, *inputs, "--cuts", wrong, code=USAGE)
            self.assertIn("vouch split", done.stderr)

    def test_an_unknown_processor_level_is_refused(self):
        done = subprocess.run([VOUCH, "inspect", str(self.model)], capture_output=True,
                              env={**os.environ, "VCH_CPU_LEVEL": "quantum"}, check=False)
        self.assertEqual(done.returncode, USAGE)

    def test_run_writes_what_it_prints(self):
        out = self.folder / "y.npy"
        done = vouch("run", self.model, "--input", ROOT / "demo/digits_inputs.npy", "--output", out,
                     "--json")
        shape, values = read_npy(out)
        printed = [v for row in json.loads(done.stdout)["outputs"][0]["values"] for v in row]
        self.assertEqual(shape[0], 10)
        self.assertEqual(len(values), len(printed))
        for got, want in zip(values, printed):
            self.assertAlmostEqual(got, want, places=5)

    def test_inputs_of_the_wrong_size_are_refused(self):
        bad = self.folder / "bad.npy"
        write_npy(bad, (3, 5), [0.0] * 15)
        self.assertIn("numbers a sample",
                      vouch("run", self.model, "--input", bad, code=MALFORMED).stderr)

    def test_segments_hold_their_part_only(self):
        cuts = json.loads(vouch("split", self.model, "--json").stdout)["cuts"]
        self.assertGreaterEqual(len(cuts), 4)
        first, last = cuts[1]["position"], cuts[-2]["position"]
        segment = self.folder / "segment.vouch"
        vouch("split", self.model, "--extract", f"{first}:{last}", "-o", segment)
        whole = json.loads(vouch("inspect", self.model, "--json").stdout)
        part = json.loads(vouch("inspect", segment, "--json").stdout)
        self.assertEqual(whole["peak_memory"], whole["program_memory"] + whole["run_memory"])
        self.assertGreater(whole["program_memory"], whole["parameter_size"])
        self.assertEqual(part["peak_memory"], whole["peak_memory"])  # planned from shapes alone
        self.assertEqual(whole["identity"], part["identity"])
        self.assertLess(segment.stat().st_size, self.model.stat().st_size)
        held = [o["index"] for o in part["operators"] if o["held"]]
        self.assertTrue(set(range(first, last)) <= set(held))
        vouch("run", segment, "--input", ROOT / "demo/digits_inputs.npy", code=NO)

    def test_a_plan_keeps_its_constraints(self):
        nodes = self.folder / "nodes.json"
        nodes.write_text(json.dumps([{"name": f"n{i}", "operator": f"op{i}"} for i in range(6)]))
        plan = json.loads(vouch("split", self.model, "--plan", "--nodes", nodes, "--segments", 3,
                                "--json").stdout)["segments"]
        self.assertEqual([s["by"] for s in plan], ["client", "nodes", "nodes", "nodes", "client"])
        for left, right in zip(plan[1:-2], plan[2:-1]):
            self.assertEqual(left["last"], right["first"])
            self.assertFalse(set(left["nodes"]) & set(right["nodes"]))
        strict = vouch("split", self.model, "--plan", "--nodes", nodes, "--segments", 3,
                       "--quorum", 3, "--strict", "--json")
        plan = json.loads(strict.stdout)["segments"]
        for left, right in zip(plan[1:-2], plan[2:-1]):
            self.assertFalse(set(left["nodes"]) & set(right["nodes"]))
        few = self.folder / "few.json"
        few.write_text(json.dumps([{"name": "n", "operator": "o"}]))
        done = vouch("split", self.model, "--plan", "--nodes", few, "--quorum", 3, code=NO)
        self.assertTrue(done.stderr)

    def test_one_flipped_byte_of_a_package_is_refused(self):
        data = bytearray(self.model.read_bytes())
        bad = self.folder / "flipped.vouch"
        for at in (0, 20, 100, len(data) // 2, len(data) - 1):
            data[at] ^= 1
            bad.write_bytes(data)
            data[at] ^= 1
            done = subprocess.run([VOUCH, "inspect", str(bad)], capture_output=True, check=False)
            self.assertIn(done.returncode, (NO, MALFORMED), f"byte {at}")


if __name__ == "__main__":
    unittest.main(verbosity=1)
