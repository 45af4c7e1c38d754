# SPDX-License-Identifier: MIT
# Making, copying, naming and removing files and directories.

#: cp-mode
echo text >a
chmod 640 a
cp a b
cp -p a c
stat -c '%a %s' a b c

#: cat-missing
cat missing

#: cp-tree
mkdir -p d/e/f
echo 1 >d/1
echo 2 >d/e/2
ln -s ../1 d/e/link
mkfifo d/fifo
cp -a d copy
find copy | sort
readlink copy/e/link
stat -c '%F' copy/fifo
cp -r d d/e
cp d other

#: cp-onto
echo a >a
echo b >b
cp a b
cat b
cp a a
cp a missing/b
mkdir d
cp a b d
ls d
cp a b c
cp -f a /dev/null/x
cp -i a b </dev/null
cp -u a b
cp -l a hard
stat -c %h a
cp -s a soft
readlink soft

#: cp-times
touch -d '2001-02-03 04:05:06' a
cp -p a b
stat -c '%y' b
cp -a a c
date -r c '+%F %T'

#: mv-files
echo a >a
mv a b
cat b
mkdir d
mv b d
ls d
mv d/b d
mv d d/sub
mv missing x
mv d e
ls e
echo x >x
mv x e/b
cat e/b
mv -n e/b x
ls

#: mv-between-file-systems
mkdir m
mount -t tmpfs tmpfs m
mkdir d
echo 1 >d/1
ln -s 1 d/link
chmod 600 d/1
mv d m/
find m d | sort
stat -c '%a %F' m/d/1
umount m

#: rename-onto-directory
mkdir d
touch f
mv -T f d
ls -F
mkdir e
touch e/x
mv -T d e
rmdir e
mv -T e f

#: rm
touch a b
rm a
rm a
rm -f a
mkdir -p d/e
touch d/e/f
rm d
rm -r d
ls
rm .
rm ..
rm -rf .
rm -rf missing
rm
rm -i b </dev/null
ls

#: rmdir
mkdir -p a/b/c
rmdir a
rmdir a/b/c
rmdir -p a/b
rmdir .
mkdir d
rmdir d/.
rmdir d/
touch f
rmdir f
rmdir missing
ls

#: mkdir
mkdir a a
mkdir -p a/b/../c
mkdir -m 700 m
mkdir -m 1777 sticky
mkdir x/y
mkdir a/
mkdir -p a
touch f
mkdir f/d
mkdir -p f/d
mkdir ''
stat -c '%a %n' a a/b a/c m sticky
mkdir d/ && stat -c %F d

#: touch
touch a
touch -c missing
ls
touch -t 200102030405.06 a
stat -c %y a
touch -r a b
stat -c %y b
touch -d @1000000000 a
stat -c '%X %Y' a
touch missing/x
touch d/
touch -d '1970-01-01 00:00:00' a
stat -c %Y a
touch -d '2100-01-01 00:00:00' a
stat -c %Y a

#: ls-forms
mkdir d
touch a .hidden d/x
echo long >b
chmod +x b
ln -s a link
ln -s gone dangling
mkfifo p
ls
ls -a
ls -A
ls -F
ls -1p
ls -d .
ls -R
ls -r
ls -S a b
ls link dangling d
ls missing
ls -l a b link dangling p | sed 's/ [A-Z][a-z][a-z] .*:[0-9][0-9] / /'
ls -L dangling

#: ls-sorting-and-time
touch -d '2003-01-01 00:00:00' c
touch -d '2001-01-01 00:00:00' a
touch -d '2002-01-01 00:00:00' b
ls -t
ls -tr
ls -le a
ls --full-time b

#: ls-many-columns
touch 1 2 3 4 5 6 7 8 9 10 11 12
ls -C -w 20
ls -x -w 20

#: stat-formats
echo 12345 >a
chmod 4755 a
stat -c '%A %a %b %F %g %G %h %n %o %s %u %U %t %T' a
stat -c '%N' a
mkdir d
stat -c '%A %h %F' d
mkdir d/1 d/2
stat -c '%h' d
mknod c c 1 3
stat -c '%F %t %T' c
stat -L -c %F /proc/self/cwd
stat missing

#: stat-file-systems
stat -f -c '%l %s %S %T %t' .
stat -f -c '%T' /proc
stat -f -c '%T' /dev
stat -f missing

#: install
echo x >src
install -m 750 src dst
stat -c '%a %s' dst
install -d -m 711 d/e
stat -c %a d/e
install -D src p/q/r
cat p/q/r
install src missing/x
install -o 1 -g 2 src owned
stat -c '%u %g' owned

#: mktemp
t=$(mktemp ./x.XXXXXX)
echo ${#t}
stat -c '%a %s' "$t"
d=$(mktemp -d ./d.XXXXXX)
stat -c '%a %F' "$d"
mktemp -u x.XXXXXX | sed 's/......$//'
mktemp bad
mktemp missing/x.XXXXXX 2>&1 | sed 's/\..*:/:/'

#: truncate
truncate -s 10000 a
stat -c '%s %b' a
echo hello >b
truncate -s 2 b
od -c b
truncate -s +3 b
od -c b
truncate -s -1 b
stat -c %s b
truncate -c -s 5 missing
ls
truncate -s 1 .
truncate -s 1K b
stat -c %s b

#: fallocate
fallocate -l 20000 a
stat -c '%s %b' a
fallocate -o 4096 -l 4096 b
stat -c '%s' b
od b
fallocate -l 0 c
fallocate -l 1 .

#: shred
echo secret >a
shred -n 1 a
stat -c %s a
shred -u a
ls

#: dd
printf 0123456789 >a
dd if=a bs=1 skip=2 count=3 2>/dev/null
echo
dd if=a of=b bs=4 conv=sync 2>&1 | sed 's/,.*//'
od -c b
dd if=a of=b bs=1 seek=5 conv=notrunc count=2 2>/dev/null
od -c b
dd if=a of=c bs=2 seek=2 2>/dev/null
od -c c
dd if=a conv=swab 2>/dev/null
echo
dd if=missing
dd if=/dev/zero of=z bs=1M count=3 2>/dev/null
stat -c '%s %b' z
dd if=/dev/zero bs=1 count=0 of=new 2>/dev/null
stat -c %s new
dd if=a ibs=3 obs=5 2>&1 >/dev/null | sed 's/,.*//'
dd if=/dev/zero of=/dev/full bs=10 count=1
dd if=/dev/urandom bs=100 count=3 2>/dev/null | wc -c
dd if=a of=b bs=4 iflag=skip_bytes skip=1 2>/dev/null
cat b

#: long-names
n=$(printf %0255d 0)
touch "$n" && ls | wc -c
touch "1$n" 2>&1 | tail -c 20
mkdir "$n/x" 2>&1 | tail -c 20
rm "$n"
p=$(printf '%02047d/%02047d' 0 0 | sed 's/0/.\//g')
stat -c %F "$p" 2>&1 | tail -c 20
stat -c %F "${p%????}" | tail -c 20
d=$PWD
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	mkdir "$n" && cd "$n" || break
done
echo $i
/bin/pwd 2>&1 | tail -c 20
cd "$d"
find . -depth | wc -l
rm -r "$n" && ls

#: strange-names
touch -- -x 'a b' "new
line" 'quote"' "tab	" '*' '\' ' '
ls -1 | cat -A
ls -b
rm -- -x '*'
ls -1Q
find . -type f -print0 | tr '\0' '@' | tr '@' '\n' | sort

#: trailing-slashes
mkdir d
touch f
ln -s d ld
ln -s f lf
ln -s gone lg
for p in d/ f/ ld/ lf/ lg/ d// ./d/./ d/../f d/../f/ f/.. f/. gone/.. ''; do
	stat -c "$p %F" "$p"
done
cat f/
ls -d ld/
rm ld/
rmdir ld/
mv d/ e/
ls
mv f/ g
mkdir lg/
ln f/ h
touch lf/
echo x >new/

#: dots
mkdir -p a/b
cd a/b
ls -d ../.. | cat
cd ../../a/./b/..
basename "$PWD"
ls -d /.. /../.. /../bin
cd /
cd ..
pwd
cd "$OLDPWD"
mkdir ..
mkdir .
rmdir ..
mv . x
mv .. x

#: removed-working-directory
mkdir d
cd d
rmdir ../d
/bin/pwd
ls
ls .
touch x
mkdir e
ls ..
cd .
cd ..
ls

#: thousands-of-files
mkdir d
cd d
seq 2000 | xargs touch
ls | wc -l
ls | sort -n | tail -1
rm ?
rm -f 1* 2*
ls | wc -l
find . -name '*7' | wc -l
cd ..
rm -r d
ls -a

#: deep-tree
p=.
i=0
while [ $i -lt 60 ]; do
	p=$p/d$i
	i=$((i + 1))
done
mkdir -p $p
echo deep >$p/file
find . -type d | wc -l
cat $p/file
du -a . | wc -l
cp -r d0 copy
find copy -name file
rm -r d0
ls

#: sparse
dd if=/dev/null of=a bs=1M seek=64 2>/dev/null
stat -c '%s %b' a
echo x | dd of=a bs=1 seek=1000000 conv=notrunc 2>/dev/null
stat -c '%s %b' a
du -k a
du -b a
tail -c 1 a | od -c
cmp a /dev/zero
truncate -s 1M a
stat -c '%s %b' a
truncate -s 10 a
stat -c '%s %b' a

#: big-file
dd if=/dev/zero bs=1M count=5 2>/dev/null | tr '\0' x >a
stat -c '%s %b' a
md5sum a
cp a b
cmp a b && echo same
tail -c 5 b
head -c 5000001 a | wc -c
truncate -s 5000000000 b
stat -c %s b
rm a b

#: du-df
mkdir d
dd if=/dev/zero of=d/a bs=4096 count=4 2>/dev/null
echo x >d/b
ln d/a d/c
du -a d | sed 's/[ac]$/a or c/' | sort
du -s d
du -sh d
du -sl d
df . | tail -1 | awk '{print $1, $6, NF}'
mkdir m
mount -t tmpfs -o size=1m none m
df -k m
dd if=/dev/zero of=m/x bs=64k count=100 2>&1 | tail -2 | sed 's/ copied.*//'
df -k m
umount m

#: exists-races-with-noclobber
set -C
echo a >a
echo b >a
echo b >|a
cat a

#: split-and-run-parts
mkdir parts
printf '#!/bin/sh\necho one\n' >parts/1
printf '#!/bin/sh\necho two; exit 3\n' >parts/2
chmod +x parts/1 parts/2
touch parts/3
run-parts parts
run-parts --list parts
run-parts --test parts

#: remove-while-open
echo text >a
exec 3<a 4>>a
rm a
echo more >&4
cat <&3
ls

#: append-shared-offset
(echo 1; echo 2; (echo 3)) >a
cat a
{ read -r x; echo "$x"; cat; } <a
echo 4 >>a
echo 5 1<>a
cat a

#: nuke
mkdir -p d/e
touch d/f
nuke d
ls

#: sync-fsync
echo x >a
sync
sync a
sync -d a
dd if=a of=b conv=fsync 2>/dev/null
cat b
