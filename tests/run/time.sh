#!/bin/sh
# ctx train --mode dynamic: the loss falls through the steps of time, with the same bits for any number of threads and after a kill; noise
# is drawn anew in every call; memory does not grow with the steps. ctx check --mode dynamic. $1: build folder, $2: scratch folder. The
# gradients themselves: tests/unit/gradient_time.c.
set -eu
build=$1
work=$2
mkdir -p "$work"
rm -f "$work/state"
fail() {
    echo "$*"
    exit 1
}
data=examples/data
rows() {
    "$build/ctx" train examples/23-rows-in-time.ctx --mode dynamic --cycle 10ms --dt 1ms --image "$data/digits-images.npy[0:300]" \
        --label "$data/digits-labels.npy[0:300]" --valid "image=$data/digits-images.npy[300:400]" --valid "label=$data/digits-labels.npy[300:400]" --quiet "$@"
}
rows --epochs 6 --threads 1 --save "$work/one.safetensors" --log "$work/log.csv" > "$work/said"
awk -F, 'NR == 2 { first = $4 } { last = $4 } END { exit !(NR == 7 && last < 0.5 * first) }' "$work/log.csv" || fail "the loss does not fall: $(cat "$work/log.csv")"
sed -n 's/.*accuracy \([0-9.]*\).*/\1/p' "$work/said" | awk '{ right = $1 } END { exit !(right > 0.6) }' || fail "digits are not read: $(cat "$work/said")"
rows --epochs 6 --threads 3 --save "$work/three.safetensors" > /dev/null
cmp "$work/one.safetensors" "$work/three.safetensors" || fail "other bits on three threads"

# The rule for the answer is the gradient, decided exactly through 80 steps; what is true once all has settled is not true in time.
"$build/ctx" check examples/23-rows-in-time.ctx --mode dynamic --cycle 10ms --dt 1ms > "$work/checked" || fail "the rule is not the gradient: $(cat "$work/checked")"
grep -q 'equal as real functions' "$work/checked" || fail "not decided exactly: $(cat "$work/checked")"
cat > "$work/rule.ctx" << 'CTX'
use std.neurons;
axis token = 3;
axis d = 2;
axis u = 2;
stimulus x[token, d], target[token, u];
cycle now over token;
nucleus input[d] : relay(tau = 5 ms) <- x[token as now];
neuron readout {
  compartment input;
  rate r;
  r = input;
}
population p[u] : readout;
input -> p : dense W[u, d];
output y = p;
loss E = 0.5 * sum(now, u) (target[now, u] - y[now, u])^2;
rule dW on W = sum(now) (target[now, u] - y[now, u]) * x[now, d];
check dW == -gradient(E, W);
CTX
"$build/ctx" check "$work/rule.ctx" > /dev/null || fail "the settled rule is refused"
for cycle in 3 30; do
    sed 's/x\[now, d\];/input[now, d];/' "$work/rule.ctx" > "$work/heard.ctx"
    "$build/ctx" check "$work/heard.ctx" --mode dynamic --cycle ${cycle}ms --dt 1ms > "$work/checked" || fail "what is heard is refused: $(cat "$work/checked")"
    "$build/ctx" check "$work/rule.ctx" --mode dynamic --cycle ${cycle}ms --dt 1ms > "$work/checked" && fail "what is not heard yet counts after $cycle ms"
    grep -q 'differs' "$work/checked" || fail "$(cat "$work/checked")"
done
"$build/ctx" check "$work/rule.ctx" --mode dynamic --certificate "$work/proof" 2> "$work/why" && fail "a certificate in time"
grep -q 'a certificate is of the settled reading' "$work/why" || fail "$(cat "$work/why")"

# A noisy circuit, items by items: killed and resumed it draws the noise that it would have drawn.
cat > "$work/noisy.ctx" << 'CTX'
axis token = 4;
axis u = 8;
axis pre = u;
stimulus x[token, u];
cycle now over token;
neuron noisy(tau = 10 ms, sigma = 0.02) {
  compartment input;
  noise xi;
  rate r;
  tau * r' = -r + tanh(input) + sigma * sqrt(tau) * xi;
}
population r[u] : noisy <- x[token as now];
r[u as pre] -> r : dense W[u, pre] ~ normal(0, 0.1) delay 1 ms;
output y = r;
loss E = sum(now, u) (0.5 * x[now, u] - y[now, u])^2;
learn W by gradient with adam(0.01);
CTX
sed 's/^axis u/axis item = 64;\naxis u/; s/x\[token, u\]/x[item, token, u]/; /^cycle/,$d' "$work/noisy.ctx" > "$work/draw.ctx"
printf 'use std.neurons;\npopulation p[item, token, u] : relay <- x;\noutput y = p;\n' >> "$work/draw.ctx"
"$build/ctx" run "$work/draw.ctx" --x normal --out "$work/x.npy" --quiet
noisy() { # in place of this shell, so that a kill meets the program
    exec "$build/ctx" train "$work/noisy.ctx" --mode dynamic --cycle 5ms --dt 0.5ms --x "$work/x.npy" --quiet "$@"
}
(noisy --threads 1 --epochs 200 --save "$work/whole.safetensors" > /dev/null)
resumed=0
done=
for try in $(seq 40); do
    resume=
    [ -f "$work/state" ] && resume="--resume $work/state" && resumed=$((resumed + 1))
    # shellcheck disable=SC2086
    (noisy --threads 2 --epochs 200 --checkpoint "$work/state" --every 7steps --save "$work/again.safetensors" $resume > /dev/null 2>&1) &
    pid=$!
    sleep "$(awk -v n="$try" 'BEGIN { print 0.3 + 0.1 * n }')" # longer each time: a busy machine gets there too
    if kill -9 $pid 2> /dev/null; then wait $pid 2> /dev/null || true; else wait $pid && done=1 && break; fi
done
[ "$done" ] || fail "40 runs did not come to the end"
cmp "$work/whole.safetensors" "$work/again.safetensors" || fail "other bits after $resumed resumptions"
[ $resumed -gt 0 ] || echo "nothing was resumed: the run was faster than the kill"

# Weights that stay: the loss moves from epoch to epoch by noise alone, and without noise it does not.
moved() { # largest relative change of the loss between two epochs
    awk -F, 'NR > 2 { d = $4 / before - 1; if (d < 0) d = -d; if (d > most) most = d } { before = $4 } END { print most + 0 }' "$1"
}
(noisy --epochs 3 --rate 0 --log "$work/noise.csv" > /dev/null)
sed -i 's/sigma = 0.02/sigma = 0/' "$work/noisy.ctx"
(noisy --epochs 3 --rate 0 --log "$work/still.csv" > /dev/null)
awk -v noise="$(moved "$work/noise.csv")" -v still="$(moved "$work/still.csv")" 'BEGIN { exit !(noise > 1e-4 && still < 1e-5) }' ||
    fail "the loss moves by $(moved "$work/noise.csv") with noise, by $(moved "$work/still.csv") without"

# 2,500 steps and 10,000 hold as much, a fraction of the values that the gradient reads of them (82 and 328 MB).
gcc -O1 -o "$work/peak" tests/tools/peak.c
"$build/ctx" run "$work/draw.ctx" --set u=64 --x normal --out "$work/wide.npy" --quiet
held() {
    "$work/peak" "$build/ctx" train "$work/noisy.ctx" --mode dynamic --set u=64 --cycle "$1" --dt 0.1ms --x "$work/wide.npy" --batch 64 --together 32 --epochs 1 \
        --threads 1 --quiet | tail -n 1
}
few=$(held 2.5ms) # what the program itself takes
short=$(held 62.5ms)
long=$(held 250ms)
[ "$few" -gt 2000 ] && [ "$long" -lt $((few + 30000)) ] && [ "$long" -lt $((short + 15000)) ] ||
    fail "25 steps hold $few kB, 2,500 steps $short kB, 10,000 steps $long kB"

# What the clock would show a window of is there as a whole where its steps are done again: the same gradient as where it is read anyway.
cat > "$work/long.ctx" << 'CTX'
use std.neurons;
axis token = 40000;
axis d = 64;
axis u = 64;
axis pre = u;
stimulus x[token, d], target[token];
cycle now over token;
nucleus core[d] : relay(tau = 1 ms) <- x[token as now];
population r[u] : relay(phi = tanh, tau = 5 ms);
core -> r : dense W_in[u, d];
r[u as pre] -> r : dense W[u, pre] ~ normal(0, 0.1) delay 0.1 ms;
population shown[u] : relay(tau = 2 ms) <- r;
output y = shown;
loss E = sum(now) (target[now] - (sum(u) r[now, u]))^2 / size(token);
output g = gradient(E, W);
CTX
sed 's|^loss E = |loss E = 1e-30 * (sum(token, d) x[token, d]) + |' "$work/long.ctx" > "$work/read.ctx"
for file in long read; do
    "$build/ctx" run "$work/$file.ctx" --mode dynamic --cycle 0.3ms --x random --target random --out g="$work/$file.npy" --quiet
done
cmp "$work/long.npy" "$work/read.npy" || fail "another gradient where the stimulus is read as a whole"
"$build/ctx" explain "$work/long.ctx" --mode dynamic --cycle 0.3ms | grep -q 'done again in' || fail "a long run is kept whole"
