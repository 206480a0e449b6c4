#!/bin/sh
# The whole message of each tests/golden/**/*.ctx is compared with the .txt beside it: what `ctx check FILE` prints and its exit
# status. A first line `# run: ctx fmt FILE` names another command. Every error code of errors.def must occur in one of them.
# $1: build folder, $2: scratch folder, $3: --update shows what changed and accepts it.
set -u
build=$1
scratch=$2
update=${3:-}
mkdir -p "$scratch"
failed=0
count=0
for file in $(find tests/golden -name '*.ctx' | LC_ALL=C sort); do
    count=$((count + 1))
    want=${file%.ctx}.txt
    command=$(LC_ALL=C sed -n '1s/^# run: ctx //p' "$file")
    [ -n "$command" ] || command="check FILE"
    # shellcheck disable=SC2046,SC2086 # the command is a list of words
    timeout 60 "$build/ctx" $(echo "$command" | sed "s|FILE|$file|g") > "$scratch/got" 2>&1 < /dev/null
    echo "exit $?" >> "$scratch/got"
    [ -f "$want" ] || : > "$scratch/none"
    if ! diff -u "$([ -f "$want" ] && echo "$want" || echo "$scratch/none")" "$scratch/got" > "$scratch/diff"; then
        cat "$scratch/diff"
        if [ "$update" = --update ]; then
            cp "$scratch/got" "$want"
        else
            echo "$file: the message is not that of $want (make golden-update accepts it)"
            failed=$((failed + 1))
        fi
    fi
done
[ "$count" -ge 50 ] || { echo "only $count golden files found"; exit 1; }

missing=0
for code in $(sed -n 's/^ERROR(\([0-9]*\),.*/\1/p' compiler/diag/errors.def); do
    code=$(printf 'E%04d' "$code")
    grep -rqF --include='*.txt' "[$code]" tests/golden || { echo "no golden test shows $code"; missing=$((missing + 1)); }
done
echo "$count golden files, $failed differ; $missing codes without one"
[ "$failed" -eq 0 ] && [ "$missing" -eq 0 ]
