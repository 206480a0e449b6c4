#!/bin/sh
# Random programs, rewritten by identities and by edits, and 200 of them before an independent judge. $1: build folder, $2: scratch
# folder. CTX_LONG=1: 10,000 pairs instead of 500.
set -u
build=$1
scratch=$2
mkdir -p "$scratch/pairs" "$scratch/swapped"
pairs=500
[ -z "${CTX_LONG:-}" ] || pairs=10000
"$build/pairs" "$pairs" "$scratch/pairs" || exit 1

command -v python3 > /dev/null || { echo "skipped: the independent judge of random pairs (no python3)"; exit 0; }
python3 tests/exact/judge.py "$scratch/pairs" 200 || exit 1

# The judge can object: an equal pair that is called unequal.
for file in "$scratch"/pairs/*.equal; do cp "$file" "$scratch/swapped/$(basename "$file" .equal).unequal"; done
python3 tests/exact/judge.py "$scratch/swapped" 20 > "$scratch/out" && { echo "the judge agrees with anything"; exit 1; }
grep -q "exact arithmetic says equal" "$scratch/out"
