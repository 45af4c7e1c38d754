# SPDX-License-Identifier: MIT
# Editors, told what to do.

#: ed
printf '1\n2\n3\n' >f
printf '2d\n1a\nnew\n.\n,p\nw\nq\n' | ed f
cat f
printf 'a\nline\n.\nw made\nq\n' | ed
cat made
printf '/2/\n,s/n/N/g\n,p\nQ\n' | ed f
printf 'w\nq\n' | ed missing/x
printf '$\n.=\n-\np\nq\n' | ed f

#: vi-commands
printf 'one\ntwo\nthree\n' >f
vi -c ':2d|wq' f >/dev/null
cat f
vi -c ':%s/e/E/g' -c ':wq' f >/dev/null
cat f
printf ':1d\n:wq\n' | vi f >/dev/null 2>&1
cat f
printf 'Gofour\033:wq\n' | vi f >/dev/null 2>&1
cat f
printf 'yyp:w other\n:q!\n' | vi f >/dev/null 2>&1
cat other
printf 'x:x\n' | vi -R f >/dev/null 2>&1
cat f

#: sed-in-place
for i in 1 2 3; do echo "line $i" >f$i; done
sed -i.bak 's/line/LINE/' f1 f2 f3
cat f1 f2 f3 f1.bak
chmod 600 f1
sed -i 1d f1
stat -c '%a %s' f1
sed -i 1d missing
ls
