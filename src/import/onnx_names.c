// Names in an ONNX file: text of somebody else's, and what joins a node to the values that it
// reads.
#include <stdlib.h>
#include <string.h>

#include "import/onnx.h"
#include "import/onnx_parts.h"
#include "model/manifest.h"

vch_status vch_onnx_parts_keep_text(const char **out, const struct vch_onnx_parts *reading,
                                    const void *bytes, size_t size, size_t size_max,
                                    const char *what)
{
    if (size > size_max || (size > 0 && memchr(bytes, 0, size) != NULL))
        return vch_complain(reading->complaint, VCH_CODE_LIMIT,
                            "%s is longer than %zu bytes or holds a zero byte", what, size_max);
    *out = vch_arena_string(reading->network->arena, bytes, size);
    return *out == NULL ? VCH_FAIL(NO_MEMORY) : VCH_OK;
}

vch_status vch_onnx_parts_keep_name(const char **out, const struct vch_onnx_parts *reading,
                                    const char *name)
{
    if (name == NULL) name = "";
    if (!vch_manifest_is_text(name)) // as in packages
        return vch_complain(reading->complaint, VCH_CODE_MALFORMED,
                            "the name '%.100s' is no UTF-8, or holds a control character", name);
    return vch_onnx_parts_keep_text(out, reading, name, strlen(name), VCH_ONNX_NAME_MAX, "a name");
}

vch_status vch_onnx_parts_define(struct vch_onnx_parts *reading, const char *name, uint32_t *value)
{
    const char *kept = NULL;

    VCH_TRY(vch_onnx_parts_keep_name(&kept, reading, name));
    VCH_TRY(vch_network_add_value(reading->network, kept, value));
    reading->names[reading->name_count++] = (struct vch_onnx_parts_name){name, *value};
    return VCH_OK;
}

static int by_text(const void *a, const void *b)
{
    const struct vch_onnx_parts_name *left = a, *right = b;
    return strcmp(left->text, right->text);
}

vch_status vch_onnx_parts_sort_names(struct vch_onnx_parts *reading)
{
    const struct vch_onnx_parts_name *names = reading->names;

    qsort(reading->names, reading->name_count, sizeof *reading->names, by_text);
    reading->sorted_count = reading->name_count;
    for (size_t i = 1; i < reading->name_count; i++)
        if (by_text(&names[i - 1], &names[i]) == 0)
            return vch_complain(reading->complaint, VCH_CODE_MALFORMED,
                                "the name '%.200s' is defined twice", names[i].text);
    return VCH_OK;
}

bool vch_onnx_parts_find(uint32_t *value, const struct vch_onnx_parts *reading, const char *name)
{
    const struct vch_onnx_parts_name key = {.text = name}, *found = NULL;

    if (reading->sorted_count > 0)
        found = bsearch(&key, reading->names, reading->sorted_count, sizeof key, by_text);
    if (found != NULL) *value = found->value;
    return found != NULL;
}
