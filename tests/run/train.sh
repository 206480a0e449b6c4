#!/bin/sh
# ctx train: least squares found, a loss that falls, the same bits for any number of threads and after kill -9 and --resume.
# $1: build folder, $2: scratch folder. What it refuses: train_input.sh; the optimisers: tests/unit/training.c.
set -eu
build=$1
work=$2
mkdir -p "$work"
rm -f "$work/state"
data=examples/data
fail() {
    echo "$*"
    exit 1
}
cat > "$work/circuit.ctx" << 'CTX'
use std.neurons;
axis feature = 10;
stimulus x[feature];
stimulus target;
weight b ~ 0;
population scaled[feature] : relay;
population y : relay;
x -> scaled : 21;
scaled -> y : dense W[feature] ~ 0 bias b;
output prediction = y;
CTX
cat "$work/circuit.ctx" - > "$work/linear.ctx" << 'CTX'
spec half_square(y, t) -> e {
  e = 0.5 * (y - t) ^ 2;
}
output E = half_square(y, target);
CTX
# shellcheck disable=SC2086
gcc -std=gnu11 -O1 -Wall -Wextra -Iruntime -Iruntime/include ${CTX_TEST_LINK:-} tests/tools/regression.c "$build/libctxrt.a" -o "$work/regression" \
    -lopenblas -ljansson -lpthread -lm -ldl ${EXTRA:-}
linear() {
    "$build/ctx" train "$work/linear.ctx" --loss E --x $data/diabetes-x.npy --target $data/diabetes-y.npy --precision f64 --quiet "$@"
}

# A step at 4096 and at 8192 tokens, one causal softmax head: no array of tokens by tokens is kept, so twice the tokens are at most twice
# the memory.
gcc -O1 -o "$work/peak" tests/tools/peak.c
cat > "$work/draw.ctx" << 'CTX'
use std.neurons;
axis item = 1;
axis token = 1;
axis d = 64;
stimulus x[item, token, d];
population p[item, token, d] : relay <- x;
output y = p;
CTX
long() { # tokens, then what runs the training, and its further options
    tokens=$1
    shift
    [ -f "$work/$tokens.npy" ] || "$build/ctx" run "$work/draw.ctx" --set token="$tokens" --x normal --out "$work/$tokens.npy" --quiet
    "$@" --set token="$tokens" --set head=1 --set a=64 --set d=64 --loss E --batch 1 --epochs 1 --x "$work/$tokens.npy" --target "$work/$tokens.npy" --quiet
}
held=$(long 4096 "$work/peak" "$build/ctx" train tests/bench/train_causal.ctx --threads 1 | tail -n 1)
more=$(long 8192 "$work/peak" "$build/ctx" train tests/bench/train_causal.ctx --threads 1 | tail -n 1)
[ "$held" -gt 10000 ] && [ "$held" -lt 200000 ] || fail "a step at 4096 tokens holds $held kB"
[ "$more" -gt "$held" ] && [ "$more" -le $((2 * held)) ] || fail "a step at 4096 tokens holds $held kB, at 8192 $more kB"
long 4096 "$build/ctx" train tests/bench/train_causal.ctx --emit schedule > "$work/schedule"
grep -q '^block of .* along block.now .*in a band, in 8 parts$' "$work/schedule" && grep -q '^  block.V.score.shifted: loops, again$' "$work/schedule" ||
    fail "no block of rows makes the exponentials again: $(cat "$work/schedule")"
for threads in 1 2 4; do long 4096 "$build/ctx" train tests/bench/train_causal.ctx --threads $threads --optimiser sgd --rate 1000 --save "$work/long$threads.safetensors" > /dev/null; done
cmp "$work/long1.safetensors" "$work/long2.safetensors"
cmp "$work/long1.safetensors" "$work/long4.safetensors"

# Eight key-value memories of 64 x 64 over 4096 tokens: their states alone would be 537 MB. The leak of each head learns, too, which reads
# states and their adjoints of all tokens.
cat > "$work/memory.ctx" << 'CTX'
use std.neurons;
axis token = 1;
axis head = 8;
axis d = 64;
axis a = 64;
axis c = 64;
stimulus x[token, d];
stimulus target[token, d];
cycle now over token;
neuron leaky_memory {
  compartment basal, apical, leak;
  state m = 0;
  m = sigmoid(2 + leak) * previous(m) + apical * basal;
  rate r = m;
}
nucleus relays[d] : relay <- x[token as now];
nucleus higher[d] : relay;
area V[head] {
  population key[a], query[a] : relay;
  population content[c] : relay;
  population store[c, a] : leaky_memory;
  population deep[c, a] : pyramidal;
  relays -> key : dense W_K[head, a, d];
  relays -> query : dense W_Q[head, a, d];
  relays -> content : dense W_V[head, c, d];
  bias leak[head] -> store.leak;
  key -> store.basal;
  content -> store.apical;
  store -> deep.apical;
  query -> deep.basal;
}
V.deep -> higher : dense W_O[d, head, c];
output y = higher;
loss E = 0.5 * sum(now, d) (target[now, d] - y[now, d])^2;
learn V.W_Q, V.W_K, V.W_V, W_O, leak by gradient with sgd(1e-6);
CTX
memories() { # what runs the training, and its further options
    "$@" --set token=4096 --batch 1 --epochs 1 --x "$work/4096.npy" --target "$work/4096.npy" --quiet
}
held=$(memories "$work/peak" "$build/ctx" train "$work/memory.ctx" --threads 1 | tail -n 1)
[ "$held" -gt 10000 ] && [ "$held" -lt 400000 ] || fail "a step of eight memories at 4096 tokens holds $held kB"
for threads in 1 2 4; do memories "$build/ctx" train "$work/memory.ctx" --threads $threads --save "$work/memory$threads.safetensors" > /dev/null; done
cmp "$work/memory1.safetensors" "$work/memory2.safetensors"
cmp "$work/memory1.safetensors" "$work/memory4.safetensors"

# Least squares: all items at once, a convex loss.
linear --optimiser momentum --momentum 0.95 --rate 0.3 --batch 442 --epochs 1000 --save "$work/w.safetensors" --log "$work/log.csv" --plot "$work/loss.svg" \
    > "$work/said"
"$work/regression" $data/diabetes-x.npy $data/diabetes-y.npy 21 "$work/w.safetensors" > "$work/off"
awk '{ exit !($1 < 1e-9) }' "$work/off" || fail "off the least-squares solution: $(cat "$work/off")"
awk -v FS='[ ,]' 'NR == FNR { loss = $2; next } FNR == 1001 { d = ($NF - loss) / loss; exit !(d < 1e-9 && d > -1e-9) }' "$work/off" "$work/log.csv" ||
    fail "loss $(tail -1 "$work/log.csv"), least squares: $(cat "$work/off")"
[ "$(wc -l < "$work/log.csv")" -eq 1001 ] || fail "log: $(wc -l < "$work/log.csv") lines, expected a title and 1000"
grep -q '<svg' "$work/loss.svg" && grep -q '>epoch<' "$work/loss.svg" || fail "no picture of the loss"

# A local rule that is the gradient goes the same way, from statements of the file.
cat "$work/circuit.ctx" - > "$work/rule.ctx" << 'CTX'
loss E = 0.5 * (y - target) ^ 2;
rule dW on W = (target - y) * scaled;
learn W by rule dW rate 0.3;
learn b by gradient(E) with sgd(0.3);
CTX
"$build/ctx" train "$work/rule.ctx" --x $data/diabetes-x.npy --target $data/diabetes-y.npy --precision f64 --quiet --batch 442 --epochs 50 --log "$work/rule.csv" > /dev/null
linear --optimiser sgd --rate 0.3 --batch 442 --epochs 50 --log "$work/gradient.csv" > /dev/null
awk -F, 'NR == FNR { loss[FNR] = $4; next } FNR > 1 { d = $4 / loss[FNR] - 1; if (d > 1e-10 || d < -1e-10) exit 1; n++ } END { exit n != 50 }' \
    "$work/rule.csv" "$work/gradient.csv" || fail "the rule that is the gradient goes another way"

# Items computed together or one at a time, a last batch that is not full: the same sums but for rounding.
linear --epochs 2 --batch 50 --together 1 --log "$work/one.csv" > /dev/null
linear --epochs 2 --batch 50 --together 7 --log "$work/seven.csv" > /dev/null
awk -F, 'NR == FNR { loss[FNR] = $4; next } FNR > 1 { d = $4 / loss[FNR] - 1; if (d > 1e-10 || d < -1e-10) exit 1; n++ } END { exit n != 2 }' \
    "$work/one.csv" "$work/seven.csv" || fail "items together and one at a time differ: $(tail -1 "$work/one.csv") $(tail -1 "$work/seven.csv")"

# An attention circuit: rows of digits.
cat > "$work/attention.ctx" << 'CTX'
use std.neurons;
use std.areas;
axis row = 8;
axis pixel = 8;
axis head = 2;
axis a = 8;
axis d = 16;
axis class = 10;
stimulus image[row, pixel];
stimulus label;
weight place[row, d] ~ normal(0, 0.1);
weight b_C[class] ~ 0;
population tokens[row, d] : relay;
population pooled[d] : relay;
population logits[class] : relay;
image -> tokens : dense W_E[d, pixel] ~ xavier bias place;
cortex block = softmax_block(row, head, a, d; tokens);
block.out -> pooled : 1 / size(row);
pooled -> logits : dense W_C[class, d] ~ xavier bias b_C;
spec cross_entropy(z[k], label) -> e {
  m = stop_gradient(max(k) z[k]);
  e = log(sum(k) exp(z[k] - m)) + m - (sum(k) (label == k) * z[k]);
}
spec is_right(z[k], label) -> r {
  r = (sum(k) (label == k) * z[k]) >= (max(k) z[k]);
}
output y = logits;
output E = cross_entropy(logits, label);
output accuracy = is_right(logits, label);
CTX
attention() { # threads, name, further options; in place of this shell, so that a kill meets the program
    threads=$1
    name=$2
    shift 2
    exec "$build/ctx" train "$work/attention.ctx" --loss E --image "$data/digits-images.npy[0:500]" --label "$data/digits-labels.npy[0:500]" \
        --valid "image=$data/digits-images.npy[500:600]" --valid "label=$data/digits-labels.npy[500:600]" --optimiser adamw --rate 0.01 --clip 1 \
        --schedule cosine --epochs 40 --threads "$threads" --save "$work/$name.safetensors" --best "$work/$name-best.safetensors" \
        --log "$work/$name.csv" --quiet "$@"
}
began=$(date +%s%N)
for threads in 1 2 3; do (attention $threads "threads$threads" > "$work/said$threads"); done
took=$((($(date +%s%N) - began) / 3000000)) # milliseconds of a run, on the machine as it is now
for threads in 2 3; do
    for file in .safetensors -best.safetensors .csv; do cmp "$work/threads1$file" "$work/threads$threads$file"; done
    cmp "$work/said1" "$work/said$threads"
done
awk -F, 'FNR == 2 { first = $4 } { last = $4; right = $6 } END { exit !(first > 1.5 && last < 0.3 && right > 0.6) }' "$work/threads1.csv" ||
    fail "the loss did not fall: $(cat "$work/threads1.csv")"
# The weights that were saved give the validation figures that were logged.
"$build/ctx" run "$work/attention.ctx" --weights "$work/threads1.safetensors" --image random --label random --quiet > /dev/null

# A gradient of 3 whose own norm may be 2, and that of all together 1.5: one step of rate 1 ends at -1.5; at -2 without the latter.
cat > "$work/clipped.ctx" << 'CTX'
use std.neurons;
axis feature = 10;
stimulus x[feature];
weight w ~ 0;
population p : relay;
x -> p : 0 bias w;
output y = p;
loss E = 3 * p;
learn w by gradient with sgd(1, clip = 2);
CTX
clipped() { # where it ends, options
    end=$1
    shift
    "$build/ctx" train "$work/clipped.ctx" --x examples/data/diabetes-x.npy --batch 442 --epochs 1 --quiet --save "$work/clipped.safetensors" "$@" > /dev/null
    "$build/ctx" run "$work/clipped.ctx" --x random --weights "$work/clipped.safetensors" > "$work/said"
    grep -q "^  $end\$" "$work/said" || fail "clipped $*: $(cat "$work/said"), expected $end"
}
clipped -2
clipped -1.5 --clip 1.5
clipped -2 --clip 2.5

# Each time it is killed, or comes to its end, it is begun again: from its checkpoint where there is one.
begin() {
    resume=
    [ -f "$work/state" ] && resume="--resume $work/state"
    # shellcheck disable=SC2086
    (attention 2 again --checkpoint "$work/state" --every 7steps $resume > "$work/said") &
    pid=$!
}
finished() {
    for file in .safetensors -best.safetensors .csv; do cmp "$work/threads1$file" "$work/again$file"; done
    cmp "$work/said1" "$work/said"
    ends=$((ends + 1))
    rm -f "$work/state" "$work/again.safetensors" "$work/again-best.safetensors" "$work/again.csv"
}
kills=0
tries=0
ends=0
resumed=0
while [ $kills -lt 20 ]; do
    tries=$((tries + 1))
    [ -f "$work/state" ] && resumed=$((resumed + 1))
    begin
    for _ in $(seq 400); do # the first one has a checkpoint, however busy the machine is
        [ $tries -gt 1 ] || [ -f "$work/state" ] && break
        sleep 0.05
    done
    sleep "$(awk -v n="$tries" -v took="$took" 'BEGIN { srand(n + 7); print took / 1000 * (0.2 + 0.8 * rand()) }')"
    if kill -9 $pid 2> /dev/null; then kills=$((kills + 1)); fi
    status=0
    wait $pid 2> /dev/null || status=$?
    [ $status -eq 0 ] && finished
    [ $status -eq 0 ] || [ $status -eq 137 ] || fail "a run ended with $status"
done
begin
wait $pid
finished
[ $resumed -gt 0 ] || fail "no run was resumed"
echo "$kills kills, $resumed runs resumed, $ends came to their end with the same bits"

# Ctrl-C: what was asked for is saved, and the run goes on from there.
(attention 1 stopped --checkpoint "$work/state" > "$work/said" 2> "$work/why") &
pid=$!
for _ in $(seq 200); do
    [ -f "$work/state" ] && break
    sleep 0.05
done
kill -INT $pid 2> /dev/null || true
if wait $pid; then :; else
    grep -q -e '--resume' "$work/why" || fail "interrupted, and nothing said of --resume: $(cat "$work/why")"
    [ -f "$work/stopped.safetensors" ] || fail "interrupted, and no weights are saved"
    (attention 1 stopped --resume "$work/state" > "$work/said")
fi
cmp "$work/threads1.safetensors" "$work/stopped.safetensors"
