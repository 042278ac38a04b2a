#include "evidence/gpu_report.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/reader.h"

enum {
    REQUEST_SIZE = 37, // version, code, what, which, nonce, slot
    NONCE_AT = 4,
    HEAD_SIZE = 8,  // version, code, two parameters, blocks, their length in three bytes
    BLOCK_HEAD = 7, // index, kind, size; the measurement's own kind and size
    BLOCK_DMTF = 1,
};

// What the answer says besides measurements: kinds of fields, as NVIDIA numbers them.
enum { FIELD_DRIVER = 3, FIELD_VBIOS = 6, FIELD_FIRMWARE_ID = 20, FIELD_KINDS = 256 };

static const uint8_t request[NONCE_AT] = {0x11, 0xe0, 0x01, 0xff}; // all measurements, signed
static const uint8_t response[NONCE_AT] = {0x11, 0x60, 0x00, 0x00};

static vch_status refuse(struct vch_complaint *complaint, const char *what)
{
    return vch_complain(complaint, VCH_CODE_MALFORMED, "not a GPU's report: %s", what);
}

static vch_status cut(struct vch_complaint *complaint, size_t size)
{
    return vch_complain(complaint, VCH_CODE_TRUNCATED,
                        "a GPU's report is cut: it is longer than the %zu bytes found", size);
}

static vch_status read_heads(struct vch_gpu_report *out, const uint8_t *bytes,
                             struct vch_complaint *complaint)
{
    if (bytes[0] != request[0] || bytes[REQUEST_SIZE] != response[0])
        return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                            "expected a report of SPDM 1.1; found 0x%02x asked and 0x%02x answered",
                            bytes[0], bytes[REQUEST_SIZE]);
    if (memcmp(bytes, request, sizeof request) != 0 || bytes[REQUEST_SIZE - 1] != 0)
        return refuse(complaint, "expected a request for all measurements, signed by slot 0");
    if (memcmp(bytes + REQUEST_SIZE, response, sizeof response) != 0)
        return refuse(complaint, "expected measurements by slot 0 behind the request");
    out->nonce = bytes + NONCE_AT;
    return VCH_OK;
}

static vch_status read_blocks(struct vch_gpu_report *out, struct vch_reader *reader, uint32_t count,
                              struct vch_complaint *complaint)
{
    uint32_t before = 0;

    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *block = NULL;
        VCH_TRY(vch_reader_bytes(reader, BLOCK_HEAD + VCH_GPU_REPORT_HASH_SIZE, &block));
        uint32_t index = block[0], size = block[2] | (uint32_t)block[3] << 8;
        uint32_t hash_size = block[5] | (uint32_t)block[6] << 8;
        if (block[1] != BLOCK_DMTF || hash_size != VCH_GPU_REPORT_HASH_SIZE ||
            size != 3 + VCH_GPU_REPORT_HASH_SIZE)
            return vch_complain(complaint, VCH_CODE_UNSUPPORTED,
                                "measurement %u is not a SHA-384 as of DMTF: kind %u, %u bytes",
                                index, block[1], hash_size);
        if (index <= before || index > VCH_GPU_REPORT_MEASUREMENTS)
            return refuse(complaint, "measurements do not ascend from 1 to 64");
        out->measurements[index - 1] = block + BLOCK_HEAD;
        before = index;
    }
    out->measurement_count = count;
    return VCH_OK;
}

static bool read_driver(struct vch_gpu_report *out, const uint8_t *value, size_t size)
{
    if (size < 2 || size > sizeof out->driver || value[size - 1] != 0) return false;
    for (size_t i = 0; i < size - 1; i++)
        if (value[i] <= ' ' || value[i] > '~') return false;
    memcpy(out->driver, value, size);
    return true;
}

static bool read_vbios(struct vch_gpu_report *out, const uint8_t *value, size_t size)
{
    if (size != 8 || !vch_is_zero(value + 5, 3)) return false;
    (void)snprintf(out->vbios, sizeof out->vbios, "%02x.%02x.%02x.%02x.%02x", value[3], value[2],
                   value[1], value[0], value[4]);
    return true;
}

static bool read_firmware_id(struct vch_gpu_report *out, const uint8_t *value, size_t size)
{
    out->firmware_id = value;
    return size == VCH_GPU_REPORT_HASH_SIZE;
}

static bool read_field(struct vch_gpu_report *out, uint16_t kind, const uint8_t *value, size_t size)
{
    switch (kind) {
    case FIELD_DRIVER: return read_driver(out, value, size);
    case FIELD_VBIOS: return read_vbios(out, value, size);
    case FIELD_FIRMWARE_ID: return read_firmware_id(out, value, size);
    default: return true; // NVIDIA adds kinds; all of them are signed
    }
}

static vch_status read_fields(struct vch_gpu_report *out, struct vch_reader *reader,
                              struct vch_complaint *complaint)
{
    bool is_seen[FIELD_KINDS] = {false};

    while (reader->offset < reader->size) {
        uint16_t kind = 0, size = 0;
        const uint8_t *value = NULL;
        if (!vch_is_ok(vch_reader_u16le(reader, &kind)) ||
            !vch_is_ok(vch_reader_u16le(reader, &size)) ||
            !vch_is_ok(vch_reader_bytes(reader, size, &value)))
            return refuse(complaint, "its fields do not fit in their length");
        if (kind >= FIELD_KINDS || is_seen[kind])
            return refuse(complaint, "a field is there twice, or of no known range");
        is_seen[kind] = true;
        if (!read_field(out, kind, value, size))
            return vch_complain(complaint, VCH_CODE_MALFORMED,
                                "not a GPU's report: field %u of %u bytes cannot be read", kind,
                                size);
    }
    if (!is_seen[FIELD_DRIVER] || !is_seen[FIELD_VBIOS] || !is_seen[FIELD_FIRMWARE_ID])
        return refuse(complaint, "it lacks the version of driver or VBIOS, or the firmware's id");
    return VCH_OK;
}

static vch_status read_response(struct vch_gpu_report *out, struct vch_reader *reader,
                                struct vch_complaint *complaint)
{
    const uint8_t *head = NULL, *nonce = NULL, *fields = NULL;
    uint16_t fields_size = 0;

    VCH_TRY(vch_reader_bytes(reader, HEAD_SIZE, &head));
    uint32_t count = head[4];
    size_t length = head[5] | (size_t)head[6] << 8 | (size_t)head[7] << 16;
    if (count == 0 || count > VCH_GPU_REPORT_MEASUREMENTS ||
        length != (size_t)count * (BLOCK_HEAD + VCH_GPU_REPORT_HASH_SIZE))
        return refuse(complaint, "expected 1 to 64 measurements of 55 bytes");
    VCH_TRY(read_blocks(out, reader, count, complaint));
    VCH_TRY(
        vch_reader_bytes(reader, VCH_GPU_REPORT_NONCE_SIZE, &nonce)); // its own: not ours to ask
    VCH_TRY(vch_reader_u16le(reader, &fields_size));
    VCH_TRY(vch_reader_bytes(reader, fields_size, &fields));
    struct vch_reader inside = {.bytes = fields, .size = fields_size};
    return read_fields(out, &inside, complaint);
}

vch_status vch_gpu_report_decode(struct vch_gpu_report *out, const uint8_t *bytes, size_t size,
                                 struct vch_complaint *complaint)
{
    struct vch_reader reader = {.bytes = bytes, .size = size, .offset = REQUEST_SIZE};

    *out = (struct vch_gpu_report){0};
    if (size > VCH_GPU_REPORT_SIZE_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT,
                            "a GPU's report has at most %u bytes; found %zu",
                            VCH_GPU_REPORT_SIZE_MAX, size);
    if (size < REQUEST_SIZE + HEAD_SIZE) return cut(complaint, size);
    VCH_TRY(read_heads(out, bytes, complaint));
    vch_status status = read_response(out, &reader, complaint);
    if (status.code == VCH_CODE_TRUNCATED) return cut(complaint, size);
    VCH_TRY(status);
    out->signed_bytes = bytes;
    out->signed_size = reader.offset;
    if (!vch_is_ok(vch_reader_bytes(&reader, VCH_GPU_REPORT_SIGNATURE_SIZE, &out->signature)))
        return cut(complaint, size);
    if (reader.offset != size) return refuse(complaint, "bytes follow its signature");
    return VCH_OK;
}
