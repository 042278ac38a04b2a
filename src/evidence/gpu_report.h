// Measurement reports of NVIDIA's GPUs: an SPDM 1.1 request for all measurements, and the signed
// answer to it (DMTF DSP0274; specs/evidence.md, section 8).
//
// Decoding says where things lie and nothing of whether they are true: gpu.h does. One text has
// one reading: lengths fit exactly, and nothing follows the signature.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/complaint.h"
#include "base/status.h"

#define VCH_GPU_REPORT_SIZE_MAX (16u << 10)
#define VCH_GPU_REPORT_NONCE_SIZE 32u
#define VCH_GPU_REPORT_HASH_SIZE 48u      // SHA-384
#define VCH_GPU_REPORT_SIGNATURE_SIZE 96u // of P-384: r and s, big-endian
#define VCH_GPU_REPORT_MEASUREMENTS 64u
#define VCH_GPU_REPORT_DRIVER_SIZE 32u // with the NUL
#define VCH_GPU_REPORT_VBIOS_SIZE 15u  // "96.00.9f.00.01" and the NUL

// Pointers are into the report's bytes.
struct vch_gpu_report {
    const uint8_t *nonce; // that was asked for: VCH_GPU_REPORT_NONCE_SIZE
    const uint8_t *signed_bytes;
    size_t signed_size;
    const uint8_t *signature; // VCH_GPU_REPORT_SIGNATURE_SIZE
    // VCH_GPU_REPORT_HASH_SIZE bytes each, under the report's number of it less one; NULL: none.
    const uint8_t *measurements[VCH_GPU_REPORT_MEASUREMENTS];
    uint32_t measurement_count;
    const uint8_t *firmware_id;              // FWID, VCH_GPU_REPORT_HASH_SIZE
    char driver[VCH_GPU_REPORT_DRIVER_SIZE]; // its version
    char vbios[VCH_GPU_REPORT_VBIOS_SIZE];   // its version, as NVIDIA writes it
};

// The request's and the response's bytes, one after the other. TRUNCATED, MALFORMED, LIMIT, or
// UNSUPPORTED for another version of SPDM or another kind of measurement.
vch_status vch_gpu_report_decode(struct vch_gpu_report *out, const uint8_t *bytes, size_t size,
                                 struct vch_complaint *complaint);
