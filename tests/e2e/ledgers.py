"""A ledger with witnesses, as real processes on loopback, for tests and benches. Standard library
only.

    with Ledger(vouch, folder, witnesses=4, parameters=["draw_ms=200"]) as ledger:
        ledger.entry("deposit", key, 5000, key="founder")
        ledger.kill(); ledger.start()

Every process started here is ended here, by its own process id. Nothing sleeps: a process is ready
when it says so, and ports are the kernel's choice; whoever comes back takes the port it had.
"""
import json
import os
import pathlib
import urllib.request

from processes import Door, Process, Refused, Started, TIMEOUT_S  # noqa: F401, for those who use this module


def listening(command, log, *ports):
    """A process that says, a line each, that it listens on these."""
    process = Process(command, log, words=3, lines=len(ports))
    if [int(words[2]) for words in process.said] != list(ports):
        process.close()
        raise AssertionError(f"on {ports}, it should be: {process.said}")
    return process


class Ledger(Started):
    def __init__(self, vouch, folder, witnesses=4, parameters=(), store=None, options=()):
        self.vouch, self.folder = str(vouch), pathlib.Path(folder)
        self.store = store or f"sqlite:{self.folder / 'log.db'}"
        self.options = list(options)
        self.program = [self.vouch, "ledger"]
        self.founder, self.clerk = self.keygen("founder"), self.keygen("clerk")
        self.witnesses, self.process = [], None
        self.doors = [Door() for _ in range(2 + witnesses)]  # members', HTTP, each witness's
        self.port, self.http = self.doors[0].port, self.doors[1].port
        self.witness_urls = [f"http://127.0.0.1:{door.port}" for door in self.doors[2:]]
        self.names = [f"w{i}.example" for i in range(witnesses)]
        vkeys = []
        for i, name in enumerate(self.names):
            self.keygen(f"w{i}")
            (self.folder / f"w{i}").mkdir()
            vkeys += ["--witness", self.run("witness", "--key", self.path(f"w{i}.key"), "--name",
                                            name, "--show-key").strip()]
        made = self.run("charter", "--key", self.path("founder.key"), "--origin",
                        "test.example/ledger", "--clerk", self.path("clerk.key"), *vkeys, "-o",
                        self.path("charter"), "--json", *parameters)
        self.charter = json.loads(made)

    def start_all(self):
        for i in range(len(self.names)):
            self.witnesses.append(self.start_witness(i))
        self.start()

    def close(self):
        for process in [self.process, *self.witnesses]:
            if process:
                process.close()
        for door in self.doors:
            door.close()

    def path(self, name):
        return self.folder / name

    def start_witness(self, i):
        return listening([self.vouch, "witness", "--key", self.path(f"w{i}.key"), "--name",
                          self.names[i], "--log", self.charter["log"], "--state",
                          self.path(f"w{i}"), "--founder", self.founder, "--registry",
                          self.path("network.registry"), "--port", self.doors[2 + i].port],
                         self.path(f"w{i}.log"), self.doors[2 + i].port)

    def to_witnesses(self):
        """The options by which a command speaks to all witnesses."""
        return [word for url in self.witness_urls for word in ("--witness", url)]

    def start(self):
        self.process = listening(
            [*self.program, "--key", self.path("clerk.key"), "--charter",
             self.path("charter"), "--founder", self.founder, "--store", self.store,
             *self.to_witnesses(), "--port", self.port, "--http-port", self.http, *self.options],
            self.path("ledger.log"), self.port, self.http)

    def kill(self):
        """kill -9, at once."""
        self.process.close()

    def drain(self):
        """SIGTERM; the exit code once it is gone."""
        code = self.process.drain()
        self.process.close()
        return code

    def member(self, key="founder"):
        """The options by which a command speaks to this ledger."""
        return ["--key", self.path(f"{key}.key"), "--charter", self.path("charter"), "--founder",
                self.founder, "--ledger", f"127.0.0.1:{self.port}"]

    def entry(self, *arguments, key="founder"):
        """The JSON of `vouch entry`."""
        return json.loads(self.run("entry", *arguments, *self.member(key), "--json"))

    def get(self, path, timeout=TIMEOUT_S):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http}{path}", timeout=timeout) as got:
            return got.read()

    def get_json(self, path, timeout=TIMEOUT_S):
        return json.loads(self.get(path, timeout))

    def metrics(self):
        rows = self.get("/metrics").decode().splitlines()
        return {row.split()[0]: int(row.split()[1]) for row in rows if not row.startswith("#")}

    def checkpoint(self):
        """(size, root) of the latest cosigned checkpoint, and the names below it."""
        text, _, signatures = self.get("/checkpoint").decode().partition("\n\n")
        _, size, root = text.splitlines()
        return int(size), root, [line.split()[1] for line in signatures.splitlines()]


def seed_of_environment():
    return int(os.environ.get("VCH_SEED", "0")) or int.from_bytes(os.urandom(4), "big")
