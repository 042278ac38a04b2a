// This program's own image, and what it says of itself by that where it is attested.
#pragma once

#include "attest/facts.h"
#include "base/complaint.h"

// Of this very program, as it was started: its image's digest; no policy, model or confinement.
vch_status vch_image_facts(struct vch_facts *out, struct vch_complaint *complaint);
