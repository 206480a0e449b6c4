#!/bin/sh
# Mutants of every check that holds, in examples and library tests: tests/exact/README.md. $1: build folder, $2: scratch folder.
# Without CTX_LONG=1 only programs of a few milliseconds a mutant.
set -u
build=$1
scratch=$2
mkdir -p "$scratch"
fail() {
    echo "$*"
    exit 1
}
quick="01-microcolumn 02-head 04-causal 06-mask-equals-memory 08-softmax 10-delta-rule own_memory own_cross"
for file in examples/*.ctx tests/numeric/library/*.ctx; do
    name=$(basename "$file" .ctx)
    case $name in 03-* | 11-* | 17-*) continue ;; esac # 03, 11: the circuits of 02 and 09 at sizes that take minutes here; 17 has no identity
    case " $quick ${CTX_LONG:+$name} " in *" $name "*) ;; *) continue ;; esac
    "$build/ctx" build --emit ir "$file" -o "$scratch/$name.ir" || exit 1
done
"$build/mutate" tests/exact/equal_mutants.txt "$scratch"/*.ir || fail "mutants that nothing explains"

# The suite can fail: without the reasons, and with one too many.
"$build/mutate" /dev/null "$scratch/own_cross.ir" > "$scratch/out" && fail "equal mutants pass without a reason"
grep -q "^unexplained: own_cross" "$scratch/out" || fail "an equal mutant is not named"
echo "own_cross | check 1 | squared | cross.k | 1 | wrong" > "$scratch/list"
grep own_cross tests/exact/equal_mutants.txt >> "$scratch/list"
"$build/mutate" "$scratch/list" "$scratch/own_cross.ir" > "$scratch/out" && fail "a stale reason passes"
grep -q "^stale: own_cross" "$scratch/out" || fail "a stale reason is not named"
