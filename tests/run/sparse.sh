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

# Pairs from a list: the file beside the source, another one by --in, and what is wrong with a list.
list() { # file, shape, numbers below 128
    file=$1
    header="{'descr': '<i4', 'fortran_order': False, 'shape': ($2), }"
    shift 2
    {
        printf '\223NUMPY\001\000v\000%-117s\n' "$header"
        for number; do printf "\\$(printf '%03o' "$number")\\000\\000\\000"; done
    } > "$file"
}
cat > "$scratch/list.ctx" << 'END'
neuron tonic {
  rate r = 1;
}
neuron sums {
  compartment input;
  rate r = input;
}
axis row = 2;
axis target = 3;
axis pre = 50;
const mark[pre] = 1 + pre;
population source[pre] : tonic;
population heard[row, target] : sums;
source -> heard : mark sparse(from "pairs.npy");
output heard = heard;
END
list "$scratch/pairs.npy" '5, 2' 5 49 0 3 1 9 0 0 4 2
list "$scratch/none.npy" '0, 2'
listed() { "$build/ctx" run "$scratch/list.ctx" "$@" 2>&1; }
says() { # what is wrong, in words, with a list
    words=$1
    listed --in "heard.input.from.source=$scratch/wrong.npy" > "$scratch/said"
    status=$?
    [ "$status" = 2 ] && grep -q "$words" "$scratch/said" || complain "exit $status, expected 2 and '$words': $(cat "$scratch/said")"
}
listed | tr -s ' \n' '  ' | grep -q ' 5 10 0 0 3 50 *$' || complain "not the pairs of the list: $(listed)"
listed --in "heard.input.from.source=$scratch/none.npy" | grep -q '^ *0 0 0 0 0 0$' || complain "an empty list is not heard as none"
list "$scratch/wrong.npy" '2, 2' 0 3 6 3
says 'pair 1 of .* has target 6, expected a whole number from 0 to 5'
list "$scratch/wrong.npy" '2, 2' 0 50 5 3
says 'pair 0 of .* has source 50, expected a whole number from 0 to 49'
list "$scratch/wrong.npy" '3, 2' 1 7 0 3 1 7
says 'pairs 0 and 2 of .* are the same, target 1 and source 7'
list "$scratch/wrong.npy" '2, 3' 1 7 0 3 1 8
says 'expected a list of pairs .synapses, 2., target and source, came shape .2, 3.'
"$build/ctx" fmt --check "$scratch/list.ctx" > "$scratch/said" || complain "not in canonical form: $(cat "$scratch/said")"
mv "$scratch/pairs.npy" "$scratch/other.npy"
listed > "$scratch/said" && complain "a list that is not there goes unnoticed"
grep -q 'pairs.npy: cannot be read' "$scratch/said" || complain "which list is not there? $(cat "$scratch/said")"
listed --in "heard.input.from.source=$scratch/other.npy" > "$scratch/said" || complain "a list by --in alone: $(cat "$scratch/said")"

# Large ones are packed: memory is that of the synapses, and results are the same bits for any number of threads.
cat > "$scratch/large.ctx" << 'END'
use std.neurons;
axis unit = 6000;
axis pre = unit;
stimulus b[unit];
population r[unit] : relay(phi = tanh) <- b;
r[unit as pre] -> r : dense W[unit, pre] ~ normal(0, 0.1) sparse(in = 60);
r[unit as pre] -> r : -0.01 sparse(p = 0.01) delay 2 ms;
output r = r;
END
large() { "$build/ctx" run "$scratch/large.ctx" --mode dynamic --cycle 10ms --dt 1ms --b normal "$@" 2>&1; }
for threads in 1 2 4; do large --threads $threads --quiet --out "$scratch/$threads.npy" || complain "the large one fails"; done
cmp -s "$scratch/1.npy" "$scratch/2.npy" && cmp -s "$scratch/1.npy" "$scratch/4.npy" || complain "the number of threads changes bits"
bytes=$(large --json | awk -F'[:,]' '/"memory_bytes"/ { print $2 + 0 }')
[ "$bytes" -gt 1000000 ] && [ "$bytes" -lt 8000000 ] || complain "memory of 720,000 synapses: $bytes bytes"

sed 's/unit = 6000/unit = 900000/; s/in = 60/in = 200000/' "$scratch/large.ctx" > "$scratch/huge.ctx"
"$build/ctx" run "$scratch/huge.ctx" --mode dynamic --cycle 10ms --dt 1ms --b normal > "$scratch/said" 2>&1
[ $? = 3 ] && grep -q 'needs 14[0-9][0-9] GB of memory' "$scratch/said" || complain "188e9 synapses: $(cat "$scratch/said")"
"$build/ctx" explain "$scratch/large.ctx" --mode dynamic --cycle 10ms --dt 1ms > "$scratch/said" || complain "no explanation"
grep -q 'weights 0B, packed synapses 2.98 MB, .* plan 0B' "$scratch/said" || complain "memory explained: $(grep -A 1 '^Memory' "$scratch/said")"

# A list is read pair by pair, however large the table is: this one would have 40 GB.
cat > "$scratch/wide.ctx" << 'END'
use std.neurons;
axis target = 100000;
axis pre = 100000;
stimulus x[pre];
population heard[target] : relay;
x -> heard : dense W[target, pre] ~ 3 sparse(from "other.npy");
output heard = heard;
END
"$build/ctx" run "$scratch/wide.ctx" --x normal --json > "$scratch/said" 2>&1 || complain "a wide table fails"
bytes=$(awk -F'[:,]' '/"memory_bytes"/ { print $2 + 0 }' "$scratch/said")
[ "$bytes" -lt 2000000 ] && tr -d ' \n' < "$scratch/said" | grep -q ',0.0,0.0,[^0]' || complain "a wide table: $(cat "$scratch/said")"

# Weights from a file are packed likewise: a run with W as it was drawn is the drawn run.
cat > "$scratch/given.ctx" << 'END'
use std.neurons;
axis unit = 60;
axis pre = unit;
stimulus b[unit];
population r[unit] : relay <- b;
weight W[unit, pre] ~ normal(0, 0.1);
population shown[unit, pre] : relay;
bias W -> shown;
r[unit as pre] -> r : W sparse(in = 6) delay 1 ms;
output r = r;
output shown = shown;
END
given() { "$build/ctx" run "$scratch/given.ctx" --mode dynamic --cycle 10ms --dt 1ms --b normal --quiet "$@"; }
given --out r="$scratch/r.npy" --out shown="$scratch/W.npy" || complain "weights that are shown fail"
sed '/shown/d' "$scratch/given.ctx" > "$scratch/packed.ctx"
packed() { "$build/ctx" run "$scratch/packed.ctx" --mode dynamic --cycle 10ms --dt 1ms --b normal --quiet "$@"; }
packed --out "$scratch/drawn.npy" || complain "weights that are packed fail"
packed --W "$scratch/W.npy" --out "$scratch/file.npy" || complain "weights of a file that are packed fail"
cmp -s "$scratch/drawn.npy" "$scratch/file.npy" || complain "weights of a file are packed to others than drawn ones"
cmp -s "$scratch/drawn.npy" "$scratch/r.npy" || complain "weights that something else reads are packed to others"
exit $bad
