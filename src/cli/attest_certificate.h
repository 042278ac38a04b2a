// vouch attest certificate: an RA-TLS certificate of somebody else's enclave, judged.
#pragma once

#include "cli/tool.h"

vch_status vch_attest_certificate_run(struct vch_tool *tool);
