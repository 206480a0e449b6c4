#!/bin/sh
# A causal softmax head of 16,384 tokens needs no token x token tensor: everything it holds stays under 300 MB. And results are
# the same bits for any number of threads.
set -eu
build=$1
work=$2
bytes=$("$build/ctx" run tests/bench/causal_softmax.ctx --set token=16384 --set head=1 --set d=64 --x normal --json |
    awk -F'[:,]' '/"memory_bytes"/ { print $2 + 0 }')
awk -v b="$bytes" 'BEGIN { if (b > 1e6 && b < 300e6) exit 0; print "memory of 16384 tokens: " b " bytes, expected under 300e6"; exit 1 }'

bad=0
for circuit in softmax causal_softmax linear causal_linear; do
    "$build/ctx" build "tests/bench/$circuit.ctx" --set token=300 --set head=4 --set d=256 -o "$work/program"
    for threads in 1 2 3 7; do
        "$work/program" --x normal --threads $threads --out "$work/$threads.npy"
        cmp "$work/1.npy" "$work/$threads.npy" || { echo "$circuit: $threads threads give other bits than one"; bad=1; }
    done
done
exit $bad
