// The checks of a verdict, for people and for programs.
#pragma once

#include <jansson.h>

#include "evidence/appraisal.h"

// A line each, and what to do where one failed.
void vch_attest_checks_print(const struct vch_appraisal *appraisal);
json_t *vch_attest_checks_json(const struct vch_appraisal *appraisal); // an array
