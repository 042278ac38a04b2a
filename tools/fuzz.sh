#!/usr/bin/env bash
# fuzz.sh SECONDS [TARGET...]: builds the fuzz targets (libFuzzer, address and undefined-behaviour
# sanitizers, costly invariants checked) and runs each for so many seconds from its saved inputs.
# What it finds stays in build/fuzz/findings/; a finding makes the exit status 1.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:?usage: tools/fuzz.sh SECONDS [TARGET...]}
shift
build=build/fuzz
findings=$build/findings
logs=$build/logs

# model.package_fuzz for src/model/package_fuzz.c
mapfile -t targets < <(find src -name '*_fuzz.c' | sort | sed 's|^src/\(.*\)/\(.*\)\.c$|\1.\2|')
[ $# = 0 ] || targets=("$@")

cmake --preset fuzz --log-level=NOTICE >/dev/null
cmake --build $build -- --quiet "${targets[@]}"
rm -rf $logs
mkdir -p $findings $logs
touch $logs/begun

# The growing corpus lives in a temporary folder: what is worth keeping is committed by hand.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fuzz_one() {
    local target=$1 name corpus
    name=${target#*.} name=${name%_fuzz}
    corpus=$work/$target
    mkdir -p "$corpus"
    cp -r "tests/corpus/$name/." "$corpus/" || return
    # 64 KiB reach every branch of a parser whose limits are far higher; 10 s is a hang.
    "$build/$target" -max_total_time="$seconds" -max_len=65536 -rss_limit_mb=2048 -timeout=10 \
        -print_final_stats=1 -artifact_prefix="$findings/$target-" "$corpus" \
        </dev/null
}

running=0
printf '%s targets, %s s each, %s at a time\n' ${#targets[@]} "$seconds" "$(nproc)"
for target in "${targets[@]}"; do
    if [ $running -ge "$(nproc)" ]; then wait -n; else running=$((running + 1)); fi
    (fuzz_one "$target" >"$logs/$target" 2>&1 || echo "$target" >>"$logs/failed") &
done
wait

printf '%-28s %12s %8s %8s  %s\n' target runs edges inputs result
for target in "${targets[@]}"; do
    log=$logs/$target
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    edges=$(sed -n 's/.* cov: \([0-9]*\).*/\1/p' "$log" | tail -n 1)
    inputs=$(sed -n 's/.* corp: \([0-9]*\).*/\1/p' "$log" | tail -n 1)
    result=ok
    if grep -qx "$target" "$logs/failed" 2>/dev/null; then
        result=$(sed -n 's/^SUMMARY: //p' "$log" | head -n 1)
        result="FOUND ${result:-$(tail -n 1 "$log")}"
    fi
    printf '%-28s %12s %8s %8s  %s\n' "$target" "${runs:--}" "${edges:--}" "${inputs:--}" "$result"
done
[ -e "$logs/failed" ] || exit 0
echo "reproduce: build/fuzz/TARGET FILE, where FILE is one of"
find $findings -type f -newer $logs/begun | sort
exit 1
