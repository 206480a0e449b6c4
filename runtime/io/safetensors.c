/* The .safetensors format: 8 bytes of header length, a JSON header {name: {dtype, shape, data_offsets}}, then the data.
 * Offsets count from the end of the header; together the tensors cover the data exactly, without gaps or overlaps. */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "io/tensor.h"

enum { LENGTH_BYTES = 8 };
static const uint64_t LONGEST_HEADER = 100000000; /* the format's own limit */

typedef struct StoreTensor {
    const char *name; /* owned by the header's JSON */
    const char *dtype; /* likewise */
    int stored; /* RtStored, or -1: a dtype that is not read here */
    int rank;
    int64_t shape[RT_MAX_RANK];
    size_t from, to; /* bytes of the data */
} StoreTensor;

struct RtStore {
    char *label;
    json_t *header;
    unsigned char *owned; /* the file, if this store read it */
    const unsigned char *data;
    size_t length; /* of the data */
    int count;
    StoreTensor *tensor;
};

static const struct {
    const char *dtype;
    int stored;
    size_t size;
} dtypes[] = {
    {"F64", RT_STORED_F64, 8},
    {"F32", RT_STORED_F32, 4},
    {"F16", RT_STORED_F16, 2},
    {"BF16", RT_STORED_BF16, 2},
    {"I64", -1, 8},
    {"U64", -1, 8},
    {"I32", -1, 4},
    {"U32", -1, 4},
    {"I16", -1, 2},
    {"U16", -1, 2},
    {"I8", -1, 1},
    {"U8", -1, 1},
    {"BOOL", -1, 1},
    {"F8_E4M3", -1, 1},
    {"F8_E5M2", -1, 1},
};

static RtStatus bad_tensor(const RtStore *store, const char *name, const char *what, RtError *error) {
    return rt_fail(error, RT_USER, "%s: malformed .safetensors header: tensor \"%s\": %s", store->label, name, what);
}

static RtStatus read_tensor_shape(const RtStore *store, StoreTensor *t, const json_t *shape, RtError *error) {
    if (!json_is_array(shape)) return bad_tensor(store, t->name, "shape is not a list", error);
    if (json_array_size(shape) > RT_MAX_RANK) return bad_tensor(store, t->name, "shape has too many dimensions", error);
    t->rank = (int)json_array_size(shape);
    for (int i = 0; i < t->rank; i++) {
        const json_t *size = json_array_get(shape, (size_t)i);
        if (!json_is_integer(size) || json_integer_value(size) < 0)
            return bad_tensor(store, t->name, "a size of the shape is not a whole number", error);
        t->shape[i] = json_integer_value(size);
    }
    if (rt_shape_count(t->rank, t->shape) < 0) return bad_tensor(store, t->name, "the shape is too large", error);
    return RT_OK;
}

static RtStatus read_offsets(const RtStore *store, StoreTensor *t, const json_t *offsets, RtError *error) {
    if (!json_is_array(offsets) || json_array_size(offsets) != 2)
        return bad_tensor(store, t->name, "data_offsets is not a pair", error);
    json_int_t at[2];
    for (size_t i = 0; i < 2; i++) {
        const json_t *offset = json_array_get(offsets, i);
        if (!json_is_integer(offset) || json_integer_value(offset) < 0)
            return bad_tensor(store, t->name, "an offset is not a whole number", error);
        at[i] = json_integer_value(offset);
    }
    if (at[1] < at[0]) return bad_tensor(store, t->name, "it ends before it begins", error);
    if ((uint64_t)at[1] > store->length)
        return rt_fail(error, RT_USER, "%s: truncated: tensor \"%s\" ends at byte %" PRId64 " of the data, which has %zu",
                       store->label, t->name, (int64_t)at[1], store->length);
    t->from = (size_t)at[0];
    t->to = (size_t)at[1];
    return RT_OK;
}

static RtStatus check_size(const RtStore *store, const StoreTensor *t, size_t element, RtError *error) {
    size_t needed = (size_t)rt_shape_count(t->rank, t->shape) * element;
    if (t->to - t->from == needed) return RT_OK;
    char text[RT_SHAPE_TEXT];
    rt_shape_text(text, t->rank, t->shape);
    return rt_fail(error, RT_USER, "%s: tensor \"%s\": %s of shape %s needs %zu bytes, its offsets hold %zu", store->label,
                   t->name, t->dtype, text, needed, t->to - t->from);
}

static RtStatus read_tensor(const RtStore *store, StoreTensor *t, const json_t *entry, RtError *error) {
    const json_t *dtype = json_object_get(entry, "dtype");
    if (!json_is_string(dtype)) return bad_tensor(store, t->name, "no dtype", error);
    if (json_object_size(entry) != 3)
        return bad_tensor(store, t->name, "expected dtype, shape and data_offsets only", error);
    t->dtype = json_string_value(dtype);
    if (read_tensor_shape(store, t, json_object_get(entry, "shape"), error) != RT_OK) return error->status;
    if (read_offsets(store, t, json_object_get(entry, "data_offsets"), error) != RT_OK) return error->status;
    for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++) {
        if (strcmp(dtypes[i].dtype, t->dtype)) continue;
        t->stored = dtypes[i].stored;
        return check_size(store, t, dtypes[i].size, error);
    }
    return rt_fail(error, RT_USER, "%s: tensor \"%s\": unknown dtype \"%s\"", store->label, t->name, t->dtype);
}

static RtStatus read_tensors(RtStore *store, RtError *error) {
    store->tensor = calloc(json_object_size(store->header) + 1, sizeof *store->tensor);
    if (!store->tensor)
        return rt_no_memory(error, (double)json_object_size(store->header) * sizeof *store->tensor, store->label);
    const char *name;
    json_t *entry;
    json_object_foreach(store->header, name, entry) {
        if (!strcmp(name, "__metadata__")) continue;
        StoreTensor *t = &store->tensor[store->count++];
        t->name = name;
        if (!json_is_object(entry)) return bad_tensor(store, name, "its entry is not an object", error);
        if (read_tensor(store, t, entry, error) != RT_OK) return error->status;
    }
    return RT_OK;
}

static int by_offset(const void *left, const void *right) {
    const StoreTensor *a = *(const StoreTensor *const *)left, *b = *(const StoreTensor *const *)right;
    if (a->from != b->from) return a->from < b->from ? -1 : 1;
    return (a->to > b->to) - (a->to < b->to);
}

static RtStatus check_cover(const RtStore *store, RtError *error) {
    const StoreTensor **order = calloc((size_t)store->count + 1, sizeof *order);
    if (!order) return rt_no_memory(error, (double)store->count * sizeof *order, store->label);
    for (int i = 0; i < store->count; i++) order[i] = &store->tensor[i];
    qsort(order, (size_t)store->count, sizeof *order, by_offset);
    size_t end = 0;
    for (int i = 0; i < store->count && error->status == RT_OK; i++) {
        if (order[i]->from < end)
            rt_fail(error, RT_USER, "%s: tensors \"%s\" and \"%s\" overlap", store->label, order[i - 1]->name,
                    order[i]->name);
        else if (order[i]->from > end)
            rt_fail(error, RT_USER, "%s: %zu bytes before tensor \"%s\" belong to no tensor", store->label,
                    order[i]->from - end, order[i]->name);
        end = order[i]->to;
    }
    free(order);
    if (end < store->length)
        rt_fail(error, RT_USER, "%s: the last %zu bytes belong to no tensor", store->label, store->length - end);
    return error->status;
}

/* Splits the file into header and data and parses the header. */
static RtStatus read_store_header(RtStore *store, const unsigned char *bytes, size_t length, RtError *error) {
    if (length == 0) return rt_fail(error, RT_USER, "%s: the file is empty, expected a .safetensors file", store->label);
    if (length < LENGTH_BYTES)
        return rt_fail(error, RT_USER, "%s: truncated: %zu bytes are too few for a .safetensors file", store->label, length);
    uint64_t size = 0;
    for (int i = LENGTH_BYTES; i-- > 0;) size = size << 8 | bytes[i];
    if (size > LONGEST_HEADER)
        return rt_fail(error, RT_USER,
                       "%s: not a .safetensors file: its first 8 bytes promise a header of %" PRIu64 " bytes", store->label,
                       size);
    if (size > length - LENGTH_BYTES)
        return rt_fail(error, RT_USER, "%s: truncated: the header has %" PRIu64 " bytes, the file holds %zu of them",
                       store->label, size, length - LENGTH_BYTES);
    store->data = bytes + LENGTH_BYTES + size;
    store->length = length - LENGTH_BYTES - (size_t)size;
    json_error_t why;
    errno = 0;
    store->header = json_loadb((const char *)bytes + LENGTH_BYTES, (size_t)size, JSON_REJECT_DUPLICATES, &why);
    if (!store->header && errno == ENOMEM) return rt_no_memory(error, (double)size, store->label);
    if (!store->header)
        return rt_fail(error, RT_USER, "%s: malformed .safetensors header: %s at byte %d", store->label, why.text,
                       why.position);
    if (!json_is_object(store->header))
        return rt_fail(error, RT_USER, "%s: malformed .safetensors header: it is not an object", store->label);
    return RT_OK;
}

RtStore *rt_store_parse(const char *label, const unsigned char *bytes, size_t length, RtError *error) {
    RtStore *store = calloc(1, sizeof *store);
    if (store) store->label = strdup(label);
    if (!store || !store->label) rt_no_memory(error, sizeof *store, label);
    else if (read_store_header(store, bytes, length, error) == RT_OK && read_tensors(store, error) == RT_OK &&
             check_cover(store, error) == RT_OK)
        return store;
    rt_store_close(store);
    return NULL;
}

RtStore *rt_store_open(const char *path, RtError *error) {
    unsigned char *bytes;
    size_t length;
    if (rt_file_read(path, &bytes, &length, error) != RT_OK) return NULL;
    RtStore *store = rt_store_parse(path, bytes, length, error);
    if (store) store->owned = bytes;
    else free(bytes);
    return store;
}

void rt_store_close(RtStore *store) {
    if (!store) return;
    json_decref(store->header);
    free(store->tensor);
    free(store->owned);
    free(store->label);
    free(store);
}

int rt_store_count(const RtStore *store) { return store->count; }
const char *rt_store_name(const RtStore *store, int tensor) { return store->tensor[tensor].name; }
int rt_store_rank(const RtStore *store, int tensor) { return store->tensor[tensor].rank; }
const int64_t *rt_store_shape(const RtStore *store, int tensor) { return store->tensor[tensor].shape; }

const char *rt_store_metadata(const RtStore *store, const char *key) {
    return json_string_value(json_object_get(json_object_get(store->header, "__metadata__"), key));
}

int rt_store_find(const RtStore *store, const char *name) {
    for (int i = 0; i < store->count; i++)
        if (!strcmp(store->tensor[i].name, name)) return i;
    return -1;
}

RtStatus rt_store_read(const RtStore *store, int tensor, RtType type, RtTensor *out, RtError *error) {
    const StoreTensor *t = &store->tensor[tensor];
    char text[RT_SHAPE_TEXT];
    const char *why = NULL;
    *out = (RtTensor){0};
    if (t->stored < 0)
        return rt_fail(error, RT_USER, "%s: tensor \"%s\" has dtype %s; expected F32, F64, F16 or BF16", store->label,
                       t->name, t->dtype);
    if (rt_tensor_new(out, type, t->rank, t->shape, error) != RT_OK) return error->status;
    int64_t count = rt_shape_count(t->rank, t->shape);
    int64_t wrong = rt_convert((RtStored)t->stored, store->data + t->from, count, type, out->data, &why);
    if (wrong < 0) return RT_OK;
    rt_tensor_free(out);
    return rt_fail(error, RT_USER, "%s: tensor \"%s\": the element at %s %s", store->label, t->name,
                   rt_index_text(text, t->rank, t->shape, wrong), why);
}

/* ---- writing ------------------------------------------------------------------------------------------------------------ */
static size_t data_bytes(const RtTensor *t) { return (size_t)rt_shape_count(t->rank, t->shape) * rt_type_size(t->type); }

static json_t *metadata_json(const char *const *metadata) {
    json_t *o = json_object();
    for (; metadata[0]; metadata += 2) json_object_set_new(o, metadata[0], json_string(metadata[1]));
    return o;
}

static json_t *header_json(int count, const char *const *names, const RtTensor *tensors, const char *const *metadata) {
    json_t *header = json_object();
    size_t at = 0;
    if (metadata) json_object_set_new(header, "__metadata__", metadata_json(metadata));
    for (int i = 0; i < count; i++) {
        const RtTensor *t = &tensors[i];
        json_t *shape = json_array();
        for (int k = 0; k < t->rank; k++) json_array_append_new(shape, json_integer(t->shape[k]));
        json_t *entry = json_pack("{s:s, s:o, s:[I, I]}", "dtype", t->type == RT_F64 ? "F64" : "F32", "shape", shape,
                                  "data_offsets", (json_int_t)at, (json_int_t)(at + data_bytes(t)));
        json_object_set_new(header, names[i], entry);
        at += data_bytes(t);
    }
    return header;
}

/* Building JSON leaves out what there is no memory for and says nothing; but errno does.
 * Padded with blanks so that the data begin at a multiple of 8. */
char *rt_store_header(int count, const char *const *names, const RtTensor *tensors, const char *const *metadata, size_t *length) {
    errno = 0;
    json_t *json = header_json(count, names, tensors, metadata);
    char *text = json_dumps(json, JSON_COMPACT | JSON_PRESERVE_ORDER);
    json_decref(json);
    if (!text || errno == ENOMEM) {
        free(text);
        return NULL;
    }
    size_t used = strlen(text), padded = (used + 7) / 8 * 8;
    char *result = malloc(LENGTH_BYTES + padded);
    if (result) {
        for (int i = 0; i < LENGTH_BYTES; i++) result[i] = (char)(padded >> 8 * i & 255);
        memcpy(result + LENGTH_BYTES, text, used);
        memset(result + LENGTH_BYTES + used, ' ', padded - used);
    }
    free(text);
    *length = LENGTH_BYTES + padded;
    return result;
}

RtStatus rt_store_write(const char *path, int count, const char *const *names, const RtTensor *tensors, RtError *error) {
    size_t length = 0;
    RtPiece *pieces = calloc((size_t)count + 1, sizeof *pieces);
    char *header = rt_store_header(count, names, tensors, NULL, &length);
    RtStatus status;
    if (pieces && header) {
        pieces[0] = (RtPiece){header, length};
        for (int i = 0; i < count; i++) pieces[i + 1] = (RtPiece){tensors[i].data, data_bytes(&tensors[i])};
        status = rt_file_write(path, pieces, count + 1, error);
    } else status = rt_no_memory(error, (double)length, path);
    free(header);
    free(pieces);
    return status;
}
