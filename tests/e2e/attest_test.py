#!/usr/bin/env python3
"""vouch attest: what people and scripts are told of a machine."""
import json
import subprocess
import sys
import unittest

VOUCH = sys.argv.pop(1)
YES, NO, USAGE = range(3)
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
        self.assertIn("it does probe verify", done.stderr)
        self.assertEqual(vouch().returncode, USAGE)


if __name__ == "__main__":
    unittest.main(verbosity=2)
