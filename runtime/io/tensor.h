/* Tensors in memory, and their two file formats.
 *
 * A tensor is row-major and contiguous, float32 or float64, 64-byte aligned, and owned by whoever holds the struct
 * (rt_tensor_free). Readers convert to the element type they are asked for: floating-point data are rounded, integers must be
 * exact, and NaN, infinity and overflow are errors that name the index. Readers are strict: what a header promises must be in
 * the file, all of it and nothing else. Every error is RT_USER unless the machine failed. */
#ifndef CTX_RUNTIME_TENSOR_H
#define CTX_RUNTIME_TENSOR_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/status.h"

typedef enum RtType { RT_F32, RT_F64 } RtType;
enum { RT_MAX_RANK = 32 };

typedef struct RtTensor {
    RtType type;
    int rank;
    int64_t shape[RT_MAX_RANK];
    void *data;
} RtTensor;

static inline size_t rt_type_size(RtType type) { return type == RT_F64 ? 8 : 4; }
static inline double rt_element(RtType type, const void *data, int64_t i) {
    return type == RT_F64 ? ((const double *)data)[i] : (double)((const float *)data)[i];
}
/* Product of the sizes, or -1 when it exceeds what fits in memory addresses (2^47 elements). */
int64_t rt_shape_count(int rank, const int64_t *shape);
/* "[18, 384]"; "[]" for a single value. buffer must hold RT_SHAPE_TEXT characters. */
enum { RT_SHAPE_TEXT = RT_MAX_RANK * 22 + 3 };
const char *rt_shape_text(char *buffer, int rank, const int64_t *shape);
/* Position of element i (row-major) as "[3, 17]". */
const char *rt_index_text(char *buffer, int rank, const int64_t *shape, int64_t i);
/* 64-byte aligned memory for at least one byte; NULL without memory. Released by free. */
void *rt_aligned(size_t bytes);
RtStatus rt_tensor_new(RtTensor *tensor, RtType type, int rank, const int64_t *shape, RtError *error); /* data unset */
void rt_tensor_free(RtTensor *tensor);

/* First of `count` elements that is NaN or infinite, -1: none (finite.c). */
int64_t rt_first_not_finite(RtType type, const void *data, int64_t count);

/* ---- element types in files (convert.c) ------------------------------------------------------------------------------- */
typedef enum RtStored { RT_STORED_F16, RT_STORED_BF16, RT_STORED_F32, RT_STORED_F64, RT_STORED_I32, RT_STORED_I64 } RtStored;
size_t rt_stored_size(RtStored stored);
/* Converts `count` little-endian elements. Returns -1, or the first element that cannot be taken, and *why ("is NaN", ...). */
int64_t rt_convert(RtStored stored, const unsigned char *from, int64_t count, RtType to, void *out, const char **why);

/* ---- .npy: versions 1 to 3, C and Fortran order, <f4 <f8 <i4 <i8 --------------------------------------------------------- */
RtStatus rt_npy_read(const char *path, RtType type, RtTensor *out, RtError *error);
/* The same from memory; `label` names it in messages. */
RtStatus rt_npy_parse(const char *label, const unsigned char *bytes, size_t length, RtType type, RtTensor *out, RtError *error);
RtStatus rt_npy_write(const char *path, const RtTensor *tensor, RtError *error);
/* What stands before the elements of a tensor of this type, rank and shape; its length is returned, a multiple of 64. */
enum { RT_NPY_HEADER = 512 + RT_SHAPE_TEXT };
size_t rt_npy_header(char header[RT_NPY_HEADER], RtType type, int rank, const int64_t *shape);
/* A regular file in C order, open: its elements are read a few rows at a time (a row: all but the first dimension). */
typedef struct RtNpyFile {
    char *label;
    int file; /* -1: closed */
    RtStored stored;
    int rank;
    int64_t shape[RT_MAX_RANK];
    int64_t data, row;     /* byte where the elements begin; elements of a row */
    unsigned char *piece;  /* some of them as they lie in the file */
} RtNpyFile;
/* *in_rows false, and nothing open: a pipe, a single value or Fortran order, to be read as a whole. */
RtStatus rt_npy_open(const char *path, RtNpyFile *file, bool *in_rows, RtError *error);
RtStatus rt_npy_rows(RtNpyFile *file, int64_t first, int64_t count, RtType type, void *out, RtError *error);
void rt_npy_close(RtNpyFile *file);

/* ---- .safetensors: F16 BF16 F32 F64 ------------------------------------------------------------------------------------- */
typedef struct RtStore RtStore; /* an open file: header checked as a whole, data read on demand */
RtStore *rt_store_open(const char *path, RtError *error); /* NULL: error says why */
/* The same from memory, which must outlive the store. */
RtStore *rt_store_parse(const char *label, const unsigned char *bytes, size_t length, RtError *error);
void rt_store_close(RtStore *store);
int rt_store_count(const RtStore *store);
const char *rt_store_name(const RtStore *store, int tensor); /* in header order */
int rt_store_find(const RtStore *store, const char *name);   /* -1: no such tensor */
int rt_store_rank(const RtStore *store, int tensor);
const int64_t *rt_store_shape(const RtStore *store, int tensor);
/* Reads one tensor; NaN and the like are errors. Tensors of other dtypes are no error until they are read. */
RtStatus rt_store_read(const RtStore *store, int tensor, RtType type, RtTensor *out, RtError *error);
/* The value of a key of the file's metadata; NULL: it has none. */
const char *rt_store_metadata(const RtStore *store, const char *key);
RtStatus rt_store_write(const char *path, int count, const char *const *names, const RtTensor *tensors, RtError *error);
/* What stands before the data of these tensors (their data are not looked at), which follow one another without gaps; `metadata`
 * is keys and values in turn, ended by NULL, or NULL. To be freed; NULL without memory. */
char *rt_store_header(int count, const char *const *names, const RtTensor *tensors, const char *const *metadata, size_t *length);

/* ---- whole files (file.c) ------------------------------------------------------------------------------------------------- */
/* "PATH: cannot be read: no such file"; `what`: "read", "written". RT_MACHINE for a full disk, a failing one or no memory, else RT_USER. */
RtStatus rt_file_failed(RtError *error, const char *path, const char *what, int code);
typedef struct RtPiece {
    const void *bytes;
    size_t length;
} RtPiece;
/* A regular file or a pipe, as a whole; *bytes is released by free. */
RtStatus rt_file_read(const char *path, unsigned char **bytes, size_t *length, RtError *error);
/* Replaces path by the pieces in order. A regular file is written beside it (io/beside.h) and takes its name when
 * complete; if that fails, or an interrupt arrives, nothing remains of it. Devices and pipes are written directly. */
RtStatus rt_file_write(const char *path, const RtPiece *pieces, int count, RtError *error);
#endif
