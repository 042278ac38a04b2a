#include "ledger/cosigners.h"

#include <inttypes.h>
#include <stdlib.h>

#include "host/clock.h"
#include "host/log.h"
#include "ledger/cosigners_parts.h"

enum {
    TICK_MS = 100,
    ROUND_MS = 10000, // for one checkpoint: cosignatures must not grow old
    ANSWER_S = 5,     // for one request
    ANSWER_MAX = 1 << 20,
    HEADERS_MAX = 8192,
};

// A cosigned note being kept.
struct keeping {
    struct vch_lane_job job; // first
    struct vch_store_checkpoint checkpoint;
    char note[VCH_COSIGNED_NOTE_MAX];
};

static void end_round(struct vch_cosigners *cosigners)
{
    cosigners->is_busy = cosigners->is_keeping = false;
}

static void give_up(struct vch_cosigners *cosigners)
{
    cosigners->counts.given_up++;
    cosigners->setup.on_given_up(cosigners->setup.context);
}

static void run_keep(void *subject, struct vch_lane_job *job)
{
    struct keeping *keeping = (struct keeping *)job;

    job->status = vch_store_put_checkpoint(subject, &keeping->checkpoint, &job->complaint);
}

static void on_kept(void *context, struct vch_lane_job *job)
{
    struct vch_cosigners *cosigners = context;
    struct keeping *keeping = (struct keeping *)job;
    const struct vch_entry anchor = vch_cosigned_anchor(&cosigners->cosigned);

    end_round(cosigners);
    if (vch_is_ok(job->status)) {
        cosigners->counts.cosigned++;
        cosigners->setup.on_cosigned(cosigners->setup.context, &keeping->checkpoint, &anchor);
    } else if (!cosigners->is_ending) {
        vch_log_write(VCH_LOG_ERROR, "a cosigned checkpoint cannot be kept: %s",
                      job->complaint.text);
        give_up(cosigners);
    }
    free(keeping);
}

static void keep(struct vch_cosigners *cosigners)
{
    const struct vch_checkpoint *checkpoint = &cosigners->cosigned.checkpoint;
    struct keeping *keeping = calloc(1, sizeof *keeping);

    if (keeping == NULL) return; // the round ends by its time
    cosigners->is_keeping = true;
    keeping->checkpoint.tree.size = checkpoint->size;
    keeping->checkpoint.tree.root = checkpoint->root;
    keeping->checkpoint.note_size = vch_cosigned_write(keeping->note, &cosigners->cosigned);
    keeping->checkpoint.note = (const uint8_t *)keeping->note;
    keeping->job = (struct vch_lane_job){
        .run = run_keep, .done = on_kept, .context = cosigners, .is_urgent = true};
    vch_lane_submit(cosigners->setup.keeper, &keeping->job);
}

void vch_cosigners_parts_note_cosignature(struct vch_cosigners *cosigners)
{
    if (vch_cosigned_is_enough(&cosigners->cosigned)) keep(cosigners);
}

// Whether too few are left of those who have cosigned or still can.
static bool is_hopeless(const struct vch_cosigners *cosigners)
{
    uint32_t left = cosigners->cosigned.count;

    for (uint32_t i = 0; i < cosigners->setup.url_count; i++)
        left += !cosigners->peers[i].is_done;
    return left < vch_charter_quorum(cosigners->setup.charter);
}

void vch_cosigners_parts_note_refusal(struct vch_cosigners *cosigners)
{
    if (is_hopeless(cosigners)) cosigners->end_ms = vch_clock_monotonic_ms();
}

static void end_in_vain(struct vch_cosigners *cosigners)
{
    end_round(cosigners);
    vch_log_write(is_hopeless(cosigners) ? VCH_LOG_DEBUG : VCH_LOG_WARNING,
                  "checkpoint of %" PRIu64 " entries: %u of %u witnesses in time, trying anew",
                  cosigners->cosigned.checkpoint.size, cosigners->cosigned.count,
                  vch_charter_quorum(cosigners->setup.charter));
    give_up(cosigners);
}

static void on_tick(evutil_socket_t unused, short what, void *context)
{
    struct vch_cosigners *cosigners = context;

    (void)unused, (void)what;
    if (cosigners->setup.awaits_drafts(cosigners->setup.context))
        vch_cosigners_parts_poll(cosigners);
    if (!cosigners->is_busy || cosigners->is_keeping) return;
    for (uint32_t i = 0; i < cosigners->setup.url_count; i++)
        vch_cosigners_parts_ask(&cosigners->peers[i]);
    if (vch_clock_monotonic_ms() >= cosigners->end_ms) end_in_vain(cosigners);
}

void vch_cosigners_begin(struct vch_cosigners *cosigners, uint64_t size,
                         const struct vch_digest *root)
{
    const struct vch_cosigners_setup *setup = &cosigners->setup;

    cosigners->is_busy = true;
    cosigners->round++;
    cosigners->end_ms = vch_clock_monotonic_ms() + ROUND_MS;
    cosigners->counts.begun++;
    vch_cosigned_begin(&cosigners->cosigned, size, root, setup->clerk);
    for (uint32_t i = 0; i < setup->url_count; i++) {
        struct vch_cosigners_peer *peer = &cosigners->peers[i];
        peer->is_done = false;
        peer->conflicts = 0;
        if (peer->promises != NULL) setup->judge(setup->context, peer->promises, size, root);
        vch_cosigners_parts_ask(peer);
    }
}

bool vch_cosigners_have_promises(const struct vch_cosigners *cosigners)
{
    for (uint32_t i = 0; i < cosigners->setup.url_count; i++)
        if (cosigners->peers[i].promises != NULL) return true;
    return false;
}

bool vch_cosigners_are_busy(const struct vch_cosigners *cosigners)
{
    return cosigners->is_busy;
}

const struct vch_cosigners_counts *vch_cosigners_counts(const struct vch_cosigners *cosigners)
{
    return &cosigners->counts;
}

uint32_t vch_cosigners_reachable(const struct vch_cosigners *cosigners)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < cosigners->setup.url_count; i++)
        count += cosigners->peers[i].is_reachable;
    return count;
}

static vch_status add_peer(struct vch_cosigners *cosigners, uint32_t index,
                           struct vch_complaint *complaint)
{
    struct vch_cosigners_peer *peer = &cosigners->peers[index];

    peer->cosigners = cosigners;
    VCH_TRY(vch_url_parse(&peer->url, cosigners->setup.urls[index], "a witness", complaint));
    peer->connection =
        evhttp_connection_base_new(cosigners->setup.base, NULL, peer->url.host, peer->url.port);
    if (peer->connection == NULL) return VCH_FAIL(NO_MEMORY);
    evhttp_connection_set_timeout(peer->connection, ANSWER_S);
    evhttp_connection_set_max_body_size(peer->connection, ANSWER_MAX);
    evhttp_connection_set_max_headers_size(peer->connection, HEADERS_MAX);
    return VCH_OK;
}

static vch_status set_up(struct vch_cosigners *cosigners, struct vch_complaint *complaint)
{
    static const struct timeval interval = {.tv_usec = TICK_MS * 1000L};

    if (cosigners->setup.url_count > VCH_COSIGNERS_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT, "at most %u addresses of witnesses",
                            VCH_COSIGNERS_MAX);
    for (uint32_t i = 0; i < cosigners->setup.url_count; i++)
        VCH_TRY(add_peer(cosigners, i, complaint));
    cosigners->tick = event_new(cosigners->setup.base, -1, EV_PERSIST, on_tick, cosigners);
    if (cosigners->tick == NULL || event_add(cosigners->tick, &interval) != 0)
        return VCH_FAIL(NO_MEMORY);
    return VCH_OK;
}

vch_status vch_cosigners_new(struct vch_cosigners **out, const struct vch_cosigners_setup *setup,
                             struct vch_complaint *complaint)
{
    struct vch_cosigners *cosigners = calloc(1, sizeof *cosigners);

    if (cosigners == NULL) return VCH_FAIL(NO_MEMORY);
    cosigners->setup = *setup;
    vch_cosigned_init(&cosigners->cosigned, setup->charter, setup->notes);
    vch_status status = set_up(cosigners, complaint);
    if (vch_is_ok(status))
        *out = cosigners;
    else
        vch_cosigners_free(cosigners);
    return status;
}

void vch_cosigners_free(struct vch_cosigners *cosigners)
{
    if (cosigners == NULL) return;
    cosigners->is_ending = true;
    for (uint32_t i = 0; i < cosigners->setup.url_count; i++) {
        if (cosigners->peers[i].connection != NULL)
            evhttp_connection_free(cosigners->peers[i].connection);
        vch_cosigners_parts_forget_promises(&cosigners->peers[i]);
    }
    if (cosigners->tick != NULL) event_free(cosigners->tick);
    free(cosigners);
}
