#!/bin/sh
# Sparse projections as they are drawn: each target has its in-degree, another seed another pattern, a pattern from a file is taken.
# $1: build folder, $2: scratch folder.
set -u
build=$1
scratch=$2
mkdir -p "$scratch"
bad=0
complain() {
    echo "$1"
    bad=1
}
cat > "$scratch/degree.ctx" << 'END'
neuron tonic {
  rate r = 1;
}
neuron sums {
  compartment input;
  rate r = input;
}
axis target = 7;
axis pre = 50;
population source[pre] : tonic;
population few[target], other[target] : sums;
population marked[target, pre] : sums;
const mark[pre] = 2 ^ (pre / 4);
source -> few sparse(in = 9);
source -> other : mark sparse(in = 9, seed = 3);
source -> marked sparse(p = 0.5);
output few = few;
output other = other;
output count[target] = sum(pre) marked[target, pre];
END
run() { "$build/ctx" run "$scratch/degree.ctx" "$@" 2>&1; }
run > "$scratch/one"
grep -A 1 '^few' "$scratch/one" | grep -q '^ *9 9 9 9 9 9 9$' || complain "not 9 sources for each target: $(cat "$scratch/one")"
run > "$scratch/again"
cmp -s "$scratch/one" "$scratch/again" || complain "two runs with one seed differ"
run --seed 5 > "$scratch/two"
grep -A 1 '^few' "$scratch/two" | grep -q '^ *9 9 9 9 9 9 9$' || complain "not 9 sources with another seed: $(cat "$scratch/two")"
[ "$(grep -A 1 '^other' "$scratch/one")" != "$(grep -A 1 '^other' "$scratch/two")" ] || complain "another seed, the same pattern"
sed 's/seed = 3/seed = 4/' "$scratch/degree.ctx" > "$scratch/fourth.ctx"
"$build/ctx" run "$scratch/fourth.ctx" > "$scratch/three" 2>&1
[ "$(grep -A 1 '^other' "$scratch/one")" != "$(grep -A 1 '^other' "$scratch/three")" ] || complain "seed = 4 draws what seed = 3 does"
[ "$(grep -A 1 '^count' "$scratch/one")" = "$(grep -A 1 '^count' "$scratch/three")" ] || complain "a projection's seed changes another one"
exit $bad
