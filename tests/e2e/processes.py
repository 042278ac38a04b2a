"""Processes for tests and benches, and `vouch` as a command. Standard library only.

Each is ended by whoever started it, by its own process id. Nothing sleeps: a process is ready when
it says so, on its first lines.
"""
import os
import pathlib
import signal
import socket
import subprocess

TIMEOUT_S = 120


def family(pid):
    """The process, and all that descend from it."""
    children = {}
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        children.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found = [pid]
    for one in found:
        found += children.get(one, [])
    return found


class Door:
    """A port of the kernel's choice, for a server that comes and goes. The socket here never listens,
    so that the server may, and while it is bound the kernel gives the port to nobody else."""

    def __init__(self):
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]

    def close(self):
        self.socket.close()


class Refused(Exception):
    """`vouch` exited with another code than 0."""

    def __init__(self, code, text):
        super().__init__(f"exit {code}: {text}")
        self.code, self.text = code, text


def run(*command, timeout=TIMEOUT_S, env=None):
    """What the command said; `env` is what its environment holds besides."""
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=timeout, check=False,
                          env={**os.environ, **(env or {})})
    if done.returncode != 0:
        raise Refused(done.returncode, done.stdout + done.stderr)
    return done.stdout


class Process:
    """One process; `said` holds the words of the lines on which it says that it is ready."""

    def __init__(self, command, log, words, lines=1, env=None):
        self.log = open(log, "ab")
        self.process = subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=self.log,
                                        env={**os.environ, **(env or {})})
        self.said = []
        for _ in range(lines):
            self.said.append(self.process.stdout.readline().decode().split())
            if len(self.said[-1]) != words:
                self.process.wait()
                raise Refused(self.process.returncode, pathlib.Path(log).read_text())

    def end(self, number):
        self.process.send_signal(number)
        return self.process.wait(TIMEOUT_S)

    def kill(self):
        """kill -9, at once."""
        self.end(signal.SIGKILL)

    def drain(self):
        """SIGTERM; the exit code once it is gone."""
        return self.end(signal.SIGTERM)

    def stall(self):
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)

    def close(self):
        if self.process.poll() is None:
            self.kill()
        self.process.stdout.close()
        self.log.close()


class Started:
    """What starts processes in a `with`, and ends all of them with it."""

    def __enter__(self):
        try:
            self.start_all()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def run(self, *arguments, timeout=TIMEOUT_S, env=None):
        return run(self.vouch, *arguments, timeout=timeout, env=env)

    def keygen(self, name):
        return self.run("keygen", "-o", self.folder / f"{name}.key", "--no-passphrase").strip()
