#!/usr/bin/env python3
"""Agreed jobs: a ledger, four witnesses and seven nodes as processes on loopback, over TLS.

usage: tools/bench_agreement.py build/release/vouch [CLIENTS [JOBS]] [--rate]

First many clients at once, each asking JOBS questions of committees of five: how many jobs a second are decided, and
what one costs on the ledger, and in processor time of each kind of process: what a busy machine leaves alone. With
--rate nothing more. Then one client alone: a job with five votes over one plain run of the same model. Every
voucher is made, with proofs under a cosigned checkpoint. $VOUCH_DATA, or ../shared/data, may hold ResNet-20.
"""
import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/e2e"))
from agreed import Agreed, import_model  # noqa: E402 (found only now)
from processes import family  # noqa: E402

NODES, SEATS = 7, 5
DATA = pathlib.Path(os.environ.get("VOUCH_DATA", ROOT / "../shared/data"))


class Crowd(Agreed):
    """And many clients, each with a key and money of its own. Everybody has one thread: there are more
    processes than processors."""

    def __init__(self, vouch, folder, model, placements, clients):
        super().__init__(vouch, folder, model, placements, node_options=["--threads", "1"])
        self.clients = [f"client{i}" for i in range(clients)]
        self.client_keys = [self.network.keygen(name) for name in self.clients]
        members = folder / "members.txt"
        lines = [f"client {name} {key}\n" for name, key in zip(self.clients, self.client_keys)]
        members.write_text(members.read_text() + "".join(lines))
        (folder / "network.registry").unlink()
        self.run("registry", members, "--key", folder / "founder.key", "-o",
                 folder / "network.registry")

    def found(self):
        super().found()
        for key in self.client_keys:
            self.ledger.entry("deposit", key, 10**7)

    def ask(self, name, jobs, cuts):
        command = self.network.infer_command("synthetic:1", *self.on_ledger(name), "--quorum",
                                             SEATS, "--cuts", cuts, "--repeat", jobs, "--threads", 1,
                                             name=name)
        command = [self.vouch, *map(str, command)]
        command[command.index("--key") + 1] = str(self.folder / f"{name}.key")
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def processor_s(self):
        """What daemons have used so far, and what children that have ended did."""
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        kinds = {"clients": ended.ru_utime + ended.ru_stime}
        for kind, processes in (("nodes", self.network.nodes), ("ledger", [self.ledger.process]),
                                ("witnesses", self.ledger.witnesses)):
            kinds[kind] = sum(processor_s_of(pid) for one in processes for pid in family(one.process.pid))
        return kinds

    def entries(self):
        rows, size = [], self.ledger.get_json("/api/state")["size"]
        while len(rows) < size:
            rows += self.ledger.get_json(f"/api/entries?from={len(rows)}")["entries"]
        return rows


def processor_s_of(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")  # user, system


def cuts_of(vouch, model):
    """Where the client's first and last parametric layers end and begin."""
    done = subprocess.run([vouch, "split", model, "--json"], check=True, capture_output=True)
    cuts = json.loads(done.stdout)["cuts"]
    layers = cuts[-1]["layers_before"]
    inner = [cut["position"] for cut in cuts if 1 <= cut["layers_before"] <= layers - 1]
    return inner[0], inner[-1]


def plain_us(vouch, model):
    done = subprocess.run([vouch, "bench", model, "--batch", "1", "--json"], check=True,
                          capture_output=True)
    return json.loads(done.stdout)[-1]["us_per_sample"]


def wait(asked):
    times = []
    for process in asked:
        out, error = process.communicate()
        if process.returncode != 0:
            sys.exit(f"vouch infer: exit {process.returncode}: {error.decode()}")
        times += json.loads(out)["total_us"]
    return times


def rate(vouch, clients, jobs):
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        model = import_model(vouch, folder)
        first, last = cuts_of(vouch, model)
        with Crowd(vouch, folder, model, [(first, last)] * NODES, clients) as network:
            before = len(network.entries())
            used = network.processor_s()
            times = wait([network.ask(name, jobs, f"{first},{last}") for name in network.clients])
            used = {kind: now - used[kind] for kind, now in network.processor_s().items()}
            rows = network.entries()[before:]
    verdicts = sorted(row["time_ms"] for row in rows if row["kind"] == "verdict")
    tenth = len(verdicts) // 10
    seconds = (verdicts[-tenth - 1] - verdicts[tenth]) / 1000
    anchors = sum(row["kind"] == "anchor" for row in rows)
    print(f"{clients} clients, {jobs} jobs each of demo/digits.onnx, committees of {SEATS} out of {NODES}, 4 witnesses")
    print(f"  {(len(verdicts) - 2 * tenth) / seconds:.0f} jobs/s (without the first and last tenth), "
          f"{statistics.median(times) / 1000:.0f} ms each (median, voucher included)")
    print(f"  {len(rows) / len(verdicts):.1f} entries a job, {len(verdicts) / anchors:.1f} jobs an anchor")
    shares = ", ".join(f"{kind} {1000 * s / len(verdicts):.2f}" for kind, s in used.items())
    print(f"  {1000 * sum(used.values()) / len(verdicts):.2f} ms of processor a job: {shares}")


def overhead(vouch, name, onnx, calibrate):
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        model = import_model(vouch, folder, onnx, calibrate)
        plain = plain_us(vouch, model)
        first, last = cuts_of(vouch, model)
        with Crowd(vouch, folder, model, [(first, last)] * NODES, 1) as network:
            times = wait([network.ask("client0", 30, f"{first},{last}")])
            voucher = (folder / "client0.voucher").stat().st_size
    job = statistics.median(times)
    print(f"  {name:14} {job / 1000:8.1f} ms a job  {plain / 1000:8.3f} ms plain  {job / plain:8.0f} times  "
          f"voucher {voucher} bytes")


def main():
    words = [word for word in sys.argv[1:] if word != "--rate"]
    vouch = words[0]
    clients, jobs = (int(word) for word in (words[1:] + ["32", "40"][len(words) - 1:])[:2])
    rate(vouch, clients, jobs)
    if len(words) < len(sys.argv) - 1:
        return
    print("one client alone, one sample a job, five votes, median of 30:")
    for name in ("digits", "breast_cancer"):
        overhead(vouch, name, ROOT / f"demo/{name}.onnx", ROOT / f"demo/{name}_calibration.npy")
    resnet = DATA / "derived/resnet20-12fca82f.onnx"
    if resnet.exists():
        overhead(vouch, "ResNet-20", resnet, "synthetic:1")
    else:
        print(f"  ResNet-20      skipped: {resnet} is not there")


if __name__ == "__main__":
    main()
