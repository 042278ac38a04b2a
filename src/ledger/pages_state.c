#include "ledger/pages_state.h"

#include <inttypes.h>

#include "ledger/entry_json.h"
#include "ledger/ledger_parts.h"

enum { ACCOUNTS_MAX = 1000, JOBS_MAX = 50 };

static void put(json_t *object, const char *name, json_t *value)
{
    (void)json_object_set_new(object, name, value); // without memory the field is absent
}

static void put_number(json_t *object, const char *name, uint64_t value)
{
    put(object, name, json_integer((json_int_t)value));
}

static json_t *hex_of_digest(const struct vch_digest *digest)
{
    return vch_entry_json_hex(digest->bytes, sizeof digest->bytes);
}

static json_t *account_of(const struct vch_ledger *ledger, const struct vch_account *account,
                          const struct vch_registry *registry)
{
    const struct vch_member *member =
        registry != NULL ? vch_registry_find(registry, &account->key) : NULL;
    json_t *out = json_object();

    put(out, "key", vch_entry_json_hex(account->key.bytes, sizeof account->key.bytes));
    if (member != NULL) {
        put(out, "operator", json_string(member->operator_name));
        put(out, "role", json_string(member->role == VCH_ROLE_NODE ? "node" : "client"));
    }
    put_number(out, "balance", account->balance);
    put_number(out, "stake", account->stake);
    put_number(out, "unbonding", account->unbonding);
    put_number(out, "frozen", account->frozen);
    put_number(out, "trials", account->trials);
    put_number(out, "correct", account->correct);
    put_number(out, "timely", account->timely);
    put_number(out, "weight", vch_state_weight(ledger->state, account));
    put_number(out, "successes", account->successes);
    put_number(out, "wrongs", account->wrongs);
    put_number(out, "silences", account->silences);
    put_number(out, "slashes", account->slashes);
    put_number(out, "disputes_lost", account->disputes_lost);
    return out;
}

static json_t *accounts_of(const struct vch_ledger *ledger)
{
    const struct vch_registry *registry =
        vch_state_registry_at(ledger->state, vch_state_time(ledger->state));
    uint32_t count = vch_state_account_count(ledger->state);
    json_t *out = json_array();

    for (uint32_t i = 0; i < count && i < ACCOUNTS_MAX; i++)
        (void)json_array_append_new(
            out, account_of(ledger, vch_state_account_at(ledger->state, i), registry));
    return out;
}

static json_t *segments_of(const struct vch_ledger *ledger, const struct vch_digest *job)
{
    static const char *const PHASES[] = {"pending", "decided", "failed"};
    json_t *out = json_array();

    for (uint32_t i = 0; i < VCH_JOB_SEGMENTS_MAX; i++) {
        const struct vch_segment_record *segment = vch_state_segment(ledger->state, job, i);
        if (segment == NULL) continue;
        json_t *one = json_object();
        put_number(one, "segment", segment->index);
        put(one, "phase", json_string(PHASES[segment->phase]));
        put_number(one, "round", segment->round);
        if (segment->phase == VCH_JOB_DECIDED) put(one, "output", hex_of_digest(&segment->output));
        put(one, "overturned", json_boolean(segment->is_overturned));
        put(one, "final", json_boolean(segment->is_final));
        put_number(one, "open_disputes", segment->open_disputes);
        (void)json_array_append_new(out, one);
    }
    return out;
}

static json_t *job_of(const struct vch_ledger *ledger, const struct vch_digest *id)
{
    static const char *const PHASES[] = {"pending", "decided", "failed"};
    const struct vch_job_record *job = vch_state_job(ledger->state, id);
    json_t *out = json_object();

    put(out, "job", hex_of_digest(id));
    put(out, "phase", json_string(job != NULL ? PHASES[job->phase] : "closed"));
    if (job == NULL) return out;
    put(out, "model", hex_of_digest(&job->model));
    put(out, "client", vch_entry_json_hex(job->client.bytes, sizeof job->client.bytes));
    put_number(out, "position", job->position);
    put_number(out, "opened_ms", job->opened_ms);
    put_number(out, "deadline_ms", job->deadline_ms);
    put_number(out, "fee", job->fee);
    put_number(out, "escrow", job->escrow);
    put_number(out, "quorum", job->quorum);
    put(out, "segments", segments_of(ledger, id));
    return out;
}

static json_t *jobs_of(const struct vch_ledger *ledger)
{
    struct vch_digest ids[JOBS_MAX];
    size_t count = vch_index_latest(ledger->index, ids, JOBS_MAX);
    json_t *out = json_array();

    for (size_t i = 0; i < count; i++)
        (void)json_array_append_new(out, job_of(ledger, &ids[i]));
    return out;
}

static json_t *totals_of(const struct vch_ledger *ledger)
{
    struct vch_state_totals totals = vch_state_totals(ledger->state);
    json_t *out = json_object();

    put_number(out, "escrow", totals.escrow);
    put_number(out, "treasury", totals.treasury);
    put_number(out, "deposited", totals.deposited);
    put_number(out, "withdrawn", totals.withdrawn);
    put_number(out, "accounts", totals.accounts);
    return out;
}

static json_t *witnesses_of(const struct vch_ledger *ledger)
{
    json_t *out = json_array();

    for (uint32_t i = 0; i < ledger->charter.witness_count; i++)
        (void)json_array_append_new(out, json_string(ledger->charter.witnesses[i].name));
    return out;
}

json_t *vch_pages_state(const struct vch_ledger *ledger)
{
    struct vch_digest root = vch_state_root(ledger->state);
    json_t *out = json_object();

    put(out, "origin", json_string(ledger->charter.origin));
    put(out, "ledger", hex_of_digest(&ledger->charter.id));
    put(out, "founder", vch_entry_json_hex(ledger->charter.founder.bytes, VCH_SIGN_PUBLIC_SIZE));
    put(out, "clerk", vch_entry_json_hex(ledger->charter.clerk.bytes, VCH_SIGN_PUBLIC_SIZE));
    put(out, "witnesses", witnesses_of(ledger));
    put_number(out, "witnesses_needed", vch_charter_quorum(&ledger->charter));
    put_number(out, "witnesses_reachable", vch_cosigners_reachable(ledger->cosigners));
    put_number(out, "size", vch_state_size(ledger->state));
    put(out, "root", hex_of_digest(&root));
    put_number(out, "time_ms", vch_state_time(ledger->state));
    put_number(out, "anchored", vch_state_anchored(ledger->state));
    put_number(out, "cosigned", ledger->checkpoints.size);
    put_number(out, "job_count", vch_index_jobs(ledger->index));
    put(out, "totals", totals_of(ledger));
    put(out, "members", accounts_of(ledger));
    put(out, "jobs", jobs_of(ledger));
    return out;
}

struct metric {
    const char *name, *help, *type;
    uint64_t value;
};

void vch_pages_state_metrics(struct evbuffer *out, const struct vch_ledger *ledger)
{
    const struct vch_ledger_session_counts *sessions = &ledger->host.counts;
    const struct vch_cosigners_counts *cosigners = vch_cosigners_counts(ledger->cosigners);
    const struct vch_guests_counts *streams = &ledger->streams.counts;
    const struct metric metrics[] = {
        {"vouch_ledger_entries", "durable entries", "gauge",
         vch_pipeline_durable(ledger->pipeline)},
        {"vouch_ledger_cosigned_entries", "entries below the latest cosigned checkpoint", "gauge",
         ledger->checkpoints.size},
        {"vouch_ledger_anchored_entries", "entries below the latest anchor", "gauge",
         vch_state_anchored(ledger->state)},
        {"vouch_ledger_accounts", "accounts", "gauge", vch_state_account_count(ledger->state)},
        {"vouch_ledger_jobs_total", "jobs opened", "counter", vch_index_jobs(ledger->index)},
        {"vouch_ledger_appends_total", "append requests", "counter", sessions->appends},
        {"vouch_ledger_drafts_taken_total", "drafts that became entries", "counter",
         sessions->drafts_taken},
        {"vouch_ledger_drafts_refused_total", "drafts refused", "counter",
         sessions->drafts_refused},
        {"vouch_ledger_groups_total", "groups of entries made durable", "counter",
         vch_pipeline_groups(ledger->pipeline)},
        {"vouch_ledger_requests_waiting", "append requests in the pipeline", "gauge",
         vch_pipeline_waiting(ledger->pipeline)},
        {"vouch_ledger_entries_sent_total", "entries sent to followers", "counter",
         sessions->entries_sent},
        {"vouch_ledger_events_sent_total", "entries sent to watchers", "counter",
         sessions->events_sent},
        {"vouch_ledger_proofs_total", "inclusion proofs answered", "counter", sessions->proofs},
        {"vouch_ledger_sessions_ended_total", "streams ended for what their peers said", "counter",
         sessions->ended},
        {"vouch_ledger_memory_used_bytes", "memory set aside for requests", "gauge",
         ledger->host.memory_used},
        {"vouch_ledger_checkpoints_begun_total", "checkpoints sent to witnesses", "counter",
         cosigners->begun},
        {"vouch_ledger_checkpoints_cosigned_total", "checkpoints that enough cosigned", "counter",
         cosigners->cosigned},
        {"vouch_ledger_checkpoints_given_up_total", "checkpoints that too few cosigned in time",
         "counter", cosigners->given_up},
        {"vouch_ledger_witness_failures_total", "requests to witnesses that failed", "counter",
         cosigners->failures},
        {"vouch_ledger_witnesses_reachable", "witnesses that answered last time", "gauge",
         vch_cosigners_reachable(ledger->cosigners)},
        {"vouch_connections", "open connections", "gauge", ledger->streams.count},
        {"vouch_connections_accepted_total", "sockets accepted", "counter", streams->accepted},
        {"vouch_connections_refused_total", "sockets closed because too many were open", "counter",
         streams->refused},
        {"vouch_handshakes_failed_total", "connections that never became an admitted peer",
         "counter", streams->handshakes_failed},
        {"vouch_streams_failed_total", "streams ended by a fault or a limit", "counter",
         streams->failed},
    };

    for (size_t i = 0; i < sizeof metrics / sizeof metrics[0]; i++)
        (void)evbuffer_add_printf(out, "# HELP %s %s\n# TYPE %s %s\n%s %" PRIu64 "\n",
                                  metrics[i].name, metrics[i].help, metrics[i].name,
                                  metrics[i].type, metrics[i].name, metrics[i].value);
}
