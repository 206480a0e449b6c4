#!/bin/sh
# A circuit as a shared library, driven by C programs that include only the header it came with: the pretrained block on both
# texts, errors, a batch, two circuits in one process, and the header in C++ if there is a compiler. $1: build folder, $2: scratch folder.
set -eu
build=$1
scratch=$2
data=examples/data
mkdir -p "$scratch"
extra=${CTX_TEST_LINK:-}
"$build/ctx" build examples/11-pretrained.ctx --emit=shared -o "$scratch/libblock.so"
"$build/ctx" build examples/01-microcolumn.ctx --emit=shared -o "$scratch/libcolumn.so"
"$build/ctx" build examples/11-pretrained.ctx --emit=header -o "$scratch/again.h"
cmp "$scratch/libblock.h" "$scratch/again.h"

cc -std=c99 -Wall -Wextra -Werror -Wno-unused-value -I"$scratch" -o "$scratch/use" tests/tools/use_shared.c -L"$scratch" -lblock -Wl,-rpath,"$scratch" -lm $extra
"$scratch/use" "$data"

# Two circuits in one process do not mix.
cc -std=c99 -Wall -Wextra -Werror -I"$scratch" -o "$scratch/two" tests/tools/two_circuits.c -L"$scratch" -lblock -lcolumn -Wl,-rpath,"$scratch" -lm $extra
"$scratch/two"

if command -v g++ > /dev/null; then
    g++ -Wall -Wextra -Werror -fsyntax-only -x c++ "$scratch/libblock.h"
fi
