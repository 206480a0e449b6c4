#!/bin/sh
# The main job, as `make demo` runs it: a pretrained attention block as cortex and thalamus, compiled, run on a real paragraph
# and compared with the published output and with the transformer that the file names. $1 is the build folder.
set -eu
build=$1
data=examples/data
program=$build/pretrained

"$build/ctx" build examples/11-pretrained.ctx -o "$program"
echo "circuit    examples/11-pretrained.ctx, compiled to $program"
"$program" --describe
"$program" --x $data/minilm-layer0-abstract-x.npy --weights $data/minilm-layer0.safetensors --time 20 \
    --expect y=$data/minilm-layer0-abstract-y.npy --expect z=$data/minilm-layer0-abstract-z.npy --tolerance 1e-5
"$build/ctx" check examples/11-pretrained.ctx --brief
cat <<END
next       $build/ctx explain examples/11-pretrained.ctx     what the circuit computes, in which order, at what cost
           $program --help                        the program's own options
           $build/ctx check examples/06-mask-equals-memory.ctx     two circuits, one transformer
           less examples/01-microcolumn.ctx compiler/LANGUAGE.md
END
