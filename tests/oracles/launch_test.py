#!/usr/bin/env python3
"""Measurements of SEV-SNP's launches beside those of sev-snp-measure, on firmware made here and on OVMF.

    launch_test.py PATH/TO/vouch [--count=20]

Skipped where the package sev-snp-measure is missing; VOUCH_PYTHON names another Python that has it. OVMF is Debian's
package ovmf, where that is installed. VCH_SEED=N replays a run.
"""
import json
import os
import pathlib
import random
import struct
import subprocess
import sys
import tempfile
import uuid

try:
    from sevsnpmeasure import guest
    from sevsnpmeasure.sev_mode import SevMode
    from sevsnpmeasure.vcpu_types import cpu_sig
except ImportError as missing:
    other = os.environ.pop("VOUCH_PYTHON", None)
    if other is None:
        print(f"SKIP: {missing}; install sev-snp-measure, or set VOUCH_PYTHON")
        sys.exit(77)
    os.execv(other, [other, *sys.argv])

VOUCH = sys.argv[1]
FLAGS = dict(a[2:].split("=") for a in sys.argv[2:] if a.startswith("--"))
SEED = int(os.environ.get("VCH_SEED", random.SystemRandom().randrange(2**32)))
R = random.Random(SEED)
PAGE = 4096
MEMORY, SECRETS, CPUID, CALLING_AREA, HASHES = 1, 2, 3, 4, 16
FIRMWARES = [p for p in map(pathlib.Path, ("/usr/share/ovmf/OVMF.fd", "/usr/share/OVMF/OVMF_CODE.fd")) if p.exists()]


def guid(text):
    return uuid.UUID(text).bytes_le


def entry(name, value):
    return struct.pack("<IH", value, 22) + guid(name)


def make_firmware():
    """A few pages of anything, with the table and the metadata that OVMF has."""
    size = PAGE * R.randrange(2, 9)
    sections = [(PAGE * R.randrange(2**20), PAGE, kind) for kind in (SECRETS, CPUID, CALLING_AREA, HASHES)]
    sections += [(PAGE * R.randrange(2**19), PAGE * R.randrange(1, 20), MEMORY) for _ in range(R.randrange(4))]
    R.shuffle(sections)
    page = next(address for address, _, kind in sections if kind == HASHES)
    from_end = PAGE + 12 * R.randrange(20)
    entries = [entry("00f771de-1a7e-4fcb-890e-68c77e2fb44e", R.randrange(2**32)),
               entry("7255371f-3a3b-4b04-927b-1da6efa8d454", page + 16 * R.randrange(1, 200)),
               entry("dc886566-984a-4798-a75e-5585a7bf67cc", from_end), entry(str(uuid.UUID(int=R.getrandbits(128))), 7)]
    R.shuffle(entries)
    table = b"".join(entries)
    table += struct.pack("<H", len(table) + 18) + guid("96b582de-1fb2-45f7-baea-a366c55a082d")
    firmware = bytearray(R.randbytes(size))
    firmware[-32 - len(table):-32] = table
    head = b"ASEV" + struct.pack("<III", 16 + 12 * len(sections), 1, len(sections))
    metadata = head + b"".join(struct.pack("<III", *section) for section in sections)
    firmware[size - from_end:size - from_end + len(metadata)] = metadata
    return bytes(firmware)


def compare(folder, firmware, may_have_kernel):
    family, model, stepping = R.choice(((0x19, 1, 1), (0x19, 0x11, 0), (0x19, 0xa0, 2), (0x1a, 2, 1)))
    vcpus = R.randrange(1, 9)
    arguments = ["--firmware", firmware, "--vcpus", str(vcpus), "--cpu", f"{family:x}-{model:x}-{stepping:x}"]
    kernel, initrd, line = "", "", ""
    if may_have_kernel and R.randrange(3) > 0:
        kernel, line = folder / "kernel", R.choice(("", "ro", "console=ttyS0 root=/dev/vda ro"))
        kernel.write_bytes(R.randbytes(R.randrange(1, 9999)))
        arguments += ["--kernel", kernel] + (["--append", line] if line else [])
        if R.randrange(2):
            initrd = folder / "initrd"
            initrd.write_bytes(R.randbytes(R.randrange(1, 9999)))
            arguments += ["--initrd", initrd]
    theirs = guest.calc_launch_digest(SevMode.SEV_SNP, vcpus, cpu_sig(family, model, stepping), str(firmware),
                                      str(kernel), str(initrd), line, 1)
    done = subprocess.run([VOUCH, "attest", "refvalues", *arguments], capture_output=True, text=True, timeout=60,
                          check=True)
    ours = json.loads(done.stdout)["snp"]["measurements"]
    if ours != [theirs.hex()]:
        sys.exit(f"VCH_SEED={SEED}: {arguments}: {ours}, not {theirs.hex()}")


def main():
    print(f"VCH_SEED={SEED}")
    count = int(FLAGS.get("count", 20))
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for _ in range(count):
            made = folder / "firmware"
            made.write_bytes(make_firmware())
            compare(folder, made, True)
        for firmware in FIRMWARES:
            compare(folder, firmware, False)
    print(f"{count} launches made here and {len(FIRMWARES)} of OVMF measure the same")


main()
