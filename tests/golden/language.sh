#!/bin/sh
# Every block of LANGUAGE.md and README.md that is marked ```ctx is a whole program: it must compile, and what it checks must hold.
# $1: build folder, $2: scratch folder.
set -u
build=$1
scratch=$2
mkdir -p "$scratch"
failed=0
count=0
for page in README.md compiler/LANGUAGE.md; do
    stem=$(basename "$page" .md)
    rm -f "$scratch/$stem"-*.ctx
    awk -v stem="$scratch/$stem" '
        /^```ctx$/ { inside = 1; n++; file = sprintf("%s-%02d.ctx", stem, n); printf "# %s, line %d\n", FILENAME, NR > file; next }
        /^```/ { if (inside) close(file); inside = 0 }
        inside { print > file }' "$page"
    for file in "$scratch/$stem"-*.ctx; do
        [ -f "$file" ] || continue
        count=$((count + 1))
        if ! "$build/ctx" check "$file" > "$scratch/message" 2>&1; then
            failed=$((failed + 1))
            echo "$page: $(head -1 "$file")"
            cat "$scratch/message"
        fi
    done
done
[ "$count" -ge 18 ] || { echo "only $count blocks found"; exit 1; }
echo "$count blocks, $failed failed"
[ "$failed" -eq 0 ]
