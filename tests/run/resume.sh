# Killed at 20 random moments and resumed, a run ends with the same bits as one that was left alone: outputs and traces. With the same
# seed, 1, 2 and 4 threads give the same bits. Noise and delays are on. $1: build folder, $2: scratch folder.
set -eu
build=$1
work=$2
mkdir -p "$work"
cat > "$work/loop.ctx" << 'CTX'
use std.neurons;
axis token <= 400;
axis u = 300;
axis pre = u;
stimulus x[token, u];
cycle now over token;
neuron noisy {
  compartment input;
  parameter tau = 5 ms, sigma = 0.2;
  noise xi;
  rate r;
  tau * r' = -r + tanh(input) + sigma * sqrt(2 * tau) * xi;
}
population r[u] : noisy;
population trace[u] : accumulator(leak = 0.9);
x[token as now] -> r;
r[u as pre] -> r : dense W[u, pre] ~ normal(0, 0.08) delay 3 ms;
r -> trace;
output y = trace;
CTX
"$build/ctx" build "$work/loop.ctx" --mode dynamic --cycle 10ms --dt 0.5ms --record r -o "$work/loop"
run() { # threads, name, further options; in place of this shell, so that a kill meets the program
    threads=$1
    name=$2
    shift 2
    exec "$work/loop" --x random --size token=400 --seed 5 --threads "$threads" --out y="$work/$name.npy" --record 'r[0:7]' \
        --traces "$work/$name.safetensors" --quiet "$@"
}
for threads in 1 2 4; do (run $threads "threads$threads"); done
for threads in 2 4; do
    cmp "$work/threads1.npy" "$work/threads$threads.npy"
    cmp "$work/threads1.safetensors" "$work/threads$threads.safetensors"
done

# Each time it is killed, or comes to its end, it is begun again: from its checkpoint where there is one.
begin() {
    resume=
    [ -f "$work/state" ] && resume="--resume $work/state"
    # shellcheck disable=SC2086
    (run 1 again --checkpoint "$work/state" --every 100ms $resume) &
    pid=$!
}
finished() {
    cmp "$work/threads1.npy" "$work/again.npy"
    cmp "$work/threads1.safetensors" "$work/again.safetensors"
    ends=$((ends + 1))
    rm -f "$work/state" "$work/again.npy" "$work/again.safetensors"
}
: > "$work/state.part-1-0" # as a kill may leave it between two system calls; the next that writes the checkpoint removes it
kills=0
ends=0
tries=0
while [ $kills -lt 20 ]; do
    tries=$((tries + 1))
    [ $tries -le 400 ] || { echo "$kills kills in $tries tries: the run is too short to be killed"; exit 1; }
    begin
    sleep "$(awk -v n="$tries" 'BEGIN { srand(n); print 0.01 + 0.2 * rand() }')"
    if kill -9 $pid 2> /dev/null; then kills=$((kills + 1)); fi
    if wait $pid 2> /dev/null; then finished; fi
done
begin
wait $pid
finished
echo "$kills kills, $ends runs came to their end with the same bits"
if ls -A "$work" | grep -E '^(again|state)'; then
    echo "something half-written was left"
    exit 1
fi
