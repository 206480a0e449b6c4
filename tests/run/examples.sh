#!/bin/sh
# Every example holds its own checks. $1: build folder, $2: scratch folder.
set -u
build=$1
scratch=$2
mkdir -p "$scratch"
failed=0
count=0
for file in examples/*.ctx; do
    count=$((count + 1))
    "$build/ctx" check "$file" > "$scratch/report" 2>&1
    status=$?
    if [ "$status" -ne 0 ]; then
        failed=$((failed + 1))
        echo "$file: ctx check ended with $status"
        tail -30 "$scratch/report"
    fi
done
[ "$count" -ge 12 ] || { echo "only $count examples found"; exit 1; }
[ "$failed" -eq 0 ]
