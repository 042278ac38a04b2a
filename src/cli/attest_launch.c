#include "cli/attest_launch.h"

#include <ctype.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "evidence/snp_launch.h"

enum { SNP_ACTIVE = 1 };

// Mapped for as long as the measurement takes.
struct files {
    struct vch_file_map firmware, kernel, initrd;
};

static vch_status map(struct vch_file_map *out, struct vch_snp_launch_file *file,
                      struct vch_tool *tool, const char *option)
{
    const char *path = vch_options_text(tool->options, option);

    if (path == NULL) return VCH_OK;
    VCH_TRY(vch_file_map(out, path, &tool->complaint));
    *file = (struct vch_snp_launch_file){out->bytes, out->size};
    return VCH_OK;
}

// The number up to `end`, in hexadecimal; behind it, or NULL.
static const char *read_hex(unsigned *out, const char *text, unsigned max, char end)
{
    char *stop = NULL;

    if (text == NULL || !isxdigit((unsigned char)*text)) return NULL;
    unsigned long value = strtoul(text, &stop, 16);
    *out = (unsigned)value;
    return value <= max && *stop == end ? stop + 1 : NULL;
}

// "19-11-0".
static vch_status read_processor(struct vch_snp_launch *launch, struct vch_tool *tool)
{
    const char *text = vch_options_text(tool->options, "cpu");
    unsigned family = 0x19, model = 0x11, stepping = 0;

    const char *at = text == NULL ? "" : read_hex(&family, text, UINT8_MAX, '-');
    if (text != NULL) at = read_hex(&model, at, UINT8_MAX, '-');
    if (text != NULL) at = read_hex(&stepping, at, 0xf, '\0');
    if (at == NULL)
        return vch_complain(&tool->complaint, VCH_CODE_USAGE,
                            "--cpu expects family, model and stepping in hexadecimal, such as "
                            "19-11-0, found \"%.40s\"",
                            text);
    launch->cpu_family = (uint8_t)family;
    launch->cpu_model = (uint8_t)model;
    launch->cpu_stepping = (uint8_t)stepping;
    return VCH_OK;
}

static vch_status measure(uint8_t out[static VCH_SNP_REPORT_MEASUREMENT_SIZE], struct files *files,
                          struct vch_tool *tool)
{
    struct vch_snp_launch launch = {.features = SNP_ACTIVE};
    uint64_t vcpus = 1;

    VCH_TRY(map(&files->firmware, &launch.firmware, tool, "firmware"));
    VCH_TRY(map(&files->kernel, &launch.kernel, tool, "kernel"));
    VCH_TRY(map(&files->initrd, &launch.initrd, tool, "initrd"));
    VCH_TRY(read_processor(&launch, tool));
    VCH_TRY(vch_options_u64(&vcpus, tool->options, "vcpus", 1, VCH_SNP_LAUNCH_VCPUS_MAX,
                            &tool->complaint));
    launch.vcpus = (uint32_t)vcpus;
    launch.command_line = vch_options_text(tool->options, "append");
    if (launch.kernel.bytes == NULL && (launch.initrd.bytes != NULL || launch.command_line != NULL))
        return vch_complain(&tool->complaint, VCH_CODE_USAGE,
                            "--initrd and --append are measured with a --kernel alone");
    return vch_snp_launch_measure(out, &launch, &tool->complaint);
}

vch_status vch_attest_launch_find(json_t *out, struct vch_tool *tool)
{
    uint8_t measurement[VCH_SNP_REPORT_MEASUREMENT_SIZE];
    struct files files = {0};

    if (!vch_options_has(tool->options, "firmware")) return VCH_OK;
    vch_status status = measure(measurement, &files, tool);
    vch_file_unmap(&files.firmware);
    vch_file_unmap(&files.kernel);
    vch_file_unmap(&files.initrd);
    VCH_TRY(status);
    json_object_set_new(out, "measurements",
                        json_pack("[o]", vch_tool_json_hex(measurement, sizeof measurement)));
    return VCH_OK;
}
