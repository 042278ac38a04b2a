#include "cli/trial.h"

#include <string.h>

#include "base/bytes.h"
#include "cli/commands.h"
#include "cli/operands.h"
#include "consensus/registry.h"
#include "crypto/commitment.h"
#include "host/clock.h"
#include "host/random.h"

enum { NODE, MODEL, RANGE, INPUT, OUTPUT, NONCE }; // operands
enum { LASTS_MS = 600000 };

// Those 32 bytes of the option, or fresh ones.
static vch_status read_bytes(struct vch_digest *out, struct vch_tool *tool, const char *option)
{
    const char *text = vch_options_text(tool->options, option);

    if (text != NULL) return vch_operands_digest(out, tool, option, text);
    vch_random_bytes(out->bytes, sizeof out->bytes);
    return VCH_OK;
}

// The registry in force: its file, or its digest.
static vch_status read_registry(struct vch_digest *out, struct vch_tool *tool)
{
    struct vch_registry registry;
    const char *text = NULL;
    uint8_t *bytes = NULL;
    size_t size = 0;

    VCH_TRY(vch_options_required(&text, tool->options, "registry", &tool->complaint));
    if (vch_is_ok(vch_hex_decode(out->bytes, VCH_DIGEST_SIZE, text))) return VCH_OK;
    VCH_TRY(vch_tool_file(&bytes, &size, tool, text, VCH_REGISTRY_SIZE_MAX));
    VCH_TRY(vch_registry_decode(&registry, bytes, size, &tool->arena, &tool->complaint));
    *out = registry.digest;
    return VCH_OK;
}

static void add_segment(struct vch_job *job, uint32_t first, uint32_t last, enum vch_job_by by)
{
    job->segments[job->segment_count++] = (struct vch_job_segment){first, last, by};
}

// What lies before the node's operators, the founder has run. The nonces are those of the secret.
static vch_status fill_job(struct vch_job *job, struct vch_tool *tool, const char *const *operands)
{
    uint32_t first = 0, last = 0;
    struct vch_digest secret;
    struct vch_nonce nonce;

    VCH_TRY(vch_operands_model(&job->model, tool, operands[MODEL]));
    VCH_TRY(vch_operands_range(&first, &last, tool, operands[RANGE]));
    VCH_TRY(vch_operands_digest(&job->input, tool, "an input commitment", operands[INPUT]));
    VCH_TRY(read_bytes(&job->nonce, tool, "job-nonce"));
    VCH_TRY(read_bytes(&secret, tool, "secret"));
    VCH_TRY(read_registry(&job->registry, tool));
    job->deadline_ms = vch_clock_unix_ms() + LASTS_MS;
    VCH_TRY(vch_options_u64(&job->deadline_ms, tool->options, "deadline", 1, VCH_ENTRY_TIME_MAX,
                            &tool->complaint));
    job->batch = 1;
    job->quorum = 1;
    job->commitment_kind = VCH_COMMITMENT_SHA256;
    if (first > 0) add_segment(job, 0, first, VCH_JOB_BY_CLIENT);
    add_segment(job, first, last, VCH_JOB_BY_NODES);
    for (uint32_t i = 0; i <= job->segment_count; i++) {
        vch_commitment_nonce(&nonce, secret.bytes, i);
        job->nonces[i] = vch_commitment_pin(&nonce);
    }
    vch_wipe(&nonce, sizeof nonce);
    vch_wipe(&secret, sizeof secret);
    return VCH_OK;
}

vch_status vch_trial_make(const struct vch_entry_job_open **out, struct vch_tool *tool,
                          const struct vch_public_key *founder, const char *const *operands)
{
    struct vch_entry_job_open *open = VCH_ARENA_NEW(&tool->arena, struct vch_entry_job_open, 1);
    struct vch_digest output, nonce;
    uint8_t *bytes = NULL;

    if (open == NULL) return VCH_FAIL(NO_MEMORY);
    open->is_trial = true;
    open->fee = 1;
    open->job.client = *founder;
    VCH_TRY(vch_tool_public_key(&open->trial_node, tool, operands[NODE]));
    VCH_TRY(fill_job(&open->job, tool, operands));
    VCH_TRY(vch_operands_digest(&output, tool, "an output commitment", operands[OUTPUT]));
    VCH_TRY(vch_operands_digest(&nonce, tool, "a nonce", operands[NONCE]));
    VCH_TRY(
        vch_options_u64(&open->fee, tool->options, "fee", 0, VCH_ENTRY_FEE_MAX, &tool->complaint));
    VCH_TRY(vch_job_encode(&bytes, &open->job_size, &open->job, &tool->arena, &tool->complaint));
    open->job_bytes = bytes;
    open->job_id = vch_job_id(bytes, open->job_size);
    open->has_input = open->job.segments[0].by == VCH_JOB_BY_CLIENT;
    if (open->has_input) open->input = open->job.input;
    open->trial_expected = vch_entry_trial_expected(&open->job_id, &output, nonce.bytes);
    *out = open;
    return VCH_OK;
}

vch_status vch_trial_make_result(struct vch_entry *out, struct vch_tool *tool,
                                 const char *const *operands)
{
    struct vch_digest nonce;

    VCH_TRY(vch_operands_digest(&out->trial_result.job, tool, "a job", operands[0]));
    VCH_TRY(
        vch_operands_digest(&out->trial_result.output, tool, "an output commitment", operands[1]));
    VCH_TRY(vch_operands_digest(&nonce, tool, "a nonce", operands[2]));
    memcpy(out->trial_result.nonce, nonce.bytes, sizeof nonce.bytes);
    return VCH_OK;
}
