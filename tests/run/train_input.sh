#!/bin/sh
# What ctx train refuses: exit status 2, a message that names the matter, no file written. $1: build folder, $2: scratch folder.
set -u
build=$1
work=$2
data=examples/data
mkdir -p "$work"
failed=0
cat > "$work/linear.ctx" << 'CTX'
use std.neurons;
axis feature = 10;
stimulus x[feature];
stimulus target;
weight bias_y ~ 0;
population y : relay;
x -> y : dense weights[feature] ~ 0 bias bias_y;
spec half_square(y, t) -> e {
  e = 0.5 * (y - t) ^ 2;
}
output prediction = y;
output pair[feature] = x;
output E = half_square(y, target);
output silent = 2 * half_square(target, 1);
CTX
cat > "$work/online.ctx" <<'CTX'
use std.neurons;
use std.plasticity;
axis token <= 500;
axis feature = 10;
axis unit = 1;
stimulus x[token, feature];
cycle now over token;
population input[feature] : relay <- x[token as now];
population p[unit] : relay;
input -> p : dense W[unit, feature];
output y = p;
rule dW on W = oja(input, p, W);
learn W online over now by rule dW rate 1;
CTX
"$build/ctx" train "$work/online.ctx" --x "$data/diabetes-x.npy" > "$work/out" 2>&1
[ $? -eq 2 ] && grep -q "'W' learns online, while the circuit runs: that is ctx run" "$work/out" || { cat "$work/out"; failed=$((failed + 1)); }
expect() { # name, what the message holds, arguments
    name=$1
    pattern=$2
    shift 2
    rm -f "$work/w.safetensors" "$work/log.csv"
    timeout 60 "$build/ctx" train "$work/linear.ctx" --save "$work/w.safetensors" --quiet "$@" > "$work/out" 2> "$work/err"
    status=$?
    if [ $status -ne 2 ]; then
        echo "$name: exit status $status, expected 2"
    elif ! grep -q -e "$pattern" "$work/err"; then
        echo "$name: the message does not hold \"$pattern\""
    elif [ -s "$work/out" ] || [ -e "$work/w.safetensors" ]; then
        echo "$name: left some output"
    else
        return
    fi
    failed=$((failed + 1))
    head -c 1000 "$work/err"
}
cp examples/01-microcolumn.ctx "$work/other"
x="--x $data/diabetes-x.npy"
both="$x --target $data/diabetes-y.npy --loss E"
# shellcheck disable=SC2086
{
    expect "nothing learns" "no learn statement" $x
    expect "no such loss" "did you mean 'silent'" $both --loss silen
    expect "a loss with axes" "no loss, and no output without axes, 'pair'" $both --loss pair
    expect "a loss of no weight" "no weight learns" $both --loss silent
    expect "no target" "stimulus target is missing" $x --loss E
    expect "targets of the wrong shape" "expected are items, each of 0 dimensions" $x --target $data/diabetes-x.npy --loss E
    expect "stimulus of the wrong size" "axis feature is 10, not 442" --x $data/diabetes-y.npy --target $data/diabetes-y.npy --loss E
    expect "another number of items" "holds 1797 items" $x --target $data/digits-labels.npy --loss E
    expect "items that are not there" "asks for items 440 to 449" $x --target "$data/diabetes-y.npy[440:450]" --loss E
    expect "unknown stimulus" "did you mean '--target'" $both --targe $data/diabetes-y.npy
    expect "a stimulus twice" "given twice" $both --x $data/diabetes-x.npy
    expect "a stimulus by --in, twice" "given twice" $both --in "x=$data/diabetes-x.npy"
    expect "--in of what is not there" "unknown option '--in z=" $both --in "z=$data/diabetes-x.npy"
    expect "--in without a file" "NAME=FILE" $both --in x
    expect "unknown weight" "did you mean 'weights'" $both --freeze weight
    expect "all weights frozen" "no weight learns" $both --freeze weights --freeze bias_y
    expect "unknown optimiser" "did you mean 'adam'" $both --optimiser adamm
    expect "unknown schedule" "constant, cosine or step" $both --schedule linear
    expect "no stage of a step" "expects opt or schedule" $both --emit llvm
    expect "no rate" "number of at least 0" $both --rate fast
    expect "no epochs" "at least 1" $both --epochs 0
    expect "too many epochs" "at most 1000000000" $both --epochs 9223372036854775807 --time
    expect "too many threads" "at most 1024" $both --threads 100000
    expect "every so many that no number holds it" "number of epochs" $both --every 99999999999999999999
    expect "an option that nothing heeds" "--momentum would change nothing" $both --momentum 0.5
    expect "items as they are not written" "FILE\[FIRST:END\]" $x --loss E --target "$data/diabetes-y.npy[:9]"
    expect "every what" "200steps" $both --every 3days
    expect "validation incomplete" "validation data of stimulus target are missing" $both --valid "x=$data/diabetes-x.npy"
    expect "patience without validation" "needs validation data" $both --patience 3
    expect "a rate that diverges" "is not finite" $both --optimiser sgd --rate 100 --epochs 50
    expect "no checkpoint" "not a checkpoint of ctx train" $both --resume $data/diabetes-y.npy
    expect "something else in the checkpoint's place" "not replaced" $both --checkpoint "$work/other"
}
[ -s "$work/linear.ctx" ] || { echo "the circuit is gone"; failed=$((failed + 1)); }

# What would be lost is refused before anything is learned: one epoch of many would take longer than there is time.
cp "$data/diabetes-x.npy" "$work/x.npy"
# shellcheck disable=SC2086
{
    long="--x $work/x.npy --target $data/diabetes-y.npy --loss E --epochs 1000000000"
    expect "the log in a stimulus' place" "--log would replace what x is read from" $long --log "$work/x.npy"
    expect "the log in the circuit's place" "--plot would replace what the circuit is read from" $long --plot "$work/../${work##*/}/linear.ctx"
    expect "weights in the log's place" "--save and --log would both" $long --log "$work/w.safetensors"
    expect "no such folder" "cannot be written" $long --log "$work/none/log.csv"
    expect "a name that is too long" "too long" $long --best "$work/$(printf '%0300d' 0)" --valid "x=$work/x.npy" --valid "target=$data/diabetes-y.npy"
}
cmp -s "$data/diabetes-x.npy" "$work/x.npy" || { echo "the stimulus is gone"; failed=$((failed + 1)); }
"$build/ctx" train "$work/linear.ctx" $both --quiet --epochs 1 --save "$work/again.safetensors" > /dev/null &&
    "$build/ctx" train "$work/linear.ctx" $both --quiet --epochs 1 --weights "$work/again.safetensors" --save "$work/again.safetensors" > /dev/null ||
    { echo "weights do not learn on in their place"; failed=$((failed + 1)); }

# A loss that counts has slope 0 everywhere.
cat > "$work/counts.ctx" << 'CTX'
use std.neurons;
axis feature = 10;
stimulus x[feature], target;
population y : relay;
x -> y : dense w[feature];
output o = y;
loss Z = sum(feature) select(w[feature] * x[feature] < target, 1, 0);
learn w by gradient(Z) with adam(0.01);
CTX
"$build/ctx" train "$work/counts.ctx" --x $data/diabetes-x.npy --target $data/diabetes-y.npy > "$work/out" 2> "$work/err"
[ $? -eq 2 ] && grep -q "the gradient of 'Z' by it is 0 everywhere" "$work/err" || { echo "a loss without slope: $(cat "$work/err")"; failed=$((failed + 1)); }

# Labels that are no class are said, and none where all are.
"$build/ctx" train examples/21-online.ctx --set class=8 --image "$data/digits-images.npy[0:40]" --label "$data/digits-labels.npy[0:40]" --epochs 1 \
    > "$work/out" 2> "$work/err" || { echo "labels of other classes: $(cat "$work/err")"; failed=$((failed + 1)); }
grep -q "labels.npy\[0:40\], 10 of 40 labels are none of 0 to 7, which 'label' is compared with; the first, of item 8, is 8" "$work/err" ||
    { echo "nothing said of labels that are no class: $(cat "$work/err")"; failed=$((failed + 1)); }
"$build/ctx" train examples/21-online.ctx --image "$data/digits-images.npy[0:40]" --label "$data/digits-labels.npy[0:40]" --epochs 1 2>&1 | grep "are none of" &&
    { echo "said of labels that are classes"; failed=$((failed + 1)); }

# Data that no memory holds are a failure of the machine: a header of 40 TB, and a file as long, of which nothing is on the disk. Some
# rows of it are read alone.
header=$(printf '%-117s' "{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000, 10), }")
{ printf '\223NUMPY\001\000\166\000%s\n' "$header"; } > "$work/huge.npy"
if truncate -s 40000000000128 "$work/huge.npy" 2> /dev/null; then
    "$build/ctx" train "$work/linear.ctx" --loss E --x "$work/huge.npy" --target $data/diabetes-y.npy --quiet > "$work/out" 2> "$work/err"
    status=$?
    [ $status -eq 3 ] && grep -q "no memory" "$work/err" || { echo "40 TB of data: exit status $status, $(cat "$work/err")"; failed=$((failed + 1)); }
    "$build/ctx" train "$work/linear.ctx" --loss E --x "$work/huge.npy[999999999558:1000000000000]" --target $data/diabetes-y.npy --epochs 1 --quiet \
        > "$work/out" 2> "$work/err" || { echo "the last rows of 40 TB of data: $(cat "$work/err")"; failed=$((failed + 1)); }
    rm -f "$work/huge.npy"
fi

# Rules say what is added: an option of gradients is not passed over.
sed 's/^output E.*//; s/^output silent.*//' "$work/linear.ctx" > "$work/rule.ctx"
printf 'loss E = half_square(y, target);\nrule r on bias_y = target - y;\nlearn bias_y by rule r rate 0.1;\n' >> "$work/rule.ctx"
for option in "--optimiser adam" "--decay 0.1" "--clip 1"; do
    # shellcheck disable=SC2086
    "$build/ctx" train "$work/rule.ctx" $x --target $data/diabetes-y.npy --quiet $option > /dev/null 2> "$work/err"
    [ $? -eq 2 ] && grep -q "would change nothing: all weights learn by rules" "$work/err" || { echo "$option of rules: $(cat "$work/err")"; failed=$((failed + 1)); }
done

# A divergence keeps the last good checkpoint, which says where it was.
train() { "$build/ctx" train "$work/linear.ctx" $both --quiet "$@"; }
# shellcheck disable=SC2086
train --optimiser sgd --rate 100 --epochs 50 --checkpoint "$work/kept" --every 2steps > "$work/out" 2> "$work/err"
grep -q "kept holds the state after step" "$work/err" || { echo "divergence: nothing said of the checkpoint"; failed=$((failed + 1)); }
step=$(sed -n 's/.*after step \([0-9]*\).*/\1/p' "$work/err")
[ "${step:-0}" -ge 2 ] || { echo "divergence: checkpoint of step '$step'"; failed=$((failed + 1)); }

# Checkpoints cut, changed, or of another run.
# shellcheck disable=SC2086
train --epochs 2 --checkpoint "$work/state" > /dev/null || { echo "the run itself failed"; failed=$((failed + 1)); }
size=$(wc -c < "$work/state")
for length in 0 7 20 100 $((size - 1)); do
    head -c "$length" "$work/state" > "$work/cut"
    # shellcheck disable=SC2086
    expect "a checkpoint of $length bytes" "truncated\|not a checkpoint" $both --resume "$work/cut"
done
for place in 30 $((size / 2)) $((size - 3)); do
    { head -c "$place" "$work/state"; printf '\377'; tail -c +$((place + 2)) "$work/state"; } > "$work/cut"
    # shellcheck disable=SC2086
    cmp -s "$work/cut" "$work/state" || expect "a checkpoint changed at $place" "damaged" $both --resume "$work/cut"
done
# shellcheck disable=SC2086
{
    expect "another seed" "its seed was another" $both --resume "$work/state" --seed 2
    expect "other data" "the training data are not" $x --loss E --target "$data/digits-labels.npy[0:442]" --resume "$work/state"
    expect "another batch" "batches had another size" $both --resume "$work/state" --batch 31
    expect "another optimiser" "other rules or optimisers" $both --resume "$work/state" --optimiser sgd
    expect "other weights learn" "have changed" $both --resume "$work/state" --freeze bias_y
}

# A validation loss that is no number: there would be no best weights. The targets are 151 and 75.
sed 's/(y - t)/(y - log(t - 100))/' "$work/linear.ctx" > "$work/log.ctx"
"$build/ctx" train "$work/log.ctx" --loss E --x "$data/diabetes-x.npy[0:1]" --target "$data/diabetes-y.npy[0:1]" --valid "x=$data/diabetes-x.npy[1:2]" \
    --valid "target=$data/diabetes-y.npy[1:2]" --best "$work/w.safetensors" --quiet > "$work/out" 2> "$work/err"
[ $? -eq 2 ] && grep -q "the validation loss is not finite" "$work/err" && [ ! -s "$work/out" ] && [ ! -e "$work/w.safetensors" ] ||
    { echo "a validation loss that is no number: $(cat "$work/err")"; failed=$((failed + 1)); }

# A stimulus that is called like an option.
sed 's/target/seed/g' "$work/linear.ctx" > "$work/seed.ctx"
# shellcheck disable=SC2086
"$build/ctx" train "$work/seed.ctx" $x --loss E --in seed=$data/diabetes-y.npy --seed 1 --quiet > "$work/seeded"
"$build/ctx" train "$work/linear.ctx" $both --quiet | cmp - "$work/seeded" || { echo "--in seed=FILE: another result"; failed=$((failed + 1)); }

# Names: of numbers that are reported beside the run's own, and of weights of a repeat as the language and as files have them.
cat > "$work/names.ctx" << 'CTX'
use std.neurons;
axis feature = 10;
axis from_feature = feature;
stimulus x[feature];
repeat i in 0..2 with h = x {
  area A {
    population p[feature] : relay;
    h[feature as from_feature] -> p : dense W[feature, from_feature];
  }
  next h = A.p;
}
output y = h;
loss E = sum(feature) h[feature] ^ 2;
output step = 2 * E;
output endless = 1 / (E - E);
CTX
names() { "$build/ctx" train "$work/names.ctx" --loss E --epochs 2 --x "$data/diabetes-x.npy[0:40]" --quiet "$@"; }
names --valid "x=$data/diabetes-x.npy[40:50]" --json --log "$work/names.csv" --plot "$work/names.svg" > "$work/out" 2>&1
grep -q '"step": 4,' "$work/out" && grep -q '"valid.step": 0' "$work/out" && grep -q '"endless": null' "$work/out" &&
    grep -q 'valid.step' "$work/names.svg" && ! grep -q 'nan\|inf' "$work/names.svg" && [ "$(head -n 1 "$work/names.csv")" = epoch,step,rate,loss,valid_loss,valid.step,endless ] || { echo "names: $(cat "$work/out")"; failed=$((failed + 1)); }
names --freeze A.1 > "$work/by_file" && names --freeze 'A[1]' > "$work/by_language" && cmp "$work/by_file" "$work/by_language" ||
    { echo "A[1] is not frozen"; failed=$((failed + 1)); }
[ "$failed" -eq 0 ]
