# SPDX-License-Identifier: MIT
# Who may do what: modes, owners, umask, other users.

#: chmod
touch a
for mode in 0 7 70 700 4000 2000 1000 7777 u=rw g+x o-r a+r u+s g+s +t -x ug=rwx,o= a=X u=g; do
	chmod $mode a
	stat -c "$mode %a %A" a
done
chmod 9 a
chmod u+q a
chmod 644 missing
mkdir d
touch d/x
chmod -R 700 d
stat -c %a d d/x
ln -s a l
chmod 600 l
stat -c '%a' a
stat -c '%a' l
chmod -v 600 a
chmod -c 644 a

#: chown
touch a
chown 1:2 a
stat -c '%u %g' a
chown 3 a
chgrp 4 a
stat -c '%u %g %U %G' a
chown nobody a
stat -c %U a
chown :nogroup a
stat -c %G a
chown nosuch a
chmod 6755 a
chown 5 a
stat -c %a a
ln -s a l
chown -h 9 l
stat -c '%u %n' a l
mkdir d
touch d/x
chown -R 7:8 d
stat -c '%u:%g' d d/x

#: umask
umask
for m in 000 022 077 777 027; do
	umask $m
	touch f$m
	mkdir d$m
	mkfifo p$m
	stat -c '%a %n' f$m d$m p$m
done
umask -S
umask u=rwx,g=,o=
umask
umask 0888
mkdir -m 777 m
stat -c %a m

#: other-user-files
chmod 755 .
echo secret >mine
chmod 600 mine
echo public >public
mkdir -m 755 closed
touch closed/f
mkdir -m 733 drop
mkdir -m 744 listable
touch listable/f
su alice -c '
id
cat mine
cat public
echo x >public
echo $?
touch closed/g
rm closed/f
rm -f public
mkdir x
ls drop
touch drop/new && echo made
cat drop/new
ls listable
cat listable/f
cd listable
chmod 777 public
chown 1000 public
touch public
touch -d 2001-01-01 public
mv public other
ln public drop/hard
test -w public; echo $?
test -r public; echo $?
test -x closed; echo $?
mknod n c 1 3
mount -t tmpfs tmpfs drop
umount /proc
chroot . /bin/true
hostname x
'
stat -c '%u:%g %a' drop/new

#: sticky-directory
chmod 755 .
mkdir -m 1777 t
touch t/root
su alice -c 'touch t/mine; rm -f t/root; mv t/root t/x; rm t/mine; ls t'
su alice -c "touch t/a"
su bob -c 'rm -f t/a; mv t/a t/b; touch t/c; mv t/c t/a; echo x >t/a'
ls t

#: setgid-directory
chmod 755 .
mkdir d
chgrp 50 d
chmod 2777 d
touch d/f
mkdir d/e
stat -c '%g %a' d/f d/e
su alice -c 'touch d/g; mkdir d/h'
stat -c '%u %g %a' d/g d/h

#: setuid-cleared-by-write
touch a
chmod 6777 a
chmod 755 .
su alice -c 'echo x >a'
stat -c %a a
chmod 6777 a
echo x >>a
stat -c %a a

#: setuid-program
chmod 755 .
cp /bin/busybox id
chown 1234 id
chmod 4755 id
su alice -c "./id -u"
su alice -c "./id -ru"
su alice -c "setpriv --nnp ./id -u"

#: execute-permission
printf '#!/bin/sh\necho ran\n' >s
./s
echo $?
chmod 100 s
./s
echo $?
chmod +x s
./s
mkdir d
d
./d
echo $?
chmod 711 s
chmod 755 .
su alice -c ./s
echo $?
printf '#!/nosuch\n' >t
chmod +x t
./t
echo $?
printf 'echo no shebang\n' >u
chmod +x u
./u
printf '\177ELF' >v
chmod +x v
./v
echo $?
: >empty
chmod +x empty
./empty
echo $?
printf '#!/bin/cat\nself\n' >w
chmod +x w
./w

#: groups
chmod 755 .
echo x >f
chown 0:50 f
chmod 040 f
su alice -c 'id; groups; cat f; chgrp 50 f'
su bob -c 'id; cat f'
chmod 004 f
su alice -c 'cat f'
su bob -c 'cat f'
su alice -c 'touch g; mkdir d; chgrp 50 d; chgrp 51 d; chmod 2755 d; touch d/f; stat -c "%G %a" d d/f' 2>&1
chmod 777 .
su alice -c 'touch g; chgrp staff g; stat -c "%U %G" g; chgrp bob g; chmod 2755 g; stat -c %a g'
su bob -c 'echo x >g; chmod 777 g; rm g' </dev/null

#: identity
id
id -u
id -un
id -G
whoami
groups
logname
id nobody
id nosuch
su nobody -s /bin/sh -c id
su -s /bin/sh -c 'id -u; echo $HOME' nobody

#: read-only-for-root
touch a
chmod 000 a
echo x >a && cat a
mkdir -m 000 d
touch d/x && ls d
chmod 644 a
./a

#: truncation-drops-set-id
for by in root alice; do
	echo text >f
	chmod 6777 f
	su $by -c 'truncate -s 1 f'
	stat -c '%a %s' f
	chmod 6777 f
	su $by -c ': >f'
	stat -c '%a %s' f
done
