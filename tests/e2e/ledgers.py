"""A ledger with witnesses, as real processes on loopback, for tests and benches. Standard library
only.

    with Ledger(vouch, folder, witnesses=4, parameters=["draw_ms=200"]) as ledger:
        ledger.entry("deposit", key, 5000, key="founder")
        ledger.kill(); ledger.start()

Every process started here is ended here, by its own process id. Nothing sleeps: a process is ready
when it says so, and ports are the kernel's choice; a ledger that comes back takes the port it had.
"""
import json
import os
import pathlib
import signal
import subprocess
import urllib.request

TIMEOUT_S = 120


class Refused(Exception):
    """`vouch` exited with another code than 0."""

    def __init__(self, code, text):
        super().__init__(f"exit {code}: {text}")
        self.code, self.text = code, text


class Process:
    """One process that says on its first line(s) where it listens."""

    def __init__(self, command, log, lines=1):
        self.log_path = pathlib.Path(log)
        self.log = open(log, "ab")
        self.process = subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=self.log)
        self.ports = []
        for _ in range(lines):
            words = self.process.stdout.readline().decode().split()
            if len(words) != 3:
                self.process.wait()
                raise Refused(self.process.returncode, self.log_path.read_text())
            self.ports.append(int(words[2]))

    def end(self, number):
        self.process.send_signal(number)
        return self.process.wait(TIMEOUT_S)

    def close(self):
        if self.process.poll() is None:
            self.end(signal.SIGKILL)
        self.process.stdout.close()
        self.log.close()


class Ledger:
    def __init__(self, vouch, folder, witnesses=4, parameters=(), store=None, options=()):
        self.vouch, self.folder = str(vouch), pathlib.Path(folder)
        self.store = store or f"sqlite:{self.folder / 'log.db'}"
        self.options = list(options)
        self.program = [self.vouch, "ledger"]
        self.founder, self.clerk = self.keygen("founder"), self.keygen("clerk")
        self.witnesses, self.process, self.port, self.http = [], None, None, None
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

    def __enter__(self):
        try:
            for i in range(len(self.names)):
                self.witnesses.append(self.start_witness(i))
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        for process in [self.process, *self.witnesses]:
            if process:
                process.close()

    def path(self, name):
        return self.folder / name

    def run(self, *arguments, timeout=TIMEOUT_S):
        done = subprocess.run([self.vouch, *map(str, arguments)], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=timeout, check=False)
        if done.returncode != 0:
            raise Refused(done.returncode, done.stdout + done.stderr)
        return done.stdout

    def keygen(self, name):
        return self.run("keygen", "-o", self.path(f"{name}.key"), "--no-passphrase").strip()

    def start_witness(self, i, port=None):
        return Process([self.vouch, "witness", "--key", self.path(f"w{i}.key"), "--name",
                        self.names[i], "--log", self.charter["log"], "--state",
                        self.path(f"w{i}"), *(["--port", port] if port else [])],
                       self.path(f"w{i}.log"))

    def start(self):
        urls = []
        for witness in self.witnesses:
            urls += ["--witness", f"http://127.0.0.1:{witness.ports[0]}"]
        ports = ["--port", self.port, "--http-port", self.http] if self.port else []
        self.process = Process(
            [*self.program, "--key", self.path("clerk.key"), "--charter",
             self.path("charter"), "--founder", self.founder, "--store", self.store, *urls,
             *ports, *self.options], self.path("ledger.log"), lines=2)
        self.port, self.http = self.process.ports

    def kill(self):
        """kill -9, at once."""
        self.process.end(signal.SIGKILL)
        self.process.close()

    def drain(self):
        """SIGTERM; the exit code once it is gone."""
        code = self.process.end(signal.SIGTERM)
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
