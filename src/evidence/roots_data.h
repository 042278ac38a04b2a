// The vendors' root certificates in DER; roots.h says which is which.
#pragma once

#include <stdint.h>

extern const uint8_t vch_roots_ark_milan[1639];
extern const uint8_t vch_roots_ark_genoa[1639];
extern const uint8_t vch_roots_ark_turin[1639];
extern const uint8_t vch_roots_intel_sgx[659];
extern const uint8_t vch_roots_nvidia_device[527];
extern const uint8_t vch_roots_aws_nitro[533];
