#!/bin/sh
# Runs the steps of a level and counts them; the last line is the sum.
#
#   tools/test.sh check | test | backends | beyond | deep
#
# test includes check and backends; beyond is what else runs in CI; deep runs once for each piece of
# work: what takes long.
#
# A step that ends with status 77 could not run here; it says why and counts as skipped. A step that
# fails does not stop the others, and one that hangs is ended. Output of the steps: target/log/.
set -u
cd "$(dirname "$0")/.."
logs=${CARGO_TARGET_DIR:-target}/log
mkdir -p "$logs"
longest=2400 # seconds of a step, which may build a server first; its status is 124 then
running=''
trap '[ -z "$running" ] || kill "$running"; exit 130' INT TERM
passed=0 failed=0 skipped=0 failures=''

step() { # name, command...
    name=$1
    shift
    start=$(date +%s)
    printf '== %-11s %s\n' "$name" "$*"
    timeout --kill-after=10 "$longest" "$@" >"$logs/$name.log" 2>&1 &
    running=$!
    wait "$running"
    status=$?
    running=''
    took=$(($(date +%s) - start))
    case $status in
    0)
        passed=$((passed + 1))
        grep -E '^(test result:|[0-9]+ passed|=+ .* in [0-9.]+s|.*: [0-9]+ passed|conformance: )' "$logs/$name.log" | tail -n 3
        echo "   ok, ${took} s"
        ;;
    77)
        skipped=$((skipped + 1))
        echo "   SKIPPED: $(tail -n 1 "$logs/$name.log")"
        ;;
    *)
        failed=$((failed + 1))
        failures="$failures $name"
        tail -n 60 "$logs/$name.log"
        echo "   FAILED with status $status after ${took} s; all of it: $logs/$name.log"
        ;;
    esac
}

check() {
    step fmt make -s fmt-check
    step lint make -s lint
    step drift make -s drift
    step unit make -s unit
}

everything() {
    check
    step build make -s build
    step abi tools/abi_check.sh
    step install tools/install_test.sh
    step wheel make -s python
    step c tools/c_test.sh
    step cost tools/cost_test.sh
    step nested tools/nested_test.sh
    step copies tools/copies_test.sh
    step stub make -s stub
    step python make -s py-test
    step mixed make -s mixed-test
    step programs tools/programs_test.sh
    step shop tools/shop_test.sh
    step conformance make -s conformance
    step examples tools/examples.sh
    step demo make -s demo
    step sdist tools/sdist_test.sh
    backends
}

backends() {
    step collector tools/backend_test.sh collector
    step jaeger tools/backend_test.sh jaeger
    step zipkin tools/backend_test.sh zipkin
    step ddapm tools/backend_test.sh ddapm
    step prometheus tools/backend_test.sh prometheus
    step prom-otlp tools/backend_test.sh prometheus-otlp
}

beyond() {
    step sanitized env SANITIZE=1 tools/c_test.sh
    step pythons tools/pythons_test.sh
    step oldest tools/oldest_test.sh
    step packaging tools/wheel_test.sh
    step pyright tools/typing_test.sh
    step devmode make -s dev-test
    step loom tools/loom.sh
    step msrv tools/msrv.sh
    step miri tools/miri.sh
}

deep() {
    longest=7200
    step tsan tools/tsan.sh
    step valgrind tools/valgrind.sh
    step miri tools/miri.sh
    step loom env LOOM_MAX_PREEMPTIONS=4 tools/loom.sh
    step fuzz tools/fuzz.sh
    step soak tools/soak.sh
    step peers make -s peers
}

case ${1:-test} in
check) check ;;
test) everything ;;
backends) backends ;;
beyond) beyond ;;
deep) deep ;;
*) echo "usage: tools/test.sh check|test|backends|beyond|deep" >&2; exit 2 ;;
esac

[ -z "$failures" ] || echo "failed:$failures"
echo "steps: $passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
