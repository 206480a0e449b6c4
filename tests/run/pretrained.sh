#!/bin/sh
# The pretrained block agrees with the published model on both texts, before (y) and after (z) the normalisation, through ctx run
# and through the built executable, and runs at 1, 18, 173 and 512 tokens without rebuilding. $1: build folder, $2: scratch folder.
set -eu
build=$1
scratch=$2
data=examples/data
limit=1e-5
mkdir -p "$scratch"
gcc -O1 -Wall -Wextra -o "$scratch/maxdiff" tests/tools/maxdiff.c -lm
"$build/ctx" build examples/11-pretrained.ctx -o "$scratch/block"

compare() { # what, run...
    what=$1
    shift
    for text in sentence abstract; do
        rm -f "$scratch/y.npy" "$scratch/z.npy"
        "$@" --x "$data/minilm-layer0-$text-x.npy" --weights "$data/minilm-layer0.safetensors" \
            --out "y=$scratch/y.npy" --out "z=$scratch/z.npy" > "$scratch/log" 2>&1 || { cat "$scratch/log"; exit 1; }
        for out in y z; do
            error=$("$scratch/maxdiff" "$scratch/$out.npy" "$data/minilm-layer0-$text-$out.npy" $limit) || {
                echo "$what, $text, $out: largest error ${error:-unknown}, expected at most $limit"
                exit 1
            }
            echo "$what, $text, $out: largest error $error"
        done
    done
}
compare "ctx run" "$build/ctx" run examples/11-pretrained.ctx
compare "executable" "$scratch/block"

# One file, any length up to the bound: prefixes do not agree (attention is bidirectional), so the length alone is looked at.
for tokens in 1 18 173 512; do
    "$scratch/block" --x random --size "token=$tokens" --weights "$data/minilm-layer0.safetensors" --out "y=$scratch/y.npy" \
        --out "z=$scratch/z.npy"
    head -c 128 "$scratch/z.npy" | grep -a -q "'shape': ($tokens, 384)" || { echo "$tokens tokens: wrong shape"; exit 1; }
done
