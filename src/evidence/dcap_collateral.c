#include "evidence/dcap_collateral.h"

#include <stdio.h>
#include <string.h>

typedef struct vch_dcap_collateral_level level;
typedef struct vch_dcap_collateral_module module;

// Reads a level's "tcb".
typedef bool read_tcb(level *out, const struct vch_json_value *tcb);

static const char *const status_texts[] = {
#define X(name, text) text,
    VCH_DCAP_COLLATERAL_STATUSES(X)
#undef X
};

const char *vch_dcap_collateral_status_text(enum vch_dcap_collateral_status status)
{
    return status_texts[status];
}

enum vch_dcap_collateral_status vch_dcap_collateral_worst(enum vch_dcap_collateral_status a,
                                                          enum vch_dcap_collateral_status b)
{
    enum vch_dcap_collateral_status worse = a > b ? a : b, better = a > b ? b : a;
    bool is_to_configure = better == VCH_DCAP_COLLATERAL_CONFIGURATION_NEEDED ||
                           better == VCH_DCAP_COLLATERAL_CONFIGURATION_AND_SW_HARDENING_NEEDED;

    if (worse == VCH_DCAP_COLLATERAL_OUT_OF_DATE && is_to_configure)
        return VCH_DCAP_COLLATERAL_OUT_OF_DATE_CONFIGURATION_NEEDED;
    if (worse == VCH_DCAP_COLLATERAL_CONFIGURATION_NEEDED &&
        better == VCH_DCAP_COLLATERAL_SW_HARDENING_NEEDED)
        return VCH_DCAP_COLLATERAL_CONFIGURATION_AND_SW_HARDENING_NEEDED;
    return worse;
}

static vch_status refuse(struct vch_complaint *complaint, const char *document, const char *what)
{
    return vch_complain(complaint, VCH_CODE_MALFORMED,
                        "expected Intel's %s as its service sends it, found none with %s; fetch it "
                        "again, and keep its bytes",
                        document, what);
}

static bool read_u16(const struct vch_json_value *value, uint16_t *out)
{
    uint64_t number = 0;

    if (!vch_json_u64(value, UINT16_MAX, &number)) return false;
    *out = (uint16_t)number;
    return true;
}

static bool read_u32(const struct vch_json_value *value, uint32_t *out)
{
    uint64_t number = 0;

    if (!vch_json_u64(value, UINT32_MAX, &number)) return false;
    *out = (uint32_t)number;
    return true;
}

static bool read_u8(const struct vch_json_value *value, uint8_t *out)
{
    uint64_t number = 0;

    if (!vch_json_u64(value, UINT8_MAX, &number)) return false;
    *out = (uint8_t)number;
    return true;
}

static bool read_id(const struct vch_json_value *value, char out[8])
{
    const char *text = NULL;
    size_t size = 0;

    if (!vch_json_string(value, &text, &size) || size == 0 || size >= 8) return false;
    memcpy(out, text, size);
    out[size] = '\0';
    return true;
}

static bool read_status(const struct vch_json_value *value, enum vch_dcap_collateral_status *out)
{
    for (size_t i = 0; i < sizeof status_texts / sizeof *status_texts; i++) {
        *out = (enum vch_dcap_collateral_status)i;
        if (vch_json_is_string(value, status_texts[i])) return true;
    }
    return false;
}

static bool read_advisories(const struct vch_json_value *object, const struct vch_json_value **out)
{
    const struct vch_json_value *list = vch_json_member(object, "advisoryIDs");

    *out = list;
    if (list == NULL) return true;
    if (!vch_json_is(list, VCH_JSON_ARRAY)) return false;
    const struct vch_json_value *item = vch_json_first(list);
    for (uint32_t i = 0; i < list->count; i++, item = vch_json_next(item))
        if (!vch_json_is(item, VCH_JSON_STRING)) return false;
    return true;
}

static bool read_components(uint8_t out[VCH_DCAP_COLLATERAL_COMPONENTS],
                            const struct vch_json_value *list)
{
    if (!vch_json_is(list, VCH_JSON_ARRAY) || list->count != VCH_DCAP_COLLATERAL_COMPONENTS)
        return false;
    const struct vch_json_value *item = vch_json_first(list);
    for (uint32_t i = 0; i < list->count; i++, item = vch_json_next(item))
        if (!read_u8(vch_json_member(item, "svn"), &out[i])) return false;
    return true;
}

static bool read_sgx(level *out, const struct vch_json_value *tcb)
{
    return read_components(out->sgx, vch_json_member(tcb, "sgxtcbcomponents")) &&
           read_u16(vch_json_member(tcb, "pcesvn"), &out->svn);
}

static bool read_tdx(level *out, const struct vch_json_value *tcb)
{
    return read_sgx(out, tcb) &&
           read_components(out->tdx, vch_json_member(tcb, "tdxtcbcomponents"));
}

// Version 2 has a member for each component.
static bool read_sgx_2(level *out, const struct vch_json_value *tcb)
{
    char key[24];

    for (unsigned i = 0; i < VCH_DCAP_COLLATERAL_COMPONENTS; i++) {
        (void)snprintf(key, sizeof key, "sgxtcbcomp%02usvn", i + 1);
        if (!read_u8(vch_json_member(tcb, key), &out->sgx[i])) return false;
    }
    return read_u16(vch_json_member(tcb, "pcesvn"), &out->svn);
}

static bool read_enclave(level *out, const struct vch_json_value *tcb)
{
    return read_u16(vch_json_member(tcb, "isvsvn"), &out->svn);
}

static bool read_level(level *out, const struct vch_json_value *object, read_tcb *read)
{
    int64_t date_s = 0;

    return read(out, vch_json_member(object, "tcb")) &&
           vch_json_time(vch_json_member(object, "tcbDate"), &date_s) &&
           read_status(vch_json_member(object, "tcbStatus"), &out->status) &&
           read_advisories(object, &out->advisories);
}

// False also where there is no memory: a list too long for the arena is nothing that Intel sends.
static bool read_levels(struct vch_dcap_collateral_levels *out, struct vch_arena *arena,
                        const struct vch_json_value *list, read_tcb *read)
{
    if (!vch_json_is(list, VCH_JSON_ARRAY) || list->count == 0 ||
        list->count > VCH_DCAP_COLLATERAL_LEVELS_MAX)
        return false;
    level *levels = VCH_ARENA_NEW(arena, level, list->count);
    const struct vch_json_value *item = vch_json_first(list);
    for (uint32_t i = 0; i < list->count; i++, item = vch_json_next(item))
        if (levels == NULL || !read_level(&levels[i], item, read)) return false;
    *out = (struct vch_dcap_collateral_levels){levels, list->count};
    return true;
}

static bool read_module(module *out, const struct vch_json_value *object)
{
    return vch_json_hex(vch_json_member(object, "mrsigner"), out->signer, sizeof out->signer) &&
           vch_json_hex(vch_json_member(object, "attributes"), out->attributes,
                        sizeof out->attributes) &&
           vch_json_hex(vch_json_member(object, "attributesMask"), out->attributes_mask,
                        sizeof out->attributes_mask);
}

static bool is_other_id(const module *modules, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (strcmp(modules[i].id, modules[count].id) == 0) return false;
    return true;
}

// Absent from TCB Info made before there was a second module.
static bool read_modules(struct vch_dcap_collateral_tcb_info *out, struct vch_arena *arena,
                         const struct vch_json_value *list)
{
    if (list == NULL) return true;
    if (!vch_json_is(list, VCH_JSON_ARRAY) || list->count > VCH_DCAP_COLLATERAL_MODULES_MAX)
        return false;
    module *modules = VCH_ARENA_NEW(arena, module, list->count);
    const struct vch_json_value *item = vch_json_first(list);
    for (uint32_t i = 0; i < list->count; i++, item = vch_json_next(item))
        if (modules == NULL || !read_module(&modules[i], item) ||
            !read_id(vch_json_member(item, "id"), modules[i].id) || !is_other_id(modules, i) ||
            !read_levels(&modules[i].levels, arena, vch_json_member(item, "tcbLevels"),
                         read_enclave))
            return false;
    out->modules = modules;
    out->module_count = list->count;
    return true;
}

// The signed object of that name, and what both documents say of themselves.
static vch_status read_document(struct vch_dcap_collateral_document *out, struct vch_arena *arena,
                                const uint8_t *bytes, size_t size, const char *name,
                                const struct vch_json_value **body, struct vch_complaint *complaint)
{
    const struct vch_json_value *root = NULL;

    VCH_TRY(vch_json_decode(&root, arena, bytes, size, complaint));
    *body = vch_json_member(root, name);
    if (!vch_json_is(*body, VCH_JSON_OBJECT)) return refuse(complaint, name, "that object");
    if (root->count != 2 ||
        !vch_json_hex(vch_json_member(root, "signature"), out->signature, sizeof out->signature))
        return refuse(complaint, name, "a signature of 64 bytes in hexadecimal beside it");
    out->signed_bytes = (const uint8_t *)(*body)->text;
    out->signed_size = (*body)->text_size;
    if (!read_u32(vch_json_member(*body, "version"), &out->version))
        return refuse(complaint, name, "a version");
    if (!vch_json_time(vch_json_member(*body, "issueDate"), &out->issued_s) ||
        !vch_json_time(vch_json_member(*body, "nextUpdate"), &out->next_s))
        return refuse(complaint, name, "issueDate and nextUpdate of form 2025-06-19T10:56:11Z");
    if (!read_u32(vch_json_member(*body, "tcbEvaluationDataNumber"), &out->evaluation))
        return refuse(complaint, name, "a tcbEvaluationDataNumber");
    return VCH_OK;
}

static read_tcb *tcb_of(const struct vch_dcap_collateral_document *document)
{
    if (document->version == 2 && document->id[0] == '\0') return read_sgx_2;
    if (document->version == 3 && strcmp(document->id, "SGX") == 0) return read_sgx;
    if (document->version == 3 && strcmp(document->id, "TDX") == 0) return read_tdx;
    return NULL;
}

vch_status vch_dcap_collateral_decode_tcb_info(struct vch_dcap_collateral_tcb_info *out,
                                               struct vch_arena *arena, const uint8_t *bytes,
                                               size_t size, struct vch_complaint *complaint)
{
    static const char name[] = "tcbInfo";
    const struct vch_json_value *body = NULL;

    *out = (struct vch_dcap_collateral_tcb_info){0};
    VCH_TRY(read_document(&out->document, arena, bytes, size, name, &body, complaint));
    const struct vch_json_value *id = vch_json_member(body, "id");
    if (id != NULL && !read_id(id, out->document.id)) return refuse(complaint, name, "an id");
    read_tcb *read = tcb_of(&out->document);
    if (read == NULL)
        return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                            "expected TCB Info of version 3 for SGX or TDX, found version %u of "
                            "\"%s\"; fetch it from Intel's service of version 4",
                            out->document.version, out->document.id);
    if (!vch_json_hex(vch_json_member(body, "fmspc"), out->fmspc, sizeof out->fmspc))
        return refuse(complaint, name, "an fmspc of 6 bytes in hexadecimal");
    if (out->document.version > 2 &&
        !vch_json_hex(vch_json_member(body, "pceId"), out->pce_id, sizeof out->pce_id))
        return refuse(complaint, name, "a pceId of 2 bytes in hexadecimal");
    if (!read_u32(vch_json_member(body, "tcbType"), &out->tcb_type))
        return refuse(complaint, name, "a tcbType");
    out->has_module = read == read_tdx;
    if (out->has_module && !read_module(&out->module, vch_json_member(body, "tdxModule")))
        return refuse(complaint, name, "a tdxModule: mrsigner, attributes and their mask");
    if (out->has_module && !read_modules(out, arena, vch_json_member(body, "tdxModuleIdentities")))
        return refuse(complaint, name, "well-formed tdxModuleIdentities");
    if (!read_levels(&out->levels, arena, vch_json_member(body, "tcbLevels"), read))
        return refuse(complaint, name, "well-formed tcbLevels");
    return VCH_OK;
}

vch_status vch_dcap_collateral_decode_identity(struct vch_dcap_collateral_identity *out,
                                               struct vch_arena *arena, const uint8_t *bytes,
                                               size_t size, struct vch_complaint *complaint)
{
    static const char name[] = "enclaveIdentity";
    const struct vch_json_value *body = NULL;

    *out = (struct vch_dcap_collateral_identity){0};
    VCH_TRY(read_document(&out->document, arena, bytes, size, name, &body, complaint));
    if (!read_id(vch_json_member(body, "id"), out->document.id))
        return refuse(complaint, name, "an id");
    if (out->document.version != 2)
        return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                            "expected an enclaveIdentity of version 2, found %u",
                            out->document.version);

    const struct {
        const char *key;
        uint8_t *out;
        size_t size;
    } fields[] = {{"miscselect", out->misc_select, 4},
                  {"miscselectMask", out->misc_select_mask, 4},
                  {"attributes", out->attributes, 16},
                  {"attributesMask", out->attributes_mask, 16},
                  {"mrsigner", out->signer, 32}};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (!vch_json_hex(vch_json_member(body, fields[i].key), fields[i].out, fields[i].size))
            return refuse(complaint, name, fields[i].key);
    if (!read_u16(vch_json_member(body, "isvprodid"), &out->product))
        return refuse(complaint, name, "an isvprodid");
    if (!read_levels(&out->levels, arena, vch_json_member(body, "tcbLevels"), read_enclave))
        return refuse(complaint, name, "well-formed tcbLevels");
    return VCH_OK;
}
