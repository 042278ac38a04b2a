// Hardware answers slowly, and one question at a time.
#include "channel/attester.h"

#include <pthread.h>

#include "attest/exchange.h"
#include "harness/channels.h"

enum { COUNT = 8 };

// A collector that waits to be let go, and counts what it was asked.
static struct {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool is_busy, may_go;
    uint32_t asked, answered;
} hardware = {.lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER};

static void set(bool *what)
{
    (void)pthread_mutex_lock(&hardware.lock);
    *what = true;
    (void)pthread_cond_broadcast(&hardware.wake);
    (void)pthread_mutex_unlock(&hardware.lock);
}

static void wait_until(const bool *what)
{
    (void)pthread_mutex_lock(&hardware.lock);
    while (!*what)
        (void)pthread_cond_wait(&hardware.wake, &hardware.lock);
    (void)pthread_mutex_unlock(&hardware.lock);
}

static vch_status collect_slowly(void *context, const uint8_t binder[static VCH_BINDER_SIZE],
                                 struct vch_cmw *evidence, struct vch_cmw *endorsements,
                                 struct vch_arena *arena, struct vch_complaint *complaint)
{
    hardware.asked++; // on the attester's thread alone
    set(&hardware.is_busy);
    wait_until(&hardware.may_go);
    return channels_collect(context, binder, evidence, endorsements, arena, complaint);
}

static void count_answer(void *context, const struct vch_attester_answer *answer)
{
    (void)context;
    CHECK_OK(answer->status);
    hardware.answered++;
}

static vch_status tie(void *context, struct vch_transport_ties *out, const uint8_t nonce[static 32])
{
    (void)context, (void)nonce;
    memset(out, 3, sizeof *out);
    return VCH_OK;
}

static struct vch_attester_question *ask(struct vch_attester *attester)
{
    const struct vch_transport transport = {.tie = tie};
    const struct vch_exchange_request request = {.role = VCH_BINDER_SERVER,
                                                 .accepts = {[VCH_BINDER_SNP] = true},
                                                 .policy = vch_hash_bytes("rules", 5),
                                                 .nonce = {7}};
    struct vch_attester_question *question = NULL;
    struct vch_complaint complaint = {""};
    uint8_t bytes[VCH_EXCHANGE_REQUEST_SIZE_MAX];
    size_t size = 0;

    CHECK_OK(vch_exchange_encode_request(bytes, &size, &request));
    vch_status status = vch_attester_ask(&question, attester, bytes, size, VCH_BINDER_SERVER,
                                         &transport, count_answer, NULL, &complaint);
    if (!vch_is_ok(status)) test_fail(__FILE__, __LINE__, "%s", complaint.text);
    return question;
}

TEST(attester_asks_its_hardware_nothing_for_who_is_gone)
{
    struct channels_lie none = {0};
    struct vch_attester *attester = NULL;
    struct vch_attester_question *gone[COUNT];
    struct event_base *base = event_base_new();
    const struct vch_attester_setup setup = {.base = base,
                                             .kind = VCH_BINDER_SNP,
                                             .facts = {.build = vch_hash_bytes("build", 5)},
                                             .sealing_key = {9},
                                             .node = {{8}},
                                             .collect = collect_slowly,
                                             .context = &none};

    CHECK(base != NULL);
    CHECK_OK(vch_attester_new(&attester, &setup, NULL));
    (void)ask(attester);
    wait_until(&hardware.is_busy);
    for (int i = 0; i < COUNT; i++)
        gone[i] = ask(attester);
    (void)ask(attester);
    for (int i = 0; i < COUNT; i++)
        vch_attester_cancel(gone[i]);
    set(&hardware.may_go);
    while (hardware.answered < 2)
        CHECK_EQ(event_base_loop(base, EVLOOP_ONCE), 0);
    CHECK_EQ(hardware.asked, 2);
    vch_attester_free(attester);
    event_base_free(base);
}
