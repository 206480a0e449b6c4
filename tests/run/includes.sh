#!/bin/sh
# The include graph: no phase includes a header of a later phase; llvm-c only in codegen/, cblas.h only in runtime/linalg/;
# interpreter, passes and code generation see core IR and never the circuit or the syntax.
set -u
bad=0
complain() {
    echo "$1"
    bad=1
}

# Phases in order; a folder may include its own headers and those of folders to its left. `rank` numbers them.
rank() {
    case $1 in
    base) echo 0 ;; diag) echo 1 ;; front) echo 2 ;; circuit) echo 3 ;; sema) echo 4 ;; ir) echo 5 ;; gradient) echo 6 ;;
    opt | exact | reference) echo 7 ;; codegen) echo 8 ;; report) echo 9 ;; driver) echo 10 ;; *) echo 99 ;;
    esac
}

# lines "file header" for every quoted include of the compiler
grep -rnoE --include='*.[chly]' '^ *# *include "[a-z_]+/' compiler | sed -E 's/:[0-9]+: *# *include "/ /; s/\/$//' |
    sort -u > "$2/edges"
[ "$(wc -l < "$2/edges")" -gt 50 ] || complain "the include graph was not read: $(wc -l < "$2/edges") edges"

while read -r file to; do
    from=$(echo "$file" | cut -d/ -f2)
    case $to in
    gen) continue ;;
    core | io | kernels | learn | linalg | include | ref | sim)
        case $from in codegen | driver | reference) continue ;; esac
        complain "$file includes runtime/$to"
        continue
        ;;
    esac
    [ "$(rank "$to")" -ne 99 ] || { complain "$file includes $to/, which is no phase"; continue; }
    [ "$(rank "$from")" -ge "$(rank "$to")" ] || complain "$file includes the later phase $to/"
    case $from in
    gradient | opt | exact | reference | codegen)
        case $to in circuit | front | sema) complain "$file sees $to/: only core IR is allowed there" ;; esac
        ;;
    esac
done < "$2/edges"

# ir.h itself must not show the circuit to those who see the IR; only ir/build* reads it
grep -lE '^ *# *include "circuit/' compiler/ir/*.[ch] | grep -v '/build' | while read -r file; do echo "$file sees circuit/"; done > "$2/ir"
[ ! -s "$2/ir" ] || complain "$(cat "$2/ir")"

grep -rlE --include='*.[chly]' '^ *# *include *<llvm-c/' compiler runtime tests | grep -v '^compiler/codegen/' > "$2/llvm"
[ ! -s "$2/llvm" ] || complain "includes llvm-c outside codegen/: $(cat "$2/llvm")"
grep -rlE --include='*.[chly]' '^ *# *include *[<"]cblas' compiler runtime tests | grep -v '^runtime/linalg/' > "$2/cblas"
[ ! -s "$2/cblas" ] || complain "includes cblas.h outside runtime/linalg/: $(cat "$2/cblas")"
exit $bad
