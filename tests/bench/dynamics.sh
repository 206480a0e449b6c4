#!/bin/sh
# `make bench-dynamics`: the dynamic reading on one thread, beside the simulators that users would pick instead:
#   tests/bench/dynamics.sh build/release [--peers FILE] [--rounds N]
# FILE is shared/bench/dynamics_peers.py (or PEERS=FILE make bench-dynamics); PYTHON is an interpreter that has numpy, and
# brian2 or torch for those rows. Its weights and stimuli are given to ctx too, and ctx's results must be those of plain numpy
# loops with the same equations before anything is timed. Times are the best of the rounds, ctx's and the peers' in turn.
set -eu
export OPENBLAS_NUM_THREADS=1 # as the peers have it: idle threads of the library spin for a while beside a short run
build=$1
shift
peers=${PEERS:-}
rounds=3
python=${PYTHON:-python3}
while [ $# -gt 0 ]; do
    case $1 in
    --peers) peers=$2 ;;
    --rounds) rounds=$2 ;;
    *) echo "dynamics.sh: what is $1?" >&2; exit 2 ;;
    esac
    shift 2
done
here=tests/bench
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM

now() { date +%s.%N; }
best() { sort -g | head -n 1; }

rate() { "$build/ctx" run "$here/rate.ctx" --mode dynamic --cycle 1s --dt 1ms --method euler --threads 1 "$@"; }
mask() { "$build/ctx" run "$here/mask.ctx" --mode dynamic --cycle 10ms --dt 0.1ms --method euler --threads 1 "$@"; }
units() { "$build/ctx" run "$here/units.ctx" --mode dynamic --cycle 1s --dt 0.1ms --method euler --threads 1 "$@"; }
sparse() { "$build/ctx" run "$here/sparse.ctx" --mode dynamic --cycle 1s --dt 1ms --method euler --threads 1 "$@"; }
seconds() { awk -F'[:,]' '/"run_s"/ { print $2 + 0; found = 1 } END { exit !found }'; }
several() { # runs of a command, whose seconds are printed
    runs=$1
    shift
    while [ "$runs" -gt 0 ]; do
        "$@" --time --json > "$work/json"
        seconds < "$work/json"
        runs=$((runs - 1))
    done
}

# Inputs of the peers' cases, and what explicit Euler makes of them in numpy: first the rates, then the mask.
inputs() {
    "$python" - "$work" <<'PYTHON'
import sys
import numpy as np
to = sys.argv[1] + "/"
r = np.random.default_rng(0)
n = 2000
W = (r.standard_normal((n, n)) / np.sqrt(n) * 0.9).astype(np.float32)
b = r.standard_normal(n).astype(np.float32)
x = np.zeros(n, np.float32)
for _ in range(1000): x += np.float32(0.1) * (np.tanh(W @ x + b) - x)
for name, value in dict(W=W, b=b, rate=x).items(): np.save(to + name, value)
T, H, d, a, c = 16, 8, 64, 16, 64
r = np.random.default_rng(0)
f = lambda *s: (r.standard_normal(s) / np.sqrt(s[-1])).astype(np.float32)
x, WK, WQ, WV, WO = f(T, d), f(H, a, d), f(H, a, d), f(H, c, d), f(H, d, c)
k, v = np.einsum("had,td->hta", WK, x), np.einsum("hcd,td->htc", WV, x)
m, g, y, e = np.zeros((H, T, a)), np.zeros((H, T, c)), np.zeros((T, d)), 0.05
for n in range(T):
    q = np.einsum("had,d->ha", WQ, x[n])[:, None]
    for _ in range(100): # both from the values before the step; the peers' deep cells hear the mask of after it
        m, g = m + e * (k * q - m), g + e * (m.sum(-1, keepdims=True) * v - g)
    y[n] = x[n] + np.einsum("hdc,hc->d", WO, g.sum(1))
for name, value in dict(x=x, WK=WK, WQ=WQ, WV=WV, WO=WO.transpose(1, 0, 2).copy(), mask=y.astype(np.float32)).items(): np.save(to + name, value)
PYTHON
}

circuit() { # name, further options: with the peers' inputs if they are there, else with drawn ones
    name=$1
    shift
    case $name${have:-} in
    rateyes) rate --b "$work/b.npy" --W "$work/W.npy" "$@" ;;
    maskyes) mask --x "$work/x.npy" --V.W_Q "$work/WQ.npy" --V.W_K "$work/WK.npy" --V.W_V "$work/WV.npy" --W_O "$work/WO.npy" "$@" ;;
    rate) rate --b normal "$@" ;;
    mask) mask --x normal "$@" ;;
    esac
}

one() { # a case: ctx, and the peers in between
    name=$1
    runs=$2
    : > "$work/run"
    : > "$work/whole"
    : > "$work/peers"
    round=0
    while [ $round -lt "$rounds" ]; do
        several "$runs" circuit "$name" >> "$work/run"
        start=$(now)
        circuit "$name" --quiet --out "$work/out.npy"
        echo "$start $(now)" | awk '{ print $2 - $1 }' >> "$work/whole"
        # brian2 takes its one run at the first round only: it compiles C++ for as long as all others run
        if [ "${have:-}" = yes ] && [ $round = 0 ]; then "$python" "$peers" --only "$name" --rounds 5 2> "$work/said" >> "$work/peers"; fi
        round=$((round + 1))
    done
    awk -v name="$name" -v run="$(best < "$work/run")" -v whole="$(best < "$work/whole")" 'BEGIN {
            printf "%-6s %-10s %12.5f %14.3f %12s %14s\n", name, "ctx", run, whole, "1", "1" }
        $1 == name {
            for (i = 1; i < NF; i++) {
                if ($i == "(min") alone = $(i + 1) + 0
                if ($i == "build") built = $(i + 1) + 0
            }
            all = alone + built
            printf "%-6s %-10s %12.5f %14s %12.1f %14s\n", name, $2, alone, built ? sprintf("%.3f", all) : "-", alone / run,
                built ? sprintf("%.1f", all / whole) : "-"
            built = 0 }' "$work/peers"
}

per_second() { # what, simulated seconds of a call, then the command
    what=$1
    seconds=$2
    shift 2
    several "$rounds" "$@" > "$work/run"
    awk -v what="$what" -v s="$seconds" -v run="$(best < "$work/run")" 'BEGIN { printf "%-28s %14.3f\n", what, 1e3 * run / s }'
}

if [ -z "$peers" ]; then echo "the peers are skipped: no --peers FILE"
elif ! "$python" -c 'import numpy' 2> "$work/said"; then echo "the peers are skipped: $python has no numpy"
else
    have=yes
    inputs
    circuit rate --quiet --expect "y=$work/rate.npy" --tolerance 1e-4
    circuit mask --quiet --expect "y=$work/mask.npy" --tolerance 1e-5
    echo "results agree with numpy's (rate within 1e-4, mask within 1e-5)"
fi
printf "\n%-6s %-10s %12s %14s %12s %14s\n" case program "run, s" "with build, s" "run/ctx's" "build/ctx's"
one rate 2
one mask 10

printf "\n%-28s %14s\n" "uncoupled units, dt 0.1 ms" "ms per second"
for n in 100 1000 10000 100000; do per_second "$n" 1 units --x normal --set unit=$n; done
printf "\n%-28s %14s\n" "mask, dt 0.1 ms: tokens" "ms per second"
for n in 8 16 32 64; do per_second "$n" "$(awk -v n=$n 'BEGIN { print n * 0.01 }')" mask --x normal --set token=$n; done
printf "\n%-28s %14s\n" "mask, dt 0.1 ms: areas" "ms per second"
for n in 4 8 16 32; do per_second "$n" 0.16 mask --x normal --set head=$n; done
printf "\n%-28s %14s\n" "20000 units, 2e6 synapses" "ms per step"
per_second "100 inputs each" 1000 sparse --b normal
