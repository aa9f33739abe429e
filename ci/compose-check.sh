#!/usr/bin/env bash
# Starts the gateway with docker-compose.yaml, deploys a function, calls it, and stops. Needs a finished build, a Docker daemon, and the
# images of `runtimes/base-images.sh python jdk`; pulls nothing.
set -euo pipefail
cd "$(dirname "$0")/.."

export COMPOSE_PROJECT_NAME=nanogrid-check PORT=${CHECK_PORT:-18080} PREBUILT=true IMAGE_TAG=check
export BUILD_IMAGE=nanogrid-base-jdk:local JDK_IMAGE=nanogrid-base-jdk:local
export PYTHON_BASE_IMAGE=nanogrid-base-python:local NODE_BASE_IMAGE=nanogrid-base-node:local
# The legacy builder needs no plugin.
export DOCKER_BUILDKIT=0 COMPOSE_DOCKER_CLI_BUILD=0
url=http://127.0.0.1:$PORT

if docker compose version >/dev/null 2>&1; then compose=(docker compose); else compose=(docker-compose); fi

finish() {
    status=$?
    [ $status = 0 ] || "${compose[@]}" logs --tail 100 || true
    "${compose[@]}" down --volumes --timeout 30 || true
    if [ -n "${gateway_id:-}" ]; then # The images of its runtimes and libraries.
        docker images --quiet --filter "label=nanogrid.gateway=$gateway_id" | sort -u | xargs --no-run-if-empty docker rmi --force >/dev/null || true
    fi
    docker rmi "nanogrid/gateway:$IMAGE_TAG" >/dev/null 2>&1 || true
    docker image prune --force --filter label=nanogrid.build >/dev/null || true
    exit $status
}
trap finish EXIT

"${compose[@]}" config --quiet
"${compose[@]}" build
"${compose[@]}" up -d

healthy() { [ "$(docker inspect --format '{{.State.Health.Status}}' "$("${compose[@]}" ps -q gateway)")" = healthy ]; }
for _ in $(seq 90); do
    healthy && break
    sleep 1
done
healthy || { echo "compose-check: the gateway doesn't become healthy" >&2; exit 1; }
gateway_id=$("${compose[@]}" exec -T gateway cat /data/gateway-id)

call() { curl --silent --show-error --fail-with-body --max-time 120 "$@"; }

call -X POST "$url/callback/deploy" -H 'content-type: application/json' -d '{
    "path": "hello", "method": "GET", "type": "python", "status": true,
    "code": "def handler(event, context):\n    return {\"hello\": event.get(\"name\")}\n"}' >/dev/null
answer=$(call "$url/api/hello?name=compose")
[ "$answer" = '{"hello": "compose"}' ] || { echo "compose-check: unexpected answer: $answer" >&2; exit 1; }

own_instances() { docker ps --all --quiet --filter label=nanogrid.instance --filter "label=nanogrid.gateway=$gateway_id"; }
instances=$(own_instances)
[ -n "$instances" ] || { echo "compose-check: the function doesn't run in a container of its own" >&2; exit 1; }
"${compose[@]}" stop --timeout 30
left=$(own_instances)
[ -z "$left" ] || { echo "compose-check: instances are left after the stop: $left" >&2; exit 1; }
echo "compose-check: ok"
