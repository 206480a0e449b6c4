#!/bin/sh
# A certificate holds on another run, for a renamed and for a reformatted file; it is invalid for another program, and when one of its
# numbers is changed. $1: build folder, $2: scratch folder.
set -u
build=$1
scratch=$2
bad=0
source=examples/08-softmax.ctx
"$build/ctx" check --exact $source --certificate "$scratch/proof.json" > /dev/null || { echo "no certificate"; exit 1; }

verify() { # expected status, what, certificate, file
    "$build/ctx" verify "$3" "$4" > "$scratch/said" 2>&1
    status=$?
    if [ $status -ne "$1" ]; then
        echo "$2: exit status $status, expected $1"
        cat "$scratch/said"
        bad=1
    fi
}
verify 0 "the same file" "$scratch/proof.json" $source
sed 's/\bscore\b/attention/g; s/\bmask\b/veil/g; s/#.*//' $source > "$scratch/renamed.ctx"
cmp -s $source "$scratch/renamed.ctx" && { echo "nothing was renamed"; bad=1; }
verify 0 "populations renamed" "$scratch/proof.json" "$scratch/renamed.ctx"
tr '\n' ' ' < "$scratch/renamed.ctx" > "$scratch/oneline.ctx"
verify 0 "on one line" "$scratch/proof.json" "$scratch/oneline.ctx"

# every number of the program's meaning
count=0
for script in 's/512/513/' 's/<=/</' 's/exp(/exp(2 * /' 's/token <= now/token < now/' 's/sqrt(a)/sqrt(2 * a)/'; do
    sed "$script" $source > "$scratch/other.ctx"
    cmp -s $source "$scratch/other.ctx" && continue
    "$build/ctx" build --emit ir "$scratch/other.ctx" -o - > /dev/null 2>&1 || continue
    count=$((count + 1))
    verify 1 "another program ($script)" "$scratch/proof.json" "$scratch/other.ctx"
done
[ $count -ge 2 ] || { echo "only $count other programs"; bad=1; }

# every line of the certificate that holds a number, one digit changed
line=0
changed=0
while IFS= read -r text; do
    line=$((line + 1))
    case $text in *[0-9]*) ;; *) continue ;; esac
    sed "${line}s/\\([0-9]\\)\\([^0-9]*\\)\$/x\\1\\2/; ${line}y/0123456789/1234567890/; ${line}s/x//" "$scratch/proof.json" > "$scratch/forged.json"
    changed=$((changed + 1))
    "$build/ctx" verify "$scratch/forged.json" $source > "$scratch/said" 2>&1
    status=$?
    [ $status -eq 1 ] || [ $status -eq 2 ] || { echo "line $line changed: exit status $status"; bad=1; }
    [ $changed -lt 40 ] || break
done < "$scratch/proof.json"
[ $changed -ge 20 ] || { echo "only $changed lines changed"; bad=1; }

# what is no certificate
echo '{}' > "$scratch/empty.json"
verify 2 "no certificate" "$scratch/empty.json" $source
verify 2 "no JSON" $source $source
verify 2 "no file" "$scratch/none.json" $source
exit $bad
