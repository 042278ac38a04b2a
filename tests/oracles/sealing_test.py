#!/usr/bin/env python3
"""Sealed weights, a release and a log read by a second implementation: what the page has, and what vouch writes."""
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import sealing

VOUCH = sys.argv.pop(1)
ROOT = pathlib.Path(__file__).resolve().parents[2]
NOW = 1800000000
KEY, SEALING_SEED = bytes(range(0x20, 0x40)), bytes(range(0xa0, 0xc0))


def vectors():
    text = (ROOT / "specs/sealing.md").read_text().split("## 7.")[1]
    return {name: bytes.fromhex("".join(digits.split()))
            for name, digits in re.findall(r"^(\w+) = ((?:[0-9a-f]+\s+)+)", text, re.M)}


class Page(unittest.TestCase):
    def setUp(self):
        self.page = vectors()
        self.manifest = sealing.Manifest(self.page["manifest"])
        self.secret, self.public = sealing.hpke_key(SEALING_SEED)

    def grant(self, data=None, time_s=NOW, **changes):
        return sealing.open_grant(data or self.page["grant"], changes.get("block", self.page["binder"]), self.manifest,
                                  self.secret, self.public, time_s)

    def test_the_release_gives_the_key_and_the_key_the_weights(self):
        self.assertEqual(self.manifest.head, self.page["head"])
        self.assertEqual(self.manifest.digest, self.page["manifest_digest"])
        key = self.grant()
        self.assertEqual(key, KEY)
        chunks = self.manifest.chunks(self.page["manifest"] + self.page["chunk"])
        self.assertEqual(self.manifest.open(chunks, key), bytes.fromhex("00070e151c"))

    def test_nothing_else_does(self):
        for at in (24, 56, 88, 120, 128, 136, 168, 215):
            changed = bytearray(self.page["grant"])
            changed[at] ^= 1
            with self.assertRaises(ValueError):
                self.grant(bytes(changed))
        with self.assertRaises(ValueError):
            self.grant(time_s=NOW + 600)
        with self.assertRaises(ValueError):
            self.grant(block=self.page["binder"][:60] + b"\0" + self.page["binder"][61:])
        with self.assertRaises(ValueError):
            self.manifest.open([self.page["chunk"][:-1] + b"\0"], KEY)

    def test_the_log_is_a_chain(self):
        records, _ = sealing.read_log(self.page["record_sealed"] + self.page["record_released"])
        self.assertEqual([kind for kind, _ in records], [1, 2])
        self.assertEqual({fields["manifest"] for _, fields in records}, {self.manifest.digest})
        self.assertEqual({fields["key_check"] for _, fields in records}, {self.manifest.key_check})
        for order in ("record_released", "record_sealed"), ("record_sealed", "record_sealed"):
            with self.assertRaises(ValueError):
                sealing.read_log(b"".join(self.page[name] for name in order))


    def test_what_was_opened_is_remembered(self):
        opened = self.page["opened"]
        self.assertEqual(sealing.read_opened(opened), {self.manifest.owner + self.manifest.model: self.manifest.counter})
        for at in (0, 16, 24, 56, 88, 96):
            with self.assertRaises(ValueError):
                sealing.read_opened(opened[:at] + bytes([opened[at] ^ 1]) + opened[at + 1:])


class Files(unittest.TestCase):
    def run_vouch(self, *arguments):
        return subprocess.run([VOUCH, *map(str, arguments)], cwd=self.folder, check=True, capture_output=True, text=True,
                              timeout=120).stdout

    def test_what_vouch_seals_and_writes_down_reads_the_same(self):
        with tempfile.TemporaryDirectory() as folder:
            self.folder = pathlib.Path(folder)
            owner = self.run_vouch("keygen", "-o", "o.key", "--no-passphrase").strip()
            (self.folder / "licence").write_text("Look, do not touch.\n")
            self.run_vouch("import", ROOT / "demo/digits.onnx", "-o", "m.vouch", "--key", "o.key", "--calibrate",
                           ROOT / "demo/digits_calibration.npy")
            checks = []
            for counter in (1, 4):
                told = json.loads(self.run_vouch("owner", "seal", "m.vouch", "--key", "o.key", "-o", f"{counter}.sealed",
                                                 "--no-passphrase", "--counter", counter, "--licence", "licence", "--json"))
                data = (self.folder / f"{counter}.sealed").read_bytes()
                manifest = sealing.Manifest(data[:sealing.MANIFEST])
                manifest.chunks(data)
                self.assertEqual((manifest.counter, manifest.owner.hex()), (counter, owner))
                checks.append(manifest.key_check)
                self.assertEqual((manifest.model.hex(), manifest.digest.hex()), (told["model"], told["manifest"]))
                self.assertEqual(manifest.licence,
                                 sealing.hashlib.sha256((self.folder / "licence").read_bytes()).digest())
            records, head = sealing.read_log((self.folder / "o.key.releases").read_bytes())
            log = json.loads(self.run_vouch("owner", "log", "o.key.releases", "--json"))
            self.assertEqual(log["head"], head.hex())
            self.assertEqual([fields["counter"] for _, fields in records], [1, 4])
            self.assertEqual([fields["manifest"].hex() for _, fields in records],
                             [record["manifest"] for record in log["records"]])
            self.assertEqual([fields["key_check"] for _, fields in records], checks)
            self.assertEqual([record["data_key"] for record in log["records"]], [check.hex() for check in checks])


if __name__ == "__main__":
    unittest.main(verbosity=2)
