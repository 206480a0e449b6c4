/* The tables of the methods of integration (methods.def): with f = v' and stages k_i = f(t + c_i dt, v + dt sum_j a_ij k_j),
 * v(t + dt) = v + dt sum_i b_i k_i; inside of the step, v(t + x dt) = v + dt sum_i b_i(x) k_i.
 *
 * heun, rk4: Hairer, Norsett & Wanner, Solving Ordinary Differential Equations I, section II.1; rk4's extension to half a step, of
 * order 3, section II.6. dopri: Dormand & Prince 1980, J. Comput. Appl. Math. 6, 19, table 2, orders 5 and (for the error) 4; its
 * extension of order 4 is that of section II.6, equation 6.13. */
#include <string.h>

#include "ir/dynamic_internal.h"

enum MethodId {
#define METHOD(id, spelling, help) METHOD_##id,
#include "ir/methods.def"
#undef METHOD
    METHOD_COUNT
};

static const char *const spelling[METHOD_COUNT] = {
#define METHOD(id, spelling, help) [METHOD_##id] = spelling,
#include "ir/methods.def"
#undef METHOD
};

static const double start_c[] = {0};
static const DynRatio start_b[] = {{1, 1}};

static const double heun_c[] = {0, 1};
static const DynRatio heun_a[][DYN_STAGES] = {{{0, 1}}, {{1, 1}}}, heun_b[] = {{1, 2}, {1, 2}};

static const double rk4_c[] = {0, 0.5, 0.5, 1};
static const DynRatio rk4_a[][DYN_STAGES] = {{{0, 1}}, {{1, 2}}, {{0, 1}, {1, 2}}, {{0, 1}, {0, 1}, {1, 1}}};
static const DynRatio rk4_b[] = {{1, 6}, {1, 3}, {1, 3}, {1, 6}};

static const double dopri_c[] = {0, 1.0 / 5, 3.0 / 10, 4.0 / 5, 8.0 / 9, 1, 1};
static const DynRatio dopri_a[][DYN_STAGES] = {
    {{0, 1}},
    {{1, 5}},
    {{3, 40}, {9, 40}},
    {{44, 45}, {-56, 15}, {32, 9}},
    {{19372, 6561}, {-25360, 2187}, {64448, 6561}, {-212, 729}},
    {{9017, 3168}, {-355, 33}, {46732, 5247}, {49, 176}, {-5103, 18656}},
    {{35, 384}, {0, 1}, {500, 1113}, {125, 192}, {-2187, 6784}, {11, 84}},
};
static const DynRatio dopri_b[] = {{35, 384}, {0, 1}, {500, 1113}, {125, 192}, {-2187, 6784}, {11, 84}, {0, 1}};
static const DynRatio dopri_error[] = {{71, 57600}, {0, 1}, {-71, 16695}, {71, 1920}, {-17253, 339200}, {22, 525}, {-1, 40}};

static DynRatio rk4_within(int slope, double x) {
    (void)x; /* its stages stand at half a step only */
    static const DynRatio half[] = {{5, 24}, {1, 6}, {1, 6}, {-1, 24}};
    return half[slope];
}

/* b_i(x) = x^2 (3 - 2 x) b_i + x (x - 1)^2 [i = 1] + x^2 (x - 1) [i = 7] + x^2 (x - 1)^2 (p_i + q_i x) / r_i: at 0 and 1 it has the values and slopes
 * of the step. */
static DynRatio dopri_within(int slope, double x) {
    static const struct {
        double p, q, r;
    } bow[] = {{-5 * 2558722523.0, 5 * 31403016.0, 11282082432.0},
               {0, 0, 1},
               {100 * 882725551.0, -100 * 15701508.0, 32700410799.0},
               {-25 * 443332067.0, 25 * 31403016.0, 1880347072.0},
               {32805 * 23143187.0, -32805 * 3489224.0, 199316789632.0},
               {-55 * 29972135.0, 55 * 7076736.0, 822651844.0},
               {10 * 7414447.0, -10 * 829305.0, 29380423.0}};
    double b = dopri_b[slope].over / dopri_b[slope].under;
    double weight = x * x * (3 - 2 * x) * b + x * x * (x - 1) * (x - 1) * (bow[slope].p + bow[slope].q * x) / bow[slope].r;
    if (slope == 0) weight += x * (x - 1) * (x - 1);
    if (slope == 6) weight += x * x * (x - 1);
    return (DynRatio){weight, 1};
}

static const DynMethod methods[METHOD_COUNT] = {
    [METHOD_EXPONENTIAL] = {.name = "exponential", .stages = 1, .c = start_c, .b = start_b, .exponential = true},
    [METHOD_EULER] = {.name = "euler", .stages = 1, .c = start_c, .b = start_b, .stable = 2},
    [METHOD_HEUN] = {.name = "heun", .stages = 2, .c = heun_c, .a = heun_a, .b = heun_b, .stable = 2},
    [METHOD_RK4] = {.name = "rk4", .stages = 4, .c = rk4_c, .a = rk4_a, .b = rk4_b, .within = rk4_within, .stable = 2.785},
    /* stable up to 3.3; no limit here, since beyond it the local error grows and the run takes shorter steps */
    [METHOD_DOPRI] = {.name = "dopri", .stages = 7, .c = dopri_c, .a = dopri_a, .b = dopri_b, .within = dopri_within, .error = dopri_error},
};

const DynMethod *dyn_method(const char *name) {
    for (int i = 0; i < METHOD_COUNT; i++)
        if (strcmp(spelling[i], name) == 0) return &methods[i];
    return NULL;
}
