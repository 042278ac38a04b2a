// The bytes of what engines keep. Each record ends with eight bytes of its own SHA-256, which tell
// damage (not malice) from what was written; each is exactly as long as its content.
//
//     nodes        1 | first u64 | count u32 | digests | seal
//     entries      2 | writer 16 | first u64 | count u32 | size u16 each | bytes | seal
//     head         3 | size u64 | root 32 | seal
//     checkpoint   4 | size u64 | root 32 | note | seal
//     blob         5 | size u64 | digest 32 | seal
//
// Integers are little-endian; the seal is over all before it.
#pragma once

#include "ledger/store_engine.h"

#define VCH_STORE_RECORD_WRITER_SIZE 16
#define VCH_STORE_RECORD_HEAD_SIZE 49     // check: 1 + 8 + 32 + 8
#define VCH_STORE_RECORD_BLOB_SIZE 49     // check: 1 + 8 + 32 + 8
#define VCH_STORE_RECORD_SIZE_MAX 1050613 // check: (1 << 20) + 37 + 2 * 1000

// What is under a blob's name.
struct vch_store_record_blob {
    uint64_t size;
    struct vch_digest digest; // of the bytes
};

// Nodes of a group as a record in the arena; NULL: no memory.
uint8_t *vch_store_record_encode_nodes(size_t *size, uint64_t first, uint32_t count,
                                       const struct vch_digest *nodes, struct vch_arena *arena);
uint8_t *vch_store_record_encode_entries(size_t *size, const uint8_t *writer, uint64_t first,
                                         const struct vch_store_entry *entries, uint32_t count,
                                         struct vch_arena *arena);
void vch_store_record_encode_head(uint8_t out[VCH_STORE_RECORD_HEAD_SIZE],
                                  const struct vch_store_head *head);
void vch_store_record_encode_blob(uint8_t out[VCH_STORE_RECORD_BLOB_SIZE],
                                  const struct vch_store_record_blob *blob);
uint8_t *vch_store_record_encode_checkpoint(size_t *size,
                                            const struct vch_store_checkpoint *checkpoint,
                                            struct vch_arena *arena);

struct vch_store_record_entries {
    const uint8_t *writer;
    uint64_t first;
    uint32_t count;
    struct vch_store_entry *entries; // their bytes are the record's
};

// MALFORMED, saying why, unless these are all the bytes of such a record. Digests are copied into
// the arena, notes and entries stay where they are.
vch_status vch_store_record_decode_nodes(struct vch_store_completed *out, const uint8_t *bytes,
                                         size_t size, struct vch_arena *arena,
                                         struct vch_complaint *complaint);
vch_status vch_store_record_decode_entries(struct vch_store_record_entries *out,
                                           const uint8_t *bytes, size_t size,
                                           struct vch_arena *arena,
                                           struct vch_complaint *complaint);
vch_status vch_store_record_decode_head(struct vch_store_head *out, const uint8_t *bytes,
                                        size_t size, struct vch_complaint *complaint);
vch_status vch_store_record_decode_checkpoint(struct vch_store_checkpoint *out,
                                              const uint8_t *bytes, size_t size,
                                              struct vch_complaint *complaint);
vch_status vch_store_record_decode_blob(struct vch_store_record_blob *out, const uint8_t *bytes,
                                        size_t size, struct vch_complaint *complaint);
