#include "ledger/archive.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "host/log.h"

enum { ITEM_ARENA_MAX = 16 << 20 }; // 10,000 members decoded

struct vch_archive_item {
    struct vch_archive_item *next;
    struct vch_arena arena;
    struct vch_registry registry;
    bool is_admitted;
};

struct vch_archive {
    struct vch_public_key founder;
    struct vch_store *store;
    struct vch_archive_item *first; // newest first
};

vch_status vch_archive_new(struct vch_archive **out, const struct vch_public_key *founder)
{
    struct vch_archive *archive = calloc(1, sizeof *archive);

    if (archive == NULL) return VCH_FAIL(NO_MEMORY);
    archive->founder = *founder;
    *out = archive;
    return VCH_OK;
}

void vch_archive_discard(struct vch_archive_item *item)
{
    if (item == NULL) return;
    vch_arena_release(&item->arena);
    free(item);
}

void vch_archive_free(struct vch_archive *archive)
{
    if (archive == NULL) return;
    while (archive->first != NULL) {
        struct vch_archive_item *item = archive->first;
        archive->first = item->next;
        vch_archive_discard(item);
    }
    free(archive);
}

static vch_status decode(struct vch_archive_item *item, const uint8_t *bytes, size_t size,
                         const struct vch_public_key *founder, struct vch_complaint *complaint)
{
    VCH_TRY(vch_registry_decode(&item->registry, bytes, size, &item->arena, complaint));
    if (vch_is_equal(&item->registry.founder, founder, sizeof *founder)) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_REFUSED,
                        "the registry of network %s is signed by another founder than the "
                        "charter's",
                        item->registry.network);
}

vch_status vch_archive_decode(struct vch_archive_item **out, const uint8_t *bytes, size_t size,
                              const struct vch_public_key *founder, struct vch_complaint *complaint)
{
    struct vch_archive_item *item = calloc(1, sizeof *item);

    if (item == NULL) return VCH_FAIL(NO_MEMORY);
    vch_arena_init(&item->arena, ITEM_ARENA_MAX);
    vch_status status = decode(item, bytes, size, founder, complaint);
    if (vch_is_ok(status))
        *out = item;
    else
        vch_archive_discard(item);
    return status;
}

const struct vch_digest *vch_archive_digest(const struct vch_archive_item *item)
{
    return &item->registry.digest;
}

static struct vch_archive_item *find(const struct vch_archive *archive,
                                     const struct vch_digest *digest)
{
    for (struct vch_archive_item *item = archive->first; item != NULL; item = item->next)
        if (vch_hash_is_equal(&item->registry.digest, digest)) return item;
    return NULL;
}

void vch_archive_add(struct vch_archive *archive, struct vch_archive_item *item)
{
    if (find(archive, &item->registry.digest) != NULL) {
        vch_archive_discard(item);
        return;
    }
    item->next = archive->first;
    archive->first = item;
}

void vch_archive_use_store(struct vch_archive *archive, struct vch_store *store)
{
    archive->store = store;
}

// From the store; what it holds under this name must be what the name says.
static struct vch_archive_item *load(struct vch_archive *archive, const struct vch_digest *digest)
{
    struct vch_complaint complaint = {""};
    struct vch_archive_item *item = NULL;
    struct vch_arena arena;
    uint8_t *bytes = NULL;
    size_t size = 0;

    vch_arena_init(&arena, (size_t)2 * VCH_STORE_BLOB_SIZE_MAX);
    vch_status status = vch_store_blob(archive->store, digest, &bytes, &size, &arena, &complaint);
    if (vch_is_ok(status) && bytes != NULL)
        status = vch_archive_decode(&item, bytes, size, &archive->founder, &complaint);
    if (!vch_is_ok(status))
        vch_log_write(VCH_LOG_ERROR, "a registry cannot be read: %s", complaint.text);
    vch_arena_release(&arena);
    if (item == NULL || vch_hash_is_equal(&item->registry.digest, digest)) return item;
    vch_archive_discard(item);
    return NULL;
}

const struct vch_registry *vch_archive_find(struct vch_archive *archive,
                                            const struct vch_digest *digest)
{
    struct vch_archive_item *item = find(archive, digest);

    if (item == NULL && archive->store != NULL) {
        item = load(archive, digest);
        if (item != NULL) vch_archive_add(archive, item);
        item = find(archive, digest); // the archive's own, whichever it kept
    }
    return item != NULL ? &item->registry : NULL;
}

void vch_archive_admit(struct vch_archive *archive, const struct vch_digest *digest)
{
    struct vch_archive_item *item = find(archive, digest);

    if (item != NULL) item->is_admitted = true;
}

bool vch_archive_has_member(const struct vch_archive *archive, const struct vch_public_key *key)
{
    for (const struct vch_archive_item *item = archive->first; item != NULL; item = item->next)
        if (item->is_admitted && vch_registry_find(&item->registry, key) != NULL) return true;
    return false;
}
