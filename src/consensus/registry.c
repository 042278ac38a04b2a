#include "consensus/registry.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/transcript.h"
#include "message/message.h"
#include "schema/registry.pb-c.h"

enum { VERSION = 1 };

bool vch_registry_is_name(const char *name)
{
    size_t size = strnlen(name, VCH_REGISTRY_NAME_MAX + 1);

    if (size == 0 || size > VCH_REGISTRY_NAME_MAX) return false;
    return strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789.-") == size;
}

static vch_status check_name(const char *name, const char *what, struct vch_complaint *complaint)
{
    if (vch_registry_is_name(name)) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_MALFORMED,
                        "%s \"%.64s\" is not 1 to %u of the characters a-z, 0-9, \".\" and \"-\"",
                        what, name, VCH_REGISTRY_NAME_MAX);
}

static int compare_keys(const struct vch_public_key *a, const struct vch_public_key *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes);
}

static int compare_members(const void *a, const void *b)
{
    const struct vch_member *left = a, *right = b;
    return compare_keys(&left->key, &right->key);
}

static int compare_vrfs(const void *a, const void *b)
{
    const struct vch_member *const *left = a, *const *right = b;
    return memcmp((*left)->vrf.bytes, (*right)->vrf.bytes, sizeof(*left)->vrf.bytes);
}

// Two nodes with one VRF key would draw the same number: one secret, two names.
static vch_status check_vrfs(const struct vch_registry *registry, struct vch_arena *arena,
                             struct vch_complaint *complaint)
{
    const struct vch_member **sorted =
        VCH_ARENA_NEW(arena, const struct vch_member *, registry->member_count);
    size_t count = 0;

    if (sorted == NULL) return vch_message_no_room("registry", arena, complaint);
    for (uint32_t i = 0; i < registry->member_count; i++)
        if (registry->members[i].has_vrf) sorted[count++] = &registry->members[i];
    if (count > 1) qsort(sorted, count, sizeof(const struct vch_member *), compare_vrfs);
    for (size_t i = 1; i < count; i++)
        if (compare_vrfs(&sorted[i - 1], &sorted[i]) == 0)
            return vch_complain(complaint, VCH_CODE_MALFORMED,
                                "nodes of \"%s\" and \"%s\" have the same VRF key: each needs one "
                                "of its own",
                                sorted[i - 1]->operator_name, sorted[i]->operator_name);
    return VCH_OK;
}

static vch_status check_members(const struct vch_registry *registry, struct vch_arena *arena,
                                struct vch_complaint *complaint)
{
    for (uint32_t i = 0; i < registry->member_count; i++) {
        const struct vch_member *member = &registry->members[i];
        VCH_TRY(check_name(member->operator_name, "operator", complaint));
        if (member->role != VCH_ROLE_NODE && member->role != VCH_ROLE_CLIENT)
            return vch_complain(complaint, VCH_CODE_MALFORMED,
                                "member %u has role %u, which is neither node (%d) nor client (%d)",
                                i, (uint32_t)member->role, VCH_ROLE_NODE, VCH_ROLE_CLIENT);
        if (member->has_vrf && member->role != VCH_ROLE_NODE)
            return vch_complain(complaint, VCH_CODE_MALFORMED,
                                "member %u is a client with a VRF key; only nodes draw", i);
        if (i > 0 && compare_keys(&member[-1].key, &member->key) >= 0)
            return vch_complain(complaint, VCH_CODE_MALFORMED,
                                "member %u: its key is there twice, or keys are not in order", i);
    }
    return check_vrfs(registry, arena, complaint);
}

static vch_status check_registry(const struct vch_registry *registry, struct vch_arena *arena,
                                 struct vch_complaint *complaint)
{
    VCH_TRY(check_name(registry->network, "network", complaint));
    return check_members(registry, arena, complaint);
}

static vch_status check_member_count(size_t count, struct vch_complaint *complaint)
{
    if (count <= VCH_REGISTRY_MEMBERS_MAX) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_LIMIT, "the registry has %zu members, not at most %u",
                        count, VCH_REGISTRY_MEMBERS_MAX);
}

struct vch_digest vch_registry_digest(const uint8_t *bytes, size_t size)
{
    struct vch_transcript transcript;

    vch_transcript_init(&transcript, "vouch/registry/v1");
    vch_transcript_absorb(&transcript, "registry", bytes, size);
    return vch_transcript_final(&transcript);
}

static vch_status pack_registry(uint8_t **out, size_t *size, const struct vch_registry *registry,
                                struct vch_arena *arena)
{
    Vouch__Registry message = VOUCH__REGISTRY__INIT;
    uint32_t count = registry->member_count;
    Vouch__Member *members = VCH_ARENA_NEW(arena, Vouch__Member, count);
    Vouch__Member **list = VCH_ARENA_NEW(arena, Vouch__Member *, count);

    if (members == NULL || list == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < count; i++) {
        struct vch_member *member = &registry->members[i];
        vouch__member__init(&members[i]);
        members[i].key = vch_message_borrow(member->key.bytes, sizeof member->key.bytes);
        members[i].operator_ = member->operator_name;
        members[i].role = (uint32_t)member->role;
        if (member->has_vrf)
            members[i].vrf = vch_message_borrow(member->vrf.bytes, sizeof member->vrf.bytes);
        list[i] = &members[i];
    }
    char *network = vch_arena_string(arena, registry->network, strlen(registry->network));
    if (network == NULL) return VCH_FAIL(NO_MEMORY);
    message.version = VERSION;
    message.network = network;
    message.serial = registry->serial;
    message.expires_ms = registry->expires_ms;
    message.n_members = count;
    message.members = list;
    return vch_message_pack(out, size, &message.base, arena);
}

vch_status vch_registry_encode(uint8_t **out, size_t *size, struct vch_registry *registry,
                               const struct vch_secret_key *founder, struct vch_arena *arena,
                               struct vch_complaint *complaint)
{
    Vouch__SignedRegistry message = VOUCH__SIGNED_REGISTRY__INIT;
    struct vch_signature signature;
    uint8_t *inner = NULL;
    size_t inner_size = 0;

    VCH_TRY(check_member_count(registry->member_count, complaint));
    if (registry->member_count > 1)
        qsort(registry->members, registry->member_count, sizeof *registry->members,
              compare_members);
    VCH_TRY(check_registry(registry, arena, complaint));
    VCH_TRY(pack_registry(&inner, &inner_size, registry, arena));
    registry->digest = vch_registry_digest(inner, inner_size);
    registry->founder = founder->public_key;
    vch_sign_digest(&signature, founder, &registry->digest);
    message.registry = vch_message_borrow(inner, inner_size);
    message.founder = vch_message_borrow(registry->founder.bytes, sizeof registry->founder.bytes);
    message.signature = vch_message_borrow(signature.bytes, sizeof signature.bytes);
    return vch_message_pack(out, size, &message.base, arena);
}

static vch_status copy_name(char *out, const char *name, const char *what,
                            struct vch_complaint *complaint)
{
    VCH_TRY(check_name(name, what, complaint));
    memcpy(out, name, strlen(name) + 1);
    return VCH_OK;
}

// Numbers that name nothing become 0, which check_members refuses.
static enum vch_role role_of(uint32_t role)
{
    if (role == VCH_ROLE_NODE) return VCH_ROLE_NODE;
    return role == VCH_ROLE_CLIENT ? VCH_ROLE_CLIENT : (enum vch_role)0;
}

static vch_status copy_members(struct vch_registry *out, const Vouch__Registry *message,
                               struct vch_arena *arena, struct vch_complaint *complaint)
{
    VCH_TRY(check_member_count(message->n_members, complaint));
    out->member_count = (uint32_t)message->n_members;
    out->members = VCH_ARENA_NEW(arena, struct vch_member, out->member_count);
    if (out->members == NULL) return vch_message_no_room("registry", arena, complaint);
    for (uint32_t i = 0; i < out->member_count; i++) {
        struct vch_member *member = &out->members[i];
        const Vouch__Member *from = message->members[i];
        VCH_TRY(vch_message_copy(member->key.bytes, sizeof member->key.bytes, &from->key,
                                 "key of a member", complaint));
        VCH_TRY(copy_name(member->operator_name, from->operator_, "operator", complaint));
        member->role = role_of(from->role);
        member->has_vrf = from->vrf.len > 0;
        if (member->has_vrf)
            VCH_TRY(vch_message_copy(member->vrf.bytes, sizeof member->vrf.bytes, &from->vrf,
                                     "VRF key of a member", complaint));
    }
    return check_members(out, arena, complaint);
}

static vch_status decode_inner(struct vch_registry *out, const ProtobufCBinaryData *bytes,
                               struct vch_arena *arena, struct vch_complaint *complaint)
{
    ProtobufCMessage *unpacked = NULL;

    VCH_TRY(vch_message_unpack(&unpacked, &vouch__registry__descriptor, bytes->data, bytes->len,
                               "registry", arena, complaint));
    const Vouch__Registry *message = (const Vouch__Registry *)(const void *)unpacked;
    if (message->version != VERSION)
        return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                            "the registry has version %u; this program reads version %d",
                            message->version, VERSION);
    VCH_TRY(copy_name(out->network, message->network, "network", complaint));
    out->serial = message->serial;
    out->expires_ms = message->expires_ms;
    VCH_TRY(copy_members(out, message, arena, complaint));
    out->digest = vch_registry_digest(bytes->data, bytes->len);
    return VCH_OK;
}

vch_status vch_registry_decode(struct vch_registry *out, const uint8_t *bytes, size_t size,
                               struct vch_arena *arena, struct vch_complaint *complaint)
{
    struct vch_registry registry = {0};
    ProtobufCMessage *unpacked = NULL;
    struct vch_signature signature;

    if (size > VCH_REGISTRY_SIZE_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT, "the registry has %zu bytes, not at most %u",
                            size, VCH_REGISTRY_SIZE_MAX);
    VCH_TRY(vch_message_unpack(&unpacked, &vouch__signed_registry__descriptor, bytes, size,
                               "signed registry", arena, complaint));
    const Vouch__SignedRegistry *message = (const Vouch__SignedRegistry *)(const void *)unpacked;
    VCH_TRY(vch_message_copy(registry.founder.bytes, sizeof registry.founder.bytes,
                             &message->founder, "founder's key", complaint));
    VCH_TRY(vch_message_copy(signature.bytes, sizeof signature.bytes, &message->signature,
                             "founder's signature", complaint));
    VCH_TRY(decode_inner(&registry, &message->registry, arena, complaint));
    if (!vch_is_ok(vch_sign_verify(&registry.founder, &registry.digest, &signature)))
        return vch_complain(complaint, VCH_CODE_BAD_PROOF,
                            "the registry of \"%s\" is not signed by the founder's key inside it: "
                            "it was altered; fetch it again",
                            registry.network);
    *out = registry;
    return VCH_OK;
}

const struct vch_member *vch_registry_find(const struct vch_registry *registry,
                                           const struct vch_public_key *key)
{
    struct vch_member wanted = {.key = *key};

    if (registry->member_count == 0) return NULL;
    return bsearch(&wanted, registry->members, registry->member_count, sizeof wanted,
                   compare_members);
}
