#!/usr/bin/env bash
# The long campaigns: a thousand jobs among nodes that misbehave at random, a million jobs in two
# hundred simulated networks with every fault at once, ten thousand changed proofs before two
# verifiers, ledgers whose writers are killed and whose files are cut and torn, witnesses that are
# killed, then ten minutes of each fuzz target. CAMPAIGN_JOBS, CLUSTER_SEEDS, CLUSTER_JOBS (of a
# seed), CAPTURE_JOBS, PROOF_MUTANTS, STORE_KILLS, STORE_CUTS, WITNESS_KILLS and FUZZ_SECONDS change
# how long; VCH_SEED=N replays a campaign.
set -u
cd "$(dirname "$0")/.." || exit
jobs=${CAMPAIGN_JOBS:-1000} mutants=${PROOF_MUTANTS:-10000} seconds=${FUZZ_SECONDS:-600}
cluster_seeds=${CLUSTER_SEEDS:-200} cluster_jobs=${CLUSTER_JOBS:-6700}
capture_jobs=${CAPTURE_JOBS:-20000}
kills=${STORE_KILLS:-500} cuts=${STORE_CUTS:-10}
witness_kills=${WITNESS_KILLS:-500}
start=$SECONDS result=0 summary=()

campaign() {
    local program=build/release/tests/fault_campaign
    [ -x $program ] || { echo "soak: $program is not built; run make soak" >&2; return 1; }
    $program "$jobs"
}

# Where etcd is missing its program exits with 77, having said so.
store_kills() {
    local killed=store_loses_nothing_acknowledged_when_its_writer_is_killed
    VOUCH_STORE_KILLS=$kills build/release/ledger.store_sqlite_test $killed || return
    VOUCH_STORE_KILLS=$kills build/release/ledger.store_etcd_test $killed || [ $? = 77 ]
}
store_cuts() {
    VOUCH_STORE_CUTS=$cuts build/release/ledger.store_crash_test &&
        VOUCH_STORE_CUTS=$cuts build/release/ledger.store_power_test
}

step() {
    local name=$1 begun=$SECONDS verdict=passed
    shift
    echo "== $name"
    "$@" || verdict=FAILED result=1
    summary+=("$(printf '%-32s %s in %d min %d s' "$name" "$verdict" \
        $(((SECONDS - begun) / 60)) $(((SECONDS - begun) % 60)))")
}

step "$jobs jobs among faulty nodes" campaign
step "$cluster_seeds networks of $cluster_jobs jobs" build/release/tests/cluster_campaign \
    --seeds="$cluster_seeds" --jobs="$cluster_jobs" --everything=1 --capture="$capture_jobs"
step "$mutants proofs, two verifiers" tests/oracles/proof_test.py build/release/vouch \
    build/release/tests/proof_cases --mutants="$mutants" --rounds=20
step "$kills writers killed, both engines" store_kills
step "$witness_kills witnesses killed" env VOUCH_KILLS="$witness_kills" tests/e2e/witness_test.py \
    build/release/vouch Killed
step "500 ledgers killed" env LEDGER_KILLS=500 python3 tests/e2e/ledger_test.py build/release/vouch
step "500 nodes killed" env AGREED_KILLS=500 python3 tests/e2e/agreed_test.py build/release/vouch
step "power cuts, $cuts times ctest's" store_cuts
step "fuzzing, $seconds s a target" tools/fuzz.sh "$seconds"
echo "== soak, $(((SECONDS - start) / 60)) min"
printf '%s\n' "${summary[@]}"
exit $result
