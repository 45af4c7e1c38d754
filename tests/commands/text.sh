# SPDX-License-Identifier: MIT
# Applets that read text and print text.

#: sort
printf '%s\n' b a C 10 9 a | sort
printf '%s\n' 10 9 1e1 -5 0x1 | sort -n
printf '%s\n' b a a | sort -u
printf '%s\n' b a a | sort -r
printf 'x 3\ny 1\nz 2\n' | sort -k2
printf 'x:3:a\ny:1:b\nz:2:a\n' | sort -t: -k3,3 -k2n
printf '%s\n' 2K 1M 3 | sort -h
printf '%s\n' Feb Jan Dec | sort -M
printf '%s\n' v1.10 v1.9 | sort -V
printf 'b\na\n' >f
sort f -o f
cat f
sort -c f && echo sorted
printf 'b\na\n' | sort -c
sort -z </dev/null
printf '%s\n' B a | sort -f
printf '%s\n' '  b' a | sort -b
seq 1000 | sort -R | sort -n | md5sum
sort -s -k1,1 <<X
b 2
a 9
b 1
X

#: uniq
printf '%s\n' a a b b b c | uniq
printf '%s\n' a a b b b c | uniq -c
printf '%s\n' a a b b b c | uniq -d
printf '%s\n' a a b b b c | uniq -u
printf '%s\n' A a | uniq -i
printf '%s\n' '1 a' '2 a' | uniq -f1
printf '%s\n' xa ya | uniq -s1
printf '%s\n' abc abd | uniq -w2

#: cut-paste
printf 'a:b:c\nd:e\nf\n' >f
cut -d: -f1 f
cut -d: -f2- f
cut -d: -f1,3 f
cut -sd: -f2 f
cut -c2-3 f
cut -b1 f
cut -c-2 f
paste f f
paste -d, f f
paste -s f
paste -sd+ f
seq 6 | paste - - -
seq 3 | paste -d'\0' - f

#: tr
echo hello | tr a-z A-Z
echo hello | tr -d l
echo heello | tr -s e
echo hello | tr -c 'a-z\n' x
echo 'a b  c' | tr -cs 'a-z' '\n'
echo abc | tr abc 123
echo abc | tr abc 1
echo '[x]' | tr '[]' '()'
printf 'a\tb\n' | tr '\t' ' '
echo aA1 | tr '[:lower:]' '[:upper:]'
echo aA1 | tr -d '[:digit:]'
printf '\001\002' | tr '\001-\002' 'ab'
echo

#: sed
seq 5 >f
sed -n 2p f
sed 2d f
sed '2,4d' f
sed '$d' f
sed -n '$=' f
sed 's/3/x/' f
sed 's/./&&/g' f
sed -n '/2/,/4/p' f
sed '2i\
before' f
sed '2a after' f
sed '2c changed' f
sed 'y/123/abc/' f
sed -e 1d -e '$d' f
sed '2q' f
sed -n 'l' f
sed '1!G;h;$!d' f
sed 'N;s/\n/+/' f
sed '2~2d' f
sed '0,/3/d' f
sed -i 's/^/x/' f
cat f
sed -E 's/(.)(.)/\2\1/' f
sed '2r f' f
sed -n '1w out' f
cat out
sed 's/x/y/w out2' f >/dev/null
cat out2
sed ':a;s/^.\{1,4\}$/ &/;ta' f
sed 's/(/' f
sed 'b nowhere' f
sed -s -n '$p' f out
sed -n '/x[24]/{s//z/;p}' f
echo aaa | sed 's/a/b/2'
echo aaa | sed 's/A/b/I'
echo 'a.b' | sed 's/\./-/'
printf 'no newline' | sed 's/no/still no/'

#: awk
printf 'a 1\nb 2\nc 3\n' >f
awk '{print $2, $1}' f
awk '{s+=$2} END {print s, s/NR}' f
awk -F1 '{print NF}' f
awk 'NR==2' f
awk '/b/,/c/' f
awk 'BEGIN {for (i = 0; i < 3; i++) printf "%d %s\n", i, i*i}'
awk '{a[$1]=$2} END {for (k in a) print k, a[k]}' f | sort
awk 'BEGIN {print length("hello"), substr("hello",2,3), index("hello","l"), toupper("x")}'
awk 'BEGIN {n = split("a:b:c", p, ":"); print n, p[3]}'
awk 'BEGIN {s = "aaa"; print gsub(/a/, "b", s), s; print match("foobar", /o+/), RSTART, RLENGTH}'
awk 'BEGIN {printf "%5.2f|%-5s|%05d|%x|%c|%e\n", 3.14159, "ab", 42, 255, 65, 12345}'
awk 'BEGIN {while (("echo x; echo y" | getline l) > 0) print "got", l}'
awk 'BEGIN {print "b\na" | "sort"; close("sort"); print "done"}'
awk 'BEGIN {print sin(0), exp(1), int(-3.7), sqrt(2), atan2(0,-1)}'
awk -v x=5 'BEGIN {print x^2, x%3, x/2, -x}'
awk 'function f(n) {return n<2?1:n*f(n-1)} BEGIN {print f(10)}'
awk 'BEGIN {OFS="-"; $3="x"; print; print NF}'
awk '{print > ("out." $1)}' f
cat out.a out.b out.c
awk 'BEGIN {exit 3}'
echo $?
awk 'BEGIN {print ENVIRON["HOME"], ARGC, ARGV[1]}' arg
awk 'BEGIN {print system("exit 4")}'
awk 'BEGIN {RS=""} {print NR": "$1}' <<X
p1 a
p1 b

p2 a
X
awk '{' f
awk 'BEGIN {getline; print "line " $0; getline x; print x}' f
awk 'BEGIN {printf "%s %s\n", 1e300*1e300, log(-1)}' | sed 's/-nan/nan/'
awk 'BEGIN {print 1==1.0, "a"<"b", 10<9, "10"<"9", 0.1+0.2}'
awk 'BEGIN {delete a; a[1,2]=3; for (k in a) {split(k, p, SUBSEP); print p[1], p[2]}; print ((1,2) in a)}'

#: grep
printf '%s\n' apple Banana cherry 'a.b' 'axb' >f
grep a f
grep -i b f
grep -v a f
grep -c a f
grep -n an f
grep -l a f /dev/null
grep -L a f /dev/null
grep -o 'an' f
grep -E 'a(p|x)' f
egrep '^.{5}$' f
fgrep a.b f
grep -F -x a.b f
grep -w b f
grep -q cherry f
echo $?
grep zzz f
echo $?
grep -s a missing
echo $?
grep a missing
grep -A1 Ban f
grep -B1 Ban f
grep -C1 Ban f
grep -m1 a f
grep -e app -e che f
echo an >p
grep -f p f
mkdir d
echo needle >d/x
grep -r needle .
grep -rl needle d
grep -H a f | head -1
grep -h a f f | head -1
grep '[[:upper:]]' f
grep '\(a\)\1' f
grep '[' f
echo $?
printf 'a\0b' | grep -c a

#: head-tail
seq 20 >f
head -3 f
head -n -17 f
head -c 5 f
echo
tail -3 f
tail -n +18 f
tail -c 4 f
tail -c +48 f
head -q -n1 f f
head -v -n1 f
tail -n1 f f
seq 100000 | head -1
seq 20000 | tail -1
tail missing
head -n x f
tac f | head -2
printf 'a\nb' | tac
rev f | tail -1
printf 'abc' | rev
nl f | head -2
printf 'a\n\nb\n' | nl -ba
printf 'a\n\nb\n' | nl -s: -w2 -v5

#: tail-follow
echo first >f
tail -f -s 1 f >seen &
until grep -q first seen; do :; done
echo more >>f
until grep -q more seen; do :; done
kill $!
cat seen

#: fold-expand
echo abcdefghij | fold -w4
echo 'aa bb cc dd' | fold -sw5
printf 'a\tb\n' | expand
printf 'a\tb\n' | expand -t4
printf '        x       y\n' | unexpand
printf '        x       y\n' | unexpand -a
printf 'a\n' | unix2dos | od -c
printf 'a\r\n' | dos2unix | od -c

#: wc
printf 'one two\nthree\n' >f
wc f
wc -l f
wc -w f
wc -c f
wc -L f
wc f f
wc <f
wc missing
printf x | wc

#: od-hexdump-xxd
printf 'hello\nworld\001\377' >f
od f
od -c f
od -x f
od -An -tx1 f
od -d f
od -t x4 f
od -j 3 -N 4 -c f
hexdump f
hexdump -C f
hexdump -e '4/1 "%02x " "\n"' f
xxd f
xxd -p f
xxd -p f | xxd -r -p | cmp - f && echo same
xxd -c 4 f
head -c 100 /dev/zero | hexdump -C
head -c 64 /dev/zero | od
strings -n 3 f
strings /bin/busybox | grep -c BusyBox
printf 'abc\0def' | strings -n 3 -o

#: cmp-diff-patch
printf '1\n2\n3\n' >a
printf '1\nx\n3\n4\n' >b
cmp a b
cmp -l a b
cmp -s a b
echo $?
cmp a a
echo $?
diff a a
diff a b | tail -n +3
diff -q a b
echo $?
diff -U0 a b | tail -n +3
diff -u -L a -L b a b >p
cat p
cp a c
patch c <p
cmp c b
patch -R c <p
cmp c a
patch -p0 <<X
--- a
+++ a
@@ -9,1 +9,1 @@
-nine
+ten
X
echo $?
mkdir d e
echo 1 >d/x
echo 2 >e/x
touch d/only
diff -r d e | grep -v '^[-+][-+]'
diff -N -q -r d e
diff -b <<X - a
1
2
3
X
diff a missing
echo $?

#: printf-echo
printf '%d %i %o %x %X %u\n' 1 2 8 255 255 5
printf '%5d|%-5d|%05d|%+d\n' 1 2 3 4
printf '%s %10s|%-10s|%.2s\n' a b c def
printf '%c%c\n' abc def
printf '%e %f %g\n' 1.5 1.5 1.5
printf '%b\n' 'a\tb\\n'
printf '%%\n'
printf '%s\n' a b c
printf '%d\n' 0x10 010 "'a"
printf '%d\n' x
printf '\101\x41\n'
printf '%*d\n' 5 1
printf 'no newline'
echo
echo -n x
echo
echo -e 'a\tb\c'
echo
echo 'a\tb'
echo -E 'a\tb'
/bin/echo -e 'x\ny'
/usr/bin/printf '%s-%s\n' a b
/bin/echo -n

#: expr-test
expr 1 + 2
expr 7 / 2
expr 7 % 4
expr 2 \* 3
expr abc : 'a\(.\)'
expr abc : b
expr length hello
expr substr hello 2 3
expr index hello l
expr 1 = 1
expr a \< b
expr 1 \| 0
expr 0 \& 1
echo $?
expr 1 / 0
echo $?
expr
for t in '-z x' '-n x' 'a = a' 'a != a' '1 -lt 2' '2 -le 1' '1 -eq 01' '-e /' '-f /' '-d /' \
	'-L /bin/sh' '-s /etc/passwd' \
	'-r /etc/passwd' '-x /etc/passwd' '-c /dev/null' '-b /dev/null' '-p /dev/null' '-S /' '-u /bin' '-t 0' '-O /' \
	'a -a b' 'x = x -o y = z' '! -e /' '( a = a )' '/etc -ef /etc/' '1 -lt x' '-k /tmp' '-h /bin/sh'; do
	[ $t ]
	echo "$t: $?"
done

#: seq-factor-shuf
seq 3
seq 2 5
seq 1 2 9
seq 5 -2 1
seq -w 8 10
seq -s, 3
seq 0.5 2
seq x
factor 12 97 1 0 1234567890
seq 10 | shuf | sort -n | paste -sd' '
shuf -i 1-5 | sort | paste -sd' '
shuf -e a b c | sort
seq 100 | shuf -n 3 | wc -l
yes | head -3
yes a b | head -2

#: bc-dc
echo '2^100' | bc
echo 'scale=10; 1/3' | bc
echo 'obase=16; 255' | bc
echo 'ibase=2; 1011' | bc
echo 'sqrt(2)' | bc -l
echo 'define f(n) { if (n < 2) return 1; return n * f(n-1); } f(20)' | bc
echo 'for (i = 0; i < 3; i++) i' | bc
echo '1/0' | bc
echo $?
echo '5 3 - p' | dc
echo '2 10 ^ p' | dc
echo '[1 p] x 2 3 * p' | dc
dc -e '10 2 / p'
echo '4*a(1)' | bc -l

#: cal-date
cal 2 2024
cal 9 1752
cal 2025 | md5sum
date -u -d @0
date -u -d '2024-02-29 12:34:56' '+%Y-%m-%d %H:%M:%S %j %u %V %a %b %e %I %p %s'
date -u -d '2024-01-01' +%F
date -u -d '1 hour'
date -d bad
TZ=EST5EDT date -d @1000000000 '+%F %T %Z'
TZ=CET-1CEST,M3.5.0,M10.5.0/3 date -d @1720000000 '+%F %T %Z %z'
date -u -R -d @0
date -u -Iseconds -d @0
touch -d '2001-02-03 04:05:06' f
date -r f '+%F %T'

#: tee-ts
echo x | tee a b
cat a b
echo y | tee -a a
cat a
echo z | tee /dev/full
echo $?
echo line | ts | wc -w

#: ascii-and-others
ascii | md5sum
ascii | head -3
getopt ab:c -a -b x -c rest
getopt -o ab: -l long,opt: -- --long -b 'x y' --opt=1 z
getopt a -- -q
echo $?
env -i A=1 B=2 env
env -u HOME sh -c 'echo ${HOME-unset}'
env nosuchprogram
echo $?
printenv HOME 2>/dev/null || echo none
uname
uname -m
nproc >/dev/null && echo nproc
hostid | wc -c
arch
usleep 1
sleep 0.01
sleep x
true
false
echo $?
clear | od -c
reset 2>/dev/null | od -c | head -1

#: base64-uuencode
echo 'Hello, world' | base64
echo SGVsbG8K | base64 -d
head -c 200 /dev/zero | base64
head -c 200 /dev/zero | base64 -w 20 | head -2
echo '!!!' | base64 -d
echo $?
printf 'some text\n' >f
uuencode f <f
uuencode -m name <f
uuencode f <f | uudecode -o g
cmp f g && echo same

#: sums
printf 'abc' >f
md5sum f
sha1sum f
sha256sum f
sha512sum f
sha3sum f
crc32 f
md5sum </dev/null
md5sum f >sums
md5sum -c sums
echo x >>f
md5sum -c sums
echo $?
md5sum missing
sha256sum f f >s
sha256sum -c -s s
echo $?
head -c 100000 /dev/zero | sha512sum
head -c 100000 /dev/zero | sha3sum
head -c 100000 /dev/zero | md5sum
cat f f | sha1sum -

#: more-less
seq 5 >f
less f
more f
less <f
cat f | less
less missing
