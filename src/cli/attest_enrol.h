// vouch attest enrol: a TPM's attestation key, shown to lie in a TPM of a known maker.
#pragma once

#include "cli/tool.h"

#define VCH_ATTEST_ENROL_OPTIONS \
    {"maker", "FILE", "of enrol challenge: root of a maker of TPMs, DER or PEM", true}, \
        {"issuer", "FILE", "of enrol challenge: what issued the certificate, below the root", \
         true}, \
        {"crl", "FILE", "of enrol challenge, verify, certificate: revocation lists of your own", \
         true}, \
        {"pending", "FILE", "of enrol challenge and accept: what is kept in between", false}, \
    { \
        "place", "PLACE", "of enrol accept: dtpm, ftpm, vtpm-in-tee or software", false \
    }

vch_status vch_attest_enrol_run(struct vch_tool *tool);
