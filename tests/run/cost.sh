#!/bin/sh
# The contraction order that is chosen, by its operations in `ctx explain --json`: linear attention over 1024 tokens of 512
# features and 8 heads costs at most 0.7 of the usual order, 8 T d^2 + 4 T d dh; a causal linear head grows with T, not T^2.
set -eu
build=$1
bad=0

chosen() { # circuit, options: operations of a call in the chosen order
    "$build/ctx" explain --json "$@" | awk '/"chosen"/ { inside = 1 } inside && /"call"/ { gsub(/[^0-9.e+-]/, "", $2); print $2; exit }'
}
compare() { # what, value, least, most
    awk -v what="$1" -v v="$2" -v lo="$3" -v hi="$4" 'BEGIN {
        if (v >= lo && v <= hi) exit 0
        printf "%s: %.4g, expected %.4g to %.4g\n", what, v, lo, hi
        exit 1
    }' || bad=1
}

linear=$(chosen tests/bench/linear.ctx)
usual=$(awk 'BEGIN { print 8 * 1024 * 512 ^ 2 + 4 * 1024 * 512 * 64 }')
compare "linear attention, of the usual order" "$(awk -v a="$linear" -v b="$usual" 'BEGIN { print a / b }')" 0.1 0.7
source=$("$build/ctx" explain --json tests/bench/linear.ctx --no-reassociate | awk '/"chosen"/ { inside = 1 } inside && /"call"/ { gsub(/[^0-9.e+-]/, "", $2); print $2; exit }')
compare "the order of the source, of the usual order" "$(awk -v a="$source" -v b="$usual" 'BEGIN { print a / b }')" 10 1e9
short=$(chosen tests/bench/causal_linear.ctx --set token=1024)
long=$(chosen tests/bench/causal_linear.ctx --set token=8192)
compare "causal linear attention, 8192 tokens of 1024" "$(awk -v a="$long" -v b="$short" 'BEGIN { print a / b }')" 7.5 8.5
exit $bad
