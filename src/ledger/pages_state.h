// JSON and metrics of a ledger as it is now: for pages.c.
#pragma once

#include <event2/buffer.h>
#include <jansson.h>

struct vch_ledger;

// Accounts and jobs, in their newest thousand and fifty. While everything applied is durable.
json_t *vch_pages_state(const struct vch_ledger *ledger);
// The Prometheus text format, version 0.0.4.
void vch_pages_state_metrics(struct evbuffer *out, const struct vch_ledger *ledger);
