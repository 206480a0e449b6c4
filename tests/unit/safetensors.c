/* io/safetensors: every dtype, strict headers, truncation at every byte, round trips */
#include <CUnit/Basic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/tensor.h"

void suite_safetensors(void);

typedef struct File {
    unsigned char *bytes;
    size_t length;
} File;

static File make_file(const char *header, const void *data, size_t data_length) {
    size_t text = strlen(header);
    File f = {malloc(8 + text + data_length), 8 + text + data_length};
    for (size_t i = 0; i < 8; i++) f.bytes[i] = (unsigned char)(text >> 8 * i & 255);
    memcpy(f.bytes + 8, header, text);
    if (data_length) memcpy(f.bytes + 8 + text, data, data_length);
    return f;
}

/* The file is refused as a user's error whose message holds `what`. */
static void refuses(const char *header, const void *data, size_t length, const char *what) {
    RtError error = {0};
    File f = make_file(header, data, length);
    RtStore *store = rt_store_parse("file", f.bytes, f.length, &error);
    CU_ASSERT_PTR_NULL(store);
    CU_ASSERT_EQUAL(error.status, RT_USER);
    if (!strstr(rt_error_message(&error), what)) {
        printf("\n  expected \"%s\", came \"%s\"", what, rt_error_message(&error));
        CU_FAIL("another message");
    }
    rt_store_close(store);
    rt_error_clear(&error);
    free(f.bytes);
}

/* One tensor of shape [3] in that dtype reads as the values, or fails with the message `what`. */
static void reads(const char *dtype, const void *data, size_t length, const double *values, const char *what) {
    char header[256];
    RtTensor t;
    RtError error = {0};
    sprintf(header, "{\"__metadata__\":{\"a\":\"b\"},\"w\":{\"dtype\":\"%s\",\"shape\":[3],\"data_offsets\":[0,%zu]}}",
            dtype, length);
    File f = make_file(header, data, length);
    RtStore *store = rt_store_parse("file", f.bytes, f.length, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(store);
    CU_ASSERT_EQUAL(rt_store_count(store), 1);
    CU_ASSERT_EQUAL(rt_store_find(store, "w"), 0);
    CU_ASSERT_EQUAL(rt_store_find(store, "__metadata__"), -1);
    RtStatus status = rt_store_read(store, 0, RT_F32, &t, &error);
    CU_ASSERT_EQUAL(status, values ? RT_OK : RT_USER);
    for (int i = 0; values && i < 3; i++) CU_ASSERT_EQUAL(rt_element(RT_F32, t.data, i), values[i]);
    if (!values) CU_ASSERT_PTR_NOT_NULL(strstr(rt_error_message(&error), what));
    rt_tensor_free(&t);
    rt_store_close(store);
    rt_error_clear(&error);
    free(f.bytes);
}

static void every_dtype_reads(void) {
    const float f32[3] = {1, -2.5f, 1e-38f};
    const double f64[3] = {1, -2.5, 0.1};
    const uint16_t f16[3] = {0x3c00, 0xc100, 0x0001}, bf16[3] = {0x3f80, 0xc020, 0x0080};
    const int32_t i32[3] = {1, 2, 3};
    reads("F32", f32, sizeof f32, (const double[]){1, -2.5, (double)1e-38f}, NULL);
    reads("F64", f64, sizeof f64, (const double[]){1, -2.5, (double)0.1f}, NULL);
    reads("F16", f16, sizeof f16, (const double[]){1, -2.5, 0x1p-24}, NULL);
    reads("BF16", bf16, sizeof bf16, (const double[]){1, -2.5, 0x1p-126}, NULL);
    reads("I32", i32, sizeof i32, NULL, "dtype I32; expected F32");
}

static void not_numbers_are_named(void) {
    const float f32[3] = {1, 2, 0.0f / 0.0f};
    const double f64[3] = {1, 1e39, 0};
    const uint16_t f16[3] = {0x3c00, 0x7c00, 0}, f16_nan[3] = {0x7e00, 0, 0}, bf16[3] = {0, 0, 0xff80};
    reads("F32", f32, sizeof f32, NULL, "\"w\": the element at [2] is NaN");
    reads("F64", f64, sizeof f64, NULL, "[1] is too large for float32");
    reads("F16", f16, sizeof f16, NULL, "[1] is infinite");
    reads("F16", f16_nan, sizeof f16_nan, NULL, "[0] is NaN");
    reads("BF16", bf16, sizeof bf16, NULL, "[2] is infinite");
}

static void lies_are_refused(void) {
    const float data[4] = {1, 2, 3, 4};
    refuses("", data, 0, "malformed");
    refuses("[]", data, 0, "not an object");
    refuses("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}", data, 8, "malformed");
    refuses("{\"a\":1}", data, 0, "not an object");
    refuses("{\"a\":{\"shape\":[2],\"data_offsets\":[0,8]}}", data, 8, "no dtype");
    refuses("{\"a\":{\"dtype\":\"F31\",\"shape\":[2],\"data_offsets\":[0,8]}}", data, 8, "unknown dtype");
    refuses("{\"a\":{\"dtype\":\"F32\",\"shape\":2,\"data_offsets\":[0,8]}}", data, 8, "shape is not a list");
    refuses("{\"a\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}}", data, 8, "whole number");
    refuses("{\"a\":{\"dtype\":\"F32\",\"shape\":[2.0],\"data_offsets\":[0,8]}}", data, 8, "whole number");
    refuses("{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,8]}}", data, 8, "too large");
    refuses("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0]}}", data, 8, "pair");
    refuses("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}", data, 8, "ends before it begins");
    refuses("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", data, 4, "truncated");
    refuses("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", data, 12,
            "last 4 bytes belong to no tensor");
    refuses("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}}", data, 12, "4 bytes before tensor \"a\"");
    refuses("{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}", data, 8,
            "needs 12 bytes, its offsets hold 8");
    refuses("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8],\"x\":1}}", data, 8, "only");
    refuses(
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}}",
        data, 12, "\"a\" and \"b\" overlap");
    refuses(
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}",
        data, 8, "duplicate");
    refuses("{\"a\":{\"dtype\":\"F32\",\"shape\":[9223372036854775807],\"data_offsets\":[0,8]}}", data, 8, "too large");
}

static void header_length_lies(void) {
    RtError error = {0};
    File f = make_file("{}", NULL, 0);
    for (int byte = 0; byte < 8; byte++) {
        unsigned char before = f.bytes[byte];
        f.bytes[byte] = 200;
        CU_ASSERT_PTR_NULL(rt_store_parse("file", f.bytes, f.length, &error));
        CU_ASSERT_EQUAL(error.status, RT_USER);
        rt_error_clear(&error);
        f.bytes[byte] = before;
    }
    free(f.bytes);
}

static const char two[] =
    "{\"a\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[8,16]},\"b\":{\"dtype\":\"F64\",\"shape\":[],\"data_offsets\":[0,8]}}";

static void truncation_is_seen_at_every_byte(void) {
    const double data[2] = {1, 2};
    File f = make_file(two, data, sizeof data);
    for (size_t length = 0; length <= f.length; length++) {
        RtError error = {0};
        unsigned char *part = malloc(length ? length : 1);
        memcpy(part, f.bytes, length);
        RtStore *store = rt_store_parse("file", part, length, &error);
        CU_ASSERT_EQUAL(store == NULL, length < f.length);
        CU_ASSERT_EQUAL(error.status, length < f.length ? RT_USER : RT_OK);
        rt_store_close(store);
        rt_error_clear(&error);
        free(part);
    }
    free(f.bytes);
}

static void changed_headers_are_survived(void) {
    static const unsigned char values[] = {0, '0', '9', '"', '[', '{', '}', ',', ':', '-', 0x80, 255};
    const double data[2] = {1, 2};
    File f = make_file(two, data, sizeof data);
    for (size_t at = 0; at < f.length - sizeof data; at++) {
        unsigned char before = f.bytes[at];
        for (size_t v = 0; v < sizeof values; v++) {
            RtError error = {0};
            f.bytes[at] = values[v];
            RtStore *store = rt_store_parse("file", f.bytes, f.length, &error);
            CU_ASSERT(store ? error.status == RT_OK : error.status == RT_USER);
            for (int i = 0; store && i < rt_store_count(store); i++) {
                RtTensor t;
                RtError inner = {0};
                rt_store_read(store, i, RT_F64, &t, &inner);
                rt_tensor_free(&t);
                rt_error_clear(&inner);
            }
            rt_store_close(store);
            rt_error_clear(&error);
        }
        f.bytes[at] = before;
    }
    free(f.bytes);
}

static void what_is_written_reads_back(void) {
    char path[] = "/tmp/ctx-store-XXXXXX";
    int file = mkstemp(path);
    CU_ASSERT_FATAL(file >= 0);
    close(file);
    float a[6] = {1, 2, 3, 4, 5, 6};
    double b[1] = {0.1};
    RtTensor tensors[2] = {{.type = RT_F32, .rank = 2, .shape = {2, 3}, .data = a}, {.type = RT_F64, .rank = 0, .data = b}},
             back;
    RtError error = {0};
    CU_ASSERT_EQUAL(rt_store_write(path, 2, (const char *const[]){"V.a", "b \"quoted\""}, tensors, &error), RT_OK);
    RtStore *store = rt_store_open(path, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(store);
    CU_ASSERT_EQUAL(rt_store_count(store), 2);
    int at = rt_store_find(store, "V.a");
    CU_ASSERT_EQUAL(rt_store_rank(store, at), 2);
    CU_ASSERT_EQUAL(rt_store_shape(store, at)[1], 3);
    CU_ASSERT_EQUAL(rt_store_read(store, at, RT_F32, &back, &error), RT_OK);
    CU_ASSERT_EQUAL(memcmp(back.data, a, sizeof a), 0);
    rt_tensor_free(&back);
    CU_ASSERT_EQUAL(rt_store_read(store, rt_store_find(store, "b \"quoted\""), RT_F64, &back, &error), RT_OK);
    CU_ASSERT_EQUAL(rt_element(RT_F64, back.data, 0), 0.1);
    rt_tensor_free(&back);
    rt_store_close(store);
    unlink(path);
}

void suite_safetensors(void) {
    CU_pSuite suite = CU_add_suite("safetensors", NULL, NULL);
    CU_add_test(suite, "every dtype reads", every_dtype_reads);
    CU_add_test(suite, "what is not a number is named", not_numbers_are_named);
    CU_add_test(suite, "lies are refused", lies_are_refused);
    CU_add_test(suite, "the header's length lies", header_length_lies);
    CU_add_test(suite, "truncation is seen at every byte", truncation_is_seen_at_every_byte);
    CU_add_test(suite, "changed headers are survived", changed_headers_are_survived);
    CU_add_test(suite, "what is written reads back", what_is_written_reads_back);
}
