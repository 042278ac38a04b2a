#include "evidence/snp_launch.h"

#include <openssl/sha.h>
#include <string.h>

#include "base/bytes.h"
#include "crypto/hash.h"
#include "evidence/snp_firmware.h"

enum {
    PAGE = 4096,
    DIGEST = VCH_SNP_REPORT_MEASUREMENT_SIZE,
    INFO = 0x70, // of a page, which is hashed
    SEGMENT = 16,
    HASHES = 168, // check: 16 + 2 + 3 * 50
    HASHES_ROOM = 176,
};
_Static_assert(DIGEST == SHA384_DIGEST_LENGTH, "a measurement is SHA-384");

// PAGE_TYPE of publication 56860, table 67.
enum page { NORMAL = 1, VMSA = 2, ZERO = 3, SECRETS = 5, CPUID = 6 };

static const uint64_t VMSA_ADDRESS = 0xfffffffff000, TOP = UINT64_C(1) << 32;
static const uint32_t FIRST_INSTRUCTION = 0xfffffff0; // of the first processor

struct measuring {
    uint8_t digest[DIGEST];
};

static void add(struct measuring *at, enum page type, uint64_t address, const uint8_t *contents)
{
    uint8_t info[INFO] = {0};

    memcpy(info, at->digest, DIGEST);
    if (contents != NULL) SHA384(contents, PAGE, info + DIGEST);
    info[96] = INFO;
    info[98] = (uint8_t)type;
    vch_put_u64le(info + 104, address);
    SHA384(info, sizeof info, at->digest);
}

static void put_u16(uint8_t *at, unsigned value)
{
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
}

// {selector, attributes, limit, base}, all of ten segments. The first four bytes of `base` are
// enough for any.
static void write_segments(uint8_t *page, uint32_t code_base)
{
    static const struct {
        uint16_t selector, attributes;
    } segments[] = {{0, 0x93}, {0xf000, 0x9b}, {0, 0x93}, {0, 0x93}, {0, 0x93},
                    {0, 0x93}, {0, 0},         {0, 0x82}, {0, 0},    {0, 0x8b}};
    static const size_t code = SEGMENT; // the second

    for (size_t i = 0; i < sizeof segments / sizeof *segments; i++) {
        put_u16(page + i * SEGMENT, segments[i].selector);
        put_u16(page + i * SEGMENT + 2, segments[i].attributes);
        vch_put_u32le(page + i * SEGMENT + 4, 0xffff);
    }
    vch_put_u32le(page + code + 8, code_base);
}

// The save area of a virtual processor after reset (APM, volume 2, table B-4), as KVM and QEMU
// leave it.
static void write_processor(uint8_t page[static PAGE], const struct vch_snp_launch *launch,
                            uint32_t start)
{
    unsigned family = launch->cpu_family, low = family < 0xf ? family : 0xf,
             model = launch->cpu_model;
    const struct {
        uint16_t offset;
        uint64_t value;
    } registers[] = {
        {0x0d0, 0x1000},             // EFER: SVME
        {0x148, 0x40},               // CR4: MCE
        {0x158, 0x10},               // CR0: ET
        {0x160, 0x400},              // DR7
        {0x168, 0xffff0ff0},         // DR6
        {0x170, 0x2},                // RFLAGS
        {0x178, start & 0xffff},     // RIP
        {0x268, 0x0007040600070406}, // PAT
        {0x310, (uint64_t)(family - low) << 20 | (uint64_t)(model >> 4) << 16 | low << 8 |
                    (model & 0xf) << 4 | (launch->cpu_stepping & 0xfu)}, // RDX: CPUID's signature
        {0x3b0, launch->features},
        {0x3e8, 1},      // XCR0: x87
        {0x408, 0x1f80}, // MXCSR
        {0x410, 0x37f},  // FCW
    };

    memset(page, 0, PAGE);
    write_segments(page, start & 0xffff0000);
    for (size_t i = 0; i < sizeof registers / sizeof *registers; i++)
        vch_put_u64le(page + registers[i].offset, registers[i].value);
}

// One entry of the table of hashes: GUID, its length, SHA-256.
static uint8_t *write_hash(uint8_t *at, const char *guid, const void *bytes, size_t size)
{
    struct vch_digest digest = vch_hash_bytes(bytes, size);

    memcpy(at, guid, VCH_SNP_FIRMWARE_GUID);
    put_u16(at + VCH_SNP_FIRMWARE_GUID, 50);
    memcpy(at + VCH_SNP_FIRMWARE_GUID + 2, digest.bytes, sizeof digest.bytes);
    return at + 50;
}

// Where OVMF looks for what it may boot; it compares before it does.
static void write_hashes(uint8_t page[static PAGE], const struct vch_snp_launch *launch,
                         size_t offset)
{
    const char *line = launch->command_line == NULL ? "" : launch->command_line;
    uint8_t *at = page + offset;

    memset(page, 0, PAGE);
    // 9438d606-4f22-4cc9-b479-a793d411fd21
    memcpy(at, "\x06\xd6\x38\x94\x22\x4f\xc9\x4c\xb4\x79\xa7\x93\xd4\x11\xfd\x21", 16);
    put_u16(at + VCH_SNP_FIRMWARE_GUID, HASHES);
    at += VCH_SNP_FIRMWARE_GUID + 2;
    // 97d02dd8-bd20-4c94-aa78-e7714d36ab2a: with its NUL
    at = write_hash(at, "\xd8\x2d\xd0\x97\x20\xbd\x94\x4c\xaa\x78\xe7\x71\x4d\x36\xab\x2a", line,
                    strlen(line) + 1);
    // 44baf731-3a2f-4bd7-9af1-41e29169781d
    at = write_hash(at, "\x31\xf7\xba\x44\x2f\x3a\xd7\x4b\x9a\xf1\x41\xe2\x91\x69\x78\x1d",
                    launch->initrd.bytes, launch->initrd.size);
    // 4de79437-abd2-427f-b835-d5b172d2045b
    (void)write_hash(at, "\x37\x94\xe7\x4d\xd2\xab\x7f\x42\xb8\x35\xd5\xb1\x72\xd2\x04\x5b",
                     launch->kernel.bytes, launch->kernel.size);
}

static void add_section(struct measuring *at, const struct vch_snp_launch *launch,
                        const struct vch_snp_firmware *firmware,
                        const struct vch_snp_firmware_section *section)
{
    uint8_t page[PAGE];

    if (section->type == VCH_SNP_FIRMWARE_SECRETS) {
        add(at, SECRETS, section->address, NULL);
        return;
    }
    if (section->type == VCH_SNP_FIRMWARE_CPUID) {
        add(at, CPUID, section->address, NULL);
        return;
    }
    if (section->type == VCH_SNP_FIRMWARE_HASHES && launch->kernel.bytes != NULL) {
        write_hashes(page, launch, firmware->hashes % PAGE);
        add(at, NORMAL, section->address, page);
        return;
    }
    for (uint32_t offset = 0; offset < section->size; offset += PAGE)
        add(at, ZERO, (uint64_t)section->address + offset, NULL);
}

static vch_status check(const struct vch_snp_launch *launch,
                        const struct vch_snp_firmware *firmware, struct vch_complaint *complaint)
{
    bool has_hashes = false;

    for (uint32_t i = 0; i < firmware->section_count; i++)
        has_hashes |= firmware->sections[i].type == VCH_SNP_FIRMWARE_HASHES;
    has_hashes &= firmware->hashes % PAGE <= PAGE - HASHES_ROOM && firmware->hashes != 0;
    if (launch->vcpus == 0 || launch->vcpus > VCH_SNP_LAUNCH_VCPUS_MAX)
        return vch_complain(complaint, VCH_CODE_USAGE,
                            "expected 1 to %u virtual processors, found %u",
                            VCH_SNP_LAUNCH_VCPUS_MAX, launch->vcpus);
    if (launch->vcpus > 1 && firmware->reset == 0)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "the firmware does not say where further processors start: use one, or "
                            "OVMF with SEV-ES");
    if (launch->kernel.bytes != NULL && !has_hashes)
        return vch_complain(complaint, VCH_CODE_REFUSED,
                            "the firmware has no room for the hashes of a kernel, so none would be "
                            "measured: use OVMF built as OvmfPkg/AmdSev, or boot from a disk");
    return VCH_OK;
}

vch_status vch_snp_launch_measure(uint8_t out[static VCH_SNP_REPORT_MEASUREMENT_SIZE],
                                  const struct vch_snp_launch *launch,
                                  struct vch_complaint *complaint)
{
    struct measuring at = {0};
    struct vch_snp_firmware firmware;
    uint8_t page[PAGE];

    VCH_TRY(
        vch_snp_firmware_read(&firmware, launch->firmware.bytes, launch->firmware.size, complaint));
    VCH_TRY(check(launch, &firmware, complaint));
    for (size_t offset = 0; offset < launch->firmware.size; offset += PAGE)
        add(&at, NORMAL, TOP - launch->firmware.size + offset, launch->firmware.bytes + offset);
    for (uint32_t i = 0; i < firmware.section_count; i++)
        add_section(&at, launch, &firmware, &firmware.sections[i]);
    for (uint32_t i = 0; i < launch->vcpus; i++) {
        write_processor(page, launch, i == 0 ? FIRST_INSTRUCTION : firmware.reset);
        add(&at, VMSA, VMSA_ADDRESS, page);
    }
    memcpy(out, at.digest, DIGEST);
    return VCH_OK;
}
