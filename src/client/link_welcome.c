// The greeting, and what the node says of itself in it.
#include "base/bytes.h"
#include "client/link_parts.h"
#include "net/greeting.h"

void vch_link_parts_send_hello(struct vch_link *link)
{
    if (!vch_is_ok(vch_greeting_send_hello(link->stream)))
        vch_link_parts_break_off(link, VCH_FAULT_UNREACHABLE, "the connection takes no frames");
}

static bool is_digest(const ProtobufCBinaryData *bytes, const struct vch_digest *digest)
{
    return bytes->len == VCH_DIGEST_SIZE && vch_is_equal(bytes->data, digest->bytes, bytes->len);
}

// False when the node says something that cannot be.
static bool take_holdings(struct vch_link *link, const Vouch__Welcome *welcome)
{
    link->range_count = 0;
    for (size_t i = 0; i < welcome->n_holdings; i++) {
        const Vouch__Holding *holding = welcome->holdings[i];
        if (!is_digest(&holding->model, &link->setup.model)) continue;
        if (holding->first >= holding->last || holding->last > link->setup.operator_count ||
            link->range_count == VCH_LINK_RANGES_MAX)
            return false;
        link->ranges[link->range_count].first = holding->first;
        link->ranges[link->range_count++].last = holding->last;
    }
    return true;
}

// Likewise.
static bool take_provables(struct vch_link *link, const Vouch__Welcome *welcome)
{
    link->provable_count = 0;
    for (size_t i = 0; i < welcome->n_provables; i++) {
        const Vouch__Provable *provable = welcome->provables[i];
        if (!is_digest(&provable->model, &link->setup.model)) continue;
        if (provable->first >= provable->last || provable->last > link->setup.operator_count ||
            provable->columns < VCH_COMMITMENT_LOG_COLUMNS_MIN ||
            provable->columns > VCH_COMMITMENT_LOG_COLUMNS_MAX ||
            link->provable_count == VCH_LINK_RANGES_MAX)
            return false;
        link->provables[link->provable_count].first = provable->first;
        link->provables[link->provable_count].last = provable->last;
        link->provables[link->provable_count++].log_columns = provable->columns;
    }
    return true;
}

void vch_link_parts_receive_welcome(struct vch_link *link, const Vouch__Welcome *welcome)
{
    if (link->state != VCH_LINK_GREETING) {
        vch_link_parts_break_off(link, VCH_FAULT_MALFORMED, "a welcome that nobody waited for");
    } else if (welcome->version != VCH_FRAME_VERSION) {
        vch_link_parts_break_off(link, VCH_FAULT_MALFORMED,
                                 "speaks another version of the protocol");
    } else if (!is_digest(&welcome->registry, &link->setup.registry)) {
        vch_link_parts_break_off(link, VCH_FAULT_REFUSED, "follows another registry than ours");
    } else if (!take_holdings(link, welcome) || !take_provables(link, welcome)) {
        vch_link_parts_break_off(link, VCH_FAULT_MALFORMED,
                                 "claims to hold or prove operators that the model lacks");
    } else {
        link->work_per_second = welcome->work_per_second;
        link->memory = welcome->memory;
        link->state = VCH_LINK_ATTESTING;
        vch_channel_begin(&link->channel, vch_transport_now());
        vch_link_parts_settle_channel(link);
    }
}

bool vch_link_holds(const struct vch_link *link, uint32_t first, uint32_t last)
{
    for (uint32_t i = 0; i < link->range_count; i++)
        if (link->ranges[i].first <= first && last <= link->ranges[i].last) return true;
    return false;
}

bool vch_link_proves(const struct vch_link *link, uint32_t first, uint32_t last,
                     uint32_t log_columns)
{
    for (uint32_t i = 0; i < link->provable_count; i++)
        if (link->provables[i].first <= first && last <= link->provables[i].last &&
            link->provables[i].log_columns == log_columns)
            return true;
    return false;
}
