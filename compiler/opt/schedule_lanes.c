/* Lanes: along which axis may the points of an equation be the lanes of a vector? */
#include "opt/schedule.h"

bool schedule_unit_stride(const Schedule *s, const IrVar *v, int place) {
    const Storage *storage = &s->storage[v->id];
    if (!storage->kept[place]) return false;
    for (int i = place + 1; i < v->axis_count; i++)
        if (storage->kept[i]) return false;
    return true;
}

static bool has_offset(const IrExpr *e) {
    if (e->op == IR_REF || e->op == IR_PREV)
        for (int i = 0; i < e->var->axis_count; i++)
            if (e->index[i].kind == IX_AXIS && e->index[i].offset) return true;
    for (int i = 0; i < e->argc; i++)
        if (has_offset(e->arg[i])) return true;
    return false;
}

static bool reference_fits(const Schedule *s, const IrExpr *e, const IrAxis *axis) {
    for (int i = 0; i < e->var->axis_count; i++) {
        if (e->index[i].kind != IX_AXIS || e->index[i].axis != axis) continue;
        for (int j = 0; j < i; j++)
            if (e->index[j].kind == IX_AXIS && e->index[j].axis == axis) return false;
        if (!schedule_unit_stride(s, e->var, i)) return false;
    }
    return true;
}

bool schedule_lanes_fit(const Schedule *s, const IrExpr *e, const IrAxis *axis) {
    if (e->op == IR_REF || e->op == IR_PREV) return reference_fits(s, e, axis);
    if (e->op == IR_SELECT && has_offset(e)) return false; /* both branches would be read, one of them out of range */
    if (e->op == IR_POW && ir_uses_axis(e, axis) && e->arg[1]->op != IR_LIT) return false;
    for (int i = 0; i < e->guard.count; i++)
        if (e->guard.atom[i].a == axis || e->guard.atom[i].b == axis) return false;
    for (int i = 0; i < e->argc; i++)
        if (!schedule_lanes_fit(s, e->arg[i], axis)) return false;
    return true;
}

bool schedule_lanes(const Schedule *s, const IrVar *v, const IrExpr *value, bool mirror, const IrAxis *axis) {
    int place = schedule_place(v, axis);
    if (place < 0 || !schedule_unit_stride(s, v, place) || !schedule_lanes_fit(s, value, axis)) return false;
    return !mirror || place == v->axis_count - 1; /* the copy keeps every axis */
}
