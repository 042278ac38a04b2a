// vouch attest: what machines can show about themselves, and what of it holds.
#include "cli/actions.h"
#include "cli/attest_certificate.h"
#include "cli/attest_collect.h"
#include "cli/attest_enrol.h"
#include "cli/attest_policy.h"
#include "cli/attest_probe.h"
#include "cli/attest_refvalues.h"
#include "cli/attest_verify.h"
#include "cli/commands.h"

static const struct vch_option options[] = {
    {"policy", "FILE", "of verify: the rules that evidence is judged by", false},
    {"signer", "KEY", "whose rules count: hexadecimal or key file", true},
    {"class", "CLASS", "of verify: has to be allowed prompts, weights:open or weights:private",
     false},
    {"node", "KEY", "whose evidence it is, or has to be: hexadecimal or key file", false},
    {"nonce", "HEX", "the verifier's, drawn for this once, that evidence answers", false},
    {"asked", "TIME", "of verify: when that nonce was drawn, as 2026-01-31T12:00:00Z", false},
    {"at", "TIME", "judge as of then (default: now)", false},
    {"json", NULL, "print JSON", false},
    VCH_ATTEST_COLLECT_SOURCE_OPTIONS,
    {"policy-id", "HEX", "of collect: which policy the verifier asks by", false},
    {"sealing-key", "HEX",
     "of collect: what is sealed for this machine is sealed to this X25519 key", false},
    {"model-id", "HEX", "of collect: what the machine serves (default: nothing)", false},
    VCH_ATTEST_ENROL_OPTIONS,
    {"output", "FILE", "where what is made goes", false},
    {"key", "FILE", "of policy sign: whoever signs", false},
    {"passphrase-file", "FILE", "opens the key file", false},
    VCH_ATTEST_REFVALUES_OPTIONS,
    {0},
};

static const struct vch_action ACTIONS[] = {
    {"probe", "nothing", 0, 0, vch_attest_probe_run},
    {"collect", "nothing", 0, 0, vch_attest_collect_run},
    {"enrol", "a step, and mostly one FILE", 1, 2, vch_attest_enrol_run},
    {"verify", "one FILE", 1, 1, vch_attest_verify_run},
    {"certificate", "one FILE", 1, 1, vch_attest_certificate_run},
    {"policy", "sign, lint or show, and one FILE", 2, 2, vch_attest_policy_run},
    {"refvalues", "nothing", 0, 0, vch_attest_refvalues_run},
};

static vch_status run(struct vch_tool *tool)
{
    return vch_actions_run(tool, "attest", 0, ACTIONS, sizeof ACTIONS / sizeof *ACTIONS);
}

const struct vch_command vch_commands_attest = {
    .name = "attest",
    .operands = "probe | collect | enrol STEP [FILE] | verify FILE | certificate FILE | policy "
                "STEP FILE | refvalues",
    .summary = "what machines show about themselves: evidence, judged; what a kernel grants",
    .details =
        "probe: tries each fence around a process (specs/confinement.md) in a child of its own,\n"
        "then those of each role together, and the memory that keys would get. Prints what was\n"
        "granted, what was refused, and the kernel's word for it. Exits with 1 where a role could\n"
        "not run. It shows nothing to a remote party: that takes evidence from hardware.\n\n"
        "collect: has this machine's hardware show what it is, for a verifier that is not "
        "connected\n"
        "to it, and writes the evidence to --output for `verify`. The process that talks to the\n"
        "hardware is confined, and is ended when it takes too long.\n\n"
        "enrol: shows, once, that a TPM's attestation key lies in a TPM of a known maker; "
        "`accept`\n"
        "prints the key as it goes into a policy. Its steps, each of which makes a file for the\n"
        "next: request (on the machine), challenge FILE (of the verifier), answer FILE (on the\n"
        "machine), accept FILE (of the verifier).\n\n"
        "verify: judges evidence in a file (specs/attest.md, section 7), or what a voucher holds "
        "of\n"
        "--node, by --policy. Prints every check, what to do about those that failed, and who may\n"
        "read what is private on such a machine. Exits with 0 where it is accepted, else with "
        "1.\n\n"
        "certificate: judges an RA-TLS certificate of somebody else's enclave by --policy and\n"
        "Intel's collateral (--endorse tcb-info=FILE and so on). It is bound to a key and to no\n"
        "connection, so with --class prompts or weights:private it is always refused.\n\n"
        "policy: the rules by which evidence is judged (specs/rules.md). sign takes a draft, a\n"
        "JSON object, and --key, and writes --output. lint says what is legal and unwise of a\n"
        "draft or a signed file, and exits with 1 where there are errors. show says what they\n"
        "allow; with --signer it takes them as a verifier would.\n\n"
        "refvalues: what programs, models, boot logs and files will show, in the form of a "
        "policy's\nmembers, so that nobody has to allow more than they mean.",
    .operand_min = 1,
    .operand_max = 3,
    .options = options,
    .run = run,
};
