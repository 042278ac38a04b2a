// Any bytes at all as firmware, in whole pages: what is taken is within its bounds.
#include "evidence/snp_firmware.h"

#include <string.h>

#include "base/check.h"

enum { PAGE = 4096, PAGES = 2 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t pages[PAGES * PAGE];
    struct vch_snp_firmware firmware;

    if (size > sizeof pages) return 0;
    memset(pages, 0, sizeof pages);
    memcpy(pages + sizeof pages - size, data, size); // everything lies at its end
    (void)vch_snp_firmware_read(&firmware, data, size, NULL);
    if (!vch_is_ok(vch_snp_firmware_read(&firmware, pages, sizeof pages, NULL))) return 0;
    VCH_ASSERT(firmware.section_count <= VCH_SNP_FIRMWARE_SECTIONS_MAX);
    for (uint32_t i = 0; i < firmware.section_count; i++)
        VCH_ASSERT(firmware.sections[i].size > 0 && firmware.sections[i].size % PAGE == 0 &&
                   firmware.sections[i].address % PAGE == 0);
    return 0;
}
