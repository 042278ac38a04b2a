// What a command holds others to before it lets them have anything private: rules from a file.
#pragma once

#include "attest/rules.h"
#include "channel/judge.h"
#include "channel/parser.h"
#include "cli/tool.h"

// Stays where it is for as long as anybody is held to it.
struct vch_demands {
    bool is_set; // the option was there
    struct vch_rules rules;
    struct vch_judge judge;
    struct vch_asker_policy policy;
};

// --OPTION RULES, signed by one of --SIGNER KEY; for --class CLASS, or `what` where that is not
// there. Nothing where the option is not there; USAGE where what only counts with a policy is, and
// no policy. REFUSED where the rules let nobody have that class.
vch_status vch_demands_load(struct vch_demands *out, struct vch_tool *tool, const char *option,
                            const char *signer, enum vch_rules_class what);

// Has all of these judged in a process of its own, whoever sets up connections joins it
// (channel/parser.h). Call it before any key is read; the tool's threads end and come back.
vch_status vch_demands_judge_apart(struct vch_parser **out, struct vch_tool *tool,
                                   struct vch_demands *const *demands, uint32_t count);

// The same for one, where there is one and no sanitizer looks into its own process; else NULL.
vch_status vch_demands_judge_one(struct vch_parser **out, struct vch_tool *tool,
                                 struct vch_demands *demands);

// For vch_node_options and its like: NULL where nothing is demanded.
const struct vch_asker_policy *vch_demands_policy(const struct vch_demands *demands);
