// Attempts (attempts.h) made by a process in a profile, and what came of them.
#pragma once

#include "confine/child.h"
#include "harness/attempts.h"

static const struct vch_profile ATTEMPTS_OPEN = {.role = "open"};

static inline int attempts_attack(int channel, void *context)
{
    const struct attempt *attempt = context;
    int error = attempt->make();

    return vch_is_ok(vch_child_write(channel, &error, sizeof error)) ? 0 : 1;
}

enum attempts_outcome { ATTEMPTS_GOT_IT, ATTEMPTS_DENIED, ATTEMPTS_KILLED, ATTEMPTS_NOT_STARTED };

static inline enum attempts_outcome attempts_make(const struct vch_profile *profile,
                                                  const struct attempt *attempt)
{
    struct vch_child child;
    struct attempt copy = *attempt;
    int error = 0;

    if (!vch_is_ok(vch_child_start(&child, profile, attempts_attack, &copy, NULL)))
        return ATTEMPTS_NOT_STARTED;
    bool has_answer = vch_is_ok(vch_child_read(child.channel, &error, sizeof error));
    vch_status end = vch_child_end(&child, NULL);
    if (!vch_is_ok(end)) return end.code == VCH_CODE_REFUSED ? ATTEMPTS_KILLED : ATTEMPTS_DENIED;
    return has_answer && error != 0 ? ATTEMPTS_DENIED
                                    : ATTEMPTS_GOT_IT; // an exec that succeeds answers nothing
}
