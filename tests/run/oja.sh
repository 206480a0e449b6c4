#!/bin/sh
# examples/20-oja.ctx finds the first principal component of the diabetes data, and 22-oja-online.ctx in both readings while it runs. $1: build folder, $2: scratch folder.
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
near() { # what, weights: online they tremble at the end, so within 0.05
    off=$("$work/component" examples/data/diabetes-x.npy "$2")
    awk -v off="$off" 'BEGIN { exit !(off < 0.05) }' || { echo "$1: off the first principal component by $off"; exit 1; }
}
for seed in 1 2 3; do
    set -- examples/22-oja-online.ctx --x examples/data/diabetes-x.npy --seed $seed --quiet
    "$build/ctx" run "$@" --out learned="$work/settled.npy" > /dev/null
    "$build/ctx" run "$@" --mode dynamic --cycle 100ms --dt 1ms --out learned="$work/dynamic.npy" > /dev/null
    near "online, seed $seed" "$work/settled.npy"
    near "online in time, seed $seed" "$work/dynamic.npy"
done
# Without the loss, an output without axes stands in its place, and that is said.
sed '/^loss /d; /^check /d' examples/20-oja.ctx > "$work/lossless.ctx"
"$build/ctx" train "$work/lossless.ctx" --x examples/data/diabetes-x.npy --epochs 1 > "$work/said" 2>&1
grep -q "no loss: the output 'y' is reported in its place" "$work/said" || { cat "$work/said"; exit 1; }
