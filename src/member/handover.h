// Commits that a member hands to witnesses as well as to the ledger, so that it cannot leave them
// out unseen (specs/witness.md, section 2). Nothing waits for it: the ledger is asked all the same.
#pragma once

#include <event2/event.h>
#include <stddef.h>
#include <stdint.h>

#include "base/complaint.h"
#include "base/status.h"

#define VCH_HANDOVER_WITNESSES_MAX 16u

struct vch_handover;

// `origin` and what `urls` point to are copied. USAGE with a complaint for what is no address.
vch_status vch_handover_new(struct vch_handover **out, struct event_base *base, const char *origin,
                            const char *const *urls, uint32_t url_count,
                            struct vch_complaint *complaint);
void vch_handover_free(struct vch_handover *handover); // NULL is nothing to free

// A draft to every witness. One that has too many already under way is passed over, as is one that
// does not answer: what counts is that some honest witness has it.
void vch_handover_give(struct vch_handover *handover, const uint8_t *draft, size_t size);
