"""A vendor's SEV-SNP machines (Turins), made for tests: their configfs-tsm by FUSE, and rules that take them."""
import os
import pathlib
import subprocess
import sys

import evidence as ev

AT = "2025-06-15T15:06:40Z"  # 1750000000


def rules(root, build, **changes):
    """What that vendor's Turins have to show."""
    return ev.rules(**{
        "environment": "test", "not_after": "2026-01-31T00:00:00Z",
        "facts": {"builds": [build], "models": "any", "policies": [bytes(32).hex()], "confinement": []},
        "snp": {"products": ["Turin"], "signers": ["vcek"], "vmpls": [0], "measurements": [bytes(48).hex()],
                "host_data": [bytes(32).hex()],
                "guest": {"debug": False, "min_svn": 0, "allowed": [], "required": []},
                "platform": {"required": [], "forbidden": [], "unknown": "ignore"}, "min_abi": [0, 0],
                "min_tcb": {"1a-02": {"fmc": 1, "bl": 2, "tee": 3, "snp": 4, "ucode": 81}}, "provisional": False,
                "mitigations": {"launch": bytes(8).hex(), "current": bytes(8).hex()}, "crls": "if-present"},
        "anchors": {"amd_turin": root.hex()}, **changes})


class Turin:
    """One machine, of a vendor of its own or that of another one: `mount` is its configfs-tsm; ark.der, ask.der and
    vcek.der lie in the folder."""

    def __init__(self, mounter, folder, other=None):
        self.folder = pathlib.Path(folder)
        self.mount = self.folder / "report"
        self.mount.mkdir()
        self.process = subprocess.Popen([mounter, self.mount, self.folder, *([other.folder] if other else [])], stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)
        if self.process.stdout.readline() != "mounted\n":
            print(f"SKIP: cannot mount by FUSE here: {self.process.stderr.read().strip()}")
            sys.stdout.flush()
            os._exit(77)  # what unittest makes of an exit is a failure

    def root(self):
        return (self.folder / "ark.der").read_bytes()

    def fault(self, name, times=1000):
        (self.mount / ".fault").write_text(f"{name} {times}")

    def report(self, data):
        """As the kernel documents it, by hand."""
        entry = self.mount / "test"
        entry.mkdir()
        try:
            with open(entry / "inblob", "wb", buffering=0) as file:
                file.write(data)
            return (entry / "outblob").read_bytes()
        finally:
            entry.rmdir()

    def close(self):
        subprocess.run(["fusermount3", "-u", self.mount], check=True)
        self.process.wait(60)
        for stream in (self.process.stdout, self.process.stderr):
            stream.close()
