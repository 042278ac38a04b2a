#!/usr/bin/env python3
"""Sealed weights, from the owner to an answer: a TPM's key is enrolled, a model is sealed, a node with that TPM shows
what it is, the owner releases the key to it, and a client that asks for the same evidence is served. And everybody
who would like to have weights, or an input, without showing that. Skips (77) without swtpm and tpm2-tools."""
import hashlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import tpms
from agreed import DEMO, make_model
from network import Network, Node, Refused
from processes import family

VOUCH, DIES_AFTER_SYNC, SECRETS = (sys.argv.pop(1) for _ in range(3))
SANITIZED = b"__asan_init" in pathlib.Path(VOUCH).read_bytes()
NO, CANNOT_LOOK = 1, 3
FIRST, LAST = 1, 6  # what nodes hold of the model; the client keeps both ends
BOOT = hashlib.sha256(b"what was booted").hexdigest()
RECORD = 448  # bytes of a record of the owner's log
COUNTER = 128  # and of one of what a node has opened


def sha256(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


class Relay(threading.Thread):
    """Sits between two ends of TCP connections, and counts what goes by."""

    def __init__(self, address):
        super().__init__(daemon=True)
        host, port = address.rsplit(":", 1)
        self.to, self.passed, self.ends = (host, int(port)), 0, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        self.start()

    def run(self):
        while True:
            try:
                near = self.listener.accept()[0]
            except OSError:
                return
            far = socket.create_connection(self.to)
            self.ends += [near, far]
            for ends in ((near, far), (far, near)):
                threading.Thread(target=self.pump, args=ends, daemon=True).start()

    def pump(self, out_of, into):
        try:
            while data := out_of.recv(65536):
                self.passed += len(data)
                into.sendall(data)
            into.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def close(self):
        for end in [self.listener, *self.ends]:
            end.close()


class Sealed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        scratch = tempfile.TemporaryDirectory()
        cls.addClassCleanup(scratch.cleanup)
        cls.folder = pathlib.Path(scratch.name)
        cls.model = make_model(VOUCH, cls.folder)  # as its owner, owner.key
        cls.network = Network(VOUCH, cls.folder, cls.model, [(FIRST, LAST)] * 2)
        cls.owner = cls.vouch("keygen", "-o", "signer.key", "--no-passphrase").strip()
        cls.tpm, cls.other = (tpms.Tpm(cls.folder / name) for name in ("tpm", "other"))
        for tpm in (cls.tpm, cls.other):
            cls.addClassCleanup(tpm.stop)
            tpm.extend(11, BOOT)
        cls.write_rules("rules", cls.tpm)
        cls.seal(cls.network.segment(FIRST, LAST), "m.sealed")

    @classmethod
    def vouch(cls, *arguments, timeout=120):
        done = subprocess.run([VOUCH, *map(str, arguments)], cwd=cls.folder, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=timeout, check=False)
        if done.returncode != 0:
            raise Refused(done.returncode, done.stdout + done.stderr)
        return done.stdout

    @classmethod
    def enrol(cls, tpm):
        """The key of a TPM, as it goes into a policy: through the four files of credential activation."""
        cls.vouch("attest", "enrol", "request", "--from", f"tpm:{tpm.tcti}", "--output", "request")
        cls.vouch("attest", "enrol", "challenge", "request", "--maker", tpm.root, "--issuer", tpm.issuer, "--pending",
                  "pending", "--output", "challenge")
        cls.vouch("attest", "enrol", "answer", "challenge", "--from", f"tpm:{tpm.tcti}", "--output", "answer")
        return json.loads(cls.vouch("attest", "enrol", "accept", "answer", "--pending", "pending", "--place",
                                    "software"))["key"]

    @classmethod
    def write_rules(cls, name, tpm, environment="test", signer="signer.key", pcrs=None, **changes):
        rules = {
            "version": 1, "name": name, "environment": environment,
            "not_after": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 86400)),
            "levels": {"prompts": ["tpm"], "weights:open": ["tpm"], "weights:private": ["tpm"]},
            "facts": {"builds": [sha256(VOUCH)], "models": "any", "policies": ["00" * 32], "confinement": []},
            "tpm": {"aks": ["enrolled"], "places": ["software"], "keys": [cls.enrol(tpm)],
                    "pcrs": {"11": pcrs or [tpm.values([11])[11]]}, "log": "none"},
            "hardware": {"registry": "none"},
            "freshness": {"nonce_s": 60, "reattest_s": 600, "result_s": 3600},
        }
        rules.update(changes)
        (cls.folder / f"{name}.json").write_text(json.dumps(rules))
        (cls.folder / f"{name}.rules").unlink(missing_ok=True)
        cls.vouch("attest", "policy", "sign", f"{name}.json", "--key", signer, "--output", f"{name}.rules")

    @classmethod
    def seal(cls, package, name, *options):
        return json.loads(cls.vouch("owner", "seal", package, "--key", "owner.key", "-o", name, "--no-passphrase",
                                    "--json", *options))

    def setUp(self):
        for left in ("*.key.opened", "client.releases", "node?.log"):
            for path in self.folder.glob(left):
                path.unlink()
        self.tpm.reset()
        self.tpm.extend(11, BOOT)

    def start(self, i=0, *options, tpm=None, sealed="m.sealed", environment=None):
        """Node i, with nothing but sealed weights."""
        command = [VOUCH, "node", "--key", self.folder / f"node{i}.key", "--registry",
                   self.folder / "network.registry", "--founder", self.network.founder, "--attest",
                   f"tpm:{(tpm or self.tpm).tcti}", "--sealed", self.folder / sealed, "--owner",
                   self.folder / "owner.key", *options]
        node = Node(command, f"node{i}", self.folder / f"node{i}.log", environment)
        self.addCleanup(node.close)
        return node

    def release_command(self, node, *options, sealed="m.sealed", rules="rules", key=None, address=None,
                        accept=("result.anchors",), by="client.key", log="client.releases"):
        accepted = [word for check in accept for word in ("--accept", check)]
        return ["owner", "release", sealed, "--key", by, "--to", address or node.address, "--node",
                key or node.key, "--policy", f"{rules}.rules", "--policy-signer", self.owner, "--log",
                log, *accepted, *options]

    def release(self, node, *options, **changes):
        return json.loads(self.vouch(*self.release_command(node, "--json", *options, **changes)))

    def check_not_released(self, says, node, *options, **changes):
        before = self.records()
        with self.assertRaises(Refused) as caught:
            self.release(node, *options, **changes)
        self.assertEqual(caught.exception.code, NO, caught.exception.text)
        self.assertIn(says, caught.exception.text)
        self.assertEqual(self.records(), before)
        self.assertNotIn("was released to this node", self.said(node))

    def said(self, node):
        return (self.folder / f"{node.name}.log").read_text()

    def records(self):
        path = self.folder / "client.releases"
        return path.stat().st_size / RECORD if path.exists() else 0

    def infer(self, node, *options, rules="rules", address=None, name="answer"):
        (self.folder / "peers.txt").write_text(f"{node.key} {address or node.address}\n")
        return self.network.infer(DEMO / "digits_inputs.npy", "--quorum", 1, "--cuts", f"{FIRST},{LAST}", "--policy",
                                  self.folder / f"{rules}.rules", "--policy-signer", self.owner, *options, name=name)

    def check_answer(self, name="answer"):
        self.assertEqual((self.folder / f"{name}.npy").read_bytes(), (self.folder / "alone.npy").read_bytes())

    def test_from_sealed_weights_to_an_answer(self):
        node = self.start()
        with self.assertRaises(Refused):  # nothing is served yet
            self.infer(node)
        told = self.release(node, "--evidence", "evidence")
        self.assertEqual((told["node"], told["level"], told["word"], told["test"]), (node.key, "tpm", "warning", True))
        answer = self.infer(node)
        self.check_answer()
        self.assertEqual([(row["level"], row["test"]) for row in answer["attested"]], [("tpm", True)])
        self.assertEqual(self.network.verify("answer", "--quorum", "1")[0], 0)
        # On disk they lie as they came, and nobody else's memory of them is left but the counter.
        self.assertNotIn(b"VOUCHPKG", (self.folder / "m.sealed").read_bytes())
        self.assertEqual((self.folder / "node0.key.opened").stat().st_mode & 0o777, 0o600)
        # What was written down is what happened, and the evidence can be judged again.
        log = json.loads(self.vouch("owner", "log", "client.releases", "--key", self.network.client, "--json"))
        record = log["records"][-1]
        self.assertEqual((record["what"], record["node"], record["verdict"]), ("released", node.key, told["verdict"]))
        sealed = json.loads(self.vouch("owner", "log", "owner.key.releases", "--json"))["records"][0]
        self.assertEqual((record["manifest"], record["data_key"]), (sealed["manifest"], sealed["data_key"]))
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record["time"]))
        judged = json.loads(self.vouch("attest", "verify", "evidence", "--policy", "rules.rules", "--signer", self.owner,
                                       "--node", node.key, "--class", "weights:private", "--at", at, "--json"))
        self.assertEqual(judged["digest"], record["verdict"])
        self.release(node, by="owner.key", log="owner.key.releases")  # again: it is open
        self.assertIn("vouch_weights_opened_total 1\n", self.network_metrics(node))
        self.assertEqual(node.drain(), 0)

    def test_a_restarted_node_asks_again_and_takes_no_older_release(self):
        self.seal(self.network.segment(FIRST, LAST), "newer.sealed", "--counter", "2", "--log", "other.releases")
        node = self.start(sealed="newer.sealed")
        self.release(node, sealed="newer.sealed")
        node.kill()
        node = self.start(sealed="newer.sealed")
        with self.assertRaises(Refused):  # the key was in memory alone
            self.infer(node)
        self.release(node, sealed="newer.sealed")
        self.infer(node)
        self.check_answer()
        node.drain()
        with self.assertRaises(Refused) as caught:
            self.start(sealed="m.sealed")
        self.assertIn("release 2 was opened before", caught.exception.text)
        # A node whose disk was set back gets no key either: the owner's log remembers.
        (self.folder / "node0.key.opened").unlink()
        node = self.start(sealed="m.sealed")
        with self.assertRaises(Refused) as caught:
            self.release(node)
        self.assertIn("there is release 2", caught.exception.text)
        self.assertIn("nothing was released", caught.exception.text)
        self.assertEqual(self.records(), 2)

    def test_the_key_agent_alone_can_write_what_was_opened(self):
        """Not even the process that has the network: whoever takes it over cannot have an older release opened."""
        node = self.start()
        opened = self.folder / "node0.key.opened"
        self.release(node)
        self.assertEqual(opened.stat().st_size, COUNTER)
        holders = {}
        for pid in family(node.process.pid):
            try:
                links = {os.readlink(link) for link in pathlib.Path(f"/proc/{pid}/fd").iterdir()}
            except PermissionError:
                self.skipTest("only root may look into other processes")
            if str(opened.resolve()) in links:
                holders[pid] = pathlib.Path(f"/proc/{pid}/comm").read_text().strip()
        self.assertNotIn(node.process.pid, holders)
        self.assertEqual(list(holders.values()), ["key agent"])
        node.kill()
        with self.assertRaises(Refused) as caught:  # a byte of the last record, which was acknowledged
            opened.write_bytes(opened.read_bytes()[:-1] + bytes([opened.read_bytes()[-1] ^ 1]))
            self.start()
        self.assertIn("was altered", caught.exception.text)

    @unittest.skipIf(SANITIZED, "a sanitizer's shadow memory takes hours to read")
    def test_no_process_of_a_node_has_the_data_key_and_two_have_what_it_opened(self):
        weights = (pathlib.Path(self.network.segment(FIRST, LAST))).read_bytes()[-200:-136]
        (self.folder / "weights").write_bytes(weights)
        node = self.start(0, "--memory", "8")  # less to look through
        before = self.look(node)
        self.assertEqual([pid for pid, names in before.items() if "bytes" in names], [])
        self.release(node)
        self.infer(node)
        after = self.look(node)
        holders = [pid for pid, names in after.items() if "bytes" in names]
        self.assertIn(node.process.pid, holders)  # the process that has the network,
        self.assertEqual(len(holders), 2)  # and the one that computes
        if "root can read them" not in self.said(node):
            for pid, names in after.items():
                self.assertNotIn("data.key", names, f"process {pid}")
        self.assertNotIn("data.key", after[node.process.pid])

    def look(self, node):
        """Of each process of a node, what of the data key and of the weights lies in its memory."""
        done = subprocess.run([SECRETS, self.folder / "node0.key", self.folder / "m.sealed.key",
                               f"bytes:{self.folder / 'weights'}", "--", *map(str, family(node.process.pid))],
                              capture_output=True, text=True, timeout=120, check=False)
        if done.returncode == CANNOT_LOOK:
            self.skipTest(f"only root may look into other processes: {done.stdout.strip()}")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        found = {int(words[0]): words[3:] for words in map(str.split, done.stdout.splitlines())}
        self.assertIn("public", found[node.process.pid])  # so the search does find
        return found

    def test_segments_of_one_model_open_one_after_the_other_and_are_served_together(self):
        self.seal(self.network.segment(FIRST, 3), "one.sealed", "--log", "other.releases")
        self.seal(self.network.segment(3, LAST), "two.sealed", "--log", "other.releases", "--data-key",
                  "one.sealed.key")
        node = self.start(0, "--sealed", self.folder / "two.sealed", sealed="one.sealed")
        self.release(node, "--data-key", "one.sealed.key", sealed="two.sealed")
        with self.assertRaises(Refused):
            self.infer(node)
        self.release(node, sealed="one.sealed")
        self.infer(node)
        self.check_answer()
        for name in ("one.sealed", "one.sealed.key", "two.sealed"):
            (self.folder / name).unlink()

    def test_releases_at_once_are_written_down_one_after_the_other(self):
        node = self.start()
        command = [VOUCH, *map(str, self.release_command(node))]
        processes = [subprocess.Popen(command, cwd=self.folder, stdout=subprocess.DEVNULL) for _ in range(4)]
        self.assertEqual([process.wait(60) for process in processes], [0] * 4)
        log = json.loads(self.vouch("owner", "log", "client.releases", "--key", self.network.client, "--json"))
        self.assertEqual([record["node"] for record in log["records"]], [node.key] * 4)
        self.assertEqual(self.said(node).count("was released to this node"), 1)

    def test_a_register_that_changed_is_refused_before_any_weight(self):
        node = self.start()
        self.tpm.extend(11, hashlib.sha256(b"and something else").hexdigest())
        self.check_not_released("tpm.pcr", node)

    def test_a_register_that_changes_while_a_node_serves_is_refused_before_any_input(self):
        node = self.start()
        self.release(node)
        self.infer(node)
        self.tpm.extend(11, hashlib.sha256(b"and something else").hexdigest())
        relay = Relay(node.address)
        self.addCleanup(relay.close)
        with self.assertRaises(Refused) as caught:
            self.infer(node, address=relay.address)
        self.assertIn("nothing was sent to node", caught.exception.text)
        self.assertIn("tpm.pcr", caught.exception.text)
        metrics = self.network_metrics(node)
        self.assertIn("vouch_jobs_admitted_total 1\n", metrics)

    def network_metrics(self, node):
        host, port = node.http.rsplit(":", 1)
        with socket.create_connection((host, int(port)), timeout=10) as stream:
            stream.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
            data = b""
            while part := stream.recv(65536):
                data += part
        return data.decode()

    def test_a_relay_passes_an_attested_connection_and_nothing_else(self):
        """Whoever sits in between sees bytes go by. As a node of its own it has no key that the TPM speaks for."""
        node = self.start()
        relay = Relay(node.address)
        self.addCleanup(relay.close)
        self.release(node, address=relay.address)  # it cannot help being one connection
        self.assertGreater(relay.passed, 0)
        between = self.start(1, tpm=self.other)  # what listens there is another node
        self.check_not_released("tpm.ak", between)
        with self.assertRaises(Refused) as caught:  # with the other's name it has not its key
            self.release(node, address=between.address)
        self.assertIn("nothing was released", caught.exception.text)

    def test_a_tpm_of_another_maker_that_looks_alike_is_refused(self):
        """The same maker's name, the same registers, another root: neither enrolled nor accepted."""
        with self.assertRaises(Refused) as caught:
            self.vouch("attest", "enrol", "request", "--from", f"tpm:{self.other.tcti}", "--output", "look-alike")
            self.vouch("attest", "enrol", "challenge", "look-alike", "--maker", self.tpm.root, "--issuer",
                       self.other.issuer, "--pending", "pending", "--output", "challenge")
        self.assertIn("tpm.ek.chain", caught.exception.text)
        self.check_not_released("tpm.ak", self.start(tpm=self.other))

    def test_a_verdict_that_is_not_affirming_releases_nothing(self):
        node = self.start()
        self.check_not_released("result.anchors", node, accept=())
        self.check_not_released("result.anchors", node, accept=("tpm.quote",))
        self.write_rules("others", self.tpm, levels={"prompts": ["tpm"], "weights:open": ["tpm"],
                                                     "weights:private": ["tee"]})
        self.check_not_released("let nobody have weights:private", node, rules="others")
        self.write_rules("builds", self.tpm, facts={"builds": ["11" * 32], "models": "any", "policies": ["00" * 32],
                                                    "confinement": []})
        self.check_not_released("result.build", node, rules="builds")
        self.check_not_released("nothing was released", node, key=self.network.client)

    def test_a_node_that_has_no_evidence_is_refused(self):
        command = [VOUCH, "node", "--key", self.folder / "node0.key", "--registry", self.folder / "network.registry",
                   "--founder", self.network.founder, "--attest", "none", "--sealed", self.folder / "m.sealed",
                   "--owner", self.folder / "owner.key"]
        node = Node(command, "node0", self.folder / "node0.log")
        self.addCleanup(node.close)
        self.check_not_released("kinds that are not at hand", node)

    def test_rules_by_somebody_else_release_nothing(self):
        node = self.start()
        self.vouch("keygen", "-o", "stranger.key", "--no-passphrase")
        self.write_rules("strange", self.tpm, signer="stranger.key")
        with self.assertRaises(Refused):
            self.release(node, rules="strange")
        self.assertNotIn("was released to this node", self.said(node))
        (self.folder / "stranger.key").unlink()

    def test_sealed_weights_that_were_changed_are_not_served(self):
        data = bytearray((self.folder / "m.sealed").read_bytes())
        data[1000] ^= 1
        (self.folder / "changed.sealed").write_bytes(data)
        node = self.start(sealed="changed.sealed")
        with self.assertRaises(Refused) as caught:
            self.release(node)
        self.assertIn("the release was sent", caught.exception.text)
        self.assertIn("not what the owner signed", caught.exception.text)
        with self.assertRaises(Refused):
            self.infer(node)
        self.assertEqual((self.folder / "node0.key.opened").stat().st_size, 0)

    def test_another_owners_weights_and_another_key_are_refused(self):
        self.vouch("keygen", "-o", "thief.key", "--no-passphrase")
        with self.assertRaises(Refused) as caught:
            self.vouch("owner", "seal", self.model, "--key", "thief.key", "-o", "thief.sealed", "--no-passphrase")
        self.assertIn("another owner", caught.exception.text)
        self.seal(self.model, "whole.sealed", "--log", "other.releases")
        node = self.start()
        self.check_not_released("not the key that", node, "--data-key", "whole.sealed.key")
        self.check_node_refuses("no sealed weights with that manifest", node, sealed="whole.sealed")
        (self.folder / "thief.key").unlink()

    def check_node_refuses(self, says, node, **changes):
        with self.assertRaises(Refused) as caught:
            self.release(node, **changes)
        self.assertIn("the release was sent", caught.exception.text)
        self.assertIn(says, caught.exception.text)

    @unittest.skipIf(SANITIZED, "a sanitizer wants to be loaded first")
    def test_an_owner_killed_between_its_log_and_the_release_has_written_down_what_never_left(self):
        node = self.start()
        self.release(node)  # the log is there: the next sync is that of a record
        node.drain()
        (self.folder / "node0.key.opened").unlink()
        (self.folder / "node0.log").unlink()
        node = self.start()
        done = subprocess.run([VOUCH, *map(str, self.release_command(node))], cwd=self.folder, timeout=60, check=False,
                              env={**os.environ, "LD_PRELOAD": DIES_AFTER_SYNC}, stdout=subprocess.DEVNULL)
        self.assertEqual(done.returncode, -signal.SIGKILL)
        self.assertEqual(self.records(), 2)
        self.vouch("owner", "log", "client.releases", "--key", self.network.client)
        self.assertNotIn("was released to this node", self.said(node))
        self.assertEqual((self.folder / "node0.key.opened").stat().st_size, 0)
        self.release(node)
        self.assertEqual(self.records(), 3)

    def test_an_owner_killed_at_any_moment_has_written_down_what_left(self):
        """kill -9 of the owner: what the node has heard is in the log, whenever that was."""
        node = self.start()
        (self.folder / "client.releases").unlink(missing_ok=True)
        started = time.monotonic()
        self.release(node, "--for", "1")
        whole = time.monotonic() - started
        node.drain()
        heard = 0
        for part in range(4):
            self.setUp()
            node = self.start()
            process = subprocess.Popen([VOUCH, *map(str, self.release_command(node))], cwd=self.folder,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                process.wait(whole * (part + 1) / 4 if part < 3 else 60)  # the last one lives
            except subprocess.TimeoutExpired:
                os.kill(process.pid, signal.SIGKILL)
                process.wait()
            node.drain()
            if "was released to this node" in self.said(node):
                heard += 1
                log = json.loads(self.vouch("owner", "log", "client.releases", "--json"))
                self.assertEqual([record["node"] for record in log["records"]], [node.key])
        self.assertGreater(heard, 0)


if __name__ == "__main__":
    tpms.skip_without()
    unittest.main(verbosity=2)
