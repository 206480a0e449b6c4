#!/bin/sh
# A certificate holds on another run, for a renamed and for a reformatted file; it is invalid for another program, and when a byte of it
# is changed. $1: build folder, $2: scratch folder.
set -u
build=$1
scratch=$2
bad=0
source=$scratch/source.ctx
sed 's/#.*//' examples/08-softmax.ctx > "$source" # with a check that integrates: it is compared by values, and no certificate is about it
"$build/ctx" check --exact "$source" --certificate "$scratch/proof.json" > /dev/null || { echo "no certificate"; exit 1; }

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
grep -q "valid: 1 check is equal as real functions; 1 of the file, in time, is compared by values" "$scratch/said" || { cat "$scratch/said"; bad=1; }
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

# every digit of a certificate, and every seventh of the other bytes that are not blank, of a program that has all kinds of numbers
cat > "$scratch/small.ctx" <<'CTX'
use std.neurons;
axis token <= 2;
axis d = 2;
stimulus x[token, d];
weight gain[d] ~ 1;
cycle now over token;
population now_cell[d] : relay <- x[token as now];
population trace[d] : memory(leak = 0.75);
now_cell -> trace.basal : gain[d];
now_cell -> trace.apical;
output y = trace;
check sums: y[now, d] * 2 == factor * gain[d] * (sum(token where token <= now) 0.75 ^ (now - token) * x[token, d] ^ 2) for some factor;
CTX
"$build/ctx" check --exact "$scratch/small.ctx" --certificate "$scratch/small.json" > "$scratch/said" || { cat "$scratch/said"; bad=1; }
verify 0 "the small file" "$scratch/small.json" "$scratch/small.ctx"
awk '{
    for (i = 1; i <= length($0); i++) {
        byte = substr($0, i, 1)
        if (byte ~ /[0-9]/) print start + i - 1, (byte + 1) % 10
        else if (byte != " " && ++other % 7 == 0) print start + i - 1, byte == "z" ? "y" : "z"
    }
    start += length($0) + 1
}' "$scratch/small.json" > "$scratch/bytes"
changed=0
while read -r offset byte; do
    cp "$scratch/small.json" "$scratch/forged.json"
    printf '%s' "$byte" | dd of="$scratch/forged.json" bs=1 seek="$offset" conv=notrunc 2> /dev/null
    changed=$((changed + 1))
    "$build/ctx" verify "$scratch/forged.json" "$scratch/small.ctx" > "$scratch/said" 2>&1
    status=$?
    [ $status -eq 1 ] || [ $status -eq 2 ] || { echo "byte $offset changed to $byte: exit status $status"; bad=1; }
done < "$scratch/bytes"
[ $changed -ge 200 ] || { echo "only $changed bytes changed"; bad=1; }

# what only people read is no part of the program: names, blanks, comments, how weights are drawn
"$build/ctx" fmt "$scratch/small.ctx" > "$scratch/other.ctx"
verify 0 "in canonical form" "$scratch/small.json" "$scratch/other.ctx"
sed 's/token/time/g; s/trace/echo_cell/g; s/factor/g/g; s/gain/weights/g; s/sums/total/; s/~ 1/~ 0.5/; s/^/  /; s/$/ # more/' "$scratch/small.ctx" \
    > "$scratch/other.ctx"
verify 0 "everything renamed" "$scratch/small.json" "$scratch/other.ctx"

# and everything else is
while IFS= read -r script; do
    sed "$script" "$scratch/small.ctx" > "$scratch/other.ctx"
    cmp -s "$scratch/small.ctx" "$scratch/other.ctx" && { echo "$script changes nothing"; bad=1; }
    verify 1 "another program ($script)" "$scratch/small.json" "$scratch/other.ctx"
done <<'SCRIPTS'
s/<= 2;/<= 3;/
s/d = 2;/d = 3;/
s/leak = 0.75/leak = 0.750000001/
s/0.75 ^/0.5 ^/
s/where token <= now/where token < now/
s/y\[now, d\] \* 2/y[now, d] * 2.0001/
s/x\[token, d\] ^ 2/x[token, d] ^ 3/
s/== factor \* gain\[d\] \*/== gain[d] */; s/ for some factor//
s/== factor \* gain/== gain/; s/y\[now, d\] \* 2/factor * y[now, d] * 2/
s/ for some factor/& within 1/
s/basal : gain\[d\]/basal/
s/now_cell -> trace.apical;/now_cell -> trace.apical : 1.5;/
SCRIPTS

# what is no certificate
echo '{}' > "$scratch/empty.json"
verify 2 "no certificate" "$scratch/empty.json" $source
verify 2 "no JSON" $source $source
verify 2 "no file" "$scratch/none.json" $source
exit $bad
