#!/usr/bin/env python3
"""vouch attest: what people and scripts are told of a machine."""
import hashlib
import json
import pathlib
import struct
import subprocess
import sys
import tempfile
import unittest

VOUCH = sys.argv.pop(1)
POLICIES = pathlib.Path(__file__).resolve().parents[2] / "demo/policies"
YES, NO, USAGE, MALFORMED, UNAVAILABLE = range(5)
FENCES = ["descriptors", "limits", "dumpable", "no-new-privs", "namespaces", "root", "capabilities", "landlock",
          "syscalls"]


def vouch(*arguments):
    return subprocess.run([VOUCH, "attest", *arguments], capture_output=True, text=True, timeout=120, check=False)


class Probe(unittest.TestCase):
    def test_text_and_json_say_the_same(self):
        as_json, as_text = vouch("probe", "--json"), vouch("probe")
        told = json.loads(as_json.stdout)
        self.assertEqual([row["fence"] for row in told["fences"]], FENCES)
        for row in told["fences"]:
            self.assertIn(row["result"], ("granted", "refused"))
            self.assertTrue(row["result"] == "granted" or row["why"])
            self.assertRegex(as_text.stdout, rf"(?m)^  {row['fence']} +{row['result']} ")
        self.assertEqual([row["role"] for row in told["roles"]], ["parser", "key agent", "collector", "inference"])
        can_run = all(row["can_run"] for row in told["roles"])
        self.assertEqual(as_json.returncode, YES if can_run else NO)
        self.assertEqual(as_text.returncode, as_json.returncode)
        self.assertIn(told["secret_memory"], ("memfd_secret", "locked memory", None))
        self.assertEqual(told["notice"] is None, told["secret_memory"] != "locked memory")

    def test_a_refused_fence_is_said_and_decides_the_exit_code(self):
        # Within a seccomp filter of its own making no child may do what the fences ask for.
        strict = ("import ctypes, os, sys\n"
                  "seccomp = ctypes.CDLL('libseccomp.so.2')\n"
                  "seccomp.seccomp_init.restype = ctypes.c_void_p\n"
                  "filter = ctypes.c_void_p(seccomp.seccomp_init(0x7fff0000))\n"
                  "for name in (b'landlock_create_ruleset', b'unshare', b'seccomp', b'memfd_secret', b'close_range'):\n"
                  "    number = seccomp.seccomp_syscall_resolve_name(name)\n"
                  "    assert seccomp.seccomp_rule_add(filter, 0x00050026, number, 0) == 0\n"
                  "assert seccomp.seccomp_load(filter) == 0\n"
                  "os.execv(sys.argv[1], sys.argv[1:])\n")
        done = subprocess.run([sys.executable, "-c", strict, VOUCH, "attest", "probe", "--json"], capture_output=True,
                              text=True, timeout=120, check=False)
        self.assertEqual(done.returncode, NO, done.stderr)
        told = json.loads(done.stdout)
        results = {row["fence"]: (row["result"], row["why"]) for row in told["fences"]}
        for name in ("namespaces", "landlock", "root", "descriptors"):
            self.assertEqual(results[name][0], "refused")
            self.assertTrue(results[name][1])
        self.assertEqual(results["dumpable"][0], "granted")
        self.assertEqual(told["secret_memory"], "locked memory")
        self.assertIn("root can read", told["notice"])
        self.assertFalse(any(row["can_run"] for row in told["roles"]))
        self.assertIn("this kernel refuses", done.stderr)

    def test_other_words_are_told_what_there_is(self):
        done = vouch("prove")
        self.assertEqual(done.returncode, USAGE)
        self.assertIn("it does probe", done.stderr)
        self.assertEqual(vouch().returncode, USAGE)


class Policy(unittest.TestCase):
    AT = ("--at", "2026-12-01T00:00:00Z")

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.keys = [self.key(name) for name in ("owner", "other")]

    def key(self, name):
        path = self.folder / name
        subprocess.run([VOUCH, "keygen", "--no-passphrase", "-o", path], check=True, capture_output=True, timeout=60)
        return path

    def sign(self, draft):
        path = self.folder / "signed"
        return vouch("policy", "sign", draft, "--key", self.keys[0], "-o", path), path

    def draft(self, name, *changes):
        text = (POLICIES / f"{name}.json").read_text()
        for old, new in changes:
            self.assertEqual(text.count(old), 1, old)
            text = text.replace(old, new)
        path = self.folder / f"{name}.json"
        path.write_text(text)
        return path

    def test_each_example_is_signed_and_taken_and_has_nothing_unwise(self):
        self.assertEqual(len(list(POLICIES.glob("*.json"))), 4)
        for draft in POLICIES.glob("*.json"):
            done = vouch("policy", "lint", draft, *self.AT)
            self.assertEqual(done.returncode, YES, done.stdout)
            signed, path = self.sign(draft)
            self.assertEqual(signed.returncode, YES, signed.stderr)
            told = json.loads(vouch("policy", "show", path, "--signer", self.keys[0], "--json", *self.AT).stdout)
            self.assertTrue(told["signed"] and told["trusted"])
            self.assertEqual(told["name"], json.loads(draft.read_text())["name"])
            self.assertEqual(told["classes"]["prompts"]["levels"], ["tee"] if draft.stem in ("snp", "tdx") else [])
            self.assertNotIn("none", told["classes"]["weights:private"]["evidence"])

    def test_a_policy_counts_by_its_signer_and_until_its_end(self):
        draft = self.draft("snp")
        self.assertIn("nobody", vouch("policy", "show", draft).stdout)
        _, path = self.sign(draft)
        self.assertIn("ask with --signer", vouch("policy", "show", path, *self.AT).stdout)
        self.assertEqual(vouch("policy", "show", path, "--signer", self.keys[1], *self.AT).returncode, NO)
        late = vouch("policy", "show", path, "--signer", self.keys[0], "--at", "2028-01-01T00:00:00Z")
        self.assertEqual(late.returncode, NO)
        self.assertIn("over since", late.stderr)
        path.write_text(path.read_text().replace('"snp": 23', '"snp": 22'))
        changed = vouch("policy", "show", path, *self.AT)
        self.assertEqual(changed.returncode, NO)
        self.assertIn("not what", changed.stderr)

    def test_what_no_policy_can_allow_is_not_signed(self):
        done, path = self.sign(self.draft("snp", ('"debug": false', '"debug": true')))
        self.assertEqual(done.returncode, NO)
        self.assertIn("no rules can allow", done.stderr)
        self.assertFalse(path.exists())
        done, path = self.sign(self.draft("tpm", ('"dtpm", "ftpm"', '"software"')))
        self.assertEqual((done.returncode, path.exists()), (NO, False))
        done, path = self.sign(self.draft("plain", ('"registry": "none"', '"registri": "none"')))
        self.assertEqual((done.returncode, path.exists()), (MALFORMED, False))

    def test_what_is_unwise_is_said_and_decides_the_exit_code(self):
        draft = self.draft("snp", ('"prompts": ["tee"]', '"prompts": ["sandbox"]'), ('"snp": 23', '"snp": 3'))
        as_text, as_json = (vouch("policy", "lint", draft, *self.AT, *json_too) for json_too in ((), ("--json",)))
        self.assertEqual((as_text.returncode, as_json.returncode), (NO, NO))
        told = json.loads(as_json.stdout)
        self.assertEqual(told["errors"], 2)
        self.assertEqual([row["error"] for row in told["findings"]], [True, True, False])  # and lists of who is revoked
        signed, path = self.sign(draft)
        self.assertEqual((signed.returncode, path.exists()), (YES, True))
        self.assertRegex(signed.stderr, "lint` has [2-9] errors")
        self.assertRegex(as_text.stdout, "error  levels: .*less than a TEE(.*\n)*error  snp: .*known to be broken")


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def boot_log(*events):
    """TCG's crypto-agile form, with SHA-1 and SHA-256: (PCR, type, data) each."""
    spec = b"Spec ID Event03\0" + struct.pack("<IBBBB", 0, 0, 2, 0, 2) + struct.pack("<I4H", 2, 4, 20, 11, 32) + b"\0"
    log = struct.pack("<II", 0, 3) + bytes(20) + struct.pack("<I", len(spec)) + spec
    for pcr, kind, data in events:
        log += struct.pack("<III", pcr, kind, 2) + struct.pack("<H", 4) + bytes(20)
        log += struct.pack("<H", 11) + sha256(data) + struct.pack("<I", len(data)) + data
    return log


class Refvalues(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.files = {name: self.folder / name for name in ("log", "one", "two")}
        self.files["one"].write_bytes(b"first")
        self.files["two"].write_bytes(b"second")
        self.files["log"].write_bytes(boot_log((4, 0x80000003, b"loader"), (7, 0x80000001, b"db"), (4, 4, bytes(4))))

    def values(self, *arguments):
        done = vouch("refvalues", *arguments)
        self.assertEqual(done.returncode, YES, done.stderr)
        return json.loads(done.stdout)

    def test_values_are_what_others_compute(self):
        told = self.values("--eventlog", self.files["log"], "--measured", f"11={self.files['one']}", "--measured",
                           f"11={self.files['two']}", "--measured", f"17={self.files['one']}", "--host-data",
                           self.files["two"], "--program", self.files["one"])
        self.assertEqual(told["facts"], {"builds": [sha256(b"first").hex()]})
        self.assertEqual(told["snp"], {"host_data": [sha256(b"second").hex()]})
        first, second = sha256(b"first"), sha256(b"second")
        self.assertEqual(told["tpm"]["pcrs"], {
            "4": [sha256(sha256(bytes(32), sha256(b"loader")), sha256(bytes(4))).hex()],
            "7": [sha256(bytes(32), sha256(b"db")).hex()],
            "11": [sha256(sha256(bytes(32), first), second).hex()],
            "17": [sha256(b"\xff" * 32, first).hex()]})
        self.assertEqual(told["tpm"]["log"], {"pcrs": [4, 7], "events": []})
        only = self.values("--eventlog", self.files["log"], "--pcr", "7", "--measured", f"7={self.files['one']}")
        self.assertEqual(list(only["tpm"]["pcrs"]), ["7"])
        self.assertEqual(only["tpm"]["log"], "none")  # the log does not explain what came behind it

    def test_the_default_is_this_program(self):
        told = self.values()
        self.assertEqual(told, {"facts": {"builds": [sha256(pathlib.Path(VOUCH).read_bytes()).hex()]}})

    def test_firmware_that_is_none_is_refused(self):
        for arguments, code in ((("--firmware", self.files["one"]), MALFORMED),
                                (("--firmware", self.files["one"], "--vcpus", "0"), USAGE),
                                (("--firmware", self.files["one"], "--cpu", "Genoa"), USAGE),
                                (("--firmware", self.files["one"], "--append", "ro"), USAGE)):
            done = vouch("refvalues", *arguments)
            self.assertEqual((done.returncode, done.stdout), (code, ""), (arguments, done.stderr))

    def test_values_fit_a_policy(self):
        told = self.values("--eventlog", self.files["log"])
        policy = json.loads((POLICIES / "tpm.json").read_text())
        policy["facts"].update(told["facts"])
        policy["tpm"].update(told["tpm"])
        draft = self.folder / "draft.json"
        draft.write_text(json.dumps(policy))
        done = vouch("policy", "lint", draft, "--at", "2026-12-01T00:00:00Z")
        self.assertEqual(done.returncode, YES, done.stdout + done.stderr)

    def test_what_is_none_is_refused(self):
        for arguments, code in ((("--measured", "24=/dev/null"), USAGE), (("--measured", "x"), USAGE),
                                (("--measured", f"11={self.folder}/none"), UNAVAILABLE),
                                (("--eventlog", self.files["one"]), MALFORMED),
                                (("--eventlog", self.files["log"], "--pcr", "5"), NO),
                                (("--eventlog", self.files["log"], "--pcr", "-1"), USAGE),
                                (("--model", self.files["one"]), MALFORMED)):
            done = vouch("refvalues", *arguments)
            self.assertEqual((done.returncode, done.stdout), (code, ""), (arguments, done.stderr))
            self.assertTrue(done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
