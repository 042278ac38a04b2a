#include <string.h>

#include "attest/result.h"

// By the beginning of a check's name; the first that fits.
static const struct {
    const char *begins, *advice;
} rows[] = {
    {"binding.", "it was made for another connection, node, statement or policy: ask that node "
                 "itself, and refuse whoever stands between"},
    {"result.policy", "both ends need the same policy file: send the node this one"},
    {"result.rules", "get the policy's next edition from whoever signs it"},
    {"result.section", "if evidence of this kind should do, the policy's signer has to add it"},
    {"result.age", "collect it again, under a new nonce"},
    {"result.build", "if the program is one you trust, add its value (`vouch attest refvalues`)"},
    {"result.model", "ask for the model that the policy lists"},
    {"result.enforces", "the node holds others to a policy that yours does not list"},
    {"result.confinement", "see `vouch attest probe` on the node for what its kernel grants"},
    {"result.machine", "see whose machine it is, then list it under \"hardware\""},
    {"result.anchors", "in production, a policy without test anchors and software TPMs"},
    {"result.evidence", "a statement alone is no attestation: start the node with --attest"},
    {"snp.key.tcb", "fetch the certificate for the versions that the report gives"},
    {"snp.key.", "fetch the certificate of this chip for its reported versions from AMD"},
    {"snp.chain", "check the certificates and the time; an expired VLEK has to be renewed"},
    {"snp.tcb.", "the host needs newer firmware and microcode, and then a reboot"},
    {"snp.firmware.", "the host needs newer firmware, committed"},
    {"snp.platform.", "the host's firmware settings are not those that the policy asks for"},
    {"snp.guest.", "start the guest with the policy bits that are asked for"},
    {"snp.measurement", "another image runs: compare with `vouch attest refvalues`"},
    {"dcap.tcb_info.", "get newer collateral from Intel's service"},
    {"dcap.identity.", "get newer collateral from Intel's service"},
    {"dcap.signer.", "get newer collateral from Intel's service"},
    {"dcap.pck.", "get the revocation lists anew; a revoked platform stays out"},
    {"dcap.platform.", "the platform needs a microcode update, and its certificate renewed"},
    {"dcap.status", "the platform needs an update; the status says of what"},
    {"dcap.module.", "the platform needs another TDX module"},
    {"dcap.quoting.", "the platform needs a newer quoting enclave"},
    {"dcap.domain.", "another image runs, or with other attributes: `vouch attest refvalues`"},
    {"dcap.enclave.", "another enclave runs, or with other attributes: `vouch attest refvalues`"},
    {"azure.vmpl", "only the paravisor's own report names its TPM's key: send that one"},
    {"tpm.ak.enrolled", "enrol its key (`vouch attest enrol`) and add the name to the policy"},
    {"tpm.pcr.value", "something else was booted or measured: compare with the machine's log"},
    {"tpm.session", "attest again on a new connection, and ask why the machine was reset"},
    {"tpm.history", "an old quote, or a TPM that was set back: do not trust it before you know"},
    {"eventlog.", "the boot log is another one than that of this boot"},
    {"gpu.", "see which GPU it is, and what its driver says of it"},
};

const char *vch_result_advice(const char *check)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strncmp(check, rows[i].begins, strlen(rows[i].begins)) == 0) return rows[i].advice;
    return "";
}
