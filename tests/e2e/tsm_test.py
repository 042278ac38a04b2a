#!/usr/bin/env python3
"""vouch attest collect, from a configfs-tsm by FUSE that behaves as the kernel's does, signed by a vendor made for
the test; and everything that can go wrong with it. Skips (77) where nothing can be mounted."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import evidence as ev
import turins

VOUCH, MOUNTER = sys.argv[1:3]
del sys.argv[1:]
OK, REFUSED, USAGE, MALFORMED, UNAVAILABLE = range(5)
NONCE = bytes([0x31]) * 32
BUILD = ev.hashlib.sha256(pathlib.Path(VOUCH).read_bytes()).hexdigest()


class Tsm(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.machine = turins.Turin(MOUNTER, cls.folder)
        cls.addClassCleanup(cls.machine.close)
        cls.mount, cls.fault = cls.machine.mount, cls.machine.fault
        value = turins.rules(cls.machine.root(), BUILD)
        cls.policy = ev.policy_id(value)
        (cls.folder / "policy").write_text(ev.signed(value, ev.SIGNER))

    def setUp(self):
        self.fault("none", 0)
        for entry in os.listdir(self.mount):
            os.rmdir(self.mount / entry)

    def collect(self, *more, code=OK, says="", mount=None, left=0):
        done = subprocess.run(
            [VOUCH, "attest", "collect", "--from", f"tsm:{mount or self.mount}", "--nonce", NONCE.hex(), "--policy-id",
             self.policy.hex(), "--node", ev.NODE.hex(), "--output", self.folder / "evidence", *more],
            capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertIn(says, done.stderr)
        self.assertEqual(len(os.listdir(self.mount)), left)

    def verify(self, code=OK):
        done = subprocess.run(
            [VOUCH, "attest", "verify", self.folder / "evidence", "--policy", self.folder / "policy", "--signer",
             ev.SIGNER.public.hex(), "--nonce", NONCE.hex(), "--asked", turins.AT, "--at", turins.AT, "--class", "prompts", "--json"],
            capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return json.loads(done.stdout)

    def failed(self, told):
        return [check["name"] for check in told["checks"] if check["result"] == "FAILED"]

    def test_report_is_judged_as_it_was_collected(self):
        self.collect()
        told = self.verify()
        self.assertEqual((told["kind"], told["level"], told["word"]), ("snp", "tee", "warning"))
        warned = [check["name"] for check in told["checks"] if check["result"] == "warned"]
        self.assertEqual(warned, ["result.anchors"])  # roots of a test are always said to be

    def test_report_is_of_its_block_and_no_other(self):
        self.collect()
        path = self.folder / "evidence"
        good = bytearray(path.read_bytes())
        good[16 + 180] ^= 1  # of the node's identity
        path.write_bytes(good)
        self.assertIn("binding.evidence", self.failed(self.verify(code=REFUSED)))

    def test_faults_that_pass_are_got_over(self):
        for name in ("busy", "empty", "other-writer", "late-writer", "lost", "stale", "wrong", "garbage", "taken"):
            with self.subTest(name):
                self.fault(name, 1)
                self.collect()
                self.verify()

    def test_faults_that_stay_are_told_and_nothing_is_left(self):
        for name, says in [("busy", "the TEE is busy"), ("gone", "no TEE gives out reports"),
                           ("empty", "an empty report"), ("stale", "something else than was asked"),
                           ("small", "takes or gives less"), ("huge", "takes or gives less"),
                           ("taken", "an entry of our name")]:
            with self.subTest(name):
                self.fault(name)
                self.collect(code=UNAVAILABLE, says=says)
        self.fault("unknown-provider")
        self.collect(code=REFUSED, says="arm_cca_guest")  # unsupported

    def test_report_that_never_comes_is_not_waited_for_and_its_entry_is_removed(self):
        self.fault("hang", 1)
        self.collect("--timeout", "1", code=UNAVAILABLE, says="did not answer within 1000 ms")
        self.collect()

    def test_certificates_that_the_host_mangled_cost_no_report(self):
        self.fault("bad-table", 1)
        self.collect(says="certificate table is none")
        self.assertIn("result.evidence", self.failed(self.verify(code=MALFORMED)))  # no certificate at all
        self.collect("--endorse", f"vek={self.folder}/vcek.der", "--endorse", f"issuers={self.folder}/ask.der")
        self.verify()

    def test_entry_that_cannot_be_removed_is_told(self):
        self.fault("stuck", 2)  # the one of the first question, who the hardware is, and the second
        self.collect(says="remove it by hand", left=2)
        self.verify()

    def test_where_there_is_no_such_folder_it_is_said(self):
        self.collect(mount="/nowhere/tsm", code=UNAVAILABLE, says="expected configfs-tsm at /nowhere/tsm")
        self.collect(mount=self.folder, code=UNAVAILABLE, says="configfs-tsm is not there")
        self.collect("--endorse", f"ark={self.folder}/ark.der", code=USAGE, says="no endorsement is called")
        self.collect("--endorse", "vek", code=USAGE, says="--endorse is LABEL=FILE")


if __name__ == "__main__":
    unittest.main(verbosity=2)
