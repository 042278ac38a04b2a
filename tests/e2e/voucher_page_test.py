#!/usr/bin/env python3
"""A voucher that is dropped onto the ledger's page is judged by the browser alone, as `vouch verify` judges
it: real vouchers of a committee, of direct votes and of proofs; and hundreds of altered ones.

    voucher_page_test.py VOUCH

VCH_SEED=N replays which bits are flipped.
"""
import base64
import json
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import unittest
import urllib.request

from agreed import Agreed
from arrays import ROOT, SKIP
from browser import PROGRAM, Browser, colours
from ledgers import seed_of_environment
from network import Network
from proving import Proving

VOUCH = sys.argv.pop(1)
INPUTS = ROOT / "demo/digits_inputs.npy"
CUTS = (1, 3, 6)
CLAIMS = ["client", "model", "input", "output", "split", "quorum", "ends", "proof", "attested"]
NOT_CHECKED = "not checked here"
REASON_MAX = 511  # where `vouch verify` cuts one off
OTHER = "5b" * 32  # a key that is nobody's

# Runs in the page: many vouchers at one go, without the page's elements.
CHECK = """(async () => {
  const {checkVoucher, readFile} = await import("/page/check.js");
  const {fromHex} = await import("/page/bytes.js");
  const asked = %s;
  const bytes = Uint8Array.from(atob(asked.voucher), (c) => c.charCodeAt(0));
  const keys = (list) => list.map((key) => fromHex(key, 32));
  const model = asked.model === null ? null
    : (await readFile(new Blob([Uint8Array.from(atob(asked.model), (c) => c.charCodeAt(0))]))).content;
  const verifier = asked.model === null ? null : await (await import("/page/verify.mjs"))
    .load(await (await fetch("/page/vouch-verify.wasm")).arrayBuffer());
  const reader = {founders: keys(asked.founders), owners: keys(asked.owners), clients: [], ledgers: [], quorum: 2,
    now: BigInt(Date.now()), model, opening: null, verifier};
  const out = [];
  for (const [at, bit] of asked.flips) {
    if (at >= 0) bytes[at] ^= 1 << bit;
    const {refusal, report} = await checkVoucher(bytes.slice(), reader);
    if (at >= 0) bytes[at] ^= 1 << bit;
    out.push({refusal, isAccepted: report?.isAccepted ?? false, verdicts: report && Object.fromEntries(
      Object.entries(report.findings).map(([claim, {verdict}]) => [claim, verdict]))});
  }
  return out;
})()"""


def vouch(*words):
    return subprocess.run([VOUCH, *map(str, words)], check=True, capture_output=True, text=True).stdout


def judged(voucher, *options):
    """The claims of `vouch verify`; None where it refuses to read."""
    done = subprocess.run([VOUCH, "verify", voucher, "--json", *map(str, options)], capture_output=True,
                          text=True, check=False)
    assert done.returncode in (0, 1, 3), (done.returncode, done.stderr)
    return json.loads(done.stdout) if done.stdout else None


def without_advice(reason):
    """What to pass and what to type differ; where the model was run again, too."""
    for begin in ("; pass ", "; name ", ": pass ", ": drop ", ": this page does not run"):
        reason = reason.split(begin)[0]
    return re.sub(r"\d+( more)? seconds( ago)?", "some seconds", reason)


class VoucherPage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        scratch = tempfile.TemporaryDirectory()
        cls.addClassCleanup(scratch.cleanup)
        cls.folder = pathlib.Path(scratch.name)
        cls.owner = vouch("keygen", "-o", cls.folder / "owner.key", "--no-passphrase").split()[-1]
        cls.model = cls.folder / "digits.vouch"
        vouch("import", ROOT / "demo/digits.onnx", "-o", cls.model, "--key", cls.folder / "owner.key",
              "--calibrate", ROOT / "demo/digits_calibration.npy")
        vouch("inspect", cls.model, "--manifest", cls.folder / "digits.manifest")
        cls.founders = {}
        cls.make_direct()
        cls.make_proven()
        cls.network = cls.enterClassContext(Agreed(
            VOUCH, cls.subfolder("agreed"), cls.model, placements=[(1, 6)] * 5))
        cls.network.agree(INPUTS, "--quorum", 3, "--cuts", ",".join(map(str, CUTS)))
        cls.founders["agreed"] = cls.network.ledger.founder
        cls.ledger = cls.network.ledger.get_json("/api/state")["ledger"]
        cls.url = f"http://127.0.0.1:{cls.network.ledger.http}/"
        cls.browser = cls.enterClassContext(Browser(cls.folder))

    @classmethod
    def subfolder(cls, name):
        (cls.folder / name).mkdir()
        (cls.folder / name / "owner.key").symlink_to(cls.folder / "owner.key")
        return cls.folder / name

    @classmethod
    def make_direct(cls):
        with Network(VOUCH, cls.subfolder("direct"), cls.model, placements=[(2, 6)] * 4) as network:
            network.infer(INPUTS, "--quorum", 3)
            cls.founders["direct"] = network.founder

    @classmethod
    def make_proven(cls):
        """Every segment is proven, the client's own as well."""
        places = list(zip((1, 4), (4, 7)))
        with Proving(VOUCH, cls.subfolder("proven"), cls.model, placements=places) as network:
            vouch("annex", cls.model, "--key", cls.folder / "owner.key")
            network.infer(INPUTS, "--quorum", 1, "--prove", "--cuts", "1,4,7")
            cls.founders["proven"] = network.founder

    def voucher(self, name):
        return self.folder / name / "answer.voucher"

    def opening(self, name):
        return self.folder / name / "answer.opening"

    def open(self, **size):
        page = self.browser.open(self.url + "#voucher", **size)
        page.wait("document.querySelector('.drop')")
        page.wait("performance.getEntriesByName(location.origin + '/page/vouch-verify.wasm').length > 0")
        return page

    def type(self, page, **fields):
        for name, text in fields.items():
            page.click(f"#{name}")
            page.evaluate(f"document.getElementById('{name}').select()")
            page.type(text)

    def rows(self, page):
        page.wait("document.querySelector('#result .sum:not(:empty)') && "
                  "!document.querySelector('#result').textContent.startsWith('Checking')")
        return page.evaluate("""Object.fromEntries([...document.querySelectorAll("[data-claim]")].map((row) =>
            [row.dataset.claim, [row.querySelector(".chip").textContent, row.querySelector("p").textContent]]))""")

    def sum(self, page):
        return page.text("#result .sum")

    def take_requests(self, page):
        return page.take_events("Network.requestWillBeSent", "Network.webSocketCreated")

    def assert_as_verify(self, rows, verdict):
        for claim in CLAIMS:
            said, found = rows[claim], verdict["claims"][claim]
            if said[0] != NOT_CHECKED:
                self.assertEqual(said[0], found["verdict"], (claim, said, found))
                if "run again" not in found["reason"]:
                    mine, theirs = without_advice(said[1]), without_advice(found["reason"])
                    cut = len(theirs) if len(found["reason"]) == REASON_MAX else len(mine)
                    self.assertEqual(mine[:cut], theirs, claim)

    def check(self, name, files, options, **fields):
        """Drops files and compares; the page, and what it says."""
        page = self.open()
        self.type(page, **fields)
        self.take_requests(page)
        page.take_events("Log.entryAdded")  # that there is no vouch-verify.wasm, where there is none
        page.drop(".drop", *files)
        rows = self.rows(page)
        self.assertEqual(self.take_requests(page), [], "something was sent or fetched")
        self.assert_as_verify(rows, judged(self.voucher(name), *options))
        self.assertEqual(page.take_events("Runtime.exceptionThrown", "Log.entryAdded"), [])
        return page, rows

    def test_a_committees_voucher(self):
        page, rows = self.check(
            "agreed", [self.voucher("agreed"), self.model, self.opening("agreed")],
            ["--founder", self.founders["agreed"], "--model", self.model, "--opening",
             self.opening("agreed"), "--on-ledger", self.ledger],
            founders=self.founders["agreed"], ledgers=self.ledger)
        for claim in ("client", "model", "input", "output", "split", "quorum", "ledger"):
            self.assertEqual(rows[claim][0], "shown", (claim, rows[claim]))
        self.assertEqual(rows["ends"][0], NOT_CHECKED)  # the model is not run here
        self.assertIn("Accepted", self.sum(page))
        self.assertIn("drawn by lot", rows["quorum"][1])
        seen = colours(page.screenshot(self.folder / "voucher.png"))
        self.assertGreater(len(seen), 20, "the page is blank")
        self.assertEqual(page.evaluate("localStorage.length + sessionStorage.length"), 0)

    def test_another_ledgers_word_shows_no_quorum(self):
        keys = {"founders": self.founders["agreed"], "owners": self.owner}
        options = ["--founder", self.founders["agreed"], "--owner", self.owner]
        page, rows = self.check("agreed", [self.voucher("agreed")], options, **keys)
        self.assertEqual(rows["ledger"][0], "not shown")
        self.assertIn("Accepted", self.sum(page))
        self.type(page, ledgers="not a key")
        page.wait("!document.querySelector('[data-claim]')")
        self.assertIn("REFUSED", self.sum(page))
        page, rows = self.check("agreed", [self.voucher("agreed")], [*options, "--on-ledger", OTHER], **keys,
                                ledgers=OTHER)
        self.assertEqual((rows["quorum"][0], rows["ledger"][0]), ("not shown", "not shown"))
        self.assertIn("REFUSED", self.sum(page))
        direct = {"founders": self.founders["direct"], "owners": self.owner, "ledgers": self.ledger}
        self.check("direct", [self.voucher("direct")],
                   ["--founder", self.founders["direct"], "--owner", self.owner, "--on-ledger", self.ledger], **direct)

    def test_direct_votes_and_readers_who_know_less(self):
        self.check("direct", [self.voucher("direct"), self.folder / "digits.manifest"],
                   ["--founder", self.founders["direct"], "--owner", self.owner, "--model", self.model],
                   founders=self.founders["direct"], owners=self.owner)
        page, rows = self.check("direct", [self.voucher("direct")], [])
        self.assertEqual({claim: rows[claim][0] for claim in CLAIMS}, {
            "client": "shown", "output": "shown", "proof": "not claimed", "attested": "not claimed",
            **dict.fromkeys(("model", "input", "split", "quorum", "ends"), "not shown")})
        self.assertIn("REFUSED", self.sum(page))
        self.check("direct", [self.voucher("direct")], ["--founder", OTHER, "--owner", OTHER, "--client", OTHER,
                                                        "--quorum", 5],
                   founders=OTHER, owners=OTHER, clients=OTHER, quorum="5")
        self.check("direct", [self.voucher("direct")], ["--founder", self.founders["direct"], "--quorum", 5],
                   founders=self.founders["direct"], quorum="5")
        self.check("direct", [self.voucher("direct"), self.opening("agreed")],
                   ["--opening", self.opening("agreed"), "--founder", self.founders["direct"]],
                   founders=self.founders["direct"])

    def test_proofs(self):
        page, rows = self.check("proven", [self.voucher("proven"), self.model], ["--model", self.model])
        if page.evaluate("fetch('/page/vouch-verify.wasm').then((answer) => answer.ok)"):
            for claim in ("model", "input", "output", "ends", "proof"):
                self.assertEqual(rows[claim][0], "shown", (claim, rows[claim]))
            self.assertIn("Accepted", self.sum(page))
        else:
            self.assertEqual(rows["proof"][0], NOT_CHECKED)
            self.assertIn("REFUSED", self.sum(page))
        self.check("proven", [self.voucher("proven")], ["--owner", self.owner], owners=self.owner)

    def test_files_are_chosen_with_keys_alone_and_it_all_fits_a_narrow_screen(self):
        page = self.open(width=360, height=800)
        page.evaluate("document.querySelector('nav a[href=\"#voucher\"]').focus()")
        page.tab()
        self.assertEqual(page.evaluate("document.activeElement.id"), "files")
        page.choose("#files", self.voucher("agreed"))
        self.rows(page)
        self.assertLessEqual(page.evaluate("document.documentElement.scrollWidth"), 360)
        page.dark(True)
        page.screenshot(self.folder / "voucher_narrow.png")

    def test_what_is_no_voucher_is_refused_at_once(self):
        honest = self.voucher("agreed").read_bytes()
        page = self.open()
        large = self.folder / "large.voucher"
        with open(large, "wb") as file:
            file.truncate(100 << 20)
        cases = {"empty": b"", "short": honest[:-1], "half": honest[:len(honest) // 2], "long": honest + b"\0",
                 "unknown": honest + b"\x50\x01", "text": b"not a voucher", "zeroes": bytes(1 << 20)}
        for name, content in cases.items():
            (self.folder / f"{name}.voucher").write_bytes(content)
        for name in [*cases, "large"]:
            page.evaluate("document.getElementById('result').replaceChildren()")
            page.choose("#files", self.folder / f"{name}.voucher")
            self.assertEqual(self.rows(page), {}, name)
            self.assertIn("REFUSED", self.sum(page), name)
        self.assertIn("104857600 bytes, not at most", self.sum(page))

    def flips(self, name, count, options, **asked):
        """Flips bits and lets both verifiers judge."""
        whole = self.voucher(name).read_bytes()
        rng = random.Random(f"{seed_of_environment()} {name}")
        flips = [[len(whole) * i // count + rng.randrange(max(1, len(whole) // count)), rng.randrange(8)]
                 for i in range(count)]
        flips = [flip for flip in flips if flip[0] < len(whole)]
        question = {"voucher": base64.b64encode(whole).decode(), "founders": [], "owners": [], "model": None,
                    **asked, "flips": [[-1, 0], *flips]}
        honest, *altered = self.open().evaluate(CHECK % json.dumps(question))
        shown = {claim for claim, verdict in honest["verdicts"].items() if verdict == "shown"}
        path = self.folder / "altered.voucher"
        for (at, bit), mine in zip(flips, altered, strict=True):
            with self.subTest(name=name, at=at, bit=bit):
                content = bytearray(whole)
                content[at] ^= 1 << bit
                path.write_bytes(content)
                theirs = judged(path, *options)
                self.assertFalse(mine["isAccepted"])
                self.assertEqual(mine["refusal"] is None, theirs is not None, mine["refusal"])
                if theirs is None:
                    continue
                self.assertIn("FALSE", mine["verdicts"].values())
                self.assertLessEqual({c for c, v in mine["verdicts"].items() if v == "shown"}, shown)
                self.assertEqual({c: mine["verdicts"][c] for c in CLAIMS},
                                 {c: theirs["claims"][c]["verdict"] for c in CLAIMS})
        return honest

    def test_every_altered_bit_is_noticed_and_both_verifiers_agree(self):
        print(f"# VCH_SEED={seed_of_environment()}", flush=True)
        for name, count in (("agreed", 400), ("direct", 200), ("proven", 60)):
            founder = self.founders[name]
            honest = self.flips(name, count, ["--founder", founder, "--owner", self.owner],
                                founders=[founder], owners=[self.owner])
            self.assertEqual(honest["isAccepted"], name != "proven")  # of quorum 1

    def test_the_policy_lets_the_verifier_run_and_nothing_else(self):
        with urllib.request.urlopen(self.url) as got:
            policy = got.headers["Content-Security-Policy"]
        self.assertIn("script-src 'self' 'wasm-unsafe-eval';", policy)
        self.assertIn("connect-src 'self';", policy)
        self.assertNotIn("'unsafe-eval'", policy)
        self.assertFalse(self.open().evaluate("""new Promise((resolve) => setTimeout(() => {
            try { resolve(new Function("return true")()); } catch { resolve(false); }
        }))"""))

    def test_no_end_of_a_voucher_can_be_missing(self):
        whole = self.voucher("agreed").read_bytes()
        rng = random.Random(seed_of_environment())
        sizes = sorted({rng.randrange(len(whole)) for _ in range(300)} | {0, 1, len(whole) - 1})
        question = {"voucher": base64.b64encode(whole).decode(), "sizes": sizes}
        read = self.open().evaluate("""(async () => {
            const {decodeVoucher} = await import("/page/voucher.js"), asked = %s, read = [];
            const bytes = Uint8Array.from(atob(asked.voucher), (c) => c.charCodeAt(0));
            for (const size of asked.sizes)
                if (await decodeVoucher(bytes.slice(0, size)).then(() => true, () => false)) read.push(size);
            return read;
        })()""" % json.dumps(question))
        self.assertEqual(read, [])

    def test_a_damaged_model_is_refused_or_another(self):
        """The compressed manifest is the one part that no protobuf reader sees first."""
        question = {"model": base64.b64encode(self.model.read_bytes()).decode(), "seed": seed_of_environment()}
        got = self.open().evaluate("""(async () => {
            const [{inflate}, {Refusal}] = await Promise.all(["zstd", "refusal"].map((n) => import(`/page/${n}.js`)));
            const asked = %s, file = Uint8Array.from(atob(asked.model), (c) => c.charCodeAt(0));
            const view = new DataView(file.buffer), size = view.getUint32(16, true);
            const frame = file.slice(64, 64 + view.getUint32(12, true)), whole = inflate(frame, size);
            let at = asked.seed, refused = 0;
            for (let i = 0; i < 500; i++) {
                at = (at * 1103515245 + 12345) %% 2147483648;
                const altered = frame.slice();
                altered[at %% frame.length] ^= 1 << i %% 8;
                try { inflate(altered, size); } catch (error) {
                    if (!(error instanceof Refusal)) return `${i}: ${error.stack}`;
                    refused++;
                }
            }
            return {size: whole.length === size, isCompressed: frame.length < size, refused: refused > 50};
        })()""" % json.dumps(question))
        self.assertEqual(got, {"size": True, "isCompressed": True, "refused": True})

    def test_no_sound_cryptography_no_verdict(self):
        page = self.open()
        page.evaluate("""crypto.subtle.importKey = () =>
            Promise.reject(new DOMException("no such thing", "NotSupportedError"))""")
        page.choose("#files", self.voucher("agreed"))
        rows = self.rows(page)
        self.assertEqual({verdict for verdict, _ in rows.values()}, {NOT_CHECKED})
        self.assertIn("REFUSED", self.sum(page))

    def test_the_specifications_vectors(self):
        got = self.open().evaluate("""(async () => {
            const [{fromHex, hex}, {verifySelection}, {isSigned}, {captureOf}] = await Promise.all(
                ["bytes", "vrf", "ed25519", "draw"].map((name) => import(`/page/${name}.js`)));
            const alpha = fromHex("2ed328bb17177b139c5e6ba61794bed6fc8d65af3f66224bdfb2facf7bc7e5fc", 32);
            const key = fromHex("94e615537be67deee9011c623616cd10d8fc8bd7c8872ee1ef0bb6d5c27b4854", 32);
            const proof = fromHex("362e94779061bea4d7103ecd6096454c12338027cb78fd8504a12664614d5259e741ad14b74c7f22" +
                "42f25b210dbe2ad0cf2e63393956ec710ff2cfd6f869ede9b4a3b7e4358805e21bcc94858b55e607", 80);
            const beta = hex(await verifySelection(key, alpha, proof));
            let altered = 0;
            for (let i = 0; i < 80; i++) {
                proof[i] ^= 1 << i % 8;
                altered += await verifySelection(key, alpha, proof) !== null;
                proof[i] ^= 1 << i % 8;
            }
            // With the identity as key and R, every message is signed, by everyone.
            const identity = fromHex("01" + "00".repeat(31), 32), nothing = new Uint8Array(64);
            nothing[0] = 1;
            return {beta, altered, isSmallRefused: !await isSigned(identity, alpha, nothing)};
        })()""")
        self.assertEqual(got, {"altered": 0, "isSmallRefused": True, "beta":
                               "bf4c545db067d03174104bebd43e28c926183a0bf23a7f3bbcb85009a58af519"
                               "6a8a8e5893033aa8d822fe814b9b3a61b830d05ac151634d9bb82c002b271062"})


if __name__ == "__main__":
    if PROGRAM is None:
        print("skipped: Chromium is not installed")
        sys.exit(SKIP)
    unittest.main()
