#!/bin/sh
# What bad input gets: exit status 2, a message that names the matter, no crash and no output file.
# $1: build folder, $2: scratch folder.
set -u
build=$1
scratch=$2
mkdir -p "$scratch"
failed=0

# expect NAME PATTERN FILE: `ctx build` of FILE ends with 2, prints PATTERN on standard error, nothing on standard output.
expect() {
    rm -f "$scratch/prog"
    timeout 20 "$build/ctx" build "$3" -o "$scratch/prog" > "$scratch/out" 2> "$scratch/err"
    status=$?
    if [ $status -ne 2 ]; then
        echo "$1: exit status $status, expected 2"
    elif ! grep -q -e "$2" "$scratch/err"; then
        echo "$1: the message does not hold \"$2\""
    elif [ -e "$scratch/prog" ] || [ -s "$scratch/out" ]; then
        echo "$1: left some output"
    else
        return
    fi
    failed=$((failed + 1))
    head -c 2000 "$scratch/err"
}
# source NAME PATTERN, the program on standard input
source() {
    cat > "$scratch/bad.ctx"
    expect "$1" "$2" "$scratch/bad.ctx"
}

# ---- files ------------------------------------------------------------------------------------------------------------------
expect "missing file" "nothing.ctx" "$scratch/nothing.ctx"
mkdir -p "$scratch/folder.ctx"
expect "a directory" "folder.ctx" "$scratch/folder.ctx"
: > "$scratch/empty.ctx"
expect "empty file" "empty.ctx" "$scratch/empty.ctx"
head -c 4096 "$build/ctx" > "$scratch/noise.ctx"
expect "binary noise" "E01" "$scratch/noise.ctx"
printf 'axis a = 3;\n# caf\351\n' > "$scratch/latin.ctx"
expect "invalid UTF-8" "E0101" "$scratch/latin.ctx"
awk 'BEGIN { printf "axis a = 1"; for (i = 0; i < 1000000; i++) printf "+ 11111111"; print }' > "$scratch/long.ctx"
expect "10 MB on one line" "error" "$scratch/long.ctx"
awk 'BEGIN { printf "axis a = "; for (i = 0; i < 10000; i++) printf "("; printf "1"; for (i = 0; i < 10000; i++) printf ")"; print ";" }' \
    > "$scratch/nested.ctx"
expect "10,000 brackets" "error" "$scratch/nested.ctx"
awk 'BEGIN { for (i = 0; i < 10000; i++) printf "area A {" }' > "$scratch/braces.ctx"
expect "10,000 braces" "error" "$scratch/braces.ctx"

# ---- names ------------------------------------------------------------------------------------------------------------------
source "unknown axis" "did you mean .token" <<'X'
axis token = 4;
stimulus x[tokne];
output y = x;
X
source "unknown population" "did you mean" <<'X'
use std.neurons;
axis a = 4;
stimulus x[a];
population first[a] : relay;
x -> frist;
output y = first;
X
source "unknown type" "pyramidal" <<'X'
use std.neurons;
axis a = 4;
population p[a] : pyramidl;
output y = p;
X
source "unknown compartment" "apical" <<'X'
use std.neurons;
axis a = 4;
stimulus x[a];
population p[a] : pyramidal;
x -> p.basal;
x -> p.apicl;
output y = p;
X
source "duplicate name" "declared already" <<'X'
axis a = 4;
stimulus a[a];
X
source "unknown module" "std.nothing" <<'X'
use std.nothing;
X
source "unknown unit" "ns2" <<'X'
use std.neurons;
neuron n { compartment i; parameter tau = 3 ns2; rate r; tau * r' = -r + i; }
axis a = 2;
stimulus x[a];
population p[a] : n <- x;
output y = p;
X

# ---- sizes ------------------------------------------------------------------------------------------------------------------
source "axis of size 0" "axis" <<'X'
axis a = 0;
stimulus x[a];
output y = x;
X
source "axis of size 2^40" "axis" <<'X'
axis a = 2 ^ 40;
stimulus x[a];
output y = x;
X
source "negative size" "axis" <<'X'
axis a = -3;
X
source "fractional size" "integer" <<'X'
axis a = 7 / 2;
X
source "overflow in a size" "error" <<'X'
axis a = 99999999999999999999 * 99999999999999999999;
X
source "overflow of a tensor" "error" <<'X'
use std.neurons;
axis a = 2000000000;
axis b = 2000000000;
axis c = 2000000000;
stimulus x[a, b, c];
population p[a, b, c] : relay <- x;
output y = p;
X
source "a constraint that does not hold" "12" <<'X'
use std.neurons;
axis d = 12;
axis head = 4;
axis a = 4;
template split(axis d, axis head, axis a; x[d]) -> out[d] {
  axis d = head * a;
  population out[d] : relay <- x;
}
stimulus x[d];
s = split(d, head, a; x);
output y = s.out;
X

# ---- circles ----------------------------------------------------------------------------------------------------------------
source "recursive template" "recurs\|itself" <<'X'
use std.neurons;
axis d = 3;
template turtle(axis d; u[d]) -> out[d] {
  below = turtle(d; u);
  population out[d] : relay <- below.out;
}
stimulus x[d];
t = turtle(d; x);
output y = t.out;
X
source "recursive spec" "recurs\|itself" <<'X'
spec f(x) -> y { y = f(x); }
axis d = 3;
stimulus x[d];
output y[d] = f(x[d]);
X
printf 'use circle_b;\naxis a = 2;\nstimulus x[a];\noutput y = x;\n' > "$scratch/circle_a.ctx"
printf 'use circle_a;\n' > "$scratch/circle_b.ctx"
expect "use circle" "uses itself" "$scratch/circle_a.ctx"
source "loop within one cycle" "r.*->" <<'X'
use std.neurons;
axis u = 4;
axis pre = u;
stimulus x[u];
population r[u] : relay;
x -> r;
r[u as pre] -> r : dense W[u, pre];
output y = r;
X
source "axis defined by itself" "error" <<'X'
axis a = b;
axis b = a;
X

# ---- wiring and units ---------------------------------------------------------------------------------------------------------
source "axis only in the weight" "E0305" <<'X'
use std.neurons;
axis a = 2;
axis b = 3;
axis c = 4;
stimulus x[a];
population p[b] : relay;
x -> p : dense W[b, a, c];
output y = p;
X
source "drive with other axes" "axes" <<'X'
use std.neurons;
axis a = 2;
axis b = 3;
stimulus x[a, b];
population p[a] : relay <- x;
output y = p;
X
source "repeated axis in a weight" "twice\|repeated" <<'X'
use std.neurons;
axis a = 2;
stimulus x[a];
population p[a] : relay;
x -> p : dense W[a, a];
output y = p;
X
source "untargeted compartment" "apical" <<'X'
use std.neurons;
axis a = 2;
stimulus x[a];
population p[a] : pyramidal;
x -> p.basal;
output y = p;
X
source "guard over an absent axis" "guard\|where" <<'X'
use std.neurons;
axis a = 2;
axis t = 3;
stimulus x[a];
population p[a] : relay;
x -> p where t <= 1;
output y = p;
X
source "guard that is no comparison" "guard\|compar" <<'X'
use std.neurons;
axis a = 2;
stimulus x[a];
population p[a] : relay;
x -> p where a * a;
output y = p;
X
source "two cycle axes in one population" "cycle" <<'X'
use std.neurons;
axis s = 2;
axis t = 3;
stimulus x[s], y[t];
cycle one over s;
cycle two over t;
population p : relay;
x[s as one] -> p;
y[t as two] -> p;
output z = p;
X
source "unit mismatch" "s\b" <<'X'
neuron n {
  compartment i;
  parameter tau = 10 mV;
  rate r;
  tau * r' = -r + i + 3 ms;
}
axis a = 2;
stimulus x[a];
population p[a] : n <- x;
output y = p;
X
source "check of different axes" "axes\|axis" <<'X'
axis a = 2;
axis b = 3;
stimulus x[a], y[b];
output z = x;
check x == y;
X
source "spec with transposed weight" "W_O\|axes\|axis" <<'X'
use std.specs;
axis t = 2;
axis d = 3;
axis h = 2;
axis a = 2;
stimulus x[t, d];
weight W_Q[h, a, d], W_K[h, a, d], W_V[h, a, d], W_O[h, d, a];
output y = multihead_linear_attention(x, W_Q, W_K, W_V, W_O);
X
source "state without a cycle" "cycle" <<'X'
use std.neurons;
axis a = 2;
stimulus x[a];
population p[a] : accumulator <- x;
output y = p;
X
source "missing semicolon, then an unknown name" "E0102" <<'X'
axis a = 2
stimulus x[a];
output y = zzz;
X

# ---- processors ---------------------------------------------------------------------------------------------------------------
for name in nonsense pentium; do
    timeout 20 "$build/ctx" run examples/01-microcolumn.ctx --k random --q random --v random --cpu "$name" > "$scratch/out" 2> "$scratch/err"
    status=$?
    [ $status -eq 2 ] && [ ! -s "$scratch/out" ] && [ "$(head -n 1 "$scratch/err")" = "ctx: LLVM knows no processor '$name' that runs code of this machine's kind" ] && continue
    echo "--cpu $name: exit status $status, $(head -c 1000 "$scratch/err")"
    failed=$((failed + 1))
done

# ---- the source in an output's place ------------------------------------------------------------------------------------------
cp examples/01-microcolumn.ctx "$scratch/kept.ctx"
cp examples/01-microcolumn.ctx "$scratch/kept"
for arguments in "build kept.ctx -o kept.ctx" "build kept" "build kept.ctx --emit=llvm -o ./kept.ctx" "check kept.ctx --certificate kept.ctx"; do
    ctx=$PWD/$build/ctx
    # shellcheck disable=SC2086
    (cd "$scratch" && "$ctx" $arguments) > "$scratch/out" 2> "$scratch/err"
    [ $? -eq 2 ] && grep -q "replace what the circuit is read from" "$scratch/err" && continue
    echo "$arguments: $(cat "$scratch/err")"
    failed=$((failed + 1))
done
cmp -s examples/01-microcolumn.ctx "$scratch/kept.ctx" && cmp -s examples/01-microcolumn.ctx "$scratch/kept" || { echo "the source is gone"; failed=$((failed + 1)); }
[ "$failed" -eq 0 ]
