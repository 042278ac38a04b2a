// vouch verify: what does this voucher show, to someone who trusts only the keys they name?
#include "voucher/verify.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "cli/commands.h"
#include "cli/print.h"
#include "cli/rules_file.h"
#include "cli/verify_attested.h"
#include "cli/verify_proof.h"
#include "host/clock.h"
#include "voucher/opening.h"
#include "voucher/policy.h"
#include "voucher/voucher.h"

static const struct vch_option options[] = {
    {"model", "M.vouch", "the model you hold: anchors its identity, allows recomputation", false},
    {"annex", "M.annex", "of a proof: the model's annex (default: beside the model)", false},
    {"opening", "FILE", "the client's opening: shows input and output, allows recomputation",
     false},
    {"job", "HEX", "of a proof: what it must have been made for", false},
    {"policy", "FILE", "whom you trust and what must be shown", false},
    {"founder", "KEY", "a network's founder you trust: hexadecimal or key file", true},
    {"owner", "KEY", "a model owner you trust: hexadecimal or key file", true},
    {"client", "KEY", "accept vouchers of this client only: hexadecimal or key file", true},
    {"attest-policy", "FILE", "by what you judge evidence of hardware (vouch attest policy)",
     false},
    {"attest-signer", "KEY", "whose attestation policies count: hexadecimal or key file", true},
    VCH_RULES_FILE_CRL_OPTION,
    {"attest-class", "CLASS", "of data, that it has to give the machines (default: prompts)",
     false},
    {"on-ledger", "ID", "a quorum counts by agreements on this ledger alone (vouch charter)", true},
    {"require", "CLAIM", "must be shown: quorum, proof, ends, ...; instead of the default", true},
    {"quorum", "K", "least votes per segment that count (default: 2)", false},
    {"at", "TIME", "judge as of 2026-01-31T12:00:00Z (default: now)", false},
    {"threads", "N", "threads (default: one per processor)", false},
    {"json", NULL, "print JSON", false},
    {0},
};

static vch_status add_keys(struct vch_public_key *keys, uint32_t *count, struct vch_tool *tool,
                           const char *name)
{
    const char *text = NULL;

    for (uint32_t i = 0; (text = vch_options_nth(tool->options, name, i)) != NULL; i++) {
        if (*count == VCH_VERIFY_KEYS_MAX)
            return vch_complain(&tool->complaint, VCH_CODE_LIMIT, "more than %u keys for --%s",
                                VCH_VERIFY_KEYS_MAX, name);
        VCH_TRY(vch_tool_public_key(&keys[(*count)++], tool, text));
    }
    return VCH_OK;
}

static vch_status add_ledgers(struct vch_policy *policy, struct vch_tool *tool)
{
    const char *text = NULL;

    for (uint32_t i = 0; (text = vch_options_nth(tool->options, "on-ledger", i)) != NULL; i++) {
        if (policy->ledger_count == VCH_VERIFY_KEYS_MAX)
            return vch_complain(&tool->complaint, VCH_CODE_LIMIT,
                                "more than %u ledgers for --on-ledger", VCH_VERIFY_KEYS_MAX);
        struct vch_digest *ledger = &policy->ledgers[policy->ledger_count];
        if (!vch_is_ok(vch_hex_decode(ledger->bytes, sizeof ledger->bytes, text)))
            return vch_complain(
                &tool->complaint, VCH_CODE_USAGE,
                "--on-ledger expects a ledger's id, 64 hexadecimal digits as `vouch "
                "charter` prints them, found \"%.70s\"",
                text);
        policy->ledger_count++;
    }
    return VCH_OK;
}

static vch_status parse_time(uint64_t *out, struct vch_tool *tool)
{
    int64_t time_s = 0;

    VCH_TRY(vch_rules_file_time(&time_s, tool, "at"));
    *out = vch_options_has(tool->options, "at") ? (uint64_t)time_s * 1000 : vch_clock_unix_ms();
    return VCH_OK;
}

static vch_status add_requirements(struct vch_policy *policy, struct vch_tool *tool)
{
    const char *text = NULL;

    for (uint32_t i = 0; (text = vch_options_nth(tool->options, "require", i)) != NULL; i++) {
        enum vch_claim claim = 0;
        while (claim < VCH_CLAIM_COUNT && strcmp(text, vch_verify_claim_name(claim)) != 0)
            claim++;
        if (claim == VCH_CLAIM_COUNT)
            return vch_complain(&tool->complaint, VCH_CODE_USAGE,
                                "--require takes client, model, input, output, split, quorum, "
                                "ends, proof or attested, not \"%.40s\"",
                                text);
        policy->has_requirements = policy->requires[claim] = true;
    }
    return VCH_OK;
}

static vch_status load_policy(struct vch_policy *policy, struct vch_tool *tool)
{
    const char *path = vch_options_text(tool->options, "policy");
    uint8_t *bytes = NULL;
    size_t size = 0;

    *policy = (struct vch_policy){0};
    if (path != NULL) {
        VCH_TRY(vch_tool_file(&bytes, &size, tool, path, VCH_POLICY_SIZE_MAX));
        VCH_TRY(vch_policy_decode(policy, (const char *)bytes, size, &tool->complaint));
    }
    VCH_TRY(add_requirements(policy, tool));
    VCH_TRY(add_ledgers(policy, tool));
    VCH_TRY(vch_rules_file_class(&policy->attest_class, tool, "attest-class"));
    VCH_TRY(add_keys(policy->founders, &policy->founder_count, tool, "founder"));
    VCH_TRY(add_keys(policy->owners, &policy->owner_count, tool, "owner"));
    VCH_TRY(add_keys(policy->clients, &policy->client_count, tool, "client"));
    uint64_t quorum = policy->quorum_min;
    VCH_TRY(
        vch_options_u64(&quorum, tool->options, "quorum", 1, VCH_JOB_QUORUM_MAX, &tool->complaint));
    policy->quorum_min = (uint32_t)quorum;
    return parse_time(&policy->at_ms, tool);
}

static void print_report(const struct vch_verify_report *report, const struct vch_voucher *voucher,
                         bool is_accepted)
{
    char hex[2 * VCH_DIGEST_SIZE + 1];

    vch_hex_encode(hex, voucher->job_id.bytes, VCH_DIGEST_SIZE);
    printf("job %s\n", hex);
    for (enum vch_claim claim = 0; claim < VCH_CLAIM_COUNT; claim++) {
        printf("  %-9s %-12s ", vch_verify_claim_name(claim),
               vch_verify_verdict_text(report->findings[claim].verdict));
        vch_print_wrapped(report->findings[claim].reason);
    }
    for (uint32_t i = 0; i < report->dissenter_count; i++) {
        vch_hex_encode(hex, report->dissenters[i].node.bytes, VCH_SIGN_PUBLIC_SIZE);
        const struct vch_member *member =
            vch_registry_find(&voucher->registry, &report->dissenters[i].node);
        printf("  dissent   node %s (%s) signed another output of segment %u than the majority\n",
               hex, member ? member->operator_name : "unknown", report->dissenters[i].segment);
    }
    vch_verify_attested_print(report);
    printf("%s\n", is_accepted ? "accepted: everything required is shown, nothing is false"
                               : "REFUSED: something required is not shown, or something is false");
    if (is_accepted && report->findings[VCH_CLAIM_ENDS].verdict != VCH_VERDICT_SHOWN)
        printf("but not required and not shown (ends): that this output follows from this input\n");
}

static vch_status print_json(const struct vch_verify_report *report,
                             const struct vch_voucher *voucher, bool is_accepted)
{
    json_t *claims = json_object(), *dissenters = json_array();

    for (enum vch_claim claim = 0; claim < VCH_CLAIM_COUNT; claim++)
        json_object_set_new(claims, vch_verify_claim_name(claim),
                            json_pack("{s:s, s:s}", "verdict",
                                      vch_verify_verdict_text(report->findings[claim].verdict),
                                      "reason", report->findings[claim].reason));
    for (uint32_t i = 0; i < report->dissenter_count; i++)
        json_array_append_new(
            dissenters,
            json_pack("{s:o, s:i}", "node",
                      vch_tool_json_hex(report->dissenters[i].node.bytes, VCH_SIGN_PUBLIC_SIZE),
                      "segment", (int)report->dissenters[i].segment));
    return vch_tool_print_json(
        json_pack("{s:b, s:o, s:o, s:o, s:o}", "accepted", (int)is_accepted, "job",
                  vch_tool_json_hex(voucher->job_id.bytes, VCH_DIGEST_SIZE), "claims", claims,
                  "dissenters", dissenters, "attested", vch_verify_attested_json(report)));
}

static vch_status load_opening(struct vch_opening *out, struct vch_tool *tool, const char *path)
{
    uint8_t *bytes = NULL;
    size_t size = 0;

    VCH_TRY(vch_tool_file(&bytes, &size, tool, path, VCH_OPENING_SIZE_MAX));
    return vch_opening_decode(out, bytes, size, &tool->arena, &tool->complaint);
}

static vch_status judge_voucher(struct vch_tool *tool, const uint8_t *bytes, size_t size)
{
    const char *model = vch_options_text(tool->options, "model");
    const char *opening_path = vch_options_text(tool->options, "opening");
    static struct vch_voucher voucher; // large: a whole job and its registry
    static struct vch_verify_report report;
    static struct vch_policy policy;
    struct vch_package package;
    struct vch_opening opening;
    const struct vch_rules *rules = NULL;

    VCH_TRY(load_policy(&policy, tool));
    VCH_TRY(vch_voucher_decode(&voucher, bytes, size, &tool->arena, &tool->complaint));
    const bool is_at = vch_options_has(tool->options, "at");
    const int64_t at_s = (int64_t)((is_at ? policy.at_ms : voucher.finished_ms) / 1000);
    VCH_TRY(vch_verify_attested_load(&rules, tool, &policy, at_s));
    if (model != NULL) VCH_TRY(vch_tool_package(&package, tool, model));
    if (opening_path != NULL) VCH_TRY(load_opening(&opening, tool, opening_path));
    const struct vch_verify_input input = {
        .voucher = &voucher,
        .package = model != NULL ? &package : NULL,
        .opening = opening_path != NULL ? &opening : NULL,
        .policy = &policy,
        .kernels = &tool->kernels,
        .workers = tool->workers,
        .rules = rules,
        .evidence_at_s = at_s,
    };
    vch_status verdict = vch_verify_voucher(&report, &input, &tool->arena, &tool->complaint);
    if (verdict.code != VCH_CODE_NONE && verdict.code != VCH_CODE_BAD_PROOF) return verdict;
    if (vch_options_has(tool->options, "json"))
        VCH_TRY(print_json(&report, &voucher, vch_is_ok(verdict)));
    else
        print_report(&report, &voucher, vch_is_ok(verdict));
    return verdict;
}

// A proof says what it is in its first bytes; a voucher is what is none.
static vch_status run(struct vch_tool *tool)
{
    const size_t size_max = VCH_VOUCHER_SIZE_MAX > VCH_PROOF_FILE_SIZE_MAX
                                ? VCH_VOUCHER_SIZE_MAX
                                : VCH_PROOF_FILE_SIZE_MAX;
    uint8_t *bytes = NULL;
    size_t size = 0;

    VCH_TRY(vch_tool_file(&bytes, &size, tool, tool->options->operands[0], size_max));
    if (size >= 8 && memcmp(bytes, VCH_PROOF_FILE_MAGIC, 8) == 0)
        return vch_verify_proof_run(tool, bytes, size);
    return judge_voucher(tool, bytes, size);
}

const struct vch_command vch_commands_verify = {
    .name = "verify",
    .operands = "X.voucher|X.proof",
    .summary = "check a voucher or a proof offline, claim by claim",
    .details =
        "Prints each claim as shown, not shown, not claimed or FALSE, and exits 0 only if "
        "nothing\nis false and the policy's requirements are shown. Without a policy: "
        "model, input, output,\nand quorum or proof. Name whom you trust: a voucher cannot vouch "
        "for its own keys.\n\n"
        "What nodes showed of what they run is judged by --attest-policy, at the time when the\n"
        "voucher was finished, or at --at; for each level that occurs it is said who may read\n"
        "what is private on such a machine all the same.\n\n"
        "A proof is judged with --model and its annex: exits 0 only if the run is shown, and "
        "input\nand output too where the opening is given.",
    .operand_min = 1,
    .operand_max = 1,
    .options = options,
    .run = run,
};
