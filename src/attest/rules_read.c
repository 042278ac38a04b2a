// Objects by their tables, and what they are made of.
#include "attest/rules_read.h"

#include <string.h>

#include "base/bytes.h"

vch_status vch_rules_read_expected(const struct vch_rules_at *at, const char *what)
{
    return vch_complain(at->source->complaint, VCH_CODE_MALFORMED,
                        "expected %s as member \"%s\" of \"%s\" in the rules; specs/rules.md has "
                        "every member",
                        what, at->member->key, at->object);
}

void *vch_rules_read_room(const struct vch_rules_at *at, size_t count, size_t size)
{
    void *room = vch_arena_alloc(at->source->arena, count, size);

    if (room == NULL)
        (void)vch_complain(at->source->complaint, VCH_CODE_NO_MEMORY,
                           "no memory for member \"%s\" of \"%s\" in the rules", at->member->key,
                           at->object);
    return room;
}

static const struct vch_rules_member *find(const struct vch_rules_object *object,
                                           const struct vch_json_value *value)
{
    for (const struct vch_rules_member *member = object->members; member->key != NULL; member++)
        if (strlen(member->key) == value->key_size &&
            memcmp(member->key, value->key, value->key_size) == 0)
            return member;
    return NULL;
}

vch_status vch_rules_read_object(const struct vch_rules_source *source,
                                 const struct vch_rules_object *object,
                                 const struct vch_json_value *value, void *out)
{
    struct vch_rules_at at = {.source = source, .object = object->name};

    if (!vch_json_is(value, VCH_JSON_OBJECT))
        return vch_complain(source->complaint, VCH_CODE_MALFORMED,
                            "expected \"%s\" in the rules to be an object", object->name);
    for (at.member = object->members; at.member->key != NULL; at.member++)
        if (at.member->is_needed && vch_json_member(value, at.member->key) == NULL)
            return vch_rules_read_expected(&at, "a value, even where it says nothing,");
    const struct vch_json_value *inside = vch_json_first(value);
    for (uint32_t i = 0; i < value->count; i++, inside = vch_json_next(inside)) {
        at.member = find(object, inside);
        if (at.member == NULL)
            return vch_complain(source->complaint, VCH_CODE_MALFORMED,
                                "\"%s\" in the rules has the member \"%.*s\", which means nothing "
                                "there: specs/rules.md has every member",
                                object->name, (int)inside->key_size, inside->key);
        VCH_TRY(at.member->read(&at, inside, (uint8_t *)out + at.member->offset));
    }
    return VCH_OK;
}

vch_status vch_rules_read_inside(const struct vch_rules_at *at, const struct vch_json_value *value,
                                 void *out)
{
    return vch_rules_read_object(at->source, at->member->detail, value, out);
}

vch_status vch_rules_read_objects(const struct vch_rules_at *at, const struct vch_json_value *value,
                                  void *out)
{
    struct vch_rules_list *list = out;

    if (!vch_json_is(value, VCH_JSON_ARRAY))
        return vch_rules_read_expected(at, "a list of objects");
    uint8_t *items = vch_rules_read_room(at, value->count, at->member->limit);
    if (items == NULL) return VCH_FAIL(NO_MEMORY);
    const struct vch_json_value *inside = vch_json_first(value);
    for (uint32_t i = 0; i < value->count; i++, inside = vch_json_next(inside))
        VCH_TRY(vch_rules_read_object(at->source, at->member->detail, inside,
                                      items + i * at->member->limit));
    *list = (struct vch_rules_list){items, value->count};
    return VCH_OK;
}

vch_status vch_rules_read_bool(const struct vch_rules_at *at, const struct vch_json_value *value,
                               void *out)
{
    *(bool *)out = vch_json_is(value, VCH_JSON_TRUE);
    return *(bool *)out || vch_json_is(value, VCH_JSON_FALSE)
               ? VCH_OK
               : vch_rules_read_expected(at, "true or false");
}

vch_status vch_rules_read_never(const struct vch_rules_at *at, const struct vch_json_value *value,
                                void *out)
{
    (void)out;
    if (vch_json_is(value, VCH_JSON_FALSE)) return VCH_OK;
    return vch_complain(at->source->complaint, VCH_CODE_REFUSED,
                        "\"%s\" of \"%s\" is something that no rules can allow: leave it out, or "
                        "say false",
                        at->member->key, at->object);
}

vch_status vch_rules_read_u64(const struct vch_rules_at *at, const struct vch_json_value *value,
                              void *out)
{
    return vch_json_u64(value, UINT64_MAX, out) ? VCH_OK
                                                : vch_rules_read_expected(at, "a whole number");
}

static vch_status read_number(const struct vch_rules_at *at, const struct vch_json_value *value,
                              uint64_t max, uint64_t *out)
{
    if (vch_json_u64(value, max, out)) return VCH_OK;
    return vch_complain(at->source->complaint, VCH_CODE_MALFORMED,
                        "expected numbers of 0 to %llu as member \"%s\" of \"%s\" in the rules",
                        (unsigned long long)max, at->member->key, at->object);
}

vch_status vch_rules_read_u32(const struct vch_rules_at *at, const struct vch_json_value *value,
                              void *out)
{
    uint64_t number = 0;

    VCH_TRY(read_number(at, value, at->member->limit, &number));
    *(uint32_t *)out = (uint32_t)number;
    return VCH_OK;
}

vch_status vch_rules_read_u8(const struct vch_rules_at *at, const struct vch_json_value *value,
                             void *out)
{
    uint64_t number = 0;

    VCH_TRY(read_number(at, value, UINT8_MAX, &number));
    *(uint8_t *)out = (uint8_t)number;
    return VCH_OK;
}

vch_status vch_rules_read_bits(const struct vch_rules_at *at, const struct vch_json_value *value,
                               void *out)
{
    uint64_t number = 0;

    if (!vch_json_is(value, VCH_JSON_ARRAY))
        return vch_rules_read_expected(at, "a list of numbers");
    const struct vch_json_value *inside = vch_json_first(value);
    for (uint32_t i = 0; i < value->count; i++, inside = vch_json_next(inside)) {
        VCH_TRY(read_number(at, inside, at->member->limit, &number));
        *(uint32_t *)out |= UINT32_C(1) << number;
    }
    return VCH_OK;
}

static const struct vch_rules_name *name_of(const struct vch_rules_at *at,
                                            const struct vch_json_value *value)
{
    for (const struct vch_rules_name *name = at->member->detail; name->text != NULL; name++)
        if (vch_json_is_string(value, name->text)) return name;
    return NULL;
}

// A complaint that says all of the names; it is cut where it is too long.
static vch_status expected_names(const struct vch_rules_at *at)
{
    char text[384];
    size_t used = 0;

    for (const struct vch_rules_name *name = at->member->detail; name->text != NULL; name++) {
        size_t size = strlen(name->text);
        if (used + size + 2 > sizeof text) break;
        if (used > 0) text[used++] = ' ';
        memcpy(text + used, name->text, size);
        used += size;
    }
    text[used] = '\0';
    return vch_complain(at->source->complaint, VCH_CODE_MALFORMED,
                        "expected of these names for member \"%s\" of \"%s\" in the rules: %s",
                        at->member->key, at->object, text);
}

vch_status vch_rules_read_name(const struct vch_rules_at *at, const struct vch_json_value *value,
                               void *out)
{
    const struct vch_rules_name *name = name_of(at, value);

    if (name == NULL) return expected_names(at);
    *(uint64_t *)out |= name->bits;
    return VCH_OK;
}

vch_status vch_rules_read_names(const struct vch_rules_at *at, const struct vch_json_value *value,
                                void *out)
{
    if (!vch_json_is(value, VCH_JSON_ARRAY)) return vch_rules_read_expected(at, "a list of names");
    const struct vch_json_value *inside = vch_json_first(value);
    for (uint32_t i = 0; i < value->count; i++, inside = vch_json_next(inside))
        VCH_TRY(vch_rules_read_name(at, inside, out));
    return VCH_OK;
}
