#include "evidence/snp_firmware.h"

#include <string.h>

#include "base/bytes.h"
#include "evidence/snp_launch.h"

enum {
    PAGE = 4096,
    HEAD = 2 + VCH_SNP_FIRMWARE_GUID, // of an entry, behind its data: length, GUID
    AFTER = 32,                       // bytes between the table and the end
    METADATA_HEAD = 16,
    DESCRIPTOR = 12,
    SECTION_MAX = 64 << 20,
};

// As they lie in memory.
static const char footer[] = "\xde\x82\xb5\x96\xb2\x1f\xf7\x45\xba\xea\xa3\x66\xc5\x5a\x08\x2d";
enum { RESET, TABLE_OF_HASHES, METADATA, VALUES };
static const char guids[VALUES][VCH_SNP_FIRMWARE_GUID + 1] = {
    // 00f771de-1a7e-4fcb-890e-68c77e2fb44e
    [RESET] = "\xde\x71\xf7\x00\x7e\x1a\xcb\x4f\x89\x0e\x68\xc7\x7e\x2f\xb4\x4e",
    // 7255371f-3a3b-4b04-927b-1da6efa8d454
    [TABLE_OF_HASHES] = "\x1f\x37\x55\x72\x3b\x3a\x04\x4b\x92\x7b\x1d\xa6\xef\xa8\xd4\x54",
    // dc886566-984a-4798-a75e-5585a7bf67cc
    [METADATA] = "\x66\x65\x88\xdc\x4a\x98\x98\x47\xa7\x5e\x55\x85\xa7\xbf\x67\xcc",
};

static vch_status refuse(struct vch_complaint *complaint, const char *what)
{
    return vch_complain(complaint, VCH_CODE_MALFORMED,
                        "expected firmware for SEV-SNP (OVMF), found %s", what);
}

static void take(uint32_t values[static VALUES], const uint8_t *head, size_t size)
{
    for (size_t i = 0; i < VALUES; i++)
        if (memcmp(head + 2, guids[i], VCH_SNP_FIRMWARE_GUID) == 0 && size >= HEAD + 4)
            values[i] = vch_get_u32le(head + HEAD - size);
}

// The table is read from its end.
static vch_status read_table(uint32_t values[static VALUES], const uint8_t *bytes, size_t size,
                             struct vch_complaint *complaint)
{
    const uint8_t *at = bytes + size - AFTER - HEAD;
    size_t left = (size_t)at[0] | (size_t)at[1] << 8;

    if (memcmp(at + 2, footer, VCH_SNP_FIRMWARE_GUID) != 0)
        return refuse(complaint, "no table of GUIDs at its end");
    if (left < HEAD || left - HEAD > (size_t)(at - bytes))
        return refuse(complaint, "a table that does not fit");
    for (left -= HEAD; left >= HEAD;) {
        const uint8_t *head = at - HEAD;
        size_t entry = (size_t)head[0] | (size_t)head[1] << 8;
        if (entry < HEAD || entry > left) return refuse(complaint, "an entry that does not fit");
        take(values, head, entry);
        at -= entry;
        left -= entry;
    }
    return VCH_OK;
}

static bool is_known(uint32_t type)
{
    return (type >= VCH_SNP_FIRMWARE_MEMORY && type <= VCH_SNP_FIRMWARE_CALLING_AREA) ||
           type == VCH_SNP_FIRMWARE_HASHES;
}

// Everything but memory is one page.
static bool is_section(const struct vch_snp_firmware_section *section)
{
    bool is_one = section->size == PAGE, is_many = section->size <= SECTION_MAX;

    return is_known(section->type) && section->address % PAGE == 0 && section->size % PAGE == 0 &&
           section->size > 0 && (section->type == VCH_SNP_FIRMWARE_MEMORY ? is_many : is_one);
}

static vch_status read_sections(struct vch_snp_firmware *out, const uint8_t *bytes, size_t size,
                                size_t from_end, struct vch_complaint *complaint)
{
    if (from_end < METADATA_HEAD || from_end > size) return refuse(complaint, "no metadata of SEV");
    const uint8_t *at = bytes + size - from_end;
    uint32_t count = vch_get_u32le(at + 12);
    if (memcmp(at, "ASEV", 4) != 0 || vch_get_u32le(at + 8) != 1)
        return refuse(complaint, "metadata that are not SEV's of version 1");
    if (count > VCH_SNP_FIRMWARE_SECTIONS_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT, "expected at most %u sections, found %u",
                            VCH_SNP_FIRMWARE_SECTIONS_MAX, count);
    if (from_end - METADATA_HEAD < count * (size_t)DESCRIPTOR ||
        vch_get_u32le(at + 4) != METADATA_HEAD + count * DESCRIPTOR)
        return refuse(complaint, "metadata that do not fit");
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *descriptor = at + METADATA_HEAD + i * (size_t)DESCRIPTOR;
        struct vch_snp_firmware_section *section = &out->sections[i];
        section->address = vch_get_u32le(descriptor);
        section->size = vch_get_u32le(descriptor + 4);
        section->type = (enum vch_snp_firmware_section_type)vch_get_u32le(descriptor + 8);
        if (!is_section(section)) return refuse(complaint, "a section of another form");
    }
    out->section_count = count;
    return VCH_OK;
}

vch_status vch_snp_firmware_read(struct vch_snp_firmware *out, const uint8_t *bytes, size_t size,
                                 struct vch_complaint *complaint)
{
    uint32_t values[VALUES] = {0};

    *out = (struct vch_snp_firmware){0};
    if (size > VCH_SNP_LAUNCH_FIRMWARE_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT,
                            "expected firmware of at most %u bytes, found %zu",
                            VCH_SNP_LAUNCH_FIRMWARE_MAX, size);
    if (size == 0 || size % PAGE != 0) return refuse(complaint, "no whole pages");
    VCH_TRY(read_table(values, bytes, size, complaint));
    VCH_TRY(read_sections(out, bytes, size, values[METADATA], complaint));
    out->reset = values[RESET];
    out->hashes = values[TABLE_OF_HASHES];
    return VCH_OK;
}
