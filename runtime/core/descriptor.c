#include "core/descriptor.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "core/form.h"

static RtStatus bad(RtError *error, const char *what) {
    return rt_fail(error, RT_FAULT, "this program's description of itself cannot be read: %s", what);
}

static RtStatus read_axis(const json_t *json, RtAxis *axis, RtError *error) {
    axis->name = json_string_value(json_object_get(json, "name"));
    axis->size = json_integer_value(json_object_get(json, "size"));
    const char *kind = json_string_value(json_object_get(json, "kind"));
    if (!axis->name || !kind || axis->size < 1) return bad(error, "an axis");
    const json_t *least = json_object_get(json, "least");
    axis->least = least ? json_integer_value(least) : 1;
    axis->bounded = !strcmp(kind, "bounded");
    return axis->bounded || !strcmp(kind, "const") ? RT_OK : bad(error, "the kind of an axis");
}

static RtStatus read_draw(const json_t *json, RtDraw *draw, RtError *error) {
    static const char *const kinds[] = {[RT_DRAW_NORMAL] = "normal",
                                        [RT_DRAW_UNIFORM] = "uniform",
                                        [RT_DRAW_XAVIER] = "xavier",
                                        [RT_DRAW_CONSTANT] = "constant",
                                        [RT_DRAW_BERNOULLI] = "bernoulli",
                                        [RT_DRAW_CHOOSE] = "choose",
                                        [RT_DRAW_LIST] = "list"};
    const char *kind = json_string_value(json_object_get(json, "kind"));
    draw->a = json_number_value(json_object_get(json, "a"));
    draw->b = json_number_value(json_object_get(json, "b"));
    for (int i = RT_DRAW_NORMAL; kind && i < RT_DRAW_COUNT; i++)
        if (!strcmp(kind, kinds[i])) draw->kind = (RtDrawKind)i;
    return draw->kind == RT_DRAW_NONE ? bad(error, "how a weight is drawn") : RT_OK;
}

static RtStatus read_role(const json_t *json, RtRole *role, RtError *error) {
    static const char *const roles[] = {[RT_STIMULUS] = "stimulus",
                                        [RT_WEIGHT] = "weight",
                                        [RT_OUTPUT] = "output",
                                        [RT_PLANNED] = "plan",
                                        [RT_TRACE] = "trace",
                                        [RT_SPARSE] = "sparse",
                                        [RT_TEMP] = "temp"};
    const char *text = json_string_value(json_object_get(json, "role"));
    for (int i = RT_STIMULUS; text && i <= RT_TEMP; i++) {
        if (strcmp(text, roles[i])) continue;
        *role = (RtRole)i;
        return RT_OK;
    }
    return bad(error, "the role of a buffer");
}

static RtStatus read_buffer(const RtDescriptor *d, const json_t *json, RtBuffer *buffer, RtError *error) {
    const json_t *axes = json_object_get(json, "axes"), *draw = json_object_get(json, "draw");
    buffer->name = json_string_value(json_object_get(json, "name"));
    buffer->unit = json_string_value(json_object_get(json, "unit"));
    buffer->tensor = json_string_value(json_object_get(json, "tensor"));
    buffer->recorded = json_is_true(json_object_get(json, "recorded"));
    buffer->slots = (int)json_integer_value(json_object_get(json, "slots"));
    if (buffer->slots < 1) buffer->slots = 1;
    if (!buffer->name || !json_is_array(axes) || json_array_size(axes) > RT_MAX_RANK) return bad(error, "a buffer");
    buffer->rank = (int)json_array_size(axes);
    const json_t *part = json_object_get(json, "part"), *names = json_object_get(json, "axis_names");
    buffer->part = json_is_integer(part) ? (int)json_integer_value(part) : -1;
    if (json_unpack((json_t *)(uintptr_t)json_object_get(json, "live"), "[i, i]", &buffer->live[0], &buffer->live[1]) != 0)
        buffer->live[0] = buffer->live[1] = -1;
    buffer->stream = json_is_true(json_object_get(json, "stream"));
    buffer->state = !json_is_false(json_object_get(json, "state"));
    buffer->gauge = json_is_true(json_object_get(json, "gauge"));
    for (int i = 0; i < buffer->rank; i++) {
        json_int_t axis = json_integer_value(json_array_get(axes, (size_t)i));
        if (axis < 0 || axis >= d->axes) return bad(error, "an axis of a buffer");
        buffer->axis[i] = (int)axis;
        if ((int)json_array_size(names) == buffer->rank) buffer->axis_name[i] = json_string_value(json_array_get(names, (size_t)i));
        if (!buffer->axis_name[i]) buffer->axis_name[i] = d->axis[axis].name;
    }
    if (draw && read_draw(draw, &buffer->draw, error) != RT_OK) return error->status;
    buffer->packed = json_is_true(json_object_get(json, "packed"));
    if (read_role(json, &buffer->role, error) != RT_OK || buffer->role != RT_SPARSE) return error->status;
    buffer->form = rt_form_read(json_object_get(json, "sparse"), d->axes, d->buffers);
    return buffer->form ? RT_OK : bad(error, "a sparse projection");
}

/* {"dt": 0.0001, "cycle": 0.02, "unit": "s"} */
static RtStatus read_dynamic(const json_t *json, RtDescriptor *d, RtError *error) {
    const char *unit = json_string_value(json_object_get(json, "unit"));
    d->dt = json_number_value(json_object_get(json, "dt"));
    d->cycle = json_number_value(json_object_get(json, "cycle"));
    bool wrong = !(d->dt > 0) || !(d->cycle >= 0) || (unit && strcmp(unit, "s"));
    return wrong ? bad(error, "the step of the dynamic reading") : RT_OK;
}

static RtStatus read_json(const json_t *json, RtDescriptor *d, RtError *error) {
    const json_t *axes = json_object_get(json, "axes"), *buffers = json_object_get(json, "buffers");
    const char *precision = json_string_value(json_object_get(json, "precision"));
    d->name = json_string_value(json_object_get(json, "name"));
    d->compiler = json_string_value(json_object_get(json, "compiler"));
    if (!d->name || !precision || !json_is_array(axes) || !json_is_array(buffers)) return bad(error, "its parts");
    const json_t *dynamic = json_object_get(json, "dynamic");
    if (dynamic && read_dynamic(dynamic, d, error) != RT_OK) return error->status;
    if (!d->compiler) d->compiler = "ctx";
    d->type = !strcmp(precision, "f64") ? RT_F64 : RT_F32;
    d->axes = (int)json_array_size(axes);
    d->buffers = (int)json_array_size(buffers);
    d->axis = calloc((size_t)d->axes + 1, sizeof *d->axis);
    d->buffer = calloc((size_t)d->buffers + 1, sizeof *d->buffer);
    if (!d->axis || !d->buffer) return rt_no_memory(error, (double)d->buffers * sizeof *d->buffer, "the descriptor");
    for (int i = 0; i < d->axes; i++)
        if (read_axis(json_array_get(axes, (size_t)i), &d->axis[i], error) != RT_OK) return error->status;
    for (int i = 0; i < d->buffers; i++)
        if (read_buffer(d, json_array_get(buffers, (size_t)i), &d->buffer[i], error) != RT_OK) return error->status;
    return RT_OK;
}

RtStatus rt_descriptor_read(const CtxProgram *program, RtDescriptor *d, RtError *error) {
    *d = (RtDescriptor){0};
    if (program->abi != CTX_ABI_VERSION)
        return rt_fail(error, RT_FAULT, "the program was compiled for runtime interface %u, this library has %d",
                       program->abi, CTX_ABI_VERSION);
    json_error_t why;
    errno = 0; /* jansson calls lack of memory a syntax error */
    json_t *json = json_loads(program->descriptor, JSON_REJECT_DUPLICATES, &why);
    if (!json && errno == ENOMEM) return rt_no_memory(error, (double)strlen(program->descriptor), "the descriptor");
    if (!json) return bad(error, why.text);
    d->json = json;
    if (read_json(json, d, error) != RT_OK) rt_descriptor_free(d);
    return error->status;
}

void rt_descriptor_free(RtDescriptor *d) {
    json_decref(d->json);
    for (int i = 0; d->buffer && i < d->buffers; i++) free(d->buffer[i].form);
    free(d->axis);
    free(d->buffer);
    *d = (RtDescriptor){0};
}

int rt_find_buffer(const RtDescriptor *d, RtRole role, const char *name) {
    for (int i = 0; i < d->buffers; i++)
        if (d->buffer[i].role == role && !strcmp(d->buffer[i].name, name)) return i;
    return -1;
}

int rt_find_axis(const RtDescriptor *d, const char *name) {
    for (int i = 0; i < d->axes; i++)
        if (!strcmp(d->axis[i].name, name)) return i;
    return -1;
}

bool rt_uses_axis(const RtBuffer *buffer, int axis) {
    for (int i = 0; i < buffer->rank; i++)
        if (buffer->axis[i] == axis) return true;
    return false;
}

char *rt_axes_text(const RtDescriptor *d, const RtBuffer *buffer) {
    char *text = rt_format("[");
    for (int i = 0; i < buffer->rank && text; i++) {
        const RtAxis *axis = &d->axis[buffer->axis[i]];
        char *longer =
            rt_format("%s%s%s %s %lld", text, i ? ", " : "", axis->name, axis->bounded ? "<=" : "=", (long long)axis->size);
        free(text);
        text = longer;
    }
    char *closed = text ? rt_format("%s]", text) : NULL;
    free(text);
    return closed;
}
