#include "annex/annex.h"

#include <string.h>

#include "annex/annex_format.h"
#include "base/bytes.h"
#include "base/reader.h"
#include "crypto/transcript.h"
#include "model/graph.h"
#include "proof/statement.h"

static struct vch_digest base_digest(const uint8_t *bytes, size_t size)
{
    struct vch_transcript transcript;

    vch_transcript_init(&transcript, "vouch/annex/v1");
    vch_transcript_absorb(&transcript, "base", bytes, size);
    return vch_transcript_final(&transcript);
}

static struct vch_digest link_digest(const struct vch_digest *before,
                                     const struct vch_annex_link *link)
{
    struct vch_transcript transcript;

    vch_transcript_init(&transcript, "vouch/annex-link/v1");
    vch_transcript_absorb_digest(&transcript, "before", before);
    vch_transcript_absorb_digest(&transcript, "root", &link->root);
    vch_transcript_absorb(&transcript, "proof", link->proof, link->proof_size);
    return vch_transcript_final(&transcript);
}

vch_status vch_annex_format_too_large(size_t size, struct vch_complaint *complaint)
{
    return vch_complain(complaint, VCH_CODE_LIMIT, "an annex of %zu bytes is over the limit of %zu",
                        size, VCH_ANNEX_SIZE_MAX);
}

struct vch_digest vch_annex_format_signed_digest(const uint8_t *bytes, size_t size)
{
    struct vch_transcript transcript;

    vch_transcript_init(&transcript, "vouch/annex-owner/v1");
    vch_transcript_absorb(&transcript, "annex", bytes, size);
    return vch_transcript_final(&transcript);
}

static vch_status check_head(const struct vch_reader *reader, struct vch_complaint *complaint)
{
    if (reader->size < VCH_ANNEX_FIXED_SIZE)
        return vch_complain(complaint, VCH_CODE_TRUNCATED,
                            "an annex has over %d bytes; this file has %zu", VCH_ANNEX_FIXED_SIZE,
                            reader->size);
    if (memcmp(reader->bytes, VCH_ANNEX_MAGIC, 8) != 0)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "this is no annex: it does not begin "
                            "with " VCH_ANNEX_MAGIC);
    uint32_t version = vch_get_u32le(reader->bytes + 8);
    if (version != VCH_ANNEX_VERSION)
        return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                            "the annex has version %u; this program reads version %u", version,
                            VCH_ANNEX_VERSION);
    return VCH_OK;
}

static vch_status check_numbers(const struct vch_annex *annex, struct vch_complaint *complaint)
{
    if (annex->log_columns < VCH_STATEMENT_LOG_COLUMNS_MIN ||
        annex->log_columns > VCH_STATEMENT_LOG_COLUMNS_MAX)
        return vch_complain(
            complaint, VCH_CODE_LIMIT, "the annex has rows of 2^%u cells, not 2^%u to 2^%u",
            annex->log_columns, VCH_STATEMENT_LOG_COLUMNS_MIN, VCH_STATEMENT_LOG_COLUMNS_MAX);
    if (annex->openings != VCH_ANNEX_OPENINGS(annex->log_columns))
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "the annex allows %u openings of a root; its rows allow %u",
                            annex->openings, VCH_ANNEX_OPENINGS(annex->log_columns));
    if (annex->rows == 0 || annex->parameter_count > VCH_GRAPH_PARAMETERS_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT,
                            "the annex has %u rows and %u parameters; at least one row and at most "
                            "%u parameters are expected",
                            annex->rows, annex->parameter_count, VCH_GRAPH_PARAMETERS_MAX);
    return VCH_OK;
}

static void take_numbers(struct vch_annex *out, struct vch_reader *reader)
{
    const uint8_t *head = reader->bytes;

    out->log_columns = vch_get_u32le(head + 12);
    out->rows = vch_get_u32le(head + 16);
    out->openings = vch_get_u32le(head + 20);
    out->epoch = vch_get_u32le(head + 24);
    out->parameter_count = vch_get_u32le(head + 28);
    memcpy(out->model.bytes, head + 32, VCH_DIGEST_SIZE);
    reader->offset = VCH_ANNEX_FIXED_SIZE;
}

static vch_status take(void *out, struct vch_reader *reader, size_t size)
{
    const uint8_t *bytes = NULL;

    VCH_TRY(vch_reader_bytes(reader, size, &bytes));
    memcpy(out, bytes, size);
    return VCH_OK;
}

// A root, the size of a proof, the proof.
static vch_status take_link(struct vch_annex_link *out, struct vch_reader *reader)
{
    uint32_t size = 0;

    VCH_TRY(take(out->root.bytes, reader, VCH_DIGEST_SIZE));
    VCH_TRY(vch_reader_u32le(reader, &size));
    out->proof_size = size;
    return vch_reader_bytes(reader, size, &out->proof);
}

static vch_status take_indices(struct vch_annex *out, struct vch_reader *reader,
                               struct vch_arena *arena, struct vch_complaint *complaint)
{
    if (out->parameter_count > (reader->size - reader->offset) / 4) return VCH_FAIL(TRUNCATED);
    uint32_t *indices = VCH_ARENA_NEW(arena, uint32_t, out->parameter_count);
    if (indices == NULL) return VCH_FAIL(NO_MEMORY);
    for (uint32_t i = 0; i < out->parameter_count; i++) {
        VCH_TRY(vch_reader_u32le(reader, &indices[i]));
        if (i > 0 && indices[i] <= indices[i - 1])
            return vch_complain(complaint, VCH_CODE_MALFORMED,
                                "the annex lists parameter %u after %u; they ascend", indices[i],
                                indices[i - 1]);
    }
    out->parameters = indices;
    return VCH_OK;
}

static vch_status take_base(struct vch_annex *out, struct vch_reader *reader,
                            struct vch_arena *arena, struct vch_complaint *complaint)
{
    struct vch_annex_link ranges = {0};

    VCH_TRY(take_indices(out, reader, arena, complaint));
    VCH_TRY(take_link(&ranges, reader));
    out->root = ranges.root;
    out->ranges = ranges.proof;
    out->ranges_size = ranges.proof_size;
    VCH_TRY(take(out->owner.bytes, reader, VCH_SIGN_PUBLIC_SIZE));
    out->signed_digest = vch_annex_format_signed_digest(reader->bytes, reader->offset);
    return take(out->signature.bytes, reader, VCH_SIGN_SIGNATURE_SIZE);
}

// How many links lie between here and the end.
static vch_status count_links(uint32_t *count, struct vch_reader reader,
                              struct vch_complaint *complaint)
{
    struct vch_annex_link link;

    for (*count = 0; reader.offset < reader.size; ++*count) {
        if (*count == VCH_ANNEX_LINKS_MAX)
            return vch_complain(complaint, VCH_CODE_LIMIT, "the annex has more than %u links",
                                VCH_ANNEX_LINKS_MAX);
        VCH_TRY(take_link(&link, &reader));
    }
    return VCH_OK;
}

static vch_status take_links(struct vch_annex *out, struct vch_reader *reader,
                             struct vch_arena *arena, struct vch_complaint *complaint)
{
    size_t base_size = reader->offset;

    VCH_TRY(count_links(&out->link_count, *reader, complaint));
    struct vch_annex_link *links = VCH_ARENA_NEW(arena, struct vch_annex_link, out->link_count);
    struct vch_digest *digests =
        VCH_ARENA_NEW(arena, struct vch_digest, (size_t)out->link_count + 1);
    if (links == NULL || digests == NULL) return VCH_FAIL(NO_MEMORY);
    if (out->epoch > UINT32_MAX - out->link_count)
        return vch_complain(complaint, VCH_CODE_LIMIT, "the annex's epochs pass 2^32");
    digests[0] = base_digest(reader->bytes, base_size);
    for (uint32_t i = 0; i < out->link_count; i++) {
        VCH_TRY(take_link(&links[i], reader));
        digests[i + 1] = link_digest(&digests[i], &links[i]);
    }
    out->links = links;
    out->digests = digests;
    return VCH_OK;
}

static vch_status decode(struct vch_annex *out, struct vch_reader *reader, struct vch_arena *arena,
                         struct vch_complaint *complaint)
{
    VCH_TRY(check_head(reader, complaint));
    take_numbers(out, reader);
    VCH_TRY(check_numbers(out, complaint));
    VCH_TRY(take_base(out, reader, arena, complaint));
    return take_links(out, reader, arena, complaint);
}

vch_status vch_annex_decode(struct vch_annex *out, const uint8_t *bytes, size_t size,
                            struct vch_arena *arena, struct vch_complaint *complaint)
{
    struct vch_reader reader = {.bytes = bytes, .size = size};
    struct vch_annex annex = {0};

    if (size > VCH_ANNEX_SIZE_MAX) return vch_annex_format_too_large(size, complaint);
    vch_status status = decode(&annex, &reader, arena, complaint);
    if (status.code == VCH_CODE_TRUNCATED)
        return vch_complain(complaint, status.code, "the annex of %zu bytes is cut short", size);
    if (vch_is_ok(status)) *out = annex;
    return status;
}

const struct vch_digest *vch_annex_root(const struct vch_annex *annex, uint32_t links)
{
    return links == 0 ? &annex->root : &annex->links[links - 1].root;
}

vch_status vch_annex_find(uint32_t *links, const struct vch_annex *annex,
                          const struct vch_digest *digest)
{
    for (uint32_t i = 0; i <= annex->link_count; i++) {
        if (!vch_hash_is_equal(&annex->digests[i], digest)) continue;
        *links = i;
        return VCH_OK;
    }
    return VCH_FAIL(BAD_PROOF);
}
