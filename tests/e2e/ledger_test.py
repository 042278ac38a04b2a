"""A ledger, four witnesses, a crowd of members: entries, refusals, what is served; and kill -9 of the
ledger at random points, again and again: what was acknowledged is there, what was shown stays, no
segment has two verdicts. LEDGER_KILLS says how often (60)."""
import base64
import hashlib
import json
import os
import pathlib
import random
import select
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from ledgers import Ledger, Refused, seed_of_environment

FAST = ["epoch_ms=1", "draw_ms=300", "commit_ms=20000", "reveal_ms=20000", "dispute_ms=1000",
        "unbonding_ms=1000", "trials=0", "stake_min=10"]


def root_of(leaves):
    """RFC 6962, section 2.1, as it is written there."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while 2 * split < len(leaves):
        split *= 2
    return hashlib.sha256(b"\1" + root_of(leaves[:split]) + root_of(leaves[split:])).digest()


def tile_path(kind, index, width):
    digits = f"{index:03d}"
    while len(digits) % 3:
        digits = "0" + digits
    groups = [digits[i:i + 3] for i in range(0, len(digits), 3)]
    path = "/".join(["x" + group for group in groups[:-1]] + [groups[-1]])
    return f"/tile/{kind}/{path}" + (f".p/{width}" if width < 256 else "")


def read_leaves(ledger, size):
    """The leaf hashes of all entries, from bundles, checked against the hash tiles."""
    leaves = []
    for index in range((size + 255) // 256):
        width = min(256, size - 256 * index)
        bundle, at, found = ledger.get(tile_path("entries", index, width)), 0, []
        while at < len(bundle):
            length = int.from_bytes(bundle[at:at + 2], "big")
            found.append(hashlib.sha256(b"\0" + bundle[at + 2:at + 2 + length]).digest())
            at += 2 + length
        assert len(found) == width and at == len(bundle)
        assert b"".join(found) == ledger.get(tile_path(0, index, width))
        leaves += found
    return leaves


def check_log(ledger):
    """The cosigned root is that of the entries served, and enough witnesses stand behind it."""
    size, root, names = ledger.checkpoint()
    leaves = read_leaves(ledger, size)
    assert base64.b64encode(root_of(leaves)).decode() == root, "the checkpoint has another root"
    needed = ledger.charter["cosignatures_needed"]
    assert len(set(names) & set(ledger.names)) >= needed, names
    return size


def refuses(word, call, *arguments, **options):
    try:
        call(*arguments, **options)
    except Refused as refusal:
        assert word in refusal.text, refusal.text
        return
    raise AssertionError(f"nothing was refused for: {word}")


def test_entries(vouch, folder):
    with Ledger(vouch, folder, parameters=["epoch_ms=1"]) as ledger:
        node, client = ledger.keygen("node"), ledger.keygen("client")
        stranger = ledger.keygen("stranger")
        (folder / "members.txt").write_text(f"client c {client}\nnode op {node}\n")
        ledger.run("registry", folder / "members.txt", "--key", folder / "founder.key", "-o",
                   folder / "net.registry")
        ledger.run("registry", folder / "members.txt", "--key", folder / "stranger.key", "-o",
                   folder / "foreign.registry")
        assert ledger.entry("registry", folder / "net.registry")["position"] > 0
        refuses("another founder", ledger.entry, "registry", folder / "foreign.registry")
        ledger.entry("deposit", node, 5000)
        stake = ledger.entry("stake", 1000, "--wait-cosigned", key="node")
        assert stake["cosigned"] > stake["position"]
        refuses("balance", ledger.entry, "stake", 100000, key="node")
        refuses("no ledger", ledger.entry, "withdraw", 1, key="stranger")  # no member: no stream
        refuses("founder", ledger.entry, "deposit", node, 1, key="node")
        # One draft, twice: the second counts for nothing.
        ledger.run("entry", "deposit", client, 70, *ledger.member(), "--draft", folder / "draft")
        ledger.entry("draft", folder / "draft")
        refuses("number", ledger.entry, "draft", folder / "draft")
        members = {m["key"]: m for m in ledger.get_json("/api/state")["members"]}
        assert members[client]["balance"] == 70 and members[node]["stake"] == 1000
        assert members[node]["operator"] == "op"
        check_served(ledger, folder)
        check_log(ledger)
        assert ledger.drain() == 0
        ledger.start()
        state = ledger.get_json("/api/state")
        assert state["totals"]["deposited"] == 5071, state["totals"]
        assert ledger.entry("deposit", client, 1)["position"] >= state["size"]
    print("ok - entries are taken, refused, served, and there after a restart")


def check_served(ledger, folder):
    digest = json.loads(ledger.run("inspect", folder / "net.registry", "--json"))["digest"]
    assert ledger.get(f"/registry/{digest}") == (folder / "net.registry").read_bytes()
    for path in ("/registry/" + "0" * 64, "/tile/0/999", "/tile/9/000", "/api/job/" + "0" * 64,
                 "/page/../ledger.log", "/nothing"):
        try:
            ledger.get(path)
            raise AssertionError(f"{path} is served")
        except urllib.error.HTTPError as error:
            assert error.code == 404, path
    size = ledger.get_json("/api/entries?from=0")["size"]
    waiting = subprocess.Popen(
        [sys.executable, "-c", "import sys, urllib.request;"
         "print(urllib.request.urlopen(sys.argv[1]).read().decode())",
         f"http://127.0.0.1:{ledger.http}/api/entries?from={size}&wait=30000"],
        stdout=subprocess.PIPE, text=True)
    ledger.entry("deposit", ledger.founder, 1)
    answer = json.loads(waiting.communicate(timeout=60)[0])
    assert answer["entries"][0]["position"] == size, answer
    assert ledger.metrics()["vouch_ledger_entries"] > size


def test_witness_down(vouch, folder):
    with Ledger(vouch, folder) as ledger:
        ledger.witnesses[1].end(9)
        first = ledger.entry("deposit", ledger.founder, 1, "--wait-cosigned")
        assert "w1.example" not in ledger.checkpoint()[2]
        ledger.witnesses[1].close()
        ledger.witnesses[1] = ledger.start_witness(1)
        ledger.witnesses[2].end(9)  # now the one that was away is needed
        second = ledger.entry("deposit", ledger.founder, 1, "--wait-cosigned")
        assert second["cosigned"] > first["cosigned"]
        names = ledger.checkpoint()[2]
        assert "w1.example" in names and "w2.example" not in names, names
        check_log(ledger)
    print("ok - a witness that is down holds nobody up, and comes back")


def start_crowd(crowd, ledger, folder, jobs, deposits, seed, env=None):
    return subprocess.Popen(
        [crowd, folder / "charter", folder / "founder.key", str(ledger.port), str(jobs),
         str(deposits), str(seed % 256)], stdout=subprocess.PIPE, text=True,
        env={**os.environ, "CROWD_REGISTRY": str(folder / "network.registry"), **(env or {})},
        stderr=open(folder / "crowd.log", "w"))


def finish_crowd(process, folder):
    out = process.communicate(timeout=600)[0].splitlines()
    assert process.returncode == 0, (out[-3:], (folder / "crowd.log").read_text())
    summary = json.loads(out[-1])
    assert summary["missing"] == 0 and summary["double_verdicts"] == 0, summary
    return summary


def is_running(process, until):
    """Waits for the moment of the next blow, and says whether there is anybody left to surprise."""
    while process.poll() is None and time.monotonic() < until:
        ready, _, _ = select.select([process.stdout], [], [], max(0, until - time.monotonic()))
        if ready and process.stdout.readline() == "":
            break
    return process.poll() is None


def test_kills(vouch, crowd, folder, kills, seed):
    chance = random.Random(seed)
    done = 0
    with Ledger(vouch, folder, parameters=FAST) as ledger:
        process = start_crowd(crowd, ledger, folder, 10**9, 10**9, seed)
        while done < kills:
            assert is_running(process, time.monotonic() + chance.uniform(0.001, 0.25)), \
                (folder / "crowd.log").read_text()
            ledger.kill()
            ledger.start()
            done += 1
        process.send_signal(signal.SIGUSR1)  # enough: finish what is open
        summary = finish_crowd(process, folder)
        size = check_log(ledger)
        ledger.run("entry", "deposit", ledger.founder, 1, *ledger.member(), "--wait-cosigned")
    print(f"ok - {done} kills, {size} entries: {summary}")


def hand_over(ledger, draft):
    """A draft, to all witnesses."""
    body = f"{ledger.charter['origin']}\n{draft}\n".encode()
    for witness in ledger.witness_urls:
        url = f"{witness}/vouch/v1/add-draft"
        with urllib.request.urlopen(urllib.request.Request(url, body), timeout=60) as answer:
            assert answer.status == 200


def are_in_log(ledger, drafts):
    size = ledger.get_json("/api/entries?from=0")["size"]
    bundles = b"".join(ledger.get(tile_path("entries", i, min(256, size - 256 * i)))
                       for i in range((size + 255) // 256))
    return [base64.b64decode(draft) in bundles for draft in drafts]


def count_refusals(ledger, draft):
    """How many witnesses keep the ledger's signed refusal of this draft."""
    digest, count = hashlib.sha256(base64.b64decode(draft)).hexdigest(), 0
    for witness in ledger.witness_urls:
        url = f"{witness}/vouch/v1/refusal/{digest}"
        try:
            with urllib.request.urlopen(url, timeout=60) as answer:
                text = answer.read().decode().splitlines()
            assert text[0] == "vouch/refusal/v1" and text[4] == draft, text
            count += 1
        except urllib.error.HTTPError as error:
            assert error.code == 404
    return count


def test_promises(vouch, crowd, folder, seed):
    """A node whose commits reach witnesses alone, as if the ledger had not heard them."""
    with Ledger(vouch, folder, parameters=FAST) as ledger:
        process = start_crowd(crowd, ledger, folder, 4, 10**9, seed, {"CROWD_WITHHOLDS": "1"})
        drafts, lines = [], []
        for line in process.stdout:
            lines.append(line)
            if line.startswith("commit "):
                drafts.append(line.split()[1])
                hand_over(ledger, drafts[-1])
            if line.startswith("progress 4"):
                process.send_signal(signal.SIGUSR1)
        assert process.wait(60) == 0, (lines[-3:], (folder / "crowd.log").read_text())
        # All but the second, of a contest that there is not, come into the log.
        expected, end = [i != 1 for i in range(len(drafts))], time.monotonic() + 60
        while (states := are_in_log(ledger, drafts)) != expected:
            assert time.monotonic() < end, states
        # A promise is overdue after 2 s and two checkpoints: then it has to be refused by name.
        needed, end = ledger.charter["cosignatures_needed"], time.monotonic() + 60
        while count_refusals(ledger, drafts[1]) < needed:
            assert time.monotonic() < end, "nothing was refused"
            ledger.entry("deposit", ledger.founder, 1, "--wait-cosigned")
        check_log(ledger)
    print(f"ok - {sum(states)} commits reached the log through witnesses, one was refused")


def until(what, condition):
    end = time.monotonic() + 120
    while not (found := condition()):
        assert time.monotonic() < end, f"{what} did not come"
    return found


def open_trial(ledger, node, registry, right):
    """A founder tries a node with a job whose answer it knows; `right` says which, by the job's id."""
    model, digest = hashlib.sha256(b"model").hexdigest(), hashlib.sha256(node.encode()).hexdigest()
    fixed = ["--registry", registry, "--deadline", int(time.time() * 1000) + 300_000, "--fee", 3,
             "--job-nonce", digest, "--secret", digest, *ledger.member()]
    operands = [node, model, "0:4", digest]
    draft = ledger.folder / f"trial-{node[:8]}"
    job = ledger.run("entry", "trial", *operands, "0" * 64, digest, *fixed, "--draft",
                     draft).split()[1]  # its id does not hang on the answer
    made = json.loads(ledger.run("entry", "trial", *operands, right(job), digest, *fixed, "--json"))
    assert made["job"] == job and made["kind"] == "job_open", made
    return job, digest


def end_trial(ledger, job, output, nonce):
    until("a reveal", lambda: any(e["kind"] == "reveal"
                                  for e in ledger.get_json(f"/api/job/{job}")["entries"]))
    refuses("does not open", ledger.entry, "trial-result", job, "1" * 64, nonce)
    ledger.entry("trial-result", job, output, nonce)


def test_trials(vouch, crowd, folder, seed):
    """Nobody is drawn before the founder has tried it, and who answers wrong has not passed."""
    with Ledger(vouch, folder, parameters=[*FAST, "trials=1"]) as ledger:
        ledger.entry("deposit", ledger.founder, 1000)
        process = start_crowd(crowd, ledger, folder, 5, 0, seed)  # four trials, and a job

        def members():
            return {m["key"]: m for m in ledger.get_json("/api/state")["members"]}

        nodes = until("a crowd", lambda: (
            found := [key for key, m in members().items() if m["stake"] == 100],
            len(found) == 5 and found)[1])
        registry = next(e["digest"] for e in ledger.get_json("/api/entries?from=0")["entries"]
                        if e["kind"] == "registry")

        def honest(job):
            return hashlib.sha256(bytes.fromhex(job)).hexdigest()

        trials = {}
        for i, node in enumerate(nodes):
            right = honest if i > 0 else lambda job: "7" * 64  # the first one will be wrong
            trials[node] = (*open_trial(ledger, node, registry, right), right)
        for job, nonce, right in trials.values():
            end_trial(ledger, job, right(job), nonce)
        finish_crowd(process, folder)
        after = until("a fault", lambda: (now := members())[nodes[0]]["correct"] < 65536 and now)
        assert [after[node]["trials"] for node in nodes] == [0, 1, 1, 1, 1], after
        check_log(ledger)
    print("ok - a founder tries five nodes: who answered right is drawn for the crowd's job")


def main():
    vouch, crowd = sys.argv[1], sys.argv[2]
    seed, kills = seed_of_environment(), int(os.environ.get("LEDGER_KILLS", "60"))
    print(f"# VCH_SEED={seed}")
    for test, arguments in ((test_entries, ()), (test_witness_down, ())):
        with tempfile.TemporaryDirectory() as folder:
            test(vouch, pathlib.Path(folder), *arguments)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        with Ledger(vouch, folder, parameters=FAST) as ledger:
            summary = finish_crowd(start_crowd(crowd, ledger, folder, 12, 2000, seed), folder)
            check_log(ledger)
        print(f"ok - a crowd on a quiet ledger: {summary}")
    with tempfile.TemporaryDirectory() as folder:
        test_trials(vouch, crowd, pathlib.Path(folder), seed)
    with tempfile.TemporaryDirectory() as folder:
        test_promises(vouch, crowd, pathlib.Path(folder), seed)
    with tempfile.TemporaryDirectory() as folder:
        test_kills(vouch, crowd, pathlib.Path(folder), kills, seed)


main()
