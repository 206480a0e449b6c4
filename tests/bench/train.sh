#!/bin/sh
# `make bench-train`: seconds of one training step (forward, backward, adam), four cases. tests/bench/train.sh build/release
# [--peers FILE]: FILE is a harness that times tensor engines and calls ours in the same rounds (--also NAME=COMMAND, with CASE and
# THREADS in its environment; PYTHON is an interpreter that has the engines). THREADS=1 is the default.
set -eu
build=$1
here=$(dirname "$0")
threads=${THREADS:-1}
if [ "${2:-}" = --peers ]; then
    exec "${PYTHON:-python3}" "$3" --threads "$threads" --also "ctx=$here/train-step.sh $build"
fi
for case in digits blocks linear causal; do
    CASE=$case THREADS=$threads "$here/train-step.sh" "$build" | awk -v case="$case" '{ printf "%-8s %9.3f ms a step\n", case, $1 * 1e3 }'
done
