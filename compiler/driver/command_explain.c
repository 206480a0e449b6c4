#include "driver/commands.h"
#include "driver/phases.h"
#include "report/explain.h"
#include "report/locality.h"

int command_explain(Options *options) {
    Compilation *c = phases_begin(options);
    c->drop_checks = true;
    bool locality = option_given(options, OPTION_LOCALITY);
    int status = phases_reach(c, locality ? PHASE_CHECK : PHASE_OPTIMISE);
    if (status == EXIT_DONE) {
        if (locality) (option_given(options, OPTION_JSON) ? locality_json : locality_text)(stdout, c->circuit);
        else if (option_given(options, OPTION_JSON)) explain_json(stdout, c->core, c->optimised, &c->report, c->circuit, &c->integration);
        else if (option_given(options, OPTION_LATEX)) explain_latex(stdout, c->core);
        else explain_text(stdout, c->core, c->optimised, &c->report, c->circuit, &c->integration);
    }
    phases_end(c);
    return status;
}
