#include "agent/process.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <ucontext.h>
#include <unistd.h>

#include "agent/holder.h"
#include "agent/opened.h"
#include "base/bytes.h"
#include "base/check.h"
#include "confine/secret.h"
#include "host/random.h"

enum {
    STACK_SIZE = 96 << 10, // ample for what libsodium does
    SMALL_SIZE = 4096,     // requests and answers up to this lie beside the keys
    HEAD = VCH_REQUEST_HEAD_SIZE,
};

// All in memory for keys. The stack grows down towards the page before it, which faults.
struct den {
    uint8_t stack[STACK_SIZE];
    struct vch_holder_keys keys;
    uint8_t in[SMALL_SIZE], out[SMALL_SIZE];
};

struct desk {
    int channel;
    struct vch_secret memory; // of the den
    struct den *den;
    struct vch_holder holder;
    const struct vch_opened *opened; // NULL: it unseals nothing
    // What is larger is no secret: statements, sealed chunks, weights.
    uint8_t *bulk_in, *bulk_out;
    size_t bulk_room;
};

struct call {
    uint32_t kind;
    const uint8_t *bytes;
    size_t size;
};

static bool receive(int channel, uint8_t *out, size_t room, size_t *have, size_t need)
{
    while (*have < need) {
        ssize_t got = recv(channel, out + *have, room - *have, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        *have += (size_t)got;
    }
    return true;
}

static bool has_bulk(struct desk *desk, size_t size)
{
    if (desk->bulk_out == NULL) desk->bulk_out = calloc(1, HEAD + VCH_HOLDER_ANSWER_MAX);
    if (size > desk->bulk_room) {
        free(desk->bulk_in);
        desk->bulk_in = calloc(1, size);
        desk->bulk_room = desk->bulk_in != NULL ? size : 0;
    }
    return desk->bulk_in != NULL && desk->bulk_out != NULL;
}

// One request at a time is under way: what comes after its last byte is a mistake, and ends it all.
static bool hear(struct desk *desk, struct call *call)
{
    uint8_t *in = desk->den->in;
    size_t have = 0;

    if (!receive(desk->channel, in, SMALL_SIZE, &have, HEAD)) return false;
    call->kind = vch_get_u32le(in);
    call->size = vch_get_u32le(in + 4);
    if (call->size > vch_holder_request_max(call->kind) || have > HEAD + call->size) return false;
    call->bytes = in + HEAD;
    if (HEAD + call->size <= SMALL_SIZE)
        return receive(desk->channel, in, HEAD + call->size, &have, HEAD + call->size);
    if (!has_bulk(desk, call->size)) return false;
    call->bytes = desk->bulk_in;
    have -= HEAD;
    memcpy(desk->bulk_in, in + HEAD, have);
    return receive(desk->channel, desk->bulk_in, call->size, &have, call->size);
}

static bool say(struct desk *desk, uint8_t *out, enum vch_code code, size_t size)
{
    vch_put_u32le(out, code);
    vch_put_u32le(out + 4, (uint32_t)size);
    return vch_is_ok(vch_child_write(desk->channel, out, HEAD + size));
}

static bool answer(struct desk *desk, const struct call *call)
{
    bool is_bulk = call->bytes == desk->bulk_in;
    uint8_t *out = is_bulk ? desk->bulk_out : desk->den->out;
    const size_t room = is_bulk ? VCH_HOLDER_ANSWER_MAX : SMALL_SIZE - HEAD;
    struct vch_complaint complaint = {""};
    size_t size = 0;

    vch_status status = vch_holder_answer(&desk->holder, call->kind, call->bytes, call->size,
                                          out + HEAD, room, &size, &complaint);
    if (!vch_is_ok(status)) {
        size = strlen(complaint.text);
        memcpy(out + HEAD, complaint.text, size);
    }
    bool is_said = say(desk, out, status.code, size);
    if (is_bulk) vch_wipe(out, HEAD + size); // weights, which lie where they are used alone
    vch_wipe(desk->den->in, sizeof desk->den->in);
    vch_wipe(desk->den->out, sizeof desk->den->out);
    return is_said;
}

static bool greet(struct desk *desk)
{
    uint8_t seed[VCH_HPKE_SEED_SIZE];
    struct vch_process_hello hello = {.has_memory = true, .home = desk->memory.home};

    vch_random_bytes(seed, sizeof seed);
    vch_holder_init(&desk->holder, &desk->den->keys,
                    desk->opened != NULL ? &desk->opened->rules : NULL, seed);
    vch_wipe(seed, sizeof seed);
    memcpy(hello.sealing_key, desk->den->keys.sealing.secret.public_key.bytes,
           sizeof hello.sealing_key);
    return vch_is_ok(vch_child_write(desk->channel, &hello, sizeof hello));
}

static void serve(struct desk *desk)
{
    struct call call;

    if (!greet(desk)) return;
    while (hear(desk, &call) && answer(desk, &call)) {
    }
    vch_holder_release(&desk->holder);
}

#ifdef VCH_SANITIZED // which would not know the other stack

static void serve_inside(struct desk *desk)
{
    serve(desk);
}

#else

static struct desk *served; // contexts take no pointers along

static void serve_served(void)
{
    serve(served);
}

static void serve_inside(struct desk *desk)
{
    static ucontext_t here, inside;

    served = desk;
    VCH_ASSERT(getcontext(&inside) == 0);
    inside.uc_stack = (stack_t){.ss_sp = desk->den->stack, .ss_size = sizeof desk->den->stack};
    inside.uc_link = &here;
    makecontext(&inside, serve_served, 0);
    VCH_ASSERT(swapcontext(&here, &inside) == 0);
}

#endif

int vch_process_work(int channel, void *opened)
{
    struct desk desk = {.channel = channel, .opened = opened};
    struct vch_process_hello hello = {.has_memory = false};

    vch_status status = vch_secret_new(&desk.memory, sizeof *desk.den, &hello.complaint);
    if (!vch_is_ok(status)) {
        vch_status told = vch_child_write(channel, &hello, sizeof hello);
        (void)told;
        return 1;
    }
    desk.den = (struct den *)(void *)desk.memory.bytes;
    serve_inside(&desk);
    vch_secret_free(&desk.memory);
    return 0;
}
