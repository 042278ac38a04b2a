#include "import/labels.h"

#include <stdio.h>

#include "model/manifest.h"

vch_status vch_labels_from_integers(struct vch_ensemble_labels *out, const int64_t *labels,
                                    size_t count, struct vch_arena *arena)
{
    bool is_plain = true;
    const char **texts = VCH_ARENA_NEW(arena, const char *, count);

    *out = (struct vch_ensemble_labels){0};
    if (texts == NULL) return VCH_FAIL(NO_MEMORY);
    for (size_t i = 0; i < count; i++) {
        char text[24];
        int size = snprintf(text, sizeof text, "%lld", (long long)labels[i]);
        texts[i] = vch_arena_string(arena, text, (size_t)size);
        if (texts[i] == NULL) return VCH_FAIL(NO_MEMORY);
        is_plain = is_plain && labels[i] == (int64_t)i;
    }
    if (!is_plain) *out = (struct vch_ensemble_labels){(uint32_t)count, texts};
    return VCH_OK;
}

vch_status vch_labels_from_texts(struct vch_ensemble_labels *out, const char *const *texts,
                                 size_t count, struct vch_complaint *complaint)
{
    for (size_t i = 0; i < count; i++)
        VCH_TRY(vch_manifest_check_text(texts[i], complaint));
    *out = (struct vch_ensemble_labels){(uint32_t)count, texts};
    return VCH_OK;
}

vch_status vch_labels_read(struct vch_ensemble_labels *out, size_t *count,
                           const struct vch_network_node *node, const char *integer_name,
                           const char *text_name, struct vch_arena *arena,
                           struct vch_complaint *complaint)
{
    const int64_t *integers = NULL;
    const char *const *texts = NULL;
    size_t text_count = 0;

    VCH_TRY(vch_network_integers(&integers, count, node, integer_name, complaint));
    VCH_TRY(vch_network_texts(&texts, &text_count, node, text_name, complaint));
    if (text_count > 0) *count = text_count;
    if (*count > VCH_GRAPH_LABELS_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT, "%s node '%s' has %zu labels; at most %u",
                            node->operator_, node->name, *count, VCH_GRAPH_LABELS_MAX);
    if (text_count == 0) return vch_labels_from_integers(out, integers, *count, arena);
    return vch_labels_from_texts(out, texts, text_count, complaint);
}
