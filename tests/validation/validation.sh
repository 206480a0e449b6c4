#!/bin/sh
# `make validation`: every row of table.txt, expected beside found; fails if one is outside of its tolerance. $1: build folder,
# $2: scratch folder, $3: another table.
set -u
build=$1
scratch=$2
here=tests/validation
table=${3:-$here/table.txt}
mkdir -p "$scratch"
[ "$build/numbers" -nt tests/tools/numbers.c ] && [ "$build/numbers" -nt tests/tools/npy.h ] || gcc -std=gnu11 -O2 -Wall -Wextra tests/tools/numbers.c -o "$build/numbers" -lm || exit 1

grep -v '^#' "$table" | grep '|' > "$scratch/rows"
failed=0
count=0
printf '%-26s %12s %12s %10s\n' "" expected found tolerance
while IFS='|' read -r name source expected tolerance measure; do
    name=$(echo "$name" | sed 's/ *$//')
    # shellcheck disable=SC2086 # a list of words
    found=$(sh $here/measure.sh "$build" "$scratch" $measure < /dev/null 2> "$scratch/messages") || { cat "$scratch/messages"; found=failed; }
    if echo "$found $expected $tolerance" | awk '{
        d = $1 - $2; t = $3; less = sub(/^</, "", t); if (sub(/%$/, "", t)) t *= $2 / 100
        exit !($1 ~ /^[-+.0-9e]+$/ && d <= t && (less || d >= -t)) }'; then verdict=; else
        verdict="  OUTSIDE"
        failed=$((failed + 1))
    fi
    count=$((count + 1))
    [ ${#found} -le 12 ] || found=$(printf '%.6g' "$found")
    printf '%-26s %12s %12s %10s  %s%s\n' "$name" $expected "$found" $tolerance "$(echo "$source" | sed 's/^ *//; s/ *$//')" "$verdict"
done < "$scratch/rows"
echo "$count rows, $failed outside of their tolerance"
[ "$failed" -eq 0 ] && [ "$count" -gt 0 ]
