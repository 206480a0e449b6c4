#!/bin/sh
# Rules against gradients, beyond what the examples and the library check by themselves: the paper's rules at its authors' sizes; the rules
# of the digits, given what each area is told; the rule of a memory that leaves out the past is refused, and the report says so; a program
# that has gradients in its checks runs, in both readings, and prints a gradient that it is asked for. $1: build folder, $2: scratch folder.
set -u
build=$1
scratch=$2
bad=0
mkdir -p "$scratch"

expect() { # exit status, how often, what must be said, arguments of ctx
    wanted=$1
    times=$2
    said=$3
    shift 3
    timeout 120 "$build/ctx" "$@" > "$scratch/said" 2>&1
    status=$?
    [ "$status" -eq "$wanted" ] || { echo "ctx $*: exit status $status, expected $wanted"; tail -20 "$scratch/said"; bad=1; }
    found=$(grep -cF -e "$said" "$scratch/said")
    [ "$found" -eq "$times" ] || { echo "ctx $*: said $found times, expected $times: $said"; cat "$scratch/said"; bad=1; }
}

# Granier & Senn 2025: normalised and not, by feature map; at the authors' sizes (10 tokens, 10 heads, every width 10) where said
authors="--set token=10 --set head=10 --set d=10 --set a=10 --set c=10"
for phi in sin elu1 softplus tanh; do
    slope=${phi}_slope
    [ $phi = sin ] && slope=cos
    sed "s/elu1_slope/$slope/; s/elu1/$phi/; /^check settles/d" examples/18-plasticity.ctx > "$scratch/$phi.ctx"
    sed 's| / V.pool\[now, head\]||; s| - V.read\[now, head, c\]||; s/: divided;/: relay;/; /pool/d; s/-> read.basal/-> read/' \
        "$scratch/$phi.ctx" > "$scratch/$phi-plain.ctx"
    expect 0 4 "equal as real functions" check --exact "$scratch/$phi.ctx"
    expect 0 4 "equal as real functions" check --exact "$scratch/$phi-plain.ctx"
done
expect 0 4 "equal as real functions" check --exact $authors "$scratch/sin.ctx"
expect 0 4 "equal as real functions" check --exact $authors "$scratch/sin-plain.ctx"
expect 0 4 "equal as real functions" check --exact $authors "$scratch/elu1.ctx"
[ -z "${CTX_LONG:-}" ] || expect 0 4 "equal as real functions" check --exact $authors "$scratch/elu1-plain.ctx"

sed 's/sum(now, c, j where j <= now)/sum(now, c)/; s/\[j, /[now, /g' tests/numeric/library/local_in_time.ctx > "$scratch/local.ctx"
expect 1 2 "equal as real functions" check --exact "$scratch/local.ctx"
expect 1 1 "hint: the past is missing in 'dW_K': equal with 'cos(V.key.input[token, a]) * V.value[token, c] * matrix[token, d]'" \
    check --exact "$scratch/local.ctx"

# one layer of constructed linear attention is one step of gradient descent (von Oswald et al. 2023), of the rate it has and no other
expect 0 1 "equal as real functions" check tests/validation/in_context_step.ctx
sed 's|: eta / shown where|: eta / size(token) where|' tests/validation/in_context_step.ctx > "$scratch/slower.ctx"
sed 's| - (sum(d) (f == d) \* W_0\[o, d\]);|;|' tests/validation/in_context_step.ctx > "$scratch/from_zero.ctx"
expect 1 1 "numeric  differs" check "$scratch/slower.ctx"
expect 1 1 "numeric  differs" check "$scratch/from_zero.ctx"

# the areas of the digits: given what an area is told, its rules are the gradient of that times what it reads out; the answers' are of E
{
    cat examples/19-digits.ctx
    echo 'spec worth(told[h, c], read[t, h, c]) -> e { e = sum(t, h, c) stop_gradient(told[h, c]) * read[t, h, c]; }'
    echo 'check lacking: lack == -gradient(E, answer);'
    for i in 0 1; do
        echo "loss worth_$i = worth(block[$i].V.told, block[$i].V.read);"
        for weight in W_V b_V W_Q b_Q W_K; do echo "check block[$i].d$weight == gradient(worth_$i, block[$i].$weight);"; done
    done
    for weight in W_C b_C; do echo "check d$weight == -gradient(E, $weight);"; done
} > "$scratch/told.ctx"
small="--set row=3 --set pixel=2 --set head=2 --set a=2 --set d=3 --set f=3 --set class=3"
expect 0 14 "equal as real functions" check --exact $small "$scratch/told.ctx"

# Cells that inhibit those that drive them: over many steps the bound of rounding grows beyond all values, and a wrong rule lies within it.
cat > "$scratch/feedback.ctx" << 'CTX'
use std.neurons;
axis d = 10;
axis h = 5;
stimulus x[d];
neuron leaky(tau = 20 ms) {
  compartment drive;
  rate r;
  tau * r' = drive - 0.1 * r;
}
population error[d] : subtractive(tau = 1 ms) <- x;
population cause[h] : leaky iterate 500 until 1e-7;
weight W[d, h] ~ normal(0, 0.3);
cause -> error.inhibition : W;
error -> cause.drive : W;
output y = cause;
loss F = 0.5 * sum(d) error[d]^2 + 0.05 * sum(h) cause[h]^2;
rule dW on W = error[d] * cause[h];
check dW == -2 * gradient(F, W);
CTX
expect 1 1 "says nothing" check "$scratch/feedback.ctx" --mode dynamic --cycle 400ms --dt 0.5ms
expect 1 1 ": differs" check "$scratch/feedback.ctx" --mode dynamic --cycle 20ms --dt 0.5ms

# what a check asks is nothing that a run computes
expect 0 0 "gradient" run examples/18-plasticity.ctx --x random --target random --out "$scratch/y.npy"
expect 0 0 "gradient" run examples/18-plasticity.ctx --mode dynamic --x random --target random --out "$scratch/y.npy"
expect 0 0 "gradient" run tests/numeric/library/local_in_time.ctx --mode dynamic --cycle 5ms --x random --target random \
    --out "$scratch/y.npy"
sed 's/^output y = higher;/output y = higher;\noutput down = gradient(E, W_O);/' examples/18-plasticity.ctx > "$scratch/shown.ctx"
expect 0 0 "gradient" run "$scratch/shown.ctx" --x random --target random --out y="$scratch/y.npy" --out down="$scratch/g.npy"
expect 0 0 "gradient" run "$scratch/shown.ctx" --mode dynamic --cycle 5ms --x random --target random --out y="$scratch/y.npy" --out down="$scratch/g.npy"
expect 0 2 "down[d, head, c] = " explain "$scratch/shown.ctx"
expect 0 1 "steps, " explain "$scratch/shown.ctx" --mode dynamic --cycle 5ms --set d=8
expect 0 1 " operations, values at most" explain examples/18-plasticity.ctx
expect 0 1 "done again in" explain "$scratch/shown.ctx" --mode dynamic --cycle 10s --set token=64
exit $bad
