#define _GNU_SOURCE
#include "sim/plot.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Lengths in pixels. */
enum {
    WIDTH = 960,
    LEFT = 84,     /* of the panels: numbers and unit stand there */
    RIGHT = 120,   /* names of units */
    TOP = 58,      /* the title */
    PANEL = 132,
    GAP = 40,      /* between panels: the next one's title */
    BOTTOM = 54,   /* numbers of the time axis */
    MOST_LINES = 48, /* of a panel */
    NAMED_LINES = 8, /* with names and colours of their own */
    MOST_CYCLES = 120
};
static const double INNER = WIDTH - LEFT - RIGHT;

/* Okabe and Ito, "Color universal design" (2008): distinct for colour-blind readers as well. Yellow is left out on white. */
static const char *const colours[NAMED_LINES] = {"#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#555555", "#8B5A2B"};

typedef struct Scale { /* value -> pixel */
    double low, high;  /* values at the ends */
    double from, to;   /* pixels there */
} Scale;

static double at(const Scale *s, double value) { return s->from + (value - s->low) / (s->high - s->low) * (s->to - s->from); }

/* A step of 1, 2 or 5 times a power of ten, so that about `count` of them fit. */
static double nice_step(double span, int count) {
    double raw = span / count, power = pow(10, floor(log10(raw))), lead = raw / power;
    return power * (lead <= 1.0001 ? 1 : lead <= 2.0001 ? 2 : lead <= 5.0001 ? 5 : 10);
}

static void put_part(FILE *to, const char *text, size_t length) {
    for (; length > 0; text++, length--) {
        if (*text == '<') fputs("&lt;", to);
        else if (*text == '&') fputs("&amp;", to);
        else if (*text == '"') fputs("&quot;", to);
        else if ((unsigned char)*text >= ' ') fputc(*text, to);
    }
}

static void put_text(FILE *to, const char *text) { put_part(to, text, strlen(text)); }

/* ---- what is shown -------------------------------------------------------------------------------------------------------------- */
static int64_t units_of(const RtPanel *p) { return rt_shape_count(p->samples.rank - 1, p->samples.shape + 1); }
static int64_t lines_of(const RtPanel *p) { return units_of(p) < MOST_LINES ? units_of(p) : MOST_LINES; }
/* The unit that line `line` shows. */
static int64_t unit_of(const RtPanel *p, int64_t line) { return line * units_of(p) / lines_of(p); }
static double sample(const RtPanel *p, int64_t n, int64_t unit) { return rt_element(p->samples.type, p->samples.data, n * units_of(p) + unit); }
/* Settled values: one for all time, or one a cycle; 0: none that fit the panel. */
static int64_t settled_rows(const RtPanel *p) {
    int64_t count = p->settled ? rt_shape_count(p->settled->rank, p->settled->shape) : 0;
    return count % units_of(p) ? 0 : count / units_of(p);
}

static void include(Scale *s, double value) {
    if (value < s->low) s->low = value;
    if (value > s->high) s->high = value;
}

/* Holds all that is drawn, with some room; a constant gets a scale of its own size. */
static Scale value_scale(const RtPanel *p, double top) {
    Scale s = {INFINITY, -INFINITY, top + PANEL, top};
    for (int64_t line = 0; line < lines_of(p); line++) {
        for (int64_t n = 0; n < p->samples.shape[0]; n++) include(&s, sample(p, n, unit_of(p, line)));
        for (int64_t row = 0; row < settled_rows(p); row++)
            include(&s, rt_element(p->settled->type, p->settled->data, row * units_of(p) + unit_of(p, line)));
    }
    double span = s.high - s.low, room = span > 0 ? span * 0.06 : fabs(s.high) > 0 ? fabs(s.high) * 0.1 : 1;
    s.low -= room;
    s.high += room;
    return s;
}

static Scale time_scale(const RtPlot *plot) {
    Scale s = {0, 0, LEFT, LEFT + INNER};
    bool first = true;
    for (int i = 0; i < plot->count; i++) {
        const RtPanel *p = &plot->panel[i];
        int64_t last = p->samples.shape[0] - 1;
        double begins = last > 0 ? p->time[0] - (p->time[last] - p->time[0]) / (double)last : p->time[0];
        if (first || begins < s.low) s.low = begins;
        if (first || p->time[last] > s.high) s.high = p->time[last];
        first = false;
    }
    if (s.low < 0 || s.low < 1e-9 * s.high) s.low = 0;
    if (!(s.high > s.low)) s.high = s.low + 1;
    return s;
}

/* ---- lines ---------------------------------------------------------------------------------------------------------------------- */
/* A line whose points are left out where a straight one passes within TOLERANCE of them: the next kept point must lie in the wedge
 * of slopes that all points since the last kept one allow ("swinging door"; Bristol, US patent 4669097, 1987). */
typedef struct Pen {
    FILE *to;
    int points;         /* seen: 0, 1, more */
    double x, y;        /* last kept */
    double lx, ly;      /* last seen */
    double least, most; /* slopes that are left */
} Pen;
static const double TOLERANCE = 0.1; /* pixels */

static void keep(Pen *pen, double x, double y) {
    fprintf(pen->to, "%s%.1f %.1f", pen->points ? " " : "M", x, y);
    pen->x = x;
    pen->y = y;
    pen->least = -INFINITY;
    pen->most = INFINITY;
}

static void point(Pen *pen, double x, double y) {
    if (pen->points == 0) keep(pen, x, y);
    else {
        double slope = (y - pen->y) / (x - pen->x);
        if (x <= pen->x || slope < pen->least || slope > pen->most) keep(pen, pen->lx, pen->ly);
        if (x > pen->x) {
            double least = (y - TOLERANCE - pen->y) / (x - pen->x), most = (y + TOLERANCE - pen->y) / (x - pen->x);
            if (least > pen->least) pen->least = least;
            if (most < pen->most) pen->most = most;
        }
    }
    pen->lx = x;
    pen->ly = y;
    pen->points++;
}

static void lift(Pen *pen) {
    if (pen->points > 1) keep(pen, pen->lx, pen->ly);
}

/* Every sample; or where many fall into half a pixel, the least and the greatest of them in their order. */
static void trace(FILE *to, const RtPanel *p, int64_t unit, const Scale *t, const Scale *v) {
    Pen pen = {.to = to};
    int64_t count = p->samples.shape[0];
    for (int64_t n = 0; n < count;) {
        double column = floor(2 * at(t, p->time[n]));
        int64_t low = n, high = n, end = n + 1;
        for (; end < count && floor(2 * at(t, p->time[end])) == column; end++) {
            if (sample(p, end, unit) < sample(p, low, unit)) low = end;
            if (sample(p, end, unit) > sample(p, high, unit)) high = end;
        }
        int64_t first = low < high ? low : high, second = low < high ? high : low;
        point(&pen, at(t, p->time[first]), at(v, sample(p, first, unit)));
        if (second != first) point(&pen, at(t, p->time[second]), at(v, sample(p, second, unit)));
        n = end;
    }
    lift(&pen);
}

static void settled_line(FILE *to, const RtPlot *plot, const RtPanel *p, int64_t unit, const Scale *t, const Scale *v) {
    int64_t rows = settled_rows(p);
    for (int64_t row = 0; row < rows; row++) {
        double y = at(v, rt_element(p->settled->type, p->settled->data, row * units_of(p) + unit));
        double from = rows > 1 ? at(t, (double)row * plot->cycle) : LEFT, end = rows > 1 ? at(t, (double)(row + 1) * plot->cycle) : LEFT + INNER;
        if (from > LEFT + INNER || (rows > 1 && !(plot->cycle > 0))) break;
        fprintf(to, "M%.2f %.2fH%.2f", from, y, end < LEFT + INNER ? end : LEFT + INNER);
    }
}

/* Few lines have colours of their own; many go from blue to orange. */
static void put_colour(FILE *to, const RtPanel *p, int64_t line) {
    double part = lines_of(p) > 1 ? (double)line / (double)(lines_of(p) - 1) : 0;
    if (lines_of(p) <= NAMED_LINES) fputs(colours[line], to);
    else fprintf(to, "#%02x%02x%02x", (int)(0 + 213 * part), (int)(114 - 20 * part), (int)(178 - 178 * part));
}

static void draw_lines(FILE *to, const RtPlot *plot, const RtPanel *p, const Scale *t, const Scale *v) {
    bool many = lines_of(p) > NAMED_LINES;
    for (int64_t line = 0; line < lines_of(p); line++) {
        fputs("<path fill=\"none\" stroke=\"", to);
        put_colour(to, p, line);
        fprintf(to, "\" stroke-width=\"%s\" stroke-linejoin=\"round\" d=\"", many ? "0.8\" stroke-opacity=\"0.75" : "1.4");
        trace(to, p, unit_of(p, line), t, v);
        fputs("\"/>\n", to);
        if (!settled_rows(p)) continue;
        fputs("<path fill=\"none\" stroke=\"", to);
        put_colour(to, p, line);
        fprintf(to, "\" stroke-width=\"%s\" stroke-dasharray=\"5 4\" stroke-opacity=\"0.8\" d=\"", many ? "0.6" : "1");
        settled_line(to, plot, p, unit_of(p, line), t, v);
        fputs("\"/>\n", to);
    }
}

/* ---- panels --------------------------------------------------------------------------------------------------------------------- */
static void draw_cycles(FILE *to, const RtPlot *plot, const Scale *t, double top) {
    if (!(plot->cycle > 0)) return;
    double first = ceil(t->low / plot->cycle - 1e-9), last = floor(t->high / plot->cycle + 1e-9), every = 1;
    while ((last - first) / every > MOST_CYCLES) every *= 10;
    fputs("<path stroke=\"#b5b5b5\" stroke-width=\"0.7\" d=\"", to);
    for (double k = ceil(first / every) * every; k <= last; k += every)
        if (k > 0) fprintf(to, "M%.2f %.2fv%d", at(t, k * plot->cycle), top, PANEL);
    fputs("\"/>\n", to);
}

static void draw_value_axis(FILE *to, const RtPanel *p, const Scale *v, double top) {
    double step = nice_step(v->high - v->low, 4);
    for (double value = ceil(v->low / step) * step; value <= v->high; value += step) {
        double y = at(v, value), shown = fabs(value) < step * 1e-6 ? 0 : value;
        fprintf(to, "<path stroke=\"#ececec\" d=\"M%d %.2fH%.2f\"/>\n", LEFT, y, LEFT + INNER);
        fprintf(to, "<text class=\"n\" x=\"%d\" y=\"%.2f\" text-anchor=\"end\">%.6g</text>\n", LEFT - 8, y + 4, shown);
    }
    if (!p->unit || !strcmp(p->unit, "1")) return;
    fprintf(to, "<text class=\"n\" transform=\"translate(%d %.2f) rotate(-90)\" text-anchor=\"middle\">", 26, top + PANEL / 2.0);
    put_text(to, p->unit);
    fputs("</text>\n", to);
}

/* Name, axes with their sizes, and how many of the units are shown. */
static void draw_title(FILE *to, const RtPanel *p, double top) {
    fprintf(to, "<text x=\"%d\" y=\"%.2f\"><tspan class=\"b\">", LEFT, top - 9);
    put_text(to, p->name);
    fputs("</tspan><tspan class=\"n\" dx=\"8\">", to);
    const char *axis = p->axes ? p->axes : "";
    for (int i = 1; i < p->samples.rank; i++) {
        size_t length = strcspn(axis, ",");
        fputs(i > 1 ? ", " : "", to);
        put_part(to, axis, length);
        fprintf(to, "%s%lld", length ? " = " : "", (long long)p->samples.shape[i]);
        axis += length + (axis[length] == ',');
    }
    if (lines_of(p) < units_of(p)) fprintf(to, "; %lld of %lld units shown", (long long)lines_of(p), (long long)units_of(p));
    if (settled_rows(p)) fputs("; dashed: settled", to);
    fputs("</tspan></text>\n", to);
}

static void draw_names(FILE *to, const RtPanel *p, double top) {
    char index[RT_SHAPE_TEXT];
    if (lines_of(p) > NAMED_LINES || units_of(p) == 1) return;
    for (int64_t line = 0; line < lines_of(p); line++) {
        double y = top + 12 + 16 * (double)line;
        fprintf(to, "<path stroke-width=\"2.4\" stroke=\"");
        put_colour(to, p, line);
        fprintf(to, "\" d=\"M%.2f %.2fh16\"/><text class=\"n\" x=\"%.2f\" y=\"%.2f\">%s</text>\n", LEFT + INNER + 12, y - 4, LEFT + INNER + 34, y,
                rt_index_text(index, p->samples.rank - 1, p->samples.shape + 1, unit_of(p, line)));
    }
}

static void draw_panel(FILE *to, const RtPlot *plot, const RtPanel *p, const Scale *t, double top) {
    Scale v = value_scale(p, top);
    draw_value_axis(to, p, &v, top);
    draw_cycles(to, plot, t, top);
    draw_lines(to, plot, p, t, &v);
    fprintf(to, "<rect x=\"%d\" y=\"%.2f\" width=\"%.2f\" height=\"%d\" fill=\"none\" stroke=\"#707070\" stroke-width=\"0.8\"/>\n", LEFT, top, INNER, PANEL);
    draw_title(to, p, top);
    draw_names(to, p, top);
}

/* In milliseconds where all is shorter than ten seconds. */
static void draw_time_axis(FILE *to, const RtPlot *plot, const Scale *t, double bottom) {
    double unit = plot->steps || plot->along || t->high >= 10 ? 1 : 1e-3, step = nice_step((t->high - t->low) / unit, 8);
    for (double value = ceil(t->low / unit / step - 1e-9) * step; value <= t->high / unit * (1 + 1e-9); value += step) {
        double x = at(t, value * unit);
        fprintf(to, "<path stroke=\"#707070\" d=\"M%.2f %.2fv5\"/><text class=\"n\" x=\"%.2f\" y=\"%.2f\" text-anchor=\"middle\">%.6g</text>\n", x, bottom, x,
                bottom + 20, fabs(value) < step * 1e-6 ? 0 : value);
    }
    char name[64];
    snprintf(name, sizeof name, "time (%s)%s", plot->steps ? "steps" : unit < 1 ? "ms" : "s", plot->cycle > 0 ? "; vertical lines: cycles" : "");
    fprintf(to, "<text class=\"n\" x=\"%.2f\" y=\"%.2f\" text-anchor=\"middle\">%s</text>\n", LEFT + INNER / 2, bottom + 40, plot->along ? plot->along : name);
}

static void draw(FILE *to, const RtPlot *plot) {
    Scale t = time_scale(plot);
    int height = TOP + plot->count * (PANEL + GAP) - GAP + BOTTOM;
    fprintf(to, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\">\n", WIDTH, height, WIDTH, height);
    fputs("<style>text{font-family:Helvetica,Arial,'DejaVu Sans',sans-serif;font-size:13px;fill:#202020}.n{font-size:12px;fill:#505050}"
          ".b{font-weight:bold}.t{font-size:16px;font-weight:bold}</style>\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n", to);
    fprintf(to, "<text class=\"t\" x=\"%d\" y=\"26\">", LEFT);
    put_text(to, plot->title ? plot->title : "traces");
    fputs("</text>\n", to);
    for (int i = 0; i < plot->count; i++) draw_panel(to, plot, &plot->panel[i], &t, TOP + i * (double)(PANEL + GAP));
    draw_time_axis(to, plot, &t, height - BOTTOM);
    fputs("</svg>\n", to);
}

char *rt_plot_svg(const RtPlot *plot, size_t *length, RtError *error) {
    char *text = NULL;
    for (int i = 0; i < plot->count; i++)
        if (plot->panel[i].samples.rank < 1 || rt_shape_count(plot->panel[i].samples.rank, plot->panel[i].samples.shape) < 1) {
            rt_fail(error, RT_USER, "%s: there is nothing to draw", plot->panel[i].name);
            return NULL;
        }
    if (plot->count == 0) rt_fail(error, RT_USER, "there is nothing to draw");
    FILE *to = plot->count ? open_memstream(&text, length) : NULL;
    errno = 0; /* a stream in memory that cannot grow tells only by it */
    if (to) draw(to, plot);
    bool drawn = to && errno != ENOMEM;
    if (to && fclose(to) == 0 && drawn && text) return text;
    free(text);
    rt_no_memory(error, 1e6, "a picture");
    return NULL;
}
