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
"$build/ctx" run examples/11-pretrained.ctx --describe > "$work/out" 2> "$work/err"; status=$?
want 0 '12 areas, .* columns, .* populations, .* synapses' "--describe"
exit $bad
