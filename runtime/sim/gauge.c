#include "sim/gauge.h"

#include <math.h>

#include "sim/watch.h"

static const double ORDER = 5;      /* local errors shrink with this power of the step */
static const double MARGIN = 1.1;   /* steps are taken so much shorter than they would have to be */
static const double MOST_FACTOR = 10; /* beyond it the estimate says little */

RtGauge rt_gauge_new(const RtPlan *plan) {
    RtGauge gauge = {.most = INFINITY, .buffer = -1};
    for (int i = 0; i < plan->d.buffers; i++) gauge.present |= plan->d.buffer[i].gauge;
    return gauge;
}

/* What is not finite counts as infinite. */
void rt_gauge_look(RtGauge *gauge, const RtPlan *plan) {
    for (int i = 0; gauge->present && i < plan->d.buffers; i++) {
        if (!plan->d.buffer[i].gauge) continue;
        int64_t count = plan->bytes[i] / (int64_t)rt_type_size(plan->d.type);
        const void *data = rt_buffer_data(plan, i);
        for (int64_t k = 0; k < count; k++) {
            double error = rt_element(plan->d.type, data, k);
            if (error <= gauge->largest) continue;
            *gauge = (RtGauge){true, isfinite(error) ? error : INFINITY, gauge->most, i, k};
        }
    }
}

char *rt_gauge_place(const RtGauge *gauge, const RtPlan *plan) {
    return gauge->buffer < 0 ? NULL : rt_unit_text(plan, gauge->buffer, gauge->element);
}

int64_t rt_gauge_parts(const RtTry *last, const RtTry *before, double tolerance) {
    double order = ORDER, ratio = last->error / tolerance;
    if (before->parts > 0 && isfinite(before->error))
        order = log(before->error / last->error) / log((double)last->parts / (double)before->parts);
    order = fmin(fmax(order, 1), ORDER);
    double factor = isfinite(ratio) ? fmin(MARGIN * pow(ratio, 1 / order), MOST_FACTOR) : MOST_FACTOR;
    int64_t parts = (int64_t)ceil((double)last->parts * factor);
    return parts > last->parts ? parts : last->parts + 1;
}
