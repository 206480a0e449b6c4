#!/bin/sh
# Every template and spec of the standard library is checked against its formula. $1: build folder, $2: scratch folder.
set -u
build=$1
scratch=$2
mkdir -p "$scratch"
failed=0
for file in tests/numeric/library/*.ctx; do
    if ! "$build/ctx" check "$file" > "$scratch/report" 2>&1; then
        failed=$((failed + 1))
        echo "$file"
        tail -30 "$scratch/report"
    fi
done
[ "$failed" -eq 0 ]
