# awk -f tests/tools/plot.awk -v title=... -v x=... -v y=... [-v logx=1] [-v logy=1] DATA > FIGURE.svg
#
# Draws curves as SVG. DATA has one point a line, with tabs: name of the curve, x, y. Curves keep the order in which they come. A
# name that begins with "o " is drawn as points, one that begins with "- " as a dashed line; what follows is its label.
BEGIN { FS = "\t"; W = 640; H = 400; left = 70; right = 190; top = 40; bottom = 56 }

function scale(v, log_scale) { return log_scale ? log(v) / log(10) : v }
function px(v) { return left + (scale(v, logx) - x0) / (x1 - x0) * (W - left - right) }
function py(v) { return H - bottom - (scale(v, logy) - y0) / (y1 - y0) * (H - top - bottom) }

# 1, 2 or 5 times a power of ten, for about five ticks.
function step_of(range,    raw, power, m) {
    raw = range / 5
    power = 10 ^ floor(log(raw) / log(10))
    m = raw / power
    return power * (m < 1.5 ? 1 : m < 3.5 ? 2 : m < 7.5 ? 5 : 10)
}
function floor(v,    i) { i = int(v); return i > v ? i - 1 : i }
function clean(v) { return v < 1e-12 && v > -1e-12 ? 0 : v }

function line(xa, ya, xb, yb, colour) {
    printf "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\"/>\n", xa, ya, xb, yb, colour
}
function text(xa, ya, anchor, what, more) {
    gsub(/&/, "\\&amp;", what); gsub(/</, "\\&lt;", what)
    printf "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\"%s>%s</text>\n", xa, ya, anchor, more, what
}

# Ticks of one axis: powers of ten, or steps.
function ticks(horizontal,    lo, hi, s, v, at, label, is_log) {
    lo = horizontal ? x0 : y0
    hi = horizontal ? x1 : y1
    is_log = horizontal ? logx : logy
    s = is_log ? (hi - lo > 8 ? 2 : 1) : step_of(hi - lo)
    for (v = -floor(-lo / s) * s; v <= hi + 1e-9 * s; v += s) {
        label = is_log ? (v >= -2 && v <= 3 ? 10 ^ v "" : "1e" v) : clean(v) ""
        at = is_log ? 10 ^ v : v
        if (horizontal) { line(px(at), top, px(at), H - bottom, "#ddd"); text(px(at), H - bottom + 16, "middle", label, "") }
        else { line(left, py(at), W - right, py(at), "#ddd"); text(left - 6, py(at) + 4, "end", label, "") }
    }
}

$1 != "" && NF >= 3 {
    if (!($1 in count)) { curve[++curves] = $1 }
    n = ++count[$1]
    X[$1, n] = $2; Y[$1, n] = $3
    sx = scale($2, logx); sy = scale($3, logy)
    if (points++ == 0) { x0 = x1 = sx; y0 = y1 = sy }
    if (sx < x0) x0 = sx
    if (sx > x1) x1 = sx
    if (sy < y0) y0 = sy
    if (sy > y1) y1 = sy
}

END {
    if (points == 0 || x0 == x1) { print "plot.awk: nothing to draw" > "/dev/stderr"; exit 2 }
    if (y0 == y1) y1 = y0 + 1
    if (!logy) { pad = 0.05 * (y1 - y0); y0 -= pad; y1 += pad }
    split("#1b6ca8 #d1495b #3a7d44 #8d5a97 #c17c0e #444444 #5fa8a8", colours, " ")
    printf "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"12\">\n", W, H
    printf "<rect width=\"%d\" height=\"%d\" fill=\"white\"/>\n", W, H
    text(left, 22, "start", title, " font-size=\"14\"")
    ticks(1); ticks(0)
    line(left, H - bottom, W - right, H - bottom, "#333"); line(left, top, left, H - bottom, "#333")
    text((left + W - right) / 2, H - 14, "middle", x, "")
    text(0, 0, "middle", y, sprintf(" transform=\"translate(16,%.1f) rotate(-90)\"", (top + H - bottom) / 2))
    for (c = 1; c <= curves; c++) {
        name = curve[c]; colour = colours[(c - 1) % 7 + 1]; label = name
        dots = label ~ /^o /; dashes = label ~ /^- /
        sub(/^[o-] /, "", label)
        at = top + 8 + 18 * (c - 1)
        if (dots) {
            for (i = 1; i <= count[name]; i++) printf "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"%s\"/>\n", px(X[name, i]), py(Y[name, i]), colour
            printf "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"%s\"/>\n", W - right + 24, at, colour
        } else {
            printf "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"1.6\"%s points=\"", colour, dashes ? " stroke-dasharray=\"5 4\"" : ""
            for (i = 1; i <= count[name]; i++) printf "%s%.1f,%.1f", (i > 1 ? " " : ""), px(X[name, i]), py(Y[name, i])
            printf "\"/>\n<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\" stroke-width=\"1.6\"%s/>\n", W - right + 14, at, W - right + 34, at, colour, dashes ? " stroke-dasharray=\"5 4\"" : ""
        }
        text(W - right + 40, at + 4, "start", label, "")
    }
    print "</svg>"
}
