#!/bin/sh
# Measures one of the numbers of table.txt: measure.sh BUILD SCRATCH NAME [ARGUMENTS]. Prints the number found.
# Every measure runs circuits with `ctx run` and reduces what they write by tests/tools/numbers.c and awk.
set -eu
here=tests/validation
build=$1
scratch=$2
ctx=$build/ctx
numbers=$build/numbers
shift 2
mkdir -p "$scratch"

# $1: circuit, $2: output, $3: file; then options.
run() {
    circuit=$1
    output=$2
    file=$3
    shift 3
    "$ctx" run "$circuit" --quiet --out "$output=$file" "$@"
}

# The largest |A - B|, in units of the largest |B|.
distance() {
    "$numbers" "$1" > "$scratch/left"
    "$numbers" "$2" | paste "$scratch/left" - | awk '
        { d = $1 - $2; if (d < 0) d = -d; b = $2 < 0 ? -$2 : $2; if (!(d <= most)) most = d; if (b > scale) scale = b }
        END { printf "%.6g\n", most / scale }'
}

# ---- prospective coding --------------------------------------------------------------------------------------------------
prospective_drawn="--k random --q random --v random --precision f64"

# prospective OUTPUT STEPS: the distance of an output from the static one after so many steps.
prospective() {
    for output in "y_$1" y_static; do
        # shellcheck disable=SC2086 # a list of options
        run $here/prospective.ctx "$output" "$scratch/$output.npy" --mode dynamic --method euler --cycle "$(echo "$2" | awk '{ print $1 / 10 }')ms" $prospective_drawn
    done
    distance "$scratch/y_$1.npy" "$scratch/y_static.npy"
}

# prospective_share OUTPUT STEPS: which part of the static output it has reached, the same in every cell.
prospective_share() {
    echo "$(prospective "$1" "$2")" | awk '{ printf "%.6g\n", 1 - $1 }'
}

# ---- the paper's circuits --------------------------------------------------------------------------------------------------
# settles CIRCUIT CYCLE DT OUTPUT [OPTIONS]: the distance between the end of cycles of that length and the settled reading.
settles() {
    circuit=$1 cycle=$2 dt=$3 output=$4
    shift 4
    run "$circuit" "$output" "$scratch/settled.npy" "$@"
    run "$circuit" "$output" "$scratch/dynamic.npy" --mode dynamic --cycle "$cycle" --dt "$dt" "$@"
    distance "$scratch/dynamic.npy" "$scratch/settled.npy"
}

# ---- biology -----------------------------------------------------------------------------------------------------------------
# contrasts: the file of the five contrasts, exp(-12), exp(-9), ... exp(0).
contrasts() {
    awk 'BEGIN { for (l = -12; l <= 0; l += 3) printf "%.17g\n", exp(l) }' | "$numbers" -w "$scratch/contrast.npy" 5
}

# attention_ratio LEVEL [OPTIONS]: response with attention on the stimulus / response with attention away from it.
attention_ratio() {
    level=$1
    shift
    contrasts
    run examples/17-attention-field.ctx ratio "$scratch/ratio.npy" --contrast "$scratch/contrast.npy" --precision f64 "$@"
    "$numbers" "$scratch/ratio.npy" | sed -n "${level}p"
}

regression_data="--y examples/data/diabetes-y.npy --in X=examples/data/diabetes-x.npy --precision f64 --mode dynamic"

# regression OUTPUT TIME
regression() {
    # shellcheck disable=SC2086
    run $here/regression.ctx "$1" "$scratch/$1.npy" $regression_data --cycle "$2"
    "$numbers" "$scratch/$1.npy"
}

# regression_settling SHARE: the first time, in units of tau, at which no weight is further from its last value than that share
# of the largest weight.
regression_settling() {
    # shellcheck disable=SC2086
    run $here/regression.ctx weights "$scratch/last.npy" $regression_data --cycle 4000ms
    early=100
    late=1600
    while [ $((late - early)) -gt 1 ]; do
        middle=$(((late + early) / 2))
        # shellcheck disable=SC2086
        run $here/regression.ctx weights "$scratch/now.npy" $regression_data --cycle "${middle}ms"
        if distance "$scratch/now.npy" "$scratch/last.npy" | awk -v share="$1" '{ exit $1 > share }'; then late=$middle; else early=$middle; fi
    done
    echo "$late"
}

# hopfield BETA: mean distance of what is recalled from what was stored; the median of nine draws of patterns and noise.
hopfield() {
    for seed in 1 2 3 4 5 6 7 8 9; do
        run $here/hopfield.ctx error "$scratch/error.npy" --x normal --blur normal --precision f64 --set beta="$1" --seed $seed
        "$numbers" "$scratch/error.npy"
    done | sort -g | sed -n 5p
}

# local_rule: root mean square error of the diabetes regression after 1000 epochs of a local rule.
local_rule() {
    "$build/ctx" train $here/local_rule.ctx --x examples/data/diabetes-x.npy --wanted examples/data/diabetes-y.npy --precision f64 --batch 442 --epochs 1000 \
        --quiet --json | awk -F'[:,]' '/"loss"/ { printf "%.6g\n", sqrt(2 * $2) }'
}

# in_context: mean squared error, over 100,000 tasks, of linear self-attention trained on as many others.
in_context() {
    for set in 1 2; do
        "$build/ctx" run $here/in_context_data.ctx --x random --w normal --seed $set --quiet --out tokens="$scratch/e$set.npy" --out target="$scratch/t$set.npy" > /dev/null
    done
    "$build/ctx" train $here/in_context.ctx --loss E --optimiser adam --rate 3e-3 --schedule cosine --warmup 50 --clip 10 --epochs 3 --batch 128 \
        --e "$scratch/e1.npy" --target "$scratch/t1.npy" --valid e="$scratch/e2.npy" --valid target="$scratch/t2.npy" --quiet --json |
        awk -F'[:,]' '/"valid_loss"/ { printf "%.5f\n", $2 }'
    rm -f "$scratch/e1.npy" "$scratch/e2.npy"
}

# in_context_step: the distance of the constructed circuit from the step of gradient descent.
in_context_step() {
    for output in attention descent; do
        run $here/in_context_step.ctx $output "$scratch/$output.npy" --x random --y normal --precision f64
    done
    distance "$scratch/attention.npy" "$scratch/descent.npy"
}

# retrieval LOSS PAIRS KEYS AGAIN STEPS SEEDS: mean loss over tests after so many steps of 32 tasks each, no task twice; the median of the
# seeds 1 to SEEDS. Where keys and values come again (AGAIN is 1) tests have as many pairs as there are keys, as the authors' have, and there
# are 32,000 of them: some cannot be answered from a sum, and with 1600 of them the mean would be 3 % off.
retrieval() {
    loss=$1 keys=$3 again=$4 steps=$5 seeds=$6
    for set in "1 $((32 * steps)) $2 0" "2 $((again ? 32000 : 1600)) $3 1"; do
        # shellcheck disable=SC2086 # seed, tasks, pairs, test
        set -- $set
        "$ctx" run $here/retrieval_data.ctx --x random --y random --z random --precision f64 --seed "$1" --set item="$2" --set token="$3" --set key="$keys" \
            --set again="$again" --set test="$4" --quiet --out keys="$scratch/k$1.npy" --out values="$scratch/v$1.npy" --out asked="$scratch/a$1.npy" --out wanted="$scratch/w$1.npy"
    done
    for seed in $(seq "$seeds"); do
        "$ctx" train $here/retrieval.ctx --loss "$loss" --optimiser adam --rate 1e-3 --batch 32 --epochs 1 --seed "$seed" --set key="$keys" --set e=$((22 * keys / 10)) \
            --keys "$scratch/k1.npy" --values "$scratch/v1.npy" --asked "$scratch/a1.npy" --wanted "$scratch/w1.npy" --valid keys="$scratch/k2.npy" \
            --valid values="$scratch/v2.npy" --valid asked="$scratch/a2.npy" --valid wanted="$scratch/w2.npy" --quiet --json
    done | awk -F'[:,]' '/"valid_loss"/ { printf "%.6f\n", $2 }' | sort -g | sed -n "$(((seeds + 1) / 2))p"
    rm -f "$scratch/k1.npy" "$scratch/v1.npy" "$scratch/k2.npy" "$scratch/v2.npy"
}

# order METHOD: of convergence, between steps of 0.5 ms and 0.25 ms; reference: rk4 with steps of 1/16 ms.
order() {
    reference=$scratch/network-reference.npy
    network="$here/network.ctx y"
    drawn="--x random --u random --precision f64 --mode dynamic --cycle 20ms"
    # shellcheck disable=SC2086
    [ -f "$reference" ] || run $network "$reference" $drawn --method rk4 --dt 0.0625ms
    for dt in 0.5 0.25; do
        # shellcheck disable=SC2086
        run $network "$scratch/$dt.npy" $drawn --method "$1" --dt "${dt}ms"
        "$numbers" "$scratch/$dt.npy" "$reference"
    done | awk '{ error[NR] = $1 } END { printf "%.4f\n", log(error[1] / error[2]) / log(2) }'
}


# ---- softmax by feedback inhibition ------------------------------------------------------------------------------------------
# feedback TAU_POOL LAG OUTPUT STEP [TAU_SCORE]: an output in cycles of 0.2 ms, one a line; TAU_SCORE (100), TAU_POOL and LAG are in tenths
# of a millisecond. The budget rises to 1 in 300 ms, the cells with it; then all inputs grow by STEP, and 400 ms follow.
feedback() {
    awk -v step="$4" -v inputs="$scratch/inputs" -v budgets="$scratch/budgets" 'BEGIN {
        for (j = 1; j <= 8; j++) z += exp(1.5 * sin(j * j))
        for (i = 0; i < 3500; i++) {
            g = i < 1500 ? sin(1.5707963 * (i + 1) / 1500) ^ 2 : 1
            for (j = 1; j <= 8; j++) printf "%.17g\n", 1.5 * sin(j * j) - log(z) + log(g) + (i < 1500 ? 0 : step) > inputs
            printf "%.17g\n", g > budgets
        } }'
    "$numbers" -w "$scratch/s.npy" 3500,8 < "$scratch/inputs"
    "$numbers" -w "$scratch/budget.npy" 3500 < "$scratch/budgets"
    run $here/feedback_softmax.ctx "$3" "$scratch/$3.npy" --s "$scratch/s.npy" --budget "$scratch/budget.npy" --v random --mode dynamic --precision f64 \
        --cycle 0.2ms --method rk4 --set tau_score="${5:-100}" --set tau_pool="$1" --set lag="$2" || return 1
    "$numbers" "$scratch/$3.npy"
}

# feedback_distance: of the deep cells from softmax attention at the end, after a step that adds half as much again.
feedback_distance() {
    feedback 100 0 y 0.5 | tail -4 > "$scratch/deep"
    feedback 100 0 softmax 0.5 | tail -4 | paste "$scratch/deep" - | awk '
        { d = $1 - $2; if (d < 0) d = -d; if (d > most) most = d } END { printf "%.3g\n", most }'
}

# feedback_swing TAU_POOL: after a small step, how far the sum swings below 1, as a share of its peak above 1; 0: it does not ring.
feedback_swing() {
    feedback "$1" 0 total 0.001 | awk '
        NR > 1500 { d = $1 - 1; if (d > peak) { peak = d; low = 0 } if (d < low) low = d }
        END { printf "%.5f\n", low < -1e-9 * peak ? -low / peak : 0 }'
}

# feedback_frequency TAU_POOL: of the ringing, in rad/ms: from the first to the third crossing of 1 after a small step.
feedback_frequency() {
    feedback "$1" 0 total 0.001 | awk '
        NR > 1510 && (last < 1) != ($1 < 1) { crossing[++n] = 0.2 * (NR - 1 + (1 - last) / ($1 - last)) }
        { last = $1 }
        END { printf "%.5f\n", 2 * 3.141592653589793 / (crossing[3] - crossing[1]) }'
}

# feedback_limit TAU_POOL [TAU_SCORE]: the lag, in ms, beyond which swings after a small step (0.001) grow, to 0.1 ms: the largest deviation
# of the last 150 ms is larger than that of the 150 ms before, or the sum leaves 0.9 to 1.1, or the run stops at what is no number.
feedback_limit() {
    low=1
    high=1000
    while [ $((high - low)) -gt 1 ]; do
        middle=$(((low + high) / 2))
        if feedback "$1" "$middle" total 0.001 "${2:-100}" 2> "$scratch/warnings" | awk '
            { d = $1 > 1 ? $1 - 1 : 1 - $1; if (NR > 2750 && d > late) late = d; if (NR > 2000 && NR <= 2750 && d > early) early = d }
            NR > 1500 && d > 0.1 { left = 1 }
            END { exit !(late > early || left || NR < 3500) }'; then high=$middle; else low=$middle; fi
    done
    awk -v a="$low" -v b="$high" 'BEGIN { print (a + b) / 20 }'
}

"$@"
