#!/bin/sh
# One case of the attention benchmark: reads CASE, T, D, H, DH, CAUSAL, KIND and THREADS from the environment, compiles the
# standard library's circuit of that kind in memory and prints the seconds of one call as its last line.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
circuits=$here/bench
kind=$KIND
if [ "${CAUSAL:-0}" = 1 ]; then kind=causal_$KIND; fi
calls=$(awk -v t="$T" -v d="$D" 'BEGIN { n = 2e9 / (8 * t * d * d + 4 * t * t * d); print (n < 3 ? 3 : n > 2000 ? 2000 : int(n)) }')
# softmax circuits take as many value features as key features: they have no axis c of their own
set -- --set token="$T" --set head="$H" --set a="$DH" --set c="$DH" --set d="$D"
"$here/ctx" run "$circuits/$kind.ctx" "$@" --x normal --threads "${THREADS:-1}" --repeat "$calls" --json |
    awk -F'[:,]' '/"ms_per_call"/ { printf "%.9f\n", $2 / 1e3; found = 1 } END { exit !found }'
