#include "client/client.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/check.h"
#include "client/agreed.h"
#include "client/ask.h"
#include "client/evidence.h"
#include "client/exclude.h"
#include "client/own.h"
#include "client/own_prove.h"
#include "client/pool.h"
#include "client/proof.h"
#include "client/route.h"
#include "host/clock.h"
#include "model/segment.h"
#include "voucher/contest.h"
#include "voucher/opening.h"
#include "voucher/proofs.h"
#include "voucher/rerun.h"

enum { REGISTRY_MEMORY_MAX = 64 << 20, CONNECT_MS = 3000, ATTESTED_CONNECT_MS = 20000 };
enum { DEADLINE_MS = 60000, PROVEN_DEADLINE_MS = 600000 };

struct vch_client {
    struct vch_client_options options;
    struct vch_arena arena; // of the registry
    struct vch_registry registry;
    struct vch_annex annex; // with which it proves its own segments, if it has one
    struct vch_proofs_known known;
    struct vch_asker_policy policy; // that nodes are held to, for the job at hand
    struct vch_pool pool;
    struct vch_own own;
    struct vch_agreed *agreed; // NULL: on no ledger
};

// One job, as far as it is.
struct inference {
    struct vch_client *client;
    const struct vch_client_request *request;
    struct vch_client_answer *answer;
    struct vch_arena *arena;
    struct vch_complaint *complaint;
    struct vch_route route;
    struct vch_job job;
    uint8_t *job_bytes;
    size_t job_size;
    uint64_t start_us, deadline_us;
    struct vch_tensor boundary; // what crosses into the next segment
    uint32_t boundary_value;
    // Of a job with proofs.
    struct vch_proofs verifier;
    uint32_t values[VCH_JOB_SEGMENTS_MAX + 1];             // that cross its boundaries
    struct vch_segment_proof proofs[VCH_JOB_SEGMENTS_MAX]; // without bytes: none
    bool is_open;                                          // on the ledger
    uint32_t unproven_count;        // segments by nodes, in the order of answer->segments
    struct vch_proof_ask *unproven; // room for all
};

static vch_status check_registry(struct vch_client *client, struct vch_complaint *complaint)
{
    const struct vch_client_options *options = &client->options;
    const struct vch_registry *registry = &client->registry;

    VCH_TRY(vch_registry_decode(&client->registry, options->registry_bytes, options->registry_size,
                                &client->arena, complaint));
    if (!vch_is_equal(&registry->founder, &options->founder, sizeof options->founder))
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "the registry of network %s is signed by another founder than the one "
                            "given",
                            registry->network);
    if (registry->expires_ms != 0 && vch_clock_unix_ms() >= registry->expires_ms)
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "the registry of network %s has expired: its founder must sign a new "
                            "one",
                            registry->network);
    if (vch_registry_find(registry, &options->key->public_key) == NULL)
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "our own key is not in the registry of network %s: its founder must "
                            "add it",
                            registry->network);
    return VCH_OK;
}

static vch_status set_up(struct vch_client *client, struct vch_complaint *complaint)
{
    struct vch_client_options *options = &client->options;

    if (options->peer_count > VCH_PEERS_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT, "more than %u peers", VCH_PEERS_MAX);
    bool waits = options->policy != NULL || options->attester != NULL; // hardware takes its time
    if (options->connect_ms == 0) options->connect_ms = waits ? ATTESTED_CONNECT_MS : CONNECT_MS;
    if (options->limits.window_ms == 0) options->limits = vch_stream_default_limits();
    vch_arena_init(&client->arena, REGISTRY_MEMORY_MAX);
    vch_own_init(&client->own, options->package->graph, options->kernels, options->workers);
    VCH_TRY(check_registry(client, complaint));
    if (options->annex != NULL)
        VCH_TRY(vch_annex_decode(&client->annex, options->annex->bytes, options->annex->size,
                                 &client->arena, complaint));
    if (options->policy != NULL) client->policy = *options->policy;
    struct vch_pool_setup setup = {.key = options->key,
                                   .registry = &client->registry,
                                   .peers = options->peers,
                                   .peer_count = options->peer_count,
                                   .limits = options->limits,
                                   .model = options->package->identity,
                                   .operator_count = options->package->graph->operator_count,
                                   .policy = options->policy != NULL ? &client->policy : NULL,
                                   .parser = options->parser,
                                   .attester = options->attester};
    VCH_TRY(vch_pool_init(&client->pool, &setup, complaint));
    if (options->ledger_host == NULL) return VCH_OK;
    const struct vch_agreed_setup agreed = {.pool = &client->pool,
                                            .key = options->key,
                                            .charter = *options->charter,
                                            .host = options->ledger_host,
                                            .port = options->ledger_port};
    return vch_agreed_new(&client->agreed, &agreed, complaint);
}

vch_status vch_client_new(struct vch_client **out, const struct vch_client_options *options,
                          struct vch_complaint *complaint)
{
    struct vch_client *client = calloc(1, sizeof *client);

    if (client == NULL) return VCH_FAIL(NO_MEMORY);
    client->options = *options;
    vch_status status = set_up(client, complaint);
    if (!vch_is_ok(status)) {
        vch_client_free(client);
        return status;
    }
    *out = client;
    return VCH_OK;
}

vch_status vch_client_connect(struct vch_client *client, uint32_t *ready_count)
{
    *ready_count = 0;
    VCH_TRY(vch_pool_settle(&client->pool, client->options.connect_ms));
    for (uint32_t i = 0; i < client->pool.count; i++)
        *ready_count += client->pool.nodes[i].link.state == VCH_LINK_READY;
    return VCH_OK;
}

const char *vch_client_peer_trouble(const struct vch_client *client, uint32_t peer_index)
{
    VCH_ASSERT(peer_index < client->pool.count);
    const struct vch_pool_node *node = &client->pool.nodes[peer_index];

    if (!node->is_member) return "its key is no node of the registry";
    if (node->link.state == VCH_LINK_READY) return NULL;
    return node->link.state == VCH_LINK_LEAVING ? "the node is about to stop"
                                                : node->link.down_reason;
}

const struct vch_asker_kept *vch_client_peer_evidence(const struct vch_client *client,
                                                      uint32_t peer_index)
{
    VCH_ASSERT(peer_index < client->pool.count);
    const struct vch_asker_kept *evidence = &client->pool.nodes[peer_index].link.evidence;

    return evidence->bytes != NULL ? evidence : NULL;
}

const char *vch_client_operator(const struct vch_client *client, const struct vch_public_key *key)
{
    const struct vch_member *member = vch_registry_find(&client->registry, key);

    return member != NULL ? member->operator_name : "unknown";
}

void vch_client_free(struct vch_client *client)
{
    if (client == NULL) return;
    vch_agreed_free(client->agreed);
    vch_pool_release(&client->pool);
    vch_own_release(&client->own);
    vch_arena_release(&client->arena);
    free(client);
}

static const struct vch_graph *graph_of(const struct inference *inference)
{
    return inference->client->options.package->graph;
}

static struct vch_tensor tensor_of(const struct inference *inference, uint32_t value)
{
    const struct vch_value *shape = &graph_of(inference)->values[value];

    return (struct vch_tensor){.type = shape->type, .shape = shape->shape};
}

static vch_status allocate(struct inference *inference, struct vch_tensor *tensor)
{
    tensor->data =
        vch_arena_alloc(inference->arena, vch_tensor_size(tensor), inference->request->batch);
    if (tensor->data == NULL)
        return vch_complain(inference->complaint, VCH_CODE_NO_MEMORY,
                            "no memory for a tensor of %u samples: send fewer",
                            inference->request->batch);
    return VCH_OK;
}

static vch_status check_request(const struct inference *inference)
{
    const struct vch_client_request *request = inference->request;
    const struct vch_graph *graph = graph_of(inference);
    struct vch_complaint *complaint = inference->complaint;

    if (graph->input_count != 1)
        return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                            "the model has %u inputs; only models with one can be sent over the "
                            "network",
                            graph->input_count);
    struct vch_tensor expected = tensor_of(inference, graph->inputs[0].value);
    if (request->batch == 0 || request->batch > VCH_BATCH_MAX)
        return vch_complain(complaint, VCH_CODE_USAGE, "a batch has 1 to %u samples",
                            VCH_BATCH_MAX);
    if (request->input->type != expected.type || request->input->data == NULL ||
        vch_tensor_size(request->input) != vch_tensor_size(&expected))
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "the input has another type or size than the model's input port");
    if (!vch_is_ok(vch_tensor_check_range(request->input, request->batch)))
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "the input holds values outside the symmetric range of %s",
                            vch_tensor_type_name(request->input->type));
    if (request->proves && graph->output_count != 1)
        return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                            "the model has %u outputs; only models with one are proven in vouchers",
                            graph->output_count);
    if (request->agrees && inference->client->agreed == NULL)
        return vch_complain(complaint, VCH_CODE_USAGE, "an agreed job needs a ledger");
    if (request->agrees && request->proves)
        return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                            "a job is agreed on a ledger or proven, not both: ask twice");
    if (request->quorum == 0 || request->quorum > VCH_JOB_QUORUM_MAX)
        return vch_complain(complaint, VCH_CODE_USAGE, "a quorum has 1 to %u votes",
                            VCH_JOB_QUORUM_MAX);
    return VCH_OK;
}

static struct vch_crossing crossing_of(const struct inference *inference)
{
    const struct vch_client_options *options = &inference->client->options;

    return (struct vch_crossing){.kind = inference->job.commitment_kind,
                                 .log_columns = inference->job.log_columns,
                                 .level = options->kernels->level,
                                 .workers = options->workers};
}

static vch_status commit_to(struct vch_digest *out, const struct inference *inference,
                            const struct vch_tensor *tensor, uint32_t boundary)
{
    const struct vch_crossing crossing = crossing_of(inference);
    struct vch_nonce nonce;

    vch_commitment_nonce(&nonce, inference->request->secret, boundary);
    vch_status status = vch_crossing_commit(out, &crossing, tensor, inference->request->batch,
                                            &nonce, inference->arena);
    vch_wipe(&nonce, sizeof nonce);
    if (status.code == VCH_CODE_LIMIT)
        return vch_complain(inference->complaint, VCH_CODE_LIMIT,
                            "%u samples are too many to prove at once: send fewer",
                            inference->request->batch);
    return status;
}

static void pin_nonces(struct vch_job *job, const uint8_t secret[static 32])
{
    for (uint32_t i = 0; i <= job->segment_count; i++) {
        struct vch_nonce nonce;
        vch_commitment_nonce(&nonce, secret, i);
        job->nonces[i] = vch_commitment_pin(&nonce);
        vch_wipe(&nonce, sizeof nonce);
    }
}

// What every proof of the job must be about.
static vch_status expect_proofs(struct inference *inference)
{
    const struct vch_client_options *options = &inference->client->options;

    VCH_TRY(vch_rerun_plan(inference->values, &inference->job, graph_of(inference),
                           inference->arena, inference->complaint));
    inference->verifier = (struct vch_proofs){.job = &inference->job,
                                              .job_id = inference->answer->job_id,
                                              .package = options->package,
                                              .values = inference->values,
                                              .owner = options->package->owner,
                                              .known = &inference->client->known,
                                              .level = options->kernels->level};
    return VCH_OK;
}

// Fixes the job before anyone is asked.
static vch_status make_job(struct inference *inference)
{
    const struct vch_client *client = inference->client;
    const struct vch_client_request *request = inference->request;
    struct vch_job *job = &inference->job;
    uint64_t deadline_ms = request->deadline_ms != 0 ? request->deadline_ms
                           : request->proves         ? PROVEN_DEADLINE_MS
                                                     : DEADLINE_MS;

    *job = (struct vch_job){.model = client->options.package->identity,
                            .client = client->options.key->public_key,
                            .nonce = request->nonce,
                            .batch = request->batch,
                            .commitment_kind =
                                request->proves ? VCH_COMMITMENT_MATRIX : VCH_COMMITMENT_SHA256,
                            .log_columns = inference->route.log_columns,
                            .segment_count = inference->route.segment_count,
                            .quorum = request->quorum,
                            .deadline_ms = vch_clock_unix_ms() + deadline_ms,
                            .registry = client->registry.digest};
    memcpy(job->segments, inference->route.segments,
           inference->route.segment_count * sizeof *job->segments);
    if (job->segments[job->segment_count - 1].last != graph_of(inference)->operator_count)
        return vch_complain(inference->complaint, VCH_CODE_USAGE,
                            "the segments end at operator %u; the model has %u",
                            job->segments[job->segment_count - 1].last,
                            graph_of(inference)->operator_count);
    VCH_TRY(commit_to(&job->input, inference, request->input, 0));
    pin_nonces(job, request->secret);
    VCH_TRY(vch_job_encode(&inference->job_bytes, &inference->job_size, job, inference->arena,
                           inference->complaint));
    inference->answer->job_id = vch_job_id(inference->job_bytes, inference->job_size);
    inference->deadline_us = inference->start_us + 1000 * deadline_ms;
    return request->proves ? expect_proofs(inference) : VCH_OK;
}

static vch_status check_deadline(const struct inference *inference)
{
    if (vch_clock_monotonic_us() < inference->deadline_us) return VCH_OK;
    return vch_complain(inference->complaint, VCH_CODE_TIMEOUT,
                        "the deadline passed before the job was done");
}

static vch_status run_own(struct inference *inference, const struct vch_job_segment *segment,
                          const uint32_t *values, const struct vch_tensor *outputs, uint32_t count)
{
    uint64_t start_us = vch_clock_monotonic_us();

    if (!vch_segment_is_held(graph_of(inference), segment->first, segment->last))
        return vch_complain(inference->complaint, VCH_CODE_UNSUPPORTED,
                            "our own package does not hold operators %u to %u, which we are to "
                            "compute ourselves: use one that does, or keep fewer layers",
                            segment->first, segment->last);
    vch_status status =
        vch_own_run(&inference->client->own, segment->first, segment->last,
                    inference->request->batch, inference->boundary_value, &inference->boundary,
                    values, outputs, count, inference->arena, inference->complaint);
    inference->answer->ends_us += vch_clock_monotonic_us() - start_us;
    return status;
}

// The value that crosses at the end of a segment.
static vch_status find_crossing(struct inference *inference, uint32_t position,
                                struct vch_tensor *tensor, uint32_t *value)
{
    struct vch_cut cut = {0};

    if (!vch_is_ok(vch_segment_cut_at(&cut, graph_of(inference), position, inference->arena)))
        return vch_complain(inference->complaint, VCH_CODE_UNSUPPORTED,
                            "the model cannot be cut before operator %u: more than one value would "
                            "cross",
                            position);
    *value = cut.value;
    *tensor = tensor_of(inference, cut.value);
    return allocate(inference, tensor);
}

static vch_status open_job(struct inference *inference, const struct vch_ask *ask)
{
    const struct vch_client *client = inference->client;
    const struct vch_client_request *request = inference->request;
    struct vch_agreed_job job = {.job = inference->job_bytes,
                                 .job_size = inference->job_size,
                                 .job_id = inference->answer->job_id,
                                 .fee = request->fee,
                                 .input = ask->question.segment > 0 ? &ask->question.input : NULL,
                                 .excluded_count = request->excluded_count,
                                 .excluded = request->excluded,
                                 .deadline_us = inference->deadline_us};

    if (client->options.policy != NULL)
        VCH_TRY(vch_exclude_operators(&job.excluded, &job.excluded_count, &client->pool,
                                      &client->registry, request, inference->arena,
                                      inference->complaint));
    VCH_TRY(vch_agreed_open(client->agreed, &job, inference->complaint));
    inference->is_open = true;
    return VCH_OK;
}

// The job goes onto the ledger when the input of its first segment by nodes is known; what later
// ones get after a segment of our own follows.
static vch_status agree(struct inference *inference, struct vch_ask *ask, uint8_t *output)
{
    struct vch_agreed *agreed = inference->client->agreed;
    uint32_t index = ask->question.segment;

    if (!inference->is_open) {
        VCH_TRY(open_job(inference, ask));
    } else if (inference->job.segments[index - 1].by == VCH_JOB_BY_CLIENT) {
        VCH_TRY(vch_agreed_input(agreed, index, &ask->question.input, inference->complaint));
    }
    return vch_agreed_ask(agreed, ask, output, inference->arena, inference->complaint);
}

static vch_status ask_nodes(struct inference *inference, uint32_t index,
                            const struct vch_tensor *output, struct vch_ask *ask)
{
    const struct vch_job_segment *segment = &inference->job.segments[index];
    const struct vch_client_request *request = inference->request;
    struct vch_ask_candidate *candidates = NULL;
    size_t batch = request->batch;

    *ask = (struct vch_ask){.pool = &inference->client->pool,
                            .registry = &inference->client->registry,
                            .quorum = request->quorum,
                            .patience_ms = request->patience_ms,
                            .grace_ms = request->grace_ms,
                            .deadline_us = inference->deadline_us,
                            .first = segment->first,
                            .last = segment->last};
    if (!request->agrees)
        VCH_TRY(vch_route_candidates(&candidates, &ask->candidate_count, &inference->route, index,
                                     inference->arena, inference->complaint));
    ask->candidates = candidates;
    ask->question = (struct vch_link_question){
        .job = inference->job_bytes,
        .job_size = inference->job_size,
        .job_id = inference->answer->job_id,
        .segment = index,
        .batch = request->batch,
        .crossing = crossing_of(inference),
        .tensor = inference->boundary.data,
        .tensor_size = vch_tensor_size(&inference->boundary) * batch,
        .output = {.type = output->type, .shape = output->shape},
        .output_size = vch_tensor_size(output) * batch,
    };
    VCH_TRY(commit_to(&ask->question.input, inference, &inference->boundary, index));
    vch_commitment_nonce(&ask->question.input_nonce, request->secret, index);
    vch_commitment_nonce(&ask->question.output_nonce, request->secret, index + 1);
    if (request->agrees) return agree(inference, ask, output->data);
    return vch_ask_run(ask, output->data, inference->arena, inference->complaint);
}

static int compare_votes(const void *a, const void *b)
{
    const struct vch_vote *left = a, *right = b;

    return memcmp(left->node.bytes, right->node.bytes, sizeof left->node.bytes);
}

static int compare_faults(const void *a, const void *b)
{
    const struct vch_fault *left = a, *right = b;
    int order = memcmp(left->node.bytes, right->node.bytes, sizeof left->node.bytes);

    return order != 0 ? order : (int)left->kind - (int)right->kind;
}

// Keeps what the voucher will say about a segment.
static vch_status keep_result(struct inference *inference, uint32_t index,
                              const struct vch_ask *ask)
{
    struct vch_client_segment *kept =
        &inference->answer->segments[inference->answer->segment_count++];
    uint32_t count = ask->round.candidate_count;
    struct vch_vote *votes = VCH_ARENA_NEW(inference->arena, struct vch_vote, count);
    struct vch_fault *faults = VCH_ARENA_NEW(inference->arena, struct vch_fault, count);

    if (votes == NULL || faults == NULL) return VCH_FAIL(NO_MEMORY);
    *kept = (struct vch_client_segment){.result = {.segment = index},
                                        .first = ask->first,
                                        .last = ask->last,
                                        .output = ask->tally.output,
                                        .agreeing = ask->tally.agreeing,
                                        .needed = ask->tally.needed,
                                        .elapsed_us = ask->elapsed_us,
                                        .compute_us = ask->compute_us};
    for (uint32_t i = 0; i < count; i++) {
        const struct vch_round_candidate *candidate = &ask->round.candidates[i];
        if (candidate->state == VCH_ROUND_VOTED) votes[kept->result.vote_count++] = candidate->vote;
        if (candidate->state == VCH_ROUND_FAULTED)
            faults[kept->result.fault_count++] =
                (struct vch_fault){candidate->node, candidate->fault};
    }
    qsort(votes, kept->result.vote_count, sizeof *votes, compare_votes);
    qsort(faults, kept->result.fault_count, sizeof *faults, compare_faults);
    kept->result.votes = votes;
    kept->result.faults = faults;
    return vch_evidence_gather(&kept->result, inference->answer->segments,
                               inference->answer->segment_count - 1, &inference->client->pool,
                               &inference->request->nonce, inference->arena);
}

static vch_status find_root(struct vch_digest *out, const struct inference *inference,
                            const struct vch_tensor *tensor, uint32_t boundary)
{
    const struct vch_crossing crossing = crossing_of(inference);
    struct vch_nonce nonce;

    vch_commitment_nonce(&nonce, inference->request->secret, boundary);
    vch_status status = vch_crossing_root(out, &crossing, tensor, inference->request->batch, &nonce,
                                          inference->arena);
    vch_wipe(&nonce, sizeof nonce);
    return status;
}

// A job with proofs of all segments: what the client ran, with its own annex.
static vch_status prove_own(struct inference *inference, uint32_t index,
                            const struct vch_tensor *output)
{
    const struct vch_annex_source *source = inference->client->options.annex;
    struct vch_own_proof own = {.annex = &inference->client->annex,
                                .source = source,
                                .verifier = &inference->verifier,
                                .segment = index,
                                .input = &inference->boundary,
                                .output = output,
                                .kernels = inference->client->options.kernels,
                                .workers = inference->client->options.workers};
    uint64_t start_us = vch_clock_monotonic_us();

    if (!inference->request->proves || source == NULL) return VCH_OK;
    vch_commitment_nonce(&own.input_nonce, inference->request->secret, index);
    vch_commitment_nonce(&own.output_nonce, inference->request->secret, index + 1);
    vch_status status =
        vch_own_prove(&inference->proofs[index], &own, inference->arena, inference->complaint);
    vch_wipe(&own, sizeof own);
    inference->answer->proof_us += vch_clock_monotonic_us() - start_us;
    return status;
}

// A segment by nodes has its majority: what its proof must be about.
static vch_status note_unproven(struct inference *inference, uint32_t index,
                                const struct vch_tensor *output, const struct vch_ask *asked)
{
    struct vch_proof_ask *ask = &inference->unproven[inference->unproven_count++];

    *ask = (struct vch_proof_ask){.asked = asked, .verifier = &inference->verifier};
    VCH_TRY(find_root(&ask->input_root, inference, &inference->boundary, index));
    return find_root(&ask->output_root, inference, output, index + 1);
}

// What came of asking for a segment's proof joins what its votes gave.
static vch_status keep_proof(struct inference *inference, struct vch_client_segment *kept,
                             const struct vch_proof_ask *ask)
{
    struct vch_segment_result *result = &kept->result;
    uint32_t count = result->fault_count + ask->fault_count;
    struct vch_fault *faults = VCH_ARENA_NEW(inference->arena, struct vch_fault, count);

    if (faults == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < count; i++)
        faults[i] =
            i < result->fault_count ? result->faults[i] : ask->faults[i - result->fault_count];
    qsort(faults, count, sizeof *faults, compare_faults);
    result->faults = faults;
    result->fault_count = count;
    inference->proofs[result->segment] = ask->proof;
    kept->is_proven = ask->proof.proof != NULL;
    kept->prover = ask->prover;
    kept->proof_elapsed_us = ask->elapsed_us;
    kept->proof_us = ask->compute_us;
    return VCH_OK;
}

// All segments by nodes have their majorities: now for their proofs, all at once.
static vch_status ask_for_proofs(struct inference *inference)
{
    uint64_t start_us = vch_clock_monotonic_us();
    struct vch_client_answer *answer = inference->answer;

    vch_status status =
        vch_proof_ask_all(inference->unproven, inference->unproven_count, inference->deadline_us,
                          inference->arena, inference->complaint);
    for (uint32_t i = 0; i < inference->unproven_count; i++)
        VCH_TRY(keep_proof(inference, &answer->segments[i], &inference->unproven[i]));
    answer->network_us += vch_clock_monotonic_us() - start_us;
    return status;
}

static vch_status run_network_segment(struct inference *inference, uint32_t index,
                                      const struct vch_tensor *output)
{
    struct vch_ask *ask = VCH_ARENA_NEW(inference->arena, struct vch_ask, 1);

    if (ask == NULL) return VCH_FAIL(NO_MEMORY);
    vch_status status = ask_nodes(inference, index, output, ask);
    inference->answer->network_us += ask->elapsed_us;
    if (ask->round.candidate_count > 0) {
        if (!inference->request->agrees) vch_route_note(&inference->route, index, ask);
        VCH_TRY(keep_result(inference, index, ask));
    }
    if (vch_is_ok(status) && inference->request->proves)
        return note_unproven(inference, index, output, ask);
    return status;
}

// The last segment fills every output port; the others, what crosses into the next.
static vch_status run_last_segment(struct inference *inference, uint32_t index)
{
    const struct vch_graph *graph = graph_of(inference);
    const struct vch_job_segment *segment = &inference->job.segments[index];
    struct vch_tensor *outputs = inference->answer->outputs;
    uint32_t values[VCH_GRAPH_PORTS_MAX];

    for (uint32_t i = 0; i < graph->output_count; i++) {
        values[i] = graph->outputs[i].value;
        outputs[i] = tensor_of(inference, values[i]);
        VCH_TRY(allocate(inference, &outputs[i]));
    }
    if (segment->by == VCH_JOB_BY_CLIENT) {
        VCH_TRY(run_own(inference, segment, values, outputs, graph->output_count));
        return prove_own(inference, index, &outputs[0]);
    }
    if (graph->output_count != 1)
        return vch_complain(inference->complaint, VCH_CODE_UNSUPPORTED,
                            "the model has %u outputs: its last segment is for the client to "
                            "compute",
                            graph->output_count);
    return run_network_segment(inference, index, &outputs[0]);
}

static vch_status run_segment(struct inference *inference, uint32_t index)
{
    const struct vch_job_segment *segment = &inference->job.segments[index];
    struct vch_tensor output = {0};
    uint32_t value = 0;

    VCH_TRY(check_deadline(inference));
    if (index + 1 == inference->job.segment_count) return run_last_segment(inference, index);
    VCH_TRY(find_crossing(inference, segment->last, &output, &value));
    VCH_TRY(segment->by == VCH_JOB_BY_CLIENT ? run_own(inference, segment, &value, &output, 1)
                                             : run_network_segment(inference, index, &output));
    if (segment->by == VCH_JOB_BY_CLIENT) VCH_TRY(prove_own(inference, index, &output));
    inference->boundary = output;
    inference->boundary_value = value;
    return VCH_OK;
}

// Is a segment's agreement right, to a reader who knows what this client knows?
static vch_status check_agreement(const struct inference *inference,
                                  const struct vch_segment_result *result,
                                  const struct vch_digest *output)
{
    struct vch_voucher *voucher = VCH_ARENA_NEW(inference->arena, struct vch_voucher, 1);
    struct vch_contest_finding found;

    if (voucher == NULL) return VCH_FAIL(NO_MEMORY);
    voucher->job = inference->job;
    voucher->job_id = inference->answer->job_id;
    voucher->registry = inference->client->registry;
    VCH_TRY(vch_contest_verify(&found, voucher, result, inference->arena, inference->complaint));
    if (vch_hash_is_equal(&found.output, output)) return VCH_OK;
    return vch_complain(inference->complaint, VCH_CODE_BAD_PROOF,
                        "segment %u: the ledger decided another output than its clerk told us",
                        result->segment);
}

// What the ledger holds of every segment by nodes, with proofs that it does.
static vch_status prove_agreement(struct inference *inference)
{
    struct vch_client_answer *answer = inference->answer;
    uint64_t start_us = vch_clock_monotonic_us();

    for (uint32_t i = 0; inference->request->agrees && i < answer->segment_count; i++) {
        struct vch_segment_result *result = &answer->segments[i].result;
        struct vch_segment_agreement *agreement =
            VCH_ARENA_NEW(inference->arena, struct vch_segment_agreement, 1);
        if (agreement == NULL) return VCH_FAIL(NO_MEMORY);
        VCH_TRY(vch_agreed_prove(inference->client->agreed, result->segment, agreement,
                                 inference->arena, inference->complaint));
        result->agreement = agreement;
        VCH_TRY(check_agreement(inference, result, &answer->segments[i].output));
    }
    answer->agreement_us = vch_clock_monotonic_us() - start_us;
    return VCH_OK;
}

static vch_status write_opening(struct inference *inference)
{
    const struct vch_client_request *request = inference->request;
    struct vch_opening opening = {.job_id = inference->answer->job_id,
                                  .batch = request->batch,
                                  .input = *request->input,
                                  .output = inference->answer->outputs[0]};

    memcpy(opening.secret, request->secret, sizeof opening.secret);
    vch_status status =
        vch_opening_encode(&inference->answer->opening, &inference->answer->opening_size, &opening,
                           inference->arena, inference->complaint);
    vch_wipe(&opening, sizeof opening);
    return status;
}

// What the voucher says of each segment: votes on those by nodes, and whatever proof there is.
static uint32_t list_results(struct vch_segment_result *out, const struct inference *inference)
{
    const struct vch_client_answer *answer = inference->answer;
    uint32_t count = 0, voted = 0;

    for (uint32_t i = 0; i < inference->job.segment_count; i++) {
        const struct vch_segment_proof *proof = &inference->proofs[i];
        bool is_own = inference->job.segments[i].by == VCH_JOB_BY_CLIENT;
        if (is_own && proof->proof == NULL) continue;
        out[count] =
            is_own ? (struct vch_segment_result){.segment = i} : answer->segments[voted++].result;
        out[count++].proof = proof->proof != NULL ? proof : NULL;
    }
    return count;
}

static vch_status write_voucher(struct inference *inference)
{
    const struct vch_client_options *options = &inference->client->options;
    struct vch_client_answer *answer = inference->answer;
    struct vch_segment_result *results =
        VCH_ARENA_NEW(inference->arena, struct vch_segment_result, inference->job.segment_count);
    struct vch_voucher *voucher = VCH_ARENA_NEW(inference->arena, struct vch_voucher, 1);

    if (results == NULL || voucher == NULL) return VCH_FAIL(NO_MEMORY);
    uint32_t result_count = list_results(results, inference);
    *voucher = (struct vch_voucher){
        .job_bytes = inference->job_bytes,
        .job_size = inference->job_size,
        .owner = options->package->owner,
        .owner_signature = options->package->signature,
        .commitment_kind = inference->job.commitment_kind,
        .log_columns = inference->job.log_columns,
        .result_count = result_count,
        .results = results,
        .registry_bytes = options->registry_bytes,
        .registry_size = options->registry_size,
        .finished_ms = vch_clock_unix_ms(),
    };
    VCH_TRY(
        commit_to(&voucher->output, inference, &answer->outputs[0], inference->job.segment_count));
    return vch_voucher_encode(&answer->voucher, &answer->voucher_size, voucher, options->key,
                              inference->arena, inference->complaint);
}

static vch_status infer(struct inference *inference)
{
    const struct vch_client *client = inference->client;
    const struct vch_graph *graph = graph_of(inference);
    uint64_t before_us = 0;
    uint32_t ready = 0;

    VCH_TRY(check_request(inference));
    // What nodes show is for this job: no nonce of theirs can have been known before.
    memcpy(inference->client->policy.occasion, inference->request->nonce.bytes,
           sizeof inference->client->policy.occasion);
    VCH_TRY(vch_client_connect(inference->client, &ready));
    if (ready == 0)
        return vch_complain(inference->complaint, VCH_CODE_UNAVAILABLE,
                            "none of the %u peers can be reached: %s", client->pool.count,
                            client->pool.count > 0 ? vch_client_peer_trouble(client, 0)
                                                   : "the list is empty");
    before_us = vch_clock_monotonic_us();
    VCH_TRY(vch_route_init(&inference->route, &inference->client->pool, graph,
                           client->registry.member_count, inference->request, inference->arena,
                           inference->complaint));
    if (inference->request->proves)
        VCH_TRY(
            vch_route_columns(&inference->route, client->annex.log_columns, inference->complaint));
    inference->answer->plan_us = vch_clock_monotonic_us() - before_us;
    VCH_TRY(make_job(inference));
    inference->boundary = *inference->request->input;
    inference->boundary_value = graph->inputs[0].value;
    inference->answer->segments =
        VCH_ARENA_NEW(inference->arena, struct vch_client_segment, inference->job.segment_count);
    if (inference->answer->segments == NULL) return VCH_FAIL(NO_MEMORY);
    inference->unproven =
        VCH_ARENA_NEW(inference->arena, struct vch_proof_ask, inference->job.segment_count);
    if (inference->unproven == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < inference->job.segment_count; i++)
        VCH_TRY(run_segment(inference, i));
    VCH_TRY(ask_for_proofs(inference));
    VCH_TRY(prove_agreement(inference));
    VCH_TRY(write_opening(inference));
    return write_voucher(inference);
}

static void count_bytes(const struct vch_client *client, uint64_t *in, uint64_t *out)
{
    *in = *out = 0;
    for (uint32_t i = 0; i < client->pool.count; i++) {
        *in += vch_link_bytes_in(&client->pool.nodes[i].link);
        *out += vch_link_bytes_out(&client->pool.nodes[i].link);
    }
}

vch_status vch_client_infer(struct vch_client *client, const struct vch_client_request *request,
                            struct vch_client_answer *answer, struct vch_arena *arena,
                            struct vch_complaint *complaint)
{
    struct inference *inference = VCH_ARENA_NEW(arena, struct inference, 1);
    uint64_t in = 0, out = 0;

    *answer = (struct vch_client_answer){0};
    if (inference == NULL) return VCH_FAIL(NO_MEMORY);
    *inference = (struct inference){.client = client,
                                    .request = request,
                                    .answer = answer,
                                    .arena = arena,
                                    .complaint = complaint,
                                    .start_us = vch_clock_monotonic_us()};
    count_bytes(client, &in, &out);
    vch_status status = infer(inference);
    count_bytes(client, &answer->bytes_in, &answer->bytes_out);
    answer->bytes_in -= in;
    answer->bytes_out -= out;
    answer->total_us = vch_clock_monotonic_us() - inference->start_us;
    if (inference->route.was_asked != NULL)
        answer->operator_count = vch_route_operator_count(&inference->route);
    return status;
}
