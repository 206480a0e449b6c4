/* ctx plot: what a run recorded, as a picture. */
#include <stdio.h>
#include <string.h>

#include "driver/commands.h"
#include "sim/plot.h"

static int wrong(const char *message) {
    fprintf(stderr, "ctx plot: %s\nusage: ctx plot --traces FILE.safetensors -o FILE.svg\n", message);
    return EXIT_WRONG;
}

int command_plot(Options *options) {
    const char *traces = option_value(options, OPTION_TRACES, NULL), *svg = option_value(options, OPTION_OUTPUT, NULL);
    RtError error = {0};
    if (options->file) return wrong("it takes no operand");
    if (!traces) return wrong("give the traces that `ctx run ... --traces FILE.safetensors` wrote");
    if (!svg) return wrong("give the picture's name");
    if (!rt_ends_with(svg, ".svg")) return wrong("pictures are written as .svg");
    int status = (int)rt_plot_file(traces, svg, &error);
    if (status != EXIT_DONE) fprintf(stderr, "ctx plot: %s\n", rt_error_message(&error));
    rt_error_clear(&error);
    return status;
}
