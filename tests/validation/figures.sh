#!/bin/sh
# `make figures`: measures and draws the figures of examples/README.md. $1: build folder, $2: scratch folder, $3: where to.
set -eu
build=$1
scratch=$2
to=$3
mkdir -p "$scratch" "$to"
[ "$build/numbers" -nt tests/tools/numbers.c ] && [ "$build/numbers" -nt tests/tools/npy.h ] || gcc -std=gnu11 -O2 -Wall -Wextra tests/tools/numbers.c -o "$build/numbers" -lm
measure() { sh tests/validation/measure.sh "$build" "$scratch" "$@"; }
draw() { awk -f tests/tools/plot.awk "$@"; }

# How far the mask circuit is from its settled reading after cycles of some length.
for deep in 20 50 100 200 500; do
    for cycle in 10 20 40 60 80 100 120 150 200 250 300; do
        error=$(measure settles tests/validation/mask.ctx ${cycle}ms 0.1ms y --k random --q random --v random --precision f64 --set tau_deep=$deep)
        awk -v d=$deep -v c=$cycle -v e="$error" 'BEGIN { if (e >= 1e-10) printf "deep/superficial = %g\t%g\t%s\n", d / 100, c / 10, e }'
    done
done > "$scratch/settling"
draw -v logy=1 -v title="Mask circuit: how long a cycle must be" -v x="length of a cycle / time constant of superficial cells (10 ms)" \
    -v y="distance from the settled output" "$scratch/settling" > "$to/settling.svg"

# The sum of the attention weights after all inputs have grown by one half.
for pool in 25 100 400 900; do
    measure feedback $pool 0 total 0.5 | awk -v r=$pool 'NR >= 1450 && NR <= 2250 { printf "pool/score = %g\t%.1f\t%.6g\n", r / 100, (NR - 1500) / 5, $1 }'
done > "$scratch/ringing"
draw -v title="Softmax by a feedback pool: sum of the attention weights" -v x="time after all inputs grew by 0.5 (ms), score cells of 10 ms" \
    -v y="sum of the weights" "$scratch/ringing" > "$to/ringing.svg"

# How late the pool may hear the cells before swings grow; and how far they swing without lag.
{
    for pair in "12 100" "25 100" "50 100" "100 100" "100 50" "100 25" "100 12"; do
        set -- $pair
        limit=$(measure feedback_limit "$1" "$2")
        awk -v p="$1" -v s="$2" -v l="$limit" 'BEGIN { printf "o measured\t%g\t%g\n", p / s, 10 * l / s }'
    done
    awk 'BEGIN {
        for (i = -10; i <= 10; i++) {
            r = 10 ^ (i / 10); q = (-1 + sqrt(1 + 4 / (r * r))) / 2; w = sqrt(q)
            printf "- derived\t%g\t%g\n", r, atan2(w * r, q * r) / w
        } }'
} > "$scratch/stability"
draw -v logx=1 -v logy=1 -v title="Feedback pool: above the line, swings grow" -v x="time constant of the pool / of the score cells" \
    -v y="lag of the pool / time constant of the score cells" "$scratch/stability" > "$to/stability.svg"

for pool in 10 25 50 100 150 200 250 300 350 380 400 450 600; do
    printf 'o measured\t%s\t%s\n' "$(echo $pool | awk '{ print $1 / 100 }')" "$(measure feedback_swing $pool)"
done > "$scratch/swing"
awk 'BEGIN { for (r = 0.1; r <= 6; r += 0.05) printf "- derived\t%g\t%g\n", r, r < 4 ? exp(-3.14159265 / sqrt(4 / r - 1)) : 0 }' >> "$scratch/swing"
draw -v title="Feedback pool without lag: it rings below a ratio of 4" -v x="time constant of the pool / of the score cells" \
    -v y="swing below rest / peak above it" "$scratch/swing" > "$to/swing.svg"

# Digits: one circuit, by the gradient, by its local rules, and by these after each digit.
data=examples/data
digits() { # name of the curve, options
    way=$1
    shift
    "$build/ctx" train examples/19-digits.ctx --schedule cosine "$@" --image "$data/digits-images.npy[0:1347]" --label "$data/digits-labels.npy[0:1347]" \
        --valid "image=$data/digits-images.npy[1347:1797]" --valid "label=$data/digits-labels.npy[1347:1797]" --quiet --log "$scratch/log.csv" > /dev/null
    awk -F, -v way="$way" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "accuracy") column = i; next } { printf "%s\t%s\t%s\n", way, $1, $column }' "$scratch/log.csv"
}
{
    digits gradient --loss E --optimiser adamw --rate 4e-3 --decay 0.5 --warmup 40 --epochs 40
    digits "local rules" --batch 16 --rate 6e-3 --epochs 40
    digits "rules, digit by digit" --batch 1 --epochs 10
} > "$scratch/digits"
draw -v title="Digits read by one circuit (examples/19-digits.ctx), seed 1" -v x="epoch" -v y="part of the 450 test digits read right" "$scratch/digits" > "$to/digits.svg"
