#!/bin/sh
# A control group for the inner machine's systemd, which needs one that is its own. Runs in a mount
# namespace of its own: where the machine has the older hierarchy, the newer one is mounted here.
#
# usage: cgroup.sh enter NAME COMMAND [ARGUMENT ...]   become the command, in a new group
#        cgroup.sh leave NAME                          remove the group
set -eu

action=$1
name=$2
shift 2

mount --make-rprivate /
mount -t tmpfs tmpfs /mnt
mkdir /mnt/group
mount -t cgroup2 cgroup2 /mnt/group
if [ "$action" = enter ]; then
    mkdir "/mnt/group/$name"
    echo $$ > "/mnt/group/$name/cgroup.procs"
    umount /mnt/group
    umount /mnt
    exec "$@"
fi
# Groups disappear a moment after their last process.
for _ in 1 2 3 4 5 6 7 8 9 10; do
    find "/mnt/group/$name" -depth -type d -exec rmdir {} + 2>/dev/null || true
    [ -d "/mnt/group/$name" ] || exit 0
    sleep 0.2
done
echo "cgroup.sh: processes are left in $name" >&2
exit 1
