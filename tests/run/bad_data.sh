#!/bin/sh
# What bad data gets from an executable: exit status 2 (3 for a full disk), a message that names the matter, no output file.
# $1: build folder, $2: scratch folder. Truncation at every byte and lying headers: tests/unit/npy.c, safetensors.c.
set -u
build=$1
scratch=$2
mkdir -p "$scratch"
failed=0
cat > "$scratch/small.ctx" <<'X'
use std.neurons;
axis token <= 6;
axis d = 4;
axis c = 3;
stimulus x[token, d], bias_in[token, c];
population p[token, c] : relay;
x -> p : dense W[c, d] from "layer.weight";
bias_in -> p;
output y = p;
X
"$build/ctx" build "$scratch/small.ctx" -o "$scratch/small" || exit 1

# expect STATUS NAME PATTERN ARGUMENTS...: the run ends so and leaves no output.
expect() {
    status=$1 name=$2 pattern=$3
    shift 3
    rm -f "$scratch/out.npy"
    timeout 20 "$scratch/small" "$@" > "$scratch/stdout" 2> "$scratch/stderr"
    came=$?
    if [ $came -ne "$status" ]; then
        echo "$name: exit status $came, expected $status"
    elif ! grep -q -e "$pattern" "$scratch/stderr"; then
        echo "$name: the message does not hold \"$pattern\""
    elif [ -e "$scratch/out.npy" ] || [ -s "$scratch/stdout" ] || ls "$scratch" | grep -q '\.part-'; then
        echo "$name: left some output"
    else
        return
    fi
    failed=$((failed + 1))
    head -c 1000 "$scratch/stderr"
}

# npy FILE DESCR ORDER SHAPE [printf data]: a version 1 file; the data are given as printf escapes
npy() {
    text="{'descr': '$2', 'fortran_order': $3, 'shape': $4, }"
    text=$(printf '%-117s' "$text")
    { printf '\223NUMPY\001\000\166\000%s\n' "$text"; printf "$5"; } > "$1"
}
zeros() { i=0; while [ $i -lt "$1" ]; do printf '\\000'; i=$((i + 1)); done; }
# safetensors FILE HEADER DATA: the header has fewer than 256 characters
safetensors() {
    { printf "\\$(printf '%03o' ${#2})\\000\\000\\000\\000\\000\\000\\000%s" "$2"; printf "$3"; } > "$1"
}
x=$scratch/x.npy b=$scratch/b.npy w=$scratch/w.safetensors out=$scratch/out.npy
npy "$x" '<f4' False '(2, 4)' "$(zeros 32)"
npy "$b" '<f4' False '(2, 3)' "$(zeros 24)"
safetensors "$w" '{"layer.weight":{"dtype":"F32","shape":[3,4],"data_offsets":[0,48]}}' "$(zeros 48)"
good="--x $x --bias_in $b --weights $w"
"$scratch/small" $good --out "$out" || { echo "good data were refused"; exit 1; }
head -c 128 "$out" | grep -a -q "'shape': (2, 3)" || { echo "wrong shape of the output"; exit 1; }

# ---- stimuli --------------------------------------------------------------------------------------------------------------------
bad=$scratch/bad.npy
try() { # NAME PATTERN: bad.npy as x
    expect 2 "$1" "$2" --x "$bad" --bias_in "$b" --weights "$w" --out "$out"
}
expect 2 "missing file" "none.npy: cannot be read" --x "$scratch/none.npy" --bias_in "$b" --weights "$w" --out "$out"
expect 2 "a directory" "is a directory" --x "$scratch" --bias_in "$b" --weights "$w" --out "$out"
expect 2 "a missing stimulus" "bias_in is missing.*\[token <= 6, c = 3\]" --x "$x" --weights "$w" --out "$out"
: > "$bad"; try "empty file" "empty"
head -c 3000 "$build/ctx" > "$bad"; try "binary noise" "not a .npy file"
head -c 159 "$x" > "$bad"; try "truncated data" "truncated: shape \[2, 4\] needs 32 bytes of data, the file holds 31"
head -c 60 "$x" > "$bad"; try "truncated header" "truncated"
{ cat "$x"; printf 'x'; } > "$bad"; try "trailing bytes" "1 bytes follow"
npy "$bad" '>f4' False '(2, 4)' "$(zeros 32)"; try "big-endian" "big-endian"
npy "$bad" '<f2' False '(2, 4)' "$(zeros 16)"; try "wrong dtype" "dtype '<f2'"
npy "$bad" '|b1' False '(2, 4)' "$(zeros 8)"; try "booleans" "dtype '|b1'"
npy "$bad" '<f4' False '(4, 2)' "$(zeros 32)"; try "wrong order of axes" "expected \[token <= 6, d = 4\], came shape \[4, 2\]"
npy "$bad" '<f4' False '(8,)' "$(zeros 32)"; try "too few dimensions" "too few dimensions"
npy "$bad" '<f4' False '(0, 4)' ""; try "no tokens" "axis token is empty"
npy "$bad" '<f4' False '(7, 4)' "$(zeros 112)"; try "above the bound" "at most 6, not 7"
npy "$bad" '<f4' False '(3, 4)' "$(zeros 48)"; try "stimuli that disagree" "axis token is . in stimulus"
npy "$bad" '<f4' False '(4611686018427387904, 4)' "$(zeros 32)"; try "a shape that overflows" "too large"
npy "$bad" '<f4' False '(2, 4)' "$(zeros 24)\\000\\000\\300\\177$(zeros 4)"; try "NaN" "\[1, 2\] is NaN"
npy "$bad" '<f4' True '(2, 4)' "$(zeros 24)\\000\\000\\200\\377$(zeros 4)"; try "Inf in Fortran order" "\[0, 3\] is infinite"
npy "$bad" '<i4' False '(2, 4)' "\\001\\000\\000\\001$(zeros 28)"; try "an inexact integer" "\[0, 0\] is an integer"

# ---- weights --------------------------------------------------------------------------------------------------------------------
bad=$scratch/bad.safetensors
try() { expect 2 "$1" "$2" --x "$x" --bias_in "$b" --weights "$bad" --out "$out"; }
expect 2 "no weights" "give --weights FILE.safetensors with tensor \"layer.weight\"" --x "$x" --bias_in "$b" --out "$out"
expect 2 "an .npy file as weights" "not a .safetensors file" --x "$x" --bias_in "$b" --weights "$x" --out "$out"
head -c 100 "$w" > "$bad"; try "truncated weights" "truncated"
safetensors "$bad" '{"layer.weights":{"dtype":"F32","shape":[3,4],"data_offsets":[0,48]}}' "$(zeros 48)"
try "missing tensor" "no tensor \"layer.weight\"; did you mean \"layer.weights\""
safetensors "$bad" '{"layer.weight":{"dtype":"F32","shape":[4,3],"data_offsets":[0,48]}}' "$(zeros 48)"
try "a transposed tensor" "expected \[c = 3, d = 4\].*came shape \[4, 3\].*transposed"
safetensors "$bad" '{"layer.weight":{"dtype":"I32","shape":[3,4],"data_offsets":[0,48]}}' "$(zeros 48)"
try "integers" "dtype I32"
safetensors "$bad" '{"layer.weight":{"dtype":"F32","shape":[3,4],"data_offsets":[0,44]}}' "$(zeros 44)"
try "offsets that lie" "needs 48 bytes, its offsets hold 44"
safetensors "$bad" '{"layer.weight":{"dtype":"F32","shape":[3,4],"data_offsets":[0,48]}}' "$(zeros 44)\\000\\000\\300\\177"
try "NaN in a weight" "\"layer.weight\": the element at \[2, 3\] is NaN"
expect 2 "an unknown weight" "unknown option '--V'" --x "$x" --bias_in "$b" --V "$x" --out "$out"

# What is read by its number has to be there.
cp "$scratch/small" "$scratch/whole"
sed 's/^output y = p;/output y[c] = p[token = 4, c] + p[token = 0, c];/' "$scratch/small.ctx" > "$scratch/fifth.ctx"
"$build/ctx" build "$scratch/fifth.ctx" -o "$scratch/small" || failed=$((failed + 1))
expect 2 "a point that is not there" "axis token is at least 5" --x "$x" --bias_in "$b" --weights "$w" --out "$out"
expect 2 "a point that is not there, by --size" "axis token takes 5 to 6, not 3" --x random --bias_in random --size token=3 --weights "$w" --out "$out"
mv "$scratch/whole" "$scratch/small"

# ---- results --------------------------------------------------------------------------------------------------------------------
expect 3 "a full disk" "No space left" $good --out /dev/full
expect 2 "a folder that is not there" "cannot be written" $good --out "$scratch/none/out.npy"
expect 2 "an output in an input's place" "replace what x is read from" --x "$x" --bias_in "$b" --weights "$w" --out "$scratch/../${scratch##*/}/x.npy"
expect 2 "an output in the weights' place" "replace what --weights is read from" $good --out "$w"
head -c 128 "$x" | grep -a -q "'shape': (2, 4)" || { echo "the stimulus is gone"; failed=$((failed + 1)); }
expect 2 "an output that is none" "no output 'z'" $good --out "z=$out"
expect 2 "output is a directory" "is a directory" $good --out "$scratch"
timeout 20 "$scratch/small" $good > /dev/full 2> "$scratch/stderr"
[ $? -eq 3 ] || { echo "full standard output: wrong exit status"; failed=$((failed + 1)); }
if [ "$(id -u)" -ne 0 ]; then
    mkdir -p "$scratch/closed"
    chmod a-w "$scratch/closed"
    expect 2 "a folder without permission" "Permission denied" $good --out "$scratch/closed/out.npy"
    chmod u+w "$scratch/closed"
fi

# An interrupt during a long run: no output, the signal's status.
"$scratch/small" $good --repeat 1000000000 --out "$out" > "$scratch/stdout" 2>&1 &
child=$!
sleep 0.3
kill -TERM $child
wait $child
[ $? -eq 143 ] || { echo "interrupt: wrong exit status"; failed=$((failed + 1)); }
[ -e "$scratch/stdout" ] && [ ! -s "$scratch/stdout" ] || { echo "interrupt: left some output"; failed=$((failed + 1)); }
[ "$failed" -eq 0 ]
