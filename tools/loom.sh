#!/bin/sh
# The chunk list and the worker's wake in loom's model: every order in which threads may meet. Only
# our crate is built for it, so that its dependencies stay as they are for all other tests.
set -eu
cd "$(dirname "$0")/.."
built=$(cargo rustc -q --locked -p libtracer --lib --profile test --message-format=json -- --cfg loom |
    sed -n 's/.*"executable":"\([^"]*\)".*/\1/p' | tail -n 1)
"$built" --list loom_ | grep -q ': test$' || { echo "no test for the model was built" >&2; exit 1; }
# Orders with more switches than this at arbitrary points are left out: the usual bound, and enough.
LOOM_MAX_PREEMPTIONS=${LOOM_MAX_PREEMPTIONS:-3} RUST_BACKTRACE=0 "$built" loom_
