# To be sourced: finds a JDK 25, wherever it is installed, also where it isn't the default.

# The JVM's flags for the gateway: what start.sh starts is what benchmarks/run.sh measures.
gateway_flags=-XX:+UseSerialGC

is_jdk25() {
    [ -x "$1/bin/javac" ] && [ -f "$1/release" ] && grep -q '^JAVA_VERSION="25' "$1/release"
}

find_jdk25() {
    set +f
    default=$(command -v javac 2>/dev/null) && default=$(readlink -f "$default") && default=${default%/bin/javac} || default=
    for candidate in "${JAVA_HOME:-}" "$default" /usr/lib/jvm/* /opt/*jdk* /opt/java/* "$HOME"/.sdkman/candidates/java/* \
        "$HOME"/.jdks/* "$HOME"/.local/share/mise/installs/java/*; do
        if [ -n "$candidate" ] && is_jdk25 "$candidate"; then
            printf '%s\n' "$candidate"
            return 0
        fi
    done
    return 1
}

explain_jdk25() {
    echo "No JDK 25 found. Install one: sudo apt-get install -y openjdk-25-jdk-headless (Debian 13 and newer), or Temurin 25 from adoptium.net"
}
