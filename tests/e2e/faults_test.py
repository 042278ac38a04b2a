#!/usr/bin/env python3
"""Real processes that die, stall, lie and babble: the answer is right or the refusal is clear,
nothing hangs, and the voucher names the culprit.

    faults_test.py VOUCH FAULTY_NODE
"""
import json
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import unittest
import urllib.request

from arrays import ROOT
from network import Network, Refused

VOUCH, FAULTY = sys.argv[1], sys.argv[2]
OPERATORS = 5
HURRY = ("--patience-ms", 1500, "--grace-ms", 1500, "--deadline-ms", 20000)
NO, UNAVAILABLE = 1, 4

# What `vouch infer` says of each kind of node that leaves no vote to count.
FAULTS = {
    "wrong-output": "sent a tensor that does not match its vote",
    "bad-signature": "sent a vote whose signature is wrong",
    "wrong-input": "voted on another input than it was given",
    "out-of-range": "sent a malformed answer",
    "refuse": "refused",
    "crash": "could not be reached",
    "huge-frame": "sent a malformed answer",
    "malformed-frame": "sent a malformed answer",
    "close-mid-tensor": "could not be reached",
    "stall": "did not answer in time",
    "dribble": "did not answer in time",
}


def get(node, path):
    with urllib.request.urlopen(f"http://{node.http}{path}", timeout=30) as answer:
        return answer.read().decode()


def metric(node, name):
    for line in get(node, "/metrics").splitlines():
        if line.startswith(name + " "):
            return float(line.split()[1])
    raise KeyError(name)


class Faults(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.shared = pathlib.Path(cls.scratch.name)
        cls.model, cls.inputs = cls.shared / "digits.vouch", ROOT / "demo/digits_inputs.npy"
        owner = cls.shared / "owner.key"
        cls.vouch("keygen", "-o", owner, "--no-passphrase")
        cls.vouch("import", ROOT / "demo/digits.onnx", "-o", cls.model, "--key", owner,
                  "--calibrate", ROOT / "demo/digits_calibration.npy")
        cls.vouch("run", cls.model, "--input", cls.inputs, "--output", cls.shared / "right.npy")
        cls.right = (cls.shared / "right.npy").read_bytes()

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    @staticmethod
    def vouch(*arguments):
        subprocess.run([VOUCH, *map(str, arguments)], check=True, capture_output=True)

    def network(self, faulty=None, operators=OPERATORS):
        """`faulty`: index to mode. All nodes hold the whole model."""
        folder = tempfile.TemporaryDirectory(dir=self.shared)
        self.addCleanup(folder.cleanup)
        programs = {i: [FAULTY, mode] for i, mode in (faulty or {}).items()}
        return Network(VOUCH, folder.name, self.model, programs=programs,
                       placements=[self.whole()] * operators)

    def whole(self):
        done = subprocess.run([VOUCH, "split", self.model, "--json"], check=True,
                              capture_output=True)
        cuts = json.loads(done.stdout)["cuts"]
        return cuts[0]["position"], cuts[-1]["position"]

    def check_answer(self, network, *options):
        answer = network.infer(self.inputs, *HURRY, *options)
        self.assertEqual((network.folder / "answer.npy").read_bytes(), self.right)
        code, report = network.verify()
        self.assertEqual(code, 0, report)
        return answer

    @staticmethod
    def faults(answer):
        return {f["operator"]: f["fault"] for s in answer["segments"] for f in s["faults"]}

    def test_each_fault_is_named_and_does_no_harm(self):
        for mode, text in FAULTS.items():
            with self.subTest(mode), self.network({2: mode}) as network:
                answer = self.check_answer(network, "--quorum", OPERATORS)
                self.assertEqual(self.faults(answer), {"operator-2": text})

    def test_a_signed_lie_is_outvoted_and_the_voucher_convicts(self):
        with self.network({1: "signed-wrong-output"}) as network:
            answer = self.check_answer(network, "--quorum", OPERATORS)
            self.assertEqual(answer["segments"][0]["dissent"], ["operator-1"])
            self.assertIn(network.nodes[1].key, str(network.verify()[1]))

    def test_a_replayed_vote_is_a_bad_signature(self):
        with self.network({0: "replay"}) as network:
            self.assertEqual(self.faults(self.check_answer(network, "--quorum", OPERATORS)), {})
            answer = self.check_answer(network, "--quorum", OPERATORS)
            self.assertEqual(self.faults(answer), {"operator-0": FAULTS["bad-signature"]})

    def test_a_lone_faulty_node_gives_a_refusal_that_names_it(self):
        for mode in ("wrong-output", "bad-signature", "refuse", "crash", "huge-frame"):
            with self.subTest(mode), self.network({0: mode}, operators=1) as network:
                with self.assertRaises(Refused) as caught:
                    network.infer(self.inputs, "--quorum", 1, *HURRY)
                self.assertIn(caught.exception.code, (NO, UNAVAILABLE))
                self.assertIn("operator-0", caught.exception.text)
                self.assertFalse((network.folder / "answer.voucher").exists())

    def test_kill_9_in_the_middle_of_a_job_is_routed_around(self):
        with self.network({0: "stall"}) as network:
            command = network.infer_command(self.inputs, "--quorum", OPERATORS, *HURRY)
            with subprocess.Popen([VOUCH, *map(str, command)], stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE) as client:
                while metric(network.nodes[0], "vouch_queue_depth") == 0:
                    self.assertIsNone(client.poll())
                network.nodes[0].kill()  # it has the job in hand
                _, errors = client.communicate(timeout=60)
            self.assertEqual(client.returncode, 0, errors)
            self.assertEqual((network.folder / "answer.npy").read_bytes(), self.right)
            self.assertEqual(network.verify()[0], 0)

    def test_a_dead_and_a_frozen_node_do_not_stop_the_others(self):
        with self.network() as network:
            network.nodes[0].kill()
            network.nodes[1].stall()
            self.check_answer(network, "--quorum", 3)
            network.nodes[1].go_on()

    def test_a_deadline_that_has_passed_is_refused(self):
        with self.network() as network:
            with self.assertRaises(Refused) as caught:
                network.infer(self.inputs, "--quorum", 3, "--deadline-ms", 1)
            self.assertIn("deadline", caught.exception.text)

    def test_silent_and_babbling_sockets_are_closed_while_others_are_served(self):
        with self.network(operators=2) as network:
            host, port = network.nodes[0].address.rsplit(":", 1)
            sockets = [socket.create_connection((host, int(port)), timeout=60) for _ in range(60)]
            for i, it in enumerate(sockets):
                self.addCleanup(it.close)
                if i % 3 == 1:
                    it.sendall(b"GET / HTTP/1.1\r\n\r\n")
                if i % 3 == 2:
                    it.sendall(b"\x16\x03\x01\x02\x00\x01")  # a handshake that never goes on
            answer = self.check_answer(network, "--quorum", 2)
            self.assertEqual(self.faults(answer), {})
            for it in sockets:
                try:
                    while it.recv(4096):
                        pass
                except ConnectionResetError:
                    pass
            self.assertGreaterEqual(metric(network.nodes[0], "vouch_handshakes_failed_total"), 60)

    def test_a_stranger_is_refused_before_any_frame(self):
        with self.network(operators=1) as network:
            stranger = network.keygen("stranger")
            members = network.folder / "other.txt"
            members.write_text(f"client the-client {stranger}\n"
                               f"node operator-0 {network.nodes[0].key}\n")
            network.run("registry", members, "--key", network.folder / "founder.key", "-o",
                        network.folder / "other.registry")
            command = [str(a) for a in network.infer_command(self.inputs, "--quorum", 1)]
            command[command.index("--key") + 1] = str(network.folder / "stranger.key")
            command[command.index("--registry") + 1] = str(network.folder / "other.registry")
            with self.assertRaises(Refused):
                network.run(*command)
            self.assertEqual(metric(network.nodes[0], "vouch_jobs_admitted_total"), 0)
            self.assertGreaterEqual(metric(network.nodes[0], "vouch_handshakes_failed_total"), 1)

    def test_health_and_metrics_tell_and_a_drain_ends_with_0(self):
        with self.network(operators=3) as network:
            self.check_answer(network, "--quorum", 3)
            for node in network.nodes:
                self.assertEqual(get(node, "/healthz"), "ok\n")
                self.assertEqual(metric(node, "vouch_jobs_answered_total"), 1)
                self.assertEqual(metric(node, "vouch_compute_seconds_count"), 1)
                self.assertEqual(metric(node, "vouch_memory_used_bytes"), 0)
                self.assertEqual(node.drain(), 0)

    def test_a_drain_finishes_what_was_admitted(self):
        with self.network({0: "stall"}, operators=1) as network:
            command = network.infer_command(self.inputs, "--quorum", 1, "--deadline-ms", 3000)
            with subprocess.Popen([VOUCH, *map(str, command)], stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE) as client:
                while metric(network.nodes[0], "vouch_queue_depth") == 0:
                    self.assertIsNone(client.poll())
                network.nodes[0].process.send_signal(signal.SIGTERM)
                client.communicate(timeout=60)
            self.assertEqual(network.nodes[0].process.wait(60), 0)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
