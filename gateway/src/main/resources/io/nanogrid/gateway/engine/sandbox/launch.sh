#!/bin/sh
# Does what must happen between fork and exec, and becomes bubblewrap.
#
#   launch.sh FILTER UID COUNT JOINS... -- COMMAND...
#
# FILTER   file with the seccomp filter, opened as descriptor 9
# UID      host uid and gid to become, or - to stay
# JOINS    COUNT files that take a 0 to have their group joined
# COMMAND  bubblewrap or what goes before it. Its standard input holds bubblewrap's arguments; descriptor 3 is the
#          caller's standard output; what it prints goes to the caller's standard error.
set -eu
filter=$1 uid=$2 count=$3
shift 3
while [ "$count" -gt 0 ]; do
    echo 0 > "$1"
    shift
    count=$((count - 1))
done
shift
# Under pressure the kernel should pick an instance before it picks the gateway.
echo 800 > /proc/self/oom_score_adj
cd /
# What comes from the caller is empty, and the shell adds nothing of note: /proc/1/environ is readable inside.
unset PWD OLDPWD
# A session of its own: a terminal's Ctrl-C is for the gateway.
if [ "$uid" = - ]; then
    exec setsid setpriv --no-new-privs "$@" 3>&1 1>&2 9< "$filter"
fi
exec setsid setpriv --reuid "$uid" --regid "$uid" --clear-groups --bounding-set=-all --inh-caps=-all \
    --ambient-caps=-all --no-new-privs "$@" 3>&1 1>&2 9< "$filter"
