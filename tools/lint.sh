#!/usr/bin/env bash
# lint.sh BUILD: clang-format and clang-tidy over our sources; BUILD is a build by Clang, whose
# compile commands clang-tidy reads. Version 14 of both: another one formats and warns differently.
set -euo pipefail
cd "$(dirname "$0")/.."
build=${1:?usage: tools/lint.sh BUILD}
[ -f "$build/compile_commands.json" ] || {
    echo "lint: $build holds no compile_commands.json; run make lint" >&2
    exit 2
}

mapfile -t formatted < <(find src tests -name '*.[ch]' | sort)
clang-format-14 --dry-run -Werror "${formatted[@]}" || {
    echo "lint: mend with clang-format-14 -i FILE" >&2
    exit 1
}

# Files that this build compiles, the largest first, so that no long one is left for the end.
mapfile -t compiled < <(find src tests -name '*.c' -printf '%s %p\n' | sort -rn | cut -d' ' -f2 |
    while read -r file; do
        grep -q "\"file\": \"$PWD/$file\"" "$build/compile_commands.json" && echo "$file"
    done)
said=$(mktemp)
trap 'rm -f "$said" "$said.found"' EXIT
# One file a run: given several, the analyzer of version 14 forgets va_start in all but the first.
# Tests and benchmarks may recurse (oracles are the slow definitions, word for word), and how they
# compare, parse and make up numbers is checked by running them. So is whatever the analyzer finds by
# following paths, and running under sanitizers finds more: it would take half of the whole time.
tested=-misc-no-recursion,-bugprone-*,-cert-*,-clang-analyzer-*
# In other code it follows a third as many paths of a function as it would unless told: more found
# nothing, for three times as long.
paths="--extra-arg=-Xclang --extra-arg=-analyzer-config --extra-arg=-Xclang --extra-arg=max-nodes=75000"
status=0
for file in "${compiled[@]}"; do
    exempt=
    [[ $file != tests/* && $file != *_@(test|bench).c ]] || exempt=$tested
    echo "--checks=$exempt $paths $file"
done |
    xargs -P "$(nproc)" -L 1 clang-tidy-14 --quiet -p "$build" >"$said" 2>&1 || status=$?
# Of each finding the line that names it is shown; its notes are a page each.
sed -n "s|^$PWD/\(.*: error: .*\)|\1|p" "$said" | sort -u >"$said.found"
if [ -s "$said.found" ]; then
    cat "$said.found"
    echo "lint: $(wc -l <"$said.found") findings; clang-tidy-14 -p $build FILE explains one" >&2
    exit 1
elif [ "$status" != 0 ]; then
    tail -n 20 "$said" >&2
    exit 1
fi
echo "lint: ${#formatted[@]} files formatted, ${#compiled[@]} checked by clang-tidy"
