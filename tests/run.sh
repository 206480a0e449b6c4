#!/bin/sh
# Every test, for one build: tests/run.sh build/release; or some: tests/run.sh build/release unit golden resume.
# Each script under tests/{golden,run,numeric,exact}/ named *.sh is one test: it gets the build folder as $1 and a scratch folder
# as $2, prints what went wrong and exits non-zero.
set -u
build=$1
shift
wanted=$*
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
passed=0
failed=0
run() {
    name=$1
    shift
    case " ${wanted:-$name} " in *" $name "*) ;; *) return ;; esac
    mkdir -p "$work/$name"
    if "$@" > "$work/log" 2>&1; then
        passed=$((passed + 1))
        echo "ok      $name"
        sed -n 's/^skipped/        &/p' "$work/log"
    else
        failed=$((failed + 1))
        echo "FAILED  $name"
        sed 's/^/        /' "$work/log" | tail -60
    fi
}
run unit "$build/unit"
for script in tests/golden/*.sh tests/run/*.sh tests/numeric/*.sh tests/exact/*.sh; do
    [ -f "$script" ] || continue
    name=$(basename "$script" .sh)
    run "$name" sh "$script" "$build" "$work/$name"
done
for name in $wanted; do
    [ -d "$work/$name" ] || { echo "there is no test $name"; failed=$((failed + 1)); }
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
