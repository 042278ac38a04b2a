// `vouch node`, fenced in before it lets anybody speak to it (confine/).
#pragma once

#include "agent/agent.h"
#include "channel/parser.h"
#include "cli/annex_holder.h"
#include "cli/demands.h"
#include "cli/tool.h"
#include "node/apart.h"
#include "node/node.h"

// Starts the process that holds the keys; NULL where the node is not confined. Call it before
// anything secret is read. `opened` as vch_agent_start.
vch_status vch_fenced_agent(struct vch_agent **out, struct vch_opened *opened,
                            struct vch_tool *tool);

// Starts the process that computes (node/apart.h); NULL where the node is not confined. Call it
// before any key is read: what is in memory now is in that process's.
vch_status vch_fenced_engine(struct vch_apart **out, struct vch_tool *tool,
                             const struct vch_node_options *how);

// Has evidence that is asked for under these demands judged in processes of its own
// (channel/parser.h); NULL where the node is not confined. Call it before any key is read.
vch_status vch_fenced_parser(struct vch_parser **out, struct vch_tool *tool,
                             struct vch_demands *const *demands, uint32_t count);

// By --confine: `on`, the default, or `off`, which the log says aloud. Everything that the node is
// to read is read already, but for what the options name. Call it before vch_node_new, and while no
// threads run but the tool's, which are started anew inside the fences. Where the node listens it
// does so from here on (`how` says with what): inside it can listen nowhere. What was granted goes
// into `confinement`, as a node's statement has it (attest/facts.h).
vch_status vch_fenced_node(uint32_t *confinement, struct vch_tool *tool,
                           struct vch_node_options *how, const struct vch_annex_holder *annexes,
                           uint32_t annex_count);
