# SPDX-License-Identifier: MIT
# shellcheck shell=busybox
# The system as a whole: names, /proc, logs, mounts, the terminal as far as nobody types.

#: hostname-is-settable
old=$(hostname); hostname some.name; hostname; uname -n; cat /proc/sys/kernel/hostname
sysctl -w kernel.hostname=other; hostname; hostname "$old"

#: sysctl-reads
sysctl -n kernel.ostype kernel.pid_max; sysctl no.such.key

#: meminfo-adds-up
awk '/^MemTotal/ { t = $2 } /^MemFree/ { f = $2 } END { print (t > f), (f > 0) }' /proc/meminfo

#: stat-has-a-line-per-hart
awk '/^cpu[0-9]/ { n++ } /^cpu/ { if (NF < 11) bad++ } END { print n == '"$(nproc)"', bad + 0 }' /proc/stat
grep -oE '^(intr|ctxt|btime|processes|procs_running|procs_blocked)' /proc/stat

#: uptime-is-two-numbers
awk '{ print NF, $1 > 0 }' /proc/uptime

#: loadavg-format
sed -E 's/[0-9]+\.[0-9]{2}/L/g; s/[0-9]+/N/g' /proc/loadavg

#: filesystems
grep -E 'tmpfs|proc' /proc/filesystems | sort

#: ionice-is-kept
ionice; ionice -c 2 -n 5 ionice; ionice -c 3 ionice; ionice -c 3 sh -c ionice

#: sysfs-names-console-and-harts
mkdir s; mount -t sysfs none s; stat -f -c %T s; cat s/class/tty/console/active
last=$(($(nproc) - 1)); [ $last = 0 ] && harts=0 || harts=0-$last
grep -x $harts s/devices/system/cpu/online >/dev/null && echo all; umount s; grep sysfs /proc/filesystems

#: mountinfo-agrees-with-mounts
mkdir m; mount -t tmpfs -o ro,nosuid 'some source' m
awk -v p="$PWD/m" '$5 == p { print NF, $4, $6, $7, $8, $9, ($1 != $2) }' /proc/self/mountinfo
[ $(wc -l </proc/self/mountinfo) = $(wc -l </proc/self/mounts) ] && echo as many; umount m

#: mount-options
mkdir m; mount -t tmpfs -o size=64k,mode=700 none m; stat -c %a m
mount | grep -c "$PWD/m"; touch m/a; mount -o remount,ro m; touch m/b; ls m
umount m; ls m; umount m 2>&1 | sed 's/.*: //'

#: mount-unknown-type
mkdir m; mount -t nosuchfs none m 2>&1 | sed 's/.*failed: //'

#: tmpfs-fills-up
mkdir m; mount -t tmpfs -o size=64k none m
dd if=/dev/zero of=m/f bs=4k count=32 2>&1 | grep -v copied; wc -c <m/f; umount m

#: syslog-through-a-socket
syslogd -O "$PWD/log"
until [ -S /dev/log ]; do :; done
logger -t name -p user.warn hello there
until grep -qs hello log; do :; done
sed -n 's/.*\(user.warn.*\)/\1/p' log; killall syslogd

#: logger-without-a-daemon
rm -f /dev/log; logger nobody hears; echo $?

#: kmsg-takes-and-gives-records
echo '<5>kmsg: five' >/dev/kmsg; echo 'kmsg: a\b' >/dev/kmsg; echo '<30>kmsg: last' >/dev/kmsg; echo >/dev/kmsg
timeout 50 sed '/;kmsg: last/q' /dev/kmsg | sed -n 's/^\([0-9]*\),[0-9]*,[0-9]*,\(.;kmsg: \)/\1 \2/p'
dmesg | grep -c 'kmsg: five'; stat -c '%a %t %T' /dev/kmsg

#: kmsg-counts-its-records
echo 'kmsg: one' >/dev/kmsg; echo 'kmsg: two' >/dev/kmsg; echo >/dev/kmsg
timeout 50 sed '/;kmsg: two/q' /dev/kmsg |
	awk -F, '/;kmsg: one/ { one = $2 } /;kmsg: two/ { two = $2 } END { print (two > one), (two < one + 9) }'

#: dmesg-clears
echo 'kmsg: seen once' >/dev/kmsg; echo >/dev/kmsg
dmesg -c | grep -c 'kmsg: seen once'; dmesg | grep -c 'kmsg: seen once'

#: tty-is-none
tty; stty -a 2>&1 | head -1

#: date-sets-and-formats
date -u -d @86400 '+%Y-%m-%d %H:%M:%S'

#: nproc-and-taskset
taskset 1 nproc; taskset -p $$ | sed 's/.*: //' >/dev/null; echo $?

#: chroot-runs
mkdir -p r/bin; cp /bin/busybox r/bin/sh; chroot r /bin/sh -c 'pwd; echo /*'

#: passwd-names
id; id nobody; whoami; su nobody -s /bin/sh -c 'id -un; id -u'

#: mkpasswd-is-stable
mkpasswd -m md5 -S 12345678 word

#: devices
ls -l /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty | awk '{ print $1, $5, $6, $NF }'
readlink /dev/stdin /dev/fd

#: full-device
echo x >/dev/full

#: no-inet
nc -w 1 127.0.0.1 1 </dev/null 2>/dev/null; [ $? -ne 0 ] && echo failed
