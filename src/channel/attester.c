#include "channel/attester.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "attest/exchange.h"
#include "base/bytes.h"
#include "base/check.h"

// Evidence and endorsements while a response is made of them, and the response.
enum { WORK_MAX = 4 << 20 };

struct vch_attester_question {
    struct vch_attester_question *next; // under the lock
    atomic_bool is_cancelled;           // by the loop, at any time
    vch_attester_answered answered;
    void *context;
    struct vch_binder binder;
    uint8_t block[VCH_BINDER_SIZE]; // the same, encoded
    uint8_t statement[VCH_FACTS_SIZE_MAX];
    size_t statement_size;
    // What came of it.
    vch_status status;
    struct vch_complaint complaint;
    uint8_t *bytes;
    size_t size;
};

struct list {
    struct vch_attester_question *first, **end;
};

struct vch_attester {
    struct vch_attester_setup setup;
    uint8_t statement[VCH_FACTS_SIZE_MAX];
    size_t statement_size;
    pthread_t thread;
    bool has_thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool is_ending; // under the lock, as are the lists
    struct list queue, done;
    uint32_t queued;
    int descriptor;
    struct event *event;
};

static void push(struct list *list, struct vch_attester_question *question)
{
    question->next = NULL;
    *list->end = question;
    list->end = &question->next;
}

static struct vch_attester_question *pop(struct list *list)
{
    struct vch_attester_question *question = list->first;

    if (question == NULL) return NULL;
    list->first = question->next;
    if (list->first == NULL) list->end = &list->first;
    return question;
}

static void free_question(struct vch_attester_question *question)
{
    free(question->bytes);
    free(question);
}

static vch_status collect(const struct vch_attester_setup *setup,
                          struct vch_attester_question *question,
                          struct vch_exchange_response *response, struct vch_arena *arena)
{
    if (question->binder.kind == VCH_BINDER_NONE) return VCH_OK;
    return setup->collect(setup->context, question->block, &response->evidence,
                          &response->endorsements, arena, &question->complaint);
}

static vch_status make_response(const struct vch_attester_setup *setup,
                                struct vch_attester_question *question, struct vch_arena *arena)
{
    struct vch_exchange_response *response = VCH_ARENA_NEW(arena, struct vch_exchange_response, 1);
    uint8_t *bytes = vch_arena_alloc(arena, VCH_EXCHANGE_SIZE_MAX, 1);

    if (response == NULL || bytes == NULL) return VCH_FAIL(NO_MEMORY);
    *response = (struct vch_exchange_response){.kind = question->binder.kind,
                                               .statement = question->statement,
                                               .statement_size = question->statement_size};
    memcpy(response->sealing_key, question->binder.sealing_key, sizeof response->sealing_key);
    VCH_TRY(collect(setup, question, response, arena));
    vch_status status =
        vch_exchange_encode_response(bytes, VCH_EXCHANGE_SIZE_MAX, &question->size, response);
    if (!vch_is_ok(status))
        return vch_complain(
            &question->complaint, status.code,
            "evidence and endorsements come to more than %u bytes, or are none: show "
            "a shorter boot log or fewer endorsements",
            VCH_EXCHANGE_SIZE_MAX);
    question->bytes = calloc(1, question->size);
    if (question->bytes == NULL) return VCH_FAIL(NO_MEMORY);
    memcpy(question->bytes, bytes, question->size);
    return VCH_OK;
}

static struct vch_attester_question *take_question(struct vch_attester *attester)
{
    struct vch_attester_question *question = NULL;

    (void)pthread_mutex_lock(&attester->lock);
    while (attester->queue.first == NULL && !attester->is_ending)
        (void)pthread_cond_wait(&attester->wake, &attester->lock);
    if (!attester->is_ending) question = pop(&attester->queue);
    (void)pthread_mutex_unlock(&attester->lock);
    return question;
}

static void finish_question(struct vch_attester *attester, struct vch_attester_question *question)
{
    static const uint64_t one = 1;

    (void)pthread_mutex_lock(&attester->lock);
    push(&attester->done, question);
    (void)pthread_mutex_unlock(&attester->lock);
    VCH_ASSERT(write(attester->descriptor, &one, sizeof one) == sizeof one);
}

static void *work(void *context)
{
    struct vch_attester *attester = context;
    struct vch_attester_question *question = NULL;
    struct vch_arena arena;

    vch_arena_init(&arena, WORK_MAX);
    while ((question = take_question(attester)) != NULL) {
        // Hardware is slow: whoever asks and goes must not have others wait for it.
        if (!atomic_load(&question->is_cancelled))
            question->status = make_response(&attester->setup, question, &arena);
        vch_arena_rewind(&arena, (struct vch_arena_mark){0});
        finish_question(attester, question);
    }
    vch_arena_release(&arena);
    return NULL;
}

static struct vch_attester_question *next_done(struct vch_attester *attester)
{
    struct vch_attester_question *question = NULL;

    (void)pthread_mutex_lock(&attester->lock);
    question = pop(&attester->done);
    if (question != NULL) attester->queued--;
    (void)pthread_mutex_unlock(&attester->lock);
    return question;
}

static void on_done(evutil_socket_t descriptor, short what, void *context)
{
    struct vch_attester *attester = context;
    struct vch_attester_question *question = NULL;
    uint64_t count = 0;

    (void)what;
    if (read(descriptor, &count, sizeof count) != sizeof count) return;
    while ((question = next_done(attester)) != NULL) {
        const struct vch_attester_answer answer = {
            .status = question->status,
            .bytes = question->bytes,
            .size = question->size,
            .binder = question->block,
            .why = question->complaint.text[0] != '\0' ? question->complaint.text
                                                       : vch_code_text(question->status.code)};
        if (!atomic_load(&question->is_cancelled)) question->answered(question->context, &answer);
        free_question(question);
    }
}

static vch_status start(struct vch_attester *attester)
{
    attester->descriptor = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (attester->descriptor < 0) return VCH_FAIL(IO);
    attester->event = event_new(attester->setup.base, attester->descriptor, EV_READ | EV_PERSIST,
                                on_done, attester);
    if (attester->event == NULL || event_add(attester->event, NULL) != 0)
        return VCH_FAIL(NO_MEMORY);
    if (pthread_create(&attester->thread, NULL, work, attester) != 0) return VCH_FAIL(IO);
    attester->has_thread = true;
    return VCH_OK;
}

vch_status vch_attester_set_facts(struct vch_attester *attester, const struct vch_facts *facts)
{
    uint8_t statement[VCH_FACTS_SIZE_MAX];
    size_t size = 0;

    VCH_TRY(vch_facts_encode(statement, &size, facts));
    memcpy(attester->statement, statement, size);
    attester->statement_size = size;
    attester->setup.facts = *facts;
    return VCH_OK;
}

static bool makes_sense(const struct vch_attester_setup *setup)
{
    return setup->kind >= VCH_BINDER_SNP && setup->kind < VCH_BINDER_KIND_END &&
           (setup->kind == VCH_BINDER_NONE || setup->collect != NULL) &&
           !vch_is_zero(setup->sealing_key, sizeof setup->sealing_key);
}

vch_status vch_attester_new(struct vch_attester **out, const struct vch_attester_setup *setup,
                            struct vch_complaint *complaint)
{
    struct vch_attester *attester = calloc(1, sizeof *attester);

    if (attester == NULL) return VCH_FAIL(NO_MEMORY);
    attester->setup = *setup;
    attester->descriptor = -1;
    attester->queue.end = &attester->queue.first;
    attester->done.end = &attester->done.first;
    (void)pthread_mutex_init(&attester->lock, NULL);
    (void)pthread_cond_init(&attester->wake, NULL);
    vch_status status =
        makes_sense(setup) ? vch_attester_set_facts(attester, &setup->facts) : VCH_FAIL(USAGE);
    if (vch_is_ok(status)) status = start(attester);
    if (vch_is_ok(status)) {
        *out = attester;
        return VCH_OK;
    }
    vch_attester_free(attester);
    return vch_complain(complaint, status.code,
                        "cannot attest: a statement needs the digest of the program and a sealing "
                        "key, evidence a collector (%s)",
                        vch_code_text(status.code));
}

void vch_attester_free(struct vch_attester *attester)
{
    struct vch_attester_question *question = NULL;

    if (attester == NULL) return;
    (void)pthread_mutex_lock(&attester->lock);
    attester->is_ending = true;
    (void)pthread_cond_signal(&attester->wake);
    (void)pthread_mutex_unlock(&attester->lock);
    if (attester->has_thread) (void)pthread_join(attester->thread, NULL);
    while ((question = pop(&attester->queue)) != NULL || (question = pop(&attester->done)) != NULL)
        free_question(question);
    if (attester->event != NULL) event_free(attester->event);
    if (attester->descriptor >= 0) (void)close(attester->descriptor);
    (void)pthread_mutex_destroy(&attester->lock);
    (void)pthread_cond_destroy(&attester->wake);
    free(attester);
}

// What is at hand of what would do: evidence before a bare statement.
static enum vch_binder_kind choose_kind(const struct vch_attester *attester,
                                        const struct vch_exchange_request *request)
{
    if (request->accepts[attester->setup.kind]) return attester->setup.kind;
    return request->accepts[VCH_BINDER_NONE] ? VCH_BINDER_NONE : VCH_BINDER_KIND_END;
}

static vch_status fill_binder(struct vch_binder *out, const struct vch_attester *attester,
                              const struct vch_exchange_request *request,
                              const struct vch_transport *transport,
                              struct vch_complaint *complaint)
{
    struct vch_transport_ties ties;

    *out = (struct vch_binder){.mode = VCH_BINDER_CHANNEL,
                               .role = request->role,
                               .kind = choose_kind(attester, request),
                               .policy = request->policy};
    if (out->kind == VCH_BINDER_KIND_END)
        return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                            "evidence was asked for of kinds that are not at hand here");
    VCH_TRY(transport->tie(transport->context, &ties, request->nonce));
    out->own = ties.own;
    out->peer = ties.peer;
    out->facts = vch_hash_bytes(attester->statement, attester->statement_size);
    memcpy(out->nonce, request->nonce, sizeof out->nonce);
    memcpy(out->exporter, ties.exporter, sizeof out->exporter);
    memcpy(out->sealing_key, attester->setup.sealing_key, sizeof out->sealing_key);
    memcpy(out->node, attester->setup.node.bytes, sizeof out->node);
    return VCH_OK;
}

static vch_status enqueue(struct vch_attester *attester, struct vch_attester_question *question)
{
    (void)pthread_mutex_lock(&attester->lock);
    bool has_room = attester->queued < VCH_ATTESTER_QUEUE_MAX;
    if (has_room) {
        attester->queued++;
        push(&attester->queue, question);
        (void)pthread_cond_signal(&attester->wake);
    }
    (void)pthread_mutex_unlock(&attester->lock);
    return has_room ? VCH_OK : VCH_FAIL(BUSY);
}

vch_status vch_attester_ask(struct vch_attester_question **out, struct vch_attester *attester,
                            const void *request, size_t request_size, enum vch_binder_role role,
                            const struct vch_transport *transport, vch_attester_answered answered,
                            void *context, struct vch_complaint *complaint)
{
    struct vch_exchange_request asked;
    struct vch_binder binder;
    uint8_t block[VCH_BINDER_SIZE];

    VCH_TRY(vch_exchange_decode_request(&asked, request, request_size, complaint));
    if (asked.role != role)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "evidence was asked for of the other end of this connection");
    VCH_TRY(fill_binder(&binder, attester, &asked, transport, complaint));
    VCH_TRY(vch_binder_encode(block, &binder));
    struct vch_attester_question *question = calloc(1, sizeof *question);
    if (question == NULL) return VCH_FAIL(NO_MEMORY);
    question->answered = answered;
    question->context = context;
    question->binder = binder;
    memcpy(question->block, block, sizeof block);
    question->statement_size = attester->statement_size;
    memcpy(question->statement, attester->statement, attester->statement_size);
    vch_status status = enqueue(attester, question);
    if (vch_is_ok(status)) {
        *out = question;
        return VCH_OK;
    }
    free_question(question);
    return vch_complain(complaint, status.code, "too many wait for evidence: try again later");
}

vch_status vch_attester_block(uint8_t out[static VCH_BINDER_SIZE],
                              const struct vch_attester_question *question)
{
    return vch_binder_encode(out, &question->binder);
}

void vch_attester_cancel(struct vch_attester_question *question)
{
    if (question != NULL) atomic_store(&question->is_cancelled, true);
}
