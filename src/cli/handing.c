#include "cli/handing.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "agreement/hearing.h"
#include "base/base64.h"
#include "host/file.h"
#include "member/published.h"

enum { BODY_MAX = 4096 };

struct answer {
    uint8_t *bytes;
    size_t size;
    struct vch_hearing said;
};

static vch_status ask(struct answer *out, struct vch_published *witness, const char *body,
                      const struct vch_charter *charter, struct vch_tool *tool)
{
    VCH_TRY(vch_published_post(witness, "vouch/v1/add-draft", body, VCH_TESTIMONY_SIZE_MAX,
                               &out->bytes, &out->size, &tool->arena, &tool->complaint));
    VCH_TRY(vch_hearing_open(&out->said, (const char *)out->bytes, out->size, charter, &tool->arena,
                             &tool->complaint));
    if (out->said.said.kind == VCH_TESTIMONY_PROMISE) return VCH_OK;
    return vch_complain(&tool->complaint, VCH_CODE_MALFORMED, "it answers with no promise");
}

static vch_status keep(const struct answer *answer, struct vch_tool *tool)
{
    const struct vch_testimony *said = &answer->said.said;
    const char *prefix = vch_options_text(tool->options, "promises");
    char path[4096];

    (void)fprintf(stderr, "promised by %s, at %" PRIu64 "\n", said->witness, said->handed_ms);
    if (prefix == NULL) return VCH_OK;
    int size = snprintf(path, sizeof path, "%s.%s", prefix, said->witness);
    if (size < 0 || (size_t)size >= sizeof path || strchr(said->witness, '/') != NULL)
        return vch_complain(&tool->complaint, VCH_CODE_USAGE, "%.80s.%.80s is no name for a file",
                            prefix, said->witness);
    return vch_file_write(path, answer->bytes, answer->size, false, &tool->complaint);
}

static vch_status give_one(const char *url, const char *body, const struct vch_charter *charter,
                           struct vch_tool *tool)
{
    struct vch_published *witness = NULL;
    struct answer answer = {0};

    VCH_TRY(vch_published_open(&witness, url, &tool->complaint));
    vch_status status = ask(&answer, witness, body, charter, tool);
    vch_published_close(witness);
    return vch_is_ok(status) ? keep(&answer, tool) : status;
}

vch_status vch_handing_give(struct vch_tool *tool, const struct vch_charter *charter,
                            const uint8_t *draft, size_t size)
{
    char body[BODY_MAX], base64[VCH_BASE64_SIZE(VCH_TESTIMONY_DRAFT_MAX) + 1];
    const char *url = NULL;
    uint32_t promised = 0;

    if (size > VCH_TESTIMONY_DRAFT_MAX)
        return vch_complain(&tool->complaint, VCH_CODE_REFUSED,
                            "witnesses promise drafts of at most %u bytes, and this one has %zu",
                            VCH_TESTIMONY_DRAFT_MAX, size);
    (void)vch_base64_encode(base64, draft, size);
    (void)snprintf(body, sizeof body, "%s\n%s\n", charter->origin, base64);
    for (uint32_t i = 0; (url = vch_options_nth(tool->options, "witness", i)) != NULL; i++) {
        vch_status status = give_one(url, body, charter, tool);
        promised += vch_is_ok(status);
        if (!vch_is_ok(status))
            (void)fprintf(stderr, "witness %s: %s\n", url, tool->complaint.text);
    }
    return promised > 0
               ? VCH_OK
               : vch_complain(&tool->complaint, VCH_CODE_UNAVAILABLE, "no witness promised it");
}
