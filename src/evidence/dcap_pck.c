#include "evidence/dcap_pck.h"

#include <string.h>

#include "base/reader.h"

enum {
    TAG_BOOLEAN = 1,
    TAG_INTEGER = 2,
    TAG_OCTETS = 4,
    TAG_OID = 6,
    TAG_ENUMERATED = 10,
    TAG_SEQUENCE = 0x30,
};

// What stands under Intel's arc, by the last number of its name; under .2 and .7 by the last two.
enum { PPID = 1, TCB, PCE_ID, FMSPC, TYPE, INSTANCE, CONFIGURATION };
enum { PCE_SVN = 17, CPU_SVN = 18, CONFIGURATIONS = 3 };

static const uint8_t arc[] = {0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01};

struct seen {
    uint32_t fields, inside; // bits
};

// One element of DER with a length in its shortest form.
static bool read_element(struct vch_reader *reader, uint8_t tag, struct vch_reader *inside)
{
    const uint8_t *head = NULL, *more = NULL;
    size_t size = 0;

    if (!vch_is_ok(vch_reader_bytes(reader, 2, &head)) || head[0] != tag) return false;
    size = head[1];
    if (size == 0x81 || size == 0x82) {
        size_t count = size & 0x0f;
        if (!vch_is_ok(vch_reader_bytes(reader, count, &more))) return false;
        size = count == 1 ? more[0] : (size_t)more[0] << 8 | more[1];
        if (size < (count == 1 ? 0x80u : 0x100u)) return false;
    } else if (size > 0x7f) {
        return false;
    }
    *inside = (struct vch_reader){.size = size};
    return vch_is_ok(vch_reader_bytes(reader, size, &inside->bytes));
}

static bool is_at_end(const struct vch_reader *reader)
{
    return reader->offset == reader->size;
}

// SEQUENCE { OID, value }, the OID being `depth` numbers below Intel's arc; false also where one of
// them was there before.
static bool read_field(struct vch_reader *reader, size_t depth, uint8_t parent, uint32_t *seen,
                       uint8_t *name, struct vch_reader *field)
{
    struct vch_reader oid;

    if (!read_element(reader, TAG_SEQUENCE, field) || !read_element(field, TAG_OID, &oid))
        return false;
    if (oid.size != sizeof arc + depth || memcmp(oid.bytes, arc, sizeof arc) != 0) return false;
    if (depth == 2 && oid.bytes[sizeof arc] != parent) return false;
    *name = oid.bytes[oid.size - 1];
    if (*name == 0 || *name > 31 || (*seen & 1u << *name) != 0) return false;
    *seen |= 1u << *name;
    return true;
}

static bool read_octets(struct vch_reader *field, uint8_t *out, size_t size)
{
    struct vch_reader value;

    if (!read_element(field, TAG_OCTETS, &value) || value.size != size) return false;
    memcpy(out, value.bytes, size);
    return is_at_end(field);
}

// Not negative, in its shortest form.
static bool read_number(struct vch_reader *field, uint8_t tag, uint32_t max, uint32_t *out)
{
    struct vch_reader value;

    if (!read_element(field, tag, &value) || value.size == 0 || value.size > 3) return false;
    if ((value.bytes[0] & 0x80) != 0) return false;
    if (value.size > 1 && value.bytes[0] == 0 && (value.bytes[1] & 0x80) == 0) return false;
    *out = 0;
    for (size_t i = 0; i < value.size; i++)
        *out = *out << 8 | value.bytes[i];
    return *out <= max && is_at_end(field);
}

static bool read_tcb(struct vch_dcap_pck *out, struct vch_reader *field, struct seen *seen)
{
    struct vch_reader list, part;
    uint8_t name = 0;
    uint32_t number = 0;

    if (!read_element(field, TAG_SEQUENCE, &list) || !is_at_end(field)) return false;
    while (!is_at_end(&list)) {
        if (!read_field(&list, 2, TCB, &seen->inside, &name, &part)) return false;
        if (name == CPU_SVN) {
            if (!read_octets(&part, out->cpu_svn, sizeof out->cpu_svn)) return false;
            continue;
        }
        if (name > PCE_SVN) return false;
        if (!read_number(&part, TAG_INTEGER, name == PCE_SVN ? UINT16_MAX : UINT8_MAX, &number))
            return false;
        if (name == PCE_SVN)
            out->pce_svn = (uint16_t)number;
        else
            out->components[name - 1] = (uint8_t)number;
    }
    return seen->inside == (1u << (CPU_SVN + 1)) - 2; // 1 to 18
}

// What a platform of many packages was set up with; nothing in it is judged.
static bool skip_configuration(struct vch_reader *field)
{
    struct vch_reader list, part, value;
    uint32_t seen = 0;
    uint8_t name = 0;

    if (!read_element(field, TAG_SEQUENCE, &list) || !is_at_end(field)) return false;
    while (!is_at_end(&list))
        if (!read_field(&list, 2, CONFIGURATION, &seen, &name, &part) || name > CONFIGURATIONS ||
            !read_element(&part, TAG_BOOLEAN, &value) || value.size != 1 || !is_at_end(&part))
            return false;
    return true;
}

static bool read_any(struct vch_dcap_pck *out, uint8_t name, struct vch_reader *field,
                     struct seen *seen)
{
    uint32_t type = 0;

    switch (name) {
    case PPID: return read_octets(field, out->ppid, sizeof out->ppid);
    case TCB: return read_tcb(out, field, seen);
    case PCE_ID: return read_octets(field, out->pce_id, sizeof out->pce_id);
    case FMSPC: return read_octets(field, out->fmspc, sizeof out->fmspc);
    case TYPE:
        if (!read_number(field, TAG_ENUMERATED, VCH_DCAP_PCK_SCALABLE_WITH_INTEGRITY, &type))
            return false;
        out->type = (enum vch_dcap_pck_type)type;
        return true;
    case INSTANCE:
        out->has_instance = true;
        return read_octets(field, out->instance, sizeof out->instance);
    case CONFIGURATION: return skip_configuration(field);
    default: return false;
    }
}

vch_status vch_dcap_pck_decode(struct vch_dcap_pck *out, const uint8_t *bytes, size_t size,
                               struct vch_complaint *complaint)
{
    static const uint32_t needed = 1u << PPID | 1u << TCB | 1u << PCE_ID | 1u << FMSPC | 1u << TYPE;
    struct vch_reader reader = {bytes, size, 0}, list = {0}, field = {0};
    struct seen seen = {0};
    uint8_t name = 0;

    *out = (struct vch_dcap_pck){0};
    bool is_read = read_element(&reader, TAG_SEQUENCE, &list) && is_at_end(&reader);
    while (is_read && !is_at_end(&list))
        is_read = read_field(&list, 1, 0, &seen.fields, &name, &field) &&
                  read_any(out, name, &field, &seen);
    if (is_read && (seen.fields & needed) == needed) return VCH_OK;
    return vch_complain(complaint, VCH_CODE_MALFORMED,
                        "expected a PCK certificate's extension " VCH_DCAP_PCK_OID
                        " with PPID, TCB, PCEID, FMSPC and type, found something else in its %zu "
                        "bytes, the last one read being of number %u",
                        size, name);
}
