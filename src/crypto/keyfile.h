// A signing key, the key of a verifiable random function, or the data key of sealed weights, at
// rest: sealed under a passphrase.
//
//     "VOUCHKEY", "VOUCHVRF" or "VOUCHDAT" | u32le version = 1 | u32le kdf opslimit | u64le kdf
//     memlimit | salt[16] | public key[32] | nonce[24] | XChaCha20-Poly1305(seed[32]), everything
//     before it as associated data
//
// A file of one kind never opens as the other. The key of the seal is Argon2id(passphrase). An
// empty passphrase is possible, for daemons whose disk is already protected; the file then rests on
// its permissions alone, and Argon2id is given its least cost. specs/keyfile.md has test vectors.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/complaint.h"
#include "base/status.h"
#include "crypto/hash.h"
#include "crypto/sign.h"
#include "crypto/vrf.h"

#define VCH_KEYFILE_SIZE 144       // check: 8 + 4 + 4 + 8 + 16 + 32 + 24 + 32 + 16
#define VCH_KEYFILE_RANDOM_SIZE 40 // check: 16 + 24
#define VCH_KEYFILE_DATA_SIZE 32   // of a data key

// What opening a file may cost at most, whatever the file says.
#define VCH_KEYFILE_OPSLIMIT_MAX 16u
#define VCH_KEYFILE_MEMLIMIT_MAX 1073741824u // check: 2**30

// Seals `key` with fresh random bytes (salt, then nonce). NO_MEMORY when Argon2id cannot get its
// memory. `passphrase` may be empty.
vch_status vch_keyfile_encode(uint8_t out[static VCH_KEYFILE_SIZE],
                              const struct vch_secret_key *key, const char *passphrase,
                              const uint8_t random[static VCH_KEYFILE_RANDOM_SIZE]);

// Opens it. REFUSED when the passphrase is wrong or the file was altered (the two cannot be told
// apart); MALFORMED, TRUNCATED, UNSUPPORTED (another version) and LIMIT (Argon2id parameters out of
// range), each with a complaint. `out` is written on success only.
vch_status vch_keyfile_decode(struct vch_secret_key *out, const uint8_t *bytes, size_t size,
                              const char *passphrase, struct vch_complaint *complaint);

// The public half, which needs no passphrase (and is not authenticated without one).
vch_status vch_keyfile_public(struct vch_public_key *out, const uint8_t *bytes, size_t size,
                              struct vch_complaint *complaint);

// The same three for keys of the verifiable random function.
vch_status vch_keyfile_encode_vrf(uint8_t out[static VCH_KEYFILE_SIZE],
                                  const struct vch_vrf_secret *key, const char *passphrase,
                                  const uint8_t random[static VCH_KEYFILE_RANDOM_SIZE]);
vch_status vch_keyfile_decode_vrf(struct vch_vrf_secret *out, const uint8_t *bytes, size_t size,
                                  const char *passphrase, struct vch_complaint *complaint);
vch_status vch_keyfile_public_vrf(struct vch_vrf_public *out, const uint8_t *bytes, size_t size,
                                  struct vch_complaint *complaint);

// Whether the bytes say that they are a file of the second kind.
bool vch_keyfile_is_vrf(const uint8_t *bytes, size_t size);

// Data keys have no public half; in its place stands what tells them apart and tells no more.
struct vch_digest vch_keyfile_data_check(const uint8_t key[static VCH_KEYFILE_DATA_SIZE]);
// As for the others.
vch_status vch_keyfile_encode_data(uint8_t out[static VCH_KEYFILE_SIZE],
                                   const uint8_t key[static VCH_KEYFILE_DATA_SIZE],
                                   const char *passphrase,
                                   const uint8_t random[static VCH_KEYFILE_RANDOM_SIZE]);
vch_status vch_keyfile_public_data(struct vch_digest *check, const uint8_t *bytes, size_t size,
                                   struct vch_complaint *complaint);
vch_status vch_keyfile_decode_data(uint8_t key[static VCH_KEYFILE_DATA_SIZE], const uint8_t *bytes,
                                   size_t size, const char *passphrase,
                                   struct vch_complaint *complaint);
