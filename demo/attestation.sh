# The demo's second act, sourced by demo.sh: what machines show of themselves. Nodes say how they are
# confined, which is their word and no evidence; one is on a machine with a TPM, where this machine can
# play one (swtpm): then a quote says what was booted, and is bound to the client's own connection. The
# client's rules say which class of data may go where, and a node that does not live up to them is sent
# nothing.

measured=elm # the node whose machine has a TPM
tpm=         # where there is one: how to reach it

# A TPM in software with an endorsement certificate of its maker, as it would come from a factory.
start_tpm() {
    local name user=()
    for name in swtpm swtpm_setup swtpm_localca; do
        command -v $name >tpm.log || return 0
    done
    [ "$(id -u)" != 0 ] || user=(--runas root)
    mkdir tpm tpm/state tpm/ca
    printf '%s\n' "create_certs_tool = $(command -v swtpm_localca)" \
        "create_certs_tool_config = $work/tpm/ca.conf" \
        "create_certs_tool_options = $work/tpm/options" >tpm/setup.conf
    printf '%s\n' "statedir = $work/tpm/ca" "signingkey = $work/tpm/ca/signkey.pem" \
        "issuercert = $work/tpm/ca/issuercert.pem" "certserial = $work/tpm/ca/serial" >tpm/ca.conf
    printf '%s\n' "--platform-manufacturer Demo" "--platform-version 1" \
        "--platform-model Demo" >tpm/options
    run tpm.log swtpm_setup --tpm2 --tpmstate $work/tpm/state --createek --create-ek-cert \
        --config $work/tpm/setup.conf "${user[@]}"
    run tpm.log swtpm socket --tpm2 --tpmstate dir=$work/tpm/state --server type=unixio,path=$work/tpm/tpm \
        --ctrl type=unixio,path=$work/tpm/ctrl --flags not-need-init,startup-clear "${user[@]}" \
        --daemon --pid file=$work/tpm/pid
    pid[tpm]=$(cat tpm/pid)
    tpm=tpm:swtpm:path=$work/tpm/tpm
    shows[$measured]=$tpm
}

# The TPM's key, as it goes into rules: whoever enrols it makes sure that it is the key of the TPM with
# that certificate, by a secret that no other TPM can read (credential activation).
enrol_tpm() {
    run enrol.log "$vouch" attest enrol request --from $tpm -o enrol.request
    run enrol.log "$vouch" attest enrol challenge enrol.request --issuer tpm/ca/issuercert.pem \
        --maker tpm/ca/swtpm-localca-rootca-cert.pem --pending enrol.pending -o enrol.challenge
    run enrol.log "$vouch" attest enrol answer enrol.challenge --from $tpm -o enrol.answer
    run enrol.log "$vouch" attest enrol accept enrol.answer --pending enrol.pending --place software
    sed -n 's/.*"name": *"\([0-9a-f]*\)".*/\1/p' enrol.log
}

# Open weights may go to whoever confines itself; what people ask, to no machine here.
write_rules() {
    local environment=production levels='"sandbox"' tpm_rules=
    local fences='"no-dumps", "no-new-privileges"'
    ! grep -q 'not confined at all' cedar.log || fences= # a program that looks into itself
    if [ -n "$tpm" ]; then
        environment=test levels='"sandbox", "tpm"'
        tpm_rules='"tpm": {"aks": ["enrolled"], "places": ["software"], "log": "none",
            "keys": [{"name": "'$(enrol_tpm)'", "place": "software"}],
            "pcrs": {"11": ["'$(printf '0%.0s' {1..64})'"]}},'
    fi
    cat >rules.json <<END
{"version": 1, "name": "the demo's", "environment": "$environment",
 "not_after": "$(date -u -d '+1 day' +%Y-%m-%dT%H:%M:%SZ)",
 "levels": {"weights:open": [$levels], "prompts": ["tee"], "weights:private": ["tee"]},
 "facts": {"builds": "any", "models": "any", "policies": "any",
           "confinement": [$fences]},
 $tpm_rules
 "hardware": {"registry": "none"},
 "freshness": {"nonce_s": 60, "reattest_s": 600, "result_s": 3600}}
END
    run rules.log "$vouch" attest policy sign rules.json --key client.key -o rules.policy
}

ask_machines() { # CLASS LOG
    "$vouch" infer digits.vouch --input digits.0.npy --key client.key --registry network.registry \
        --founder "${key[founder]}" --peers peers.txt --quorum 2 --segments 3 \
        --policy rules.policy --policy-signer "${key[client]}" --class "$1" \
        --voucher shown.voucher --opening shown.opening >"$2" 2>&1
}

show_machines() {
    local status=0
    step "Machines" "Nodes show what they are before they get anything$(
        [ -z "$tpm" ] || echo "; $measured by its TPM (a simulated one)")." \
        "The client's rules: weights that are open may go to whoever confines itself; what people" \
        "ask may go to processors that keep the operator's software out, which this machine does not have."
    write_rules
    ask_machines prompts prompts.log || status=$?
    [ $status = 1 ] || fail "expected nobody to be asked, found exit $status:" prompts.log
    row "prompts" "refused before anybody was asked: no rule lets a machine like these have them"
    ask_machines weights:open open.log || fail "this went wrong: infer with --class weights:open" open.log
    run shown.verdict "$vouch" verify shown.voucher --model digits.vouch --opening shown.opening \
        --policy policy.txt --attest-policy rules.policy --attest-signer "${key[client]}" \
        --attest-class weights:open
    row "weights:open" "answered; what the voucher shows of the machines, and what that is worth:"
    echo
    show_claims shown.verdict | sed -n '/^ *attested /,$p'
    local name line
    for name in "${nodes[@]}"; do
        line=$(sed -n "s/^  node ${key[$name]} //p" shown.verdict | sed 's/ ([^)]*)//; s/result.anchors: //')
        [ -z "$line" ] || row $name "$line"
    done
    sed -n '/^[a-z]* shows /,/^$/p' shown.verdict | sed '/^accepted/d; s/^/      /' |
        sed -E 's/^(.{100}[^ ]*) /\1\n      /'
    if [ -n "$tpm" ]; then
        grep -q "^  node ${key[$measured]} tpm: shown" shown.verdict ||
            fail "expected the TPM of $measured to be shown" shown.verdict
    fi
    grep -q ' sandbox: its own word' shown.verdict ||
        fail "expected nodes to be no more than sandboxes" shown.verdict
}
