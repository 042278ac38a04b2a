// Where the sections of a package lie: the 64-byte header and what follows from it.
//
//     0   magic "VOUCHPKG"
//     8   u32le version, 1
//     12  u32le size of the manifest section
//     16  u32le size of the manifest; equal to the section's when it is stored as it is
//     20  u32le size of the holder section
//     24  u64le size of the file
//     32  digest of bytes 0 to 31, of all sections, and of the zeros before the data
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/complaint.h"
#include "base/status.h"
#include "crypto/hash.h"
#include "model/graph.h"

#define VCH_PACKAGE_FORMAT_HEADER_SIZE 64
#define VCH_PACKAGE_FORMAT_OWNER_SIZE 100 // check: 2 + 32 + 2 + 64
#define VCH_PACKAGE_FORMAT_ALIGNMENT 64
// An index, a salt and three tags for each parameter that can be held.
#define VCH_PACKAGE_FORMAT_HOLDER_SIZE_MAX ((size_t)VCH_GRAPH_PARAMETERS_MAX * 40)

struct vch_package_format {
    size_t stored_size;   // of the manifest section, at 64
    size_t manifest_size; // once decompressed
    size_t holder_size;   // follows the manifest
    uint64_t file_size;
};

size_t vch_package_format_holder_offset(const struct vch_package_format *format);
size_t vch_package_format_owner_offset(const struct vch_package_format *format);
size_t vch_package_format_data_offset(const struct vch_package_format *format); // aligned

uint64_t vch_package_format_align(uint64_t offset);

// The largest manifest that a compressed section of this size may become.
size_t vch_package_format_manifest_size_max(size_t stored_size);

// Writes the header, over sections that are in place behind it.
void vch_package_format_write(uint8_t *file, const struct vch_package_format *format);

// Reads and checks the header of a whole file, its digest included, so that everything before the
// data is what some writer wrote. TRUNCATED, MALFORMED, LIMIT, UNSUPPORTED.
vch_status vch_package_format_read(struct vch_package_format *out, const uint8_t *file, size_t size,
                                   struct vch_complaint *complaint);

size_t vch_package_format_parameter_size(const struct vch_parameter *parameter);
