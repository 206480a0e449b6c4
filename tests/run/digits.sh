#!/bin/sh
# examples/19-digits.ctx learns to read, by the gradient and by its local rules: each floor is a percent or more below what was measured,
# for processors that round otherwise. $1: build folder, $2: scratch folder.
set -eu
build=$1
work=$2
mkdir -p "$work"
data=examples/data

# reads NAME SEEDS FLOOR EXAMPLE OPTIONS: the median over the seeds 1 to SEEDS of the part of the test digits that is read right.
reads() {
    name=$1 seeds=$2 floor=$3 example=$4
    shift 4
    for seed in $(seq "$seeds"); do
        "$build/ctx" train "$example" "$@" --image "$data/digits-images.npy[0:1347]" --label "$data/digits-labels.npy[0:1347]" \
            --valid "image=$data/digits-images.npy[1347:1797]" --valid "label=$data/digits-labels.npy[1347:1797]" --seed "$seed" --quiet --json --save "$work/w.safetensors" |
            awk -F'[:,]' '/"accuracy"/ { print $2 + 0 }'
    done | sort -g > "$work/accuracies"
    [ "$(wc -l < "$work/accuracies")" -eq "$seeds" ] || { echo "$name: expected $seeds accuracies"; exit 1; }
    awk -v middle=$(((seeds + 1) / 2)) -v floor="$floor" 'NR == middle { exit !($1 >= floor) }' "$work/accuracies" ||
        { echo "$name: $(tr '\n' ' ' < "$work/accuracies"), expected a median of at least $floor"; exit 1; }
}

# Medians of five seeds where it was measured: 94.4 %, 92.7 %, digit by digit 91.3 % (seed 1: 91.3 %).
reads gradient 5 0.932 examples/19-digits.ctx --loss E --optimiser adamw --rate 4e-3 --decay 0.5 --warmup 40 --schedule cosine --epochs 40
reads rules 5 0.91 examples/19-digits.ctx --schedule cosine --epochs 40 --batch 16 --rate 6e-3
reads "digit by digit" 1 0.88 examples/19-digits.ctx --schedule cosine --epochs 10 --batch 1

# examples/21-online.ctx by its rules, local in time: 86.9 % (seed 1).
reads online 1 0.85 examples/21-online.ctx --set d=32 --set head=16 --set a=16 --set c=16 --schedule cosine --epochs 40 --batch 16
