// What runs: the trust domain or the enclave itself, and what it is bound to.
#include <string.h>

#include "base/bytes.h"
#include "evidence/dcap_parts.h"

enum {
    ENCLAVE_INITIALISED = 1 << 0,
    ENCLAVE_DEBUG = 1 << 1,
    ENCLAVE_64_BIT = 1 << 2,
    ENCLAVE_PROVISION_KEY = 1 << 4,
    ENCLAVE_TOKEN_KEY = 1 << 5,
    ENCLAVE_CET = 1 << 6,
    ENCLAVE_KEY_SEPARATION = 1 << 7,
    ENCLAVE_EXIT_NOTIFY = 1 << 10,
    ENCLAVE_KNOWN = ENCLAVE_INITIALISED | ENCLAVE_DEBUG | ENCLAVE_64_BIT | ENCLAVE_PROVISION_KEY |
                    ENCLAVE_TOKEN_KEY | ENCLAVE_CET | ENCLAVE_KEY_SEPARATION | ENCLAVE_EXIT_NOTIFY,
    DOMAIN_UNDER_DEBUG = 0xff, // the low byte: TUD, of which bit 0 is DEBUG
    DOMAIN_MIGRATABLE = 1 << 29,
    MODULE_COMPONENTS = 2,
};

static bool is_hash(const uint8_t *found, const uint8_t *allowed)
{
    return allowed != NULL && memcmp(found, allowed, VCH_DCAP_QUOTE_HASH_SIZE) == 0;
}

static bool is_among(const uint8_t *found, const uint8_t *const *allowed, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (is_hash(found, allowed[i])) return true;
    return false;
}

static bool is_domain(const struct vch_dcap_quote_domain *found,
                      const struct vch_dcap_domain *allowed)
{
    for (size_t i = 0; i < sizeof found->registers / sizeof *found->registers; i++)
        if (!is_hash(found->registers[i], allowed->registers[i])) return false;
    return is_hash(found->measurement, allowed->measurement) &&
           is_hash(found->config_id, allowed->config_id) && is_hash(found->owner, allowed->owner) &&
           is_hash(found->owner_config, allowed->owner_config);
}

// Updated beneath a running domain, a platform only ever gets newer: what was there when the domain
// was made bounds what is trusted, and anything older than it was never there.
static bool is_newer(const struct vch_dcap_quote_domain *domain)
{
    const uint8_t *then = domain->tcb_svn, *now = domain->tcb_svn_now;
    unsigned module_then = (unsigned)then[1] << 8 | then[0];
    unsigned module_now = (unsigned)now[1] << 8 | now[0];

    for (size_t i = MODULE_COMPONENTS; i < VCH_DCAP_QUOTE_SVN_SIZE; i++)
        if (now[i] < then[i]) return false;
    return module_now >= module_then;
}

// Before TD 1.5 a report does not say which service TDs may act on the domain. That of a domain
// that can migrate has the keys to its memory, so whose they are has to be known.
static void check_unknown_service(struct vch_appraisal *appraisal,
                                  const struct vch_dcap_quote_domain *domain)
{
    static const char name[] = "dcap.domain.service";

    if ((vch_get_u64le(domain->attributes) & DOMAIN_MIGRATABLE) == 0)
        vch_appraisal_add(appraisal, name, VCH_APPRAISAL_NOT_APPLICABLE, "%s", "");
    else
        vch_appraisal_add(appraisal, name, VCH_APPRAISAL_FAILED,
                          "the domain can migrate, and a report of TD 1.0 does not say by which "
                          "service TD: collect a quote of version 5");
    vch_appraisal_add(appraisal, "dcap.domain.update", VCH_APPRAISAL_NOT_APPLICABLE, "%s", "");
}

static void check_module_and_service(struct vch_dcap_parts *parts,
                                     const struct vch_dcap_quote_domain *domain,
                                     const struct vch_dcap_tdx_policy *policy)
{
    struct vch_appraisal *appraisal = parts->appraisal;
    bool holds =
        policy->is_any_module || is_among(domain->module, policy->modules, policy->module_count);

    (void)vch_appraisal_check(appraisal, "dcap.domain.module", holds,
                              "the TDX module's measurement (MRSEAM) is not allowed by policy");
    if (domain->service == NULL) {
        check_unknown_service(appraisal, domain);
        return;
    }
    (void)vch_appraisal_check(appraisal, "dcap.domain.service",
                              is_among(domain->service, policy->services, policy->service_count),
                              "a service TD may act on this domain (MRSERVICETD), and policy does "
                              "not list it");
    (void)vch_appraisal_check(appraisal, "dcap.domain.update", is_newer(domain),
                              "TEE_TCB_SVN_2 is older than TEE_TCB_SVN: a platform does not lose "
                              "updates under a running domain");
}

static void check_domain(struct vch_dcap_parts *parts)
{
    const struct vch_dcap_quote_domain *domain = &parts->claims->quote.domain;
    const struct vch_dcap_tdx_policy *policy = &parts->question->policy->tdx;
    struct vch_appraisal *appraisal = parts->appraisal;
    uint64_t attributes = vch_get_u64le(domain->attributes);
    uint64_t features = vch_get_u64le(domain->features);
    bool is_listed = false;

    (void)vch_appraisal_check(appraisal, "dcap.domain.debug",
                              (attributes & DOMAIN_UNDER_DEBUG) == 0,
                              "the trust domain can be debugged (attributes %#llx): its host reads "
                              "all of it, and no policy can allow that",
                              (unsigned long long)attributes);
    (void)vch_appraisal_check(
        appraisal, "dcap.domain.attributes",
        (attributes & ~policy->attributes_allowed) == 0 &&
            (attributes & policy->attributes_needed) == policy->attributes_needed,
        "expected attributes with all of %#llx and none beyond %#llx, found %#llx",
        (unsigned long long)policy->attributes_needed,
        (unsigned long long)policy->attributes_allowed, (unsigned long long)attributes);
    (void)vch_appraisal_check(
        appraisal, "dcap.domain.features", (features & ~policy->features_allowed) == 0,
        "expected features (XFAM) within %#llx, found %#llx",
        (unsigned long long)policy->features_allowed, (unsigned long long)features);
    for (uint32_t i = 0; i < policy->domain_count; i++)
        is_listed |= is_domain(domain, &policy->domains[i]);
    (void)vch_appraisal_check(appraisal, "dcap.domain.measurements", is_listed,
                              "MRTD, RTMR 0 to 3, MRCONFIGID, MROWNER and MROWNERCONFIG are "
                              "together in none of the sets that policy lists");
    check_module_and_service(parts, domain, policy);
}

// A signer's products are told apart by numbers of which policy states one; the others are zeros in
// an enclave that does without.
static bool is_enclave(const struct vch_dcap_quote_enclave *found,
                       const struct vch_dcap_enclave *allowed)
{
    if (allowed->measurement != NULL)
        return memcmp(found->measurement, allowed->measurement, 32) == 0;
    return vch_is_zero(found->extended_product, VCH_DCAP_QUOTE_PRODUCT_SIZE) &&
           vch_is_zero(found->family, VCH_DCAP_QUOTE_PRODUCT_SIZE) && allowed->signer != NULL &&
           memcmp(found->signer, allowed->signer, 32) == 0 && found->product == allowed->product &&
           found->svn >= allowed->min_svn;
}

static void check_enclave(struct vch_dcap_parts *parts)
{
    const struct vch_dcap_quote_enclave *enclave = &parts->claims->quote.enclave;
    const struct vch_dcap_sgx_policy *policy = &parts->question->policy->sgx;
    struct vch_appraisal *appraisal = parts->appraisal;
    uint64_t flags = vch_get_u64le(enclave->attributes);
    bool is_listed = false;

    (void)vch_appraisal_check(appraisal, "dcap.enclave.debug", (flags & ENCLAVE_DEBUG) == 0,
                              "the enclave can be debugged (attributes %#llx): its host reads all "
                              "of it, and no policy can allow that",
                              (unsigned long long)flags);
    (void)vch_appraisal_check(appraisal, "dcap.enclave.attributes",
                              (flags & ENCLAVE_INITIALISED) != 0 &&
                                  (flags & ~(uint64_t)ENCLAVE_KNOWN) == 0 &&
                                  ((flags & ENCLAVE_PROVISION_KEY) == 0 || policy->may_provision),
                              "expected an initialised enclave without unknown attributes and, "
                              "unless policy allows it, without the provisioning key; found %#llx",
                              (unsigned long long)flags);
    (void)vch_appraisal_check(appraisal, "dcap.enclave.config",
                              vch_is_zero(enclave->config, VCH_DCAP_QUOTE_CONFIG_SIZE) &&
                                  enclave->config_svn == 0,
                              "the enclave's host configured it (CONFIGID, CONFIGSVN), and no "
                              "policy can say with what it may: start it without");
    for (uint32_t i = 0; i < policy->enclave_count; i++)
        is_listed |= is_enclave(enclave, &policy->enclaves[i]);
    (void)vch_appraisal_check(appraisal, "dcap.enclave.identity", is_listed,
                              "neither MRENCLAVE, nor MRSIGNER with ISVPRODID %u and ISVSVN %u, is "
                              "among those that policy lists",
                              enclave->product, enclave->svn);
}

void vch_dcap_parts_check_policy(struct vch_dcap_parts *parts)
{
    const struct vch_dcap_quote *quote = &parts->claims->quote;
    const uint8_t *bound = parts->question->report_data;

    if (quote->tee == VCH_DCAP_QUOTE_TDX)
        check_domain(parts);
    else
        check_enclave(parts);
    bool holds = bound != NULL && !vch_is_zero(bound, VCH_DCAP_QUOTE_DATA_SIZE) &&
                 memcmp(quote->report_data, bound, VCH_DCAP_QUOTE_DATA_SIZE) == 0;
    (void)vch_appraisal_check(parts->appraisal, "dcap.report_data", holds,
                              "the report data is not what was asked for: the evidence is of "
                              "another connection, key or nonce, or of none");
}
