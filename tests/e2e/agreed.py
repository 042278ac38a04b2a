"""A network of real nodes on a real ledger with witnesses, for tests and benches. Standard library
only.

    with Agreed(vouch, folder, model, placements=[(2, 6)] * 7) as network:
        answer = network.agree(inputs, "--quorum", 3)

Everybody has an account; nodes have a stake and hold their segments. No epoch is waited for: they
last a millisecond here, unless parameters say otherwise.
"""
import json
import pathlib
import time

from ledgers import Ledger
from network import Network
from processes import Started, run

PARAMETERS = ["epoch_ms=1", "draw_ms=2000", "commit_ms=20000", "reveal_ms=5000", "dispute_ms=60000",
              "move_ms=10000", "trials=0", "referees=3", "stake_min=100"]
STAKE, MONEY = 1000, 1_000_000

DEMO = pathlib.Path(__file__).resolve().parents[2] / "demo"
MIDDLE = (1, 6)  # of the digits' network: what nodes hold


def import_model(vouch, folder, onnx=DEMO / "digits.onnx", calibrate=DEMO / "digits_calibration.npy"):
    """As m.vouch, by an owner of its own."""
    model, owner = folder / "m.vouch", folder / "owner.key"
    run(vouch, "keygen", "-o", owner, "--no-passphrase")
    run(vouch, "import", onnx, "-o", model, "--key", owner, "--calibrate", calibrate)
    return model


def make_model(vouch, folder):
    """The digits' network as m.vouch, and what it gives as alone.npy."""
    model = import_model(vouch, folder)
    run(vouch, "run", model, "--input", DEMO / "digits_inputs.npy", "--output", folder / "alone.npy")
    return model


class Agreed(Started):
    """`programs` maps a node's index to the command that replaces [vouch, "node"]."""

    def __init__(self, vouch, folder, model, placements, operators=None, programs=None,
                 witnesses=4, parameters=(), store=None, node_options=()):
        self.vouch, self.folder, self.model = str(vouch), folder, str(model)
        self.ledger = Ledger(vouch, folder, witnesses=witnesses, store=store,
                             parameters=[*PARAMETERS, *parameters])
        self.network = Network.__new__(Network)
        network = self.network
        network.vouch, network.folder, network.model = self.vouch, folder, self.model
        network.nodes, network.programs, network.environments = [], programs or {}, {}
        network.placements = [p if isinstance(p, list) else [p] for p in placements]
        network.founder, network.node_options = self.ledger.founder, list(node_options)
        count = len(placements)
        self.names = operators or [f"operator-{i}" for i in range(count)]
        self.keys = [network.keygen(f"node{i}") for i in range(count)]
        network.client = network.keygen("client")
        self.vrfs = [self.run("keygen", "--vrf", "-o", folder / f"node{i}.vrf",
                              "--no-passphrase").strip() for i in range(count)]
        members = [f"client the-client {network.client}"]
        members += [f"node {name} {key} {vrf}"
                    for name, key, vrf in zip(self.names, self.keys, self.vrfs)]
        (folder / "members.txt").write_text("\n".join(members) + "\n")
        self.run("registry", folder / "members.txt", "--key", folder / "founder.key", "-o",
                 folder / "network.registry")
        self.identity = json.loads(self.run("inspect", self.model, "--json"))["identity"]

    def start_all(self):
        self.ledger.__enter__()
        self.found()
        (self.folder / "peers.txt").write_text("")
        for i in range(len(self.keys)):
            self.network.nodes.append(self.start(i))
        self.network.write_peers()

    def close(self):
        self.network.close()
        self.ledger.close()

    def found(self):
        """The registry, accounts, stakes, and who holds what."""
        self.ledger.entry("registry", self.folder / "network.registry")
        self.ledger.entry("deposit", self.network.client, MONEY)
        for i, key in enumerate(self.keys):
            self.ledger.entry("deposit", key, STAKE)
            self.ledger.entry("stake", STAKE, key=f"node{i}")
            for first, last in self.network.placements[i]:
                self.ledger.entry("hold", self.identity, f"{first}:{last}", key=f"node{i}")

    def on_ledger(self, name):
        return ["--ledger", f"127.0.0.1:{self.ledger.port}", "--charter",
                self.folder / "charter"]

    def start(self, i):
        """Peers are those that a file lists by then: all, when every node has started once."""
        return self.network.start(i, *self.on_ledger(i), "--vrf", self.folder / f"node{i}.vrf",
                                  "--journal", self.folder / f"node{i}.seats", "--peers",
                                  self.folder / "peers.txt", *self.ledger.to_witnesses())

    def restart(self, i):
        self.network.nodes[i].close()
        self.network.nodes[i] = self.start(i)
        self.network.write_peers()

    def agree(self, inputs, *options, name="answer", timeout=120):
        return self.network.infer(inputs, *self.on_ledger("client"), *options, name=name,
                                  timeout=timeout)

    def verify(self, name="answer", *options):
        return self.network.verify(name, *options)

    def audit(self):
        """The JSON of `vouch audit` of what the ledger publishes."""
        return json.loads(self.run("audit", "--from", f"http://127.0.0.1:{self.ledger.http}",
                                   "--charter", self.folder / "charter", "--founder",
                                   self.ledger.founder, "--json"))

    def settled_audit(self):
        """Once the published log has everything that the ledger has, but for anchors of itself."""
        for _ in range(200):
            found = self.audit()
            rest = self.ledger.get_json(f"/api/entries?from={found['size']}")["entries"]
            if all(row["kind"] == "anchor" for row in rest):
                return found
            time.sleep(0.05)
        raise AssertionError("the published log stays behind")
