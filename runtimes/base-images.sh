#!/usr/bin/env bash
# Makes base images for the docker engine out of the distribution's packages, for machines that can't pull any.
set -euo pipefail

usage() {
    cat <<'EOF'
usage: runtimes/base-images.sh [--force] [python|node|net|jdk|redis]...

Makes base images with mmdebstrap and `docker import`; without names: python, node and net.

  python   nanogrid-base-python:local   Python with pip, for functions in Python
  node     nanogrid-base-node:local     Node.js with npm, for functions in JavaScript
  net      nanogrid-base-net:local      sets the routes of functions that ask for network
  jdk      nanogrid-base-jdk:local      Java 25 for the gateway's own image (docker-compose.yaml); takes the JDK that
                                        JAVA_HOME or /usr/lib/jvm has
  redis    nanogrid-base-redis:local    Redis for the profile cluster of docker-compose.yaml

An image that exists is left as it is; --force makes it anew. Needs root (or user namespaces), mmdebstrap, and a
running Docker daemon.
EOF
}

die() {
    echo "base-images: $*" >&2
    exit 1
}

force=false
names=()
for argument in "$@"; do
    case "$argument" in
        -h | --help) usage; exit 0 ;;
        --force) force=true ;;
        python | node | net | jdk | redis) names+=("$argument") ;;
        *) usage >&2; exit 2 ;;
    esac
done
[ ${#names[@]} -gt 0 ] || names=(python node net)

command -v docker >/dev/null || die "docker is missing: apt-get install docker.io"
docker version >/dev/null 2>&1 || die "the Docker daemon doesn't answer: start it, or check DOCKER_HOST"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

suite() {
    . /etc/os-release
    case "${ID:-}" in
        debian | ubuntu) echo "${VERSION_CODENAME:-bookworm}" ;;
        *) echo bookworm ;;
    esac
}

# The machine's own Debian or Ubuntu sources, so that a mirror that is set up here is used; nothing where there are none.
sources() {
    local file
    for file in /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list.d/ubuntu.sources /etc/apt/sources.list; do
        if [ -s "$file" ] && grep -qE '^(deb|Types:)' "$file"; then
            echo "$file"
            return
        fi
    done
}

bootstrap() { # tar file, packages
    command -v mmdebstrap >/dev/null || die "mmdebstrap is missing: apt-get install mmdebstrap"
    # shellcheck disable=SC2046 # one word or none
    mmdebstrap --quiet --variant=minbase --include="$2" \
        --aptopt='Acquire::Retries "3"' \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
        --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/info/*' \
        --customize-hook='rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/* "$1"/var/log/* "$1"/usr/share/doc/*' \
        "$(suite)" "$1" $(sources) </dev/null
}

java_home() {
    local candidate
    for candidate in "${JAVA_HOME:-}" /usr/lib/jvm/*; do
        if [ -x "$candidate/bin/java" ] && grep -q '^JAVA_VERSION="25' "$candidate/release" 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    die "there is no Java 25: set JAVA_HOME"
}

make_python() { bootstrap "$1" python3,python3-pip,ca-certificates; }

make_node() { bootstrap "$1" nodejs,npm,ca-certificates; }

make_net() { bootstrap "$1" iproute2; }

make_redis() { bootstrap "$1" redis-server; }

make_jdk() {
    local home
    home=$(java_home)
    bootstrap "$1" ca-certificates
    tar --append --file "$1" --owner=0 --group=0 --exclude=./jmods --exclude=./man --exclude=./lib/src.zip \
        --transform='s,^\.,./opt/java,' -C "$(readlink -f "$home")" .
}

for name in "${names[@]}"; do
    image="nanogrid-base-$name:local"
    if [ "$force" = false ] && docker image inspect "$image" >/dev/null 2>&1; then
        echo "$image exists"
        continue
    fi
    echo "making $image"
    changes=()
    [ "$name" != jdk ] || changes=(--change 'ENV JAVA_HOME=/opt/java' --change 'ENV PATH=/opt/java/bin:/usr/sbin:/usr/bin:/sbin:/bin')
    "make_$name" "$work/$name.tar"
    docker import "${changes[@]}" "$work/$name.tar" "$image" >/dev/null
    rm "$work/$name.tar"
    echo "made $image, $(docker image inspect --format '{{.Size}}' "$image" | awk '{printf "%d MB", $1 / 1000000}')"
done
