#!/usr/bin/env bash
# bench.sh BUILD: every *_bench program, then `vouch bench`, one after another and nothing beside
# them. Ratios within one run are what to quote; absolute times are this machine's.
set -euo pipefail
cd "$(dirname "$0")/.."
build=${1:?usage: tools/bench.sh BUILD}
cmake --build "$build" -t benches vouch -- --quiet

echo "# $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $(nproc) cores," \
    "$(uname -m), vouch $(git describe --always --dirty 2>/dev/null || echo unversioned)"
for source in $(find src -name '*_bench.c' | sort); do
    target=$(echo "$source" | sed 's|^src/\(.*\)/\(.*\)\.c$|\1.\2|')
    printf '\n## %s\n' "$target"
    "$build/$target"
done
printf '\n## vouch bench\n'
"$build/vouch" bench
