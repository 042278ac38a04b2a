#!/usr/bin/env bash
# The long campaigns, one after another: `make soak`. Each has a figure, of jobs, kills, mutants or
# seconds; SOAK_PERCENT takes so much of all of them (100; 1 tries the whole in minutes). NAMEs run
# those alone: tools/soak.sh networks fuzz. VCH_SEED=N replays a campaign.
# What each said is in build/soak/NAME.log, and its last word about figures on its line here.
set -u
cd "$(dirname "$0")/.." || exit
percent=${SOAK_PERCENT:-100}
vouch=build/release/vouch logs=build/soak
ran=0 skipped=() failed=()

# The figure N of a whole soak, never below the LEAST that means anything.
of() { echo $(($1 * percent / 100 > $2 ? $1 * percent / 100 : $2)); }
kills=$(of 500 5)

faulty_nodes() { build/release/tests/fault_campaign "$(of 1000 20)"; }
networks() {
    build/release/tests/cluster_campaign --everything=1 --seeds="$(of 200 4)" \
        --jobs-total="$(of 1000000 400)" --processes="$(nproc)" --capture=0
}
captures() { build/release/tests/cluster_campaign --seeds=0 --capture="$(of 20000 300)"; }
proofs() {
    python3 tests/oracles/proof_test.py $vouch build/release/tests/proof_cases --mutants="$(of 10000 100)" \
        --rounds="$(of 20 1)"
}
agreement() { # drafts as they come, before two implementations
    # shellcheck disable=SC2046 # one word a seed
    python3 tests/oracles/agreement_test.py $vouch build/release/tests/agreement_cases 1200 \
        $(seq "$(of 100 2)")
}
store() { # its writer is killed
    VOUCH_STORE_KILLS=$kills "build/release/ledger.store_$1_test" \
        store_loses_nothing_acknowledged_when_its_writer_is_killed
}
sqlite_kills() { store sqlite; }
etcd_kills() { store etcd; }
witness_kills() { VOUCH_KILLS=$kills python3 tests/e2e/witness_test.py $vouch Killed; }
ledger_kills() { LEDGER_KILLS=$kills python3 tests/e2e/ledger_test.py $vouch build/release/tests/crowd; }
node_kills() {
    AGREED_KILLS=$kills python3 tests/e2e/agreed_test.py $vouch build/release/tests/faulty_node \
        Agreements.test_nodes_killed_at_any_time_say_the_same_again
}
power_cuts() { # ten times ctest's
    VOUCH_STORE_CUTS=$(of 10 1) build/release/ledger.store_crash_test &&
        VOUCH_STORE_CUTS=$(of 10 1) build/release/ledger.store_power_test
}
conformance() { python3 tests/oracles/conformance.py $vouch; }
likeness() {
    local quick=
    [ "$percent" -ge 100 ] || quick=--quick
    python3 tools/likeness_experiment.py $vouch $quick
}
audits() { # lies of every kind to an auditor, seed after seed
    local seed test
    for seed in $(seq "$(of 200 2)"); do
        for test in build/release/audit.*_test; do
            VCH_SEED=$seed $test >$logs/audit || { cat $logs/audit; return 1; }
        done
    done
    echo "$seed seeds of each test of audits"
}
evidence() { # changed evidence of every format, before ours and before second implementations
    local name
    VCH_MUTANTS=$(of 20000 400) build/release/evidence.mutants_test &&
        VCH_VERIFICATIONS=$(of 10000 160) build/release/evidence.endurance_test || return
    for name in snp dcap tpm gpu; do
        python3 tests/oracles/${name}_test.py $vouch build/release/tests/${name}_cases --count="$(of 5000 60)" ||
            [ $? = 77 ] || return 1
    done
}
every_byte() { # of real reports and quotes, one after the other
    local test
    for test in gpu_test dcap_lies_test; do
        VCH_EVERY=1 build/release/evidence.$test || return
    done
}
page_vouchers() { # all that tests of vouchers judge, before the page's verifier
    python3 tests/oracles/voucher_page.py $vouch build/release/voucher.contest_test \
        build/release/voucher.contest_voucher_test build/release/voucher.oracle_test
}
fuzz() { tools/fuzz.sh "$(of 600 5)"; }

# What the line of a campaign shows of its log: the last line that matches.
declare -A figures=(
    [faulty_nodes]='^# .* jobs:' [networks]='^# all: seeds' [captures]='z = ' [proofs]='changed proofs'
    [sqlite_kills]='writers killed' [etcd_kills]='writers killed' [witness_kills]='# .* kills'
    [node_kills]=' answers, ' [power_cuts]='power cut' [fuzz]='targets, ' [evidence]='mutants of'
)

campaign() {
    local name=$1 begun=$SECONDS log=$logs/$1.log verdict=passed result=0
    "$name" >"$log" 2>&1 </dev/null || result=$?
    case $result in
    0) ran=$((ran + 1)) ;;
    77) verdict=skipped skipped+=("$name") ;;
    *) verdict=FAILED failed+=("$name") ;;
    esac
    printf '%-14s %-8s %4d min %02d s  %s\n' "$name" $verdict $(((SECONDS - begun) / 60)) \
        $(((SECONDS - begun) % 60)) \
        "$({ grep -a "${figures[$name]:-[a-z]}" "$log" || tail -n 1 "$log"; } | tail -n 1 | cut -c1-160)"
}

mkdir -p $logs
[ $# != 0 ] || set -- faulty_nodes networks captures proofs agreement sqlite_kills etcd_kills \
    witness_kills ledger_kills node_kills power_cuts conformance likeness audits evidence every_byte page_vouchers fuzz
for name; do campaign "$name"; done
printf 'soak at %d %%: %d passed, %d skipped%s, %d failed%s, in %d min; build/soak has what they said\n' \
    "$percent" $ran ${#skipped[@]} "${skipped:+ (${skipped[*]})}" ${#failed[@]} \
    "${failed:+ (${failed[*]})}" $((SECONDS / 60))
[ ${#failed[@]} = 0 ]
