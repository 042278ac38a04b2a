// Any bytes at all: what is accepted fits its fields, what is refused says why.
#include "net/peers.h"

#include <string.h>

#include "base/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vch_complaint complaint = {0};
    struct vch_peer *peers = NULL;
    struct vch_arena arena;
    uint32_t count = 0;

    vch_arena_init(&arena, 1 << 24);
    vch_status status =
        vch_peers_parse(&peers, &count, (const char *)data, size, &arena, &complaint);
    VCH_ASSERT(vch_is_ok(status) == (complaint.text[0] == '\0'));
    for (uint32_t i = 0; vch_is_ok(status) && i < count; i++)
        VCH_ASSERT(strlen(peers[i].host) <= VCH_PEERS_HOST_MAX && peers[i].port > 0);
    vch_arena_release(&arena);
    return 0;
}
