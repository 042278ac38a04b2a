// The registry: which keys belong to a network, and which operator runs each of them.
//
// Operators are named by the network's founder, never by the nodes themselves: otherwise one
// machine could be five "independent" voters. Addresses are not in it: keys are pinned, so where a
// node listens need not be trusted.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "base/status.h"
#include "crypto/hash.h"
#include "crypto/sign.h"
#include "crypto/vrf.h"

#define VCH_REGISTRY_MEMBERS_MAX 10000u
#define VCH_REGISTRY_NAME_MAX 64u
#define VCH_REGISTRY_SIZE_MAX (2u << 20)

enum vch_role { VCH_ROLE_NODE = 1, VCH_ROLE_CLIENT = 2 };

struct vch_member {
    struct vch_public_key key;
    char operator_name[VCH_REGISTRY_NAME_MAX + 1];
    enum vch_role role;
    bool has_vrf; // nodes that take part in draws
    struct vch_vrf_public vrf;
};

struct vch_registry {
    char network[VCH_REGISTRY_NAME_MAX + 1];
    uint64_t serial, expires_ms; // expires_ms 0: never
    uint32_t member_count;
    struct vch_member *members; // ascending by key
    struct vch_digest digest;   // vch_registry_digest of the canonical Registry bytes
    struct vch_public_key founder;
};

// Sorts members, refuses duplicates (of keys and of VRF keys) and bad names, signs. Result (a
// SignedRegistry) in the arena.
vch_status vch_registry_encode(uint8_t **out, size_t *size, struct vch_registry *registry,
                               const struct vch_secret_key *founder, struct vch_arena *arena,
                               struct vch_complaint *complaint);

// Checks canonical form, every member, and the signature by the key inside. Whether that founder
// is one to trust, and whether it has expired, is the caller's question.
vch_status vch_registry_decode(struct vch_registry *out, const uint8_t *bytes, size_t size,
                               struct vch_arena *arena, struct vch_complaint *complaint);

// The member with this key, or NULL.
const struct vch_member *vch_registry_find(const struct vch_registry *registry,
                                           const struct vch_public_key *key);

// 1 to VCH_REGISTRY_NAME_MAX of the characters a-z, 0-9, "." and "-".
bool vch_registry_is_name(const char *name);

// What names a registry in jobs, and what its founder signs.
struct vch_digest vch_registry_digest(const uint8_t *bytes, size_t size);
