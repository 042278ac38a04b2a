// A question to the process that asks the hardware (inquiry.h), and what is heard of it in time.
#pragma once

#include "collect/inquiry.h"

struct vch_hearing {
    struct vch_inquiry_request request;
    struct vch_inquiry_reply reply;
    struct vch_cmw *evidence, *endorsements; // NULL: none are expected
    struct vch_arena *arena;                 // where these lie
};

// TIMEOUT: it took longer. TRUNCATED or IO without a complaint: the process ended. Others: what the
// process complained of.
vch_status vch_hearing_ask(struct vch_hearing *question, int channel, uint32_t timeout_ms,
                           struct vch_complaint *complaint);
