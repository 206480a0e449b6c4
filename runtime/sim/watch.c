#include "sim/watch.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/timer.h"

/* ---- buffers ---------------------------------------------------------------------------------------------------------------- */
void *rt_buffer_data(const RtPlan *plan, int buffer) { return plan->window[buffer] ? plan->home[buffer] : plan->buffer[buffer]; }

bool rt_buffer_changes(const RtPlan *plan, int buffer) {
    RtRole role = plan->d.buffer[buffer].role;
    return role == RT_TEMP || role == RT_TRACE || role == RT_OUTPUT;
}

RtStatus rt_watch_begin(RtWatch *watch, RtPlan *plan, RtError *error) {
    *watch = (RtWatch){.plan = plan, .part = -1};
    for (int i = 0; i < plan->d.buffers; i++)
        if (rt_buffer_changes(plan, i)) watch->bytes += plan->bytes[i];
    watch->copy = malloc((size_t)watch->bytes + 1);
    return watch->copy ? RT_OK : rt_no_memory(error, (double)watch->bytes, "a copy of the state");
}

void rt_watch_end(RtWatch *watch) {
    free(watch->copy);
    *watch = (RtWatch){.part = -1};
}

/* Copies all that changes, from or to the copy. */
static void copy_all(RtWatch *watch, bool back) {
    unsigned char *at = watch->copy;
    for (int i = 0; i < watch->plan->d.buffers; i++) {
        if (!rt_buffer_changes(watch->plan, i)) continue;
        void *data = rt_buffer_data(watch->plan, i);
        memcpy(back ? data : at, back ? at : data, (size_t)watch->plan->bytes[i]);
        at += watch->plan->bytes[i];
    }
}

bool rt_watch_look_due(const RtWatch *watch) { return rt_timer() - watch->looked >= 20 * watch->looking; }

bool rt_watch_due(const RtWatch *watch, const RtClock *clock) {
    return watch->part != clock->part || rt_timer() - watch->taken >= 20 * watch->took;
}

void rt_watch_keep(RtWatch *watch, const RtClock *clock) {
    double start = rt_timer();
    copy_all(watch, false);
    watch->part = clock->part;
    watch->step = clock->step;
    watch->taken = rt_timer();
    watch->took = watch->taken - start;
}

/* ---- looking ---------------------------------------------------------------------------------------------------------------- */
typedef struct Found { /* an element that is not finite */
    int buffer;
    int64_t element;
} Found;

static bool is_watched(const RtBuffer *b, bool outputs) {
    return b->role == RT_TRACE || (b->role == RT_TEMP && b->state) || (outputs && b->role == RT_OUTPUT);
}

/* Of several, the one to name: traces first, then outputs, for theirs are names that the user knows; of states the shortest name,
 * "V.value" rather than "V.value.slope". */
static bool is_better(const RtBuffer *a, const RtBuffer *b) {
    static const int order[] = {[RT_TRACE] = 0, [RT_OUTPUT] = 1, [RT_TEMP] = 2};
    return order[a->role] != order[b->role] ? order[a->role] < order[b->role] : strlen(a->name) < strlen(b->name);
}

static bool find(const RtWatch *watch, bool outputs, Found *found) {
    const RtPlan *plan = watch->plan;
    found->buffer = -1;
    for (int i = 0; i < plan->d.buffers; i++) {
        if (!is_watched(&plan->d.buffer[i], outputs)) continue;
        int64_t count = plan->bytes[i] / (int64_t)rt_type_size(plan->d.type);
        int64_t element = rt_first_not_finite(plan->d.type, rt_buffer_data(plan, i), count);
        if (element >= 0 && (found->buffer < 0 || is_better(&plan->d.buffer[i], &plan->d.buffer[found->buffer]))) *found = (Found){i, element};
    }
    return found->buffer >= 0;
}

/* Elements of one place of a buffer. */
static int64_t place_count(const RtPlan *plan, int buffer) {
    return plan->bytes[buffer] / (int64_t)rt_type_size(plan->d.type) / plan->d.buffer[buffer].slots;
}

/* Elements before the window of a buffer: the frame shows where the first of all would lie. */
static int64_t window_start(const RtPlan *plan, int buffer) {
    if (!plan->window[buffer]) return 0;
    return (int64_t)((uintptr_t)plan->home[buffer] - (uintptr_t)plan->buffer[buffer]) / (int64_t)rt_type_size(plan->d.type);
}

char *rt_unit_text(const RtPlan *plan, int buffer, int64_t element) {
    const RtBuffer *b = &plan->d.buffer[buffer];
    int64_t at = element % place_count(plan, buffer) + window_start(plan, buffer), index[RT_MAX_RANK];
    for (int i = b->rank; i-- > 0;) {
        int64_t size = rt_buffer_size(&plan->d, plan->size, b, i);
        index[i] = at % size;
        at /= size;
    }
    char *text = rt_format("%s%s", b->name, b->rank ? " [" : "");
    for (int i = 0; i < b->rank && text; i++) {
        char *longer = rt_format("%s%s%s = %lld%s", text, i ? ", " : "", b->axis_name[i], (long long)index[i], i + 1 == b->rank ? "]" : "");
        free(text);
        text = longer;
    }
    return text;
}

/* The value of the same unit after `steps` steps, when the clock stands there. */
static double value_then(const RtPlan *plan, const Found *found, int64_t steps) {
    int64_t count = place_count(plan, found->buffer), slots = plan->d.buffer[found->buffer].slots;
    int64_t place = steps > 0 ? (steps - 1) % slots : 0;
    return rt_element(plan->d.type, rt_buffer_data(plan, found->buffer), place * count + found->element % count);
}

/* Carries out the steps since the copy one by one: the first after which something is not finite, and its last finite value. */
static bool replay(RtWatch *watch, RtClock *clock, bool outputs, Found *found, double *last) {
    int64_t end = clock->step;
    bool wrong = false;
    if (watch->part != clock->part || watch->step >= end) return false;
    copy_all(watch, true);
    for (clock->step = watch->step; clock->step < end && !wrong;) {
        rt_clock_advance(clock, clock->step + 1);
        wrong = find(watch, outputs, found);
    }
    if (!wrong) return false;
    int64_t bad = clock->step;
    copy_all(watch, true);
    clock->step = watch->step;
    if (bad - 1 > clock->step) rt_clock_advance(clock, bad - 1);
    *last = value_then(watch->plan, found, bad - 1);
    clock->step = bad;
    return true;
}

RtStatus rt_watch_look(RtWatch *watch, RtClock *clock, bool outputs, RtError *error) {
    Found found;
    char at[RT_CLOCK_TEXT], before[RT_CLOCK_TEXT];
    double last = 0, start = rt_timer();
    bool wrong = find(watch, outputs, &found);
    watch->looked = rt_timer();
    watch->looking = watch->looked - start;
    if (!wrong) return RT_OK;
    double value = rt_element(watch->plan->d.type, rt_buffer_data(watch->plan, found.buffer), found.element);
    char *unit = rt_unit_text(watch->plan, found.buffer, found.element);
    if (clock->step > 0 && replay(watch, clock, outputs, &found, &last)) {
        free(unit);
        unit = rt_unit_text(watch->plan, found.buffer, found.element);
        rt_fail(error, RT_USER, "%s left the representable range at %s; the last finite value was %.9g at %s\nhelp: nothing was written; a smaller "
                "step, smaller weights or --precision f64 may keep it in range", unit ? unit : "", rt_clock_text(clock, at, clock->step), last,
                rt_clock_text(clock, before, clock->step - 1));
    } else {
        rt_fail(error, RT_USER, "%s is %s at %s", unit ? unit : "", isnan(value) ? "NaN" : "infinite", rt_clock_text(clock, at, clock->step));
    }
    free(unit);
    return error->status;
}
