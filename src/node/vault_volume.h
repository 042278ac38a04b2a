// One file of a vault (node/vault.h): made, read, appended to, overwritten.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/complaint.h"
#include "base/status.h"
#include "crypto/seal.h"
#include "node/vault.h"

// Before the first record: name, nonce, tag.
#define VCH_VAULT_VOLUME_HEAD 52u // check: 12 + 24 + 16

// Bytes that a record of `size` takes in its file.
uint64_t vch_vault_volume_framed(uint32_t size);

// A new one, durable by name and by what it begins with; open for reading and writing.
vch_status vch_vault_volume_make(int *file, const char *folder, uint32_t number,
                                 const uint8_t key[static VCH_SEAL_KEY_SIZE],
                                 struct vch_complaint *complaint);
// One that is there, of `size` bytes. `is_gone`: it was being removed when a crash came. MALFORMED
// where it is sealed under another key, or no volume.
vch_status vch_vault_volume_open(int *file, uint64_t *size, bool *is_gone, const char *folder,
                                 uint32_t number, const uint8_t key[static VCH_SEAL_KEY_SIZE],
                                 struct vch_complaint *complaint);

// The size of the record whose frame is at `offset`; false: there is no whole frame.
bool vch_vault_volume_peek(uint32_t *size, int file, uint64_t offset, uint64_t end);
// Needs room for the seal's tag, too: place->size + VCH_SEAL_TAG_SIZE bytes. False: does not open.
bool vch_vault_volume_read(uint8_t *out, int file, const struct vch_vault_place *place,
                           const uint8_t key[static VCH_SEAL_KEY_SIZE]);
// On failure the file is as long as it was.
vch_status vch_vault_volume_append(int file, const struct vch_vault_place *place,
                                   const uint8_t *bytes,
                                   const uint8_t key[static VCH_SEAL_KEY_SIZE]);

// Zeros all over it, on disk; then its name goes.
void vch_vault_volume_remove(const char *folder, uint32_t number);
