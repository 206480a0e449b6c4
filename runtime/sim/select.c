#define _GNU_SOURCE
#include "sim/select.h"

#include <stdlib.h>
#include <string.h>

size_t rt_select_length(const char *list) {
    size_t i = 0;
    for (int depth = 0; list[i] && (depth || list[i] != ','); i++) depth += (list[i] == '[') - (list[i] == ']');
    return i;
}

size_t rt_select_name(const char *entry, size_t length) {
    size_t i = 0;
    for (; i < length && entry[i] != '='; i++) {
        const char *close = entry[i] == '[' ? memchr(entry + i, ']', length - i) : NULL;
        if (entry[i] == '[' && !(close && close[1] == '.')) break; /* block[0].core: a name goes on */
    }
    return i;
}

size_t rt_select_end(const char *entry) {
    size_t length = strlen(entry), end = rt_select_name(entry, length);
    const char *close = entry[end] == '[' ? strchr(entry + end, ']') : NULL;
    return entry[end] != '[' ? end : close ? (size_t)(close - entry) + 1 : length;
}

typedef struct Range { /* positions first to end - 1 of an axis */
    int64_t first, end;
    bool dropped, given;
} Range;

typedef struct Reader {
    const RtBuffer *buffer;
    const int64_t *sizes;
    const char *at, *end;
    const char *text; /* the whole, for messages */
    size_t length;
    RtError *error;
} Reader;

static RtStatus bad(Reader *r, const char *what) {
    return rt_fail(r->error, RT_USER, "%s%.*s: %s", r->buffer->name, (int)r->length, r->text, what);
}

static RtStatus bad_position(Reader *r, int axis, int64_t position) {
    char *what = rt_format("axis %s has positions 0 to %lld, not %lld", r->buffer->axis_name[axis], (long long)r->sizes[axis] - 1,
                           (long long)position);
    bad(r, what ? what : "no such position");
    free(what);
    return r->error->status;
}

static void skip_blanks(Reader *r) {
    while (r->at < r->end && *r->at == ' ') r->at++;
}

static bool take(Reader *r, char c) {
    skip_blanks(r);
    if (r->at == r->end || *r->at != c) return false;
    r->at++;
    return true;
}

static bool take_number(Reader *r, int64_t *number) {
    skip_blanks(r);
    const char *from = r->at;
    for (*number = 0; r->at < r->end && *r->at >= '0' && *r->at <= '9' && *number < (int64_t)1 << 50; r->at++)
        *number = *number * 10 + (*r->at - '0');
    return r->at > from;
}

static bool ends_name(char c) { return c == '=' || c == ',' || c == ']' || c == ' ' || c == ':'; }

/* Whether an axis is meant: block[1].head by this name, or as head. */
static bool is_named(const char *axis, const char *from, size_t length) {
    size_t whole = strlen(axis);
    return whole >= length && !strncmp(axis + whole - length, from, length) && (whole == length || axis[whole - length - 1] == '.');
}

static RtStatus no_axis(Reader *r) {
    char *axes = strdup("");
    for (int i = 0; axes && i < r->buffer->rank; i++) {
        char *longer = rt_format("%s%s%s", axes, i ? ", " : "", r->buffer->axis_name[i]);
        free(axes);
        axes = longer;
    }
    char *what = axes ? rt_format("it has no such axis; its axes: %s", *axes ? axes : "none") : NULL;
    bad(r, what ? what : "it has no such axis");
    free(axes);
    free(what);
    return r->error->status;
}

/* The axis that an entry is for: "head=" or the next one. */
static RtStatus take_axis(Reader *r, int *axis) {
    skip_blanks(r);
    const char *from = r->at;
    bool named = from < r->end && !((*from >= '0' && *from <= '9') || *from == ':');
    if (named) {
        while (r->at < r->end && !ends_name(*r->at)) r->at++;
        size_t length = (size_t)(r->at - from);
        int found = -1;
        for (int i = 0; i < r->buffer->rank; i++)
            if (is_named(r->buffer->axis_name[i], from, length)) found = i;
        if (found < 0) return no_axis(r);
        if (!take(r, '=')) return bad(r, "expected '=' behind the name of an axis");
        *axis = found;
    }
    return *axis < r->buffer->rank ? RT_OK : bad(r, "more entries than axes");
}

static RtStatus take_range(Reader *r, int axis, Range *range) {
    int64_t number = 0;
    bool first = take_number(r, &number);
    if (range->given) return bad(r, "two entries for one axis");
    range->given = true;
    range->first = first ? number : 0;
    if (take(r, ':')) {
        if (take_number(r, &number)) range->end = number;
        if (range->end > r->sizes[axis]) return bad_position(r, axis, range->end - 1);
        return range->first < range->end ? RT_OK : bad(r, "a range is empty");
    }
    if (!first) return bad(r, "expected a position or a range such as 0:4");
    range->dropped = true;
    range->end = number + 1;
    return number < r->sizes[axis] ? RT_OK : bad_position(r, axis, number);
}

static RtStatus take_entries(Reader *r, Range *ranges) {
    if (!take(r, '[')) return bad(r, "expected '['");
    for (int next = 0; r->error->status == RT_OK; next++) {
        if (take_axis(r, &next) != RT_OK || take_range(r, next, &ranges[next]) != RT_OK) break;
        if (take(r, ',')) continue;
        if (!take(r, ']')) return bad(r, "expected ',' or ']'");
        skip_blanks(r);
        return r->at == r->end ? RT_OK : bad(r, "something follows the ']'");
    }
    return r->error->status;
}

/* Elements of the kept units, in row-major order of what is kept. */
static RtStatus list_units(RtSelection *s, const RtBuffer *b, const int64_t *sizes, const Range *ranges, RtError *error) {
    s->unit = malloc((size_t)s->count * sizeof *s->unit);
    if (!s->unit) return rt_no_memory(error, (double)s->count * sizeof *s->unit, b->name);
    for (int64_t k = 0; k < s->count; k++) {
        int64_t rest = k, element = 0, stride = 1;
        for (int i = b->rank; i-- > 0;) {
            int64_t length = ranges[i].end - ranges[i].first;
            element += (ranges[i].first + rest % length) * stride;
            rest /= length;
            stride *= sizes[i];
        }
        s->unit[k] = element;
    }
    return RT_OK;
}

RtStatus rt_select(RtSelection *s, const RtBuffer *b, const int64_t *sizes, const char *text, size_t length, RtError *error) {
    Range ranges[RT_MAX_RANK];
    Reader r = {b, sizes, text, text + length, text, length, error};
    *s = (RtSelection){.count = 1};
    for (int i = 0; i < b->rank; i++) ranges[i] = (Range){.end = sizes[i]};
    if (length && take_entries(&r, ranges) != RT_OK) return error->status;
    for (int i = 0; i < b->rank; i++) {
        s->count *= ranges[i].end - ranges[i].first;
        if (ranges[i].dropped) continue;
        s->axis[s->rank] = b->axis_name[i];
        s->shape[s->rank++] = ranges[i].end - ranges[i].first;
    }
    s->text = strndup(text, length);
    if (!s->text) return rt_no_memory(error, (double)length, b->name);
    return length ? list_units(s, b, sizes, ranges, error) : RT_OK;
}

char *rt_select_axes(const RtSelection *kept) {
    char *text = strdup("");
    for (int i = 0; i < kept->rank && text; i++) {
        char *longer = rt_format("%s%s%s", text, i ? "," : "", kept->axis[i]);
        free(text);
        text = longer;
    }
    return text;
}

void rt_select_free(RtSelection *s) {
    free(s->unit);
    free(s->text);
    *s = (RtSelection){0};
}
