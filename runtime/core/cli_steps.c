/* Local errors of a run against --tolerance: is the run good, may it be repeated, which step would do. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/cli_internal.h"
#include "sim/duration.h"

static const double HOPELESS = 1e5; /* times the tolerance: a tenth of the step would not do, so the run need not go on */

RtStatus cli_ask_tolerance(Cli *cli) {
    bool single = cli->d->type == RT_F32;
    double rounding = single ? FLT_EPSILON / 2 : DBL_EPSILON / 2;
    if (!rt_sim_gauge(cli->run)->present) return RT_OK;
    rt_sim_most_error(cli->run, HOPELESS * cli->sim.tolerance);
    if (cli->sim.tolerance >= rounding) return RT_OK;
    return rt_fail(&cli->error, RT_USER, "--tolerance %g is less than what a step rounds in %s (%.2g)%s", cli->sim.tolerance, single ? "float32" : "float64",
                   rounding, single ? "\nhelp: compile the circuit with --precision f64" : "");
}

static void note_place(Cli *cli) {
    char *place = rt_gauge_place(rt_sim_gauge(cli->run), cli->plan);
    snprintf(cli->attempt->place, sizeof cli->attempt->place, "%s", place ? place : "");
    free(place);
}

static RtStatus too_coarse(Cli *cli) {
    const RtGauge *gauge = rt_sim_gauge(cli->run);
    RtTry now = {1, gauge->largest};
    char dt[RT_DURATION_TEXT], *place = rt_gauge_place(gauge, cli->plan);
    double shorter = cli->d->dt / (double)rt_gauge_parts(&now, &(RtTry){0}, cli->sim.tolerance);
    rt_fail(&cli->error, RT_USER, "in steps of %s the largest local error is %.2g (%s), more than the tolerance of %g\nhelp: compile it with --dt %.9gms, or give a "
            "larger --tolerance%s", rt_duration_text(dt, cli->d->dt), gauge->largest, place ? place : "", cli->sim.tolerance, shorter * 1e3,
            cli->attempt ? "; steps are not shortened with --checkpoint and --resume" : "; ctx run finds the step by itself");
    free(place);
    return cli->error.status;
}

/* A checkpoint belongs to a program with its steps: then another attempt would not continue it. */
static bool may_repeat(const Cli *cli) {
    return cli->attempt && !cli->sim.checkpoint && !cli->sim.resume;
}

static void reject(Cli *cli) {
    RtAttempt *a = cli->attempt;
    char dt[RT_DURATION_TEXT], shorter[RT_DURATION_TEXT];
    a->rejected = true;
    a->parts = rt_gauge_parts(&a->now, &a->before, a->tolerance);
    double next = cli->d->dt * (double)a->now.parts / (double)a->parts;
    if (!cli->quiet)
        fprintf(stderr, "steps of %s: largest local error %.2g (%s), more than %g; next, steps of %s\n", rt_duration_short(dt, cli->d->dt), a->now.error,
                a->place, a->tolerance, rt_duration_short(shorter, next));
}

RtStatus cli_judge_steps(Cli *cli) {
    const RtGauge *gauge = rt_sim_gauge(cli->run);
    char dt[RT_DURATION_TEXT];
    if (!gauge->present) return RT_OK;
    if (cli->attempt) {
        cli->attempt->now.error = gauge->largest;
        cli->attempt->tolerance = cli->sim.tolerance;
        note_place(cli);
    }
    if (gauge->largest > cli->sim.tolerance) return may_repeat(cli) ? (reject(cli), RT_OK) : too_coarse(cli);
    if (!cli->quiet && (cli->verbose || cli_is_again(cli)))
        fprintf(stderr, "steps of %s: largest local error %.2g of %g\n", rt_duration_short(dt, cli->d->dt), gauge->largest, cli->sim.tolerance);
    return RT_OK;
}
