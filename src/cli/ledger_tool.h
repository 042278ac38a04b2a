// What commands that speak to a ledger have in common: its charter, its address, a link to it.
#pragma once

#include <event2/event.h>
#include <stdint.h>

#include "base/status.h"
#include "cli/tool.h"
#include "crypto/sign.h"
#include "entry/charter.h"
#include "member/follower.h"
#include "member/ledger_link.h"

#define VCH_LEDGER_TOOL_CONNECT_MS 10000u

struct vch_ledger_tool {
    struct event_base *base;
    struct vch_ledger_link *link;
    uint32_t live_streams;
};

// --charter FILE and --founder KEY: the charter that this founder signed.
vch_status vch_ledger_tool_charter(struct vch_charter *out, struct vch_tool *tool);
// The same, and the file's bytes (in the arena).
vch_status vch_ledger_tool_charter_file(struct vch_charter *out, uint8_t **bytes, size_t *size,
                                        struct vch_tool *tool);
// --OPTION HOST:PORT, "127.0.0.1:7000" or "[::1]:7000": the host goes to the arena. Both stay as
// they are where the option is not there. USAGE for a port below `least`.
vch_status vch_ledger_tool_address(const char **host, uint16_t *port, struct vch_tool *tool,
                                   const char *option, uint16_t least);

struct vch_ledger_tool_place {
    const char *host; // NULL: --ledger is not there
    uint16_t port;
    struct vch_charter charter;
};

// --ledger HOST:PORT with --charter F and --founder KEY; neither of the first two, or both.
vch_status vch_ledger_tool_place(struct vch_ledger_tool_place *out, struct vch_tool *tool);

// Connects to --ledger HOST:PORT as `key`, and waits for it. `follower` may be NULL.
vch_status vch_ledger_tool_open(struct vch_ledger_tool *out, struct vch_tool *tool,
                                const struct vch_charter *charter, const struct vch_secret_key *key,
                                struct vch_follower *follower);
void vch_ledger_tool_close(struct vch_ledger_tool *ledger);
