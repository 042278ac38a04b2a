#include "cli/image.h"

#include "host/file.h"

vch_status vch_image_facts(struct vch_facts *out, struct vch_complaint *complaint)
{
    struct vch_file_map image;

    *out = (struct vch_facts){0};
    VCH_TRY(vch_file_map(&image, "/proc/self/exe", complaint));
    out->build = vch_hash_bytes(image.bytes, image.size);
    vch_file_unmap(&image);
    return VCH_OK;
}
