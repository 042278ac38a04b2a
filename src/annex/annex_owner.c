// The one check of an annex that takes Ed25519: apart, for verifiers that leave it to their caller.
#include "annex/annex_verify.h"

vch_status vch_annex_verify_owner(const struct vch_annex *annex)
{
    return vch_sign_verify(&annex->owner, &annex->signed_digest, &annex->signature);
}
