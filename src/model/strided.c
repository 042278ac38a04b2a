#include "model/strided.h"

#include "base/check.h"

static bool is_one_walk(const struct vch_strided *walk, uint32_t outer, uint32_t inner)
{
    for (uint32_t i = 0; i < walk->count; i++)
        if (walk->strides[i][outer] != walk->strides[i][inner] * (int64_t)walk->dims[inner])
            return false;
    return true;
}

static void move_axis(struct vch_strided *walk, uint32_t to, uint32_t from)
{
    walk->dims[to] = walk->dims[from];
    for (uint32_t i = 0; i < walk->count; i++)
        walk->strides[i][to] = walk->strides[i][from];
}

void vch_strided_simplify(struct vch_strided *walk)
{
    uint32_t kept = 0;

    VCH_ASSERT(walk->axes <= VCH_STRIDED_AXES_MAX && walk->count <= VCH_STRIDED_ARRAYS_MAX);
    for (uint32_t axis = 0; axis < walk->axes; axis++) {
        if (walk->dims[axis] == 1) continue;
        if (kept > 0 && is_one_walk(walk, kept - 1, axis)) {
            size_t joined = walk->dims[kept - 1] * walk->dims[axis];
            move_axis(walk, kept - 1, axis);
            walk->dims[kept - 1] = joined;
            continue;
        }
        move_axis(walk, kept++, axis);
    }
    if (kept == 0) {
        walk->dims[0] = 1;
        kept = 1;
    }
    walk->axes = kept;
}

size_t vch_strided_row_count(const struct vch_strided *walk)
{
    size_t count = 1;
    for (uint32_t axis = 0; axis + 1 < walk->axes; axis++)
        count *= walk->dims[axis];
    return count;
}

int64_t vch_strided_row(const struct vch_strided *walk, uint32_t array, size_t row)
{
    int64_t offset = 0;

    VCH_ASSERT(array < walk->count);
    for (uint32_t axis = walk->axes - 1; axis-- > 0;) {
        offset += (int64_t)(row % walk->dims[axis]) * walk->strides[array][axis];
        row /= walk->dims[axis];
    }
    return offset;
}

void vch_strided_of_tensor(int64_t *strides, const struct vch_shape *shape, size_t element_size)
{
    int64_t stride = (int64_t)element_size;

    for (uint32_t axis = shape->rank; axis > 0; axis--) {
        strides[axis] = stride;
        stride *= shape->dims[axis - 1];
    }
    strides[0] = stride;
}
