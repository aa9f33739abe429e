#!/usr/bin/env bash
# Starts a cluster with ./start.sh cluster, calls a function through the queue, kills the worker that runs a job, and stops the cluster. Needs
# a finished build, redis-server, and the sandbox, whose processes can be seen from here.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d /tmp/cluster-check.XXXXXX)
port=${CHECK_PORT:-18100}
url=http://127.0.0.1:$port
data=$work/data/cluster
cluster=

say() { echo "cluster-check: $*" >&2; }

fail() {
    say "$*"
    exit 1
}

finish() {
    local status=$?
    trap - EXIT
    if [ -n "$cluster" ] && kill -TERM "$cluster" 2>/dev/null; then wait "$cluster" || true; fi
    if [ $status != 0 ]; then
        tail -n 40 "$work/out" "$data"/logs/{gateway,worker-*}.log || true
    fi
    rm -rf "$work"
    exit $status
}
trap finish EXIT

until_true() { # SECONDS WHAT COMMAND...
    local end=$((SECONDS + $1)) what=$2
    shift 2
    until "$@"; do
        [ $SECONDS -lt $end ] || fail "$what"
        sleep 0.2
    done
}

call() { curl --silent --show-error --fail-with-body --max-time 60 -H 'content-type: application/json' "$@"; }

deploy() { # NAME CODE
    jq -n --arg name "$1" --arg code "$2" '{name: $name, runtime: "python", code: $code}' | call "$url/functions" -d @- | jq -r .functionId
}

job() { call "$url/run" -H 'x-async: true' -d "{\"functionId\": \"$1\", \"inputData\": {\"name\": \"job\"}}" | jq -r .jobId; }

ended() { [ "$(call "$url/status/$1" | jq -r .status)" = SUCCESS ]; }

ready() {
    kill -0 "$cluster" 2>/dev/null || fail "the cluster has ended"
    grep -q '^The cluster is ready' "$work/out"
}

# How long the function's child sleeps is what it is found by.
nap=9.$RANDOM

runner() { # the worker above the process that naps, if there is one
    local pid name
    pid=$(pgrep -o -f "^sleep $nap\$") || return 1
    while [ "${pid:-0}" -gt 1 ]; do
        for name in "$data"/worker-*.pid; do
            [ "$(cat "$name")" != "$pid" ] || { echo "$pid"; return 0; }
        done
        pid=$(awk '/^PPid/ {print $2}' "/proc/$pid/status" 2>/dev/null)
    done
    return 1
}

runs() { runner >/dev/null; }

runs_elsewhere() { # PID
    local now
    now=$(runner) && [ "$now" != "$1" ]
}

DATA_DIR=$work/data RUN_DIR=/run/nanogrid-cluster-check PORT=$port ENGINE=sandbox DISPATCH=queue ./start.sh cluster >"$work/out" 2>&1 &
cluster=$!
until_true 300 "the cluster isn't ready after 300 s" ready
say "ready after $SECONDS s"

hello=$(deploy hello 'def handler(event, context):
    return {"hello": event["name"]}
')
answer=$(call "$url/run" -d "{\"functionId\": \"$hello\", \"inputData\": {\"name\": \"cluster\"}}")
[ "$(jq -r .result.hello <<<"$answer")" = cluster ] || fail "unexpected answer: $answer"

jobs=()
for _ in 1 2 3 4 5; do jobs+=("$(job "$hello")"); done
for id in "${jobs[@]}"; do until_true 20 "the job $id doesn't end" ended "$id"; done
say "a call and ${#jobs[@]} jobs went through the queue"

sleeper=$(deploy sleeper "import subprocess
def handler(event, context):
    subprocess.run(['sleep', '$nap'], check=True)
    return 'rested'
")
id=$(job "$sleeper")
until_true 20 "no worker runs the job" runs
killed=$(runner)
kill -9 "$killed"
until_true 60 "the job isn't run again" runs_elsewhere "$killed"
until_true 30 "the job doesn't end on its second worker" ended "$id"
[ "$(call "$url/status/$id" | jq -r .result)" = rested ] || fail "unexpected result: $(call "$url/status/$id")"
say "a job whose worker was killed has ended on another"

mapfile -t pids < <(cat "$data"/*.pid)
[ ${#pids[@]} = 7 ] || fail "there are ${#pids[@]} processes instead of 7"
kill -TERM "$cluster"
wait "$cluster" || fail "the cluster ended with status $?"
cluster=
for pid in "${pids[@]}"; do
    [ ! -e "/proc/$pid" ] || fail "a process is left after the stop: $(tr '\0' ' ' <"/proc/$pid/cmdline")"
done
left=$(find "$data" /run/nanogrid-cluster-check \( -name '*.pid' -o -type s \) 2>/dev/null)
[ -z "$left" ] || fail "files are left after the stop: $left"
! pgrep -f "^sleep $nap\$" >/dev/null || fail "a function is left after the stop"
rm -rf /run/nanogrid-cluster-check
say "ok, $SECONDS s"
