#!/usr/bin/env python3
"""vouch attest collect, from a TPM in software: what it shows, held against tpm2-tools and a reader of records of
its own, and TPMs that lie, stall and die on the way. Skips (77) without swtpm and tpm2-tools."""
import hashlib
import os
import pathlib
import pty
import random
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import tty
import unittest

import tpms

VOUCH, MANY = sys.argv[1:3]
del sys.argv[1:]
SEED = int(os.environ.get("VCH_SEED", random.randrange(2**32)))
NONCE, POLICY, NODE = "11" * 32, "22" * 32, "33" * 32
OK, USAGE, UNAVAILABLE = 0, 2, 4
CREATE_PRIMARY, QUOTE, PCR_READ, PCR_EXTEND = 0x131, 0x158, 0x17E, 0x182
MIXED = 0x8002  # TPM_ST_SESSIONS


def cbor(data):
    """One item of CBOR in the form of specs/attest.md, and what follows it."""
    kind, rest = data[0] >> 5, data[0] & 31
    size = {24: 1, 25: 2, 26: 4, 27: 8}.get(rest, 0)
    value = int.from_bytes(data[1:1 + size], "big") if size else rest
    data = data[1 + size:]
    if kind in (2, 3):
        return (data[:value] if kind == 2 else data[:value].decode()), data[value:]
    if kind not in (4, 5):
        return value, data
    items = []
    for _ in range(value * (kind - 3)):
        item, data = cbor(data)
        items.append(item)
    return (items if kind == 4 else dict(zip(items[::2], items[1::2]))), data


class Record:
    def __init__(self, path):
        data = pathlib.Path(path).read_bytes()
        assert data[:16] == b"vouch evidence1\n"
        self.binder, (self.response, rest) = data[16:292], cbor(data[292:])
        assert rest == b""
        self.evidence = {label: item[1] for label, item in self.response.get(3, {}).items()}
        self.endorsements = {label: item[1] for label, item in self.response.get(4, {}).items()}
        self.qualifier = hashlib.sha256(b"tpm2" + self.binder).digest()


class Terminal:
    """A character device that is written to and read from, as a TPM's is: a terminal in raw mode."""

    def __init__(self):
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        self.tcti = f"device:{os.ttyname(self._slave)}"

    def recv(self, most):
        try:
            return os.read(self._master, most)
        except OSError:  # closed
            return b""

    def sendall(self, data):
        while data:
            data = data[os.write(self._master, data):]

    def close(self):
        os.close(self._slave)
        os.close(self._master)


class Between(threading.Thread):
    """Whoever sits on the bus: `meddle(code, command, ask)` gives the answer, or None to hang up."""

    def __init__(self, tpm, path):
        super().__init__(daemon=True)
        self.tcti = f"swtpm:path={path}"
        self._to, self._meddle = f"{tpm.folder}/tpm", None
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        self.start()

    def meddle(self, how):
        self._meddle = how

    def run(self):
        while True:
            try:
                client = self._listener.accept()[0]
            except OSError:
                return
            with client:
                try:
                    self._serve(client)
                except OSError:
                    pass

    def _serve(self, client):
        serve(client, self._to, lambda *about: self._meddle(*about) if self._meddle else about[2](about[1]))

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.join()


def serve(client, path, answer_to):
    """Passes on to the TPM at that path what the client says, until it is gone or gets no answer."""
    with socket.socket(socket.AF_UNIX) as tpm:
        tpm.connect(path)

        def ask(command):
            tpm.sendall(command)
            return whole(tpm)

        while command := whole(client):
            answer = answer_to(struct.unpack(">I", command[6:10])[0], command, ask)
            if answer is None:
                return
            client.sendall(answer)


def whole(peer):
    """A command or answer; nothing where the other end is gone."""
    data = b""
    while len(data) < 10 or len(data) < struct.unpack(">I", data[2:6])[0]:
        part = peer.recv(4096)
        if not part:
            return b""
        data += part
    return data


def error(code):
    return struct.pack(">HII", 0x8001, 10, code)


def extend(pcr, ask):
    auth = struct.pack(">IIHBH", 9, 0x40000009, 0, 0, 0)
    body = struct.pack(">I", pcr) + auth + struct.pack(">IH", 1, 0x000b) + b"\x01" * 32
    assert ask(struct.pack(">HII", MIXED, 10 + len(body), PCR_EXTEND) + body)[6:10] == bytes(4)


class Collect(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.tpm = tpms.Tpm(cls.folder / "tpm")
        cls.addClassCleanup(cls.tpm.stop)

    def setUp(self):
        self.tpm("flushcontext", "-t")  # what is cut off in the middle leaves its key in a slot

    def collect(self, *more, code=OK, tcti=None, says=""):
        done = subprocess.run(
            [VOUCH, "attest", "collect", "--from", f"tpm:{tcti or self.tpm.tcti}", "--nonce", NONCE, "--policy-id",
             POLICY, "--node", NODE, "--output", self.folder / "record", *more],
            capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertIn(says, done.stderr)
        return Record(self.folder / "record") if code == OK else done.stderr

    def between(self):
        way = Between(self.tpm, self.folder / "between")
        self.addCleanup((self.folder / "between").unlink)
        self.addCleanup(way.close)
        return way

    def check(self, record, pcrs=range(24)):
        """As tpm2-tools see it, and this file."""
        shown, folder = record.evidence, self.folder
        (folder / "ak").write_bytes(struct.pack(">H", len(shown["ak"])) + shown["ak"])
        for name in ("attest", "signature"):
            (folder / name).write_bytes(shown[name])
        done = subprocess.run(["tpm2", "checkquote", "-u", "ak", "-m", "attest", "-s", "signature", "-g", "sha256",
                               "-q", record.qualifier.hex()], cwd=folder, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        values = [shown["pcrs"][32 * i:32 * i + 32] for i in range(24)]
        digest = hashlib.sha256(b"".join(values[i] for i in sorted(pcrs))).digest()
        self.assertEqual(shown["attest"][-32:], digest)
        self.assertTrue(all(values[i] == bytes(32) for i in range(24) if i not in pcrs))
        return {i: values[i].hex() for i in pcrs}

    def test_record_holds_what_was_asked_and_what_the_tpm_says(self):
        record = self.collect()
        self.assertEqual(record.binder[16:20], bytes([1, 2, 1, 4]))  # version, registration, server, tpm2
        self.assertEqual(record.binder[20:52].hex(), NONCE)
        self.assertEqual(record.binder[180:212].hex(), NODE)
        self.assertEqual(record.binder[212:244], hashlib.sha256(record.response[2]).digest())
        self.assertEqual(record.binder[244:].hex(), POLICY)
        facts, _ = cbor(record.response[2])
        self.assertEqual(facts[2], hashlib.sha256(pathlib.Path(VOUCH).read_bytes()).digest())
        self.assertEqual(sorted(record.evidence), ["ak", "attest", "pcrs", "signature"])
        self.assertEqual(record.endorsements["ek"], self.tpm.certificate().read_bytes())
        self.assertEqual(self.check(record), self.tpm.values(range(24)))

    def test_key_is_the_same_after_a_reset_and_what_was_extended_shows(self):
        before = self.collect()
        self.tpm.extend(11, "ab" * 32)
        extended = self.collect()
        self.tpm.reset()
        after = self.collect()
        self.assertEqual(before.evidence["ak"], after.evidence["ak"])
        self.assertNotEqual(self.check(before)[11], self.check(extended)[11])
        self.assertEqual(self.check(after)[11], "00" * 32)

    def test_device_is_written_to_and_read_from(self):
        terminal = Terminal()
        self.addCleanup(terminal.close)
        threading.Thread(target=serve, args=(terminal, f"{self.tpm.folder}/tpm", lambda code, command, ask:
                                             ask(command)), daemon=True).start()
        self.check(self.collect(tcti=terminal.tcti))

    def test_node_asks_from_several_threads_though_it_is_fenced(self):
        with subprocess.Popen([MANY, f"tpm:{self.tpm.tcti}", "4", "5"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              text=True) as node:
            self.assertEqual(node.stdout.readline(), "0\n")  # descriptors that were left open
            os.kill(int(node.stdout.readline()), signal.SIGKILL)  # the process that starts others
            code, why = node.communicate("\n", timeout=60)[0].splitlines()
        self.assertEqual(node.returncode, 0)
        self.assertEqual(code, "cannot be reached now")
        self.assertIn("start the program anew", why)

    def test_selection_and_boot_log_are_the_operators(self):
        (self.folder / "log").write_bytes(b"a boot log")
        record = self.collect("--pcrs", "0-3,11", "--event-log", self.folder / "log")
        self.check(record, [0, 1, 2, 3, 11])
        self.assertEqual(record.evidence["eventlog"], b"a boot log")
        for wrong in ("24", "3-1", "1,,2", "x", "-1", "1-"):
            self.collect("--pcrs", wrong, code=USAGE, says="--pcrs lists")
        (self.folder / "log").write_bytes(b"x" * 2**18)
        self.assertNotEqual(self.collect("--event-log", self.folder / "log", code=1 + 2), "")

    def test_where_there_is_no_tpm_it_is_said(self):
        self.collect(tcti="device:/dev/none-such", code=UNAVAILABLE, says="expected a TPM at device:/dev/none-such")
        self.collect(tcti=f"swtpm:path={self.folder}/none-such", code=UNAVAILABLE, says="expected a TPM")
        self.collect(tcti="mssim:host=x", code=USAGE, says="swtpm:path=SOCKET")

    def test_error_codes_are_told_with_what_to_do(self):
        way = self.between()
        for at, code, says in [(QUOTE, 0x921, "locked out"), (QUOTE, 0x101, "failed its own tests"),
                               (CREATE_PRIMARY, 0x902, "device:/dev/tpmrm0"), (CREATE_PRIMARY, 0x9a2, "password"),
                               (CREATE_PRIMARY, 0x185, "switched off"), (CREATE_PRIMARY, 0x100, "TPM2_Startup"),
                               (QUOTE, 0x1234567, "0x1234567"), (QUOTE, 0x922, "TPM2_Quote")]:
            way.meddle(lambda now, command, ask: error(code) if now == at else ask(command))
            self.collect(tcti=way.tcti, code=UNAVAILABLE, says=says)

    def test_tpm_killed_in_the_middle_of_a_quote_is_said_and_its_successor_answers(self):
        way = self.between()

        def kill(code, command, ask):
            if code == QUOTE:
                self.tpm.stop(signal.SIGKILL)
            return ask(command) or None

        way.meddle(kill)
        self.collect(tcti=way.tcti, code=UNAVAILABLE, says="the TPM went away")
        self.tpm.start()
        self.check(self.collect())

    def test_tpm_that_stalls_is_not_waited_for(self):
        way, gone = self.between(), threading.Event()
        self.addCleanup(gone.set)
        way.meddle(lambda code, command, ask: gone.wait() and None if code == QUOTE else ask(command))
        self.collect("--timeout", "1", tcti=way.tcti, code=UNAVAILABLE, says="did not answer in time to: TPM2_Quote")

    def test_quote_of_another_time_is_not_taken(self):
        way, old = self.between(), {}

        def replay(code, command, ask):
            return old.setdefault(code, ask(command)) if code == QUOTE else ask(command)

        way.meddle(replay)
        self.check(self.collect(tcti=way.tcti))
        self.collect("--model-id", "44" * 32, tcti=way.tcti, code=UNAVAILABLE, says="no quote for this nonce")

    def test_pcrs_that_change_meanwhile_are_quoted_again(self):
        way, left = self.between(), [3]

        def race(code, command, ask):
            answer = ask(command)
            if code == QUOTE and left[0] > 0:
                left[0] -= 1
                extend(12, ask)
            return answer

        way.meddle(race)
        self.check(self.collect(tcti=way.tcti))
        self.assertEqual(left, [0])
        left[0] = 100
        self.collect(tcti=way.tcti, code=UNAVAILABLE, says="PCRs changed")
        self.check(self.collect("--pcrs", "0-11", tcti=way.tcti), range(12))

    def test_slots_that_others_fill_are_said_to_be_full(self):
        for name in ("a", "b", "c"):
            subprocess.run(["tpm2", "createprimary", "-C", "o", "-G", "ecc", "-c", f"{name}.ctx"], cwd=self.tpm.folder,
                           env=self.tpm.environment, check=True, capture_output=True)
        self.collect(code=UNAVAILABLE, says="its slots for objects are full")
        self.tpm("flushcontext", "-t")
        for _ in range(5):  # and ours are given back
            self.collect()

    def test_answers_with_bytes_changed_are_refused_or_do_not_matter(self):
        way, dice = self.between(), random.Random(SEED)
        print(f"# VCH_SEED={SEED}", flush=True)
        at = [0]

        def change(code, command, ask):
            answer = bytearray(ask(command))
            if at[0] == 0:
                for _ in range(dice.randrange(1, 4)):
                    answer[dice.randrange(len(answer))] ^= 1 << dice.randrange(8)
            at[0] -= 1
            return bytes(answer)

        way.meddle(change)
        taken = 0
        for _ in range(15):
            self.setUp()
            at[0] = dice.randrange(12)
            done = subprocess.run(
                [VOUCH, "attest", "collect", "--from", f"tpm:{way.tcti}", "--timeout", "2", "--nonce", NONCE,
                 "--policy-id", POLICY, "--node", NODE, "--output", self.folder / "changed"], capture_output=True,
                text=True, timeout=60, check=False)
            self.assertIn(done.returncode, (OK, 1, 3, UNAVAILABLE), done.stderr)
            self.assertNotEqual(done.returncode == OK, bool(done.stderr.strip()), done.stderr)
            if done.returncode == OK:
                taken += 1
                record = Record(self.folder / "changed")
                self.assertIn(record.qualifier, record.evidence["attest"])
        print(f"# {taken} of 15 did not matter")


if __name__ == "__main__":
    tpms.skip_without()
    unittest.main(verbosity=2)
