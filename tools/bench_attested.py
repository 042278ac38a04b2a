#!/usr/bin/env python3
"""What it costs a job that its nodes attest to it first: jobs without a policy beside jobs with one, in one run.

usage: tools/bench_attested.py build/release/vouch [JOBS [OTHER/vouch]]

Three nodes on loopback, one job at a time over connections that are there already, each node asked anew for each
job: for its word alone, and, where swtpm and tpm2-tools are installed, for a quote by a TPM in software. JOBS of each
(60 unless told otherwise) in five rounds that take turns. With another program as well, its clients take turns with
those of the first, for a comparison that meets the same machine.
"""
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/e2e"))
import tpms  # noqa: E402 (found only now)
from agreed import DEMO, MIDDLE, import_model  # noqa: E402
from network import Network  # noqa: E402
from policies import Policies  # noqa: E402

NODES, ROUNDS = 3, 5


class Attesting:
    """Nodes that attest in one way, and the client's options that hold them to it."""

    def __init__(self, vouch, folder, model, name, sources, policy):
        self.name, self.policy = name, policy
        folder.mkdir()
        self.network = Network(vouch, folder, model, [MIDDLE] * NODES)
        for i in range(NODES):
            self.network.nodes.append(self.network.start(i, *sources[i]))
        self.network.write_peers()

    def ask(self, vouch, jobs):
        """Milliseconds of each job but the first, which connects."""
        self.network.vouch = vouch
        options = ["--quorum", NODES, "--cuts", ",".join(map(str, MIDDLE)), "--repeat", jobs + 1, "--threads", 1]
        return [us / 1000 for us in self.network.infer(DEMO / "digits_inputs.npy", *options, *self.policy)["total_us"][1:]]


def with_tpms(vouch, folder, policies, machines):
    for i in range(NODES):
        machines.append(tpms.Tpm(folder / f"tpm{i}"))
        machines[-1].extend(11, "11" * 32)
    rules = policies.tpm([policies.enrol(tpm) for tpm in machines], {11: [machines[0].values([11])[11]]})
    return [["--attest", f"tpm:{tpm.tcti}"] for tpm in machines], rules


def networks(vouch, folder, machines):
    model = import_model(vouch, folder)
    policies = Policies(vouch, folder / "policies")

    def held_to(rules):
        return ["--policy", rules, "--policy-signer", policies.signer]

    yield Attesting(vouch, folder / "plain", model, "no policy", [[]] * NODES, [])
    yield Attesting(vouch, folder / "none", model, "its word (none)", [["--attest", "none"]] * NODES,
                    held_to(policies.sandbox()))
    if tpms.missing():
        print(f"no TPM: not installed here: {', '.join(tpms.missing())}")
        return
    sources, rules = with_tpms(vouch, folder, policies, machines)
    yield Attesting(vouch, folder / "quotes", model, "a TPM's quote (swtpm)", sources, held_to(rules))


def main():
    vouch, jobs = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 60
    programs = [vouch, *sys.argv[3:4]]
    with tempfile.TemporaryDirectory() as scratch:
        machines, started, times = [], [], {}
        try:
            started.extend(networks(vouch, pathlib.Path(scratch), machines))
            for _ in range(ROUNDS):
                for kind in started:
                    for program in programs:
                        times.setdefault((kind.name, program), []).extend(kind.ask(program, -(-jobs // ROUNDS)))
        finally:
            for kind in started:
                kind.network.close()
            for tpm in machines:
                tpm.stop()
    print(f"demo/digits.onnx, 10 images a job, {NODES} nodes, a vote of each; ms a job")
    for (name, program), found in times.items():
        quarters = statistics.quantiles(found, n=20)
        print(f"{name:22} {program if len(programs) > 1 else '':40} p50 {statistics.median(found):7.1f}"
              f"   p5 {quarters[0]:7.1f}   p95 {quarters[-1]:7.1f}   of {len(found)}")


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as error:
        sys.exit(f"{error}\n{error.stderr}")
