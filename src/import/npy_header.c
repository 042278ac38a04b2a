#include "import/npy_header.h"

#include <string.h>

#include "base/reader.h"

// The dictionary's text and how far it has been read.
struct text {
    const char *at, *end;
    struct vch_complaint *complaint;
};

enum key { KEY_DESCR, KEY_FORTRAN_ORDER, KEY_SHAPE, KEY_COUNT };

static const char *const key_names[KEY_COUNT] = {"descr", "fortran_order", "shape"};

static vch_status expected(const struct text *text, const char *what)
{
    size_t left = (size_t)(text->end - text->at);
    return vch_complain(text->complaint, VCH_CODE_MALFORMED,
                        "the .npy header: expected %s, found '%.*s'", what,
                        (int)(left < 20 ? left : 20), text->at);
}

static void skip_space(struct text *text)
{
    while (text->at < text->end && strchr(" \t\r\n", *text->at) != NULL && *text->at != '\0')
        text->at++;
}

// Takes the character if it comes next.
static bool take(struct text *text, char c)
{
    skip_space(text);
    if (text->at == text->end || *text->at != c) return false;
    text->at++;
    return true;
}

static bool take_word(struct text *text, const char *word)
{
    size_t size = strlen(word);

    skip_space(text);
    if ((size_t)(text->end - text->at) < size || memcmp(text->at, word, size) != 0) return false;
    text->at += size;
    return true;
}

static vch_status read_string(struct text *text, const char **out, size_t *size)
{
    char quote = '\'';

    if (!take(text, quote)) {
        quote = '"';
        if (!take(text, quote)) return expected(text, "a string in quotes");
    }
    const char *close = memchr(text->at, quote, (size_t)(text->end - text->at));
    if (close == NULL) return expected(text, "a closing quote");
    *out = text->at;
    *size = (size_t)(close - text->at);
    text->at = close + 1;
    return VCH_OK;
}

static vch_status read_dim(struct text *text, uint64_t *out)
{
    uint64_t value = 0;

    skip_space(text);
    if (text->at == text->end || *text->at < '0' || *text->at > '9')
        return expected(text, "a dimension");
    for (; text->at < text->end && *text->at >= '0' && *text->at <= '9'; text->at++) {
        value = 10 * value + (uint64_t)(*text->at - '0');
        if (value > VCH_NPY_COUNT_MAX)
            return vch_complain(text->complaint, VCH_CODE_LIMIT,
                                "the .npy header: a dimension is above %zu", VCH_NPY_COUNT_MAX);
    }
    (void)take(text, 'L'); // Python 2 wrote long integers so
    *out = value;
    return VCH_OK;
}

static vch_status read_descr(struct text *text, struct vch_npy_header *header)
{
    const char *descr = NULL;
    size_t size = 0;

    skip_space(text);
    if (text->at < text->end && *text->at == '[')
        return vch_complain(text->complaint, VCH_CODE_UNSUPPORTED,
                            "the array holds records with fields; expected plain numbers");
    VCH_TRY(read_string(text, &descr, &size));
    return vch_npy_type_parse(&header->type, descr, size, text->complaint);
}

static vch_status read_order(struct text *text, struct vch_npy_header *header)
{
    header->is_fortran_order = take_word(text, "True");
    if (header->is_fortran_order || take_word(text, "False")) return VCH_OK;
    return expected(text, "True or False after fortran_order");
}

static vch_status read_shape(struct text *text, struct vch_npy_header *header)
{
    bool has_comma = true;

    if (!take(text, '(')) return expected(text, "'(' before the shape");
    while (!take(text, ')')) {
        if (!has_comma) return expected(text, "',' or ')' in the shape");
        if (header->rank == VCH_NPY_RANK_MAX)
            return vch_complain(text->complaint, VCH_CODE_LIMIT,
                                "the array has more than %d dimensions", VCH_NPY_RANK_MAX);
        VCH_TRY(read_dim(text, &header->dims[header->rank]));
        header->rank++;
        has_comma = take(text, ',');
    }
    // (3) is a number in Python, not a tuple.
    if (header->rank == 1 && !has_comma) return expected(text, "',' in a shape of one dimension");
    return VCH_OK;
}

static vch_status read_entry(struct text *text, struct vch_npy_header *header, bool seen[KEY_COUNT])
{
    static vch_status (*const readers[KEY_COUNT])(struct text *, struct vch_npy_header *) = {
        read_descr, read_order, read_shape};
    const char *name = NULL;
    size_t size = 0;

    VCH_TRY(read_string(text, &name, &size));
    for (size_t key = 0; key < KEY_COUNT; key++) {
        if (strlen(key_names[key]) != size || memcmp(key_names[key], name, size) != 0) continue;
        if (seen[key])
            return vch_complain(text->complaint, VCH_CODE_MALFORMED,
                                "the .npy header: '%s' stands twice", key_names[key]);
        seen[key] = true;
        if (!take(text, ':')) return expected(text, "':' after a key");
        return readers[key](text, header);
    }
    return vch_complain(text->complaint, VCH_CODE_MALFORMED,
                        "the .npy header: unknown key '%.*s'; expected descr, fortran_order, shape",
                        (int)(size < 40 ? size : 40), name);
}

static vch_status read_dictionary(struct text *text, struct vch_npy_header *header)
{
    bool seen[KEY_COUNT] = {false}, has_comma = true;

    if (!take(text, '{')) return expected(text, "'{'");
    while (!take(text, '}')) {
        if (!has_comma) return expected(text, "',' or '}'");
        VCH_TRY(read_entry(text, header, seen));
        has_comma = take(text, ',');
    }
    skip_space(text);
    if (text->at != text->end) return expected(text, "nothing after '}'");
    for (size_t key = 0; key < KEY_COUNT; key++)
        if (!seen[key])
            return vch_complain(text->complaint, VCH_CODE_MALFORMED,
                                "the .npy header: '%s' is missing", key_names[key]);
    return VCH_OK;
}

static vch_status count_elements(struct vch_npy_header *header, struct vch_complaint *complaint)
{
    header->count = 1;
    for (uint32_t i = 0; i < header->rank; i++) {
        if (header->dims[i] == 0)
            return vch_complain(complaint, VCH_CODE_MALFORMED,
                                "the array is empty: dimension %u is 0", i);
        if (header->dims[i] > VCH_NPY_COUNT_MAX / header->count)
            return vch_complain(complaint, VCH_CODE_LIMIT, "the array has more than %zu elements",
                                VCH_NPY_COUNT_MAX);
        header->count *= (size_t)header->dims[i];
    }
    return VCH_OK;
}

// Magic, version and the size of the dictionary; leaves the reader at its first byte.
static vch_status read_prefix(struct vch_reader *reader, uint32_t *size,
                              struct vch_complaint *complaint)
{
    static const uint8_t magic[6] = {0x93, 'N', 'U', 'M', 'P', 'Y'};
    const uint8_t *start = NULL;
    uint16_t small = 0, version = 0;

    VCH_TRY(vch_reader_bytes(reader, sizeof magic, &start));
    if (memcmp(start, magic, sizeof magic) != 0)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            memcmp(start, "PK\3\4", 4) == 0
                                ? "this is an archive (.npz), not a single array (.npy)"
                                : "not a NumPy array: it does not begin with \\x93NUMPY (save it "
                                  "with numpy.save)");
    VCH_TRY(vch_reader_u16le(reader, &version));
    if (version == 1) {
        VCH_TRY(vch_reader_u16le(reader, &small));
        *size = small;
        return VCH_OK;
    }
    if (version != 2 && version != 3)
        return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                            ".npy format %d.%d; expected 1.0, 2.0 or 3.0", version & 255,
                            version >> 8);
    return vch_reader_u32le(reader, size);
}

static vch_status decode(struct vch_npy_header *out, struct vch_reader *reader,
                         struct vch_complaint *complaint)
{
    struct vch_npy_header header = {0};
    uint32_t size = 0;
    const uint8_t *dictionary = NULL;

    VCH_TRY(read_prefix(reader, &size, complaint));
    if (size > VCH_NPY_HEADER_SIZE_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT,
                            "the .npy header says that it has %u bytes; at most %u are accepted",
                            size, VCH_NPY_HEADER_SIZE_MAX);
    VCH_TRY(vch_reader_bytes(reader, size, &dictionary));
    struct text text = {(const char *)dictionary, (const char *)dictionary + size, complaint};
    VCH_TRY(read_dictionary(&text, &header));
    VCH_TRY(count_elements(&header, complaint));
    header.data_offset = reader->offset;
    *out = header;
    return VCH_OK;
}

vch_status vch_npy_header_decode(struct vch_npy_header *out, const uint8_t *bytes, size_t size,
                                 struct vch_complaint *complaint)
{
    struct vch_reader reader = {.bytes = bytes, .size = size};
    vch_status status = decode(out, &reader, complaint);

    if (status.code == VCH_CODE_TRUNCATED)
        return vch_complain(complaint, VCH_CODE_TRUNCATED,
                            "the file ends inside the .npy header, after %zu bytes", size);
    return status;
}
