"""A network of real node processes on loopback, for tests and benches. Standard library only.

    with Network(vouch, folder, model, placements=[(2, 4), (4, 6)]) as network:
        answer = network.infer(inputs, "--quorum", 3)

Every process started here is ended here, by its own process id. Nothing sleeps: a node is ready
when it says so, and ports are the kernel's choice.
"""
import json
import pathlib
import subprocess

from processes import Process, Refused, Started, TIMEOUT_S  # noqa: F401, for those who use this module


class Node(Process):
    """One process; it may run another program than `vouch node`, for nodes that misbehave."""

    def __init__(self, command, name, log, env=None):
        super().__init__(command, log, words=5, env=env)
        self.name = name
        _, self.key, self.address, _, self.http = self.said[0]


class Network(Started):
    """One founder, one client, and a node per placement: a list of (first, last) ranges, or one.

    `programs` maps a node's index to the command that replaces [vouch, "node"], `environments` to
    what its environment holds besides.
    """

    def __init__(self, vouch, folder, model, placements, operators=None, programs=None,
                 node_options=(), environments=None):
        self.vouch, self.folder, self.model = str(vouch), pathlib.Path(folder), str(model)
        self.nodes = []
        self.placements = [p if isinstance(p, list) else [p] for p in placements]
        names = operators or [f"operator-{i}" for i in range(len(placements))]
        self.founder = self.keygen("founder")
        self.client = self.keygen("client")
        keys = [self.keygen(f"node{i}") for i in range(len(placements))]
        members = [f"client the-client {self.client}"]
        members += [f"node {name} {key}" for name, key in zip(names, keys)]
        (self.folder / "members.txt").write_text("\n".join(members) + "\n")
        self.run("registry", self.folder / "members.txt", "--key", self.folder / "founder.key",
                 "-o", self.folder / "network.registry")
        self.programs, self.node_options = programs or {}, list(node_options)
        self.environments = environments or {}

    def start_all(self):
        for i in range(len(self.placements)):
            self.nodes.append(self.start(i))
        self.write_peers()

    def close(self):
        for node in self.nodes:
            node.close()

    def segment(self, first, last):
        path = self.folder / f"segment_{first}_{last}.vouch"
        if not path.exists():
            self.run("split", self.model, "--extract", f"{first}:{last}", "-o", path)
        return str(path)

    def start(self, i, *options):
        command = self.programs.get(i, [self.vouch, "node"])
        command = [*map(str, command), "--key", self.folder / f"node{i}.key", "--registry",
                   self.folder / "network.registry", "--founder", self.founder,
                   *self.node_options, *options,
                   *[self.segment(first, last) for first, last in self.placements[i]]]
        return Node(command, f"node{i}", self.folder / f"node{i}.log",
                    self.environments.get(i))

    def write_peers(self):
        lines = [f"{node.key} {node.address}\n" for node in self.nodes]
        (self.folder / "peers.txt").write_text("".join(lines))

    def infer_command(self, inputs, *options, name="answer"):
        return ["infer", self.model, "--input", inputs, "--key", self.folder / "client.key",
                "--registry", self.folder / "network.registry", "--founder", self.founder,
                "--peers", self.folder / "peers.txt", "--voucher",
                self.folder / f"{name}.voucher", "--opening", self.folder / f"{name}.opening",
                "--output", self.folder / f"{name}.npy", "--json", *options]

    def infer(self, inputs, *options, name="answer", timeout=TIMEOUT_S):
        """The JSON of `vouch infer`; voucher, opening and output lie beside it."""
        command = self.infer_command(inputs, *options, name=name)
        return json.loads(self.run(*command, timeout=timeout))

    def verify(self, name="answer", *options):
        """The JSON of `vouch verify` with everything named that this network's client knows."""
        done = subprocess.run(
            [self.vouch, "verify", self.folder / f"{name}.voucher", "--model", self.model,
             "--opening", self.folder / f"{name}.opening", "--founder", self.founder, "--json",
             *options], capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
        return done.returncode, json.loads(done.stdout) if done.stdout else done.stderr
