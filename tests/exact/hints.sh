#!/bin/sh
# Differences in words. Each change of an example in hints.txt is refused, exit status 1, and the hint that names it is printed and
# stands in the report for programs; no hint uses a name that the compiler made. A constant factor, a permutation of heads and a
# folded weight are named, and count as equal only where the check says so. $1: build folder, $2: scratch folder.
set -u
build=$1
scratch=$2
bad=0
count=0
mkdir -p "$scratch"
cc -O1 -Wall tests/tools/schema.c -o "$scratch/schema" -ljansson || exit 1

wrong() {
    echo "$1"
    grep -F "hint" "$scratch/said"
    bad=1
}
expect() { # exit status, what must be said, file
    timeout 180 "$build/ctx" check --exact "$3" > "$scratch/said" 2>&1
    status=$?
    [ $status -eq "$1" ] || wrong "$3: exit status $status, expected $1"
    grep -qF -e "$2" "$scratch/said" || wrong "$3: not said: $2"
    grep "hint:" "$scratch/said" | grep -q "check\.[0-9a-z]*\.\|repair\." && wrong "$3: a name that the compiler made"
}

grep -v '^#' tests/exact/hints.txt > "$scratch/table"
while IFS='|' read -r example hint script; do
    example=$(echo "$example" | tr -d ' ')
    hint=$(echo "$hint" | sed 's/^ //; s/ $//')
    file=$scratch/$example.ctx
    count=$((count + 1))
    sed -e "$script" "examples/$example.ctx" > "$file"
    cmp -s "$file" "examples/$example.ctx" && wrong "$example: the script changes nothing"
    expect 1 "$hint" "$file"
done < "$scratch/table"
[ "$count" -ge 25 ] || { echo "only $count differences"; bad=1; }

# the report for programs: the hint and its place
sed '/^matrix -> higher/d' examples/03-multihead.ctx > "$scratch/residual.ctx"
"$build/ctx" check --exact --json "$scratch/residual.ctx" > "$scratch/said"
"$scratch/schema" compiler/report/report.schema.json < "$scratch/said" || wrong "the report does not fit its schema"
grep -q '"hints":\[{"text":"the residual x\[token, d\] is missing[^"]*","place":"line [0-9]*"}\]' "$scratch/said" || wrong "no hint in --json"

# mask circuit and memory circuit are equal; what holds gets no hint
expect 0 "same (line 26): equal" examples/06-mask-equals-memory.ctx
grep -q "hint" "$scratch/said" && wrong "a hint where nothing differs"

# equal up to a factor, and a check that allows it
sed 's/mask -> value.apical;/mask -> value.apical : -0.75;/; s/^check y\[c\] == \(.*\);/check y[c] == gain * \1 for some gain;/' \
    examples/01-microcolumn.ctx > "$scratch/factor.ctx"
expect 0 "equal as real functions with gain = -3/4" "$scratch/factor.ctx"
sed 's/mask -> value.apical : -0.75;/mask -> value.apical where a < 3;/' "$scratch/factor.ctx" > "$scratch/varies.ctx"
expect 1 "by no constant fraction" "$scratch/varies.ctx"

# equal up to a permutation: two areas wired to each other's part of the output weight
cat > "$scratch/heads.ctx" <<'CTX'
use std.neurons;
use std.specs;
axis token <= 64;
axis head = 3;
axis d = 8;
axis a = 4;
axis c = 4;
stimulus x[token, d];
cycle now over token;
weight W_O[d, head, c];
thalamus {
  nucleus core[token, d] : relay <- x;
  nucleus matrix[d] : relay <- x[token as now];
  nucleus higher[d] : relay;
}
area V[head] {
  column[token] {
    population mask[a] : pyramidal;
    population value[c] : pyramidal;
    core -> mask.apical : dense W_K[head, a, d];
    matrix -> mask.basal : dense W_Q[head, a, d];
    core -> value.basal : dense W_V[head, c, d];
    mask -> value.apical;
  }
}
V.value[head = 0] -> higher : W_O[d, head = 1, c];
V.value[head = 1] -> higher : W_O[d, head = 2, c];
V.value[head = 2] -> higher : W_O[d, head = 0, c];
matrix -> higher;
output y = higher;
check y == x + multihead_linear_attention(x, W_Q, W_K, W_V, W_O);
CTX
expect 1 "equal up to a permutation of head in W_O[d, head, c] on the left side: 0, 1, 2 -> 2, 0, 1" "$scratch/heads.ctx"
cat > "$scratch/features.ctx" <<'CTX'
axis d = 3;
axis e = 4;
stimulus x[e];
weight W[d, e];
output y[d] = select(d == 0, sum(e) W[1, e] * x[e], select(d == 1, sum(e) W[0, e] * x[e], sum(e) W[2, e] * x[e]));
check y[d] == sum(e) W[d, e] * x[e];
CTX
expect 1 "equal up to a permutation of d on the left side: 0, 1, 2 -> 1, 0, 2" "$scratch/features.ctx"
echo "$count differences in words"
exit $bad
