/* A picture of traces, as SVG: one panel a population, one below the other, over one axis of time.
 *
 * Each panel shows its units as lines (of many, some, evenly chosen: the panel says so), its own scale with the unit of the
 * values, cycles as thin vertical lines, and settled values dashed in the colour of their unit. Long runs are drawn as the
 * envelope of what falls into one dot, so the picture's size does not grow with them. */
#ifndef CTX_RUNTIME_PLOT_H
#define CTX_RUNTIME_PLOT_H
#include "io/tensor.h"

typedef struct RtPanel {
    const char *name, *unit; /* unit NULL: none */
    const char *axes;        /* "head,c", or NULL */
    RtTensor samples;        /* [samples, units...] */
    const double *time;      /* of each sample, in the plot's unit of time */
    const RtTensor *settled; /* [units...], or [cycles, units...]; or NULL */
} RtPanel;

typedef struct RtPlot {
    const char *title;
    bool steps;   /* times are numbers of steps, else seconds */
    const char *along; /* not NULL: what else the numbers along the horizontal axis are */
    double cycle; /* duration of a cycle, 0: none are marked */
    int count;
    const RtPanel *panel;
} RtPlot;

/* The picture as text, to be freed; NULL: see error. RT_USER: there is nothing to draw. */
char *rt_plot_svg(const RtPlot *plot, size_t *length, RtError *error);
/* The same from a file of traces (record.h): tensors [samples, units...] with "time", and NAME.settled where there is one. */
RtStatus rt_plot_file(const char *traces, const char *svg, RtError *error);
#endif
