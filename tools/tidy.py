#!/usr/bin/env python3
"""House rules that no compiler checks. Run by the test suite; prints one line per breach."""
import pathlib
import re
import subprocess
import sys

FUNCTION_LINES_MAX = 70
FILE_LINES_MAX = 1000
LINE_COLUMNS_MAX = 100
BANNED = {
    "malloc": "an arena, or calloc", "realloc": "an arena",
    "strcpy": "a sized copy", "strcat": "a sized copy", "sprintf": "snprintf", "gets": "fgets",
    "atoi": "a checked parser", "rand": "random bytes handed in", "alloca": "an arena", "system": "a process of your own",
}
# Only modules that may touch the world may call these.
BANNED_IN_PURE = {
    "calloc": "an arena", "free": "an arena", "aligned_alloc": "an arena",
    "fopen": "bytes handed in", "open": "bytes handed in", "getenv": "a parameter",
    "time": "a time handed in", "randombytes_buf": "random bytes handed in",
    "printf": "a complaint or a report",
}
# No floating point where exactness is promised (quantising in import/ is the one exception).
EXACT = {"kernels", "model", "crypto", "tlog", "consensus", "voucher", "field", "proof", "circuit", "annex", "verify", "sharing",
         "likeness"}
# sys/auxv.h says what the processor is, which x86 says by an instruction.
IMPURE_HEADERS = re.compile(
    r"#include <(time|unistd|pthread|fcntl|signal|sys/(?!auxv\.).*|netinet/.*)\.h>")

# What no committed file says: work left undone, and where somebody's checkout lies.
UNDONE = re.compile(rb"\b(?:[T]ODO|[F]IXME|[X]{3})\b")
SOMEWHERE = re.compile(rb"(?<![\w.])/(?:work|root|home)/\w|/tmp/[w]t\b|\bshared/(?:design)\b")

root = pathlib.Path.cwd()
problems = []


def say(path, line, text):
    problems.append(f"{path.relative_to(root)}:{line}: {text}")


def read_layers():
    allowed, pure = {}, set()
    for row in pathlib.Path(sys.argv[1]).read_text().splitlines():
        head, _, below = row.partition(":")
        module, is_pure = head.split()
        allowed[module] = set(below.split())
        if is_pure == "TRUE":
            pure.add(module)
        if not allowed[module] <= allowed.keys():
            problems.append(f"CMakeLists.txt: {module} uses a module that is not below it")
    return allowed, pure


def check_file(path, allowed, pure):
    module, text = path.parent.name, path.read_text()
    lines = text.splitlines()
    is_test = re.search(r"_(test|fuzz|bench)\.c$", path.name)
    start = 0
    if len(lines) > FILE_LINES_MAX:
        say(path, len(lines), f"file has more than {FILE_LINES_MAX} lines")
    if path.suffix == ".h" and not lines[0].startswith("//"):
        say(path, 1, "a header starts with a comment that says what it is")
    for number, line in enumerate(lines, 1):
        if len(line) > LINE_COLUMNS_MAX:
            say(path, number, f"line is longer than {LINE_COLUMNS_MAX} columns")
        included = re.match(r'#include "(\w+)/', line)
        if included and included[1] not in allowed[module] | {module, "harness", "schema", "vouch"}:
            say(path, number, f"{module} may not include {included[1]}")
        if included and included[1] == "harness" and not is_test:
            say(path, number, "only tests include the harness")
        if path.stem.endswith("_verify") and re.match(r'#include ".*_prove\.h"', line):
            say(path, number, "a verifier includes nothing of the prover")
        if module in pure and not is_test and IMPURE_HEADERS.match(line) and path.name != "arena.c":
            say(path, number, f"{module} is pure: no clock, files, environment, sockets or threads")
        stated = re.match(r"#define \w+ (0x[0-9a-f]+|[0-9]+)u?l* // check: (.+)", line)
        if stated and int(stated[1], 0) != eval(stated[2]):
            say(path, number, f"the constant is not {stated[2]} = {eval(stated[2])}")
        for name in re.findall(r"\b(\w+)\(", line.split("//")[0]):
            instead = BANNED.get(name) or (module in pure and not is_test and BANNED_IN_PURE.get(name))
            if instead and path.name != "arena.c":  # the one pure place that allocates
                say(path, number, f"{name} is banned here: use {instead}")
        if module in EXACT and not is_test and re.search(r"\b(float|double)\b", line.split("//")[0]):
            say(path, number, f"no floating point in {module}")
        start = number if line.startswith("{") else start
        if line.startswith("}") and start and number - start + 1 > FUNCTION_LINES_MAX:
            say(path, start, f"function has more than {FUNCTION_LINES_MAX} lines")
        start = 0 if line.startswith("}") else start
    if path.suffix == ".h":
        prefix = path.stem
        for name in re.findall(r"^\w[\w \*]*?\b(vch_\w+)\(", text, re.M):
            if module not in ("base", "field", "kernels") and not name.startswith(f"vch_{prefix}"):
                say(path, 1, f"{name} does not carry its file's name: vch_{prefix}_...")


def committed_files():
    """What git tracks; without git, or in a folder that git does not trust, all but builds."""
    try:
        listed = subprocess.run(["git", "ls-files", "-z"], check=True, capture_output=True).stdout
        return [root / name.decode() for name in listed.split(b"\0") if name]
    except (FileNotFoundError, subprocess.CalledProcessError):
        files = (path.relative_to(root) for path in root.rglob("*"))
        ours = (path for path in files if path.parts[0] not in ("build", ".git"))
        return [root / path for path in ours if "__pycache__" not in path.parts]


def check_committed(path):
    content = path.read_bytes()
    for pattern, text in ((UNDONE, "work left undone"), (SOMEWHERE, "a path of one machine")):
        for found in pattern.finditer(content):
            line = content.count(b"\n", 0, found.start()) + 1
            say(path, line, f"{text}: {found[0].decode()}")


def check_corpus(path):
    corpus = root / "tests/corpus" / path.stem.removesuffix("_fuzz")
    if not any(saved.stat().st_size > 0 for saved in corpus.glob("*")):
        say(path, 1, f"a fuzz target starts from saved inputs: put one into {corpus.relative_to(root)}")


def check_commands():
    listed = re.findall(r"\bX\((\w+)\)", (root / "src/cli/commands.h").read_text())
    for path in sorted((root / "src/cli").glob("*.c")):
        for name in re.findall(r"^const struct vch_command vch_commands_(\w+) = ", path.read_text(), re.M):
            if name not in listed:
                say(path, 1, f"the command {name} is not in the table of cli/commands.h")


layers = read_layers()
for source in sorted((root / "src").rglob("*.[ch]")):
    check_file(source, *layers)
for fuzz_target in sorted((root / "src").rglob("*_fuzz.c")):
    check_corpus(fuzz_target)
check_commands()
for committed in committed_files():
    if committed.is_file():
        check_committed(committed)
print("\n".join(problems) or "tidy")
sys.exit(bool(problems))
