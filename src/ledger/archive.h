// The registries that a ledger's log speaks of, decoded: for the state, and for who is admitted.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/complaint.h"
#include "base/status.h"
#include "consensus/registry.h"
#include "crypto/hash.h"
#include "crypto/sign.h"
#include "ledger/store.h"

struct vch_archive;
struct vch_archive_item;

vch_status vch_archive_new(struct vch_archive **out, const struct vch_public_key *founder);
void vch_archive_free(struct vch_archive *archive);

// A SignedRegistry by the founder, decoded; from any thread. REFUSED for another's.
vch_status vch_archive_decode(struct vch_archive_item **out, const uint8_t *bytes, size_t size,
                              const struct vch_public_key *founder,
                              struct vch_complaint *complaint);
const struct vch_digest *vch_archive_digest(const struct vch_archive_item *item);
// Takes the item over; one that is there already replaces nothing.
void vch_archive_add(struct vch_archive *archive, struct vch_archive_item *item);
void vch_archive_discard(struct vch_archive_item *item);

// Where registries are looked for that were not added; NULL: nowhere. While a log is replayed.
void vch_archive_use_store(struct vch_archive *archive, struct vch_store *store);
// NULL: there is none.
const struct vch_registry *vch_archive_find(struct vch_archive *archive,
                                            const struct vch_digest *digest);
// The log speaks of this registry: its members are admitted from now on.
void vch_archive_admit(struct vch_archive *archive, const struct vch_digest *digest);
bool vch_archive_has_member(const struct vch_archive *archive, const struct vch_public_key *key);
