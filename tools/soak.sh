#!/usr/bin/env bash
# The long campaigns: a thousand seeded faults against real node processes, then ten minutes of each
# fuzz target. FAULTS and FUZZ_SECONDS change how long; a failing seed replays as VCH_SEED=N.
set -u
cd "$(dirname "$0")/.." || exit
faults=${FAULTS:-1000} seconds=${FUZZ_SECONDS:-600}
start=$SECONDS result=0 summary=()

campaign() {
    local program=build/release/tests/fault_campaign
    [ -x $program ] || { echo "soak: $program is not built; run make soak" >&2; return 1; }
    $program "$faults"
}

step() {
    local name=$1 begun=$SECONDS verdict=passed
    shift
    echo "== $name"
    "$@" || verdict=FAILED result=1
    summary+=("$(printf '%-32s %s in %d min %d s' "$name" "$verdict" \
        $(((SECONDS - begun) / 60)) $(((SECONDS - begun) % 60)))")
}

step "$faults faults" campaign
step "fuzzing, $seconds s a target" tools/fuzz.sh "$seconds"
echo "== soak, $(((SECONDS - start) / 60)) min"
printf '%s\n' "${summary[@]}"
exit $result
