// Judging in other processes: each answer meets a fresh one, which has the rules, no keys and no
// way out (confine/profile.h), and says a verdict (chamber.h).
//
// Threads wait for them, so that the event loop does not: VCH_PARSER_AT_ONCE answers are judged at
// once, each of another peer (docket.h). A process that crashes, says no verdict or takes longer
// than VCH_PARSER_JUDGE_MS has accepted nothing.
#pragma once

#include <event2/event.h>
#include <stdint.h>

#include "base/complaint.h"
#include "base/status.h"
#include "channel/judge.h"
#include "confine/confine.h"

#define VCH_PARSER_JUDGE_MS 10000u
#define VCH_PARSER_JUDGES_MAX 4u
#define VCH_PARSER_AT_ONCE 4u

struct vch_parser;

struct vch_parser_setup {
    const struct vch_judge *const *judges; // with their rules, as they are now
    uint32_t judge_count;
    uint32_t judge_ms; // 0: VCH_PARSER_JUDGE_MS
    // For tests: what judges there, in the place of vch_judge_answer; NULL in earnest.
    void (*judge)(struct vch_asker_verdict *out, const struct vch_judge *judge,
                  const struct vch_asker_answer *answer);
};

// Forks the processes that start the others: before there are keys, threads and connections here.
// Starts a first one, for what this kernel grants: REFUSED where that is not enough.
vch_status vch_parser_new(struct vch_parser **out, const struct vch_parser_setup *setup,
                          struct vch_complaint *complaint);

// Has askers under `policy`, of judge `index`, judged there instead of here.
void vch_parser_serve(struct vch_parser *parser, uint32_t index, struct vch_asker_policy *policy);

// Verdicts come on this loop. Until then, and after vch_parser_leave, nothing is judged. Leave
// before the loop goes, and once no asker is left; it does not wait for what is being judged.
vch_status vch_parser_join(struct vch_parser *parser, struct event_base *base);
void vch_parser_leave(struct vch_parser *parser);

struct vch_confine_facts vch_parser_facts(const struct vch_parser *parser);
uint64_t vch_parser_failures(struct vch_parser *parser); // answers that no verdict came of

void vch_parser_free(struct vch_parser *parser);
