#include "member/follower.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "host/random.h"

enum {
    STATE_MAX = INT32_MAX,   // of memory; its limits decide
    ENTRY_MAX = 1 << 20,     // what decoding one may take
    REGISTRY_MAX = 16 << 20, // 10,000 members decoded
};

struct registry {
    struct registry *next;
    struct vch_arena arena;
    struct vch_registry registry;
};

struct vch_follower {
    struct vch_follower_setup setup;
    struct vch_arena arena, scratch;
    struct vch_state *state;
    struct registry *registries; // newest first
    bool is_missing;
    struct vch_digest missing;
};

const struct vch_registry *vch_follower_registry(const struct vch_follower *follower,
                                                 const struct vch_digest *digest)
{
    for (const struct registry *at = follower->registries; at != NULL; at = at->next)
        if (vch_hash_is_equal(&at->registry.digest, digest)) return &at->registry;
    return NULL;
}

static const struct vch_registry *find_registry(void *context, const struct vch_digest *digest)
{
    return vch_follower_registry(context, digest);
}

static vch_status set_up(struct vch_follower *follower)
{
    const struct vch_follower_setup *own = &follower->setup;
    static const struct vch_state_limits none;
    bool is_default = memcmp(&own->limits, &none, sizeof none) == 0;
    struct vch_state_setup setup = {
        .limits = is_default ? vch_state_default_limits() : own->limits,
        .checks = own->trusts_signatures ? vch_state_follower_checks() : vch_state_full_checks(),
        .registry = find_registry,
        .context = follower,
    };

    vch_random_bytes(setup.seeds, sizeof setup.seeds);
    vch_arena_init(&follower->arena, STATE_MAX);
    vch_arena_init(&follower->scratch, ENTRY_MAX);
    return vch_state_new(&follower->state, &setup, &follower->arena);
}

vch_status vch_follower_new(struct vch_follower **out, const struct vch_follower_setup *setup,
                            struct vch_complaint *complaint)
{
    struct vch_follower *follower = calloc(1, sizeof *follower);

    if (follower == NULL) return VCH_FAIL(NO_MEMORY);
    follower->setup = *setup;
    vch_status status = set_up(follower);
    if (!vch_is_ok(status)) {
        vch_follower_free(follower);
        return vch_complain(complaint, status.code, "no memory for a ledger's state");
    }
    *out = follower;
    return VCH_OK;
}

void vch_follower_free(struct vch_follower *follower)
{
    if (follower == NULL) return;
    while (follower->registries != NULL) {
        struct registry *registry = follower->registries;
        follower->registries = registry->next;
        vch_arena_release(&registry->arena);
        free(registry);
    }
    vch_arena_release(&follower->scratch);
    vch_arena_release(&follower->arena);
    free(follower);
}

const struct vch_state *vch_follower_state(const struct vch_follower *follower)
{
    return follower->state;
}

static vch_status judge(struct vch_follower *follower, const uint8_t *draft, size_t size,
                        uint64_t now_ms, struct vch_complaint *complaint)
{
    uint64_t last_ms = vch_state_time(follower->state);
    struct vch_entry entry;

    VCH_TRY(vch_entry_decode(&entry, draft, size, &follower->scratch, complaint));
    if (entry.time_ms != 0)
        return vch_complain(complaint, VCH_CODE_MALFORMED, "a draft has no time yet");
    entry.time_ms = now_ms > last_ms ? now_ms : last_ms;
    return vch_state_judge(follower->state, &entry, complaint);
}

vch_status vch_follower_judge(struct vch_follower *follower, const uint8_t *draft, size_t size,
                              uint64_t now_ms, struct vch_complaint *complaint)
{
    struct vch_arena_mark mark = vch_arena_mark(&follower->scratch);
    vch_status status = judge(follower, draft, size, now_ms, complaint);

    vch_arena_rewind(&follower->scratch, mark);
    return status;
}

uint64_t vch_follower_next(const struct vch_follower *follower)
{
    return vch_state_size(follower->state);
}

const struct vch_digest *vch_follower_missing(const struct vch_follower *follower)
{
    return follower->is_missing ? &follower->missing : NULL;
}

// Whether this is the ledger that we mean: its first entry says so.
static vch_status check_first(const struct vch_follower *follower, const struct vch_entry *entry,
                              struct vch_complaint *complaint)
{
    if (entry->kind == VCH_ENTRY_CHARTER &&
        vch_hash_is_equal(&entry->charter->id, &follower->setup.charter.id))
        return VCH_OK;
    return vch_complain(complaint, VCH_CODE_REFUSED,
                        "the log begins with another charter than the one at hand: another ledger "
                        "listens there");
}

static bool lacks_registry(struct vch_follower *follower, const struct vch_entry *entry)
{
    follower->is_missing = entry->kind == VCH_ENTRY_REGISTRY &&
                           vch_follower_registry(follower, &entry->registry.digest) == NULL;
    if (follower->is_missing) follower->missing = entry->registry.digest;
    return follower->is_missing;
}

static vch_status take_entry(struct vch_follower *follower, const struct vch_follower_bytes *bytes,
                             struct vch_complaint *complaint)
{
    uint64_t position = vch_state_size(follower->state);
    struct vch_entry entry;

    VCH_TRY(vch_entry_decode(&entry, bytes->bytes, bytes->size, &follower->scratch, complaint));
    if (position == 0) VCH_TRY(check_first(follower, &entry, complaint));
    if (lacks_registry(follower, &entry)) return VCH_OK;
    if (follower->setup.on_next != NULL)
        follower->setup.on_next(follower->setup.context, follower->state, &entry);
    VCH_TRY(vch_state_apply(follower->state, &entry, bytes->bytes, bytes->size, complaint));
    if (follower->setup.on_entry != NULL)
        follower->setup.on_entry(follower->setup.context, position, &entry);
    return VCH_OK;
}

vch_status vch_follower_take(struct vch_follower *follower, uint64_t from,
                             const struct vch_follower_bytes *entries, uint32_t count,
                             struct vch_complaint *complaint)
{
    uint64_t next = vch_follower_next(follower);

    if (from > next)
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "entries from position %" PRIu64 " on, where %" PRIu64 " is next", from,
                            next);
    for (uint64_t i = next - from; i < count; i++) {
        vch_status status = take_entry(follower, &entries[i], complaint);
        vch_arena_rewind(&follower->scratch, (struct vch_arena_mark){0});
        if (!vch_is_ok(status)) return status;
        if (follower->is_missing) return VCH_OK;
    }
    return VCH_OK;
}

static vch_status decode_registry(struct vch_follower *follower, struct registry *registry,
                                  const uint8_t *bytes, size_t size,
                                  struct vch_complaint *complaint)
{
    const struct vch_public_key *founder = &follower->setup.charter.founder;

    VCH_TRY(vch_registry_decode(&registry->registry, bytes, size, &registry->arena, complaint));
    if (vch_is_equal(&registry->registry.founder, founder, sizeof *founder)) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_REFUSED,
                        "the registry of network %s is signed by another founder than the "
                        "charter's",
                        registry->registry.network);
}

vch_status vch_follower_give_registry(struct vch_follower *follower, const uint8_t *bytes,
                                      size_t size, struct vch_complaint *complaint)
{
    struct registry *registry = calloc(1, sizeof *registry);

    if (registry == NULL) return VCH_FAIL(NO_MEMORY);
    vch_arena_init(&registry->arena, REGISTRY_MAX);
    vch_status status = decode_registry(follower, registry, bytes, size, complaint);
    if (!vch_is_ok(status) || vch_follower_registry(follower, &registry->registry.digest) != NULL) {
        vch_arena_release(&registry->arena);
        free(registry);
        return status;
    }
    registry->next = follower->registries;
    follower->registries = registry;
    if (follower->is_missing && vch_hash_is_equal(&registry->registry.digest, &follower->missing))
        follower->is_missing = false;
    return VCH_OK;
}
