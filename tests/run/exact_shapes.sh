#!/bin/sh
# The exact verdict on the online softmax, one layer and two, covers every length that is tried, and without the rescale, or with
# that of another sum, it is refused. $1: build folder, $2: scratch folder.
set -u
build=$1
scratch=$2
source=tests/numeric/library/online_softmax.ctx
bad=0
"$build/ctx" check --exact --json $source > "$scratch/report.json" || { echo "$source does not hold"; bad=1; }
covered=$(grep -o '"lengths":"token 1, 2, 3, 5, 8, 17 (declared: up to 32)"' "$scratch/report.json" | wc -l)
[ "$covered" -eq 2 ] || { echo "$source: $covered of 2 checks cover all lengths"; bad=1; }

refused() { # what is wrong, then the sed script that makes it so
    sed "$2" $source > "$scratch/broken.ctx"
    cmp -s $source "$scratch/broken.ctx" && { echo "$1: nothing was changed"; bad=1; }
    "$build/ctx" check --exact "$scratch/broken.ctx" > "$scratch/broken.out"
    [ $? -eq 1 ] || { echo "$1: accepted"; cat "$scratch/broken.out"; bad=1; }
    grep -q '): equal ' "$scratch/broken.out" && { echo "$1: a check is called equal"; cat "$scratch/broken.out"; bad=1; }
}
refused "without the rescale of l" 's/previous(l\[j, i\]) \* exp(previous(m\[j, i\]) - m\[j, i\])/previous(l[j, i])/'
refused "without the rescale of u" 's/previous(u\[j, i, c\]) \* exp(previous(m\[j, i\]) - m\[j, i\])/previous(u[j, i, c])/'
refused "the rescale upside down" 's/previous(l\[j, i\]) \* exp(previous(m\[j, i\]) - m\[j, i\])/previous(l[j, i]) * exp(m[j, i] - previous(m[j, i]))/'
refused "scores read one token late" 's/exp(s\[j, i\] - m\[j, i\]) \* v/exp(s[j, i] - previous(m[j, i])) * v/'
exit $bad
