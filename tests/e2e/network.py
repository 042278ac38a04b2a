"""A network of real node processes on loopback, for tests and benches. Standard library only.

    with Network(vouch, folder, model, placements=[(2, 4), (4, 6)]) as network:
        answer = network.infer(inputs, "--quorum", 3)

Every process started here is ended here, by its own process id. Nothing sleeps: a node is ready
when it says so, and ports are the kernel's choice.
"""
import json
import os
import pathlib
import signal
import subprocess

TIMEOUT_S = 120


class Refused(Exception):
    """`vouch` exited with another code than 0."""

    def __init__(self, code, text):
        super().__init__(f"exit {code}: {text}")
        self.code, self.text = code, text


class Node:
    """One process; `program` may be another than `vouch node`, for nodes that misbehave."""

    def __init__(self, command, name, log, env=None):
        self.name = name
        self.log = open(log, "wb")
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=self.log, env={**os.environ, **(env or {})})
        line = self.process.stdout.readline().decode().split()
        if len(line) != 5 or line[0] != "ready":
            self.process.wait()
            raise Refused(self.process.returncode, pathlib.Path(log).read_text())
        self.key, self.address, self.http = line[1], line[2], line[4]

    def kill(self):
        """kill -9, at once."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stall(self):
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)

    def drain(self):
        """SIGTERM; the exit code once it is gone."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(TIMEOUT_S)

    def close(self):
        if self.process.poll() is None:
            self.kill()
        self.process.stdout.close()
        self.log.close()


class Network:
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

    def __enter__(self):
        try:
            for i in range(len(self.placements)):
                self.nodes.append(self.start(i))
            self.write_peers()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        for node in self.nodes:
            node.close()

    def run(self, *arguments, timeout=TIMEOUT_S, env=None):
        done = subprocess.run([self.vouch, *map(str, arguments)], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=timeout, check=False,
                              env={**os.environ, **(env or {})})
        if done.returncode != 0:
            raise Refused(done.returncode, done.stdout + done.stderr)
        return done.stdout

    def keygen(self, name):
        return self.run("keygen", "-o", self.folder / f"{name}.key", "--no-passphrase").strip()

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
        return Node(list(map(str, command)), f"node{i}", self.folder / f"node{i}.log",
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
