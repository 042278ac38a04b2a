// Our files as JSON, and JSON of that kind as indented text: one description serves both.
#pragma once

#include <jansson.h>

#include "consensus/registry.h"
#include "model/package.h"
#include "voucher/voucher.h"

json_t *vch_describe_package(const struct vch_package *package);
json_t *vch_describe_voucher(const struct vch_voucher *voucher);
json_t *vch_describe_registry(const struct vch_registry *registry);

// Objects as "key value" lines, arrays of objects as a table with one row per object.
void vch_describe_print(const json_t *description);
