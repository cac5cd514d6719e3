#!/bin/sh
# Becomes systemd as PID 1 of its own namespaces. Its root is a layer over the machine's: what is
# written there is gone when it stops. Only the folders named are the machine's own.
#
# usage: boot.sh SCRATCH UNITS [SHARED ...]
#   SCRATCH  an empty folder for the layer
#   UNITS    the folder with the only units systemd knows, shared as well
set -eu

scratch=$1
units=$2
shift

mount --make-rprivate /
mount -t tmpfs tmpfs "$scratch"
mkdir "$scratch/upper" "$scratch/work" "$scratch/root"
mount -t overlay overlay \
    -o "lowerdir=/,upperdir=$scratch/upper,workdir=$scratch/work" "$scratch/root"
cd "$scratch/root"

mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=755 tmpfs dev
for node in null zero full random urandom tty; do
    touch "dev/$node"
    mount --bind "/dev/$node" "dev/$node"
done
mkdir dev/shm dev/pts
mount -t tmpfs -o mode=1777 tmpfs dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd

for folder in "$@"; do
    mkdir -p "./$folder"
    mount --bind "$folder" "./$folder"
done

mkdir run/outside
pivot_root . run/outside
umount -l /run/outside
rmdir /run/outside
exec env -i container=ipai PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin LC_ALL=C.UTF-8 \
    SYSTEMD_UNIT_PATH="$units:/run/systemd/transient:/run/systemd/system" \
    /lib/systemd/systemd --unit=machine.target
