#!/bin/sh
# `make bench-exact`: how long exact verdicts take (the whole process, median of three; the verdict alone, in the last), and how
# many field operations (points times multiplications) they do in a second, beside the 64-bit products that the cores can do.
# $1: build folder, $2: multiplier program.
set -eu
build=$1
multiplier=$2
threads=$(nproc)
limit=$("$multiplier")
awk -v l="$limit" -v t="$threads" 'BEGIN {
    printf "64-bit multiplier: %.2f G products/s a core, %d cores\n\n", l / 1e9, t
    printf "%-28s %12s %12s %12s %8s %14s\n", "case", "process ms", "verdict ms", "operations", "Gop/s", "of the limit" }'
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM

now() { date +%s.%N; }
one() { # name, then the command
    name=$1
    shift
    : > "$work/times"
    for _ in 1 2 3; do
        start=$(now)
        "$@" > "$work/out"
        echo "$start $(now)" | awk '{ print $2 - $1 }' >> "$work/times"
    done
    grep -o '"operations":[0-9.]*\|"seconds":[0-9.]*' "$work/out" |
        awk -F: -v name="$name" -v limit="$(awk -v l="$limit" -v t="$threads" 'BEGIN { print l * t }')" \
            -v s="$(sort -g "$work/times" | sed -n 2p)" '/operations/ { n += $2 } /seconds/ { own += $2 } END {
                printf "%-28s %12.1f %12.1f ", name, s * 1e3, own * 1e3
                printf "%12.3g %8.3f %13.1f%%\n", n, n / own / 1e9, 100 * n / own / limit }'
}
all_examples() {
    for file in examples/*.ctx; do "$build/ctx" check --exact --json "$file"; done
}
one "one head, 8 tokens" "$build/ctx" check --exact --json tests/bench/exact_head.ctx
one "pretrained block, 6 tokens" "$build/ctx" check --exact --json --set token=6 examples/11-pretrained.ctx
one "all examples, all shapes" all_examples
