#include "channel/parser.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/check.h"
#include "channel/chamber.h"
#include "channel/docket.h"
#include "evidence/warm.h"
#include "host/log.h"

// One judge, as the context of policies.
struct bench {
    struct vch_parser *parser;
    uint32_t index;
};

// A chamber and the thread that waits for it.
struct room {
    struct vch_parser *parser;
    struct vch_chamber chamber;
    pthread_t thread;
};

struct vch_parser {
    uint32_t judge_ms;
    const struct vch_judge *judges[VCH_PARSER_JUDGES_MAX];
    struct bench benches[VCH_PARSER_JUDGES_MAX];
    struct vch_chamber_court court;
    struct room rooms[VCH_PARSER_AT_ONCE];
    uint32_t thread_count; // of the first rooms
    struct vch_confine_facts facts;
    int decided, stop; // readable: verdicts are there; all is to end
    struct event *event;
    pthread_mutex_t lock; // over everything below
    pthread_cond_t wake;
    bool is_ending;
    uint64_t failures;
    struct vch_docket docket;
};

static void raise_flag(int descriptor)
{
    static const uint64_t one = 1;
    ssize_t written = write(descriptor, &one, sizeof one);

    (void)written; // a full counter still reads as "something is there"
}

static void lower_flag(int descriptor)
{
    uint64_t ignored = 0;
    ssize_t taken = read(descriptor, &ignored, sizeof ignored);

    (void)taken;
}

static void judge(struct room *room, struct vch_matter *matter)
{
    struct vch_parser *parser = room->parser;
    struct vch_complaint complaint = {""};
    vch_status status =
        vch_chamber_judge(&room->chamber, matter, parser->judge_ms, parser->stop, &complaint);

    if (vch_is_ok(status)) return;
    matter->verdict = (struct vch_asker_verdict){0};
    (void)snprintf(matter->verdict.why, sizeof matter->verdict.why,
                   "the process that judged the evidence ended: %.180s", complaint.text);
    if (status.code == VCH_CODE_BUSY) return; // it was called off, and nobody hears of it
    vch_log_write(VCH_LOG_WARNING, "%s", matter->verdict.why);
    (void)pthread_mutex_lock(&parser->lock);
    parser->failures++;
    (void)pthread_mutex_unlock(&parser->lock);
}

// NULL: all is to end.
static struct vch_matter *await(struct vch_parser *parser)
{
    struct vch_matter *matter = NULL;

    (void)pthread_mutex_lock(&parser->lock);
    while (!parser->is_ending && (matter = vch_docket_take(&parser->docket)) == NULL)
        (void)pthread_cond_wait(&parser->wake, &parser->lock);
    (void)pthread_mutex_unlock(&parser->lock);
    return matter;
}

static void decide(struct vch_parser *parser, struct vch_matter *matter)
{
    (void)pthread_mutex_lock(&parser->lock);
    vch_docket_decide(&parser->docket, matter);
    (void)pthread_cond_broadcast(&parser->wake); // its peer may have more
    (void)pthread_mutex_unlock(&parser->lock);
    raise_flag(parser->decided);
}

// The verdict is passed on first; then who gave it ends, and the next one gets ready.
static void *work(void *context)
{
    struct room *room = context;

    for (;;) {
        vch_status ready = vch_chamber_prepare(&room->chamber, NULL);
        (void)ready; // it is tried again for who needs it
        struct vch_matter *matter = await(room->parser);
        if (matter == NULL) return NULL;
        judge(room, matter);
        decide(room->parser, matter);
        vch_chamber_clear(&room->chamber);
    }
}

static void refuse(struct vch_asker *asker, const char *why)
{
    struct vch_asker_verdict verdict = {0};

    (void)snprintf(verdict.why, sizeof verdict.why, "%s", why);
    vch_asker_conclude(asker, &verdict);
}

static void take_up(void *context, struct vch_asker *asker)
{
    const struct bench *bench = context;
    struct vch_parser *parser = bench->parser;
    vch_status status = VCH_FAIL(UNAVAILABLE);

    (void)pthread_mutex_lock(&parser->lock);
    if (parser->thread_count > 0) status = vch_docket_enter(&parser->docket, asker, bench->index);
    (void)pthread_cond_signal(&parser->wake);
    (void)pthread_mutex_unlock(&parser->lock);
    if (!vch_is_ok(status)) refuse(asker, "there is nobody to judge the evidence now");
}

static void forget(void *context, struct vch_asker *asker)
{
    const struct bench *bench = context;
    struct vch_parser *parser = bench->parser;

    (void)pthread_mutex_lock(&parser->lock);
    vch_docket_forget(&parser->docket, asker);
    (void)pthread_mutex_unlock(&parser->lock);
}

static struct vch_matter *collect(struct vch_parser *parser)
{
    (void)pthread_mutex_lock(&parser->lock);
    struct vch_matter *matter = vch_docket_collect(&parser->docket);
    (void)pthread_mutex_unlock(&parser->lock);
    return matter;
}

// Askers come and go on this thread alone, so that one still named here is still there.
static void on_verdicts(evutil_socket_t descriptor, short what, void *context)
{
    struct vch_parser *parser = context;

    (void)what;
    lower_flag((int)descriptor);
    for (struct vch_matter *matter = collect(parser); matter != NULL; matter = collect(parser)) {
        if (matter->asker != NULL) vch_asker_conclude(matter->asker, &matter->verdict);
        free(matter);
    }
}

void vch_parser_serve(struct vch_parser *parser, uint32_t index, struct vch_asker_policy *policy)
{
    VCH_ASSERT(index < parser->court.judge_count);
    policy->judge = take_up;
    policy->forget = forget;
    policy->context = &parser->benches[index];
}

vch_status vch_parser_join(struct vch_parser *parser, struct event_base *base)
{
    parser->event = event_new(base, parser->decided, EV_READ | EV_PERSIST, on_verdicts, parser);
    if (parser->event == NULL || event_add(parser->event, NULL) != 0) return VCH_FAIL(NO_MEMORY);
    parser->is_ending = false;
    for (uint32_t i = 0; i < VCH_PARSER_AT_ONCE; i++) {
        struct room *room = &parser->rooms[i];
        if (pthread_create(&room->thread, NULL, work, room) != 0) return VCH_FAIL(UNAVAILABLE);
        parser->thread_count++;
    }
    return VCH_OK;
}

void vch_parser_leave(struct vch_parser *parser)
{
    (void)pthread_mutex_lock(&parser->lock);
    parser->is_ending = true;
    (void)pthread_cond_broadcast(&parser->wake);
    (void)pthread_mutex_unlock(&parser->lock);
    raise_flag(parser->stop);
    for (; parser->thread_count > 0; parser->thread_count--)
        (void)pthread_join(parser->rooms[parser->thread_count - 1].thread, NULL);
    lower_flag(parser->stop);
    if (parser->event != NULL) event_free(parser->event);
    parser->event = NULL;
    vch_docket_release(&parser->docket);
}

struct vch_confine_facts vch_parser_facts(const struct vch_parser *parser)
{
    return parser->facts;
}

uint64_t vch_parser_failures(struct vch_parser *parser)
{
    (void)pthread_mutex_lock(&parser->lock);
    uint64_t failures = parser->failures;
    (void)pthread_mutex_unlock(&parser->lock);
    return failures;
}

// The first judge waits from now on.
static vch_status start(struct vch_parser *parser, struct vch_complaint *complaint)
{
    parser->decided = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    parser->stop = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (parser->decided < 0 || parser->stop < 0) return VCH_FAIL(IO);
    vch_warm_up(); // once, for all that are forked from here
    for (uint32_t i = 0; i < VCH_PARSER_AT_ONCE; i++)
        VCH_TRY(vch_chamber_new(&parser->rooms[i].chamber, &parser->court, complaint));
    VCH_TRY(vch_chamber_prepare(&parser->rooms[0].chamber, complaint));
    parser->facts = parser->rooms[0].chamber.judge.facts;
    return VCH_OK;
}

static void init(struct vch_parser *parser, const struct vch_parser_setup *setup)
{
    VCH_ASSERT(setup->judge_count <= VCH_PARSER_JUDGES_MAX);
    parser->judge_ms = setup->judge_ms != 0 ? setup->judge_ms : VCH_PARSER_JUDGE_MS;
    parser->court = (struct vch_chamber_court){
        .judges = parser->judges,
        .judge_count = setup->judge_count,
        .judge = setup->judge != NULL ? setup->judge : vch_judge_answer,
    };
    for (uint32_t i = 0; i < setup->judge_count; i++) {
        parser->judges[i] = setup->judges[i];
        parser->benches[i] = (struct bench){parser, i};
    }
    for (uint32_t i = 0; i < VCH_PARSER_AT_ONCE; i++)
        parser->rooms[i].parser = parser;
    parser->decided = parser->stop = -1;
    vch_docket_init(&parser->docket);
    (void)pthread_mutex_init(&parser->lock, NULL);
    (void)pthread_cond_init(&parser->wake, NULL);
}

vch_status vch_parser_new(struct vch_parser **out, const struct vch_parser_setup *setup,
                          struct vch_complaint *complaint)
{
    struct vch_parser *parser = calloc(1, sizeof *parser);

    if (parser == NULL) return VCH_FAIL(NO_MEMORY);
    init(parser, setup);
    vch_status status = start(parser, complaint);
    if (!vch_is_ok(status)) {
        vch_parser_free(parser);
        return status;
    }
    *out = parser;
    return VCH_OK;
}

void vch_parser_free(struct vch_parser *parser)
{
    if (parser == NULL) return;
    vch_parser_leave(parser);
    for (uint32_t i = 0; i < VCH_PARSER_AT_ONCE; i++)
        vch_chamber_free(&parser->rooms[i].chamber);
    if (parser->decided >= 0) (void)close(parser->decided);
    if (parser->stop >= 0) (void)close(parser->stop);
    (void)pthread_cond_destroy(&parser->wake);
    (void)pthread_mutex_destroy(&parser->lock);
    free(parser);
}
