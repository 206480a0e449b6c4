#!/bin/sh
# `make bench`: the ten attention cases, medians of five rounds, each beside one matrix product of the library (sgemm 1024^3)
# timed in the same rounds: tests/bench/bench.sh build/release [threads]. The engines that users would pick instead are timed
# by shared/bench/attention_peers.py, which takes ours in the same rounds with --also ctx=build/release/ctx-bench.
set -eu
build=$1
threads=${2:-1}
rounds=5

sgemm() { # GF/s
    "$build/ctx" run "$build/bench/sgemm.ctx" --x normal --threads "$threads" --repeat 5 --json |
        awk -F'[:,]' '/"ms_per_call"/ { print 2 * 1024 ^ 3 / $2 / 1e6 }'
}
median() {
    sort -g | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM

while read -r name t d h dh kind causal; do
    : > "$work/ours"
    : > "$work/gemm"
    round=0
    while [ $round -lt $rounds ]; do
        sgemm >> "$work/gemm"
        CASE=$name T=$t D=$d H=$h DH=$dh KIND=$kind CAUSAL=$causal THREADS=$threads "$build/ctx-bench" >> "$work/ours"
        round=$((round + 1))
    done
    awk -v name="$name" -v t="$t" -v d="$d" -v h="$h" -v dh="$dh" -v kind="$kind" -v causal="$causal" -v threads="$threads" \
        -v s="$(median < "$work/ours")" -v g="$(median < "$work/gemm")" 'BEGIN {
            core = kind == "softmax" ? 4 * t * t * d / (causal ? 2 : 1) : 4 * t * d * dh
            f = 8 * t * d * d + core
            printf "\n%s  T=%d d=%d H=%d dh=%d %s%s  threads=%d  sgemm %.0f GF/s\n", name, t, d, h, dh, kind, causal ? " causal" : "", threads, g
            printf "  %-14s %10.4f ms  %7.1f GF/s  %5.1f%% of sgemm\n", "ctx", s * 1e3, f / s / 1e9, f / s / 1e9 / g * 100
        }'
done <<CASES
tiny_softmax 16 64 4 16 softmax 0
minilm_softmax_128 128 384 12 32 softmax 0
bert_softmax_512 512 768 12 64 softmax 0
softmax_1024 1024 512 8 64 softmax 0
causal_1024 1024 512 8 64 softmax 1
causal_4096 4096 512 8 64 softmax 1
tiny_linear 16 64 4 16 linear 0
linear_1024 1024 512 8 64 linear 0
causal_linear_1024 1024 512 8 64 linear 1
causal_linear_8192 8192 512 8 64 linear 1
CASES
