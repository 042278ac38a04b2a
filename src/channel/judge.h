// The judge of what an asker was answered: rules, and what is to be handed over under them.
//
// A function of what it is handed, so that it may run in a process of its own.
#pragma once

#include "attest/rules.h"
#include "channel/asker.h"

struct vch_judge {
    const struct vch_rules *rules; // borrowed
    enum vch_rules_class what;
};

// What a connection's end is held to: the policy of the judge's rules, judged at once, in the
// caller's process. `judge` outlives it. REFUSED: the rules let nobody have that class of data, or
// leave no time for an answer, or none between two.
vch_status vch_judge_policy(struct vch_asker_policy *out, struct vch_judge *judge,
                            struct vch_complaint *complaint);

// Decodes the answer, makes the block that it has to be bound to, and judges it. What cannot be
// judged is not accepted.
void vch_judge_answer(struct vch_asker_verdict *out, const struct vch_judge *judge,
                      const struct vch_asker_answer *answer);
