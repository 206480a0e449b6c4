#!/bin/sh
# Prints the seconds of one training step of case CASE on THREADS threads, the median of several: tests/bench/train-step.sh build/release
set -eu
build=$1
here=$(dirname "$0")
root=$here/../..
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM
# Normal numbers of a shape, by a circuit that only hands them on: file, items, tokens, features.
draw() {
    cat > "$work/draw.ctx" << CTX
use std.neurons;
axis item = $2;
axis token = $3;
axis d = $4;
stimulus x[item, token, d];
population p[item, token, d] : relay <- x;
output y = p;
CTX
    "$build/ctx" run "$work/draw.ctx" --x normal --out "y=$work/$1" --quiet > /dev/null
}
step() { # file, items of a step, steps, then the data
    file=$1 batch=$2 epochs=$3
    shift 3
    "$build/ctx" train "$file" --loss E --optimiser adam --rate 1e-5 --batch "$batch" --epochs "$epochs" --threads "${THREADS:-1}" \
        --together "$batch" --quiet --time --json "$@" | awk -F'[:,]' '/seconds_per_step/ { print $2 + 0 }'
}
squared() { # file, tokens, features, items
    draw x.npy "$4" "$2" "$3"
    draw target.npy "$4" "$2" "$3"
    step "$here/$1" "$4" 15 --x "$work/x.npy" --target "$work/target.npy"
}
case ${CASE:-digits} in
digits)
    step "$root/examples/19-digits.ctx" 32 3 --image "$root/examples/data/digits-images.npy[0:1344]" --label "$root/examples/data/digits-labels.npy[0:1344]" ;;
blocks) squared train_blocks.ctx 128 256 8 ;;
linear) squared train_linear.ctx 128 256 8 ;;
causal) squared train_causal.ctx 1024 512 1 ;;
*) echo "no case '$CASE'" >&2 && exit 2 ;;
esac
