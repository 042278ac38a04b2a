// Any bytes as a verdict: what is taken is written the same way again, but for signs that cannot be
// shown, and accepts only the question that was asked.
#include "channel/verdict.h"

#include <string.h>

#include "base/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// Room for the question that a seed answers: what this end knows stands at its places in the block.
static struct vch_asker_answer question(const uint8_t *block)
{
    struct vch_asker_answer out = {.request = {.role = block[18]}};

    memset(out.request.accepts, 1, sizeof out.request.accepts);
    memcpy(out.request.nonce, block + 20, 32);
    memcpy(out.channel.exporter, block + 52, 32);
    memcpy(out.channel.own.bytes, block + 84, 32);
    memcpy(out.channel.peer.bytes, block + 116, 32);
    memcpy(out.channel.node, block + 180, 32);
    memcpy(out.request.policy.bytes, block + 244, 32);
    return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct vch_asker_answer nothing = {0};
    struct vch_asker_verdict verdict;
    uint8_t again[VCH_VERDICT_SIZE];

    if (size != VCH_VERDICT_SIZE) return 0;
    if (vch_is_ok(vch_verdict_decode(&verdict, data, &nothing))) VCH_ASSERT(!verdict.is_accepted);
    const struct vch_asker_answer asked = question(data + 20);
    if (!vch_is_ok(vch_verdict_decode(&verdict, data, &asked))) return 0;
    VCH_ASSERT(!verdict.is_accepted || verdict.word != VCH_RESULT_CONTRAINDICATED);
    vch_verdict_encode(again, &verdict);
    for (size_t i = 0; i < sizeof again; i++)
        VCH_ASSERT(again[i] == data[i] || again[i] == '?');
    return 0;
}
