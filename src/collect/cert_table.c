#include "collect/cert_table.h"

#include <string.h>

#include "base/bytes.h"

enum { ENTRY_SIZE = 24, ID_SIZE = 16, OFFSET_AT = 16, LENGTH_AT = 20 };

enum what { VCEK, VLEK, ASK, CRL, WHAT_COUNT };

// As their text stands, which is how AMD's own tools write them.
static const uint8_t IDS[WHAT_COUNT][ID_SIZE] = {
    [VCEK] = {0x63, 0xda, 0x75, 0x8d, 0xe6, 0x64, 0x45, 0x64, 0xad, 0xc5, 0xf4, 0xb9, 0x3b, 0xe8,
              0xac, 0xcd},
    [VLEK] = {0xa8, 0x07, 0x4b, 0xc2, 0xa2, 0x5a, 0x48, 0x3e, 0xaa, 0xe6, 0x39, 0xc0, 0x45, 0xa0,
              0xb8, 0xa1},
    [ASK] = {0x4a, 0xb7, 0xb3, 0x79, 0xbb, 0xac, 0x4f, 0xe4, 0xa0, 0x2f, 0x05, 0xae, 0xf3, 0x27,
             0xc7, 0x82},
    [CRL] = {0x92, 0xf8, 0x1b, 0xc3, 0x58, 0x11, 0x4d, 0x3d, 0x97, 0xff, 0xd1, 0x9f, 0x88, 0xdc,
             0x67, 0xea},
};

// Some hosts write identifiers as Microsoft does: the first three groups little-endian.
static void swap_groups(uint8_t out[ID_SIZE], const uint8_t *id)
{
    static const uint8_t order[ID_SIZE] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};

    for (size_t i = 0; i < ID_SIZE; i++)
        out[i] = id[order[i]];
}

static enum what recognise(const uint8_t *id)
{
    uint8_t swapped[ID_SIZE];
    uint32_t what = 0;

    swap_groups(swapped, id);
    while (what < WHAT_COUNT && memcmp(IDS[what], id, ID_SIZE) != 0 &&
           memcmp(IDS[what], swapped, ID_SIZE) != 0)
        what++;
    return (enum what)what;
}

struct found {
    const uint8_t *bytes;
    size_t size;
};

static vch_status refuse(struct vch_complaint *complaint, enum vch_code code, const char *what,
                         size_t entry)
{
    return vch_complain(complaint, code,
                        "the host's certificate table is none: %s, at entry %zu; give the "
                        "certificates by --endorse, and tell whoever runs the host",
                        what, entry);
}

// Entries up to the one of zeroes; the certificates lie behind it.
static vch_status count_entries(size_t *out, const uint8_t *bytes, size_t size,
                                struct vch_complaint *complaint)
{
    size_t count = 0;

    for (;; count++) {
        if (count > VCH_CERT_TABLE_ENTRIES_MAX)
            return refuse(complaint, VCH_CODE_LIMIT, "too many entries", count);
        if (size < (count + 1) * ENTRY_SIZE)
            return refuse(complaint, VCH_CODE_MALFORMED, "no last entry", count);
        if (vch_is_zero(bytes + count * ENTRY_SIZE, ID_SIZE)) break;
    }
    *out = count;
    return VCH_OK;
}

vch_status vch_cert_table_decode(struct vch_cert_table *out, const uint8_t *bytes, size_t size,
                                 struct vch_complaint *complaint)
{
    struct found found[WHAT_COUNT + 1] = {{0}};
    size_t count = 0;

    *out = (struct vch_cert_table){0};
    if (size > VCH_CERT_TABLE_SIZE_MAX) return refuse(complaint, VCH_CODE_LIMIT, "too large", 0);
    if (vch_is_zero(bytes, size)) return VCH_OK;
    VCH_TRY(count_entries(&count, bytes, size, complaint));
    for (size_t i = 0; i < count; i++) {
        const uint8_t *entry = bytes + i * ENTRY_SIZE;
        size_t offset = vch_get_u32le(entry + OFFSET_AT), length = vch_get_u32le(entry + LENGTH_AT);
        if (offset < (count + 1) * ENTRY_SIZE || offset > size || length > size - offset)
            return refuse(complaint, VCH_CODE_MALFORMED, "a certificate that is not in it", i);
        enum what what = recognise(entry);
        if (what < WHAT_COUNT && found[what].bytes != NULL)
            return refuse(complaint, VCH_CODE_MALFORMED, "two of a kind", i);
        if (length > 0) found[what] = (struct found){bytes + offset, length};
    }
    const struct found *vek = found[VCEK].bytes != NULL ? &found[VCEK] : &found[VLEK];
    *out = (struct vch_cert_table){vek->bytes, found[ASK].bytes, found[CRL].bytes,
                                   vek->size,  found[ASK].size,  found[CRL].size};
    return VCH_OK;
}
