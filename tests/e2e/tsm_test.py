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

VOUCH, MOUNTER = sys.argv[1:3]
del sys.argv[1:]
OK, REFUSED, USAGE, MALFORMED, UNAVAILABLE = range(5)
AT = "2025-06-15T15:06:40Z"  # 1750000000
NONCE = bytes([0x31]) * 32
BUILD = ev.hashlib.sha256(pathlib.Path(VOUCH).read_bytes()).hexdigest()


def rules(root):
    """What that vendor's Turins have to show."""
    return ev.rules(
        environment="test", not_after="2026-01-31T00:00:00Z",
        facts={"builds": [BUILD], "models": "any", "policies": [bytes(32).hex()], "confinement": []},
        snp={"products": ["Turin"], "signers": ["vcek"], "vmpls": [0], "measurements": [bytes(48).hex()],
             "host_data": [bytes(32).hex()],
             "guest": {"debug": False, "min_svn": 0, "allowed": [], "required": []},
             "platform": {"required": [], "forbidden": [], "unknown": "ignore"}, "min_abi": [0, 0],
             "min_tcb": {"1a-02": {"fmc": 1, "bl": 2, "tee": 3, "snp": 4, "ucode": 81}}, "provisional": False,
             "mitigations": {"launch": bytes(8).hex(), "current": bytes(8).hex()}, "crls": "if-present"},
        anchors={"amd_turin": root.hex()})


class Tsm(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.mount = cls.folder / "report"
        cls.mount.mkdir()
        cls.mounter = subprocess.Popen([MOUNTER, cls.mount, cls.folder], stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE, text=True)
        if cls.mounter.stdout.readline() != "mounted\n":
            print(f"SKIP: cannot mount by FUSE here: {cls.mounter.stderr.read().strip()}")
            sys.stdout.flush()
            os._exit(77)  # what unittest makes of an exit is a failure
        cls.addClassCleanup(cls.unmount)
        value = rules((cls.folder / "ark.der").read_bytes())
        cls.policy = ev.policy_id(value)
        (cls.folder / "policy").write_text(ev.signed(value, ev.SIGNER))

    @classmethod
    def unmount(cls):
        subprocess.run(["fusermount3", "-u", cls.mount], check=True)
        cls.mounter.wait(60)
        for stream in (cls.mounter.stdout, cls.mounter.stderr):
            stream.close()

    def setUp(self):
        self.fault("none", 0)
        for entry in os.listdir(self.mount):
            os.rmdir(self.mount / entry)

    def fault(self, name, times=1000):
        (self.mount / ".fault").write_text(f"{name} {times}")

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
             ev.SIGNER.public.hex(), "--nonce", NONCE.hex(), "--asked", AT, "--at", AT, "--class", "prompts", "--json"],
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
