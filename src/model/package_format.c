#include "model/package_format.h"

#include <string.h>

#include "base/bytes.h"
#include "crypto/transcript.h"
#include "model/manifest.h"
#include "model/package.h"
#include "model/tensor.h"

enum { DIGEST_OFFSET = 32 };

uint64_t vch_package_format_align(uint64_t offset)
{
    return (offset + VCH_PACKAGE_FORMAT_ALIGNMENT - 1) / VCH_PACKAGE_FORMAT_ALIGNMENT *
           VCH_PACKAGE_FORMAT_ALIGNMENT;
}

size_t vch_package_format_holder_offset(const struct vch_package_format *format)
{
    return VCH_PACKAGE_FORMAT_HEADER_SIZE + format->stored_size;
}

size_t vch_package_format_owner_offset(const struct vch_package_format *format)
{
    return vch_package_format_holder_offset(format) + format->holder_size;
}

size_t vch_package_format_data_offset(const struct vch_package_format *format)
{
    return vch_package_format_align(vch_package_format_owner_offset(format) +
                                    VCH_PACKAGE_FORMAT_OWNER_SIZE);
}

size_t vch_package_format_manifest_size_max(size_t stored_size)
{
    return (64u << 10) + 64 * stored_size;
}

size_t vch_package_format_parameter_size(const struct vch_parameter *parameter)
{
    return vch_tensor_shape_count(&parameter->shape) * vch_tensor_type_size(parameter->type);
}

static struct vch_digest digest(const uint8_t *file, const struct vch_package_format *format)
{
    struct vch_transcript transcript;

    vch_transcript_init(&transcript, "vouch/package/v1");
    vch_transcript_absorb(&transcript, "header", file, DIGEST_OFFSET);
    vch_transcript_absorb(&transcript, "sections", file + VCH_PACKAGE_FORMAT_HEADER_SIZE,
                          vch_package_format_data_offset(format) - VCH_PACKAGE_FORMAT_HEADER_SIZE);
    return vch_transcript_final(&transcript);
}

void vch_package_format_write(uint8_t *file, const struct vch_package_format *format)
{
    memcpy(file, VCH_PACKAGE_MAGIC, 8);
    vch_put_u32le(file + 8, VCH_PACKAGE_VERSION);
    vch_put_u32le(file + 12, (uint32_t)format->stored_size);
    vch_put_u32le(file + 16, (uint32_t)format->manifest_size);
    vch_put_u32le(file + 20, (uint32_t)format->holder_size);
    vch_put_u64le(file + 24, format->file_size);
    struct vch_digest sum = digest(file, format);
    memcpy(file + DIGEST_OFFSET, sum.bytes, VCH_DIGEST_SIZE);
}

static vch_status check_file_size(uint64_t want, size_t size, struct vch_complaint *complaint)
{
    if (size == want) return VCH_OK;
    return vch_complain(complaint, size < want ? VCH_CODE_TRUNCATED : VCH_CODE_MALFORMED,
                        "the package is %zu bytes and says that it has %llu: copy it again", size,
                        (unsigned long long)want);
}

static vch_status check_sizes(const struct vch_package_format *format,
                              struct vch_complaint *complaint)
{
    size_t manifest_max = format->stored_size == format->manifest_size
                              ? VCH_MANIFEST_SIZE_MAX
                              : vch_package_format_manifest_size_max(format->stored_size);

    if (manifest_max > VCH_MANIFEST_SIZE_MAX) manifest_max = VCH_MANIFEST_SIZE_MAX;
    if (format->manifest_size > manifest_max)
        return vch_complain(complaint, VCH_CODE_LIMIT,
                            "the manifest of %zu bytes grows to %zu, over %zu", format->stored_size,
                            format->manifest_size, manifest_max);
    if (format->holder_size > VCH_PACKAGE_FORMAT_HOLDER_SIZE_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT, "the holder section is %zu bytes, over %zu",
                            format->holder_size, VCH_PACKAGE_FORMAT_HOLDER_SIZE_MAX);
    if (format->stored_size > format->manifest_size)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "the stored manifest is larger than the manifest");
    if (vch_package_format_data_offset(format) > format->file_size)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "the sections of the package do not fit in its %llu bytes",
                            (unsigned long long)format->file_size);
    return VCH_OK;
}

vch_status vch_package_format_read(struct vch_package_format *out, const uint8_t *file, size_t size,
                                   struct vch_complaint *complaint)
{
    if (size < VCH_PACKAGE_FORMAT_HEADER_SIZE)
        return vch_complain(complaint, VCH_CODE_TRUNCATED,
                            "a model package starts with %d bytes of header, and this has %zu",
                            VCH_PACKAGE_FORMAT_HEADER_SIZE, size);
    if (memcmp(file, VCH_PACKAGE_MAGIC, 8) != 0)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "not a model package: it does not start with %s", VCH_PACKAGE_MAGIC);
    if (vch_get_u32le(file + 8) != VCH_PACKAGE_VERSION)
        return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                            "the package has version %u, and this program reads %u",
                            vch_get_u32le(file + 8), VCH_PACKAGE_VERSION);
    *out = (struct vch_package_format){
        .stored_size = vch_get_u32le(file + 12),
        .manifest_size = vch_get_u32le(file + 16),
        .holder_size = vch_get_u32le(file + 20),
        .file_size = vch_get_u64le(file + 24),
    };
    VCH_TRY(check_file_size(out->file_size, size, complaint));
    VCH_TRY(check_sizes(out, complaint));

    struct vch_digest want = digest(file, out);
    if (memcmp(want.bytes, file + DIGEST_OFFSET, VCH_DIGEST_SIZE) != 0)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "the package is damaged: its header does not go with its sections");
    return VCH_OK;
}
