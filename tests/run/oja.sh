#!/bin/sh
# examples/20-oja.ctx finds the first principal component of the diabetes data. $1: build folder, $2: scratch folder.
set -eu
build=$1
work=$2
mkdir -p "$work"
# shellcheck disable=SC2086
gcc -std=gnu11 -O1 -Wall -Wextra -Iruntime -Iruntime/include ${CTX_TEST_LINK:-} tests/tools/component.c "$build/libctxrt.a" -o "$work/component" \
    -lopenblas -ljansson -lpthread -lm -ldl
for seed in 1 2 3; do
    "$build/ctx" train examples/20-oja.ctx --x examples/data/diabetes-x.npy --batch 442 --epochs 100 --seed $seed --quiet --save "$work/w.safetensors" > /dev/null
    off=$("$work/component" examples/data/diabetes-x.npy "$work/w.safetensors")
    awk -v off="$off" 'BEGIN { exit !(off < 1e-3) }' || { echo "seed $seed: off the first principal component by $off"; exit 1; }
done
