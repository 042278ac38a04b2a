#include "ledger/entry_json.h"

#include "base/bytes.h"
#include "base/check.h"

enum { HEX_MAX = 80 };

json_t *vch_entry_json_hex(const void *bytes, size_t size)
{
    char text[2 * HEX_MAX + 1];

    VCH_ASSERT(size <= HEX_MAX);
    vch_hex_encode(text, bytes, size);
    return json_string(text);
}

static void put(json_t *object, const char *name, json_t *value)
{
    (void)json_object_set_new(object, name, value); // without memory the field is absent
}

static void put_number(json_t *object, const char *name, uint64_t value)
{
    put(object, name, json_integer((json_int_t)value));
}

static void put_digest(json_t *object, const char *name, const struct vch_digest *digest)
{
    put(object, name, vch_entry_json_hex(digest->bytes, sizeof digest->bytes));
}

static void put_key(json_t *object, const char *name, const struct vch_public_key *key)
{
    put(object, name, vch_entry_json_hex(key->bytes, sizeof key->bytes));
}

static void put_contest(json_t *object, const struct vch_contest_id *contest)
{
    put_digest(object, "subject", &contest->subject);
    put_number(object, "segment", contest->segment);
    put_number(object, "round", contest->round);
}

static void write_charter(json_t *out, const struct vch_entry *entry)
{
    json_t *witnesses = json_array();

    put(out, "origin", json_string(entry->charter->origin));
    put_digest(out, "ledger", &entry->charter->id);
    put_key(out, "clerk", &entry->charter->clerk);
    for (uint32_t i = 0; i < entry->charter->witness_count; i++)
        (void)json_array_append_new(witnesses, json_string(entry->charter->witnesses[i].name));
    put(out, "witnesses", witnesses);
}

static void write_registry(json_t *out, const struct vch_entry *entry)
{
    put_digest(out, "digest", &entry->registry.digest);
    put_number(out, "serial", entry->registry.serial);
}

static void write_deposit(json_t *out, const struct vch_entry *entry)
{
    put_key(out, "account", &entry->deposit.account);
    put_number(out, "amount", entry->deposit.amount);
}

static void write_amount(json_t *out, const struct vch_entry *entry)
{
    put_number(out, "amount", entry->amount);
}

static void write_hold(json_t *out, const struct vch_entry *entry)
{
    put_digest(out, "model", &entry->hold.model);
    put_number(out, "first", entry->hold.first);
    put_number(out, "last", entry->hold.last);
    put(out, "drop", json_boolean(entry->hold.drop));
}

static json_t *segments_of(const struct vch_job *job)
{
    json_t *segments = json_array();

    for (uint32_t i = 0; i < job->segment_count; i++) {
        json_t *segment = json_object();
        put_number(segment, "first", job->segments[i].first);
        put_number(segment, "last", job->segments[i].last);
        put(segment, "by",
            json_string(job->segments[i].by == VCH_JOB_BY_NODES ? "nodes" : "client"));
        (void)json_array_append_new(segments, segment);
    }
    return segments;
}

static void write_job_open(json_t *out, const struct vch_entry *entry)
{
    const struct vch_entry_job_open *open = entry->job_open;

    put_digest(out, "job", &open->job_id);
    put_digest(out, "model", &open->job.model);
    put_number(out, "fee", open->fee);
    put_number(out, "quorum", open->job.quorum);
    put_number(out, "deadline_ms", open->job.deadline_ms);
    put(out, "trial", json_boolean(open->is_trial));
    put(out, "segments", segments_of(&open->job));
}

static void write_input(json_t *out, const struct vch_entry *entry)
{
    put_digest(out, "job", &entry->input.job);
    put_number(out, "segment", entry->input.segment);
    put_digest(out, "input", &entry->input.input);
}

static void write_sortition(json_t *out, const struct vch_entry *entry)
{
    put_contest(out, &entry->contest);
}

static void write_draw(json_t *out, const struct vch_entry *entry)
{
    json_t *seats = json_array();

    put_contest(out, &entry->contest);
    for (uint32_t i = 0; i < entry->draw.count; i++) {
        json_t *seat = json_object();
        put_key(seat, "node", &entry->draw.seats[i].node);
        put_number(seat, "weight", entry->draw.seats[i].weight);
        (void)json_array_append_new(seats, seat);
    }
    put(out, "seats", seats);
    put_number(out, "eligible", entry->draw.eligible);
}

static void write_commit(json_t *out, const struct vch_entry *entry)
{
    put_contest(out, &entry->contest);
    put_digest(out, "commitment", &entry->commit.commitment);
}

static void write_close(json_t *out, const struct vch_entry *entry)
{
    put_contest(out, &entry->contest);
    put_number(out, "commits", entry->close.commits);
}

static void write_reveal(json_t *out, const struct vch_entry *entry)
{
    put_contest(out, &entry->contest);
    put_digest(out, "output", &entry->reveal.output);
    if (entry->reveal.has_trace) put_digest(out, "trace", &entry->reveal.trace);
}

static void write_verdict(json_t *out, const struct vch_entry *entry)
{
    put_contest(out, &entry->contest);
    put(out, "output",
        entry->verdict.has_output ? vch_entry_json_hex(entry->verdict.output.bytes, VCH_DIGEST_SIZE)
                                  : json_null());
    put_number(out, "agreeing", entry->verdict.agreeing);
}

static void write_anchor(json_t *out, const struct vch_entry *entry)
{
    json_t *witnesses = json_array();

    put_number(out, "size", entry->anchor.size);
    put_digest(out, "root", &entry->anchor.root);
    for (uint32_t i = 0; i < entry->anchor.count; i++)
        (void)json_array_append_new(
            witnesses, json_integer((json_int_t)entry->anchor.cosignatures[i].witness));
    put(out, "witnesses", witnesses);
}

static void write_expire(json_t *out, const struct vch_entry *entry)
{
    put_digest(out, "job", &entry->expire);
}

static void write_trial_result(json_t *out, const struct vch_entry *entry)
{
    put_digest(out, "job", &entry->trial_result.job);
    put_digest(out, "output", &entry->trial_result.output);
}

static void write_evidence(json_t *out, const struct vch_entry *entry)
{
    put_key(out, "against", &entry->evidence.first->writer);
    put_contest(out, &entry->evidence.first->contest);
}

static void write_dispute_open(json_t *out, const struct vch_entry *entry)
{
    struct vch_digest id =
        vch_entry_dispute_id(&entry->dispute_open.job, entry->dispute_open.segment, &entry->writer,
                             &entry->dispute_open.output, &entry->dispute_open.trace);

    put_digest(out, "dispute", &id);
    put_digest(out, "job", &entry->dispute_open.job);
    put_number(out, "segment", entry->dispute_open.segment);
    put_digest(out, "output", &entry->dispute_open.output);
}

static void write_dispute_move(json_t *out, const struct vch_entry *entry)
{
    put_digest(out, "dispute", &entry->dispute_move.dispute);
    put_number(out, "step", entry->dispute_move.step);
    put(out, "defends", json_boolean(entry->dispute_move.defends));
}

static void write_dispute_default(json_t *out, const struct vch_entry *entry)
{
    put_digest(out, "dispute", &entry->dispute_default);
}

static const struct {
    enum vch_entry_kind kind;
    void (*write)(json_t *out, const struct vch_entry *entry);
} WRITERS[] = {
    {VCH_ENTRY_CHARTER, write_charter},
    {VCH_ENTRY_REGISTRY, write_registry},
    {VCH_ENTRY_DEPOSIT, write_deposit},
    {VCH_ENTRY_WITHDRAW, write_amount},
    {VCH_ENTRY_STAKE, write_amount},
    {VCH_ENTRY_UNSTAKE, write_amount},
    {VCH_ENTRY_HOLD, write_hold},
    {VCH_ENTRY_JOB_OPEN, write_job_open},
    {VCH_ENTRY_INPUT, write_input},
    {VCH_ENTRY_SORTITION, write_sortition},
    {VCH_ENTRY_DRAW, write_draw},
    {VCH_ENTRY_COMMIT, write_commit},
    {VCH_ENTRY_CLOSE, write_close},
    {VCH_ENTRY_REVEAL, write_reveal},
    {VCH_ENTRY_VERDICT, write_verdict},
    {VCH_ENTRY_ANCHOR, write_anchor},
    {VCH_ENTRY_EXPIRE, write_expire},
    {VCH_ENTRY_TRIAL_RESULT, write_trial_result},
    {VCH_ENTRY_EVIDENCE, write_evidence},
    {VCH_ENTRY_DISPUTE_OPEN, write_dispute_open},
    {VCH_ENTRY_DISPUTE_MOVE, write_dispute_move},
    {VCH_ENTRY_DISPUTE_DEFAULT, write_dispute_default},
};

json_t *vch_entry_json(uint64_t position, const struct vch_entry *entry)
{
    json_t *out = json_object();

    if (out == NULL) return NULL;
    put_number(out, "position", position);
    put_number(out, "time_ms", entry->time_ms);
    put(out, "kind", json_string(vch_entry_kind_text(entry->kind)));
    put_key(out, "writer", &entry->writer);
    if (entry->number != 0) put_number(out, "number", entry->number);
    for (size_t i = 0; i < sizeof WRITERS / sizeof WRITERS[0]; i++)
        if (WRITERS[i].kind == entry->kind) WRITERS[i].write(out, entry);
    return out;
}
