#include "entry/entry_read.h"

#include "message/message.h"

static vch_status copy_contest(const struct vch_entry_read *reading,
                               const ProtobufCBinaryData *subject, uint32_t segment, uint32_t round)
{
    struct vch_contest_id *out = &reading->entry->contest;

    out->round = round;
    VCH_TRY(vch_entry_read_digest(reading, &out->subject, subject, "subject of a contest"));
    VCH_TRY(vch_entry_read_segment_index(reading, &out->segment, segment));
    return vch_entry_read_at_most(reading, round, VCH_ENTRY_ROUNDS_MAX - 1, "round");
}

vch_status vch_entry_read_input(const struct vch_entry_read *reading)
{
    const Vouch__SegmentInput *from = reading->message->input;

    VCH_TRY(vch_entry_read_digest(reading, &reading->entry->input.job, &from->job, "job's id"));
    VCH_TRY(vch_entry_read_digest(reading, &reading->entry->input.input, &from->input,
                                  "segment's input"));
    return vch_entry_read_segment_index(reading, &reading->entry->input.segment, from->segment);
}

vch_status vch_entry_read_sortition(const struct vch_entry_read *reading)
{
    const Vouch__Sortition *from = reading->message->sortition;
    struct vch_vrf_proof *out = &reading->entry->sortition.proof;

    VCH_TRY(copy_contest(reading, &from->subject, from->segment, from->round));
    return vch_message_copy(out->bytes, sizeof out->bytes, &from->proof, "proof of a sortition",
                            reading->complaint);
}

vch_status vch_entry_read_draw(const struct vch_entry_read *reading)
{
    const Vouch__Draw *from = reading->message->draw;

    VCH_TRY(copy_contest(reading, &from->subject, from->segment, from->round));
    VCH_TRY(vch_entry_read_at_most(reading, from->n_seats, VCH_ENTRY_SEATS_MAX, "number of seats"));
    struct vch_entry_seat *seats =
        VCH_ARENA_NEW(reading->arena, struct vch_entry_seat, from->n_seats);
    if (seats == NULL) return vch_message_no_room("draw", reading->arena, reading->complaint);
    for (size_t i = 0; i < from->n_seats; i++) {
        VCH_TRY(
            vch_entry_read_key(reading, &seats[i].node, &from->seats[i]->node, "key of a seat"));
        seats[i].weight = from->seats[i]->weight;
    }
    reading->entry->draw.count = (uint32_t)from->n_seats;
    reading->entry->draw.seats = seats;
    reading->entry->draw.eligible = from->eligible;
    reading->entry->draw.weight = from->weight;
    return VCH_OK;
}

vch_status vch_entry_read_commit(const struct vch_entry_read *reading)
{
    const Vouch__Commit *from = reading->message->commit;

    VCH_TRY(copy_contest(reading, &from->subject, from->segment, from->round));
    return vch_entry_read_digest(reading, &reading->entry->commit.commitment, &from->commitment,
                                 "commitment");
}

vch_status vch_entry_read_close(const struct vch_entry_read *reading)
{
    const Vouch__Close *from = reading->message->close;

    reading->entry->close.commits = from->commits;
    VCH_TRY(
        vch_entry_read_at_most(reading, from->commits, VCH_ENTRY_SEATS_MAX, "number of commits"));
    return copy_contest(reading, &from->subject, from->segment, from->round);
}

vch_status vch_entry_read_reveal(const struct vch_entry_read *reading)
{
    const Vouch__Reveal *from = reading->message->reveal;
    struct vch_entry *entry = reading->entry;

    VCH_TRY(copy_contest(reading, &from->subject, from->segment, from->round));
    VCH_TRY(
        vch_entry_read_digest(reading, &entry->reveal.output, &from->output, "output of a reveal"));
    VCH_TRY(vch_entry_read_optional(reading, &entry->reveal.has_trace, &entry->reveal.trace,
                                    &from->trace, "trace of a reveal"));
    return vch_message_copy(entry->reveal.nonce, sizeof entry->reveal.nonce, &from->nonce,
                            "nonce of a reveal", reading->complaint);
}

vch_status vch_entry_read_verdict(const struct vch_entry_read *reading)
{
    const Vouch__Verdict *from = reading->message->verdict;
    struct vch_entry *entry = reading->entry;

    entry->verdict.agreeing = from->agreeing;
    VCH_TRY(copy_contest(reading, &from->subject, from->segment, from->round));
    VCH_TRY(
        vch_entry_read_at_most(reading, from->agreeing, VCH_ENTRY_SEATS_MAX, "number agreeing"));
    return vch_entry_read_optional(reading, &entry->verdict.has_output, &entry->verdict.output,
                                   &from->output, "output of a verdict");
}

static vch_status read_cosignature(const struct vch_entry_read *reading, uint32_t i)
{
    const Vouch__Cosignature *from = reading->message->anchor->cosignatures[i];
    struct vch_entry_cosignature *out = &reading->entry->anchor.cosignatures[i];

    out->witness = from->witness;
    out->time_s = from->time;
    VCH_TRY(
        vch_entry_read_at_most(reading, from->witness, VCH_CHARTER_WITNESSES_MAX - 1, "witness"));
    VCH_TRY(vch_entry_read_at_most(reading, from->time, VCH_ENTRY_TIME_MAX / 1000,
                                   "time of a cosignature"));
    if (i > 0 && out[-1].witness >= out->witness)
        return vch_complain(reading->complaint, VCH_CODE_MALFORMED,
                            "the cosignature of witness %u is there twice, or they are not in "
                            "order",
                            from->witness);
    return vch_message_copy(out->signature.bytes, sizeof out->signature.bytes, &from->signature,
                            "cosignature", reading->complaint);
}

vch_status vch_entry_read_anchor(const struct vch_entry_read *reading)
{
    const Vouch__Anchor *from = reading->message->anchor;
    struct vch_entry *entry = reading->entry;

    entry->anchor.size = from->size;
    VCH_TRY(vch_entry_read_digest(reading, &entry->anchor.root, &from->root, "root of an anchor"));
    VCH_TRY(vch_entry_read_at_most(reading, from->size, INT64_MAX, "size of an anchor"));
    VCH_TRY(vch_entry_read_at_most(reading, from->n_cosignatures, VCH_CHARTER_WITNESSES_MAX,
                                   "number of cosignatures"));
    entry->anchor.count = (uint32_t)from->n_cosignatures;
    for (uint32_t i = 0; i < entry->anchor.count; i++)
        VCH_TRY(read_cosignature(reading, i));
    return VCH_OK;
}

vch_status vch_entry_read_expire(const struct vch_entry_read *reading)
{
    return vch_entry_read_digest(reading, &reading->entry->expire, &reading->message->expire->job,
                                 "job's id");
}

vch_status vch_entry_read_trial_result(const struct vch_entry_read *reading)
{
    const Vouch__TrialResult *from = reading->message->trial_result;
    struct vch_entry *entry = reading->entry;

    VCH_TRY(vch_entry_read_digest(reading, &entry->trial_result.job, &from->job, "job's id"));
    VCH_TRY(vch_entry_read_digest(reading, &entry->trial_result.output, &from->output,
                                  "output of a trial"));
    return vch_message_copy(entry->trial_result.nonce, sizeof entry->trial_result.nonce,
                            &from->nonce, "nonce of a trial", reading->complaint);
}

vch_status vch_entry_read_dispute_open(const struct vch_entry_read *reading)
{
    const Vouch__DisputeOpen *from = reading->message->dispute_open;
    struct vch_entry *entry = reading->entry;

    VCH_TRY(vch_entry_read_digest(reading, &entry->dispute_open.job, &from->job, "job's id"));
    VCH_TRY(vch_entry_read_segment_index(reading, &entry->dispute_open.segment, from->segment));
    VCH_TRY(vch_entry_read_digest(reading, &entry->dispute_open.output, &from->output,
                                  "disputer's output"));
    return vch_entry_read_digest(reading, &entry->dispute_open.trace, &from->trace,
                                 "disputer's trace");
}

vch_status vch_entry_read_dispute_move(const struct vch_entry_read *reading)
{
    const Vouch__DisputeMove *from = reading->message->dispute_move;
    struct vch_entry *entry = reading->entry;

    entry->dispute_move.step = from->step;
    entry->dispute_move.defends = from->defends;
    VCH_TRY(vch_entry_read_digest(reading, &entry->dispute_move.dispute, &from->dispute,
                                  "dispute's id"));
    VCH_TRY(
        vch_entry_read_at_most(reading, from->step, VCH_ENTRY_STEPS_MAX - 1, "step of a dispute"));
    VCH_TRY(vch_entry_read_digest(reading, &entry->dispute_move.left, &from->left, "left child"));
    return vch_entry_read_digest(reading, &entry->dispute_move.right, &from->right, "right child");
}

vch_status vch_entry_read_dispute_default(const struct vch_entry_read *reading)
{
    return vch_entry_read_digest(reading, &reading->entry->dispute_default,
                                 &reading->message->dispute_default->dispute, "dispute's id");
}
