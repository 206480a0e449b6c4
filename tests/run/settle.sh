#!/bin/sh
# `ctx settle` of every example: a table whose every row ends at the settled value. CTX_LONG=1: the large ones too.
# $1: build folder, $2: scratch folder.
set -u
build=$1
scratch=$2
mkdir -p "$scratch"
failed=0
count=0
# settles FILE OPTIONS...
settles() {
    file=$1
    shift
    count=$((count + 1))
    "$build/ctx" settle "$file" --json "$@" > "$scratch/table" 2> "$scratch/log" || { cat "$scratch/log"; failed=$((failed + 1)); return; }
    if ! awk '/"off":/ { rows++; if (!($2 + 0 < 1e-3)) bad++ } /"within": null/ { bad++ } END { exit bad || !rows }' "$scratch/table"; then
        echo "$file: ctx settle $* ends apart from the settled values"
        failed=$((failed + 1))
    fi
}
for file in examples/*.ctx; do
    case $file in
    */03-* | */12-*) [ -z "${CTX_LONG-}" ] || settles "$file" --cycle 400ms --dt 1ms ;;
    */11-*) [ -z "${CTX_LONG-}" ] || settles "$file" --cycle 1600ms --dt 1ms --weights examples/data/minilm-layer0.safetensors ;;
    */16-*) settles "$file" --cycle 400ms --dt 0.1ms ;; # steps of a cell that looks ahead are limited by its time constant
    *) settles "$file" --cycle 400ms --dt 1ms ;;
    esac
done
echo "$count examples, $failed not settled"
[ "$count" -ge 12 ] && [ "$failed" -eq 0 ]
