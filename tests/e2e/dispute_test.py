#!/usr/bin/env python3
"""`vouch dispute` over real processes: whoever holds the input has a committee's lie overturned, even where every
seat told it; and who disputes what is right pays for it.

    dispute_test.py PATH/TO/vouch PATH/TO/faulty_node PATH/TO/false_disputer
"""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

from agreed import DEMO, MIDDLE, STAKE, Agreed, make_model
from policies import Policies
from processes import TIMEOUT_S, Refused, run

VOUCH, FAULTY, FALSE = sys.argv.pop(1), sys.argv.pop(1), sys.argv.pop(1)
SEATS, BOND = (0, 1, 2), 500  # everybody else can judge
# Runs a program whose processes may not filter their system calls.
UNCONFINED = """
import ctypes, os, sys
seccomp = ctypes.CDLL("libseccomp.so.2")
seccomp.seccomp_init.restype = ctypes.c_void_p
rules = ctypes.c_void_p(seccomp.seccomp_init(0x7fff0000))
assert seccomp.seccomp_rule_add(rules, 0x00050026, seccomp.seccomp_syscall_resolve_name(b"seccomp"), 0) == 0
assert seccomp.seccomp_load(rules) == 0
os.execv(sys.argv[1], sys.argv[1:])
"""


class Disputes(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)
        self.model = make_model(VOUCH, self.folder)

    def network(self, **options):
        """With an answer by nodes 0 to 2; an auditor who is no member has an account."""
        network = Agreed(VOUCH, self.folder, self.model, [MIDDLE] * 6,
                         parameters=["move_ms=30000"], **options)
        self.addCleanup(network.close)
        network.__enter__()
        self.auditor = network.network.keygen("auditor")
        network.ledger.entry("deposit", self.auditor, 2 * BOND)
        judges = [word for i in (3, 4, 5) for word in ("--exclude", network.names[i])]
        answer = network.agree(DEMO / "digits_inputs.npy", "--quorum", 3, "--cuts", "1,6", *judges)
        self.assertEqual([s["agreeing"] for s in answer["segments"]], [3])
        self.job = answer["job"]
        return network

    def command(self, network, *options, key="auditor", model=None, opening="answer.opening"):
        return [VOUCH, "dispute", self.folder / "answer.voucher", "--opening",
                self.folder / opening, "--model", model or self.model, "--peers",
                self.folder / "peers.txt", *network.ledger.member(key), *options]

    def refused(self, *command):
        with self.assertRaises(Refused) as caught:
            run(*command)
        return caught.exception

    def balance(self, network, key):
        rows = network.ledger.get_json("/api/state")["members"]
        return next(row["balance"] for row in rows if row["key"] == key)

    def killed_once_it_is_open(self, command):
        """The ledger has the dispute; whoever opened it is gone."""
        with subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, text=True) as process:
            for line in process.stderr:
                if "the dispute is open" in line:
                    process.kill()
                    return
            raise AssertionError("no dispute was opened")

    def test_a_lie_that_all_seats_tell_is_overturned(self):
        shows = [VOUCH, "node", "--attest", "none"]
        network = self.network(programs={i: [FAULTY, "signed-wrong-output"] if i in SEATS else shows for i in range(6)})
        self.assertNotEqual((self.folder / "answer.npy").read_bytes(),
                            (self.folder / "alone.npy").read_bytes())
        found = self.refused(*self.command(network))  # nobody pays by accident
        self.assertEqual(found.code, 1)
        self.assertIn(f"--bond {BOND} says that you pay it", found.text)
        self.refused(*self.command(network, "--bond", BOND - 1))
        self.assertEqual(network.settled_audit()["disputed"], [])
        self.killed_once_it_is_open(self.command(network, "--bond", BOND))
        self.assertEqual(self.balance(network, self.auditor), BOND)
        policies = Policies(VOUCH, self.folder / "policies")
        held = ["--policy", policies.sandbox(), "--policy-signer", policies.signer]
        self.judges_apart_or_not_at_all(network, held)
        said = json.loads(run(*self.command(network, "--json", *held), timeout=TIMEOUT_S))
        self.assertEqual((said["outcome"], said["segment"], said["job"]),
                         ("overturned", 1, self.job))
        self.assertGreater(said["balance"], 2 * BOND)
        self.check_audit(network, said["balance"])
        found = self.refused(*self.command(network, "--bond", BOND, key="client"))
        self.assertIn("overturned already", found.text)

    def judges_apart_or_not_at_all(self, network, held):
        """What referees show is read in a confined process, or by nobody."""
        if "a sanitizer looks into its own process" in (self.folder / "node3.log").read_text():
            return
        found = self.refused(sys.executable, "-c", UNCONFINED, *self.command(network, "--json", *held))
        self.assertIn('"parser" must be confined by "syscalls"', found.text)

    def check_audit(self, network, balance):
        found = network.settled_audit()
        self.assertEqual([(row["job"], row["segment"], row["by"], row["outcome"])
                          for row in found["disputed"]],
                         [(self.job, 1, self.auditor, "overturned")])
        rows = {row["key"]: row for row in found["accounts"]}
        for i, key in enumerate(network.keys):
            self.assertEqual(rows[key]["slashes"], i in SEATS)
            self.assertEqual(rows[key]["stake"], STAKE // 2 if i in SEATS else STAKE)
            self.assertEqual(rows[key]["silences"], 0)
        self.assertEqual(rows[self.auditor]["balance"], balance)

    def test_nobody_disputes_what_is_right_by_mistake(self):
        network = self.network()
        self.told_how_to_check(network)
        said = json.loads(run(*self.command(network, "--bond", BOND, "--json", key="client")))
        self.assertEqual(said["outcome"], "agrees")
        self.assertIn("agrees: nothing to dispute",
                      run(*self.command(network, "--bond", BOND)))
        run(VOUCH, "keygen", "-o", self.folder / "other.key", "--no-passphrase")
        run(VOUCH, "import", DEMO / "digits.onnx", "-o", self.folder / "other.vouch", "--key",
            self.folder / "other.key", "--calibrate", DEMO / "digits_inputs.npy")
        found = self.refused(*self.command(network, "--bond", BOND,
                                           model=self.folder / "other.vouch"))
        self.assertIn("another model than the voucher's", found.text)
        found = self.refused(*self.command(network, "--bond", BOND,
                                           model=network.network.segment(*MIDDLE)))
        self.assertIn("only a part of the model", found.text)
        self.altered(network)
        self.assertEqual(network.settled_audit()["disputed"], [])

    def told_how_to_check(self, network):
        command = network.network.infer_command(DEMO / "digits_inputs.npy", "--cuts", "1,6",
                                                *network.on_ledger("client"), name="told")
        command.remove("--json")
        self.assertIn(f"for 60 s `vouch dispute {self.folder / 'told.voucher'} --opening",
                      network.run(*command))

    def altered(self, network):
        """One bit of the opened input, and of the secret: what it would give says nothing of the job."""
        whole = (self.folder / "answer.opening").read_bytes()
        for place in (50, len(whole) // 3):  # the secret begins at byte 38
            changed = bytearray(whole)
            changed[place] ^= 1
            (self.folder / "altered.opening").write_bytes(changed)
            found = self.refused(*self.command(network, "--bond", BOND, opening="altered.opening"))
            self.assertIn("the opening was altered", found.text)

    def test_who_disputes_what_is_right_loses_the_bond(self):
        network = self.network()
        said = run(FALSE, self.folder / "answer.voucher", self.folder / "answer.opening",
                   self.model, self.folder / "auditor.key", self.folder / "charter",
                   network.ledger.port, self.folder / "peers.txt")
        self.assertEqual(said, "upheld\n")
        found = network.settled_audit()
        self.assertEqual([(row["by"], row["outcome"]) for row in found["disputed"]],
                         [(self.auditor, "nothing")])
        rows = {row["key"]: row for row in found["accounts"]}
        self.assertEqual(rows[self.auditor]["balance"], BOND)
        self.assertEqual(rows[self.auditor]["disputes_lost"], 1)
        for key in network.keys:
            self.assertEqual((rows[key]["stake"], rows[key]["slashes"]), (STAKE, 0))


if __name__ == "__main__":
    unittest.main()
