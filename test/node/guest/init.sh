#!/bin/busybox sh
# Copyright The Evenkeel Authors.
# SPDX-License-Identifier: Apache-2.0

# The guest's first program: it makes a machine of the initramfs, runs the tests,
# and turns the machine off. What the tests say goes to the second serial port.

if [ "$1" != again ]; then
	# The first file system of all has no parent, and runc's pivot_root cannot leave
	# such a one. A second mount of it, put over the first, has one.
	busybox mount -o bind / /mnt
	cd /mnt || exit
	busybox mount -o move . /
	exec busybox chroot . /init again
fi

# The folder and the cgroup of the tests, and what they take from the environment.
. /etc/environment
export PATH=/bin HOME=/root
cd / || exit

# need runs a command, without which the guest is of no use.
need() {
	busybox "$@" && return
	echo "guest: failed: $*"
	busybox poweroff -f
}

# run runs a program of tests and says how it ended.
run() {
	"$@" -test.v -test.timeout 9m >/dev/ttyS1 2>&1
	echo "guest: ${1##*/} ended with $?" >/dev/ttyS1
}

need mount -t proc proc /proc
need mount -t sysfs sysfs /sys
need mount -t devtmpfs devtmpfs /dev
need mkdir -p /dev/pts /dev/shm /dev/mqueue
need mount -t devpts -o newinstance,ptmxmode=0666 devpts /dev/pts
need mount -t tmpfs tmpfs /dev/shm
need mount -t mqueue mqueue /dev/mqueue
need mount -t tmpfs -o mode=755 tmpfs /run
need mount -t tmpfs tmpfs /tmp
need mount -t tmpfs tmpfs "$GUEST_DIR"
need mount -t cgroup2 cgroup2 /sys/fs/cgroup
need mkdir "/sys/fs/cgroup/$GUEST_CGROUP"
need ip link set lo up
need insmod /lib/overlay.ko
need stty -F /dev/ttyS1 raw

run /bin/inside.test
EVENKEEL_PRIVATE_ROLE=main run /bin/node.test -test.run "$GUEST_NODE_TESTS" -test.skip "$GUEST_NODE_SKIP"
busybox poweroff -f
