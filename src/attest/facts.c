#include "attest/facts.h"

#include "base/bytes.h"
#include "evidence/cbor.h"

enum { VERSION = 1, KEY_VERSION = 1, KEY_BUILD, KEY_POLICY, KEY_MODEL, KEY_GPU, KEY_CONFINEMENT };

vch_status vch_facts_encode(uint8_t out[static VCH_FACTS_SIZE_MAX], size_t *size,
                            const struct vch_facts *facts)
{
    struct vch_cbor_writer writer = {out, VCH_FACTS_SIZE_MAX, 0};

    if (facts->confinement > VCH_FACTS_ALL || vch_is_zero(facts->build.bytes, VCH_DIGEST_SIZE))
        return VCH_FAIL(USAGE);
    vch_cbor_write_map(&writer, facts->has_gpu ? 6 : 5);
    vch_cbor_write_uint(&writer, KEY_VERSION);
    vch_cbor_write_uint(&writer, VERSION);
    vch_cbor_write_uint(&writer, KEY_BUILD);
    vch_cbor_write_bytes(&writer, facts->build.bytes, VCH_DIGEST_SIZE);
    vch_cbor_write_uint(&writer, KEY_POLICY);
    vch_cbor_write_bytes(&writer, facts->policy.bytes, VCH_DIGEST_SIZE);
    vch_cbor_write_uint(&writer, KEY_MODEL);
    vch_cbor_write_bytes(&writer, facts->model.bytes, VCH_DIGEST_SIZE);
    if (facts->has_gpu) {
        vch_cbor_write_uint(&writer, KEY_GPU);
        vch_cbor_write_bytes(&writer, facts->gpu.bytes, VCH_DIGEST_SIZE);
    }
    vch_cbor_write_uint(&writer, KEY_CONFINEMENT);
    vch_cbor_write_uint(&writer, facts->confinement);
    return vch_cbor_write_end(&writer, size);
}

static vch_status read_digest(struct vch_cbor_reader *reader, uint64_t key, struct vch_digest *out)
{
    uint64_t found = 0;

    VCH_TRY(vch_cbor_read_uint(reader, &found));
    if (found != key) return VCH_FAIL(MALFORMED);
    return vch_cbor_read_exactly(reader, out->bytes, sizeof out->bytes);
}

static vch_status read_number(struct vch_cbor_reader *reader, uint64_t key, uint64_t *out)
{
    uint64_t found = 0;

    VCH_TRY(vch_cbor_read_uint(reader, &found));
    if (found != key) return VCH_FAIL(MALFORMED);
    return vch_cbor_read_uint(reader, out);
}

static vch_status read(struct vch_facts *out, struct vch_cbor_reader *reader)
{
    uint64_t version = 0, confinement = 0;
    size_t count = 0;

    VCH_TRY(vch_cbor_read_map(reader, &count));
    VCH_TRY(read_number(reader, KEY_VERSION, &version));
    if (version != VERSION) return VCH_FAIL(UNSUPPORTED);
    if (count != 5 && count != 6) return VCH_FAIL(MALFORMED);
    out->has_gpu = count == 6;
    VCH_TRY(read_digest(reader, KEY_BUILD, &out->build));
    VCH_TRY(read_digest(reader, KEY_POLICY, &out->policy));
    VCH_TRY(read_digest(reader, KEY_MODEL, &out->model));
    if (out->has_gpu) VCH_TRY(read_digest(reader, KEY_GPU, &out->gpu));
    VCH_TRY(read_number(reader, KEY_CONFINEMENT, &confinement));
    if (confinement > VCH_FACTS_ALL) return VCH_FAIL(MALFORMED);
    out->confinement = (uint32_t)confinement;
    if (vch_is_zero(out->build.bytes, VCH_DIGEST_SIZE)) return VCH_FAIL(MALFORMED);
    return VCH_OK;
}

vch_status vch_facts_decode(struct vch_facts *out, const void *bytes, size_t size,
                            struct vch_complaint *complaint)
{
    struct vch_cbor_reader reader = {bytes, size, 0};

    *out = (struct vch_facts){0};
    if (size > VCH_FACTS_SIZE_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT,
                            "a node's statement has at most %d bytes, found %zu",
                            VCH_FACTS_SIZE_MAX, size);
    VCH_TRY(vch_cbor_check(bytes, size, complaint));
    vch_status status = read(out, &reader);
    if (!vch_is_ok(status))
        return vch_complain(
            complaint, status.code,
            "not a node's statement of version %d: expected version, build, policy, "
            "model, the GPU's key where there is one, and confinement below %d",
            VERSION, VCH_FACTS_ALL + 1);
    return VCH_OK;
}

const char *vch_facts_text(uint32_t confinement_bit)
{
    static const struct {
        uint32_t bit;
        const char *text;
    } rows[] = {
        {VCH_FACTS_NO_DUMPS, "no core dumps"},
        {VCH_FACTS_NO_NEW_PRIVILEGES, "no new privileges"},
        {VCH_FACTS_USER_NAMESPACE, "a user namespace of its own"},
        {VCH_FACTS_EMPTY_ROOT, "an empty root in a mount namespace of its own"},
        {VCH_FACTS_PROCESS_NAMESPACE, "a process namespace of its own"},
        {VCH_FACTS_NETWORK_NAMESPACE, "a network namespace of its own"},
        {VCH_FACTS_IPC_NAMESPACE, "an IPC namespace of its own"},
        {VCH_FACTS_NO_CAPABILITIES, "no capabilities"},
        {VCH_FACTS_LANDLOCK, "Landlock"},
        {VCH_FACTS_SECCOMP, "a seccomp list of what is allowed"},
        {VCH_FACTS_PARSER_APART, "a parser process"},
        {VCH_FACTS_KEYS_APART, "a key process"},
        {VCH_FACTS_SECRET_MEMORY, "keys in secret memory"},
        {VCH_FACTS_LOCKED_MEMORY, "keys in locked memory"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].bit == confinement_bit) return rows[i].text;
    return NULL;
}
