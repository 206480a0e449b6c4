#!/bin/sh
# Every report of ctx check --json is as compiler/report/report.schema.json says: of examples, of a check that differs, of one that
# is undecided, of each engine alone. $1: build folder, $2: scratch folder.
set -u
build=$1
scratch=$2
schema=compiler/report/report.schema.json
bad=0
cc -O1 -Wall tests/tools/schema.c -o "$scratch/schema" -ljansson || exit 1

holds() { # expected exit status, then the arguments of ctx check
    expected=$1
    shift
    "$build/ctx" check --json "$@" > "$scratch/report.json"
    status=$?
    if [ $status -ne "$expected" ] || ! "$scratch/schema" $schema < "$scratch/report.json"; then
        echo "ctx check --json $*: exit status $status, expected $expected and a report that fits"
        bad=1
    fi
}
for example in 01-microcolumn 04-causal 07-cross-attention 08-softmax 09-block 10-delta-rule 15-recurrence; do
    holds 0 examples/$example.ctx
done
holds 0 --exact examples/08-softmax.ctx # its "check settles" is compared by values
holds 0 --numeric examples/08-softmax.ctx
holds 0 --exact examples/21-online.ctx # its label has cases
grep -q '"cases":"label 0 to 9, and none of these"' "$scratch/report.json" || { echo "the cases of a label are not said"; bad=1; }
cat > "$scratch/differs.ctx" <<'X'
axis t <= 16;
stimulus x[t], y[t];
output z[t] = x[t] * y[t];
check a: x[t] * y[t] == x[t] + y[t];
check b: abs(x[t]) == sqrt(x[t] * x[t]);
X
holds 1 "$scratch/differs.ctx"
holds 1 --exact "$scratch/differs.ctx"
cat > "$scratch/factor.ctx" <<'X'
axis t <= 16;
stimulus x[t], y[t];
output z[t] = x[t] * y[t];
check a: x * y / -4 == gain * y * x for some gain;
check b: gain * x == 3 * x for some gain within 1e-3;
X
holds 0 "$scratch/factor.ctx"
grep -q '"factor":"gain","exact":{"verdict":"equal",.*"factor":"-1/4".*"numeric":{"verdict":"holds","factor":-0.25' "$scratch/report.json" ||
    { echo "the factor is not -1/4"; bad=1; }
holds 0 --numeric "$scratch/factor.ctx"
grep -q '"factor":"gain","exact":null,"numeric":{"verdict":"holds","factor":-0.25' "$scratch/report.json" ||
    { echo "the factor is not estimated"; bad=1; }
cat > "$scratch/undecided.ctx" <<'X'
axis t <= 16;
stimulus x[t];
output z[t] = x[t];
check a: sin(x[t]) ^ 2 + cos(x[t]) ^ 2 == x[t] / x[t];
X
holds 1 "$scratch/undecided.ctx"

# the validator itself refuses
# What learning rules read, as locality.schema.json says.
for example in 01-microcolumn 18-plasticity 20-oja 21-online; do
    "$build/ctx" explain --locality --json examples/$example.ctx > "$scratch/locality.json" &&
        "$scratch/schema" compiler/report/locality.schema.json < "$scratch/locality.json" && continue
    echo "ctx explain --locality --json of $example does not fit"
    bad=1
done
echo '{"format":"ctx check"}' | "$scratch/schema" $schema 2> /dev/null && { echo "the validator accepts anything"; bad=1; }
sed 's/"version":1/"version":"1"/' "$scratch/report.json" | "$scratch/schema" $schema 2> /dev/null &&
    { echo "the validator does not see types"; bad=1; }
exit $bad
