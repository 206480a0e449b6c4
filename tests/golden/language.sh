#!/bin/sh
# Every block of LANGUAGE.md and README.md that is marked ```ctx is a whole program: it must compile, and what it checks must hold.
# One marked ```ctx dynamic has no settled reading: its steps are compiled.
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
        /^```ctx( dynamic)?$/ {
            inside = 1; n++; file = sprintf("%s-%02d%s.ctx", stem, n, $2 ? "-dynamic" : "")
            printf "# %s, line %d\n", FILENAME, NR > file; next
        }
        /^```/ { if (inside) close(file); inside = 0 }
        inside { print > file }' "$page"
    for file in "$scratch/$stem"-*.ctx; do
        [ -f "$file" ] || continue
        count=$((count + 1))
        command=check
        case $file in *-dynamic.ctx) command="build --mode dynamic --emit=asm -o $scratch/steps" ;; esac
        # shellcheck disable=SC2086 # the command is a list of words
        if ! "$build/ctx" $command "$file" > "$scratch/message" 2>&1; then
            failed=$((failed + 1))
            echo "$page: $(head -1 "$file")"
            cat "$scratch/message"
        fi
    done
done
[ "$count" -ge 18 ] || { echo "only $count blocks found"; exit 1; }
echo "$count blocks, $failed failed"
[ "$failed" -eq 0 ]
