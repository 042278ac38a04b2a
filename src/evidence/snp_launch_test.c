// Measurements of launches, against those that sev-snp-measure 0.0.13 computes of the same files.
#include "evidence/snp_launch.h"

#include <string.h>

#include "base/bytes.h"
#include "evidence/snp_firmware.h"
#include "harness/test.h"

enum { PAGE = 4096, SIZE = 2 * PAGE, ENTRY = 22, TABLE_END = SIZE - 32, METADATA = PAGE };
enum { SECTIONS = 6, RESET = TABLE_END - 18, HASHES = RESET - ENTRY, FOUND = HASHES - ENTRY };
enum { HASHES_TYPE = METADATA + 16 + 3 * 12 + 8 };

static const uint32_t sections[SECTIONS][3] = {
    {0x800000, 0x9000, VCH_SNP_FIRMWARE_MEMORY}, {0x80d000, 0x1000, VCH_SNP_FIRMWARE_SECRETS},
    {0x80e000, 0x1000, VCH_SNP_FIRMWARE_CPUID},  {0x810000, 0x1000, VCH_SNP_FIRMWARE_HASHES},
    {0x811000, 0xf000, VCH_SNP_FIRMWARE_MEMORY}, {0x820000, 0x1000, VCH_SNP_FIRMWARE_CALLING_AREA},
};
static uint8_t firmware[SIZE];
static struct vch_snp_launch launch;
static uint8_t measurement[VCH_SNP_REPORT_MEASUREMENT_SIZE];
static struct vch_complaint complaint;

static void put_entry(uint8_t *end, uint16_t size, const char *guid, uint32_t value)
{
    if (size == ENTRY) vch_put_u32le(end - ENTRY, value);
    end[-18] = (uint8_t)size;
    end[-17] = (uint8_t)(size >> 8);
    CHECK_OK(vch_hex_decode(end - 16, 16, guid));
}

static void begin(void)
{
    uint8_t *at = firmware + METADATA;

    for (size_t i = 0; i < SIZE; i++)
        firmware[i] = (uint8_t)(31 * i + 7);
    put_entry(firmware + TABLE_END, 18 + 3 * ENTRY, "de82b596b21ff745baeaa366c55a082d", 0);
    put_entry(firmware + RESET, ENTRY, "de71f7007e1acb4f890e68c77e2fb44e", 0x80b004);
    put_entry(firmware + HASHES, ENTRY, "1f3755723b3a044b927b1da6efa8d454", 0x810c00);
    put_entry(firmware + FOUND, ENTRY, "666588dc4a989847a75e5585a7bf67cc", SIZE - METADATA);
    memcpy(at, "ASEV", 4);
    vch_put_u32le(at + 4, 16 + SECTIONS * 12);
    vch_put_u32le(at + 8, 1);
    vch_put_u32le(at + 12, SECTIONS);
    for (size_t i = 0; i < 3 * (size_t)SECTIONS; i++)
        vch_put_u32le(at + 16 + 4 * i, sections[i / 3][i % 3]);
    launch = (struct vch_snp_launch){.firmware = {firmware, SIZE},
                                     .vcpus = 1,
                                     .cpu_family = 0x19,
                                     .cpu_model = 0x11,
                                     .features = 1};
    complaint.text[0] = '\0';
}

static vch_status measure(void)
{
    return vch_snp_launch_measure(measurement, &launch, &complaint);
}

TEST(launch_is_measured_as_others_measure_it)
{
    begin();
    CHECK_OK(measure());
    CHECK_HEX(measurement, 48,
              "49da38ba2f403961f538ef9841c02d08769d17e876915a51a837981010044da32c07098bd8a8086502b5"
              "c00c4cc4fd7d");
    launch.features = 0x21;
    CHECK_OK(measure());
    CHECK_HEX(measurement, 48,
              "54286d692181593dfcfb989421131e90f6527358ce42d245cd7f3675f299c0ea0a9230d63cb4fcdd6bf6"
              "0435b73eb99a");
    launch = (struct vch_snp_launch){.firmware = {firmware, SIZE},
                                     .vcpus = 3,
                                     .cpu_family = 0x19,
                                     .cpu_model = 1,
                                     .cpu_stepping = 1,
                                     .features = 1};
    CHECK_OK(measure());
    CHECK_HEX(measurement, 48,
              "5a1e8d7e18b317ec0d5e66c625405d70193bb75caefcbe150d0a67b4e56c74d140f5e27597580012b035"
              "6a5c6bd9815a");
}

TEST(launch_measures_the_kernel_and_what_it_is_told)
{
    begin();
    launch.kernel = (struct vch_snp_launch_file){(const uint8_t *)"a kernel", 8};
    CHECK_OK(measure());
    CHECK_HEX(measurement, 48,
              "4dac9941880799dae7358e3f377eecfa625b3c22bce312eae0303aff6905fcc4732d23a0279a6ca93044"
              "e5d63d414aa6");
    launch.vcpus = 2;
    launch.cpu_family = 0x1a;
    launch.cpu_model = 0;
    launch.initrd = (struct vch_snp_launch_file){(const uint8_t *)"an initrd", 9};
    launch.command_line = "root=/dev/vda ro";
    CHECK_OK(measure());
    CHECK_HEX(measurement, 48,
              "9fadefe4a5381c21eea081104c3e05fa7c4a7640bc6d788a59b407093deb28cc8a54b7a0ef7c665ebb14"
              "da3d30e10a9a");
}

// Whatever differs in what is launched, the measurement does.
TEST(launch_of_anything_else_has_another_measurement)
{
    uint8_t first[VCH_SNP_REPORT_MEASUREMENT_SIZE];

    begin();
    launch.kernel = (struct vch_snp_launch_file){(const uint8_t *)"a kernel", 8};
    launch.command_line = "ro";
    CHECK_OK(measure());
    memcpy(first, measurement, sizeof first);
    for (int i = 0; i < 9; i++) {
        struct vch_snp_launch other = launch;
        size_t bit = test_below(8 * METADATA);
        if (i == 0) other.command_line = "rw";
        if (i == 1) other.command_line = NULL;
        if (i == 2) other.kernel.size--;
        if (i == 3) other.initrd = other.kernel;
        if (i == 4) other.vcpus++;
        if (i == 5) other.cpu_stepping++;
        if (i == 6) other.features = 0;
        if (i == 7) other.kernel.bytes = NULL;
        if (i == 8) test_flip(firmware, bit);
        CHECK_OK(vch_snp_launch_measure(measurement, &other, NULL));
        CHECK(memcmp(first, measurement, sizeof first) != 0);
    }
}

TEST(launch_whose_kernel_nothing_would_measure_is_refused)
{
    begin();
    launch.kernel = (struct vch_snp_launch_file){(const uint8_t *)"a kernel", 8};
    vch_put_u32le(firmware + HASHES_TYPE, VCH_SNP_FIRMWARE_CALLING_AREA);
    CHECK_FAILS(measure(), REFUSED);
    CHECK(strstr(complaint.text, "none would be measured") != NULL);
    begin();
    launch.kernel = (struct vch_snp_launch_file){(const uint8_t *)"a kernel", 8};
    vch_put_u32le(firmware + FOUND, 0x810ff0); // no room in the page
    CHECK_FAILS(measure(), REFUSED);
    begin();
    launch.vcpus = 0;
    CHECK_FAILS(measure(), USAGE);
    launch.vcpus = VCH_SNP_LAUNCH_VCPUS_MAX + 1;
    CHECK_FAILS(measure(), USAGE);
    launch.vcpus = 2;
    vch_put_u32le(firmware + HASHES, 0); // where the second would start
    CHECK_FAILS(measure(), MALFORMED);
}

TEST(launch_of_firmware_that_is_none_is_refused)
{
    static const struct {
        size_t offset;
        uint32_t value;
        enum vch_code code;
    } lies[] = {
        {TABLE_END - 16, 0, VCH_CODE_MALFORMED},     // another table
        {RESET - 4, 0xffffffff, VCH_CODE_MALFORMED}, // an entry's GUID
        {METADATA, 0, VCH_CODE_MALFORMED},
        {METADATA + 4, 15, VCH_CODE_MALFORMED},
        {METADATA + 8, 2, VCH_CODE_MALFORMED},
        {METADATA + 12, SECTIONS + 1, VCH_CODE_MALFORMED},
        {METADATA + 12, VCH_SNP_FIRMWARE_SECTIONS_MAX + 1, VCH_CODE_LIMIT},
        {METADATA + 16, 0x800001, VCH_CODE_MALFORMED},  // not at a page
        {METADATA + 20, 0, VCH_CODE_MALFORMED},         // of nothing
        {METADATA + 20, 0x9001, VCH_CODE_MALFORMED},    // of no whole pages
        {METADATA + 20, 0x4001000, VCH_CODE_MALFORMED}, // of too many
        {METADATA + 24, 9, VCH_CODE_MALFORMED},         // of no kind
        {METADATA + 32, 0x2000, VCH_CODE_MALFORMED},    // secrets of two pages
        {FOUND - ENTRY, 8, VCH_CODE_MALFORMED},
        {FOUND - ENTRY, SIZE + 1, VCH_CODE_MALFORMED},
    };

    FOR_EACH(lie, lies)
    {
        begin();
        vch_put_u32le(firmware + lie->offset, lie->value);
        vch_status status = measure();
        // An entry whose GUID nobody knows says nothing; here it is that of the reset.
        if (lie->value == 0xffffffff) {
            CHECK_OK(status);
            launch.vcpus = 2;
            status = measure();
        }
        CHECK_EQ(status.code, lie->code);
    }
    begin();
    firmware[RESET - 18] = 17; // an entry shorter than its head
    CHECK_FAILS(measure(), MALFORMED);
    begin();
    firmware[RESET] = 17; // the table too
    CHECK_FAILS(measure(), MALFORMED);
    for (size_t size = 0; size < SIZE; size += 1 + test_below(64)) {
        begin();
        launch.firmware.size = size;
        CHECK(!vch_is_ok(measure()));
    }
    launch.firmware.size = VCH_SNP_LAUNCH_FIRMWARE_MAX + 1;
    CHECK_FAILS(measure(), LIMIT);
}
