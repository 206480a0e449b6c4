#!/bin/sh
# --expect compares an output with a file: 0 when it is within the tolerance, 1 when not, 2 when the file does not fit.
set -u
build=$1
work=$2
data=examples/data
run() {
    "$build/ctx" run examples/11-pretrained.ctx --x $data/minilm-layer0-sentence-x.npy --weights $data/minilm-layer0.safetensors "$@" \
        > "$work/out" 2> "$work/err"
}
bad=0
want() { # status, text, what ran
    [ "$status" -eq "$1" ] && grep -q "$2" "$work/out" "$work/err" && return
    echo "$3: exit $status, expected $1 and '$2'"
    cat "$work/out" "$work/err"
    bad=1
}
run --expect y=$data/minilm-layer0-sentence-y.npy; status=$?
want 0 'y: max |error|' "the published output"
run --expect y=$data/minilm-layer0-sentence-z.npy; status=$?
want 1 'TOO LARGE' "another tensor"
run --expect y=$data/minilm-layer0-sentence-y.npy --tolerance 0; status=$?
want 1 'TOO LARGE' "no tolerance"
run --expect y=$data/minilm-layer0-abstract-y.npy; status=$?
want 2 'has shape \[173, 384\]' "another shape"
run --expect w=$data/minilm-layer0-abstract-y.npy; status=$?
want 2 "no output 'w'" "an unknown output"
run --expect y=$data/minilm-layer0-sentence-y.npy --tolerance much; status=$?
want 2 'takes a number' "a tolerance that is none"
# some rows of a file, in both readings: the same as a file that has these alone
cat > "$work/rows.ctx" <<'CTX'
use std.neurons;
axis token <= 100;
axis d = 4;
stimulus x[token, d];
cycle now over token;
population p[d] : relay(phi = tanh) <- x[token as now];
output y = p;
output copy[token, d] = x;
CTX
for mode in "" "--mode dynamic --cycle 5ms"; do
    # shellcheck disable=SC2086 # several words
    {
        "$build/ctx" run "$work/rows.ctx" $mode --size token=20 --x normal --out copy="$work/all.npy" --out y="$work/y.npy" --quiet &&
            "$build/ctx" run "$work/rows.ctx" $mode --x "$work/all.npy[3:8]" --out copy="$work/part.npy" --out y="$work/y_part.npy" --quiet &&
            "$build/ctx" run "$work/rows.ctx" $mode --x "$work/part.npy" --expect y="$work/y_part.npy" --tolerance 0 --out copy="$work/again.npy" --quiet
    } > "$work/out" 2> "$work/err"
    status=$?
    want 0 '' "rows of a file $mode"
    cmp -s "$work/part.npy" "$work/again.npy" || { echo "rows of a file $mode: they are others"; bad=1; }
    [ "$(tail -c 80 "$work/part.npy" | od -An -tx1)" = "$(tail -c 320 "$work/all.npy" | head -c 128 | tail -c 80 | od -An -tx1)" ] ||
        { echo "rows of a file $mode: not rows 3 to 7"; bad=1; }
done
"$build/ctx" run "$work/rows.ctx" --x "$work/all.npy[3:21]" > "$work/out" 2> "$work/err"; status=$?
want 2 'stimulus x: .* asks for items 3 to 20, the file has 20' "rows that are not there"
"$build/ctx" run examples/11-pretrained.ctx --describe > "$work/out" 2> "$work/err"; status=$?
want 0 '12 areas, .* columns, .* populations, .* synapses' "--describe"
exit $bad
