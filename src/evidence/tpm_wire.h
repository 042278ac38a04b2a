// What all structures of TPM 2.0 (TCG, Part 2) are made of: integers, big-endian, and byte strings
// behind their length (TPM2B).
#pragma once

#include <stdint.h>

#include "base/reader.h"

enum { VCH_TPM_WIRE_SHA1 = 0x0004, VCH_TPM_WIRE_SHA256 = 0x000b }; // TPM_ALG_ID

vch_status vch_tpm_wire_u8(struct vch_reader *reader, uint8_t *out);
vch_status vch_tpm_wire_u16(struct vch_reader *reader, uint16_t *out);
vch_status vch_tpm_wire_u32(struct vch_reader *reader, uint32_t *out);
vch_status vch_tpm_wire_u64(struct vch_reader *reader, uint64_t *out);

// A number of an elliptic curve, in a TPM2B that may leave out leading zeroes. LIMIT: it is longer.
vch_status vch_tpm_wire_number(struct vch_reader *reader, uint8_t *out, uint16_t size);

// A TPM2B, borrowed from the reader; LIMIT where it is longer than `size_max`.
vch_status vch_tpm_wire_sized(struct vch_reader *reader, uint16_t size_max, const uint8_t **bytes,
                              uint16_t *size);
