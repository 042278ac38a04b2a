// Whether bytes are one CBOR item in the one form: every item looked at once, with a stack of four.
#include <string.h>

#include "evidence/cbor.h"
#include "evidence/cbor_head.h"

// An array, a map or a tag whose items are being read.
struct level {
    uint64_t left; // items, of a map two for each pair
    bool is_map;
    size_t key, key_size; // the last one; 0: none so far
};

struct walk {
    struct vch_cbor_reader reader;
    struct level levels[VCH_CBOR_DEPTH_MAX];
    size_t depth;
    const char *why;
};

static vch_status refuse(struct walk *walk, enum vch_code code, const char *why)
{
    walk->why = why;
    return (vch_status){code};
}

// How many bytes a character takes that begins so; 0: none does (RFC 3629, section 4).
static size_t utf8_size(const uint8_t *at, size_t left)
{
    static const struct {
        uint8_t first, last, second_first, second_last, size;
    } rows[] = {
        {0x00, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (at[0] < rows[i].first || at[0] > rows[i].last) continue;
        if (left < rows[i].size) return 0;
        if (rows[i].size > 1 && (at[1] < rows[i].second_first || at[1] > rows[i].second_last))
            return 0;
        for (size_t k = 2; k < rows[i].size; k++)
            if (at[k] >> 6 != 2) return 0;
        return rows[i].size;
    }
    return 0;
}

static bool is_utf8(const uint8_t *bytes, size_t size)
{
    for (size_t done = 0, step; done < size; done += step) {
        step = utf8_size(bytes + done, size - done);
        if (step == 0) return false;
    }
    return true;
}

static vch_status string(struct walk *walk, const struct vch_cbor_head *head)
{
    struct vch_cbor_reader *reader = &walk->reader;
    const uint8_t *bytes = reader->bytes + reader->offset;

    if (head->value > reader->size - reader->offset)
        return refuse(walk, VCH_CODE_TRUNCATED, "a string ends before its length says");
    if (head->type == VCH_CBOR_TEXT && !is_utf8(bytes, (size_t)head->value))
        return refuse(walk, VCH_CODE_MALFORMED, "a text is not UTF-8");
    reader->offset += (size_t)head->value;
    return VCH_OK;
}

static vch_status enter(struct walk *walk, const struct vch_cbor_head *head)
{
    size_t rest = walk->reader.size - walk->reader.offset;
    bool is_map = head->type == VCH_CBOR_MAP;

    if (walk->depth == VCH_CBOR_DEPTH_MAX)
        return refuse(walk, VCH_CODE_LIMIT, "more than four arrays, maps or tags in each other");
    uint64_t count = head->type == VCH_CBOR_TAG ? 1 : head->value;
    if (count > rest / (is_map ? 2 : 1))
        return refuse(walk, VCH_CODE_TRUNCATED, "more items are announced than there are bytes");
    walk->levels[walk->depth++] = (struct level){is_map ? 2 * count : count, is_map, 0, 0};
    return VCH_OK;
}

// The key from `start` to here comes after the one before, byte by byte (RFC 8949, section 4.2.1).
static vch_status check_key(struct walk *walk, size_t start)
{
    struct level *level = &walk->levels[walk->depth - 1];
    const uint8_t *bytes = walk->reader.bytes;
    size_t size = walk->reader.offset - start;
    size_t shared = size < level->key_size ? size : level->key_size;
    int order = shared == 0 ? 1 : memcmp(bytes + start, bytes + level->key, shared);

    if (order < 0 || (order == 0 && size <= level->key_size))
        return refuse(walk, VCH_CODE_MALFORMED, "the keys of a map do not ascend");
    level->key = start;
    level->key_size = size;
    return VCH_OK;
}

static bool is_key_next(const struct walk *walk)
{
    if (walk->depth == 0) return false;
    const struct level *level = &walk->levels[walk->depth - 1];
    return level->is_map && level->left % 2 == 0;
}

static vch_status body(struct walk *walk, const struct vch_cbor_head *head)
{
    switch (head->type) {
    case VCH_CBOR_BYTES:
    case VCH_CBOR_TEXT: return string(walk, head);
    case VCH_CBOR_ARRAY:
    case VCH_CBOR_MAP:
    case VCH_CBOR_TAG: return enter(walk, head);
    case VCH_CBOR_SIMPLE: // false, true, null
        if (head->value < 20 || head->value > 22)
            return refuse(walk, VCH_CODE_UNSUPPORTED,
                          "a simple value other than false, true, null");
        return VCH_OK;
    case VCH_CBOR_UINT:
    case VCH_CBOR_NEGATIVE:
    case VCH_CBOR_END:
    default: return VCH_OK;
    }
}

// One item, without what it holds.
static vch_status step(struct walk *walk)
{
    bool is_key = is_key_next(walk);
    size_t start = walk->reader.offset, depth = walk->depth;
    struct vch_cbor_head head;

    vch_status status = vch_cbor_head(&walk->reader, &head);
    if (!vch_is_ok(status))
        return refuse(walk, status.code,
                      status.code == VCH_CODE_TRUNCATED     ? "it ends within an item"
                      : status.code == VCH_CODE_UNSUPPORTED ? "a float or another simple value"
                                                            : "a length or number is not in its "
                                                              "shortest, definite form");
    if (is_key && head.type > VCH_CBOR_TEXT)
        return refuse(walk, VCH_CODE_UNSUPPORTED, "a key is neither number nor string");
    VCH_TRY(body(walk, &head));
    if (is_key) VCH_TRY(check_key(walk, start));
    if (walk->depth == depth && depth > 0) walk->levels[depth - 1].left--;
    return VCH_OK;
}

// Levels that are complete; each was an item of the one around it.
static void leave(struct walk *walk)
{
    while (walk->depth > 0 && walk->levels[walk->depth - 1].left == 0) {
        walk->depth--;
        if (walk->depth > 0) walk->levels[walk->depth - 1].left--;
    }
}

vch_status vch_cbor_check(const void *bytes, size_t size, struct vch_complaint *complaint)
{
    struct walk walk = {.reader = {bytes, size, 0}};
    vch_status status;

    do {
        status = step(&walk);
        leave(&walk);
    } while (vch_is_ok(status) && walk.depth > 0);
    if (vch_is_ok(status) && walk.reader.offset != size)
        status = refuse(&walk, VCH_CODE_MALFORMED, "something follows");
    if (!vch_is_ok(status))
        return vch_complain(complaint, status.code,
                            "not CBOR in the form expected: %s, at byte %zu", walk.why,
                            walk.reader.offset);
    return VCH_OK;
}
