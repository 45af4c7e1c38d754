# SPDX-License-Identifier: MIT
# A make rule for each host test, from the comment that names its sources (see host.mk).
# usage: awk -f host_rules.awk TEST.c...

FNR == 1 {
	finish()
	test = FILENAME
	sub(/\.c$/, "", test)
	words = ""
	state = "before"
}

state == "before" && /^\/\* sources:/ {
	state = "inside"
	sub(/^\/\* sources:/, "")
}

state == "inside" {
	line = $0
	if (line ~ /\*\//) {
		sub(/\*\/.*/, "", line)
		state = "after"
	}
	sub(/^[ \t]*\*/, "", line)
	words = words " " line
}

END { finish() }

function finish(    n, i, sources, objects, name) {
	if (test == "")
		return
	name = test
	sub(/.*\//, "", name)
	if (state == "before")
		printf "$(error %s.c has no comment /* sources: ... */ that names the files under test)\n", test
	objects = " build/host/obj/" test ".o"
	n = split(words, sources, /[ \t]+/)
	for (i = 1; i <= n; i++) {
		if (sources[i] == "")
			continue
		sub(/\.c$/, ".o", sources[i])
		objects = objects " build/host/obj/" sources[i]
	}
	printf "build/host/%s:%s\n", name, objects
}
