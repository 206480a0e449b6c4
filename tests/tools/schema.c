/* Holds a JSON document against a JSON schema: schema SCHEMA.json < DOCUMENT. The part of JSON Schema that our schemas use: type,
 * const, enum, required, properties, additionalProperties: false, items. Exit 1 names the first place that does not fit. */
#include <jansson.h>
#include <stdbool.h>
#include <string.h>

static bool complain(const char *at, const char *what) {
    fprintf(stderr, "%s: %s\n", *at ? at : "/", what);
    return false;
}

static bool is_type(const json_t *value, const char *type) {
    if (strcmp(type, "number") == 0) return json_is_number(value);
    if (strcmp(type, "integer") == 0) return json_is_integer(value);
    if (strcmp(type, "string") == 0) return json_is_string(value);
    if (strcmp(type, "boolean") == 0) return json_is_boolean(value);
    if (strcmp(type, "null") == 0) return json_is_null(value);
    if (strcmp(type, "array") == 0) return json_is_array(value);
    return strcmp(type, "object") == 0 && json_is_object(value);
}

static bool one_of(const json_t *value, const json_t *list, bool types) {
    size_t i;
    json_t *item;
    if (types && json_is_string(list)) return is_type(value, json_string_value(list));
    json_array_foreach(list, i, item)
        if (types ? is_type(value, json_string_value(item)) : json_equal(value, item)) return true;
    return false;
}

static bool fits(const json_t *value, const json_t *schema, const char *at);

static bool object_fits(const json_t *value, const json_t *schema, const char *at) {
    const json_t *properties = json_object_get(schema, "properties");
    bool closed = json_is_false(json_object_get(schema, "additionalProperties"));
    size_t i;
    const char *key;
    json_t *item;
    json_array_foreach(json_object_get(schema, "required"), i, item)
        if (!json_object_get(value, json_string_value(item))) return complain(at, json_string_value(item));
    json_object_foreach((json_t *)value, key, item) {
        char path[512];
        snprintf(path, sizeof path, "%s/%s", at, key);
        const json_t *own = json_object_get(properties, key);
        if (!own && closed) return complain(path, "not in the schema");
        if (own && !fits(item, own, path)) return false;
    }
    return true;
}

static bool fits(const json_t *value, const json_t *schema, const char *at) {
    const json_t *rule;
    if ((rule = json_object_get(schema, "type")) && !one_of(value, rule, true)) return complain(at, "of another type");
    if ((rule = json_object_get(schema, "enum")) && !one_of(value, rule, false)) return complain(at, "not one of the values");
    if ((rule = json_object_get(schema, "const")) && !json_equal(value, rule)) return complain(at, "not the value");
    if (json_is_object(value) && !object_fits(value, schema, at)) return false;
    size_t i;
    json_t *item;
    if (json_is_array(value) && (rule = json_object_get(schema, "items")))
        json_array_foreach((json_t *)value, i, item) {
            char path[512];
            snprintf(path, sizeof path, "%s/%zu", at, i);
            if (!fits(item, rule, path)) return false;
        }
    return true;
}

int main(int argc, char **argv) {
    json_error_t error;
    json_t *schema = argc == 2 ? json_load_file(argv[1], 0, &error) : NULL, *value = json_loadf(stdin, 0, &error);
    if (!schema || !value) {
        fprintf(stderr, "%s\n", error.text);
        return 2;
    }
    bool good = fits(value, schema, "");
    json_decref(schema);
    json_decref(value);
    return good ? 0 : 1;
}
