#!/bin/sh
# Runs in steps that a tolerance asks for (method dopri): what is said, what is accepted, what bad calls get. $1: build folder, $2: scratch
# folder. Orders and formulas: tests/unit/adaptive.c.
set -u
ctx=$PWD/$1/ctx
scratch=$2
mkdir -p "$scratch"
failed=0
complain() {
    echo "$1"
    failed=$((failed + 1))
}
cd "$scratch" || exit 1
# A smooth problem with its solution: tau r' = 1 + x - r^2 from rest, 0, is r = s tanh(s t / tau), s = sqrt(1 + x), here at t = 2 tau.
cat > smooth.ctx <<'X2'
neuron bent(tau = 10 ms) { compartment input; rate r; tau * r' = 1 + input - r * r; }
axis a = 7;
stimulus x[a];
population p[a] : bent <- x;
output y = p;
output off = p - sqrt(1 + x) * tanh(2 * sqrt(1 + x));
X2
# Time constants a thousand apart, and a third cell that jumps at 3.3 ms, between two steps of any dt / n.
cat > stiff.ctx <<'X2'
neuron bent(tau = 10 ms) { compartment input; rate r; tau * r' = -r + tanh(input); }
neuron late { rate r = max(0, min(1, (time() / (1 ms) - 3.3) * 1000)); }
axis token <= 9;
axis a = 5;
stimulus x[token, a];
cycle now over token;
population slow[a] : bent(tau = 20 ms);
population fast[a] : bent(tau = 20 us);
x[token as now] -> slow;
slow -> fast;
output y = fast;
X2
# value FILE NAME KEY: a number that --json gives of an output
value() {
    tr -d '\n ' < "$1" | sed "s/.*\"name\":\"$2\"[^}]*\"$3\":\([-0-9.e+]*\).*/\1/"
}
below() { awk "BEGIN { exit !(($1 < 0 ? -($1) : $1) < $2) }"; }
smooth="smooth.ctx --mode dynamic --method dopri --cycle 20ms --dt 10ms --precision f64 --x random"
for tolerance in 1e-4 1e-6 1e-9 1e-12; do
    "$ctx" run $smooth --tolerance $tolerance --json > out 2> log || complain "smooth: $(cat log)"
    for end in min max; do # a local error that small: the global one is about as many times it as the run has time constants
        below "$(value out off $end)" "10 * $tolerance" || complain "smooth, tolerance $tolerance: off by $(value out off $end)"
    done
    below "$(sed -n 's/.*"local_error": \(.*\),/\1/p' out)" "$tolerance * 1.0000001" || complain "smooth: local error beyond $tolerance"
    tail -n 1 log | grep -q "^steps of [0-9.]* [mu]s: largest local error [0-9.e-]* of [01.e-]*[0-9]$" || complain "not said: $(cat log)"
    [ "$(wc -l < log)" -le 6 ] || complain "too many runs: $(cat log)"
done
grep -q '^steps of 10 ms: largest local error 0[.0-9]* (p \[a = [0-6]\]), more than 1e-12; next, steps of 1 ms$' log || complain "first try: $(cat log)"

# The accepted result is that of its step, bit by bit; samples are those of each --dt; a resumed run would not do.
stiff="stiff.ctx --mode dynamic --method dopri --cycle 20ms --size token=4 --x random --precision f64"
"$ctx" run $stiff --dt 1ms --tolerance 1e-8 --out one.npy --record slow --traces one.safetensors > out 2> log || complain "stiff: $(cat log)"
steps=$(tail -n 1 log | sed 's/^steps of \([0-9.]*\) \([mu]s\): .*/\1\2/')
grep -q 'samples every 1 ms' log && [ "$(grep -c recording log)" -eq 1 ] || complain "records: $(cat log)"
case $steps in
*ms) parts=$(awk "BEGIN { printf \"%.0f\", 1 / ${steps%ms} }") ;;
*) parts=$(awk "BEGIN { printf \"%.0f\", 1000 / ${steps%us} }") ;;
esac
dt=$(awk "BEGIN { printf \"%.17g\", 1 / $parts }")ms
"$ctx" run $stiff --dt $dt --tolerance 1e-8 --out two.npy --record slow --interval 1ms --traces two.safetensors > out 2> log2 ||
    complain "directly in steps of $dt: $(cat log2)"
grep -q 'more than' log2 && complain "$dt is accepted, and then not: $(cat log2)"
cmp -s one.npy two.npy || complain "steps of $dt: another result than the accepted run's"
[ "$(wc -c < one.safetensors)" -eq "$(wc -c < two.safetensors)" ] || complain "other samples than with steps of $dt"
[ "$parts" -gt 20 ] || complain "a time constant of 20 us in steps of 1 ms / $parts"
"$ctx" run $stiff --dt 1ms --tolerance 1e-8 --out three.npy --quiet --threads 1 > out 2>&1 && [ ! -s out ] || complain "quiet: $(cat out)"
cmp -s one.npy three.npy || complain "one thread: another result"
"$ctx" run $stiff --dt 0.01ms --method rk4 --tolerance 1e-8 --out four.npy > out 2>&1 || complain "rk4: $(cat out)"
"$ctx" run $stiff --dt 1ms --tolerance 1e-5 --expect y=four.npy > out 2>&1 || complain "rk4 comes to something else: $(cat out)"

# Where the solution is not smooth, the two last runs say how fast the error falls.
sed 's/^slow -> fast;/&\npopulation w : late; w -> slow;/' stiff.ctx > jump.ctx
sed -i 's/tau = 20 us/tau = 5 ms/' jump.ctx
"$ctx" run jump.ctx --mode dynamic --method dopri --cycle 20ms --dt 1ms --size token=2 --x random --precision f64 --tolerance 1e-5 > out 2> log ||
    complain "jump: $(cat log)"

# expect STATUS PATTERN COMMAND...: it ends so, says so and leaves no file that begins with none
expect() {
    status=$1 pattern=$2
    shift 2
    "$@" > stdout 2> stderr
    came=$?
    [ $came -eq "$status" ] || complain "$*: exit status $came, expected $status: $(cat stderr)"
    grep -q -e "$pattern" stdout stderr || complain "$*: the message does not hold \"$pattern\": $(cat stdout stderr)"
    ls none* > /dev/null 2>&1 && complain "$*: left a file"
}
expect 2 "takes a number of at least 0, not 'small'" "$ctx" run $smooth --tolerance small --out y=none.npy
expect 2 "takes a number of at least 0, not '-1e-6'" "$ctx" run $smooth --tolerance -1e-6
expect 2 "takes a number of at least 0, not 'nan'" "$ctx" run $smooth --tolerance nan
expect 2 "needs a value" "$ctx" run $smooth --tolerance
expect 2 "tolerance 0 is less than what a step rounds in float64 (1.1e-16)$" "$ctx" run $smooth --tolerance 0
expect 2 "help: compile the circuit with --precision f64" "$ctx" run $smooth --precision f32 --tolerance 1e-9
expect 2 "did you mean 'dopri'" "$ctx" run $smooth --method dopry
expect 2 "steps are not shortened with --checkpoint and --resume" "$ctx" run $stiff --dt 1ms --checkpoint state --out none.npy
rm -f state
# nothing helps: r' = r^2 from a start above 0 leaves every range
sed 's/1 + input - r \* r/1 + input + r * r/' smooth.ctx > bursts.ctx
expect 2 "^ctx run bursts.ctx: in steps of .* the largest local error is still inf (p \[a = [0-6]\]), more than the tolerance of 1e-06$" \
    "$ctx" run bursts.ctx --mode dynamic --method dopri --cycle 20ms --dt 10ms --x random --out y=none.npy --record p=none2.npy

# An executable has its step: it says which one would do, and that one does.
"$ctx" build stiff.ctx --mode dynamic --method dopri --cycle 20ms --dt 0.1ms --precision f64 -o coarse || complain "no executable"
same="--size token=4 --x random"
expect 2 "^./coarse: in steps of 0.1 ms the largest local error is [0-9.e+-]* (fast \[a = [0-4]\]), more than the tolerance of 1e-06$" ./coarse $same --out none.npy
dt=$(sed -n 's/^help: compile it with --dt \([0-9.]*ms\), .*ctx run finds the step by itself$/\1/p' stderr)
"$ctx" build stiff.ctx --mode dynamic --method dopri --cycle 20ms --dt "${dt:-none}" --precision f64 -o fine || complain "no executable for steps of $dt"
expect 0 "largest local error [0-9.e-]* of 1e-06$" ./fine $same --verbose
expect 0 "of the method dopri, the largest local error" ./fine --help
./fine --help | grep -q 'error *\[' && complain "the gauge is a result"
# A library has its step too, and says what came of it.
cat > call.c <<'X2'
#include <stdio.h>
#include "libsmooth.h"
int main(void) {
    smooth_config *config = smooth_config_new();
    smooth_plan *plan = smooth_plan_new(config);
    double x[7] = {0.1, 0.5, -0.2, 0, 1, -0.5, 0.9}, y[7], off[7];
    if (!plan || smooth_local_error(plan) != 0 || smooth_call(plan, x, y, off) != 0) return 1;
    printf("%.2g\n", smooth_local_error(plan));
    smooth_plan_free(plan);
    smooth_config_free(config);
    return 0;
}
X2
"$ctx" build smooth.ctx --mode dynamic --method dopri --cycle 20ms --dt 10ms --precision f64 --emit=shared -o libsmooth.so || complain "no library"
# shellcheck disable=SC2086 # flags
cc -I. -o call call.c -L. -lsmooth -Wl,-rpath,"$PWD" ${CTX_TEST_LINK:-} && ./call > out || complain "the library fails"
grep -q '^0\.0[0-9]*$' out || complain "local error of the library: $(cat out)"
"$ctx" build smooth.ctx --mode dynamic --method rk4 --emit=header -o - | grep -q local_error && complain "rk4: a local error in the header"
"$ctx" explain smooth.ctx --mode dynamic --method dopri > out || complain "explain: exit status $?"
grep -q 'p  *-  dopri  *asked for' out && grep -q 'beyond --tolerance (1e-6), ctx run' out || complain "explain: $(grep -A9 Integration out)"
"$ctx" explain smooth.ctx --mode dynamic --method rk4 | grep -q tolerance && complain "explain: rk4 has no tolerance"
[ "$failed" -eq 0 ]
