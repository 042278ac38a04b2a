#include "evidence/snp_policy.h"

#include <inttypes.h>
#include <string.h>

#include "base/bytes.h"

static const uint64_t PERMISSIONS =
    VCH_SNP_POLICY_SMT | VCH_SNP_POLICY_MIGRATE_MA | VCH_SNP_POLICY_CXL;
static const uint64_t PLATFORM_KNOWN = VCH_SNP_PLATFORM_SMT | VCH_SNP_PLATFORM_TSME |
                                       VCH_SNP_PLATFORM_ECC | VCH_SNP_PLATFORM_RAPL_DISABLED |
                                       VCH_SNP_PLATFORM_CIPHERTEXT_HIDING |
                                       VCH_SNP_PLATFORM_ALIAS_CHECK | VCH_SNP_PLATFORM_TIO;

static bool is_listed(const struct vch_snp_values *values, const uint8_t *value, size_t size)
{
    for (size_t i = 0; i < values->count; i++)
        if (memcmp(values->bytes + i * size, value, size) == 0) return true;
    return false;
}

static bool is_listed_or_none(const struct vch_snp_values *values, const uint8_t *value,
                              size_t size)
{
    return vch_is_zero(value, size) || is_listed(values, value, size);
}

static bool has_bit(unsigned set, uint32_t bit)
{
    return bit < 8 * sizeof set && (set >> bit & 1) != 0;
}

static void appraise_guest(struct vch_appraisal *appraisal, const struct vch_snp_report *report,
                           const struct vch_snp_policy *policy)
{
    uint64_t guest = report->policy;
    bool has_key = report->has_author_key;

    vch_appraisal_check(appraisal, "snp.vmpl", has_bit(policy->vmpls, report->vmpl),
                        "the report was asked for at level %u, which is not allowed", report->vmpl);
    vch_appraisal_check(
        appraisal, "snp.measurement",
        is_listed(&policy->measurements, report->measurement, VCH_SNP_REPORT_MEASUREMENT_SIZE),
        "the guest's image is none of the %zu allowed: run one of them, or allow its measurement",
        policy->measurements.count);
    vch_appraisal_check(
        appraisal, "snp.host_data", is_listed(&policy->host_data, report->host_data, 32),
        "the host's data are none of the %zu values allowed", policy->host_data.count);
    vch_appraisal_check(appraisal, "snp.id_key",
                        is_listed_or_none(&policy->id_key_digests, report->id_key_digest, 48),
                        "the guest's ID block is signed by a key that is not allowed");
    vch_appraisal_check(
        appraisal, "snp.author_key",
        has_key == !vch_is_zero(report->author_key_digest, 48) &&
            is_listed_or_none(&policy->author_key_digests, report->author_key_digest, 48),
        "the guest's author key is not allowed, or flag and digest disagree");
    vch_appraisal_check(appraisal, "snp.guest_svn", report->guest_svn >= policy->guest_svn_min,
                        "expected a guest of security version %u or newer; found %u",
                        policy->guest_svn_min, report->guest_svn);
    vch_appraisal_check(appraisal, "snp.guest.debug", (guest & VCH_SNP_POLICY_DEBUG) == 0,
                        "its host may debug the guest, that is, read all of it: launch it without");
    vch_appraisal_check(appraisal, "snp.guest.allowed",
                        (guest & PERMISSIONS & ~policy->guest_allowed) == 0,
                        "the guest permits 0x%" PRIx64 ", of which 0x%" PRIx64 " is allowed",
                        guest & PERMISSIONS, policy->guest_allowed);
    vch_appraisal_check(appraisal, "snp.guest.required", (policy->guest_required & ~guest) == 0,
                        "the guest's policy 0x%" PRIx64 " lacks 0x%" PRIx64, guest,
                        policy->guest_required & ~guest);
}

static void appraise_platform(struct vch_appraisal *appraisal, const struct vch_snp_report *report,
                              const struct vch_snp_policy *policy)
{
    uint64_t platform = report->platform;
    const uint8_t *build = report->committed_build; // build, minor, major

    vch_appraisal_check(appraisal, "snp.firmware.abi",
                        build[2] > policy->abi_min_major || (build[2] == policy->abi_min_major &&
                                                             build[1] >= policy->abi_min_minor),
                        "expected firmware %u.%u or newer; committed is %u.%u: update the host's",
                        policy->abi_min_major, policy->abi_min_minor, build[2], build[1]);
    vch_appraisal_check(appraisal, "snp.platform.alias_check",
                        (platform & VCH_SNP_PLATFORM_ALIAS_CHECK) != 0,
                        "the host's memory was not checked for aliases (CVE-2024-21944): update "
                        "its firmware");
    vch_appraisal_check(appraisal, "snp.platform.required",
                        (policy->platform_required & ~platform) == 0,
                        "the platform lacks 0x%" PRIx64, policy->platform_required & ~platform);
    vch_appraisal_check(appraisal, "snp.platform.forbidden",
                        (policy->platform_forbidden & platform) == 0, "the platform has 0x%" PRIx64,
                        policy->platform_forbidden & platform);
    vch_appraisal_check(appraisal, "snp.platform.known",
                        (platform & ~PLATFORM_KNOWN) == 0 || policy->ignores_unknown_platform,
                        "the platform has 0x%" PRIx64 ", whose meaning is not known",
                        platform & ~PLATFORM_KNOWN);
}

static const struct vch_snp_floor *floor_of(const struct vch_snp_report *report,
                                            enum vch_snp_report_product product,
                                            const struct vch_snp_policy *policy)
{
    uint8_t family = report->cpu_family, model = report->cpu_model;

    if (report->version < 3) { // it does not say; the product's first model stands for all
        family = 0x19;
        model = product == VCH_SNP_REPORT_MILAN ? 0x01 : 0x11;
    }
    for (size_t i = 0; i < policy->floor_count; i++)
        if (policy->floors[i].cpu_family == family && policy->floors[i].cpu_model == model)
            return &policy->floors[i];
    return NULL;
}

static void appraise_versions(struct vch_appraisal *appraisal, const struct vch_snp_report *report,
                              enum vch_snp_report_product product,
                              const struct vch_snp_policy *policy)
{
    const struct {
        const char *name;
        uint64_t raw;
    } versions[] = {{"snp.tcb.reported", report->raw_reported},
                    {"snp.tcb.committed", report->raw_committed},
                    {"snp.tcb.launch", report->raw_launch}};
    const struct vch_snp_floor *floor = floor_of(report, product, policy);
    struct vch_snp_report_tcb least = floor == NULL ? (struct vch_snp_report_tcb){0} : floor->tcb;

    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
        struct vch_snp_report_tcb tcb;
        bool is_read = vch_snp_report_tcb_of(&tcb, product, versions[i].raw);
        vch_appraisal_check(
            appraisal, versions[i].name,
            is_read && floor != NULL && vch_snp_report_reaches(&tcb, &least),
            "%s: expected fmc %u bl %u tee %u snp %u ucode %u; found %u %u %u %u %u: update "
            "the host's firmware",
            floor == NULL ? "no floor for this processor" : "too old", least.fmc, least.bl,
            least.tee, least.snp, least.ucode, tcb.fmc, tcb.bl, tcb.tee, tcb.snp, tcb.ucode);
    }
}

// Reported <= committed <= current, and where nothing is provisional committed == current.
static void appraise_order(struct vch_appraisal *appraisal, const struct vch_snp_report *report,
                           enum vch_snp_report_product product, const struct vch_snp_policy *policy)
{
    struct vch_snp_report_tcb current, committed, reported;
    bool is_read = vch_snp_report_tcb_of(&current, product, report->raw_current) &&
                   vch_snp_report_tcb_of(&committed, product, report->raw_committed) &&
                   vch_snp_report_tcb_of(&reported, product, report->raw_reported);

    vch_appraisal_check(appraisal, "snp.tcb.order",
                        is_read && vch_snp_report_reaches(&committed, &reported) &&
                            vch_snp_report_reaches(&current, &committed),
                        "expected versions reported <= committed <= current");
    bool is_final =
        report->raw_current == report->raw_committed &&
        memcmp(report->current_build, report->committed_build, sizeof report->current_build) == 0;
    vch_appraisal_check(appraisal, "snp.tcb.provisional", is_final || policy->takes_provisional,
                        "the host runs firmware that it can take back: commit it");
}

static void appraise_mitigations(struct vch_appraisal *appraisal,
                                 const struct vch_snp_report *report,
                                 const struct vch_snp_policy *policy)
{
    uint64_t launch = policy->launch_mitigations & ~report->launch_mitigations;
    uint64_t current = policy->current_mitigations & ~report->current_mitigations;

    if (report->version < 5 && launch == 0 && current == 0) {
        vch_appraisal_add(appraisal, "snp.mitigations", VCH_APPRAISAL_NOT_APPLICABLE,
                          "reports before version 5 do not say");
        return;
    }
    vch_appraisal_check(appraisal, "snp.mitigations", launch == 0 && current == 0,
                        "mitigations are missing: 0x%" PRIx64 " at launch, 0x%" PRIx64 " now",
                        launch, current);
}

void vch_snp_policy_appraise(struct vch_appraisal *appraisal, const struct vch_snp_report *report,
                             enum vch_snp_report_product product,
                             const struct vch_snp_policy *policy)
{
    vch_appraisal_check(appraisal, "snp.product",
                        product != VCH_SNP_REPORT_UNKNOWN && has_bit(policy->products, product),
                        "processors of the line %s are not allowed",
                        vch_snp_report_product_name(product));
    vch_appraisal_check(appraisal, "snp.signer", has_bit(policy->signers, report->signer),
                        "keys of kind %u (0 VCEK, 1 VLEK) are not allowed", report->signer);
    appraise_guest(appraisal, report, policy);
    appraise_platform(appraisal, report, policy);
    appraise_versions(appraisal, report, product, policy);
    appraise_order(appraisal, report, product, policy);
    appraise_mitigations(appraisal, report, policy);
}
