// SPDX-License-Identifier: MIT
/* The command line is split once, in place; looking something up walks the words. */
#include "kernel/core/cmdline.h"

#include "kernel/core/printk.h"
#include "lib/parse.h"
#include "lib/string.h"

#define CMDLINE_BYTES 2048
#define CMDLINE_WORDS 128

/* Who reads a word is seen where it is read; whatever is not listed here goes to init. */
static const char *const kernel_words[] = {
	"console", "debug",      "earlycon", "fork",   "init",  "initrd", "loglevel",
	"maxcpus", "mem",        "panic",    "poison", "quiet", "rdinit", "ro",
	"root",    "rootfstype", "rootwait", "rw",     "sysrq", "trace",
};

static char original[CMDLINE_BYTES];
static char words[CMDLINE_BYTES]; /* NUL after each, quotes gone */
static u16 word_at[CMDLINE_WORDS];
static u32 word_count;

/* Copy the word at @from to @to without its quotes; returns where it ends. */
static const char *word_copy(char *to, const char *from)
{
	bool quoted = false;
	for (; *from != '\0' && (quoted || (*from != ' ' && *from != '\t' && *from != '\n'));
	     from++) {
		if (*from == '"')
			quoted = !quoted;
		else
			*to++ = *from;
	}
	*to = '\0';
	return from;
}

static const char *skip_blanks(const char *s)
{
	while (*s == ' ' || *s == '\t' || *s == '\n')
		s++;
	return s;
}

void cmdline_init(const char *text)
{
	if (text == NULL)
		text = "";
	const bool cut = strlcpy(original, text, sizeof(original)) >= sizeof(original);
	if (cut) {
		/* Half a word would mean something else. */
		char *last = strrchr(original, ' ');
		if (last != NULL)
			*last = '\0';
	}

	/* A word and its NUL take no more room than the word and the blank behind it in the
	 * original. */
	char *to = words;
	const char *from = skip_blanks(original);
	for (word_count = 0; *from != '\0' && word_count < CMDLINE_WORDS; word_count++) {
		word_at[word_count] = (u16)(to - words);
		from = skip_blanks(word_copy(to, from));
		to += strlen(to) + 1;
	}
	if (cut || *from != '\0')
		pr_warn("command line: more than %d bytes or %d words; the rest is ignored",
			CMDLINE_BYTES - 1, CMDLINE_WORDS);
}

const char *cmdline_text(void)
{
	return original;
}

/* If @word is @name or begins with "@name=": its value, else NULL. */
static const char *word_value(const char *word, const char *name)
{
	const size_t len = strlen(name);
	if (strncmp(word, name, len) != 0)
		return NULL;
	if (word[len] == '=')
		return word + len + 1;
	return word[len] == '\0' ? word + len : NULL;
}

static const char *find_value(const char *name)
{
	const char *found = NULL;
	for (u32 i = 0; i < word_count; i++) {
		const char *word = &words[word_at[i]];
		if (strcmp(word, "--") == 0)
			break;
		const char *value = word_value(word, name);
		if (value != NULL)
			found = value;
	}
	return found;
}

bool cmdline_get(const char *name, char *buf, size_t size)
{
	const char *value = find_value(name);
	if (value == NULL)
		return false;
	strlcpy(buf, value, size);
	return true;
}

bool cmdline_get_u64(const char *name, u64 *value)
{
	const char *text = find_value(name);
	if (text == NULL)
		return false;
	if (parse_size(text, value) == 0)
		return true;
	pr_warn("command line: %s=%s is not a number", name, text);
	return false;
}

static bool word_is_the_kernels(const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(kernel_words); i++)
		if (word_value(word, kernel_words[i]) != NULL)
			return true;
	/* module.parameter=: Linux keeps those to itself, so no init expects them. */
	const char *dot = strchr(word, '.');
	const char *equals = strchr(word, '=');
	return dot != NULL && (equals == NULL || dot < equals);
}

void cmdline_for_each_unknown(void (*visit)(const char *word, bool is_environment, void *arg),
			      void *arg)
{
	bool all_to_init = false;
	for (u32 i = 0; i < word_count; i++) {
		const char *word = &words[word_at[i]];
		if (all_to_init)
			visit(word, false, arg);
		else if (strcmp(word, "--") == 0)
			all_to_init = true;
		else if (!word_is_the_kernels(word))
			visit(word, strchr(word, '=') != NULL, arg);
	}
}
