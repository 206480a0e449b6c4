#!/bin/sh
# The main job, as `make demo` runs it: a pretrained attention block as cortex and thalamus, compiled, run on a real paragraph
# and compared with the published output and with the transformer that the file names. $1 is the build folder.
set -eu
build=$1
circuit=examples/11-pretrained.ctx
data=examples/data
program=$build/pretrained

echo "compile    $circuit -> $program"
"$build/ctx" build $circuit -o "$program"
"$program" --describe
echo "run        173 tokens of a real paragraph, weights of a published sentence encoder"
"$program" --x $data/minilm-layer0-abstract-x.npy --weights $data/minilm-layer0.safetensors --time \
    --expect y=$data/minilm-layer0-abstract-y.npy --expect z=$data/minilm-layer0-abstract-z.npy
echo "check      is it the transformer that the file names?"
status=0
"$build/ctx" check $circuit > "$build/check.txt" || status=$?
grep -E '^[a-z0-9 ]+ \(line|^  (exact|numeric)|checks hold' "$build/check.txt"
[ $status -eq 0 ] || exit $status
cat <<END
next       $build/ctx explain $circuit            what the circuit computes, in which order, at what cost
           $program --help                   the program's own options
           $build/ctx check examples/06-mask-equals-memory.ctx    two circuits, one transformer
           less examples/01-microcolumn.ctx compiler/LANGUAGE.md
END
