#!/usr/bin/env python3
"""vouch attest: what people and scripts are told of a machine."""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

VOUCH = sys.argv.pop(1)
POLICIES = pathlib.Path(__file__).resolve().parents[2] / "demo/policies"
YES, NO, USAGE, MALFORMED = range(4)
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
        self.assertEqual([row["role"] for row in told["roles"]], ["parser", "key agent", "inference"])
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
        self.assertEqual([row["error"] for row in told["findings"]], [True, True])
        self.assertRegex(as_text.stdout, "error  levels: .*less than a TEE(.*\n)*error  snp: .*known to be broken")


if __name__ == "__main__":
    unittest.main(verbosity=2)
