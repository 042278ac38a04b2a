// One witness asked to cosign: a proof that leads to the checkpoint from what it knows, made by the
// keeper, then the question.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/base64.h"
#include "host/clock.h"
#include "host/log.h"
#include "ledger/cosigners_parts.h"
#include "ledger/keeper.h"
#include "tlog/consistency.h"

enum {
    RETRY_MS = 200, // after a failure; doubles
    DOUBLINGS_MAX = 5,
    PATH_SIZE = 288,
};

struct proving {
    struct vch_lane_job job; // first: a job is its proving
    uint64_t round, from, size;
    struct vch_tree_path path;
    struct vch_promises *promises; // to answer; NULL: none
    struct evbuffer *answers;
};

void vch_cosigners_parts_note_failure(struct vch_cosigners_peer *peer, const char *what)
{
    uint32_t doublings = peer->failures < DOUBLINGS_MAX ? peer->failures : DOUBLINGS_MAX;

    if (peer->failures == 0)
        vch_log_write(VCH_LOG_WARNING, "witness %s:%u: %s", peer->url.host, peer->url.port, what);
    peer->failures++;
    peer->is_reachable = false;
    peer->retry_ms = vch_clock_monotonic_ms() + ((uint64_t)RETRY_MS << doublings);
    peer->cosigners->counts.failures++;
}

static bool write_question(struct evbuffer *body, const struct proving *proving,
                           const struct vch_cosigners *cosigners)
{
    char line[VCH_BASE64_SIZE(VCH_DIGEST_SIZE) + 1];

    if (proving->answers != NULL && evbuffer_add_buffer(body, proving->answers) != 0) return false;
    if (evbuffer_add_printf(body, "old %" PRIu64 "\n", proving->from) < 0) return false;
    for (uint32_t i = 0; i < proving->path.count; i++) {
        (void)vch_base64_encode(line, proving->path.nodes[i].bytes, VCH_DIGEST_SIZE);
        if (evbuffer_add_printf(body, "%s\n", line) < 0) return false;
    }
    return evbuffer_add(body, "\n", 1) == 0 &&
           evbuffer_add(body, cosigners->cosigned.note, cosigners->cosigned.note_size) == 0;
}

static struct evhttp_request *new_question(struct vch_cosigners_peer *peer,
                                           const struct proving *proving)
{
    struct evhttp_request *request = evhttp_request_new(vch_cosigners_parts_on_answer, peer);

    if (request == NULL) return NULL;
    if (!write_question(evhttp_request_get_output_buffer(request), proving, peer->cosigners)) {
        evhttp_request_free(request);
        return NULL;
    }
    struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
    (void)evhttp_add_header(headers, "Host", peer->url.host);
    (void)evhttp_add_header(headers, "Content-Type", "text/plain; charset=utf-8");
    return request;
}

static void post(struct vch_cosigners_peer *peer, const struct proving *proving)
{
    struct evhttp_request *request = new_question(peer, proving);
    char path[PATH_SIZE];

    if (request == NULL) {
        vch_cosigners_parts_note_failure(peer, "no memory to ask it");
        return;
    }
    peer->has_answered = proving->promises != NULL;
    peer->asked_round = proving->round;
    peer->asked_size = proving->size;
    (void)snprintf(path, sizeof path, "%s%s/add-checkpoint", peer->url.path,
                   peer->has_answered ? "/vouch/v1" : "");
    peer->is_asking = true;
    if (evhttp_make_request(peer->connection, request, EVHTTP_REQ_POST, path) != 0) {
        peer->is_asking = false;
        vch_cosigners_parts_note_failure(peer, "it cannot be asked");
    }
}

static void run_prove(void *subject, struct vch_lane_job *job)
{
    struct proving *proving = (struct proving *)job;
    struct vch_tree_nodes nodes = vch_keeper_nodes(subject);

    job->status = VCH_OK;
    if (proving->from > 0)
        job->status = vch_consistency_prove(&proving->path, proving->from, proving->size, &nodes);
    if (vch_is_ok(job->status) && proving->promises != NULL)
        job->status =
            vch_promises_write(proving->answers, proving->promises, proving->size, subject);
}

static void free_proving(struct proving *proving)
{
    if (proving->answers != NULL) evbuffer_free(proving->answers);
    free(proving->promises);
    free(proving);
}

// A copy, since the witness may name others while these are being proven.
static bool add_promises(struct proving *proving, const struct vch_cosigners_peer *peer)
{
    if (peer->promises == NULL) return true;
    proving->promises = calloc(1, sizeof *proving->promises);
    proving->answers = evbuffer_new();
    if (proving->promises == NULL || proving->answers == NULL) return false;
    *proving->promises = *peer->promises;
    return true;
}

static void on_proven(void *context, struct vch_lane_job *job)
{
    struct proving *proving = (struct proving *)job;
    struct vch_cosigners_peer *peer = context;

    peer->is_asking = false;
    if (!peer->cosigners->is_ending && peer->cosigners->is_busy &&
        proving->round == peer->cosigners->round) {
        if (vch_is_ok(job->status))
            post(peer, proving);
        else
            vch_cosigners_parts_note_failure(peer, "the store gives no proof for it");
    }
    free_proving(proving);
}

static bool is_its_turn(const struct vch_cosigners_peer *peer)
{
    const struct vch_cosigners *cosigners = peer->cosigners;

    return cosigners->is_busy && !cosigners->is_keeping && !peer->is_asking && !peer->is_done &&
           vch_clock_monotonic_ms() >= peer->retry_ms &&
           peer->known <= cosigners->cosigned.checkpoint.size;
}

void vch_cosigners_parts_ask(struct vch_cosigners_peer *peer)
{
    const struct vch_cosigners *cosigners = peer->cosigners;
    struct proving *proving = is_its_turn(peer) ? calloc(1, sizeof *proving) : NULL;

    if (proving == NULL) return;
    if (!add_promises(proving, peer)) {
        free_proving(proving);
        return;
    }
    proving->round = cosigners->round;
    proving->from = peer->known;
    proving->size = cosigners->cosigned.checkpoint.size;
    proving->job = (struct vch_lane_job){
        .run = run_prove, .done = on_proven, .context = peer, .is_urgent = true};
    peer->is_asking = true;
    vch_lane_submit(cosigners->setup.keeper, &proving->job);
}
