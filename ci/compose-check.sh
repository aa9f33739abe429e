#!/usr/bin/env bash
# Starts the gateway with docker-compose.yaml, deploys a function, calls it, and stops; then the same with the profile cluster. Needs a finished
# build, a Docker daemon, and the images of `runtimes/base-images.sh python jdk redis`; pulls nothing.
set -euo pipefail
cd "$(dirname "$0")/.."

export COMPOSE_PROJECT_NAME=nanogrid-check PORT=${CHECK_PORT:-18080} PREBUILT=true IMAGE_TAG=check
export BUILD_IMAGE=nanogrid-base-jdk:local JDK_IMAGE=nanogrid-base-jdk:local
export PYTHON_BASE_IMAGE=nanogrid-base-python:local NODE_BASE_IMAGE=nanogrid-base-node:local
export CLUSTER_PORT=$((PORT + 1)) DISPATCH=queue REDIS_IMAGE=nanogrid-base-redis:local
export SQS_IMAGE=nanogrid-local-sqs:check DYNAMODB_IMAGE=nanogrid-local-dynamodb:check S3_IMAGE=nanogrid-local-s3:check
# The legacy builder needs no plugin.
export DOCKER_BUILDKIT=0 COMPOSE_DOCKER_CLI_BUILD=0
url=http://127.0.0.1:$PORT

if docker compose version >/dev/null 2>&1; then compose=(docker compose); else compose=(docker-compose); fi

finish() {
    status=$?
    [ $status = 0 ] || "${compose[@]}" --profile cluster logs --tail 100 || true
    "${compose[@]}" --profile cluster down --volumes --timeout 30 || true
    for id in "${ids[@]}"; do # The images of its runtimes and libraries.
        docker images --quiet --filter "label=nanogrid.gateway=$id" | sort -u | xargs --no-run-if-empty docker rmi --force >/dev/null || true
    done
    docker rmi "nanogrid/gateway:$IMAGE_TAG" "$SQS_IMAGE" "$DYNAMODB_IMAGE" "$S3_IMAGE" >/dev/null 2>&1 || true
    docker image prune --force --filter label=nanogrid.build >/dev/null || true
    exit $status
}
ids=()
trap finish EXIT

"${compose[@]}" --profile cluster config --quiet
"${compose[@]}" build
"${compose[@]}" up -d

await_healthy() { # SERVICE...
    local service end=$((SECONDS + 240))
    for service in "$@"; do
        until [ "$(docker inspect --format '{{.State.Health.Status}}' "$("${compose[@]}" --profile cluster ps -q "$service")")" = healthy ]; do
            [ $SECONDS -lt $end ] || { echo "compose-check: $service doesn't become healthy" >&2; exit 1; }
            sleep 1
        done
        case $service in
            gateway | cluster-gateway | worker-*)
                ids+=("$("${compose[@]}" --profile cluster exec -T "$service" cat /data/gateway-id)") ;;
        esac
    done
}

call() { curl --silent --show-error --fail-with-body --max-time 120 "$@"; }

deploy_and_call() { # URL
    local answer
    call -X POST "$1/callback/deploy" -H 'content-type: application/json' -d '{
        "path": "hello", "method": "GET", "type": "python", "status": true,
        "code": "def handler(event, context):\n    return {\"hello\": event.get(\"name\")}\n"}' >/dev/null
    answer=$(call "$1/api/hello?name=compose")
    [ "$answer" = '{"hello": "compose"}' ] || { echo "compose-check: unexpected answer: $answer" >&2; exit 1; }
}

instances_of() { # GATEWAY_ID...
    local id
    for id in "$@"; do docker ps --all --quiet --filter "label=nanogrid.gateway=$id" --filter label=nanogrid.instance; done
}

stop_all() {
    local left
    "${compose[@]}" --profile cluster stop --timeout 30
    left=$(instances_of "${ids[@]}")
    [ -z "$left" ] || { echo "compose-check: instances are left after the stop: $left" >&2; exit 1; }
}

await_healthy gateway
deploy_and_call "$url"
[ -n "$(instances_of "${ids[@]}")" ] || { echo "compose-check: the function doesn't run in a container of its own" >&2; exit 1; }
stop_all

for server in sqs dynamodb s3; do
    docker build --quiet --target $server --build-arg JDK_IMAGE=nanogrid-base-jdk:local --tag nanogrid-local-$server:check infra/local
done
"${compose[@]}" --profile cluster up -d --scale gateway=0
await_healthy redis sqs dynamodb s3 cluster-gateway worker-1 worker-2
deploy_and_call "http://127.0.0.1:$CLUSTER_PORT"
[ -n "$(instances_of "${ids[@]:2}")" ] || { echo "compose-check: the function doesn't run on a worker" >&2; exit 1; }
stop_all
echo "compose-check: ok"
