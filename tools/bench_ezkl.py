#!/usr/bin/env python3
"""EZKL and vouch, proving the same networks on this machine: time, proof size, memory of each step.

    bench_ezkl.py PATH/TO/vouch EZKL_PYTHON [DATA] [--only=PART] [--target=T] [--minutes=N]
                  [--gigabytes=N] [--private] [--json]

EZKL_PYTHON is a Python that has ezkl (python -m venv E && E/bin/pip install ezkl). Each model goes
through gen-settings, calibrate (for `resources` and for `accuracy`, or only for T), compile, gen-srs
(made here: nothing is fetched), setup, witness, prove and verify, each in a process of its own: the
time is that process's, from start to end, less what starting Python and importing ezkl takes; the
memory is its peak. A model that needs more than 30 minutes or 24 GB did not finish, and that is a
result. vouch's steps are import, annex, prove and verify, the last two five times: medians of whole
processes, nothing taken off; its prove contains the witness. Of a process that needs less memory than
the Python it is started from, that Python's 15 MiB are shown.

By default EZKL's own visibilities stand: input and output are public and weights fixed, that is, its
proof hides the input from nobody; --private hides input and weights and leaves the output public, as
EZKL demands. EZKL's numbers are its own quantisation's: the same network, not the same integers.

Run nothing beside it. Exit code 77: skipped, the message says why.
"""
import gzip
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests/e2e"))
from arrays import write_npy  # noqa: E402

SKIP = 77
REPEATS = 5 # of what takes vouch milliseconds
MODELS = {  # name: (network, input)
    "1l_mlp": ("onnx-ezkl/1l_mlp/network.onnx", "onnx-ezkl/1l_mlp/input.json"),
    "4l_relu_conv_fc": ("onnx-ezkl/4l_relu_conv_fc/network.onnx",
                        "onnx-ezkl/4l_relu_conv_fc/input.json"),
    "MNIST CNN (mnist-12)": ("onnx-trained/mnist/mnist-12.onnx",
                             "datasets/mnist/t10k-images-idx3-ubyte.gz"),
}
STEPS = "settings", "calibrate", "compile", "srs", "setup", "witness", "prove", "verify"
# What each step runs in EZKL's Python; `a` is what the script passes, as JSON.
CALL = """
import json, sys
a = json.loads(sys.argv[1])
import ezkl
def private():
    run = ezkl.PyRunArgs()
    run.input_visibility = run.param_visibility = "private" # something must be public
    return run
step = {
    "import": lambda: True,
    "settings": lambda: ezkl.gen_settings(a["model"], "settings.json",
                                          py_run_args=private() if a["private"] else None),
    "calibrate": lambda: ezkl.calibrate_settings(a["data"], a["model"], "settings.json",
                                                 a["target"]),
    "compile": lambda: ezkl.compile_circuit(a["model"], "circuit", "settings.json"),
    "srs": lambda: ezkl.gen_srs("srs", json.load(open("settings.json"))["run_args"]["logrows"]),
    "setup": lambda: ezkl.setup("circuit", "vk", "pk", srs_path="srs"),
    "witness": lambda: ezkl.gen_witness(a["data"], "circuit", "witness.json"),
    "prove": lambda: ezkl.prove("witness.json", "circuit", "pk", "proof.json", srs_path="srs"),
    "verify": lambda: ezkl.verify("proof.json", "settings.json", "vk", srs_path="srs"),
}[a["step"]]
sys.exit(1 if step() is False else 0)
"""
FLAGS = dict(f[2:].split("=", 1) if "=" in f else (f[2:], True)
             for f in sys.argv[1:] if f.startswith("--"))
SECONDS_MAX = 60 * float(FLAGS.get("minutes", 30))
BYTES_MAX = 1e9 * float(FLAGS.get("gigabytes", 24))


def skip(why):
    print(f"skipped: {why}")
    sys.exit(SKIP)


class DidNotFinish(Exception):
    pass


def resident(process):
    try:
        with open(f"/proc/{process.pid}/status") as file:
            found = [line.split()[1] for line in file if line.startswith("VmRSS")]
        return 1024 * int(found[0]) if found else 0
    except (FileNotFoundError, ProcessLookupError):
        return 0


class Watch(threading.Thread):
    """Kills a process that takes too long or too much, and knows which."""

    def __init__(self, process, seconds):
        super().__init__(daemon=True)
        self.process, self.until, self.why = process, time.monotonic() + seconds, None
        self.ended = threading.Event()
        self.start()

    def run(self):
        while not self.ended.wait(0.2):
            if time.monotonic() > self.until:
                self.why = f"did not finish in {SECONDS_MAX / 60:g} minutes"
            elif resident(self.process) > BYTES_MAX:
                self.why = f"did not finish in {BYTES_MAX / 1e9:g} GB"
            if self.why:
                self.process.kill()
                return


def measured(command, folder, seconds):
    """(seconds, peak bytes) of a command that succeeds."""
    began = time.monotonic()
    with open(folder / "said", "w") as said:
        process = subprocess.Popen([*map(str, command)], cwd=folder, stdout=said, stderr=said)
    watch = Watch(process, seconds)
    _, status, usage = os.wait4(process.pid, 0)
    took = time.monotonic() - began
    watch.ended.set()
    process.returncode = os.waitstatus_to_exitcode(status)
    if watch.why:
        raise DidNotFinish(watch.why)
    if process.returncode != 0:
        last = (folder / "said").read_text().strip().splitlines()[-1:] or ["nothing"]
        raise DidNotFinish(f"exit {process.returncode}, said: {last[0][:300]}")
    return took, 1024 * usage.ru_maxrss


def as_json(source, folder):
    """EZKL's input file; of MNIST's archive the first image."""
    if source.suffix == ".json":
        return source
    with gzip.open(source) as file:
        pixels = file.read(16 + 784)[16:]
    path = folder / "input.json"
    path.write_text(json.dumps({"input_data": [[float(p) for p in pixels]]}))
    return path


def show(step, seconds, peak):
    print(f"    {step:10} {seconds:9.3f} s {peak / 2**20:9.0f} MiB", flush=True)


def run_ezkl(python, network, source, target, folder):
    """One model: {step: (seconds, bytes)}, and why it ended early."""
    data = as_json(source, folder)
    arguments = {"model": str(network), "data": str(data), "target": target,
                 "private": "private" in FLAGS}
    call = lambda step: [python, "-c", CALL, json.dumps({**arguments, "step": step})]
    start = min(measured(call("import"), folder, 60)[0] for _ in range(3))
    results, left = {}, SECONDS_MAX
    for step in STEPS:
        try:
            seconds, peak = measured(call(step), folder, left)
        except DidNotFinish as why:
            return results, f"{step}: {why}"
        left -= seconds
        results[step] = max(0.0, seconds - start), peak
        show(step, *results[step])
    return results, None


def run_vouch(vouch, network, source, folder):
    """The same of vouch, and the size of its proof."""
    with open(as_json(source, folder)) as file:
        values = json.load(file)["input_data"][0]
    model, sample, results = folder / "m.vouch", folder / "sample.npy", {}
    steps = {
        "import": [vouch, "import", network, "-o", model, "--key", "owner.key", "--calibrate", sample],
        "annex": [vouch, "annex", model, "--key", "owner.key"],
        "prove": [vouch, "prove", model, "--input", sample, "--output", "x.proof"],
        "verify": [vouch, "verify", "x.proof", "--model", model, "--opening", "x.opening"]}
    subprocess.run([vouch, "keygen", "-o", folder / "owner.key", "--no-passphrase"], check=True,
                   stdout=subprocess.DEVNULL)
    # Shapes are the model's own business: one import without samples asks for them.
    measured([*steps["import"][:-1], "synthetic"], folder, 600)
    known = json.loads(subprocess.run([vouch, "inspect", model, "--json"], check=True,
                                      capture_output=True, text=True).stdout)
    write_npy(sample, (1, *known["inputs"][0]["shape"]), values)
    for step, command in steps.items():
        runs = [measured(command, folder, SECONDS_MAX)
                for _ in range(REPEATS if step in ("prove", "verify") else 1)]
        results[step] = statistics.median(r[0] for r in runs), max(r[1] for r in runs)
        show(step, *results[step])
    return results, (folder / "x.proof").stat().st_size


def sizes(folder):
    proof = json.loads((folder / "proof.json").read_text())
    settings = json.loads((folder / "settings.json").read_text())
    return {"proof": len(proof["hex_proof"]) // 2 - 1, "proving key": (folder / "pk").stat().st_size,
            "rows": 2**settings["run_args"]["logrows"]}


def measure_ezkl(python, network, source, target):
    with tempfile.TemporaryDirectory(prefix="vouch-ezkl-") as folder:
        folder = pathlib.Path(folder)
        steps, why = run_ezkl(python, network, source, target, folder)
        row = {"target": target, "steps": steps, "why": why}
        if why:
            print(f"    {why}", flush=True)
            return row
        row |= sizes(folder)
        print(f"    proof {row['proof']} bytes, proving key {row['proving key'] / 2**20:.0f} MiB, "
              f"{row['rows']} rows", flush=True)
        return row


def compare(ours, theirs):
    """How many times longer EZKL takes."""
    if not theirs["why"]:
        whole = theirs["steps"]["prove"][0] + theirs["steps"]["witness"][0]
        print(f"    EZKL proves {whole / ours['prove'][0]:.0f} times slower, verifies "
              f"{theirs['steps']['verify'][0] / ours['verify'][0]:.1f} times slower", flush=True)


def main():
    places = [a for a in sys.argv[1:] if not a.startswith("--")]
    if len(places) < 2:
        skip("name vouch and a Python that has ezkl")
    # A virtual environment's Python is a link, which must not be followed.
    vouch, python = map(os.path.abspath, places[:2])
    root = pathlib.Path(__file__).resolve().parents[1]
    where = pathlib.Path(places[2] if len(places) > 2 else
                         os.environ.get("VOUCH_DATA", root / "../shared/data")).resolve()
    version = subprocess.run([python, "-c", "import importlib.metadata as m; print(m.version('ezkl'))"],
                             capture_output=True, text=True, check=False)
    if version.returncode != 0:
        skip(f"{python} has no ezkl")
    if not (where / "onnx-ezkl").is_dir():
        skip(f"no models in {where}; set VOUCH_DATA")
    print(f"# ezkl {version.stdout.strip()}, {os.cpu_count()} cores")
    report = []
    for name, (network, source) in MODELS.items():
        if FLAGS.get("only", "") not in name:
            continue
        print(f"{name}, vouch", flush=True)
        with tempfile.TemporaryDirectory(prefix="vouch-ezkl-") as folder:
            ours, size = run_vouch(vouch, where / network, where / source, pathlib.Path(folder))
        print(f"    proof {size} bytes", flush=True)
        row = {"model": name, "vouch": {"steps": ours, "proof": size}, "ezkl": []}
        for target in [FLAGS["target"]] if "target" in FLAGS else ["resources", "accuracy"]:
            print(f"{name}, EZKL, calibrated for {target}", flush=True)
            row["ezkl"].append(measure_ezkl(python, where / network, where / source, target))
            compare(ours, row["ezkl"][-1])
        report.append(row)
    if "json" in FLAGS:
        print(json.dumps(report))


main()
