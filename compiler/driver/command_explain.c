#include "driver/commands.h"
#include "driver/phases.h"
#include "driver/training.h"
#include "report/explain.h"
#include "report/locality.h"

static int print_locality(const Options *options, Compilation *c) {
    int status = phases_reach(c, PHASE_CHECK);
    if (status == EXIT_DONE) (option_given(options, OPTION_JSON) ? locality_json : locality_text)(stdout, c->circuit);
    return status;
}

static int print_all(Options *options, Compilation *c) {
    int status = phases_reach(c, PHASE_OPTIMISE);
    if (status != EXIT_DONE) return status;
    Training t = {.c = phases_begin(options)};
    LearningPlan plan;
    bool learns = c->circuit && c->circuit->learns.count && training_plan(&t, &plan, &status);
    if (status == EXIT_DONE && option_given(options, OPTION_JSON)) explain_json(stdout, c->core, c->optimised, &c->report, c->circuit, &c->integration, learns ? &plan : NULL);
    else if (status == EXIT_DONE && option_given(options, OPTION_LATEX)) explain_latex(stdout, c->core);
    else if (status == EXIT_DONE) explain_text(stdout, c->core, c->optimised, &c->report, c->circuit, &c->integration, learns ? &plan : NULL);
    training_end(&t);
    phases_end(t.c);
    return status;
}

int command_explain(Options *options) {
    Compilation *c = phases_begin(options);
    c->drop_checks = true;
    int status = option_given(options, OPTION_LOCALITY) ? print_locality(options, c) : print_all(options, c);
    phases_end(c);
    return status;
}
