// What the node shows of itself, and when that is enough.
#include <stdlib.h>

#include "client/link_parts.h"

bool vch_link_parts_is_trusted(const struct vch_link *link)
{
    return vch_channel_is_open(&link->channel, vch_transport_now());
}

// What was accepted is kept beyond the stream: it goes into the voucher.
static void take_evidence(struct vch_link *link)
{
    struct vch_asker_kept *kept = &link->channel.asker.kept;

    if (kept->bytes == NULL) return;
    free(link->evidence.bytes);
    link->evidence = *kept;
    kept->bytes = NULL;
}

// Something has come of the channel, or time has passed.
void vch_link_parts_settle_channel(struct vch_link *link)
{
    const char *why = NULL;
    enum vch_code code = vch_channel_trouble(&link->channel, &why);

    if (code != VCH_CODE_NONE) {
        vch_link_parts_refuse(link, code, why);
        return;
    }
    take_evidence(link);
    if (!vch_link_parts_is_trusted(link)) {
        if (link->state == VCH_LINK_READY) link->state = VCH_LINK_ATTESTING;
    } else if (link->state == VCH_LINK_ATTESTING) {
        link->state = VCH_LINK_PROBING; // a node that asks holds its pong back until it accepts us
        vch_link_parts_send_ping(link);
    } else if (link->is_asking) {
        vch_link_parts_send_chunks(link);
    }
}

void vch_link_tick(struct vch_link *link)
{
    if (link->setup.policy == NULL || link->state <= VCH_LINK_GREETING) return;
    vch_channel_tick(&link->channel, vch_transport_now());
    vch_link_parts_settle_channel(link);
}
