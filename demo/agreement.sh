# The demo's second act, sourced by demo.sh: strangers agree. A ledger that four witnesses watch draws
# a committee by lot for each question; every member commits to its answer before any may show one.
# Of seven nodes one copies what others committed to, one never reveals, and one lies and disputes
# the verdict. Each is named and pays, and an audit of the ledger alone finds the same.

members=(ash beech hazel larch maple oak rowan) # each a node, run by an operator of the same name
copier=ash withholder=beech disputer=hazel
declare -A fault=([$copier]=copy-commit [$withholder]=withhold-reveal
    [$disputer]=signed-wrong-output)

# Waits until a process has printed so many lines; prints its last word on each.
await_lines() { # NAME LINES
    local waited
    for ((waited = 0; waited < 500; waited++)); do
        if [ "$(cat "$1.out" 2>/dev/null | wc -l)" -ge "$2" ]; then
            awk '{ print $NF }' "$1.out"
            return
        fi
        kill -0 "${pid[$1]}" 2>/dev/null || fail "$1 ended at once; it said:" "$1.log"
        sleep 0.02
    done
    fail "$1 was not ready within 10 s; it said:" "$1.log"
}

found_ledger() {
    step "A ledger" "Seven other nodes join under a charter: who orders entries, who watches that" \
        "nothing is rewritten, and what faults cost. Each puts down a stake of 1000."
    local name i
    for name in clerk w{1..4} "${members[@]}"; do
        run keygen.log "$vouch" keygen -o $name.key --no-passphrase
        key[$name]=$(grep -oE '[0-9a-f]{64}' keygen.log)
    done
    echo "client me ${key[client]}" >seats.txt
    for name in "${members[@]}"; do
        run keygen.log "$vouch" keygen --vrf -o $name.vrf --no-passphrase
        echo "node $name ${key[$name]} $(grep -oE '[0-9a-f]{64}' keygen.log)" >>seats.txt
    done
    run registry.log "$vouch" registry seats.txt --key founder.key -o ledger.registry
    run charter.log "$vouch" charter --key founder.key --origin vouch.example/demo --clerk clerk.key \
        --witness w1.example=${key[w1]} --witness w2.example=${key[w2]} \
        --witness w3.example=${key[w3]} --witness w4.example=${key[w4]} \
        epoch_ms=1 draw_ms=2000 commit_ms=5000 reveal_ms=500 dispute_ms=3600000 move_ms=10000 \
        trials=0 referees=3 stake_min=100 -o charter
    log=$(sed -n 's/^log *//p' charter.log)
    start_ledger
    row "witnesses" "4; a checkpoint counts with 3"
}

start_ledger() {
    local i urls=() ports
    for i in 1 2 3 4; do
        mkdir w$i
        "$vouch" witness --key w$i.key --name w$i.example --log "$log" --state w$i \
            --founder "${key[founder]}" --registry ledger.registry \
            >w$i.out 2>w$i.log </dev/null &
        pid[w$i]=$!
    done
    for i in 1 2 3 4; do urls+=(--witness "http://127.0.0.1:$(await_lines w$i 1)"); done
    "$vouch" ledger --key clerk.key --charter charter --founder "${key[founder]}" \
        --store sqlite:ledger.db "${urls[@]}" >ledger.out 2>ledger.log </dev/null &
    pid[ledger]=$!
    mapfile -t ports < <(await_lines ledger 2)
    on_ledger=(--ledger "127.0.0.1:${ports[0]}" --charter charter --founder "${key[founder]}")
    ledger_url=http://127.0.0.1:${ports[1]}
}

enter() { # KEY KIND...
    local key=$1
    shift
    run entry.log "$vouch" entry "$@" --key "$key.key" "${on_ledger[@]}"
}

join_ledger() {
    local name identity first=${cut[digits1]} last=${cut[digits4]}
    identity=$("$vouch" inspect digits.vouch | grep -oE '[0-9a-f]{64}' | head -n 1)
    run split.log "$vouch" split digits.vouch --extract "$first:$last" -o digits.middle.vouch
    enter founder registry ledger.registry
    enter founder deposit "${key[client]}" 1000
    : >seats.peers
    for name in "${members[@]}"; do
        enter founder deposit "${key[$name]}" 1000
        enter $name stake 1000
        enter $name hold "$identity" "$first:$last"
        start_member $name
        await_node $name seats.peers
        row $name "stake 1000$([ -z "${fault[$name]:-}" ] || echo ", a test program: ${fault[$name]}")"
    done
}

# Members find each other, for disputes, in a file that names those who are ready.
start_member() {
    local name=$1 program=("$vouch" node)
    [ -z "${fault[$name]:-}" ] || program=("$build/tests/faulty_node" "${fault[$name]}")
    "${program[@]}" --key $name.key --registry ledger.registry "${on_ledger[@]}" --vrf $name.vrf \
        --journal $name.seats --peers seats.peers digits.middle.vouch \
        >$name.out 2>$name.log </dev/null &
    pid[$name]=$!
}

# A column of the audit's table, of one member: 4 stake, 9 silent, 10 slashed, 11 disputes lost.
audit_ledger() {
    run audit.log "$vouch" audit --from $ledger_url --charter charter --founder "${key[founder]}"
}
audited() { awk -v name=$1 -v column=$2 '$1 == name { print $column }' audit.log; }

has_named_all() {
    audit_ledger
    [ "$(audited $copier 9)" -gt 0 ] && [ "$(audited $withholder 9)" -gt 0 ] &&
        [ "$(audited $disputer 11)" -gt 0 ]
}

ask_committees() {
    step "Committees" "Each question goes to three nodes drawn by lot, or to all seven if those do not" \
        "agree. Commits are closed, and seen by witnesses, before anyone reveals." \
        "Questions go on until each of the three has had a seat."
    local i one asked=0
    for i in {0..9} {0..9} {0..9}; do
        one=agreed.$asked
        run infer.log "$vouch" infer digits.vouch --input digits.$i.npy --key client.key \
            --registry ledger.registry "${on_ledger[@]}" --peers seats.peers --quorum 3 \
            --cuts "${cut[digits1]},${cut[digits4]}" --voucher $one.voucher \
            --opening $one.opening --output $one.answer.npy
        cmp -s $one.answer.npy digits.$i.alone.npy ||
            fail "input $i: the committee's answer is not the one process's"
        asked=$((asked + 1))
        [ $asked -lt 3 ] || ! has_named_all || break
    done
    agreed_count=$asked
    row "answers" "$asked, all identical to one process"
}

check_committees() {
    step "Their vouchers" "Who was drawn, what each committed to and revealed, and that it stands in one" \
        "log that three of four witnesses cosigned: checked offline, with two keys."
    local i
    for ((i = 0; i < agreed_count; i++)); do
        run agreed.verdict "$vouch" verify agreed.$i.voucher --model digits.vouch \
            --opening agreed.$i.opening --policy policy.txt
    done
    row "accepted" "$agreed_count of $agreed_count"
    echo
    show_claims agreed.verdict | sed -n '/quorum/,/ends/p' | sed '$d'
}

settle_dispute() {
    step "Who pays" "Silence costs a fee, and trust; a lie that is disputed costs half the stake: both" \
        "sides bisect what their operators gave, and referees run the first one that differs."
    local waited name
    for ((waited = 0; waited < 200; waited++)); do
        ! has_named_all || break
        sleep 0.1
    done
    for name in "${members[@]}"; do
        row $name "$(awk -v name=$name '$1 == name {
            printf "stake %4d, earned %3d", $4, $3
            if ($9 > 0) printf "; silent %d times", $9
            if ($10 > 0) printf "; slashed %d times, lost %d disputes", $10, $11
        }' audit.log)"
    done
    has_named_all || fail "expected $copier, $withholder and $disputer to pay, found:" audit.log
    for name in "${members[@]}"; do
        [ -n "${fault[$name]:-}" ] || [ "$(audited $name 4)" = 1000 ] ||
            fail "$name is honest and has lost stake" audit.log
    done
}

# The ledger's own word on every account, and an auditor's who has read nothing but the log.
audit_all() {
    step "Audit" "From the published log alone: every signature, draw, verdict and balance once more."
    run audited.json "$vouch" audit --from $ledger_url --charter charter \
        --founder "${key[founder]}" --json --seen seen.checkpoint
    run compared.log python3 "$demo/same_balances.py" $ledger_url audited.json
    row "replayed" "$(cat compared.log)"
}
