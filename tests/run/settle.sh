#!/bin/sh
# `ctx settle` of every example: a table whose every row ends at the settled value. CTX_LONG=1: the large ones too.
# $1: build folder, $2: scratch folder.
set -u
build=$1
scratch=$2
mkdir -p "$scratch"
failed=0
count=0
# settles FILE OPTIONS...
settles() {
    file=$1
    shift
    count=$((count + 1))
    "$build/ctx" settle "$file" --json "$@" > "$scratch/table" 2> "$scratch/log" || { cat "$scratch/log"; failed=$((failed + 1)); return; }
    if ! awk '/"off":/ { rows++; if (!($2 + 0 < 1e-3)) bad++ } /"within": null/ { bad++ } END { exit bad || !rows }' "$scratch/table"; then
        echo "$file: ctx settle $* ends apart from the settled values"
        failed=$((failed + 1))
    fi
}
for file in examples/*.ctx; do
    case $file in
    */03-* | */12-*) [ -z "${CTX_LONG-}" ] || settles "$file" --cycle 400ms --dt 1ms ;;
    */11-*) [ -z "${CTX_LONG-}" ] || settles "$file" --cycle 1600ms --dt 1ms --weights examples/data/minilm-layer0.safetensors ;;
    */16-*) settles "$file" --cycle 400ms --dt 0.1ms ;; # steps of a cell that looks ahead are limited by its time constant
    *) settles "$file" --cycle 400ms --dt 1ms ;;
    esac
done
echo "$count examples, $failed not settled"

# A loop that grows has no settled value, and one whose weights are small has: the weights of a check in time are the circuit's own,
# drawn by their initialisers or from a file. What is not known is not said to hold.
cat > "$scratch/loop.ctx" <<'X2'
use std.neurons;
axis e = 20;
axis pre = e;
stimulus drive[e];
population exc[e] : threshold_linear iterate 1000 until 1e-9;
drive -> exc;
exc[e as pre] -> exc : dense W[e, pre] ~ uniform(0, 0.04);
output r = exc;
check settle(r, 300 ms) == r within 1e-6;
X2
sed 's/uniform(0, 0.04)/normal(0.2, 0.4)/' "$scratch/loop.ctx" > "$scratch/grows.ctx"
sed 's/threshold_linear/relay(phi = tanh)/; s/uniform(0, 0.04)/normal(0, 0.7)/' "$scratch/loop.ctx" > "$scratch/wanders.ctx"
# said STATUS PATTERN COMMAND...
said() {
    status=$1
    pattern=$2
    shift 2
    "$@" > "$scratch/log" 2>&1
    if [ $? -ne "$status" ] || ! grep -q "$pattern" "$scratch/log"; then
        echo "$*: expected status $status and '$pattern':"
        cat "$scratch/log"
        failed=$((failed + 1))
    fi
}
said 0 "holds .*settle(r, 300 ms)" "$build/ctx" check "$scratch/loop.ctx"
said 1 "on inputs 'own weights' no value could be judged" "$build/ctx" check "$scratch/grows.ctx"
said 1 "on inputs 'own weights' [0-9]* values are apart by up to [0-9.]*, more than" "$build/ctx" check "$scratch/wanders.ctx"
said 2 "'exc' has no finite settled value" "$build/ctx" settle "$scratch/grows.ctx"
cat > "$scratch/weights.ctx" <<'X2'
use std.neurons;
axis e = 20;
axis pre = e;
stimulus drive[e];
population p[e] : relay;
drive[e as pre] -> p : dense W[e, pre] ~ normal(0.2, 0.4);
axis item = 2;
output d[item, e] = drive[e] * (item >= 0);
output size = sum(e, pre) W[e, pre] ^ 2;
rule stay on W = 0 * W[e, pre];
learn W by rule stay rate 1;
X2
"$build/ctx" run "$scratch/weights.ctx" --drive random --out d="$scratch/d.npy" --quiet > "$scratch/log" || failed=$((failed + 1))
"$build/ctx" train "$scratch/weights.ctx" --drive "$scratch/d.npy" --epochs 1 --save "$scratch/large.safetensors" --quiet > "$scratch/log" || failed=$((failed + 1))
said 1 "on inputs 'own weights' no value could be judged" "$build/ctx" check "$scratch/loop.ctx" --weights "$scratch/large.safetensors"
[ "$count" -ge 12 ] && [ "$failed" -eq 0 ]
