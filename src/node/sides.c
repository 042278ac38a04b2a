#include "node/sides.h"

#include <string.h>

#include "base/bytes.h"
#include "crypto/merkle.h"
#include "host/clock.h"
#include "host/file.h"
#include "host/log.h"
#include "message/message.h"
#include "node/kept.h"
#include "node/kept_operands.h"
#include "node/referee.h"

// A referee that is busy, or behind, or not yet in the file of peers, is asked again for as long as
// it may commit, ever more slowly: the other side may be what keeps it busy.
enum { PAUSE_MS = 100, PAUSE_MS_MAX = 2000, LOAD_MAX = 1 << 30, PEERS_MEMORY_MAX = 8 << 20 };

void vch_sides_init(struct vch_sides *sides, const struct vch_sides_setup *setup)
{
    *sides = (struct vch_sides){.setup = *setup};
}

static void on_end(void *context, struct vch_errand *errand, bool is_taken, const char *why)
{
    struct vch_sides *sides = context;

    for (uint32_t i = 0; i < VCH_SIDES_ERRANDS_MAX; i++) {
        struct vch_sides_errand *at = &sides->errands[i];
        if (at->errand != errand) continue;
        at->errand = NULL;
        at->is_done = is_taken;
        at->ended_ms = vch_clock_monotonic_ms();
        if (!is_taken)
            vch_log_write(VCH_LOG_DEBUG, "referee: not taken, attempt %u: %s", at->attempts, why);
    }
    vch_errand_free(errand);
}

static vch_status read_peers(struct vch_peer **peers, uint32_t *count, const char *path,
                             struct vch_arena *arena, struct vch_complaint *complaint)
{
    uint8_t *text = NULL;
    size_t size = 0;

    VCH_TRY(vch_file_read(&text, &size, path, VCH_PEERS_FILE_MAX, arena, complaint));
    return vch_peers_parse(peers, count, (const char *)text, size, arena, complaint);
}

// Nodes come and go: the file is read when somebody has to be found.
static bool find_peer(struct vch_peer *out, const struct vch_sides *sides,
                      const struct vch_public_key *key)
{
    struct vch_complaint complaint = {{0}};
    struct vch_peer *peers = NULL;
    struct vch_arena arena;
    uint32_t count = 0;
    bool is_found = false;

    if (sides->setup.peers == NULL) return false;
    vch_arena_init(&arena, PEERS_MEMORY_MAX);
    if (!vch_is_ok(read_peers(&peers, &count, sides->setup.peers, &arena, &complaint)))
        vch_log_write(VCH_LOG_WARNING, "peers: %s", complaint.text);
    for (uint32_t i = 0; i < count && !is_found; i++) {
        is_found = vch_is_equal(&peers[i].key, key, sizeof *key);
        if (is_found) *out = peers[i];
    }
    vch_arena_release(&arena);
    return is_found;
}

static struct vch_sides_errand *find_errand(struct vch_sides *sides,
                                            const struct vch_contest *contest,
                                            const struct vch_public_key *referee)
{
    for (uint32_t i = 0; i < VCH_SIDES_ERRANDS_MAX; i++) {
        struct vch_sides_errand *at = &sides->errands[i];
        if (at->is_used && at->round == contest->id.round &&
            vch_hash_is_equal(&at->dispute, &contest->id.subject) &&
            vch_is_equal(&at->referee, referee, sizeof *referee))
            return at;
    }
    return NULL;
}

static struct vch_sides_errand *add_errand(struct vch_sides *sides,
                                           const struct vch_contest *contest,
                                           const struct vch_public_key *referee)
{
    struct vch_sides_errand *at = &sides->errands[sides->next];

    sides->next = (sides->next + 1) % VCH_SIDES_ERRANDS_MAX;
    vch_errand_free(at->errand);
    *at = (struct vch_sides_errand){.dispute = contest->id.subject,
                                    .round = contest->id.round,
                                    .referee = *referee,
                                    .is_used = true};
    return at;
}

// A run, and the leaves of its trace.
struct shown {
    struct vch_sides_run run;
    const struct vch_digest *leaves;
    uint32_t leaf_count;
};

static vch_status fill_input(Vouch__RefereeInput *out, const struct vch_trace_read *read,
                             const struct shown *shown, const struct vch_tensor *tensor,
                             struct vch_arena *arena)
{
    vouch__referee_input__init(out);
    out->size = vch_tensor_size(tensor) * shown->run.record.batch;
    if (read->operator_ == VCH_NONE) return VCH_OK;
    uint32_t index = read->operator_ - shown->run.record.first;
    size_t count = vch_merkle_path_count(index, shown->leaf_count);
    struct vch_digest *path = VCH_ARENA_NEW(arena, struct vch_digest, count);
    ProtobufCBinaryData *fields = VCH_ARENA_NEW(arena, ProtobufCBinaryData, count);
    if (path == NULL || fields == NULL) return VCH_FAIL(NO_MEMORY);
    vch_merkle_open(path, shown->leaves, shown->leaf_count, index);
    for (size_t i = 0; i < count; i++)
        fields[i] = vch_message_borrow(path[i].bytes, sizeof path[i].bytes);
    out->place = index + 1;
    out->n_path = count;
    out->path = fields;
    return VCH_OK;
}

// The tensors one after the other, and what the request says of each.
static vch_status fill_inputs(struct vch_errand_load *load, const struct vch_tensor *tensors,
                              const struct vch_trace_read *reads, uint32_t count,
                              const struct shown *shown)
{
    struct vch_arena *arena = &load->arena;
    Vouch__RefereeInput *inputs = VCH_ARENA_NEW(arena, Vouch__RefereeInput, count);
    Vouch__RefereeInput **list = VCH_ARENA_NEW(arena, Vouch__RefereeInput *, count);

    if (inputs == NULL || list == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < count; i++) {
        VCH_TRY(fill_input(&inputs[i], &reads[i], shown, &tensors[i], arena));
        load->size += inputs[i].size;
        list[i] = &inputs[i];
    }
    uint8_t *bytes = vch_arena_alloc(arena, load->size, 1), *at = bytes;
    if (bytes == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < count; i++) {
        memcpy(at, tensors[i].data, inputs[i].size);
        at += inputs[i].size;
    }
    load->bytes = bytes;
    load->request.n_inputs = count;
    load->request.inputs = list;
    load->request.size = load->size;
    return VCH_OK;
}

static vch_status find_operands(struct vch_tensor *out, const struct vch_sides *sides,
                                const struct vch_kept_opening *opening, struct vch_arena *arena)
{
    const struct vch_sides_setup *setup = &sides->setup;

    if (setup->operands != NULL) return setup->operands(setup->context, out, opening, arena);
    return vch_kept_operands(out, opening->record, opening->segment, opening->operator_,
                             opening->reads, opening->count, setup->kernels, arena, NULL);
}

static vch_status fill_load(struct vch_errand_load *load, const struct vch_sides *sides,
                            const struct vch_dispute *dispute, const struct shown *shown)
{
    const struct vch_kept_record *record = &shown->run.record;
    struct vch_arena *arena = &load->arena;
    struct vch_trace_segment segment;
    struct vch_trace_read reads[VCH_GRAPH_OPERANDS_MAX];
    struct vch_tensor tensors[VCH_GRAPH_OPERANDS_MAX];
    Vouch__RefereeRequest *request = &load->request;

    VCH_TRY(vch_trace_segment_init(&segment, shown->run.graph, record->first, record->last,
                                   &record->input_nonce, &record->output_nonce, arena));
    if (shown->leaf_count != vch_trace_count(&segment)) return VCH_FAIL(USAGE);
    uint32_t operator_ = vch_referee_operator(dispute, &segment);
    if (operator_ == VCH_NONE) return VCH_FAIL(USAGE);
    uint32_t count = vch_trace_reads(reads, &segment, operator_);
    const struct vch_kept_opening opening = {record, &segment, operator_, count, reads};
    VCH_TRY(find_operands(tensors, sides, &opening, arena));
    vouch__referee_request__init(request);
    request->id = 1;
    request->dispute = vch_message_borrow(dispute->id.bytes, sizeof dispute->id.bytes);
    request->job = vch_message_borrow(record->job, record->job_size);
    request->input_nonce =
        vch_message_borrow(record->input_nonce.bytes, sizeof record->input_nonce.bytes);
    request->output_nonce =
        vch_message_borrow(record->output_nonce.bytes, sizeof record->output_nonce.bytes);
    return fill_inputs(load, tensors, reads, count, shown);
}

// Borrowed fields must live as long as the errand: they are copied into its arena.
static vch_status own_fields(struct vch_errand_load *load)
{
    ProtobufCBinaryData *fields[] = {&load->request.dispute, &load->request.job,
                                     &load->request.input_nonce, &load->request.output_nonce};

    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        void *copy = vch_arena_alloc(&load->arena, fields[i]->len, 1);
        if (copy == NULL) return VCH_FAIL(NO_MEMORY);
        memcpy(copy, fields[i]->data, fields[i]->len);
        fields[i]->data = copy;
    }
    return VCH_OK;
}

static struct vch_errand_load *make_load(const struct vch_sides *sides,
                                         const struct vch_dispute *dispute,
                                         const struct vch_digest *trace, struct shown *shown)
{
    const struct vch_sides_setup *setup = &sides->setup;
    struct vch_arena arena;

    vch_arena_init(&arena, LOAD_MAX);
    struct vch_errand_load *load = VCH_ARENA_NEW(&arena, struct vch_errand_load, 1);
    if (load == NULL) return NULL;
    load->arena = arena;
    vch_status status = setup->run(setup->context, &shown->run, &dispute->job, dispute->segment,
                                   trace, &load->arena);
    if (vch_is_ok(status)) status = fill_load(load, sides, dispute, shown);
    if (vch_is_ok(status)) status = own_fields(load);
    if (vch_is_ok(status)) return load;
    arena = load->arena;
    vch_arena_release(&arena);
    return NULL;
}

static void start(struct vch_sides *sides, struct vch_sides_errand *at,
                  const struct vch_dispute *dispute, const struct vch_digest *trace,
                  struct shown *shown)
{
    const struct vch_sides_setup *setup = &sides->setup;
    struct vch_peer peer;

    at->attempts++;
    at->ended_ms = vch_clock_monotonic_ms();
    if (!find_peer(&peer, sides, &at->referee)) return; // the other side may know where it listens
    struct vch_errand_load *load = make_load(sides, dispute, trace, shown);
    const struct vch_errand_setup errand = {.base = setup->base,
                                            .tls = setup->tls,
                                            .live_count = setup->live_count,
                                            .limits = vch_stream_default_limits(),
                                            .peer = peer.key,
                                            .host = peer.host,
                                            .port = peer.port,
                                            .policy = setup->policy,
                                            .attester = setup->attester,
                                            .on_end = on_end,
                                            .context = sides};
    if (load == NULL) return;
    vch_status status = vch_errand_new(&at->errand, &errand, load);
    if (!vch_is_ok(status)) at->errand = NULL; // another time
}

static uint64_t pause_ms(uint32_t attempts)
{
    uint64_t pause = (uint64_t)PAUSE_MS * attempts;

    return pause < PAUSE_MS_MAX ? pause : PAUSE_MS_MAX;
}

static void tell_referees(struct vch_sides *sides, const struct vch_dispute *dispute,
                          const struct vch_contest *contest, const struct vch_digest *trace,
                          struct shown *shown, uint64_t now_ms)
{
    for (uint32_t i = 0; i < contest->seat_count; i++) {
        const struct vch_public_key *node = &contest->seats[i].node;
        struct vch_sides_errand *at = find_errand(sides, contest, node);
        if (at == NULL) at = add_errand(sides, contest, node);
        if (at->is_done || at->errand != NULL) continue;
        if (at->attempts > 0 && now_ms < at->ended_ms + pause_ms(at->attempts)) continue;
        start(sides, at, dispute, trace, shown);
    }
}

void vch_sides_turn(struct vch_sides *sides, const struct vch_state *state, uint64_t now_ms)
{
    const struct vch_sides_setup *setup = &sides->setup;
    struct shown shown;

    for (const struct vch_dispute *at = vch_state_next_dispute(state, NULL); at != NULL;
         at = vch_state_next_dispute(state, at)) {
        if (at->phase != VCH_DISPUTE_REFEREES) continue;
        bool is_disputer = vch_is_equal(&at->by, &setup->self, sizeof at->by);
        if (!is_disputer && !vch_state_is_defence(state, at, &setup->self)) continue;
        const struct vch_digest *trace = &at->trace[is_disputer ? 0 : 1];
        const struct vch_contest *contest = vch_referee_contest(state, &at->id);
        if (contest == NULL) continue;
        shown.leaves =
            setup->leaves(setup->context, &at->job, at->segment, trace, &shown.leaf_count);
        if (shown.leaves != NULL) tell_referees(sides, at, contest, trace, &shown, now_ms);
    }
}

void vch_sides_release(struct vch_sides *sides)
{
    for (uint32_t i = 0; i < VCH_SIDES_ERRANDS_MAX; i++) {
        vch_errand_free(sides->errands[i].errand);
        sides->errands[i].errand = NULL;
    }
}
