# SPDX-License-Identifier: MIT
# Hard and symbolic links, pipes and devices by name, looking for files.

#: ln-hard
echo a >a
ln a b
stat -c '%h' a
echo more >>b
cat a
rm a
stat -c '%h' b
ln b b
mkdir d
ln d e
ln missing x
ln b d
ls d
ln -f b c
ln b c
link b linked
unlink linked
unlink d
unlink missing
ls

#: ln-symbolic
ln -s target link
readlink link
cat link
echo x >target
cat link
ln -s other link
ln -sf other link
readlink link
mkdir d
ln -s d dl
ln -s x dl
ls d
ln -sfn y dl
readlink dl
ln -s '' empty
stat -c '%s %a %F' link
rm link
ls

#: link-loops
ln -s a b
ln -s b a
cat a
ls a/x
stat -c %F a
mkdir a
rm a b
ln -s self self
cat self
i=0
touch end
ln -s end l0
while [ $i -lt 45 ]; do
	ln -s l$i l$((i + 1))
	i=$((i + 1))
done
for i in 30 38 39 40 41 45; do
	cat l$i && echo $i
done

#: links-in-the-middle
mkdir -p real/sub
echo deep >real/sub/file
ln -s real link
ln -s "$PWD/real/sub" absolute
cat link/sub/file
cat absolute/file
cat absolute/../sub/file
cd link/sub
pwd | sed 's/.*links-in-the-middle//'
pwd -P | sed 's/.*links-in-the-middle//'
cd ..
pwd | sed 's/.*links-in-the-middle//'
cd -P .
pwd | sed 's/.*links-in-the-middle//'

#: realpath-readlink
mkdir -p a/b
ln -s a/b l
touch a/b/f
realpath l/f | sed 's/.*realpath-readlink//'
readlink -f l/../b/f | sed 's/.*realpath-readlink//'
readlink -f missing | sed 's/.*realpath-readlink//'
readlink -f missing/x
realpath missing/x
readlink a
readlink -n l
echo
realpath /proc/self/../self/.. / // /bin/..
readlink -v f

#: create-through-dangling-link
ln -s made link
echo text >link
cat made
ln -s no/where l2
echo x >l2
ln -s . here
ls here/here/here/made
mkdir here
rm here/

#: fifo
mkfifo p
stat -c '%A %F' p
echo hello >p &
cat p
wait
mkfifo p
mkfifo -m 600 q
stat -c %a q
(echo 1; echo 2) >p &
while read -r line; do echo "got $line"; done <p
wait
test -p p && echo pipe
ls -F p

#: mknod
mknod null c 1 3
mknod zero c 1 5
mknod fifo p
mknod block b 7 200
ls -l null zero fifo block | awk '{print $1, $5, $6}' | sed 's/ [A-Z][a-z][a-z]$//'
echo x >null
head -c 4 zero | od -c
cat block
mknod null c 1 3
mknod -m 600 m c 1 3
stat -c '%a %t %T' m
mknod bad c 99 99
cat bad

#: devices
echo x >/dev/null
echo $?
echo x >/dev/full
echo $?
head -c 3 /dev/zero | od -c
cat /dev/null
head -c 10 /dev/urandom | wc -c
ls -l /dev/null /dev/zero /dev/full /dev/tty /dev/random /dev/urandom | awk '{print $1, $3, $5, $6, $NF}'
echo to-stdout | cat /dev/stdin
(echo to-stdout >/dev/stdout) | cat
(echo to-stderr >/dev/stderr) 2>&1 | cat
(echo fd >/dev/fd/1) | cat
ls /dev/fd/ | head -3

#: find
mkdir -p d/e d/f
echo 123 >d/a
echo 1234567890 >d/e/b.txt
touch d/f/c.txt d/f/.h
ln -s ../a d/e/l
mkfifo d/p
touch -d 2001-01-01 d/f/c.txt
chmod 4755 d/a
cd d
for test in '-type f' '-type d' '-type l' '-type p' '-name *.txt' '-iname *.TXT' '-path ./e/*' '-perm 4755' \
	'-perm -4000' '-perm /111' '-size +5c' '-size -1' '-empty' '-newer f/c.txt' '-mtime +1000' '-maxdepth 1' \
	'-mindepth 2' '-links 1' '-user root' '-user 12' '-name e -prune -o -print' '! -type f' \
	'( -name a -o -name b.txt )' '-inum 0' '-regex .*/[ab].*'; do
	echo "$test:"
	set -f
	find . $test | sort
	set +f
done

#: find-actions
mkdir d
touch d/1 d/2 d/3
find d -type f -exec echo {} \; | sort
find d -type f -exec echo {} + | tr ' ' '\n' | sort
find d -name 2 -delete
ls d
find d -name 1 -ok echo {} \; </dev/null
find missing
find -L d -xdev -depth | sort
find d -name '*' -type f | sort | xargs -n1 basename

#: xargs
seq 10 | xargs
seq 10 | xargs -n 3
printf 'a b\nc\n' | xargs -I{} echo '<{}>'
printf 'a\0b c\0' | xargs -0 -n1 echo
printf '"a b" c\\ d' | xargs -n1
xargs echo none </dev/null
xargs -r echo none </dev/null
seq 8 | xargs -P4 -n1 sh -c 'echo $1' - | sort -n
seq 20 | xargs -P4 -n2 sh -c 'echo $(($1+$2))' - | sort -n
echo x | xargs false
echo $?
echo x | xargs sh -c 'exit 255'
echo $?
echo x | xargs nosuchprogram
echo $?
seq 3 | xargs -t -n1 echo 2>&1
yes | head -5000 | xargs -n 1000 echo | wc

#: which-basename-dirname
which ls cat nosuch
echo $?
basename /a/b.c .c
basename /
basename a/
basename a.c .c
basename ''
dirname /a/b
dirname a
dirname /
dirname a//b/
dirname ''

#: mount-tmpfs
mkdir m
mount -t tmpfs -o size=64k,mode=700 tmpfs m
stat -c %a m
grep " $PWD/m " /proc/mounts | sed 's/\/.*m tmpfs/ tmpfs/; s/,inode64//'
echo x >m/f
umount m && ls m
mount -t nosuch none m
echo $?
mount -t tmpfs tmpfs missing
umount m
mount -t tmpfs -o ro tmpfs m
echo x >m/x
mkdir m/d
mount -o remount,rw m
echo x >m/x && ls m
mount -o remount,ro m
rm m/x
touch m/x
umount m

#: mount-busy
mkdir m
mount -t tmpfs tmpfs m
cd m
umount ../m
cd ..
exec 3>m/f
umount m
exec 3>&-
umount m
echo $?

#: mount-noexec
mkdir m
mount -t tmpfs -o noexec,nosuid,nodev tmpfs m
printf '#!/bin/sh\necho ran\n' >m/s
chmod +x m/s
m/s
echo $?
mknod m/null c 1 3
echo x >m/null
umount m

#: mount-stacked
mkdir m
mount -t tmpfs one m
touch m/one
mount -t tmpfs two m
touch m/two
ls m
grep -c " $PWD/m " /proc/mounts
umount m
ls m
umount m
ls m

#: umount-lazy
mkdir m
mount -t tmpfs outer m
mkdir m/n
mount -t tmpfs inner m/n
touch m/n/x
umount m
umount -l m
grep -c "$PWD/m" /proc/mounts
ls m

#: umount-lazy-in-use
mkdir m
mount -t tmpfs outer m
echo text >m/f
exec 3<m/f
umount -l m
ls m
cat <&3
exec 3<&-

#: links-left-by-others
sysctl -n fs.protected_symlinks fs.protected_hardlinks
mkdir -m 1777 d; mkdir -m 777 open; echo text >t; chmod 666 t
su alice -c 'ln -s ../t d/a; ln -s .. d/up; ln -s ../t open/a'; ln -s ../t d/root
try() { echo "$@"; "$@" 2>&1 | sed 's/.*: //'; }
try cat d/a; try cat d/up/t; try cat d/root; try cat open/a; try ls d/up/; readlink d/a
for user in alice bob; do
	try su $user -c 'cat d/a'; try su $user -c 'cat d/root'; try su $user -c 'cat d/up/t'
	try su $user -c 'echo more >>d/a'; try su $user -c 'test -e d/a || echo none'
done
chown alice d; try cat d/a; try cat d/root; cat t
