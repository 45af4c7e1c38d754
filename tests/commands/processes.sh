# SPDX-License-Identifier: MIT
# shellcheck shell=busybox
# Processes: what /proc says of them, signals, sessions, daemons in the background.
#
# A process in the background is looked at when its line in /proc says "(sleep) S": Linux names it in the
# middle of exec, before it has arguments and a stack, but sleeps so only after it.

#: status-names-the-process
sh -c 'grep -E "^(Name|State|Threads|Uid|Gid|Umask):" /proc/self/status' | tr -s '\t' ' '

#: status-has-sizes
grep -oE '^(VmPeak|VmSize|VmHWM|VmRSS|VmData|VmStk|VmExe|VmLib):' /proc/self/status

#: statm-has-seven-numbers
awk '{ print NF, $1 >= $2, $2 >= $3 }' /proc/self/statm

#: stat-fields
awk '{ print NF, $2, $3 }' /proc/self/stat

#: cmdline-has-nuls
tr '\0' '|' </proc/self/cmdline

#: environ
env -i A=1 B=two cat /proc/self/environ | tr '\0' '|'

#: links
cd /usr/bin && readlink /proc/self/cwd /proc/self/root /proc/self/exe

#: fd-links
exec 3</dev/null 4>/tmp/fd.$$ 5</etc/passwd
readlink /proc/$$/fd/3 /proc/$$/fd/5
readlink /proc/$$/fd/4 | sed 's/[0-9]*$/N/'
echo x | sh -c 'readlink /proc/self/fd/0' | sed 's/[0-9][0-9]*/N/'
rm /tmp/fd.$$

#: limits
grep -E '^(Limit|Max cpu time|Max core file size|Max nice)' /proc/self/limits | tr -s ' '

#: pmap-adds-up
sleep 100 &
until grep -q '(sleep) S' /proc/$!/stat; do :; done
pmap $! | tail -1 | sed 's/[0-9][0-9]*K/N/'; pmap $! | grep -c stack
awk '/^Rss/ { r += $2 } /^Pss:/ { p += $2 } END { print r >= p, p > 0 }' /proc/$!/smaps
kill $!

#: maps-are-private
sleep 100 &
su nobody -s /bin/sh -c "cat /proc/$!/maps; cat /proc/$!/smaps; cat /proc/$!/status >/dev/null" 2>&1 |
	sed 's/[0-9][0-9]*/N/'
stat -c %a /proc/$!/maps /proc/$!/environ /proc/$!/mountinfo /proc/$!/mem
kill $!

#: others-are-private
sleep 100 &
su nobody -s /bin/sh -c "cat /proc/$!/environ >/dev/null; ls /proc/$!/fd >/dev/null; readlink /proc/$!/exe" 2>&1 |
	sed 's/[0-9][0-9]*/N/; s/.*: //'
kill $!

#: ps-options
sleep 99 &
until grep -q '(sleep) S' /proc/$!/stat; do :; done
ps -o pid,ppid,user,comm,args | awk -v p=$! '$1 == p { print $3, $4, $5, $6 }'
kill $!

#: pidof-finds-all
sleep 77 & a=$!
sleep 77 & b=$!
until grep -q '(sleep) S' /proc/$a/stat && grep -q '(sleep) S' /proc/$b/stat; do :; done
for p in $(pidof sleep); do [ $p = $a ] || [ $p = $b ] && echo one; done
kill $a $b

#: killall
exec 2>/dev/null # when the shell says "Terminated" is its own affair
sleep 66 &
until grep -q '(sleep) S' /proc/$!/stat; do :; done
killall sleep; wait $!; echo $?

#: killall-nobody
killall nothing-of-that-name

#: kill-names
kill -l 1; kill -l TERM; kill -0 $$; echo $?; kill -0 99999

#: timeout-status
timeout 1 sleep 50; echo $?
timeout -s KILL 1 sleep 50; echo $?
timeout 50 sh -c 'exit 3'; echo $?

#: time-prints-three-lines
time true 2>&1 | sed 's/[0-9.]* *[0-9.]*m/m/; s/[0-9.]*s$/s/'
time -f '%x %C' sh -c 'exit 4'; echo $?

#: renice-shows
sleep 55 & renice -n 5 -p $!; cut -d' ' -f19 /proc/$!/stat; kill $!

#: setsid-begins-a-session
setsid sh -c 'set -- $(cat /proc/self/stat); [ $5 = $6 ] && echo leader; echo $7'

#: daemon-with-pidfile
start-stop-daemon -S -b -m -p pidfile -x /bin/sleep -- 44; echo $?
until grep -q '(sleep) S' /proc/$(cat pidfile)/stat; do :; done
start-stop-daemon -S -t -p pidfile -x /bin/sleep -- 44; echo $?
start-stop-daemon -K -q -p pidfile; echo $?
while [ -d /proc/$(cat pidfile) ]; do :; done # until init has taken its status
start-stop-daemon -K -q -p pidfile 2>/dev/null; echo $?

#: stop-and-continue
exec 2>/dev/null
sleep 33 & kill -STOP $!; while ! grep -q '^State:.T' /proc/$!/status; do :; done
grep State /proc/$!/status; kill -CONT $!; kill $!; wait $!; echo $?

#: wait-statuses
exec 2>/dev/null
(exit 5) & wait $!; echo $?
sh -c 'kill -9 $$'; echo $?
(sleep 30 & kill -TERM $!; wait $!; echo $?)

#: four-at-once
seq 1 20 | xargs -P4 -n1 sh -c 'echo $((${0} * ${0}))' | sort -n | tail -3
