#include "channel/parser.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/check.h"
#include "channel/verdict.h"
#include "confine/starter.h"
#include "host/clock.h"
#include "host/log.h"

struct vch_parser;

// One judge, as the context of policies.
struct bench {
    struct vch_parser *parser;
    uint32_t index;
};

// An answer on its way to a verdict. The asker may be gone by then.
struct matter {
    struct matter *next;
    struct vch_asker *asker; // under the lock; NULL: nobody waits any more
    uint32_t index;
    struct vch_asker_answer answer; // with bytes of its own
    struct vch_asker_verdict verdict;
    uint8_t bytes[];
};

struct list {
    struct matter *first, **end;
};

struct vch_parser {
    struct vch_parser_setup setup;
    const struct vch_judge *judges[VCH_PARSER_JUDGES_MAX];
    struct bench benches[VCH_PARSER_JUDGES_MAX];
    struct vch_starter starter;
    struct vch_confine_facts facts;
    int descriptor;
    struct event *event;
    pthread_t thread;
    bool has_thread;
    pthread_mutex_t lock; // over everything below
    pthread_cond_t wake;
    bool is_ending;
    uint64_t failures;
    struct list queue, done;
    struct matter *running;
};

// What the process that judges is told.
struct question {
    uint32_t index;
    struct vch_asker_answer answer; // its bytes follow
};

static void judge_there(struct vch_asker_verdict *out, const struct vch_parser *parser,
                        const struct question *question, const uint8_t *bytes)
{
    struct vch_asker_answer answer = question->answer;

    answer.bytes = bytes;
    (parser->setup.judge != NULL ? parser->setup.judge
                                 : vch_judge_answer)(out, parser->judges[question->index], &answer);
}

static int judge_one(int channel, void *context)
{
    const struct vch_parser *parser = context;
    static uint8_t bytes[VCH_EXCHANGE_SIZE_MAX], said[VCH_VERDICT_SIZE];
    struct vch_asker_verdict verdict;
    struct question question;

    if (!vch_is_ok(vch_child_read(channel, &question, sizeof question))) return 0; // just tried
    if (question.index >= parser->setup.judge_count || question.answer.size > sizeof bytes)
        return 1;
    if (!vch_is_ok(vch_child_read(channel, bytes, question.answer.size))) return 1;
    judge_there(&verdict, parser, &question, bytes);
    vch_verdict_encode(said, &verdict);
    return vch_is_ok(vch_child_write(channel, said, sizeof said)) ? 0 : 1;
}

// TIMEOUT where nothing comes, or not all of it, in time.
static vch_status hear(int channel, uint8_t said[static VCH_VERDICT_SIZE], uint32_t patience_ms)
{
    const uint64_t start_ms = vch_clock_monotonic_us() / 1000;
    struct pollfd end = {.fd = channel, .events = POLLIN};

    for (size_t done = 0; done < VCH_VERDICT_SIZE;) {
        uint64_t spent_ms = vch_clock_monotonic_us() / 1000 - start_ms;
        if (spent_ms >= patience_ms) return VCH_FAIL(TIMEOUT);
        if (poll(&end, 1, (int)(patience_ms - spent_ms)) <= 0) continue;
        ssize_t got = read(channel, said + done, VCH_VERDICT_SIZE - done);
        if (got <= 0) return VCH_FAIL(TRUNCATED);
        done += (size_t)got;
    }
    return VCH_OK;
}

static vch_status converse(struct matter *matter, int channel, uint32_t patience_ms)
{
    const struct question question = {matter->index, matter->answer};
    uint8_t said[VCH_VERDICT_SIZE];

    VCH_TRY(vch_child_write(channel, &question, sizeof question));
    VCH_TRY(vch_child_write(channel, matter->bytes, matter->answer.size));
    VCH_TRY(hear(channel, said, patience_ms));
    return vch_verdict_decode(&matter->verdict, said, &matter->answer);
}

static vch_status judge_apart(struct vch_parser *parser, struct matter *matter,
                              struct vch_complaint *complaint)
{
    struct vch_child child;

    VCH_TRY(vch_starter_start(&parser->starter, &child, complaint));
    vch_status status = converse(matter, child.channel, parser->setup.judge_ms);
    vch_status end = vch_starter_end(&parser->starter, &child, complaint);
    if (vch_is_ok(status)) return VCH_OK; // how it ends after that does not matter
    if (status.code == VCH_CODE_MALFORMED) complaint->text[0] = '\0';
    if (vch_is_ok(end) || status.code == VCH_CODE_MALFORMED)
        return vch_complain(complaint, status.code, "it said no verdict");
    return status;
}

static void judge(struct vch_parser *parser, struct matter *matter)
{
    struct vch_complaint complaint = {""};
    vch_status status = judge_apart(parser, matter, &complaint);

    if (vch_is_ok(status)) return;
    matter->verdict = (struct vch_asker_verdict){0};
    (void)snprintf(matter->verdict.why, sizeof matter->verdict.why,
                   "the process that judged the evidence ended: %.180s", complaint.text);
    vch_log_write(VCH_LOG_WARNING, "%s", matter->verdict.why);
    (void)pthread_mutex_lock(&parser->lock);
    parser->failures++;
    (void)pthread_mutex_unlock(&parser->lock);
}

static void push(struct list *list, struct matter *matter)
{
    matter->next = NULL;
    *list->end = matter;
    list->end = &matter->next;
}

static struct matter *pop(struct list *list)
{
    struct matter *matter = list->first;

    if (matter == NULL) return NULL;
    list->first = matter->next;
    if (list->first == NULL) list->end = &list->first;
    return matter;
}

static void *work(void *context)
{
    static const uint64_t one = 1;
    struct vch_parser *parser = context;

    (void)pthread_mutex_lock(&parser->lock);
    while (!parser->is_ending) {
        struct matter *matter = parser->running = pop(&parser->queue);
        if (matter == NULL) {
            (void)pthread_cond_wait(&parser->wake, &parser->lock);
            continue;
        }
        bool is_awaited = matter->asker != NULL;
        (void)pthread_mutex_unlock(&parser->lock);
        if (is_awaited) judge(parser, matter);
        (void)pthread_mutex_lock(&parser->lock);
        parser->running = NULL;
        push(&parser->done, matter);
        ssize_t written = write(parser->descriptor, &one, sizeof one);
        (void)written; // a full counter still reads as "something is there"
    }
    (void)pthread_mutex_unlock(&parser->lock);
    return NULL;
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
    const struct vch_asker_answer *answer = &asker->answer;
    struct matter *matter = calloc(1, sizeof *matter + answer->size);

    if (matter == NULL || !parser->has_thread) {
        free(matter);
        refuse(asker, "there is nobody to judge the evidence now");
        return;
    }
    matter->asker = asker;
    matter->index = bench->index;
    matter->answer = *answer;
    memcpy(matter->bytes, answer->bytes, answer->size);
    (void)pthread_mutex_lock(&parser->lock);
    push(&parser->queue, matter);
    (void)pthread_cond_signal(&parser->wake);
    (void)pthread_mutex_unlock(&parser->lock);
}

static void forget_in(struct matter *first, const struct vch_asker *asker)
{
    for (struct matter *at = first; at != NULL; at = at->next)
        if (at->asker == asker) at->asker = NULL;
}

// Not judged yet: whoever comes and goes must not leave evidence here.
static void drop_waiting(struct list *list, const struct vch_asker *asker)
{
    struct matter **at = &list->first;

    while (*at != NULL) {
        struct matter *matter = *at;
        if (matter->asker != asker) {
            at = &matter->next;
            continue;
        }
        *at = matter->next;
        free(matter);
    }
    list->end = at;
}

static void forget(void *context, struct vch_asker *asker)
{
    const struct bench *bench = context;
    struct vch_parser *parser = bench->parser;

    (void)pthread_mutex_lock(&parser->lock);
    drop_waiting(&parser->queue, asker);
    forget_in(parser->done.first, asker);
    if (parser->running != NULL && parser->running->asker == asker) parser->running->asker = NULL;
    (void)pthread_mutex_unlock(&parser->lock);
}

static struct matter *collect(struct vch_parser *parser)
{
    (void)pthread_mutex_lock(&parser->lock);
    struct matter *matter = pop(&parser->done);
    (void)pthread_mutex_unlock(&parser->lock);
    return matter;
}

// Askers come and go on this thread alone, so that one still named here is still there.
static void on_verdicts(evutil_socket_t descriptor, short what, void *context)
{
    struct vch_parser *parser = context;
    uint64_t ignored = 0;
    ssize_t taken = read((int)descriptor, &ignored, sizeof ignored);

    (void)what, (void)taken;
    for (struct matter *matter = collect(parser); matter != NULL; matter = collect(parser)) {
        if (matter->asker != NULL) vch_asker_conclude(matter->asker, &matter->verdict);
        free(matter);
    }
}

void vch_parser_serve(struct vch_parser *parser, uint32_t index, struct vch_asker_policy *policy)
{
    VCH_ASSERT(index < parser->setup.judge_count);
    policy->judge = take_up;
    policy->forget = forget;
    policy->context = &parser->benches[index];
}

vch_status vch_parser_join(struct vch_parser *parser, struct event_base *base)
{
    parser->event = event_new(base, parser->descriptor, EV_READ | EV_PERSIST, on_verdicts, parser);
    if (parser->event == NULL || event_add(parser->event, NULL) != 0) return VCH_FAIL(NO_MEMORY);
    parser->is_ending = false;
    if (pthread_create(&parser->thread, NULL, work, parser) != 0) return VCH_FAIL(UNAVAILABLE);
    parser->has_thread = true;
    return VCH_OK;
}

static void drop_all(struct list *list)
{
    for (struct matter *matter = pop(list); matter != NULL; matter = pop(list))
        free(matter);
}

void vch_parser_leave(struct vch_parser *parser)
{
    if (parser->has_thread) {
        (void)pthread_mutex_lock(&parser->lock);
        parser->is_ending = true;
        (void)pthread_cond_signal(&parser->wake);
        (void)pthread_mutex_unlock(&parser->lock);
        (void)pthread_join(parser->thread, NULL);
        parser->has_thread = false;
    }
    if (parser->event != NULL) event_free(parser->event);
    parser->event = NULL;
    drop_all(&parser->queue);
    drop_all(&parser->done);
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

static vch_status start(struct vch_parser *parser, struct vch_complaint *complaint)
{
    const struct vch_profile profile = vch_profile_parser();
    struct vch_child child;

    parser->descriptor = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (parser->descriptor < 0) return VCH_FAIL(IO);
    VCH_TRY(vch_starter_new(&parser->starter, &profile, judge_one, parser, complaint));
    VCH_TRY(vch_starter_start(&parser->starter, &child, complaint));
    parser->facts = child.facts;
    return vch_starter_end(&parser->starter, &child, complaint);
}

vch_status vch_parser_new(struct vch_parser **out, const struct vch_parser_setup *setup,
                          struct vch_complaint *complaint)
{
    struct vch_parser *parser = calloc(1, sizeof *parser);

    VCH_ASSERT(setup->judge_count <= VCH_PARSER_JUDGES_MAX);
    if (parser == NULL) return VCH_FAIL(NO_MEMORY);
    parser->setup = *setup;
    if (setup->judge_ms == 0) parser->setup.judge_ms = VCH_PARSER_JUDGE_MS;
    for (uint32_t i = 0; i < setup->judge_count; i++) {
        parser->judges[i] = setup->judges[i];
        parser->benches[i] = (struct bench){parser, i};
    }
    parser->queue.end = &parser->queue.first;
    parser->done.end = &parser->done.first;
    parser->descriptor = -1;
    (void)pthread_mutex_init(&parser->lock, NULL);
    (void)pthread_cond_init(&parser->wake, NULL);
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
    vch_starter_free(&parser->starter);
    if (parser->descriptor >= 0) (void)close(parser->descriptor);
    (void)pthread_cond_destroy(&parser->wake);
    (void)pthread_mutex_destroy(&parser->lock);
    free(parser);
}
