#include "entry/entry_read.h"

#include <inttypes.h>
#include <string.h>

#include "message/message.h"

vch_status vch_entry_read_digest(const struct vch_entry_read *reading, struct vch_digest *out,
                                 const ProtobufCBinaryData *field, const char *what)
{
    return vch_message_copy(out->bytes, sizeof out->bytes, field, what, reading->complaint);
}

vch_status vch_entry_read_key(const struct vch_entry_read *reading, struct vch_public_key *out,
                              const ProtobufCBinaryData *field, const char *what)
{
    return vch_message_copy(out->bytes, sizeof out->bytes, field, what, reading->complaint);
}

vch_status vch_entry_read_optional(const struct vch_entry_read *reading, bool *is_there,
                                   struct vch_digest *out, const ProtobufCBinaryData *field,
                                   const char *what)
{
    *is_there = field->len > 0;
    return *is_there ? vch_entry_read_digest(reading, out, field, what) : VCH_OK;
}

vch_status vch_entry_read_at_most(const struct vch_entry_read *reading, uint64_t value,
                                  uint64_t most, const char *what)
{
    if (value <= most) return VCH_OK;
    return vch_complain(reading->complaint, VCH_CODE_LIMIT,
                        "the %s is %" PRIu64 ", not at most %" PRIu64, what, value, most);
}

vch_status vch_entry_read_segment_index(const struct vch_entry_read *reading, uint32_t *out,
                                        uint32_t segment)
{
    *out = segment;
    return vch_entry_read_at_most(reading, segment, VCH_JOB_SEGMENTS_MAX - 1, "segment");
}

static vch_status copy_amount(const struct vch_entry_read *reading, uint64_t *out, uint64_t amount)
{
    *out = amount;
    if (amount >= 1 && amount <= VCH_ENTRY_AMOUNT_MAX) return VCH_OK;
    return vch_complain(reading->complaint, VCH_CODE_LIMIT,
                        "the amount is %" PRIu64 ", not 1 to %" PRIu64, amount,
                        VCH_ENTRY_AMOUNT_MAX);
}

// Charters are rare: packed once more, to be decoded by themselves.
vch_status vch_entry_read_charter(const struct vch_entry_read *reading)
{
    struct vch_charter *charter = VCH_ARENA_NEW(reading->arena, struct vch_charter, 1);
    uint8_t *bytes = NULL;
    size_t size = 0;

    if (charter == NULL) return vch_message_no_room("charter", reading->arena, reading->complaint);
    if (!vch_is_ok(
            vch_message_pack(&bytes, &size, &reading->message->charter->base, reading->arena)))
        return vch_message_no_room("charter", reading->arena, reading->complaint);
    reading->entry->charter = charter;
    return vch_charter_decode(charter, bytes, size, reading->arena, reading->complaint);
}

vch_status vch_entry_read_registry(const struct vch_entry_read *reading)
{
    const Vouch__RegistryNotice *from = reading->message->registry;

    reading->entry->registry.serial = from->serial;
    return vch_entry_read_digest(reading, &reading->entry->registry.digest, &from->digest,
                                 "digest of a registry");
}

vch_status vch_entry_read_deposit(const struct vch_entry_read *reading)
{
    const Vouch__Deposit *from = reading->message->deposit;

    VCH_TRY(
        vch_entry_read_key(reading, &reading->entry->deposit.account, &from->account, "account"));
    return copy_amount(reading, &reading->entry->deposit.amount, from->amount);
}

vch_status vch_entry_read_withdraw(const struct vch_entry_read *reading)
{
    return copy_amount(reading, &reading->entry->amount, reading->message->withdraw->amount);
}

vch_status vch_entry_read_stake(const struct vch_entry_read *reading)
{
    return copy_amount(reading, &reading->entry->amount, reading->message->stake->amount);
}

vch_status vch_entry_read_unstake(const struct vch_entry_read *reading)
{
    return copy_amount(reading, &reading->entry->amount, reading->message->unstake->amount);
}

vch_status vch_entry_read_release(const struct vch_entry_read *reading)
{
    (void)reading; // it says no more than that
    return VCH_OK;
}

vch_status vch_entry_read_hold(const struct vch_entry_read *reading)
{
    const Vouch__Hold *from = reading->message->hold;
    struct vch_entry_hold *out = &reading->entry->hold;

    out->first = from->first;
    out->last = from->last;
    out->drop = from->drop;
    VCH_TRY(vch_entry_read_digest(reading, &out->model, &from->model, "model"));
    if (out->first < out->last) return VCH_OK;
    return vch_complain(reading->complaint, VCH_CODE_MALFORMED,
                        "the operators held are from %u to before %u, which are none", out->first,
                        out->last);
}

static vch_status read_excluded(const struct vch_entry_read *reading,
                                struct vch_entry_job_open *out)
{
    const Vouch__JobOpen *from = reading->message->job_open;

    VCH_TRY(vch_entry_read_at_most(reading, from->n_excluded, VCH_ENTRY_EXCLUDED_MAX,
                                   "number of excluded operators"));
    out->excluded_count = (uint32_t)from->n_excluded;
    for (uint32_t i = 0; i < out->excluded_count; i++) {
        const char *name = from->excluded[i];
        if (!vch_registry_is_name(name))
            return vch_complain(reading->complaint, VCH_CODE_MALFORMED,
                                "the excluded operator \"%.64s\" is not 1 to %u of the characters "
                                "a-z, 0-9, \".\" and \"-\"",
                                name, VCH_REGISTRY_NAME_MAX);
        if (i > 0 && strcmp(out->excluded[i - 1], name) >= 0)
            return vch_complain(reading->complaint, VCH_CODE_MALFORMED,
                                "the excluded operator \"%.64s\" is there twice, or they are not "
                                "in order",
                                name);
        out->excluded[i] = name;
    }
    return VCH_OK;
}

static uint32_t count_by_nodes(const struct vch_job *job)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < job->segment_count; i++)
        count += job->segments[i].by == VCH_JOB_BY_NODES;
    return count;
}

// What agreement asks of a job beyond a job's own form.
static vch_status check_job(const struct vch_entry_read *reading,
                            const struct vch_entry_job_open *open)
{
    const struct vch_job *job = &open->job;
    const bool starts_with_nodes = job->segments[0].by == VCH_JOB_BY_NODES;

    if (job->quorum % 2 == 0 || job->quorum > VCH_ENTRY_QUORUM_MAX)
        return vch_complain(reading->complaint, VCH_CODE_LIMIT,
                            "the job's quorum is %u, not odd and at most %u", job->quorum,
                            VCH_ENTRY_QUORUM_MAX);
    VCH_TRY(vch_entry_read_at_most(reading, count_by_nodes(job), VCH_ENTRY_SEGMENTS_MAX,
                                   "number of segments by nodes"));
    if (open->has_input == starts_with_nodes)
        return vch_complain(reading->complaint, VCH_CODE_MALFORMED,
                            starts_with_nodes
                                ? "an input is given though segment 0 is by nodes: the job has it"
                                : "no input is given for the first segment by nodes");
    if (!open->is_trial || (job->quorum == 1 && count_by_nodes(job) == 1)) return VCH_OK;
    return vch_complain(reading->complaint, VCH_CODE_MALFORMED,
                        "a trial has quorum 1 and one segment by nodes, not quorum %u and %u",
                        job->quorum, count_by_nodes(job));
}

vch_status vch_entry_read_job_open(const struct vch_entry_read *reading)
{
    const Vouch__JobOpen *from = reading->message->job_open;
    struct vch_entry_job_open *out = VCH_ARENA_NEW(reading->arena, struct vch_entry_job_open, 1);

    if (out == NULL) return vch_message_no_room("job", reading->arena, reading->complaint);
    reading->entry->job_open = out;
    out->job_bytes = from->job.data;
    out->job_size = from->job.len;
    out->fee = from->fee;
    VCH_TRY(vch_job_decode(&out->job, from->job.data, from->job.len, reading->arena,
                           reading->complaint));
    out->job_id = vch_job_id(from->job.data, from->job.len);
    VCH_TRY(vch_entry_read_at_most(reading, from->fee, VCH_ENTRY_FEE_MAX, "fee"));
    VCH_TRY(vch_entry_read_optional(reading, &out->has_input, &out->input, &from->input,
                                    "job's input"));
    VCH_TRY(read_excluded(reading, out));
    out->is_trial = from->trial != NULL;
    if (out->is_trial) {
        VCH_TRY(vch_entry_read_key(reading, &out->trial_node, &from->trial->node, "trial's node"));
        VCH_TRY(vch_entry_read_digest(reading, &out->trial_expected, &from->trial->expected,
                                      "trial's commitment"));
    }
    return check_job(reading, out);
}
