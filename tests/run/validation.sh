#!/bin/sh
# Results by others: every row of tests/validation/table.txt; and the suite can fail. $1: build folder, $2: scratch folder.
set -u
build=$1
scratch=$2
mkdir -p "$scratch"
sh tests/validation/validation.sh "$build" "$scratch" > "$scratch/table" || {
    cat "$scratch/table"
    exit 1
}
rows=$(grep -v '^#' tests/validation/table.txt | grep -c '|')
grep -q "^$rows rows, 0 outside" "$scratch/table" || { tail -1 "$scratch/table"; exit 1; }

# A wrong number, a measure that fails and one that is no number are all outside.
cat > "$scratch/wrong" <<'ROWS'
wrong number | none | 2 | 0.1 | order euler
no such file | none | 0 | 1 | settles tests/validation/none.ctx 1ms 0.1ms y
not a number | none | 0 | 1 | contrasts
too much | none | 0.8 | <15% | order euler
less is right | none | 1.6 | <15% | order euler
ROWS
sh tests/validation/validation.sh "$build" "$scratch" "$scratch/wrong" > "$scratch/table" && { echo "wrong rows pass"; exit 1; }
grep -q "^5 rows, 4 outside" "$scratch/table" || { cat "$scratch/table"; exit 1; }
