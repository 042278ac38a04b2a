// What a ledger shows over HTTP (specs/ledger.md, section 4): files that never change, for caches;
// JSON for the page; metrics.
#pragma once

#include <stdint.h>

#include "base/complaint.h"
#include "base/status.h"

struct vch_ledger;
struct vch_pages;

// Listens, as the ledger's options say.
vch_status vch_pages_new(struct vch_pages **out, struct vch_ledger *ledger,
                         struct vch_complaint *complaint);
void vch_pages_free(struct vch_pages *pages);
uint16_t vch_pages_port(const struct vch_pages *pages);
void vch_pages_accept_again(struct vch_pages *pages); // as in net/http.h
void vch_pages_note(struct vch_pages *pages);         // there are new entries
void vch_pages_settled(struct vch_pages *pages);      // nothing is applied that is not durable
void vch_pages_tick(struct vch_pages *pages);         // long polls end
