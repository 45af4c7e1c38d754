# SPDX-License-Identifier: MIT
# shellcheck shell=busybox
# Making, naming, removing files and directories.

#: cp-mode
echo text >a
chmod 640 a
cp a b
cp -p a c
stat -c '%a %s' a b c

#: cat-missing
cat missing

#: rename-onto-directory
mkdir d
touch f
mv -T f d
ls -F
