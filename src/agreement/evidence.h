// Evidence: two commits by one seat that nobody honest signs both. agreement.md, section 7.
#pragma once

#include "agreement/inside.h"

vch_inside_check vch_evidence_check;
vch_inside_take vch_evidence_take;
