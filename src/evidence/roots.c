#include "evidence/roots.h"

#include "base/check.h"
#include "evidence/roots_data.h"

// Fingerprints agree between independent publications: three for AMD, two for Intel and NVIDIA.
static const struct vch_roots_root ROOTS[VCH_ROOTS_COUNT] = {
    [VCH_ROOTS_ARK_MILAN] = {"ARK-Milan",
                             {vch_roots_ark_milan, sizeof vch_roots_ark_milan},
                             "69d063b45344d26a2e94e1f4210de49ef555308287d4c174445c95639a540bcd"},
    [VCH_ROOTS_ARK_GENOA] = {"ARK-Genoa",
                             {vch_roots_ark_genoa, sizeof vch_roots_ark_genoa},
                             "4c6598d19c18719c5dfd4a7d335f674e5bfe1d8f800cea2cf270c10d103db2f1"},
    [VCH_ROOTS_ARK_TURIN] = {"ARK-Turin",
                             {vch_roots_ark_turin, sizeof vch_roots_ark_turin},
                             "1f084161a44bb6d93778a904877d4819cafa5d05ef4193b2ded9dd9c73dd3f6a"},
    [VCH_ROOTS_INTEL_SGX] = {"Intel SGX Root CA",
                             {vch_roots_intel_sgx, sizeof vch_roots_intel_sgx},
                             "44a0196b2b99f889b8e149e95b807a350e7424964399e885a7cbb8ccfab674d3"},
    [VCH_ROOTS_NVIDIA_DEVICE] =
        {"NVIDIA Device Identity CA",
         {vch_roots_nvidia_device, sizeof vch_roots_nvidia_device},
         "102bf659d5419614c9d8e6aecebc80454eb26b1df6a769ac720b9a690b167b48"},
    [VCH_ROOTS_AWS_NITRO] = {"aws.nitro-enclaves",
                             {vch_roots_aws_nitro, sizeof vch_roots_aws_nitro},
                             "641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b"},
};

const struct vch_roots_root *vch_roots_get(enum vch_roots_name name)
{
    VCH_ASSERT(name < VCH_ROOTS_COUNT);
    return &ROOTS[name];
}
