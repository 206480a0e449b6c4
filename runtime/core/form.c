#include "core/form.h"

#include <jansson.h>
#include <stdlib.h>

/* Axes of the form from number `first` on. */
static bool read_axes(const json_t *json, int axes, RtForm *form, int first, int *count) {
    if (!json_is_array(json) || json_array_size(json) > (size_t)(RT_MAX_RANK - first)) return false;
    *count = (int)json_array_size(json);
    for (int i = 0; i < *count; i++) {
        json_int_t axis = json_integer_value(json_array_get(json, (size_t)i));
        if (axis < 0 || axis >= axes) return false;
        form->axis[first + i] = (int)axis;
    }
    return true;
}

static bool read_operand(const json_t *json, int buffers, const RtForm *form, RtOperand *operand) {
    const json_t *of = json_object_get(json, "of");
    operand->buffer = (int)json_integer_value(json_object_get(json, "buffer"));
    operand->rank = (int)json_array_size(of);
    if (!json_is_array(of) || operand->rank > RT_MAX_RANK || operand->buffer < 0 || operand->buffer >= buffers) return false;
    for (int i = 0; i < operand->rank; i++) {
        operand->of[i] = (int)json_integer_value(json_array_get(of, (size_t)i));
        if (operand->of[i] < 0 || operand->of[i] >= form->rows + form->columns) return false;
    }
    return true;
}

static bool read_factors(const json_t *json, int buffers, RtForm *form) {
    form->factors = (int)json_array_size(json);
    if (!json_is_array(json) || form->factors > RT_MAX_FACTORS) return false;
    for (int i = 0; i < form->factors; i++)
        if (!read_operand(json_array_get(json, (size_t)i), buffers, form, &form->factor[i])) return false;
    return true;
}

static bool read_source(const json_t *json, int axes, RtForm *form) {
    form->source_rank = (int)json_array_size(json);
    if (!json_is_array(json) || form->source_rank > RT_MAX_RANK) return false;
    for (int i = 0; i < form->source_rank; i++) {
        const json_t *dimension = json_array_get(json, (size_t)i);
        form->source_axis[i] = (int)json_integer_value(json_array_get(dimension, 0));
        form->source_of[i] = (int)json_integer_value(json_array_get(dimension, 1));
        if (form->source_axis[i] < 0 || form->source_axis[i] >= axes) return false;
        if (form->source_of[i] < -1 || form->source_of[i] >= form->rows + form->columns) return false;
    }
    return true;
}

RtForm *rt_form_read(const struct json_t *json, int axes, int buffers) {
    RtForm *form = calloc(1, sizeof *form);
    if (!form) return NULL;
    form->scale = json_number_value(json_object_get(json, "scale"));
    bool good = read_axes(json_object_get(json, "rows"), axes, form, 0, &form->rows) &&
                read_axes(json_object_get(json, "columns"), axes, form, form->rows, &form->columns) &&
                read_operand(json_object_get(json, "table"), buffers, form, &form->table) &&
                read_factors(json_object_get(json, "factors"), buffers, form) &&
                read_source(json_object_get(json, "source"), axes, form);
    if (good) return form;
    free(form);
    return NULL;
}
