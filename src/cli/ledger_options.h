// What commands that speak to a ledger have in common: where it listens, and its charter.
#pragma once

#include <stdint.h>

#include "agreement/charter.h"
#include "base/status.h"
#include "cli/tool.h"
#include "crypto/sign.h"

// "HOST:PORT", "[::1]:7000": the host goes to the arena. USAGE, naming the option.
vch_status vch_ledger_options_address(const char **host, uint16_t *port, struct vch_tool *tool,
                                      const char *option);

struct vch_ledger_options {
    const char *host; // NULL: --ledger is not there
    uint16_t port;
    struct vch_charter charter;
};

// --ledger HOST:PORT with --charter F, signed by that founder; neither, or both.
vch_status vch_ledger_options_load(struct vch_ledger_options *out, struct vch_tool *tool,
                                   const struct vch_public_key *founder);
