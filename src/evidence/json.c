#include "evidence/json.h"

#include <string.h>

struct scan {
    const char *text;
    size_t size, at;
    struct vch_json_value *values;
    uint32_t count;
    struct vch_complaint *complaint;
};

static vch_status refuse(const struct scan *scan, const char *expected)
{
    return vch_complain(scan->complaint, VCH_CODE_MALFORMED,
                        "expected JSON with %s at byte %zu of %zu; ask its sender for the bytes as "
                        "they were signed",
                        expected, scan->at, scan->size);
}

static bool is_next(const struct scan *scan, char c)
{
    return scan->at < scan->size && scan->text[scan->at] == c;
}

static bool take(struct scan *scan, char c)
{
    if (!is_next(scan, c)) return false;
    scan->at++;
    return true;
}

static void skip_space(struct scan *scan)
{
    while (is_next(scan, ' ') || is_next(scan, '\n') || is_next(scan, '\r') || is_next(scan, '\t'))
        scan->at++;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static vch_status read_string(struct scan *scan)
{
    if (!take(scan, '"')) return refuse(scan, "a string");
    for (; scan->at < scan->size && scan->text[scan->at] != '"'; scan->at++) {
        char c = scan->text[scan->at];
        if (c < ' ' || c > '~' || c == '\\')
            return refuse(scan, "a string of printable ASCII without escapes");
    }
    return take(scan, '"') ? VCH_OK : refuse(scan, "the end of a string");
}

static vch_status read_number(struct scan *scan)
{
    size_t start = scan->at;
    uint64_t value = 0;

    for (; scan->at < scan->size && is_digit(scan->text[scan->at]); scan->at++) {
        uint64_t digit = (uint64_t)(scan->text[scan->at] - '0');
        if (value > (UINT64_MAX - digit) / 10) return refuse(scan, "a number of 64 bits at most");
        value = 10 * value + digit;
    }
    if (scan->text[start] == '0' && scan->at - start > 1)
        return refuse(scan, "a number without leading zeros");
    if (is_next(scan, '.') || is_next(scan, 'e') || is_next(scan, 'E'))
        return refuse(scan, "a whole number");
    return VCH_OK;
}

static vch_status read_word(struct scan *scan, enum vch_json_kind kind)
{
    static const char *const words[] = {
        [VCH_JSON_TRUE] = "true", [VCH_JSON_FALSE] = "false", [VCH_JSON_NULL] = "null"};
    size_t size = strlen(words[kind]);

    if (scan->size - scan->at < size || memcmp(scan->text + scan->at, words[kind], size) != 0)
        return refuse(scan, "a value");
    scan->at += size;
    return VCH_OK;
}

static bool is_key(const struct vch_json_value *value, const char *key, size_t size)
{
    return value->key_size == size && memcmp(value->key, key, size) == 0;
}

// NOLINTBEGIN(misc-no-recursion): eight calls deep at most, VCH_JSON_DEPTH_MAX
static vch_status read_value(struct scan *scan, unsigned depth, const char *key, size_t key_size);

static vch_status read_member(struct scan *scan, const struct vch_json_value *object,
                              unsigned depth)
{
    const char *key = scan->text + scan->at + 1;

    if (object->count == VCH_JSON_MEMBERS_MAX) return refuse(scan, "256 members in an object");
    VCH_TRY(read_string(scan));
    size_t size = (size_t)(scan->text + scan->at - 1 - key);
    const struct vch_json_value *other = vch_json_first(object);
    for (uint32_t i = 0; i < object->count; i++, other = vch_json_next(other))
        if (is_key(other, key, size)) return refuse(scan, "each key once in its object");
    skip_space(scan);
    if (!take(scan, ':')) return refuse(scan, "\":\" after a key");
    skip_space(scan);
    return read_value(scan, depth, key, size);
}

// Between brackets, which are of `value`'s kind.
static vch_status read_inside(struct scan *scan, struct vch_json_value *value, unsigned depth)
{
    char close = value->kind == VCH_JSON_OBJECT ? '}' : ']';

    if (depth > VCH_JSON_DEPTH_MAX) return refuse(scan, "a nesting of 8 at most");
    scan->at++;
    skip_space(scan);
    if (take(scan, close)) return VCH_OK;
    do {
        skip_space(scan);
        VCH_TRY(value->kind == VCH_JSON_OBJECT ? read_member(scan, value, depth + 1)
                                               : read_value(scan, depth + 1, NULL, 0));
        value->count++;
        skip_space(scan);
    } while (take(scan, ','));
    return take(scan, close) ? VCH_OK : refuse(scan, "\",\" or a closing bracket");
}

static enum vch_json_kind kind_of(char c)
{
    switch (c) {
    case '{': return VCH_JSON_OBJECT;
    case '[': return VCH_JSON_ARRAY;
    case '"': return VCH_JSON_STRING;
    case 't': return VCH_JSON_TRUE;
    case 'f': return VCH_JSON_FALSE;
    default: return is_digit(c) ? VCH_JSON_NUMBER : VCH_JSON_NULL;
    }
}

static vch_status read_value(struct scan *scan, unsigned depth, const char *key, size_t key_size)
{
    if (scan->at == scan->size) return refuse(scan, "a value");

    struct vch_json_value *value = &scan->values[scan->count];
    uint32_t index = scan->count++;
    *value = (struct vch_json_value){.key = key,
                                     .key_size = (uint32_t)key_size,
                                     .text = scan->text + scan->at,
                                     .kind = kind_of(scan->text[scan->at])};
    if (value->kind <= VCH_JSON_ARRAY)
        VCH_TRY(read_inside(scan, value, depth));
    else if (value->kind == VCH_JSON_STRING)
        VCH_TRY(read_string(scan));
    else if (value->kind == VCH_JSON_NUMBER)
        VCH_TRY(read_number(scan));
    else
        VCH_TRY(read_word(scan, value->kind));
    value->text_size = (uint32_t)(scan->text + scan->at - value->text);
    value->skip = scan->count - index;
    return VCH_OK;
}

// NOLINTEND(misc-no-recursion)

// A value is the whole document, or follows an opening bracket or a comma.
static size_t values_max(const char *text, size_t size)
{
    size_t count = 1;

    for (size_t i = 0; i < size; i++)
        count += text[i] == '{' || text[i] == '[' || text[i] == ',';
    return count;
}

vch_status vch_json_decode(const struct vch_json_value **root, struct vch_arena *arena,
                           const void *text, size_t size, struct vch_complaint *complaint)
{
    struct scan scan = {.text = text, .size = size, .complaint = complaint};

    *root = NULL;
    if (size > VCH_JSON_SIZE_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT,
                            "expected JSON of %u bytes at most, found %zu", VCH_JSON_SIZE_MAX,
                            size);
    scan.values = VCH_ARENA_NEW(arena, struct vch_json_value, values_max(text, size));
    if (scan.values == NULL)
        return vch_complain(complaint, VCH_CODE_NO_MEMORY, "no memory for %zu bytes of JSON", size);
    skip_space(&scan);
    VCH_TRY(read_value(&scan, 1, NULL, 0));
    skip_space(&scan);
    if (scan.at != size) return refuse(&scan, "nothing after the document");
    *root = scan.values;
    return VCH_OK;
}

const struct vch_json_value *vch_json_member(const struct vch_json_value *object, const char *key)
{
    size_t size = strlen(key);

    if (!vch_json_is(object, VCH_JSON_OBJECT)) return NULL;
    const struct vch_json_value *member = vch_json_first(object);
    for (uint32_t i = 0; i < object->count; i++, member = vch_json_next(member))
        if (is_key(member, key, size)) return member;
    return NULL;
}
