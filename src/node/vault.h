// What a node must keep over a crash, and must not keep for long: records on disk, sealed under a
// key of the node's own, appended and synced in groups, gone when nobody needs them.
//
//     FOLDER/0000002a.runs      folder 0700, file 0600
//     "VOUCHRUNS 1\n"           a nonce of 24 bytes and the seal of no bytes follow: whose it is
//     then for each record      u32le size, a nonce of 24 bytes, the sealed bytes (16 more)
//
// A seal covers the file's number and the record's offset and size: nothing opens elsewhere. A file
// ("volume") grows until it is large or old, and is overwritten and removed when its last record is
// dropped. A tail that is cut or does not open, as a crash leaves it, is dropped.
//
// What a seal gives: whoever has the disk and not the key learns sizes and times alone. What an
// overwrite gives is up to the disk; those that write elsewhere keep sealed bytes for a while.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "crypto/seal.h"

#define VCH_VAULT_VOLUMES_MAX 4096u
#define VCH_VAULT_VOLUME_SIZE (4u << 20) // a volume takes no more once it is so large
#define VCH_VAULT_RECORD_MAX (1u << 30)
#define VCH_VAULT_PATH_MAX 3800u

struct vch_vault_place {
    uint32_t volume, size; // its number; bytes of the record as it was added
    uint64_t offset;
};

struct vch_vault_volume {
    uint32_t number, live_count; // records that were not dropped
    uint64_t size;
};

struct vch_vault_setup {
    const char *folder; // made where there is none; copied
    uint8_t key[VCH_SEAL_KEY_SIZE];
    uint64_t size_max;  // bytes on disk
    uint64_t volume_ms; // a volume takes no more once its first record is so old
};

struct vch_vault {
    char folder[VCH_VAULT_PATH_MAX + 1];
    struct vch_vault_setup setup;
    int file; // of the volume that grows; -1: the next record begins one
    int is_unsynced;
    uint64_t began_ms; // when that volume had its first record
    uint64_t size;     // of all volumes
    uint32_t next_number, volume_count;
    struct vch_vault_volume *volumes; // ascending; the last one is that which grows
};

// Called with each record of a vault that is opened; the bytes live during the call. False: nobody
// needs it any more.
typedef bool (*vch_vault_take)(void *context, const struct vch_vault_place *place,
                               const uint8_t *bytes);

// MALFORMED where there is a volume that is not sealed under this key. One process at a time: the
// caller sees to it. Memory for the list of volumes comes from the arena.
vch_status vch_vault_open(struct vch_vault *out, const struct vch_vault_setup *setup,
                          vch_vault_take take, void *context, struct vch_arena *arena,
                          struct vch_complaint *complaint);
void vch_vault_close(struct vch_vault *vault);

// Bytes that a record of `size` still may have. LIMIT where it does not fit.
uint64_t vch_vault_room(const struct vch_vault *vault);
vch_status vch_vault_add(struct vch_vault *vault, struct vch_vault_place *out, const uint8_t *bytes,
                         size_t size, uint64_t now_ms);
// Everything added so far is on disk when this returns VCH_OK.
vch_status vch_vault_sync(struct vch_vault *vault);

vch_status vch_vault_read(uint8_t **out, const struct vch_vault *vault,
                          const struct vch_vault_place *place, struct vch_arena *arena);
// Each record once. With its last one a volume is overwritten and removed.
void vch_vault_drop(struct vch_vault *vault, const struct vch_vault_place *place);
