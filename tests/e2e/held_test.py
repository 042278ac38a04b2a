#!/usr/bin/env python3
"""Nodes that show what they are before they get anything, and clients that do: over TLS, with processes, and with
TPMs in software where they are installed. Whoever does not hold up is named, and hears nothing of the job."""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest
import urllib.request

import tpms
from agreed import MIDDLE, Agreed, make_model
from network import Network, Refused
from policies import Policies

VOUCH = sys.argv.pop(1)
del sys.argv[1:]
DRAFTS = pathlib.Path(__file__).resolve().parents[2] / "demo/policies"
REFUSED, USAGE, UNAVAILABLE = 1, 2, 4
HAS_TPMS = not tpms.missing()
PCR = 11


def setUpModule():
    global FOLDER, MODEL, POLICIES  # pylint: disable=global-variable-undefined
    scratch = tempfile.TemporaryDirectory()
    unittest.addModuleCleanup(scratch.cleanup)
    FOLDER = pathlib.Path(scratch.name)
    MODEL = make_model(VOUCH, FOLDER)
    POLICIES = Policies(VOUCH, FOLDER / "policies")


class Attested(unittest.TestCase):
    def start(self, options, count=2):
        """Nodes with these options each: a list for all, or one of lists."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        network = Network(VOUCH, folder.name, MODEL, [MIDDLE] * count)
        self.addCleanup(network.close)
        for i in range(count):
            network.nodes.append(network.start(i, *map(str, options[i] if isinstance(options[0], list) else options)))
        network.write_peers()
        return network

    def ask(self, network, rules, *options):
        held = ["--policy", rules, "--policy-signer", POLICIES.signer] if rules else []
        return network.infer("synthetic:1", "--quorum", len(network.nodes), *held, *options)

    def refuse(self, network, rules, *options, code=UNAVAILABLE):
        """The client gets no answer. What it says."""
        with self.assertRaises(Refused) as caught:
            self.ask(network, rules, *options)
        self.assertEqual(caught.exception.code, code, caught.exception.text)
        return caught.exception.text

    def check_untold(self, *nodes):
        """They heard nothing of a job."""
        for node in nodes:
            with urllib.request.urlopen(f"http://{node.http}/metrics", timeout=60) as page:
                self.assertIn("\nvouch_jobs_admitted_total 0\n", page.read().decode())


class Words(Attested):
    """Of nodes that have nothing but their own."""

    def test_a_nodes_own_word_does_where_the_rules_take_it_and_is_called_that(self):
        network = self.start(["--attest", "none"])
        answer = self.ask(network, POLICIES.sandbox())
        self.assertEqual([node["level"] for node in answer["attested"]], ["sandbox"] * 2)
        self.assertEqual([node["verdict"] for node in answer["attested"]], ["warning"] * 2)
        self.assertIn("own word", answer["attested"][0]["why"])
        self.assertEqual(self.ask(network, None)["attested"], [])

    def test_the_draft_for_plain_machines_takes_nodes_as_they_are(self):
        probe = json.loads(subprocess.run([VOUCH, "attest", "probe", "--json"], capture_output=True, timeout=120,
                                          check=False).stdout)
        if any(fence["result"] != "granted" for fence in probe["fences"]):
            self.skipTest("this kernel refuses some of the fences")
        draft = json.loads((DRAFTS / "plain.json").read_text()) | {"not_after": "2040-01-31T00:00:00Z"}
        rules = POLICIES.sign(draft, "plain")
        network = self.start(["--attest", "none"])
        if "a sanitizer looks into its own process" in (network.folder / "node0.log").read_text():
            self.skipTest("sanitizer builds are not confined, and say so")
        answer = self.ask(network, rules, "--class", "weights:open")
        self.assertEqual([node["level"] for node in answer["attested"]], ["sandbox"] * 2)
        self.assertIn("let nobody have prompts", self.refuse(network, rules, code=REFUSED))
        network = self.start(["--attest", "none", "--confine", "off"])
        self.assertIn("result.confinement", self.refuse(network, rules, "--class", "weights:open"))
        self.check_untold(*network.nodes)

    def test_nodes_that_show_nothing_get_nothing_and_are_named(self):
        network = self.start([["--attest", "none"], []])
        said = self.refuse(network, POLICIES.sandbox(), code=REFUSED)
        self.assertIn(f"nothing was sent to node {network.nodes[1].key[:16]} of operator-1: this node shows no "
                      "evidence", said)
        self.assertNotIn(network.nodes[0].key[:16], said)
        self.check_untold(network.nodes[1])

    def test_nodes_below_the_rules_get_nothing_and_the_check_is_named(self):
        network = self.start(["--attest", "none", "--confine", "off"])
        facts = {"builds": "any", "models": "any", "policies": "any", "confinement": ["seccomp"]}
        said = self.refuse(network, POLICIES.sandbox("seccomp", facts=facts))
        self.assertEqual(said.count("nothing was sent to node"), 2)
        self.assertIn("result.confinement", said)
        self.check_untold(*network.nodes)

    def test_nodes_say_that_evidence_is_judged_apart_where_it_is(self):
        facts = {"builds": "any", "models": "any", "policies": "any", "confinement": ["parser-apart"]}
        rules = POLICIES.sandbox("apart", facts=facts)
        network = self.start(["--attest", "none"])
        log = (network.folder / "node0.log").read_text()
        if "a sanitizer looks into its own process" not in log:
            self.assertIn("parser: confined by: ", log)
            self.ask(network, rules)
        network = self.start(["--attest", "none", "--confine", "off"])
        self.assertIn("result.confinement", self.refuse(network, rules))
        self.check_untold(*network.nodes)

    def test_a_word_does_not_do_where_evidence_is_asked_for(self):
        network = self.start(["--attest", "none"])
        rules = POLICIES.tpm(["000b" + 64 * "1"], {PCR: [64 * "0"]}, "unmet")
        self.assertIn("kinds that are not at hand", self.refuse(network, rules))
        self.check_untold(*network.nodes)

    def test_rules_are_taken_from_whoever_was_named_alone(self):
        network = self.start(["--attest", "none"])
        rules = POLICIES.sandbox()
        self.refuse(network, None, "--policy", rules, code=USAGE)
        other = Policies(VOUCH, network.folder / "others")
        self.refuse(network, None, "--policy", rules, "--policy-signer", other.signer, code=REFUSED)
        for alone in (["--policy-signer", POLICIES.signer], ["--class", "prompts"], ["--crl", "list"]):
            self.assertIn("does nothing without --policy", self.refuse(network, None, *alone, code=USAGE))
        over = POLICIES.sign(POLICIES.draft("sandbox", not_after="2020-01-01T00:00:00Z"), "over")
        self.refuse(network, over, code=REFUSED)
        self.refuse(network, rules, "--class", "anything", code=USAGE)
        nobody = POLICIES.draft("sandbox", levels={"prompts": [], "weights:open": ["sandbox"]})
        self.assertIn("let nobody have prompts", self.refuse(network, POLICIES.sign(nobody, "nobody"), code=REFUSED))
        self.check_untold(*network.nodes)

    def test_clients_are_held_to_rules_too(self):
        rules = ["--client-policy", POLICIES.sandbox(), "--policy-signer", POLICIES.signer]
        network = self.start(rules)
        self.assertIn("this client shows no evidence", self.refuse(network, None))
        self.check_untold(*network.nodes)
        self.ask(network, None, "--attest", "none")
        network = self.start(["--attest", "none", *rules])
        self.ask(network, POLICIES.sandbox(), "--attest", "none")  # each the other
        facts = {"builds": [64 * "1"], "models": "any", "policies": "any", "confinement": []}
        network = self.start(["--client-policy", POLICIES.sandbox("builds", facts=facts), "--policy-signer",
                              POLICIES.signer])
        self.assertIn("result.build", self.refuse(network, None, "--attest", "none"))
        self.check_untold(*network.nodes)

    def test_committees_are_drawn_of_operators_whose_nodes_hold_up(self):
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            shown = {i: [VOUCH, "node", "--attest", "none"] for i in range(3)}  # the fourth shows nothing
            with Agreed(VOUCH, folder, MODEL, [MIDDLE] * 4, programs=shown) as network:
                held = ["--quorum", 3, "--cuts", "1,6", "--policy", POLICIES.sandbox(), "--policy-signer",
                        POLICIES.signer]
                for i in range(2):
                    answer = network.agree("synthetic:1", *held, name=f"answer{i}")
                    self.assertEqual(answer["segments"][0]["votes"], 3)
                self.check_untold(network.network.nodes[3])
                for row in network.settled_audit()["accounts"]:
                    self.assertEqual(row["silences"], 0)

    def test_who_holds_its_clients_alone_says_nothing_of_referees(self):
        held = POLICIES.sandbox("held")
        shown = subprocess.run([VOUCH, "attest", "policy", "show", held, "--json"], capture_output=True, check=True)
        facts = {"builds": "any", "models": "any", "policies": [json.loads(shown.stdout)["id"]], "confinement": []}
        rules = POLICIES.sandbox("enforced", facts=facts)
        program = [VOUCH, "node", "--attest", "none", "--policy-signer", POLICIES.signer, "--client-policy", held]
        for more in ([], ["--policy", held]):
            with tempfile.TemporaryDirectory() as folder:
                programs = {i: [*map(str, program), *map(str, more)] for i in range(3)}
                with Agreed(VOUCH, pathlib.Path(folder), MODEL, [MIDDLE] * 3, programs=programs) as network:
                    ask = ["--quorum", 3, "--cuts", "1,6", "--policy", rules, "--policy-signer", POLICIES.signer,
                           "--attest", "none"]
                    if more:
                        self.assertEqual(network.agree("synthetic:1", *ask)["segments"][0]["votes"], 3)
                        continue
                    with self.assertRaises(Refused) as caught:
                        network.agree("synthetic:1", *ask)
                    self.assertIn("result.enforces", caught.exception.text)

    def test_each_job_is_attested_anew(self):
        network = self.start(["--attest", "none"])
        self.ask(network, POLICIES.sandbox(), "--repeat", 5)


@unittest.skipUnless(HAS_TPMS, f"not installed here: {', '.join(tpms.missing())}")
class Quotes(Attested):
    """Of nodes with a TPM."""

    @classmethod
    def setUpClass(cls):
        cls.tpms = [tpms.Tpm(FOLDER / f"tpm{i}") for i in range(2)]
        for tpm in cls.tpms:
            cls.addClassCleanup(tpm.stop)
        cls.keys = [POLICIES.enrol(tpm) for tpm in cls.tpms]

    def node_options(self):
        return [["--attest", f"tpm:{tpm.tcti}"] for tpm in self.tpms]

    def rules(self, name, keys=None, **changes):
        values = sorted({tpm.values([PCR])[PCR] for tpm in self.tpms})
        return POLICIES.tpm(keys or self.keys, {PCR: values}, name, **changes)

    def test_quotes_of_enrolled_keys_over_the_right_pcrs_are_taken(self):
        network = self.start(self.node_options())
        answer = self.ask(network, self.rules("right"))
        self.assertEqual([node["level"] for node in answer["attested"]], ["tpm"] * 2)
        self.assertEqual([node["test"] for node in answer["attested"]], [True] * 2)

    def test_keys_that_were_not_enrolled_are_refused(self):
        network = self.start(self.node_options())
        said = self.refuse(network, self.rules("one", self.keys[:1]), code=REFUSED)
        self.assertIn(f"nothing was sent to node {network.nodes[1].key[:16]} of operator-1: tpm.ak.enrolled", said)
        self.assertNotIn(network.nodes[0].key[:16], said)
        self.check_untold(network.nodes[1])

    def test_a_pcr_that_changed_after_the_start_is_seen_by_the_next_job(self):
        network = self.start(self.node_options())
        rules = self.rules("before")
        self.ask(network, rules)
        self.tpms[0].extend(PCR, 64 * "2")
        said = self.refuse(network, rules, code=REFUSED)
        self.assertIn(f"nothing was sent to node {network.nodes[0].key[:16]} of operator-0: tpm.pcr.value", said)
        self.ask(network, self.rules("after"))

    def test_a_tpm_that_is_gone_is_no_evidence(self):
        network = self.start(self.node_options())
        rules = self.rules("gone")
        self.tpms[1].stop()
        try:
            said = self.refuse(network, rules, code=REFUSED)
            self.assertIn(f"nothing was sent to node {network.nodes[1].key[:16]} of operator-1: the hardware here", said)
            self.check_untold(network.nodes[1])
        finally:
            self.tpms[1].start()
        self.ask(network, self.rules("back"))


if __name__ == "__main__":
    unittest.main()
