#!/bin/sh
# The pretrained block as a shared library, driven by a C program that includes only its generated header.
# $1: build folder, $2: scratch folder.
set -eu
build=$1
scratch=$2
data=examples/data
mkdir -p "$scratch"
"$build/ctx" build examples/11-pretrained.ctx --emit=shared -o "$scratch/pretrained.so"
gcc -std=gnu11 -O1 -Wall -Wextra -Werror -I"$scratch" -o "$scratch/use_shared" tests/tools/use_shared.c "$scratch/pretrained.so" \
    -Wl,-rpath,"$(cd "$scratch" && pwd)" -lm
"$scratch/use_shared" $data/minilm-layer0.safetensors $data/minilm-layer0-sentence-x.npy $data/minilm-layer0-sentence-y.npy 18
"$scratch/use_shared" $data/minilm-layer0.safetensors $data/minilm-layer0-abstract-x.npy $data/minilm-layer0-abstract-y.npy 173
