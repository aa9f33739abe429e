#!/bin/sh
# Runs in a network namespace that is still empty, as its root; waits for the helper to connect it, closes what is not to
# be reached, and becomes the rest of the command, which can't undo that.
#
#   network.sh RULES COMMAND...
#
# RULES    file of arguments for ip(8), one call per line
set -eu
rules=$1
shift
echo network >&3
tries=0
while [ -z "$(ip -4 route show default)" ]; do
    tries=$((tries + 1))
    if [ "$tries" -gt 250 ]; then
        echo "the network helper has not connected the namespace" >&2
        exit 1
    fi
    sleep 0.02
done
ip link set lo up
ip -4 -batch "$rules"
unset PWD OLDPWD
exec "$@"
