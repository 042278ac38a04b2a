"""A ledger whose log three etcd members keep, as real processes on loopback: any one of them may be
killed, the ledger too, and another ledger goes on from what they hold; without a majority nothing
is acknowledged. Exits 77 where etcd is not installed."""
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from ledgers import Ledger, Refused
from processes import Door

MEMBERS = 3


class Cluster:
    def __init__(self, folder):
        self.folder, self.members = pathlib.Path(folder), [None] * MEMBERS
        self.doors = [Door() for _ in range(2 * MEMBERS)]
        urls = [f"http://127.0.0.1:{door.port}" for door in self.doors]
        self.clients, self.peers = urls[:MEMBERS], urls[MEMBERS:]

    def start(self, i):
        everyone = ",".join(f"m{j}={peer}" for j, peer in enumerate(self.peers))
        with open(self.folder / f"m{i}.log", "ab") as log:
            self.members[i] = subprocess.Popen(
                ["etcd", "--name", f"m{i}", "--data-dir", self.folder / f"m{i}",
                 "--listen-client-urls", self.clients[i], "--advertise-client-urls",
                 self.clients[i], "--listen-peer-urls", self.peers[i],
                 "--initial-advertise-peer-urls", self.peers[i], "--initial-cluster", everyone],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def kill(self, i):
        if self.members[i]:
            self.members[i].send_signal(signal.SIGKILL)
            self.members[i].wait()
            self.members[i] = None

    def __enter__(self):
        for i in range(MEMBERS):
            self.start(i)
        return self

    def __exit__(self, *_):
        for i in range(MEMBERS):
            self.kill(i)
        for door in self.doors:
            door.close()


def deposit(ledger, amount):
    return ledger.entry("deposit", ledger.founder, amount, "--wait-cosigned")["position"]


def deposited(ledger):
    return ledger.get_json("/api/state")["totals"]["deposited"]


def test_members_die(cluster, ledger):
    positions, total = [deposit(ledger, 1)], 1
    for i in range(MEMBERS):
        cluster.kill(i)
        positions.append(deposit(ledger, 10 + i))
        cluster.start(i)
        positions.append(deposit(ledger, 20 + i))
        total += 30 + 2 * i
    assert positions == sorted(set(positions)), positions
    assert deposited(ledger) == total
    print("ok - each of three members was killed, and entries went on")
    return total


def test_ledger_dies(ledger, total):
    size, root, _ = ledger.checkpoint()
    ledger.kill()
    ledger.start()  # which has nothing of its own but a key
    assert deposited(ledger) == total
    assert deposit(ledger, 5) >= size
    print("ok - a ledger began anew from what the members hold")
    return total + 5


def test_majority_dies(cluster, ledger, total):
    cluster.kill(0)
    cluster.kill(1)
    try:
        ledger.run("entry", "deposit", ledger.founder, 7, *ledger.member(), timeout=4)
        raise AssertionError("acknowledged without a majority")
    except subprocess.TimeoutExpired:
        pass  # still waiting, and now killed
    except Refused as refusal:
        assert refusal.code == 1, refusal
    cluster.start(0)
    cluster.start(1)
    deposit(ledger, 100)
    assert deposited(ledger) in (total + 100, total + 107)  # what nobody was told may be there
    print("ok - nothing was acknowledged without a majority, and with one it went on")


def main():
    vouch = sys.argv[1]
    if not shutil.which("etcd"):
        print("skipped: etcd is not installed")
        sys.exit(77)
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as data:
        with Cluster(data) as cluster:
            store = f"etcd:{','.join(cluster.clients)}/test/log"
            with Ledger(vouch, folder, store=store) as ledger:
                total = test_members_die(cluster, ledger)
                total = test_ledger_dies(ledger, total)
                test_majority_dies(cluster, ledger, total)


main()
