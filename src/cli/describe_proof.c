#include "cli/describe_proof.h"

#include <string.h>

#include "annex/annex.h"
#include "annex/annex_key.h"
#include "annex/proof_file.h"
#include "annex/proof_opening.h"
#include "base/bytes.h"

static json_t *digest(const struct vch_digest *digest)
{
    return vch_tool_json_hex(digest->bytes, VCH_DIGEST_SIZE);
}

static vch_status describe_annex(json_t **out, struct vch_tool *tool, const uint8_t *bytes,
                                 size_t size)
{
    struct vch_annex annex;

    VCH_TRY(vch_annex_decode(&annex, bytes, size, &tool->arena, &tool->complaint));
    *out =
        json_pack("{s:s, s:o, s:o, s:o, s:o, s:i, s:i, s:i, s:i, s:i, s:i}", "kind", "annex",
                  "model", digest(&annex.model), "digest", digest(&annex.digests[annex.link_count]),
                  "owner", vch_tool_json_hex(annex.owner.bytes, VCH_SIGN_PUBLIC_SIZE), "root",
                  digest(vch_annex_root(&annex, annex.link_count)), "epoch",
                  (int)(annex.epoch + annex.link_count), "links", (int)annex.link_count,
                  "parameters", (int)annex.parameter_count, "rows", (int)annex.rows, "columns",
                  1 << annex.log_columns, "openings", (int)annex.openings);
    return VCH_OK;
}

// The seed stays where it is: an inspection lands in logs and tickets.
static vch_status describe_annex_key(json_t **out, struct vch_tool *tool, const uint8_t *bytes,
                                     size_t size)
{
    struct vch_annex_key key;

    VCH_TRY(vch_annex_key_decode(&key, bytes, size, &tool->complaint));
    *out = json_pack("{s:s, s:o, s:i, s:i, s:i, s:i}", "kind", "key of an annex (secret)", "model",
                     digest(&key.model), "epoch", (int)key.epoch, "used", (int)key.used, "openings",
                     (int)key.openings, "proofs_left", (int)vch_annex_key_left(&key));
    vch_wipe(&key, sizeof key);
    return VCH_OK;
}

static vch_status describe_proof(json_t **out, struct vch_tool *tool, const uint8_t *bytes,
                                 size_t size)
{
    struct vch_proof_file proof;

    VCH_TRY(vch_proof_file_decode(&proof, bytes, size, &tool->complaint));
    *out = json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:i, s:i, s:i, s:I}", "kind", "proof", "model",
                     digest(&proof.model), "annex", digest(&proof.annex), "job", digest(&proof.job),
                     "input", digest(&proof.input), "output", digest(&proof.output), "first",
                     (int)proof.first, "last", (int)proof.last, "batch", (int)proof.batch, "size",
                     (json_int_t)proof.proof_size);
    return VCH_OK;
}

static vch_status describe_proof_opening(json_t **out, struct vch_tool *tool, const uint8_t *bytes,
                                         size_t size)
{
    struct vch_proof_opening opening;

    VCH_TRY(vch_proof_opening_decode(&opening, bytes, size, &tool->complaint));
    *out = json_pack("{s:s, s:o, s:i, s:i, s:i}", "kind", "opening of a proof (private)", "model",
                     digest(&opening.model), "first", (int)opening.first, "last", (int)opening.last,
                     "batch", (int)opening.batch);
    vch_wipe(&opening, sizeof opening);
    return VCH_OK;
}

vch_status vch_describe_proof(json_t **out, struct vch_tool *tool, const uint8_t *bytes,
                              size_t size)
{
    static const struct {
        const char *magic;
        vch_status (*describe)(json_t **, struct vch_tool *, const uint8_t *, size_t);
    } kinds[] = {
        {VCH_ANNEX_MAGIC, describe_annex},
        {VCH_ANNEX_KEY_MAGIC, describe_annex_key},
        {VCH_PROOF_FILE_MAGIC, describe_proof},
        {VCH_PROOF_OPENING_MAGIC, describe_proof_opening},
    };

    for (size_t i = 0; size >= 8 && i < sizeof kinds / sizeof *kinds; i++)
        if (memcmp(bytes, kinds[i].magic, 8) == 0) return kinds[i].describe(out, tool, bytes, size);
    return VCH_OK;
}
