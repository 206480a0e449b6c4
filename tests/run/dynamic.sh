#!/bin/sh
# Runs of compiled circuits in time: recorded, interrupted and resumed, drawn; what bad calls get. $1: build folder, $2: scratch
# folder. Kills and threads: resume.sh. The same of a program written by hand, in all cases: tests/unit/sim*.c.
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
cat > stream.ctx <<'X2'
use std.neurons;
axis token <= 100000000;
axis a = 8;
axis c = 16;
stimulus q[token, a], v[token, c];
cycle now over token;
thalamus {
  nucleus core[a] : relay <- q[token as now];
  nucleus current[c] : relay <- v[token as now];
  nucleus out[c] : relay;
}
area V {
  population mask[a] : pyramidal;
  population value[c] : pyramidal;
  core -> mask.apical;
  core -> mask.basal;
  current -> value.basal;
  mask -> value.apical;
}
V.value -> out;
output y = out;
X2
for dt in 0.1 0.2; do
    "$ctx" build stream.ctx --mode dynamic --dt ${dt}ms --cycle 20ms --record V.value,V.mask -o stream$dt || exit 1
done
# launch NAME ARGUMENTS...: 20,000 cycles, 400 simulated seconds; the process becomes the run
launch() {
    name=$1
    shift
    exec ./stream0.1 --q random --v normal --size token=20000 --out "$name.npy" --record 'V.value[0:2],V.mask[a=3]' --interval 10ms \
        --traces "$name.safetensors" "$@"
}
run() { (launch "$@"); }

run whole --threads 1 2> log || complain "the run failed: $(cat log)"
grep -q '^recording V.value\[0:2\] and 1 more, 40000 samples every 10 ms: 480 kB into whole.safetensors$' log || complain "not said before: $(cat log)"
[ "$(wc -c < whole.npy)" -eq 1280128 ] || complain "y has $(wc -c < whole.npy) bytes"

# interrupted on two threads, resumed on one
launch other --threads 2 --checkpoint run.ck --every 5s 2> log &
child=$!
sleep 0.15
kill -TERM $child 2> /dev/null
wait $child
resume=
[ -e run.ck ] && resume="--resume run.ck"
run other --threads 1 --quiet --checkpoint run.ck --every 5s $resume || complain "not resumed: $(cat log)"
cmp -s whole.npy other.npy && cmp -s whole.safetensors other.safetensors || complain "resumed: another result"

# expect STATUS PATTERN COMMAND...: it ends so, says so and leaves no file that begins with none
expect() {
    status=$1 pattern=$2
    shift 2
    "$@" > stdout 2> stderr
    came=$?
    [ $came -eq "$status" ] || complain "$*: exit status $came, expected $status: $(cat stderr)"
    grep -q -e "$pattern" stderr || complain "$*: the message does not hold \"$pattern\": $(cat stderr)"
    ls none* > /dev/null 2>&1 && complain "$*: left a file"
}
same="--q random --v normal --size token=20000 --record V.value[0:2],V.mask[a=3] --interval 10ms --traces none.safetensors --out none.npy"
expect 2 "its step was 0.1 ms, this program's is 0.2 ms" ./stream0.2 $same --resume run.ck
expect 2 "its seed was another one" ./stream0.1 $same --resume run.ck --seed 2
expect 2 "compiled with 0.1 ms; compile it again with --dt 0.3ms" ./stream0.1 $same --dt 0.3ms
expect 2 "compile the circuit again with --mode settled" ./stream0.1 $same --mode settled
expect 2 "unit of time" ./stream0.1 $same --every 1mV
head -c 300 run.ck > cut.ck
expect 2 "truncated: it has 300 of" ./stream0.1 $same --resume cut.ck
expect 2 "not a checkpoint" ./stream0.1 $same --resume stream.ctx
expect 2 "not a checkpoint" ./stream0.1 $same --checkpoint stream.ctx
expect 2 "none.npy: this run would write 1.2[0-9]* TB, its disk has" ./stream0.1 --q random --v normal --size token=100000000 --record V.value=none.npy \
    --out none2.npy

# drawn delays: each of 200 pairs hears a step after its own time, in whole steps between the ends; the same again, another by seed
cat > drawn.ctx <<'X2'
axis unit = 200;
stimulus x[unit];
neuron prompt { compartment input; rate r = input; }
population p[unit] : prompt;
x -> p delay ~ uniform(1 ms, 3 ms);
output y = p;
X2
arrivals() { # the step at which each unit's value is there
    "$ctx" run drawn.ctx --mode dynamic --cycle 5ms --dt 0.1ms --x normal --record p --traces p.csv --quiet --out y.npy "$@" || return
    awk -F, 'NR > 1 { for (i = 2; i <= NF; i++) if (!at[i] && $i != 0) at[i] = NR - 1 } END { for (i = 2; i <= NF; i++) print at[i] }' p.csv
}
arrivals --threads 1 > first
arrivals --threads 2 | cmp -s - first || complain "drawn delays: another result on two threads"
arrivals --seed 2 | cmp -s - first && complain "drawn delays: the same for another seed"
sort -n first | uniq | awk '{ seen++; if (NR == 1) low = $1; high = $1 } END { exit !(seen == 21 && low == 10 && high == 30) }' ||
    complain "drawn delays: the steps are $(sort -n first | uniq -c | tr '\n' ';')"
sed 's/~ uniform.*;/1.5 ms;/' drawn.ctx > fixed.ctx
sed 's/~ uniform.*;/~ uniform(1.5 ms, 1.5 ms);/' drawn.ctx > alike.ctx
for name in fixed alike; do "$ctx" run $name.ctx --mode dynamic --cycle 1.6ms --x normal --out $name.npy --quiet || complain "$name.ctx"; done
cmp -s fixed.npy alike.npy || complain "a delay drawn from one value is not that value"

# a stimulus heard late: silence until it is there, across the borders of cycles; here 4 ms in cycles of 3 ms
cat > late.ctx <<'X2'
axis token = 3;
stimulus x[token];
cycle now over token;
neuron prompt { compartment input; rate r = input; }
population p : prompt;
x[token as now] -> p delay 4 ms;
output y = p;
X2
"$ctx" run late.ctx --mode dynamic --cycle 3ms --dt 1ms --x normal --record p --traces late.csv --quiet --out y.npy || complain "late.ctx"
[ "$(awk -F, 'NR > 1 { printf $2 == 0 ? "0" : $2 == last ? "=" : "x"; last = $2 }' late.csv)" = "000x==x==" ] ||
    complain "a stimulus heard late: $(cat late.csv)"

# what follows time alone, and what hears a signal that holds for whole cycles, have a value for every step in a record
cat > alone.ctx <<'X2'
use std.neurons;
use std.sources;
axis token = 3;
axis a = 2;
stimulus x[token, a];
cycle now over token;
population flash : pulse(onset = 2 ms, duration = 2 ms);
population p[a] : prompt;
population slow[a] : relay;
x[token as now] -> p;
p -> slow;
flash -> slow;
output y = slow;
output z = p;
X2
for record in flash,p flash,p,slow; do
    "$ctx" run alone.ctx --mode dynamic --cycle 3ms --dt 1ms --x normal --record $record --traces alone.csv --quiet --out y=y.$record.npy --out z=z.npy ||
        complain "alone.ctx"
    [ "$(awk -F, 'NR > 1 { printf $2 }' alone.csv)" = "011000000" ] || complain "a flash recorded: $(cut -d , -f 1,2 alone.csv)"
    [ "$(awk -F, 'NR > 1 { printf $3 == last ? "=" : "x"; last = $3 }' alone.csv)" = "x==x==x==" ] || complain "held for cycles: $(cut -d , -f 1,3 alone.csv)"
done
"$ctx" run alone.ctx --mode dynamic --cycle 3ms --dt 1ms --x normal --quiet --out y=y.none.npy --out z=z.npy || complain "alone.ctx, not recorded"
cmp -s y.none.npy y.flash,p,slow.npy && cmp -s y.none.npy y.flash,p.npy || complain "what is recorded changes what is computed"

# populations of a repeated template, by the names that settle prints; their axes by their own names
cat > stack.ctx <<'X2'
use std.neurons;
template chain(axis i; u[i]) -> out[i] { axis j = i; population out[i] : relay <- u; }
axis a = 3;
stimulus x[a];
repeat n in 0..2 with h = x { link = chain(a; h); next h = link.out; }
weight drawn[a];
h -> weighed : drawn;
population weighed[a] : relay;
output y = h;
X2
"$ctx" run stack.ctx --mode dynamic --cycle 5ms --x normal --record 'link[0].out[0:2],link[1].out[i=2]' --traces stack.csv --quiet --out y.npy ||
    complain "link[0].out is not recorded"
[ "$(head -n 1 stack.csv)" = 'time s,"link[0].out[0]","link[0].out[1]","link[1].out[2]"' ] || complain "recorded: $(head -n 1 stack.csv)"
expect 2 "no such axis; its axes: " "$ctx" run stack.ctx --mode dynamic --cycle 5ms --x normal --record 'link[1].out[k=2]' --out none.npy

expect 2 "'drawn' is a weight, and records are of populations" "$ctx" run stack.ctx --mode dynamic --cycle 5ms --x normal --record drawn --out none.npy
# a population that is printed and recorded, in whichever order: its course is recorded, settle lists it
printf 'use std.neurons;\naxis a = 3;\nstimulus x[a];\npopulation p[a] : relay <- x;\noutput y = p;\nrecord p;\n' > printed.ctx
printf 'use std.neurons;\naxis a = 3;\nstimulus x[a];\npopulation p[a] : relay <- x;\nrecord p;\noutput y = p;\n' > recorded.ctx
for name in printed recorded; do
    "$ctx" run $name.ctx --mode dynamic --cycle 5ms --x normal --traces $name.csv --quiet --out y=$name.npy || complain "$name.ctx is not recorded"
    [ "$(wc -l < $name.csv)" -eq 51 ] || complain "$name.ctx: $(wc -l < $name.csv) lines are recorded"
    "$ctx" settle $name.ctx | grep -q '^p  ' || complain "$name.ctx: settle leaves p out"
done
cmp -s printed.csv recorded.csv && cmp -s printed.npy recorded.npy || complain "printed and recorded: two courses"
# what can be said of files is said before a run that would take hours
long="$ctx run printed.ctx --mode dynamic --cycle 10h --x normal --interval 1s"
expect 2 "nowhere/y.npy: cannot be written" $long --out nowhere/y.npy
expect 2 "would both be written there" $long --out y=none.npy --record p=none.npy
expect 2 "nowhere/none.svg: cannot be written" $long --traces none.csv --plot nowhere/none.svg

# values that leave the range, and the picture of a run
cat > unstable.ctx <<'X2'
neuron unstable {
  compartment basal;
  parameter tau = 10 ms;
  rate r;
  tau * r' = r * r + basal;
}
axis token = 6;
axis a = 3;
stimulus q[token, a];
cycle now over token;
population p[a] : unstable;
q[token as now] -> p;
output y = p;
X2
for record in "" "--record p" "--record p --interval 5ms"; do
    expect 2 "^ctx run unstable.ctx: p \[a = 2\] left the representable range at 1[0-9.]* ms; the last finite value was [0-9.e+]* at 1[0-9.]* ms$" \
        "$ctx" run unstable.ctx --mode dynamic --dt 0.1ms --cycle 20ms --method rk4 --q normal --out none.npy $record
done
"$ctx" plot --traces whole.safetensors -o whole.svg || complain "no picture"
[ "$(grep -c 'stroke-linejoin' whole.svg)" -eq 3 ] && [ "$(tail -n 1 whole.svg)" = "</svg>" ] || complain "the picture does not show three units"
expect 2 "give the traces" "$ctx" plot -o none.svg
[ "$failed" -eq 0 ]
