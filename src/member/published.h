// What a ledger publishes (specs/ledger.md, section 4): checkpoint, entry bundles, registries, read
// over HTTP or out of a folder that mirrors its paths. Nothing read is believed here.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"

struct vch_published;

// `where` is "http://host[:port][/path]", "https://...", or a folder.
vch_status vch_published_open(struct vch_published **out, const char *where,
                              struct vch_complaint *complaint);
void vch_published_close(struct vch_published *published); // NULL is nothing to close

// Posts `body` to a path; what is answered with code 200, into the arena. UNAVAILABLE with the code
// where it is another, or where `where` is a folder.
vch_status vch_published_post(struct vch_published *published, const char *path, const char *body,
                              size_t size_max, uint8_t **bytes, size_t *size,
                              struct vch_arena *arena, struct vch_complaint *complaint);

// What lies at a path such as "checkpoint" or "tile/entries/000", into the arena. UNAVAILABLE: it
// is not there, or nobody answers in time; LIMIT: it is larger than `size_max`.
vch_status vch_published_get(struct vch_published *published, const char *path, size_t size_max,
                             uint8_t **bytes, size_t *size, struct vch_arena *arena,
                             struct vch_complaint *complaint);
