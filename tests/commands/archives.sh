# SPDX-License-Identifier: MIT
# Archives and compression.

#: tar
mkdir -p d/e
echo 1 >d/1
echo 2 >d/e/2
ln -s 1 d/l
ln d/1 d/h
chmod 750 d/e
touch -d '2001-02-03 04:05:06' d/1 d/e/2 d/e d
tar cf a.tar d
tar tf a.tar | sort
tar tvf a.tar | grep 'd/1$' | awk '{print $1, $2, $4, $5}'
mkdir x
tar xf a.tar -C x
find x | sort
stat -c '%a %h' x/d/1 x/d/e
stat -c %Y x/d/1
cat x/d/e/2
tar xOf a.tar d/e/2
tar cf - d | (cd x && rm -r d && tar xvf - | sort)
tar tf missing.tar
tar cf b.tar missing
tar cf - --exclude 1 d | tar tf - | sort
echo d/1 >list
tar cf - -T list | tar t
printf junk | tar x
tar xf a.tar -C x d/1 && ls x
tar cf c.tar -C d e && tar tf c.tar

#: tar-compressed
mkdir d
seq 1000 >d/f
tar czf a.tgz d && tar tzf a.tgz
tar cjf a.tbz d && tar tjf a.tbz
tar cf - d | gzip | md5sum | wc -c
mkdir x
tar xzf a.tgz -C x && cmp d/f x/d/f && echo same
tar xf a.tbz -C x && cmp d/f x/d/f && echo same

#: tar-special
mkfifo p
mknod n c 1 3
touch -d @0 p n
mkdir d
chmod 1777 d
touch f
chown 12:34 f
chmod 4711 f
tar cf a.tar p n d f
rm -r p n d f
tar xf a.tar
stat -c '%a %u:%g %F %t,%T' p n d f
touch "$(printf %0150d 1)"
tar cf l.tar 0* && rm 0* && tar xf l.tar && ls | wc -c

#: gzip
seq 1000 >f
cp f g
gzip f
ls
gunzip f.gz
cmp f g && echo same
gzip -c f | gunzip | md5sum
gzip -9 -k f
gzip -l f.gz
zcat f.gz | tail -1
gzip -t f.gz && echo good
gzip f
printf junk >j.gz
gunzip j.gz
echo $?
gunzip missing
zcat f.gz | head -1
gzip -d -c f.gz | wc
head -c 100 f.gz | gunzip 2>&1 >/dev/null | tail -1
seq 20000 | gzip -1 | gzip -d | md5sum

#: bzip2-xz-lzma
seq 2000 >f
bzip2 -k f
ls
bunzip2 -c f.bz2 | cmp - f && echo same
bzcat f.bz2 | tail -1
bzip2 -t f.bz2 && echo good
rm f
bunzip2 f.bz2
wc -l f
printf '/Td6WFoAAATm1rRGAgAhARYAAAB0L+WjAQAEaGVsbG8KAAAAABDCYpAAAR0FyM0dEB+2830BAAAAAARZWg==' | base64 -d >h.xz
xzcat h.xz
unxz h.xz
cat h
printf junk | unxz
echo $?
printf junk | unlzma
echo $?
echo text | lzop | lzop -d
lzop f && ls
lzop -t f.lzo && lzop -dc f.lzo | tail -1
printf junk | uncompress
echo $?

#: cpio
mkdir -p d/e
echo 1 >d/1
echo 2 >d/e/2
ln -s 1 d/l
touch -d @1000000000 d/1 d/e/2
find d | sort | cpio -o -H newc >a.cpio
cpio -t <a.cpio
mkdir x
cd x
cpio -id <../a.cpio
find . | sort
stat -c '%s' d/1 d/e/2
cpio -i <../a.cpio
cpio -idu d/1 <../a.cpio
cd ..
mkdir y
find d | sort | cpio -pd y
find y | sort
printf junk | cpio -t

#: ar-dpkg-deb
echo 1 >one
echo 2 >two
ar cr a.a one two
ar t a.a
ar p a.a two
rm one two
ar x a.a
cat one two
ar tv a.a | awk '{print $1, $3, $NF}'
mkdir c
cat >c/control <<X
Package: x
Version: 1
X
mkdir -p root/usr
echo file >root/usr/file
tar czf control.tar.gz -C c ./control
tar czf data.tar.gz -C root .
echo 2.0 >debian-binary
ar cr x.deb debian-binary control.tar.gz data.tar.gz
dpkg-deb -c x.deb | awk '{print $1, $NF}'
dpkg-deb -f x.deb
dpkg-deb -x x.deb out && cat out/usr/file
dpkg-deb -I x.deb

#: unzip
printf '%s' \
	'UEsDBAoAAAAAAAAAIQDGNbk7BQAAAAUAAAABAAAAZjEyMzQKUEsBAh4DCgAAAAAAAAAhAMY1uTsFAAAA' \
	'BQAAAAEAAAAAAAAAAQAAAKSBAAAAAGZQSwUGAAAAAAEAAQAvAAAAJAAAAAAA' \
	| base64 -d >a.zip
unzip -l a.zip
unzip -p a.zip
unzip -q a.zip
cat f
unzip missing.zip

#: archive-through-pipes
mkdir d
for i in 1 2 3 4 5 6; do seq $((i * 300)) >d/$i; done
tar c d/* | tee copy.tar | gzip | gunzip | tar x -O | md5sum
tar x -O -f copy.tar | md5sum
tar c d | bzip2 | bunzip2 | tar t | wc -l
find d -type f | sort | cpio -o -H newc 2>/dev/null | gzip -c | zcat | cpio -t 2>/dev/null
