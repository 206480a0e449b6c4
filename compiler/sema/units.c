/* Units: dimensions and powers of ten. Values are kept in SI base units; every unit here is a power of ten of them, so that
 * scaling a literal moves its decimal point and nothing is rounded. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "sema/internal.h"

/* Base units and those derived from them; `exponent` of ten to SI base units. */
static const struct {
    const char *name;
    int power[DIM_COUNT]; /* m kg s A K mol */
    int exponent;
} units[] = {
    {"s", {0, 0, 1}, 0},          {"m", {1}, 0},                 {"g", {0, 1}, -3},           {"A", {0, 0, 0, 1}, 0},
    {"K", {0, 0, 0, 0, 1}, 0},    {"mol", {0, 0, 0, 0, 0, 1}, 0}, {"Hz", {0, 0, -1}, 0},       {"V", {2, 1, -3, -1}, 0},
    {"C", {0, 0, 1, 1}, 0},       {"S", {-2, -1, 3, 2}, 0},      {"F", {-2, -1, 4, 2}, 0},    {"Ohm", {2, 1, -3, -2}, 0},
    {"ohm", {2, 1, -3, -2}, 0},   {"W", {2, 1, -3}, 0},          {"J", {2, 1, -2}, 0},        {"N", {1, 1, -2}, 0},
    {"M", {-3, 0, 0, 0, 0, 1}, 3}, {"l", {3}, -3},            {"Pa", {-1, 1, -2}, 0},
};
static const struct {
    char letter;
    int exponent;
} prefixes[] = {{'f', -15}, {'p', -12}, {'n', -9}, {'u', -6}, {'m', -3}, {'c', -2}, {'k', 3}, {'M', 6}, {'G', 9}};

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

Dim dim_none(void) { return (Dim){{0}, false}; }
Dim dim_any(void) { return (Dim){{0}, true}; }

Dim dim_combine(Dim a, Dim b, int sign) {
    Dim r = {{0}, a.any || b.any};
    for (int i = 0; i < DIM_COUNT; i++) r.power[i] = a.power[i] + sign * b.power[i];
    return r;
}

Dim dim_second(void) {
    Dim second = dim_none();
    second.power[DIM_SECOND] = 2;
    return second;
}

bool dim_raise(Dim a, int halves, Dim *out) {
    *out = a;
    for (int i = 0; i < DIM_COUNT; i++) {
        if (a.power[i] * halves % 2) return false;
        out->power[i] = a.power[i] * halves / 2;
    }
    return true;
}

static Dim dim_power(Dim a, int n) {
    for (int i = 0; i < DIM_COUNT; i++) a.power[i] *= n;
    return a;
}

static Dim dim_of_unit(const int *power) {
    Dim dim = dim_none();
    for (int i = 0; i < DIM_COUNT; i++) dim.power[i] = 2 * power[i];
    return dim;
}

bool dim_equal(Dim a, Dim b) { return a.any || b.any || memcmp(a.power, b.power, sizeof a.power) == 0; }
bool dim_is_none(Dim a) { return dim_equal(a, dim_none()); }

/* "mV" as a well-known name where there is one, else the product of base units. */
const char *dim_text(Arena *arena, Dim dim) {
    static const char *const symbol[] = {"m", "kg", "s", "A", "K", "mol"};
    if (dim_is_none(dim)) return "dimensionless";
    Text text = text_new(arena);
    for (int i = 0; i < DIM_COUNT; i++) {
        if (!dim.power[i]) continue;
        text_add(&text, "%s%s", text.length ? " " : "", symbol[i]);
        if (dim.power[i] % 2) text_add(&text, "^(%d/2)", dim.power[i]);
        else if (dim.power[i] != 2) text_add(&text, "^%d", dim.power[i] / 2);
    }
    const char *product = text.at;
    for (int i = 0; i < COUNT(units); i++) {
        if (units[i].exponent) continue;
        Dim unit = dim_of_unit(units[i].power);
        for (int seconds = 0; seconds >= -1; seconds--, unit.power[DIM_SECOND] -= 2) {
            if (memcmp(unit.power, dim.power, sizeof dim.power)) continue;
            const char *name = seconds ? arena_printf(arena, "%s/s", units[i].name) : units[i].name;
            return strcmp(name, product) == 0 ? product : arena_printf(arena, "%s (%s)", name, product);
        }
    }
    return product;
}

static bool unit_named(const char *name, Unit *unit) {
    for (int i = 0; i < COUNT(units); i++)
        if (strcmp(units[i].name, name) == 0) {
            unit->dim = dim_of_unit(units[i].power);
            unit->exponent = units[i].exponent;
            return true;
        }
    for (int i = 0; i < COUNT(prefixes); i++)
        if (name[0] == prefixes[i].letter && name[1])
            for (int k = 0; k < COUNT(units); k++)
                if (strcmp(units[k].name, name + 1) == 0) {
                    unit->dim = dim_of_unit(units[k].power);
                    unit->exponent = units[k].exponent + prefixes[i].exponent;
                    return true;
                }
    return false;
}

static Unit unit_unknown(Sema *s, const AstExpr *e, const char *name) {
    Diagnostic *d = diag_error(s->diag, E_UNIT_UNKNOWN, e->span, "`%s` is not a unit", name);
    diag_help(
        d, "units are s, m, g, A, K, mol, Hz, V, S, F, Ohm, C, M with prefixes f p n u m c k M G, and products: mV/ms");
    return (Unit){dim_any(), 0, true};
}

static Unit unit_power(Sema *s, const AstExpr *e) {
    Unit base = unit_of(s, e->args.at[0]);
    const AstExpr *power = e->args.at[1];
    int sign = 1;
    if (power->kind == EXPR_UNARY) {
        sign = -1;
        power = power->args.at[0];
    }
    double n = power->kind == EXPR_NUMBER ? power->number : 99;
    if (n != (int)n || n > 12) return unit_unknown(s, e, "^");
    return (Unit){dim_power(base.dim, sign * (int)n), base.exponent * sign * (int)n, base.bad};
}

Unit unit_of(Sema *s, const AstExpr *e) {
    Unit unit = {dim_none(), 0, false};
    if (!e) return unit;
    if (e->kind == EXPR_NUMBER && e->number == 1) return unit;
    if (e->kind == EXPR_REF && e->ref.path.count == 1) {
        const char *name = e->ref.path.at[0].name.name;
        return unit_named(name, &unit) ? unit : unit_unknown(s, e, name);
    }
    if (e->kind == EXPR_BINARY && e->op == OP_POW) return unit_power(s, e);
    if (e->kind != EXPR_BINARY || (e->op != OP_MUL && e->op != OP_DIV)) return unit_unknown(s, e, "this expression");
    Unit a = unit_of(s, e->args.at[0]), b = unit_of(s, e->args.at[1]);
    int sign = e->op == OP_MUL ? 1 : -1;
    return (Unit){dim_combine(a.dim, b.dim, sign), a.exponent + sign * b.exponent, a.bad || b.bad};
}

const char *unit_text(Arena *arena, const AstExpr *e) {
    static const char *const op[] = {[OP_MUL] = "*", [OP_DIV] = "/", [OP_POW] = "^"};
    if (e->kind == EXPR_REF) return e->ref.path.at[0].name.name;
    if (e->kind == EXPR_NUMBER) return e->text ? e->text : "1";
    if (e->kind == EXPR_UNARY) return arena_printf(arena, "-%s", unit_text(arena, e->args.at[0]));
    if (e->kind != EXPR_BINARY || e->op > OP_POW || !op[e->op]) return "?";
    return arena_printf(arena, "%s%s%s", unit_text(arena, e->args.at[0]), op[e->op], unit_text(arena, e->args.at[1]));
}

const char *decimal_scaled(Arena *arena, const char *digits, int exponent) {
    if (!exponent) return digits;
    Text mantissa = text_new(arena);
    const char *at = digits;
    int point = -1;
    for (; isdigit((unsigned char)*at) || *at == '.'; at++)
        if (*at == '.') point = (int)mantissa.length;
        else text_put(&mantissa, at, 1);
    int whole = (point < 0 ? (int)mantissa.length : point) + exponent;
    if (*at == 'e' || *at == 'E') whole += atoi(at + 1);
    int count = (int)mantissa.length;
    if (whole < -12 || whole > 24 || count > 40)
        return arena_printf(arena, "%s%se%d", count ? "0." : "0", mantissa.at, whole);
    Text text = text_new(arena);
    for (int i = whole < 1 ? whole - 1 : 0; i < whole || i < count; i++) {
        if (i == whole && i < count) text_add(&text, ".");
        if (i < count && i >= 0) text_put(&text, mantissa.at + i, 1);
        else text_add(&text, "0");
    }
    if (strchr(text.at, '.'))
        while (text.at[text.length - 1] == '0' || text.at[text.length - 1] == '.') {
            bool whole_now = text.at[text.length - 1] == '.';
            text.at[--text.length] = '\0';
            if (whole_now) break;
        }
    char *result = text.at;
    while (result[0] == '0' && isdigit((unsigned char)result[1])) result++;
    return result;
}

bool dim_require(Sema *s, Dim want, Dim have, Span at, const char *what) {
    if (dim_equal(want, have)) return true;
    Diagnostic *d = diag_error(s->diag, E_UNIT_MISMATCH, at, "the units of %s do not agree", what);
    diag_note(d, "expected: %s", dim_text(s->arena, want));
    diag_note(d, "found:    %s", dim_text(s->arena, have));
    return false;
}
