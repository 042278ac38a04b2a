#include "collect/items.h"

#include <string.h>

static const struct {
    const char *label, *type;
    enum vch_cmw_purpose purpose;
} ITEMS[] = {
    {"report", "application/vnd.vouch.snp", VCH_CMW_EVIDENCE},
    {"quote", "application/vnd.vouch.dcap", VCH_CMW_EVIDENCE},
    {"attest", "application/vnd.vouch.tpms-attest", VCH_CMW_EVIDENCE},
    {"signature", "application/vnd.vouch.tpmt-signature", VCH_CMW_EVIDENCE},
    {"pcrs", "application/vnd.vouch.pcrs", VCH_CMW_EVIDENCE},
    {"ak", "application/vnd.vouch.tpmt-public", VCH_CMW_EVIDENCE},
    {"eventlog", "application/vnd.vouch.eventlog", VCH_CMW_EVIDENCE},
    {"runtime", "application/json", VCH_CMW_EVIDENCE},
    {"vek", "application/pkix-cert", VCH_CMW_ENDORSEMENTS},
    {"issuers", "application/pkix-cert", VCH_CMW_ENDORSEMENTS},
    {"crl.0", "application/pkix-crl", VCH_CMW_ENDORSEMENTS},
    {"crl.1", "application/pkix-crl", VCH_CMW_ENDORSEMENTS},
    {"crl.2", "application/pkix-crl", VCH_CMW_ENDORSEMENTS},
    {"crl.3", "application/pkix-crl", VCH_CMW_ENDORSEMENTS},
    {"tcb-info", "application/json", VCH_CMW_ENDORSEMENTS},
    {"identity", "application/json", VCH_CMW_ENDORSEMENTS},
    {"tcb-signer", "application/pkix-cert", VCH_CMW_ENDORSEMENTS},
    {"root-crl", "application/pkix-crl", VCH_CMW_ENDORSEMENTS},
    {"pck-crl", "application/pkix-crl", VCH_CMW_ENDORSEMENTS},
    {"ek", "application/pkix-cert", VCH_CMW_ENDORSEMENTS},
};

enum { ITEM_COUNT = sizeof ITEMS / sizeof *ITEMS };

// ITEM_COUNT: there is none such.
static size_t find(const char *label)
{
    size_t i = 0;

    while (i < ITEM_COUNT && strcmp(ITEMS[i].label, label) != 0)
        i++;
    return i;
}

bool vch_items_is_endorsement(const char *label)
{
    size_t i = find(label);

    return i < ITEM_COUNT && ITEMS[i].purpose == VCH_CMW_ENDORSEMENTS;
}

vch_status vch_items_add(struct vch_cmw *collection, const char *label, const void *bytes,
                         size_t size, struct vch_complaint *complaint)
{
    size_t i = find(label);

    if (i == ITEM_COUNT)
        return vch_complain(complaint, VCH_CODE_USAGE, "no evidence has a part \"%.40s\"", label);
    if (size == 0 || vch_cmw_find(collection, label) != NULL) return VCH_OK;
    if (collection->count == VCH_CMW_ITEMS_MAX)
        return vch_complain(complaint, VCH_CODE_LIMIT, "evidence has at most %d parts",
                            VCH_CMW_ITEMS_MAX);
    collection->items[collection->count++] = (struct vch_cmw_item){
        .label = ITEMS[i].label,
        .label_size = strlen(ITEMS[i].label),
        .type = ITEMS[i].type,
        .type_size = strlen(ITEMS[i].type),
        .bytes = bytes,
        .size = size,
        .purposes = ITEMS[i].purpose,
    };
    return VCH_OK;
}
