#!/bin/sh
# Every wrong variant of an example (variants.txt) is refused by ctx check: exit 1, and the first population that differs is named.
# $1: build folder, $2: scratch folder.
set -u
build=$1
scratch=$2
mkdir -p "$scratch"
failed=0
count=0
grep -v '^#' tests/numeric/variants.txt > "$scratch/table"
while IFS='|' read -r example what first script; do
    example=$(echo "$example" | tr -d ' ')
    what=$(echo "$what" | sed 's/^ //; s/ $//')
    first=$(echo "$first" | tr -d ' ')
    file=$scratch/$example.ctx
    count=$((count + 1))
    sed -e "$script" "examples/$example.ctx" > "$file"
    if cmp -s "$file" "examples/$example.ctx"; then
        echo "$example, $what: the script changes nothing"
        failed=$((failed + 1))
        continue
    fi
    timeout 180 "$build/ctx" check "$file" > "$scratch/report" 2>&1
    status=$?
    if [ $status -ne 1 ] || ! grep -F "first differ" "$scratch/report" | tr ' ' '\n' | grep -qxF "$first"; then
        echo "$example, $what: exit status $status, expected 1 and that $first is named first"
        tail -12 "$scratch/report"
        failed=$((failed + 1))
    fi
done < "$scratch/table"
[ "$count" -ge 40 ] || { echo "only $count variants"; exit 1; }
echo "$count variants, $failed not as expected"
[ "$failed" -eq 0 ]
