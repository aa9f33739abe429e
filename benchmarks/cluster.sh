#!/usr/bin/env bash
# Measures a cluster on this machine. benchmarks/cluster.sh --help says more, benchmarks/README.md what it means.
set -euo pipefail
cd "$(dirname "$0")/.."

. build-config/jdk25.sh
jdk=$(find_jdk25) || { explain_jdk25 >&2; exit 69; }

missing=()
for need in python3 wrk redis-server; do
    command -v "$need" >/dev/null || missing+=("$need")
done
if [ ${#missing[@]} -gt 0 ]; then
    echo "Not installed: ${missing[*]}. Install: sudo apt-get install -y ${missing[*]}" >&2
    exit 69
fi

gateway=gateway/target/nanogrid-gateway-0.1.0-SNAPSHOT.jar
case " $* " in *" --help "* | *" -h "*) ;; *)
    if [ ! -f "$gateway" ]; then
        echo "Building NanoGrid (a minute or two, once)..." >&2
        JAVA_HOME=$jdk ./mvnw -B -ntp -q package -DskipTests -Dexec.skip
    fi ;;
esac

exec python3 -B benchmarks/harness/cluster.py --java "$jdk/bin/java $gateway_flags" --gateway "$gateway" "$@"
