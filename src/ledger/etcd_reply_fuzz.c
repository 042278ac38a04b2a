// What whoever answers at etcd's address may say: what is accepted stays inside its limits, what is
// refused leaves nothing.
#include <string.h>

#include "base/check.h"
#include "ledger/etcd_reply.h"

enum { ARENA_MAX = 64 << 20 };

static void check_reply(const struct vch_etcd_reply *reply)
{
    size_t total = 0;

    VCH_ASSERT(reply->count <= VCH_ETCD_REPLY_ANSWERS_MAX);
    for (uint32_t i = 0; i < reply->count; i++) {
        VCH_ASSERT(reply->answers[i].count <= VCH_ETCD_REPLY_PAIRS_MAX);
        for (uint32_t j = 0; j < reply->answers[i].count; j++) {
            const struct vch_etcd_pair *pair = &reply->answers[i].pairs[j];
            total += strlen(pair->key) + pair->size;
            for (size_t k = 0; k < pair->size; k++) // every byte is there to be read
                total += pair->value[k] & 0;
        }
    }
    VCH_ASSERT(total <= VCH_ETCD_REPLY_SIZE_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vch_complaint complaint = {0};
    struct vch_etcd_reply reply;
    struct vch_arena arena;
    char text[VCH_ETCD_REPLY_ERROR_MAX];
    int code = 0;

    vch_arena_init(&arena, ARENA_MAX);
    if (vch_is_ok(vch_etcd_reply_decode(&reply, (const char *)data, size, &arena, &complaint))) {
        check_reply(&reply);
    } else {
        VCH_ASSERT(complaint.text[0] != '\0');
        VCH_ASSERT(reply.count == 0 && !reply.succeeded);
    }
    vch_etcd_reply_decode_error(text, &code, (const char *)data, size);
    VCH_ASSERT(memchr(text, '\0', sizeof text) != NULL && code >= 0 && code <= 16);
    vch_arena_release(&arena);
    return 0;
}
