#!/usr/bin/env bash
# demo.sh BUILD: a whole network on this machine. Two models are split over five node processes of
# five operators; a client asks twenty questions whose inputs no node can read in full. One node
# lies, one is killed half way, and every answer comes with a voucher that is checked offline. Then
# one answer of each model is proven, without showing weights, input or answer. At last seven nodes
# that trust nobody agree through a ledger: agreement.sh.
set -euo pipefail
export LC_ALL=C
build=$(cd "${1:?usage: demo/demo.sh BUILD}" && pwd)
demo=$(cd "$(dirname "$0")" && pwd)
vouch=$build/vouch
liar=$build/tests/faulty_node
models=(digits breast_cancer)
nodes=(alder birch cedar dogwood elm) # each run by an operator of the same name
lying=alder killed=birch
# Who holds which segment of either model. Nobody holds all three.
holders=("" "alder birch cedar dogwood" "birch cedar elm" "alder dogwood elm")

bold='' plain=''
[ ! -t 1 ] || bold=$'\e[1m' plain=$'\e[0m'
declare -A pid=() key=() cut=() shows=()
work=$(mktemp -d)
cd "$work"

cleanup() {
    local status=$? name
    for name in "${!pid[@]}"; do kill "${pid[$name]}" 2>/dev/null || true; done
    wait
    rm -rf "$work"
    [ $status = 0 ] || echo "demo: FAILED"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

step_count=0
step() { # a title, then what it means
    step_count=$((step_count + 1))
    printf '\n%s%2d  %s%s\n' "$bold" $step_count "$1" "$plain"
    shift
    printf '    %s\n' "$@"
}
row() { printf '      %-14s %s\n' "$1" "$2"; }
fail() {
    printf '\ndemo: %s\n' "$1" >&2
    [ $# = 1 ] || tail -n 12 "$2" >&2
    exit 1
}
run() { # LOG COMMAND...: quiet unless it fails
    local log=$1
    shift
    "$@" >"$log" 2>&1 || fail "this went wrong: ${*/#$build\//}" "$log"
}

for needed in "$vouch" "$liar"; do
    [ -x "$needed" ] || fail "$needed is missing: run make, then make demo"
done
echo "${bold}Private, verifiable answers from machines that nobody trusts$plain"

make_keys() {
    step "Keys" "A founder, a model owner, a client and five nodes each make a signing key."
    local name
    for name in founder owner client "${nodes[@]}"; do
        run keygen.log "$vouch" keygen -o $name.key --no-passphrase
        key[$name]=$(grep -oE '[0-9a-f]{64}' keygen.log)
        row $name "${key[$name]:0:16}..."
    done
}

# The position just before the parametric layer that follows the first N.
cut_after() { awk -v n="$2" '$2 == n && $1 ~ /^[0-9]+$/ { at = $1 } END { print at }' "$1.cuts"; }

import_models() {
    step "Models" "The owner compiles two ONNX files to exact integers and signs them." \
        "Same bytes on every processor: any difference is a fault, not rounding."
    local model layers segment
    for model in "${models[@]}"; do
        run import.log "$vouch" import "$demo/$model.onnx" -o $model.vouch --key owner.key \
            --calibrate "$demo/${model}_calibration.npy" --provable
        run $model.cuts "$vouch" split $model.vouch
        layers=$(awk '$1 ~ /^[0-9]+$/ && $2 > n { n = $2 } END { print n }' $model.cuts)
        for segment in 1 2 3; do cut[$model$segment]=$(cut_after $model $segment); done
        cut[${model}4]=$(cut_after $model $((layers - 1)))
        row $model "$layers layers, $(wc -c <$model.vouch) bytes"
    done
}

found_network() {
    step "Network" "The founder signs who belongs to it, and who runs each node."
    local name
    for name in "${nodes[@]}"; do echo "node $name ${key[$name]}"; done >members.txt
    echo "client me ${key[client]}" >>members.txt
    run registry.log "$vouch" registry members.txt --key founder.key -o network.registry
    row members "5 nodes of 5 operators, 1 client"
}

split_models() {
    step "Split" "The client keeps the first and the last layer, so that inputs and answers never" \
        "leave it; the middle is cut into three segments, and no node holds them all."
    local model segment name marks
    for model in "${models[@]}"; do
        for segment in 1 2 3; do
            run split.log "$vouch" split $model.vouch --extract \
                "${cut[$model$segment]}:${cut[$model$((segment + 1))]}" -o $model.$segment.vouch
        done
    done
    row "" "$(printf '%-9s' "${nodes[@]}")"
    for segment in 1 2 3; do
        marks=
        for name in "${nodes[@]}"; do
            [[ " ${holders[$segment]} " = *" $name "* ]] && marks+='holds    ' || marks+='-        '
        done
        row "segment $segment" "$marks"
    done
}

start_node() {
    local name=$1 model segment held=() program=("$vouch" node)
    if [ $name = $lying ]; then
        program=("$liar" signed-wrong-output)
    else
        program+=(--attest "${shows[$name]:-none}")
    fi
    for model in "${models[@]}"; do
        for segment in 1 2 3; do
            [[ " ${holders[$segment]} " != *" $name "* ]] || held+=("$model.$segment.vouch")
        done
    done
    "${program[@]}" --key $name.key --registry network.registry --founder "${key[founder]}" \
        "${held[@]}" >$name.out 2>$name.log </dev/null &
    pid[$name]=$!
}

await_node() { # NAME [PEERS]
    local waited
    for ((waited = 0; waited < 500; waited++)); do
        if grep -qs '^ready ' $1.out; then
            awk '$1 == "ready" { print $2, $3 }' $1.out >>"${2:-peers.txt}"
            return
        fi
        kill -0 "${pid[$1]}" 2>/dev/null || fail "node $1 ended at once; it said:" $1.log
        sleep 0.02
    done
    fail "node $1 was not ready within 10 s; it said:" $1.log
}

start_nodes() {
    step "Nodes" "Five processes, each with its own segments only. One is a test program that lies."
    local name
    start_tpm
    for name in "${nodes[@]}"; do start_node $name; done
    for name in "${nodes[@]}"; do
        await_node $name
        row $name "process ${pid[$name]}$([ $name != $lying ] || echo ', alters what it computes')"
    done
}

# One row of an array of ten float32 rows, as an array of one: the header's length must stay.
take_row() {
    local header=$((10 + $(od -An -t u2 -j 8 -N 2 "$1"))) size
    size=$((($(wc -c <"$1") - header) / 10))
    head -c $header "$1" | sed '1s/(10, \(.*\)}/(1, \1} /' >"$3"
    tail -c +$((header + size * $2 + 1)) "$1" | head -c $size >>"$3"
}

# The index of the largest number in a .npy of float32.
largest() {
    od -An -v -w4 -t f4 -j $((10 + $(od -An -t u2 -j 8 -N 2 "$1"))) "$1" |
        awk 'NR == 1 || $1 > most { most = $1; at = NR - 1 } END { print at }'
}

kill_a_node() {
    kill -9 "${pid[$killed]}"
    wait "${pid[$killed]}" 2>/dev/null || true
    unset "pid[$killed]"
}

ask_all() {
    step "Answers" "Ten inputs of each model. Three nodes answer for each segment; the client takes" \
        "what a majority signed. At the bar, $killed is killed (kill -9); the rest carry on."
    local model i one
    for model in "${models[@]}"; do
        printf '      %-14s' $model
        for i in {0..9}; do
            one=$model.$i
            take_row "$demo/${model}_inputs.npy" $i $one.npy
            run infer.log "$vouch" infer $model.vouch --input $one.npy --key client.key \
                --registry network.registry --founder "${key[founder]}" --peers peers.txt \
                --quorum 3 --segments 3 --voucher $one.voucher --opening $one.opening \
                --output $one.answer.npy
            largest $one.answer.npy >>$model.answers
            printf ' %s' "$(tail -n 1 $model.answers)"
            [ $one != digits.4 ] || { kill_a_node; printf ' |'; }
        done
        echo
    done
}

check_answers() {
    step "Are they right?" "Against what people wrote on the data, and against one process that" \
        "runs the whole model: the same bytes, or the demo fails."
    local model i one right same
    for model in "${models[@]}"; do
        same=0
        for i in {0..9}; do
            one=$model.$i
            run run.log "$vouch" run $model.vouch --input $one.npy --output $one.alone.npy
            cmp -s $one.answer.npy $one.alone.npy ||
                fail "$model, input $i: the network's answer is not the one process's"
            same=$((same + 1))
        done
        right=$(paste $model.answers "$demo/${model}_labels.txt" | awk '$1 == $2' | wc -l)
        row $model "$right of 10 as labelled, $same of 10 identical to one process"
        [ "$right" -ge 9 ] || fail "$model: expected at least 9 of 10 labels, found $right"
    done
}

# One line per claim: reasons that `vouch verify` wrapped are joined again.
join_claims() {
    awk '/^  [a-z]+ +(shown|not |FALSE)/ { if (line) print line; line = $0; next }
         /^          +/ && line { sub(/^ +/, " "); line = line $0; next }
         { if (line) print line; line = "" }
         END { if (line) print line }' "$1"
}

# Claims with their reasons, wrapped; keys and digests by their first digits.
show_claims() {
    local claim verdict reason
    while IFS='|' read -r claim verdict reason; do
        printf '      %-10s %-12s ' "$claim" "$verdict"
        fold -s -w 60 <<<"$reason" | sed '2,$s/^/                              /'
    done < <(join_claims "$1" | sed -nE '
        s/([0-9a-f]{8})[0-9a-f]{56}/\1.../g
        s/^  ([a-z]+) +(shown|not shown|not claimed|FALSE) +/\1|\2|/p')
}

check_vouchers() {
    step "Vouchers" "Each is checked offline, by someone who trusts two keys: founder and owner."
    local model i one count=0
    printf 'founder %s\nowner %s\n' "${key[founder]}" "${key[owner]}" >policy.txt
    for model in "${models[@]}"; do
        for i in {0..9}; do
            one=$model.$i
            run $one.verdict "$vouch" verify $one.voucher --model $model.vouch \
                --opening $one.opening --policy policy.txt
            count=$((count + 1))
        done
    done
    row "accepted" "$count of 20; this is what the first one shows:"
    echo
    show_claims digits.0.verdict
}

name_liar() {
    step "The liar" "Nodes sign what they answer. A signed answer that the majority contradicts is" \
        "in the voucher, for anyone to see."
    local convicted
    convicted=$(cat ./*.verdict | sed -n 's/.*node \([0-9a-f]\{64\}\).*/\1/p' | sort -u)
    [ "$convicted" = "${key[$lying]}" ] ||
        fail "expected $lying alone to be convicted, found: ${convicted:-nobody}"
    row $lying "convicted by $(grep -l "$convicted" ./*.verdict | wc -l) of 20 vouchers; nobody else by any"
}

alter_voucher() {
    step "One byte" "One byte of a voucher is changed, and it is verified again."
    local at status=0 byte
    at=$(($(wc -c <digits.9.voucher) / 2))
    byte=$(od -An -t u1 -j $at -N 1 digits.9.voucher)
    cp digits.9.voucher altered.voucher
    printf "\\x$(printf %02x $((byte ^ 1)))" |
        dd of=altered.voucher bs=1 seek=$at conv=notrunc status=none
    "$vouch" verify altered.voucher --model digits.vouch --opening digits.9.opening \
        --policy policy.txt >altered.log 2>&1 || status=$?
    [ $status = 1 ] || [ $status = 3 ] || fail "expected a refusal, found exit $status:" altered.log
    row "byte $at" "refused, exit status $status:"
    echo
    tail -n 1 altered.log | sed -E 's/([0-9a-f]{8})[0-9a-f]{56}/\1.../g; s/^/      /'
}

# Whoever checks holds no weights: the model's public part and its annex are all there is to have.
prove_answers() {
    step "Proofs" "One answer of each model is proven: that these very weights, which stay hidden, give" \
        "it for this input. Whoever checks holds no weights, and sees input and answer only if" \
        "shown the opening."
    local model one
    for model in "${models[@]}"; do
        one=$model.0
        run split.log "$vouch" split $model.vouch --extract none -o $model.public.vouch
        run prove.log "$vouch" prove $model.vouch --input $one.npy --output $one.proof \
            --opening $one.proof.opening
        run $one.proven "$vouch" verify $one.proof --model $model.public.vouch \
            --annex $model.annex --owner "${key[owner]}"
        run $one.opened "$vouch" verify $one.proof --model $model.public.vouch \
            --annex $model.annex --owner "${key[owner]}" --opening $one.proof.opening
        row $model "$(sed -n 's/.*: \([0-9]* bytes, in [0-9.]* s\).*/\1/p' prove.log), verified"
    done
    echo
    show_claims digits.0.proven
}

refuse_opening() {
    step "Another input" "The opening of another input does not pass for the proof's own."
    local status=0
    run prove.log "$vouch" prove digits.vouch --input digits.1.npy --output other.proof
    "$vouch" verify digits.0.proof --model digits.public.vouch --annex digits.annex \
        --opening other.opening >other.log 2>&1 || status=$?
    [ $status = 1 ] || fail "expected a refusal, found exit $status:" other.log
    row "digits" "refused, exit status $status"
}

. "$demo/attestation.sh"
. "$demo/agreement.sh"
make_keys
import_models
found_network
split_models
start_nodes
ask_all
check_answers
check_vouchers
name_liar
alter_voucher
show_machines
prove_answers
refuse_opening
found_ledger
join_ledger
ask_committees
check_committees
settle_dispute
audit_all
printf '\n%s private answers and vouchers, 2 proofs, 4 faulty nodes named, 1 node lost; %s s in all\n' \
    $((20 + agreed_count)) $SECONDS
echo "demo: all checks passed"
