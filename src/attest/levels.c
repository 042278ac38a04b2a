#include "attest/levels.h"

#define ANSWERS(sandbox, tpm, tee) \
    { \
        [VCH_RULES_SANDBOX] = (sandbox), [VCH_RULES_TPM] = (tpm), [VCH_RULES_TEE] = (tee) \
    }

static const struct vch_levels_reader readers[] = {
    {"the network, relays, other nodes", ANSWERS("no", "no", "no")},
    {"other users of the machine", ANSWERS("no", "no", "no")},
    {"who gets root on the machine's system",
     ANSWERS("yes", "yes; the next quote shows it only where it was measured",
             "no: that system is outside")},
    {"the machine's operator, by software",
     ANSWERS("yes", "yes", "no, where the policy holds and the processor is no Milan")},
    {"the operator, with an interposer (some 1,000 USD)", ANSWERS("yes", "yes", "yes")},
    {"the maker of the processor or TPM, or who holds its keys",
     ANSWERS("nothing of theirs is asked", "yes", "yes")},
    {"who watches caches, power or time",
     ANSWERS("yes", "yes", "in part; tokenising at the client leaves less to see")},
};

const struct vch_levels_reader *vch_levels_readers(size_t *count)
{
    *count = sizeof readers / sizeof *readers;
    return readers;
}

const char *vch_levels_meaning(enum vch_rules_level level)
{
    static const char *const meanings[] =
        ANSWERS("nothing to anybody else: a machine's word about itself",
                "that a TPM with this key saw these PCRs, as the boot chain told it, honest or "
                "not; nothing of memory, or of which program asked",
                "that a genuine processor at these firmware versions started this image, which has "
                "this key, and this connection where there is one");

    return meanings[level];
}
