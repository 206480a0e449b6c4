# A sequence of any length in constant memory: the memory circuit, presented one and ten simulated minutes of tokens, holds the same
# number of kilobytes of its own (within 1 %), and what it says of the first minute is the same. $1: build folder, $2: scratch folder.
set -eu
build=$1
work=$2
mkdir -p "$work"
gcc -O1 -o "$work/peak" tests/tools/peak.c
"$build/ctx" build examples/05-memory.ctx --mode dynamic --cycle 20ms --dt 1ms --set token=40000 -o "$work/memory"
run() { # tokens, file
    "$work/peak" "$work/memory" --x random --size token="$1" --out "$2" --quiet --threads 1
}
one=$(run 3000 "$work/one.npy")
ten=$(run 30000 "$work/ten.npy")
echo "1 min: $one kB, 10 min: $ten kB"
awk -v a="$one" -v b="$ten" 'BEGIN { exit !(a > 0 && b < 1.01 * a && b > 0.99 * a) }' || { echo "memory grows with the length"; exit 1; }
bytes=$((3000 * 32 * 4)) # of the first minute, behind headers of equal length
tail -c $bytes "$work/one.npy" > "$work/first"
head -c $((128 + bytes)) "$work/ten.npy" | tail -c $bytes | cmp - "$work/first"
