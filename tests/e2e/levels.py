"""Ways to run vouch that may differ in nothing but their speed: the processor levels of this
machine, and of aarch64 under qemu where `make aarch64` has built for it."""
import os
import pathlib
import platform
import shutil

from arrays import ROOT

LEVELS = {
    "x86_64": ("portable", "avx2", "avx512vnni"),
    "aarch64": ("portable", "neon", "neondot"),
}
FEATURES = {"avx2": "avx2", "avx512vnni": "avx512_vnni", "neondot": "asimddp"}  # /proc/cpuinfo
CROSS, SYSROOT = ROOT / "build/aarch64/vouch", ROOT / "build/sysroot/aarch64"


class Level:
    """`command` and `environment` start vouch on it; a level that the processor lacks falls back
    to the best that it has."""

    def __init__(self, name, command):
        self.name, self.command = name, [str(part) for part in command]
        self.environment = {"VCH_CPU_LEVEL": name.rpartition(" ")[2]}

    def full_environment(self):
        return {**os.environ, **self.environment}


def native(vouch):
    return [Level(name, [vouch]) for name in LEVELS.get(platform.machine(), ("portable",))]


def has(level):
    """Whether this processor has it, so that nothing falls back."""
    feature = FEATURES.get(level.name)
    return feature is None or feature in pathlib.Path("/proc/cpuinfo").read_text().split()


def is_stale():
    """Whether some source is younger than the cross-built program."""
    sources = [*(ROOT / "src").rglob("*.[ch]"), *(ROOT / "specs").glob("*.proto")]
    program = [path for path in sources if not path.stem.endswith(("_test", "_fuzz", "_bench"))]
    return max(path.stat().st_mtime for path in program) > CROSS.stat().st_mtime


def emulated():
    """(levels, why there are none)"""
    if not CROSS.exists():
        return [], "build/aarch64/vouch is not built: make aarch64"
    if is_stale():
        return [], "build/aarch64/vouch is older than the sources: make aarch64"
    if shutil.which("qemu-aarch64") is None:
        return [], "qemu-aarch64 is not installed"
    command = ["qemu-aarch64", "-L", SYSROOT, "-cpu", "max", CROSS]
    return [Level(f"aarch64 {name}", command) for name in LEVELS["aarch64"]], None
