# SPDX-License-Identifier: MIT
# The shell itself.

#: quoting-and-expansion
a='x y'
echo $a "$a" '$a' \$a
echo ${a#x} ${a%y} ${#a} ${b-default} ${b:=set} $b ${a:+alt} ${a:2:1} ${a/x/z}
echo ${undefined?message}
echo after

#: unset-variable
set -u
echo $undefined
echo not reached

#: arithmetic
echo $((1 + 2 * 3)) $((7 / 2)) $((7 % 3)) $((-7 / 2)) $((2 ** 10)) $((1 << 4)) $((5 & 3)) $((5 | 3)) $((5 ^ 3)) $((~0))
x=5
echo $((x++)) $x $((++x)) $((x += 2)) $((x > 3 ? 1 : 0)) $((x == 8 && 1)) $((!x)) $((0x1f)) $((010))
echo $((9223372036854775807 + 1))
echo $((1 / 0))
echo not reached

#: globs
touch a.c b.c c.h .hidden 'd e'
mkdir d
touch d/x.c
echo *.c
echo [ab].c
echo [!a]*
echo ?.h
echo *.none
echo .h*
echo */*.c
echo "*.c"
set -f
echo *.c
case abc in a*) echo match ;; *) echo no ;; esac
case x in [a-c]) echo abc ;; [!a-c]) echo other ;; esac

#: here-documents
x=value
cat <<X
expanded $x $((1 + 1)) $(echo sub)
X
cat <<'X'
literal $x
X
cat <<-X
	stripped
		of tabs
	X
cat <<A; cat <<B
first
A
second
B
while read -r l; do echo "[$l]"; done <<X
a b
  c
X
cat <<X | tr a-z A-Z
piped
X

#: large-here-document
i=0
{
	echo 'cat <<X | md5sum'
	seq 5000
	echo X
} >s
sh s

#: redirections
echo out >f
echo more >>f
cat <f
ls missing 2>err
cat err
{ echo o; echo e >&2; } >both 2>&1
cat both
{ echo o; echo e >&2; } 2>&1 >/dev/null
exec 3>three
echo to three >&3
exec 3>&-
cat three
echo x >&3
exec 4<f
read -r l <&4
echo "$l"
exec 4<&-
cat <missing
echo $?
echo x >missing/y
echo $?
echo x 1<>f
cat f
: >f
wc -c f
echo x >/
2>f ls missing
cat f

#: pipelines
echo a | cat | cat | cat
false | true
echo $?
true | false
echo $?
! true
echo $?
set -o pipefail
false | true
echo $?
seq 100000 | head -1
yes | head -2 | wc -l
echo x | { read -r y; echo "$y"; }
x=1
echo 2 | read -r x
echo $x
cat /dev/zero | head -c 1000000 | wc -c
(echo a; sleep 0.1; echo b) | while read -r l; do echo "$l"; done
seq 20000 | sort -rn | uniq | tail -1

#: subshells
x=1
(x=2; echo $x)
echo $x
{ x=3; }
echo $x
(exit 5)
echo $?
(cd /; pwd)
echo $(echo $(echo nested))
echo `echo back`
y=$(false)
echo $?
echo "$(printf 'trailing\n\n\n')."
(trap 'echo bye' EXIT; echo in)
sh -c 'echo $0 $1 $#' name arg1 arg2

#: control-flow
for i in 1 2 3; do
	[ $i = 2 ] && continue
	echo $i
done
while :; do
	break
done
until false; do
	echo once
	break
done
if false; then echo a; elif true; then echo b; else echo c; fi
for i; do echo "$i"; done
set -- x y z
for i; do echo "$i"; done
shift
echo $1 $# $*
shift 5
echo not reached

#: functions
f() {
	local v=$1
	echo "f $v $#"
	return 3
}
f a b
echo $?
fact() {
	if [ $1 -le 1 ]; then echo 1; else echo $(($1 * $(fact $(($1 - 1))))); fi
}
fact 8
type f | head -1
unset -f f
f
echo $?

#: traps
trap 'echo got usr1' USR1
kill -USR1 $$
trap 'echo term' TERM
kill $$
trap '' INT
kill -INT $$
trap - USR1
trap
sh -c 'trap "echo exit \$?" EXIT; exit 7'
echo $?
sh -c 'kill -USR1 $$'
echo $?
sh -c 'kill -KILL $$'
echo $?
sh -c 'trap "exit 9" TERM; kill $$; sleep 5'
echo $?
trap 'echo usr2' USR2
(sleep 0.1; kill -USR2 $$) &
wait
wait

#: errexit
set -e
false || true
if false; then :; fi
! true
echo before
false
echo not reached

#: background
sleep 0.1 &
wait $!
echo $?
(exit 3) &
wait $!
echo $?
for i in 1 2 3; do (echo $i >f$i) & done
wait
cat f1 f2 f3
jobs | grep -c Done
sleep 50 &
jobs | grep -c Running
kill $!
wait $! 2>/dev/null
echo $?
wait 99999
echo $?

#: job-control-without-terminal
set -m 2>/dev/null
sleep 50 &
jobs | wc -l
kill -9 %%
wait
jobs

#: exit-status
true
echo $?
nosuchcommand
echo $?
./nosuch
echo $?
/
echo $?
sh -c 'exit 300'
echo $?
sh nosuchscript
echo $?
sh -c 'if'
echo $?
exit 42

#: read-builtin
printf 'a b c\nd\n' | while read -r x y; do echo "$x|$y"; done
printf 'a\\nb\n' | { read x; echo "$x"; }
printf 'a:b\n' | { IFS=: read -r x y; echo "$x $y"; }
printf 'no newline' | { read -r x; echo "$? $x"; }
read -r x </dev/null
echo $?
echo abc | { read -n 2 x; echo "$x"; }
mkfifo silent
read -t 0.1 x <>silent
echo $?
printf 'a\0b\0' | { read -r -d '' x 2>/dev/null; echo "$x"; }

#: builtins
type cd | head -1
command -v ls
command -v nosuch
echo $?
eval 'echo evaluated'
. /dev/null
echo 'echo sourced $x' >s
x=1
. ./s
alias a='echo alias'
alias a
unalias a
readonly r=1
(r=2)
echo $?
getopts ab: o -a -b val
echo $o
let 'v = 3 + 4'
echo $v
set -- "a b" c
echo "$@" | wc -w
printf '[%s]' "$@"
echo
hash -r
times | wc -l
ulimit -n >/dev/null && echo ulimit
test a \< b && echo less
export E=1
sh -c 'echo $E'
echo "${LINENO:+line}"
cd /nosuch
echo $?
cd /tmp
cd - >/dev/null
pwd | grep -c builtins
umask
exec 5>&1
echo five >&5
help | head -1

#: ulimits
ulimit -f 1
dd if=/dev/zero of=a bs=1024 count=3 2>/dev/null
echo $?
stat -c %s a

#: exec
(exec echo replaced)
exec 3>f
exec sh -c 'echo $0; echo inherited >&3; cat f' name

#: script-arguments
cat >s <<'X'
#!/bin/sh
echo "$0 $# $*"
X
chmod +x s
./s a 'b c'
printf '#! /bin/sh -x\necho hi\n' >t
chmod +x t
./t
printf '#!/bin/echo one two\n' >u
chmod +x u
./u three
printf '#!./s\n' >v
chmod +x v
./v x

#: busy-shell
i=0
while [ $i -lt 100 ]; do
	x=$(echo $i)
	i=$((i + 1))
done
echo $x
seq 50 | while read -r n; do (echo $((n * 2))); done | tail -1

#: signals-in-pipelines
sh -c 'yes | true'
echo $?
sh -c 'trap "" PIPE; yes 2>/dev/null | true; echo done'
(kill -TERM $(exec sh -c 'echo $PPID')) 2>/dev/null
echo $?
timeout 0.2 sleep 50
echo $?
timeout -s KILL 0.2 sleep 50
echo $?
timeout 50 true
echo $?
(trap "" TERM; timeout 1 sh -c 'sleep 1.5; echo survived')

#: environment
A=1 sh -c 'echo $A'
echo ${A-unset}
env | grep -c '^PATH='
PATH=/nosuch
ls
echo $?
/bin/ls -d /

#: substring-and-patterns
p=/usr/lib/file.tar.gz
echo ${p##*/} ${p%/*} ${p%%.*} ${p#*.} ${p##*.}
n=abcabc
echo ${n//b/x} ${n/#a/y} ${n/%c/z} ${n:1} ${n: -2}
echo $'a\tb'

#: text-file-busy
cp /bin/busybox sleep
./sleep 60 &
until grep -q '(sleep) S' /proc/$!/stat; do :; done
echo x >>sleep
echo $?
cp /bin/busybox sleep
rm sleep && echo removed
kill $!
exec 3>>true
cp /bin/busybox true
./true
echo $?
exec 3>&-
./true && echo ran
