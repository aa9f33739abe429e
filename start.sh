#!/bin/sh
# Builds NanoGrid if needed, and starts it. ./start.sh --help says more.
set -eu
cd "$(dirname "$0")"

usage() {
    cat <<'USAGE'
Usage: ./start.sh [cluster [--workers N] | worker] [--reset] [--build] [--help]

Starts the gateway on http://127.0.0.1:8080, building it first if the sources are newer than the last build.

  cluster   start a gateway, N workers (2), and servers in place of those of AWS, all on this machine; needs redis-server
  worker    start a worker instead, the same as ROLE=worker: it takes calls and jobs from the queue that SQS_URL names
  --reset   start over: delete what DATA_DIR holds (callbacks, code, records); refused while a gateway works on it
  --build   build even if nothing has changed
  --help    this

Settings are environment variables, or lines of a file .env: PORT, HOST, DATA_DIR, ENGINE (auto, docker, sandbox),
NANOGRID_API_KEY and more; the README lists them all. Ctrl-C stops it; calls in flight finish first.
USAGE
}

reset=no
build=auto
what=gateway
workers=
while [ $# -gt 0 ]; do
    case $1 in
        cluster | worker) what=$1 ;;
        --workers) workers=${2:-none}; [ $# = 1 ] || shift ;;
        --workers=*) workers=${1#*=} ;;
        --reset) reset=yes ;;
        --build) build=yes ;;
        -h | --help) usage; exit 0 ;;
        *) echo "start.sh: unknown option '$1'; see ./start.sh --help" >&2; exit 64 ;;
    esac
    shift
done
case $what:$workers in
    *: | cluster:[1-9] | cluster:1[0-6]) ;;
    cluster:*) echo "start.sh: --workers takes a number from 1 to 16, not '$workers'" >&2; exit 64 ;;
    *) echo "start.sh: --workers is for ./start.sh cluster" >&2; exit 64 ;;
esac

if [ "$(uname -s)" != Linux ]; then
    echo "NanoGrid runs functions on Linux. Here, start it in a container: docker compose up" >&2
    exit 69
fi

. ./build-config/jdk25.sh
jdk=$(find_jdk25) || { explain_jdk25 >&2; exit 69; }

setting() { # NAME DEFAULT: as the gateway reads it, from the environment or .env
    if eval "[ -n \"\${$1+set}\" ]"; then
        eval "value=\$$1"
    else
        value=$(sed -n "s/^ *\(export  *\)\{0,1\}$1 *= *//p" .env 2>/dev/null | tail -n 1 | sed "s/^[\"']//; s/[\"'] *\$//")
    fi
    printf '%s' "${value:-$2}"
}

# With Docker as the engine, functions run on images and the host needs none of these.
engine=$(setting ENGINE auto | tr '[:upper:]' '[:lower:]')
missing=
for need in python3:python3 node:nodejs bwrap:bubblewrap; do
    command -v "${need%%:*}" >/dev/null 2>&1 || missing="$missing ${need#*:}"
done
if [ "$engine" != docker ] && [ -n "$missing" ]; then
    echo "Not installed:$missing. Functions in the sandbox need them: sudo apt-get install -y$missing" >&2
    [ "$engine" != sandbox ] && docker info >/dev/null 2>&1 || exit 69
fi

jar=gateway/target/nanogrid-gateway-0.1.0-SNAPSHOT.jar
stale() {
    [ ! -f "$jar" ] && return 0
    [ -n "$(find pom.xml db gateway runtime-plugins runtimes build-config -newer "$jar" -type f \
        -not -path '*/target/*' -not -path '*/src/test/*' -not -path '*/__pycache__/*' -print -quit)" ]
}
if [ "$build" = yes ] || stale; then
    echo "Building NanoGrid (a minute or two, once)..."
    if ! JAVA_HOME=$jdk ./mvnw -B -ntp -q package -DskipTests -Dexec.skip; then
        echo "The build failed; the lines above say why." >&2
        exit 70
    fi
    touch "$jar"
fi

data=$(setting DATA_DIR data)
if [ "$what" = cluster ]; then
    export JAVA_HOME="$jdk" GATEWAY_FLAGS="$gateway_flags" JAR="$jar" WORKERS="${workers:-2}" RESET="$reset" DATA_DIR="$data"
    HOST=$(setting HOST 127.0.0.1) PORT=$(setting PORT '') DRAIN_SECONDS=$(setting DRAIN_SECONDS 10)
    MEMORY_BUDGET_MB=$(setting MEMORY_BUDGET_MB '') NANOGRID_SECRET=$(setting NANOGRID_SECRET '')
    export HOST PORT DRAIN_SECONDS MEMORY_BUDGET_MB NANOGRID_SECRET
    exec infra/local/cluster.sh
fi

if [ "$reset" = yes ]; then
    if [ -f "$data/cluster/lock" ] && ! flock -n "$data/cluster/lock" true; then
        echo "DATA_DIR: a cluster is working on $data/cluster: stop it first; nothing was deleted" >&2
        exit 78
    fi
    # Refused while another gateway works on the data.
    "$jdk/bin/java" -jar "$jar" --reset
fi

[ "$what" = gateway ] || export ROLE=worker
# shellcheck disable=SC2086 # several words
exec "$jdk/bin/java" $gateway_flags -jar "$jar"
