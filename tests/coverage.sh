#!/bin/sh
# Lines of compiler/ and runtime/ that the tests of a coverage build ran: tests/coverage.sh build/coverage. Fails under 85 %.
set -eu
build=$1
find "$build/compiler" "$build/runtime" -name '*.gcda' | sort | while read -r data; do
    gcov -n "$data" 2>/dev/null
done | awk '
    /^File / { name = $2; gsub(/\x27/, "", name); keep = name ~ /^(compiler|runtime)\// && name ~ /\.c$/ }
    /^Lines executed:/ && keep {
        split($0, part, /[:% ]+/)
        lines = part[5]; ran = part[3] / 100 * lines
        all += lines; hit += ran
        printf "%6.1f %%  %5d lines  %s\n", part[3], lines, name
        keep = 0
    }
    END {
        percent = all ? hit / all * 100 : 0
        printf "%6.1f %%  %5d lines  in all\n", percent, all
        exit percent < 85
    }'
