#!/usr/bin/env bash
# A cluster on one machine, as plain processes. ./start.sh cluster calls this when everything is built, and sets what it reads:
# JAVA_HOME, GATEWAY_FLAGS, JAR, WORKERS, RESET, DATA_DIR, HOST, PORT, DRAIN_SECONDS, MEMORY_BUDGET_MB, NANOGRID_SECRET.
#
# The gateway and the servers belong together: when one of them dies, all of it ends. A worker that dies is started again, as whatever looks
# after workers elsewhere would, unless it was started again just before.
set -euo pipefail
# Processes get groups of their own: a terminal's Ctrl-C reaches this script alone, which stops them in order.
set -m

here=$(cd "$(dirname "$0")" && pwd)
data=$DATA_DIR/cluster
read -r -a flags <<<"${GATEWAY_FLAGS:-}"
java=("${JAVA_HOME:?}/bin/java" "${flags[@]}")
servers=(redis sqs dynamodb s3)
mapfile -t workers < <(seq -f worker-%g "${WORKERS:?}")
declare -A pid port restarted
case $HOST in 0.0.0.0 | ::) address=127.0.0.1 ;; *) address=$HOST ;; esac
start_within=180 # seconds

die() {
    echo "start.sh: $*" >&2
    exit 1
}

alive() { [ -n "${pid[$1]:-}" ] && kill -0 "${pid[$1]}" 2>/dev/null; }

stop() { # NAME...: in order, or by force when there is no more time
    local name until=$((SECONDS + patience))
    for name in "$@"; do
        ! alive "$name" || kill -TERM "${pid[$name]}" 2>/dev/null || true
    done
    for name in "$@"; do
        while alive "$name" && [ $SECONDS -lt $((until < hurry ? until : hurry)) ]; do sleep 0.1; done
        ! alive "$name" || kill -KILL "${pid[$name]}" 2>/dev/null || true
        [ -z "${pid[$name]:-}" ] || wait "${pid[$name]}" 2>/dev/null || true
        rm -f "$data/$name.pid"
    done
}

finish() {
    local status=$?
    trap - EXIT
    set +e
    hurry=$((SECONDS + 3600))
    trap 'hurry=0' INT TERM HUP
    patience=$((DRAIN_SECONDS + 20))
    [ ${#pid[@]} = 0 ] || echo "Stopping: calls in flight finish first; Ctrl-C again doesn't wait for them"
    stop gateway
    stop "${workers[@]}"
    patience=10
    stop "${servers[@]}"
    [ ${#pid[@]} = 0 ] || echo "Stopped"
    exit "$status"
}

free_port() { # NAME PORT: the first free one from there on
    local candidate taken
    for ((candidate = $2; candidate < $2 + 200; candidate++)); do
        taken=no
        for other in "${port[@]}"; do [ "$other" != "$candidate" ] || taken=yes; done
        if [ $taken = no ] && ! (: >"/dev/tcp/127.0.0.1/$candidate") 2>/dev/null; then
            port[$1]=$candidate
            return
        fi
    done
    die "no port is free from $2 to $((candidate - 1))"
}

launch() { # NAME COMMAND...: it writes to its log, and ends when this script is killed
    local name=$1
    shift
    "${guard[@]}" "$@" </dev/null >>"$data/logs/$name.log" 2>&1 &
    pid[$name]=$!
    echo $! >"$data/$name.pid"
}

status_of() { # HOST PORT PATH: the status code of the answer, whatever it is
    (
        exec 3<>"/dev/tcp/$1/$2"
        printf 'GET %s HTTP/1.0\r\nHost: %s:%s\r\n\r\n' "$3" "$1" "$2" >&3
        read -r -t 10 _ code _ <&3
        echo "$code"
    ) 2>/dev/null
}

pongs() {
    (
        exec 3<>"/dev/tcp/127.0.0.1/${port[redis]}"
        printf 'PING\r\n' >&3
        read -r -t 5 answer <&3
        [ "$answer" = $'+PONG\r' ]
    ) 2>/dev/null
}

healthy() { # NAME
    case $1 in
        redis) pongs ;;
        gateway) [ "$(status_of "$address" "${port[$1]}" /health)" = 200 ] ;;
        worker-*) [ "$(status_of 127.0.0.1 "${port[$1]}" /health)" = 200 ] ;;
        *) [ -n "$(status_of 127.0.0.1 "${port[$1]}" /)" ] ;;
    esac
}

explain() { # NAME: why it may have ended
    echo "The end of $data/logs/$1.log:" >&2
    tail -n 20 "$data/logs/$1.log" | sed 's/^/  /' >&2
}

await() { # NAME...
    local name until=$((SECONDS + start_within))
    for name in "$@"; do
        until healthy "$name"; do
            alive "$name" || { explain "$name"; die "$name has ended before it was ready"; }
            [ $SECONDS -lt $until ] || { explain "$name"; die "$name isn't ready after $start_within s"; }
            sleep 0.2
        done
    done
}

fetch_servers() {
    local server
    for server in elasticmq dynamodb s3; do
        if [ ! -d "$here/$server/target/lib" ] || [ "$here/$server/pom.xml" -nt "$here/$server/target/lib" ]; then
            echo "Fetching ElasticMQ, DynamoDB Local and S3Proxy (a minute or two, once)..."
            "$here/../../mvnw" -B -ntp -q -f "$here" process-resources || die "they can't be fetched; the lines above say why"
            touch "$here"/*/target/lib
            return
        fi
    done
}

server_java() { # NAME FOLDER ARGUMENT...
    local name=$1 lib=$here/$2/target/lib
    shift 2
    launch "$name" "${java[0]}" -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xmx512m --enable-native-access=ALL-UNNAMED -cp "$lib/*" \
        "-Dsqlite4java.library.path=$lib" "-Dlogback.configurationFile=$here/s3/logback.xml" "$@"
}

start_servers() {
    free_port redis 6380
    free_port sqs 9324
    free_port dynamodb 8000
    free_port s3 9000
    mkdir -p "$data/dynamodb" "$data/s3"
    launch redis redis-server --port "${port[redis]}" --bind 127.0.0.1 --save '' --appendonly no --daemonize no --dir "$data"
    server_java sqs elasticmq "$here/elasticmq/ElasticMq.java" 127.0.0.1 "${port[sqs]}"
    server_java dynamodb dynamodb "$here/dynamodb/DynamoDb.java" 127.0.0.1 -port "${port[dynamodb]}" -dbPath "$data/dynamodb" -sharedDb \
        -disableTelemetry
    cat >"$data/s3.properties" <<PROPERTIES
s3proxy.endpoint=http://127.0.0.1:${port[s3]}
s3proxy.authorization=none
jclouds.provider=filesystem-nio2
jclouds.filesystem.basedir=$data/s3
jclouds.identity=
jclouds.credential=
PROPERTIES
    server_java s3 s3 org.gaul.s3proxy.Main --properties "$data/s3.properties"
    await "${servers[@]}"
}

# What is set here wins over the file .env, so that nothing of this cluster goes to AWS.
share_state() {
    unset AWS_SESSION_TOKEN AWS_PROFILE
    export AWS_REGION=eu-central-1 AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local AWS_CREATE=true CLOUDWATCH_NAMESPACE='' \
        BUCKET_NAME=nanogrid TABLE_NAME=nanogrid LOGS_TABLE_NAME=nanogrid-logs \
        SQS_URL="http://127.0.0.1:${port[sqs]}/000000000000/nanogrid" AWS_ENDPOINT_URL_SQS="http://127.0.0.1:${port[sqs]}" \
        AWS_ENDPOINT_URL_DYNAMODB="http://127.0.0.1:${port[dynamodb]}" AWS_ENDPOINT_URL_S3="http://127.0.0.1:${port[s3]}" \
        REDIS_HOST=127.0.0.1 REDIS_PORT="${port[redis]}" REDIS_USER='' REDIS_PASSWORD='' REDIS_TLS=false
    # Keys that one of them has sealed are read by the others.
    if [ -z "$NANOGRID_SECRET" ]; then
        [ -s "$data/secret" ] || (umask 077 && od -An -v -tx1 -N32 /dev/urandom | tr -d ' \n' >"$data/secret")
        NANOGRID_SECRET=$(cat "$data/secret")
    fi
    export NANOGRID_SECRET
    # All processes together get what one would have.
    local memory=${MEMORY_BUDGET_MB:-$(awk '/^MemTotal/ {print int($2 / 1024 * 0.7)}' /proc/meminfo)}
    memory=$((memory / (WORKERS + 1)))
    export MEMORY_BUDGET_MB=$((memory < 128 ? 128 : memory))
}

nanogrid() { # NAME ROLE HOST
    launch "$1" env ROLE="$2" HOST="$3" PORT="${port[$1]}" DATA_DIR="$data/$1" "${java[@]}" -jar "$JAR"
}

start_nanogrid() {
    local name
    # The one that the user named is taken, or the start fails.
    if [ -n "$PORT" ]; then port[gateway]=$PORT; else free_port gateway 8080; fi
    nanogrid gateway gateway "$HOST"
    # One after the other, as all of them and DynamoDB Local at once are much for a small machine.
    await gateway
    for name in "${workers[@]}"; do
        free_port "$name" $((port[gateway] + 1))
        nanogrid "$name" worker 127.0.0.1
    done
    await "${workers[@]}"
}

show() { # NAME ADDRESS WHAT
    printf '  %-9s %-28s pid %-8s %s\n' "$1" "$2" "${pid[$1]}" "$3"
}

tell() {
    local name url=http://$address:${port[gateway]} key=
    [ -z "${NANOGRID_API_KEY:-}" ] || key=" -H \"x-api-key: \$NANOGRID_API_KEY\""
    echo
    echo "The cluster is ready:"
    show gateway "$url" "$data/gateway"
    for name in "${workers[@]}"; do show "$name" "http://127.0.0.1:${port[$name]}" "$data/$name"; done
    show redis "127.0.0.1:${port[redis]}" "results, limits, who is there; in memory"
    show sqs "http://127.0.0.1:${port[sqs]}" "jobs and calls; in memory: jobs that haven't ended are lost at the stop"
    show dynamodb "http://127.0.0.1:${port[dynamodb]}" "$data/dynamodb"
    show s3 "http://127.0.0.1:${port[s3]}" "$data/s3"
    cat <<TRY
Logs: $data/logs
Try:  curl $url/functions -H 'content-type: application/json'$key \\
        -d '{"name": "nap", "runtime": "python", "code": "import time\\ndef handler(event, context):\\n    time.sleep(20)\\n    return \\"rested\\""}'
then: curl $url/run -H 'content-type: application/json'$key -H 'x-async: true' -d '{"functionId": "..."}'   # the one that it answered
and:  kill -9 \$(cat $data/worker-1.pid)   # what it ran is run again by another, within a minute; it is started again
      curl $url/status/...$key   # by the jobId
Ctrl-C stops all of it. docs/CLUSTER.md says how it works.

TRY
}

watch() {
    local name
    for name in "${workers[@]}"; do restarted[$name]=-10; done
    while :; do
        wait -n 2>/dev/null || true
        for name in gateway "${servers[@]}"; do
            alive "$name" || { explain "$name"; die "$name has ended, and with it the cluster"; }
        done
        for name in "${workers[@]}"; do
            alive "$name" && continue
            [ $((SECONDS - restarted[$name])) -ge 10 ] || { explain "$name"; die "$name ends as soon as it is started"; }
            nanogrid "$name" worker 127.0.0.1
            restarted[$name]=$SECONDS
            echo "$name had ended; it is started again, as pid ${pid[$name]}"
        done
    done
}

command -v redis-server >/dev/null || { echo "Not installed: redis-server. A cluster needs it: sudo apt-get install -y redis-server" >&2; exit 69; }
mkdir -p "$data/logs"
data=$(cd "$data" && pwd)
# The processes hold it too, for as long as one of them is there.
exec 9>"$data/lock"
flock -n 9 || { echo "DATA_DIR: another cluster is working on $data: stop it, or give this one a DATA_DIR of its own" >&2; exit 78; }
if [ "$RESET" = yes ]; then
    for directory in "$data"/gateway "$data"/worker-*; do
        [ ! -d "$directory" ] || DATA_DIR=$directory "${java[@]}" -jar "$JAR" --reset
    done
    rm -rf "$data/dynamodb" "$data/s3" "$data/logs"
    mkdir "$data/logs"
fi
guard=(setpriv --pdeathsig TERM)
"${guard[@]}" true 2>/dev/null || guard=()

fetch_servers
trap finish EXIT
trap "exit 0" INT TERM HUP
echo "Starting Redis, ElasticMQ, DynamoDB Local and S3Proxy..."
start_servers
share_state
echo "Starting a gateway and $WORKERS worker$([ "$WORKERS" = 1 ] || echo s)..."
start_nanogrid
tell
watch
