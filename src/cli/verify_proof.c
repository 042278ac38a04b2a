#include "cli/verify_proof.h"

#include <stdio.h>

#include "annex/annex_verify.h"
#include "annex/answer_verify.h"
#include "base/bytes.h"
#include "cli/annex_files.h"
#include "cli/print.h"
#include "cli/proof_tensors.h"
#include "host/process.h"

enum { OWNERS_MAX = 16 };

struct session {
    struct vch_package package;
    struct vch_annex_files files;
    struct vch_proof_file proof;
    struct vch_proof_opening opening;
    bool has_opening;
    struct vch_digest job;
    struct vch_public_key owners[OWNERS_MAX];
    struct vch_answer_input input;
    struct vch_answer_report report;
};

// The owner of the model that the reader holds counts as named.
static vch_status name_owners(struct session *s, struct vch_tool *tool)
{
    const char *text = NULL;
    uint32_t count = 0;

    s->owners[count++] = s->package.owner;
    for (uint32_t i = 0; (text = vch_options_nth(tool->options, "owner", i)) != NULL; i++) {
        if (count == OWNERS_MAX)
            return vch_complain(&tool->complaint, VCH_CODE_LIMIT, "more than %d keys for --owner",
                                OWNERS_MAX - 1);
        VCH_TRY(vch_tool_public_key(&s->owners[count++], tool, text));
    }
    s->input.owners = s->owners;
    s->input.owner_count = count;
    return VCH_OK;
}

static vch_status name_job(struct session *s, struct vch_tool *tool)
{
    const char *text = vch_options_text(tool->options, "job");

    if (text == NULL) return VCH_OK;
    if (!vch_is_ok(vch_hex_decode(s->job.bytes, sizeof s->job.bytes, text)))
        return vch_complain(&tool->complaint, VCH_CODE_USAGE,
                            "--job expects 64 hexadecimal digits, found \"%.70s\"", text);
    s->input.job = &s->job;
    return VCH_OK;
}

static vch_status open_session(struct session *s, struct vch_tool *tool, const uint8_t *bytes,
                               size_t size)
{
    const char *model = NULL, *opening = vch_options_text(tool->options, "opening");
    uint8_t *opened = NULL;
    size_t opened_size = 0;

    VCH_TRY(vch_options_required(&model, tool->options, "model", &tool->complaint));
    VCH_TRY(vch_proof_file_decode(&s->proof, bytes, size, &tool->complaint));
    VCH_TRY(vch_tool_package(&s->package, tool, model));
    VCH_TRY(vch_annex_files_find(&s->files, tool, model));
    VCH_TRY(vch_annex_files_read(&s->files, tool, &s->package.identity));
    if (opening != NULL) {
        VCH_TRY(vch_tool_file(&opened, &opened_size, tool, opening, VCH_PROOF_OPENING_SIZE_MAX));
        VCH_TRY(vch_proof_opening_decode(&s->opening, opened, opened_size, &tool->complaint));
        s->has_opening = true;
    }
    s->input.graph = s->package.graph;
    s->input.identity = s->package.identity;
    s->input.annex = &s->files.decoded;
    s->input.proof = &s->proof;
    s->input.opening = s->has_opening ? &s->opening : NULL;
    s->input.verify_owner = vch_annex_verify_owner;
    s->input.workers = tool->workers;
    VCH_TRY(name_owners(s, tool));
    VCH_TRY(name_job(s, tool));
    return vch_process_cpu_level(&s->input.level, &tool->complaint);
}

static bool is_verdict(const struct session *s, enum vch_answer_claim claim,
                       enum vch_answer_verdict verdict)
{
    return s->report.findings[claim].verdict == verdict;
}

static void print_report(const struct session *s, bool is_accepted)
{
    for (enum vch_answer_claim claim = 0; claim < VCH_ANSWER_CLAIM_COUNT; claim++) {
        const struct vch_answer_finding *finding = &s->report.findings[claim];
        printf("  %-9s %-12s ", vch_answer_verify_claim(claim),
               vch_answer_verify_verdict(finding->verdict));
        vch_print_wrapped(finding->reason);
    }
    printf("%s\n", is_accepted ? "accepted: the run is proven, nothing is false"
                               : "REFUSED: the run is not shown, or something is false");
}

static vch_status print_json(const struct session *s, struct vch_tool *tool, bool is_accepted,
                             json_t *outputs)
{
    json_t *claims = json_object();

    (void)tool;
    for (enum vch_answer_claim claim = 0; claim < VCH_ANSWER_CLAIM_COUNT; claim++) {
        const struct vch_answer_finding *finding = &s->report.findings[claim];
        json_object_set_new(claims, vch_answer_verify_claim(claim),
                            json_pack("{s:s, s:s}", "verdict",
                                      vch_answer_verify_verdict(finding->verdict), "reason",
                                      finding->reason));
    }
    return vch_tool_print_json(json_pack("{s:b, s:s, s:o, s:o}", "accepted", (int)is_accepted,
                                         "kind", "proof", "claims", claims, "outputs", outputs));
}

// The answer, to whoever may see it, in the words of the model's ports.
static vch_status show(struct session *s, struct vch_tool *tool, bool is_accepted)
{
    const bool is_json = vch_options_has(tool->options, "json");
    json_t *outputs = is_json ? json_array() : NULL;

    if (!is_json) print_report(s, is_accepted);
    if (is_verdict(s, VCH_ANSWER_CLAIM_OUTPUT, VCH_ANSWER_SHOWN) &&
        s->proof.last == s->package.graph->operator_count)
        VCH_TRY(vch_proof_tensors_show(&s->opening, tool, s->package.graph, outputs));
    return is_json ? print_json(s, tool, is_accepted, outputs) : VCH_OK;
}

static vch_status judge(struct session *s, struct vch_tool *tool, const uint8_t *bytes, size_t size)
{
    VCH_TRY(open_session(s, tool, bytes, size));
    vch_status verdict = vch_answer_verify(&s->report, &s->input, &tool->arena, &tool->complaint);
    if (verdict.code != VCH_CODE_NONE && verdict.code != VCH_CODE_BAD_PROOF) return verdict;
    VCH_TRY(show(s, tool, vch_is_ok(verdict)));
    return verdict;
}

vch_status vch_verify_proof_run(struct vch_tool *tool, const uint8_t *bytes, size_t size)
{
    static struct session session; // large: sixteen keys and six reasons
    vch_status status = judge(&session, tool, bytes, size);

    vch_wipe(&session.opening, sizeof session.opening);
    return status;
}
