#include "evidence/gpu.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "certificate/chain.h"

// TCG's CompositeDeviceID: version 1, the device's key, and the digest of the firmware that the
// device gave the certified key to. Whatever is not that, byte for byte, is refused.
static const char composite_oid[] = "2.23.133.5.4.1";
static const uint8_t composite_head[] = {0x30, 0x81, 0xba, 0x02, 0x01, 0x01};
static const uint8_t composite_hash[] = {0x30, 0x3d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                                         0x65, 0x03, 0x04, 0x02, 0x02, 0x04, 0x30};

static const struct {
    const char *name, *chips; // how names of its chips begin
} ARCHITECTURES[VCH_GPU_ARCHITECTURES + 1] = {
    [VCH_GPU_HOPPER] = {"Hopper", "GH"},
    [VCH_GPU_BLACKWELL] = {"Blackwell", "GB"},
    [VCH_GPU_UNKNOWN] = {"none that is known", ""},
};

const char *vch_gpu_architecture_name(enum vch_gpu_architecture architecture)
{
    return ARCHITECTURES[architecture <= VCH_GPU_UNKNOWN ? architecture : VCH_GPU_UNKNOWN].name;
}

// The first word of the key's name: "GH100 A01 GSP FMC LF".
static vch_status read_chip(struct vch_gpu_identity *out, const struct x509_st *leaf,
                            struct vch_complaint *complaint)
{
    char name[64];

    if (!vch_is_ok(vch_certificate_subject_name(leaf, name, sizeof name)))
        return vch_complain(complaint, VCH_CODE_MALFORMED, "the GPU's certificate has no name");
    size_t size = strcspn(name, " ");
    if (size == 0 || size >= sizeof out->chip)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "the GPU's certificate is named '%s', after no chip", name);
    memcpy(out->chip, name, size);
    out->chip[size] = '\0';
    out->architecture = VCH_GPU_UNKNOWN;
    for (unsigned i = 0; i < VCH_GPU_ARCHITECTURES; i++)
        if (strncmp(out->chip, ARCHITECTURES[i].chips, 2) == 0) out->architecture = i;
    return VCH_OK;
}

// Everything that was read of the certificates.
struct shown {
    struct vch_certificate_list chain;
    struct vch_spki key, device;
};

static vch_status read_chain(struct shown *shown, struct vch_gpu_identity *identity,
                             const struct vch_certificate_bytes *chain,
                             struct vch_complaint *complaint)
{
    *identity = (struct vch_gpu_identity){.architecture = VCH_GPU_UNKNOWN};
    VCH_TRY(vch_certificate_read(&shown->chain, chain->bytes, chain->size, complaint));
    if (shown->chain.count < 3)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "expected the certificates of the report's key, of the device and of "
                            "whoever issued that; found %u",
                            shown->chain.count);
    VCH_TRY(read_chip(identity, shown->chain.items[0], complaint));
    if (!vch_is_ok(vch_certificate_spki(shown->chain.items[0], &shown->key)) ||
        !vch_is_ok(vch_certificate_spki(shown->chain.items[1], &shown->device)) ||
        shown->key.kind != VCH_SPKI_P384 || shown->device.kind != VCH_SPKI_P384)
        return vch_complain(complaint, VCH_CODE_MALFORMED,
                            "expected keys of P-384 of the report and of the device");
    identity->key = vch_hash_bytes(shown->key.bytes, shown->key.size);
    identity->device = vch_hash_bytes(shown->device.bytes, shown->device.size);
    return VCH_OK;
}

vch_status vch_gpu_identify(struct vch_gpu_identity *out, const struct vch_certificate_bytes *chain,
                            struct vch_complaint *complaint)
{
    struct shown shown = {0};

    vch_certificate_init(&shown.chain);
    vch_status status = read_chain(&shown, out, chain, complaint);
    vch_certificate_release(&shown.chain);
    return status;
}

static void judge_chain(struct vch_appraisal *appraisal, const struct shown *shown,
                        const struct vch_gpu_question *question)
{
    struct vch_complaint why = {0};
    struct vch_chain_rules rules = {
        .root = question->root, .time_s = question->time_s, .signatures = VCH_CHAIN_ECDSA_SHA384};

    bool is_good =
        question->root.size > 0 && vch_is_ok(vch_chain_verify(&shown->chain, &rules, &why));
    vch_appraisal_check(appraisal, "gpu.chain", is_good, "%s",
                        question->root.size > 0 ? why.text : "no root is known");
    vch_appraisal_add(appraisal, "gpu.revocation", VCH_APPRAISAL_WARNED,
                      "not done: NVIDIA says online alone which keys it has revoked");
}

// The authority right below the root, which stands last, or not.
static const struct x509_st *line_of(const struct shown *shown)
{
    uint8_t subject[VCH_CERTIFICATE_NAME_MAX], issuer[VCH_CERTIFICATE_NAME_MAX];
    size_t subject_size = 0, issuer_size = 0;
    uint32_t last = shown->chain.count - 1;
    const struct x509_st *certificate = shown->chain.items[last];

    if (!vch_is_ok(vch_certificate_subject(certificate, subject, &subject_size)) ||
        !vch_is_ok(vch_certificate_issuer(certificate, issuer, &issuer_size)))
        return NULL;
    bool is_root = subject_size == issuer_size && memcmp(subject, issuer, subject_size) == 0;
    return is_root ? shown->chain.items[last - 1] : certificate;
}

// Each line of chips has an authority of its own there; what another line's device signs for this
// one is a lie, and so is what NVIDIA's switches sign.
static bool is_of_its_line(const struct shown *shown, const struct vch_gpu_identity *identity)
{
    const struct x509_st *line = line_of(shown);
    char want[64], found[64];

    (void)snprintf(want, sizeof want, "NVIDIA %s Identity", identity->chip);
    return line != NULL && vch_is_ok(vch_certificate_subject_name(line, found, sizeof found)) &&
           strcmp(found, want) == 0;
}

static void judge_chip(struct vch_appraisal *appraisal, const struct shown *shown,
                       const struct vch_gpu_identity *identity, const struct vch_gpu_policy *policy)
{
    enum vch_gpu_architecture architecture = identity->architecture;

    vch_appraisal_check(appraisal, "gpu.line", is_of_its_line(shown, identity),
                        "%s is not of the line that its certificates are of", identity->chip);
    vch_appraisal_check(appraisal, "gpu.architecture",
                        architecture != VCH_GPU_UNKNOWN &&
                            (policy->architectures >> architecture & 1) != 0,
                        "%s is of the architecture %s, which is not allowed", identity->chip,
                        vch_gpu_architecture_name(architecture));
}

static void judge_signature(struct vch_appraisal *appraisal, const struct vch_gpu_report *report,
                            const struct shown *shown)
{
    const size_t size = VCH_GPU_REPORT_SIGNATURE_SIZE / 2;
    struct vch_spki_ecdsa signature = {report->signature, report->signature + size, size, false};

    vch_appraisal_check(appraisal, "gpu.signature",
                        vch_is_ok(vch_spki_verify_ecdsa(&shown->key, &signature,
                                                        report->signed_bytes, report->signed_size)),
                        "the certificate's key did not sign this report");
}

static bool is_equal_next(const uint8_t **at, const void *bytes, size_t size)
{
    bool is_same = memcmp(*at, bytes, size) == 0;

    *at += size;
    return is_same;
}

static bool is_firmware_certified(const struct shown *shown, const uint8_t *firmware_id)
{
    struct vch_certificate_bytes value;
    const uint8_t *at = NULL;

    if (!vch_is_ok(vch_certificate_extension(shown->chain.items[0], composite_oid, &value)) ||
        value.size != sizeof composite_head + shown->device.size + sizeof composite_hash +
                          VCH_GPU_REPORT_HASH_SIZE)
        return false;
    at = value.bytes;
    return is_equal_next(&at, composite_head, sizeof composite_head) &&
           is_equal_next(&at, shown->device.bytes, shown->device.size) &&
           is_equal_next(&at, composite_hash, sizeof composite_hash) &&
           is_equal_next(&at, firmware_id, VCH_GPU_REPORT_HASH_SIZE);
}

static void judge_firmware(struct vch_appraisal *appraisal, const struct vch_gpu_report *report,
                           const struct shown *shown)
{
    vch_appraisal_check(appraisal, "gpu.firmware.id",
                        is_firmware_certified(shown, report->firmware_id),
                        "the report is by other firmware than the key was made for");
    vch_appraisal_add(appraisal, "gpu.firmware", VCH_APPRAISAL_WARNED,
                      "not done: NVIDIA gives reference values online alone; %u measurements, "
                      "driver %s, VBIOS %s",
                      report->measurement_count, report->driver, report->vbios);
}

static void judge_binding(struct vch_appraisal *appraisal, const struct vch_gpu_report *report,
                          const struct vch_gpu_identity *identity,
                          const struct vch_gpu_question *question)
{
    vch_appraisal_check(appraisal, "gpu.nonce",
                        vch_is_equal(report->nonce, question->nonce, sizeof question->nonce),
                        "the report was made for another nonce: ask the GPU again");
    vch_appraisal_check(appraisal, "gpu.key",
                        vch_is_equal(identity->key.bytes, question->key.bytes, VCH_DIGEST_SIZE),
                        "the statement names another GPU's key than the one that signed");
}

// Whether one of the checks from `first` on failed.
static vch_status status_since(const struct vch_appraisal *appraisal, uint32_t first)
{
    for (uint32_t i = first; i < appraisal->count; i++)
        if (appraisal->checks[i].result == VCH_APPRAISAL_FAILED) return VCH_FAIL(REFUSED);
    return appraisal->is_cut || first == appraisal->count ? VCH_FAIL(REFUSED) : VCH_OK;
}

vch_status vch_gpu_verify(struct vch_appraisal *appraisal, struct vch_gpu_report *report,
                          struct vch_gpu_identity *identity,
                          const struct vch_gpu_evidence *evidence,
                          const struct vch_gpu_question *question,
                          const struct vch_gpu_policy *policy, struct vch_complaint *complaint)
{
    struct shown shown = {0};
    const uint32_t first = appraisal->count;

    VCH_TRY(
        vch_gpu_report_decode(report, evidence->report.bytes, evidence->report.size, complaint));
    vch_certificate_init(&shown.chain);
    vch_status status = read_chain(&shown, identity, &evidence->chain, complaint);
    if (vch_is_ok(status)) {
        judge_chain(appraisal, &shown, question);
        judge_chip(appraisal, &shown, identity, policy);
        judge_signature(appraisal, report, &shown);
        judge_firmware(appraisal, report, &shown);
        judge_binding(appraisal, report, identity, question);
        status = status_since(appraisal, first);
    }
    vch_certificate_release(&shown.chain);
    return status;
}
