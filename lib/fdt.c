/* SPDX-License-Identifier: MIT */
/*
 * Everything goes through read_token(), which never reads outside the structure block and always
 * moves forward; so every loop here ends, whatever the blob holds. All reads are of single bytes,
 * as neither the blob nor what is in it need be aligned.
 *
 * This code also runs before the kernel's own addresses are valid: no tables of pointers, and no
 * switch that a compiler would make into one (make lint looks at the relocations).
 */
#include "lib/fdt.h"

#include "lib/abi/errno.h"
#include "lib/string.h"

/* Devicetree Specification 0.4, 5.2: the header, offsets of big-endian u32. */
enum {
	HEADER_MAGIC = 0,
	HEADER_TOTALSIZE = 4,
	HEADER_OFF_STRUCT = 8,
	HEADER_OFF_STRINGS = 12,
	HEADER_OFF_RESERVE = 16,
	HEADER_VERSION = 20,
	HEADER_LAST_COMPATIBLE = 24,
	HEADER_SIZE_STRINGS = 32,
	HEADER_SIZE_STRUCT = 36,
};
#define MAGIC   0xd00dfeedU
#define VERSION 17 /* the first with the size of the structure block; 16 and 17 are compatible */

/* 5.4: tokens of the structure block. Each is aligned to 4. */
#define TOKEN_BEGIN_NODE 1U
#define TOKEN_END_NODE   2U
#define TOKEN_PROP       3U
#define TOKEN_NOP        4U
#define TOKEN_END        9U
#define TOKEN_BYTES      4U
#define PROP_HEADER      12U /* token, length, offset of the name */

#define CELL_BYTES    4U
#define RESERVE_BYTES 16U

struct token {
	u32 kind;
	u32 next;         /* offset of the token after this one */
	const char *name; /* of the node or property */
	const u8 *data;   /* of the property */
	u32 len_bytes;
};

static u32 read_be32(const u8 *p)
{
	return (u32)p[0] << 24 | (u32)p[1] << 16 | (u32)p[2] << 8 | p[3];
}

static u64 read_be64(const u8 *p)
{
	return (u64)read_be32(p) << 32 | read_be32(p + CELL_BYTES);
}

/* False at the end of the block, or if what stands at @at is not a whole token. */
static bool read_token(const struct fdt *f, u32 at, struct token *t)
{
	const u8 *p;
	u32 left; /* bytes behind the token word */
	u32 size; /* bytes used of these */

	if (at > f->structure_bytes || f->structure_bytes - at < TOKEN_BYTES)
		return false;
	p = f->structure + at;
	left = f->structure_bytes - at - TOKEN_BYTES;
	size = 0;
	t->kind = read_be32(p);
	if (t->kind == TOKEN_BEGIN_NODE) {
		t->name = (const char *)p + TOKEN_BYTES;
		size = (u32)strnlen(t->name, left) + 1;
	} else if (t->kind == TOKEN_PROP) {
		u32 name_at;

		if (left < PROP_HEADER - TOKEN_BYTES)
			return false;
		t->len_bytes = read_be32(p + 4);
		name_at = read_be32(p + 8);
		if (name_at >= f->strings_bytes || t->len_bytes > left - 8)
			return false;
		t->name = f->strings + name_at;
		t->data = p + PROP_HEADER;
		size = PROP_HEADER - TOKEN_BYTES + t->len_bytes;
	} else if (t->kind != TOKEN_END_NODE && t->kind != TOKEN_NOP) {
		return false; /* TOKEN_END too: there is nothing behind it */
	}
	if (size > left)
		return false;
	t->next = at + TOKEN_BYTES + ALIGN_UP(size, TOKEN_BYTES);
	return true;
}

/* The next token that is not a NOP. */
static bool next_token(const struct fdt *f, u32 at, struct token *t)
{
	do {
		if (!read_token(f, at, t))
			return false;
		at = t->next;
	} while (t->kind == TOKEN_NOP);
	return true;
}

/* What next_token() found starts there: padding is only ever behind a token. */
static u32 begin_of(const struct fdt *f, const struct token *t)
{
	return (u32)((const u8 *)t->name - f->structure) - TOKEN_BYTES;
}

/* Is @node a node? Leaves its beginning in @t. */
static bool enter_node(const struct fdt *f, u32 node, struct token *t)
{
	return node != FDT_NONE && read_token(f, node, t) && t->kind == TOKEN_BEGIN_NODE;
}

static const char *check_header(const u8 *blob, size_t max_bytes, struct fdt *out)
{
	u32 total, structure, strings;

	if (max_bytes < FDT_HEADER_BYTES)
		return "shorter than a header";
	if (read_be32(blob + HEADER_MAGIC) != MAGIC)
		return "no device tree (bad magic)";
	if (read_be32(blob + HEADER_VERSION) < VERSION ||
	    read_be32(blob + HEADER_LAST_COMPATIBLE) > VERSION)
		return "unknown version";
	total = read_be32(blob + HEADER_TOTALSIZE);
	if (total < FDT_HEADER_BYTES || total > max_bytes || total > INT32_MAX)
		return "total size out of range";
	structure = read_be32(blob + HEADER_OFF_STRUCT);
	out->structure_bytes = read_be32(blob + HEADER_SIZE_STRUCT);
	if (structure > total || out->structure_bytes > total - structure)
		return "structure block out of range";
	strings = read_be32(blob + HEADER_OFF_STRINGS);
	out->strings_bytes = read_be32(blob + HEADER_SIZE_STRINGS);
	if (strings > total || out->strings_bytes > total - strings)
		return "strings block out of range";
	out->reserve_offset = read_be32(blob + HEADER_OFF_RESERVE);
	if (out->reserve_offset > total)
		return "reservation block out of range";
	out->blob = blob;
	out->total_bytes = total;
	out->structure = blob + structure;
	out->strings = (const char *)blob + strings;
	return NULL;
}

/*
 * Node ends balanced, one root, names terminated, properties before the child nodes. What stands
 * behind the root's end is cut off, so that nobody walks on into it.
 */
static const char *check_structure(struct fdt *f)
{
	struct token t;
	bool may_have_props = false;
	u32 depth = 0;
	u32 at = 0;

	do {
		if (!next_token(f, at, &t))
			return "damaged or cut off in the structure block";
		at = t.next;
		if (t.kind == TOKEN_BEGIN_NODE) {
			if (++depth > FDT_DEPTH_MAX)
				return "nested too deeply";
			may_have_props = true;
		} else if (t.kind == TOKEN_PROP) {
			const size_t left = f->strings_bytes - (size_t)(t.name - f->strings);

			if (!may_have_props)
				return "property outside of a node's head";
			if (strnlen(t.name, left) == left)
				return "name of a property not terminated";
		} else {
			if (depth == 0)
				return "end of a node that never began";
			depth--;
			may_have_props = false;
		}
	} while (depth > 0);
	f->structure_bytes = at;
	return NULL;
}

int fdt_open(const void *blob, size_t max_bytes, struct fdt *out)
{
	const char *error;

	*out = (struct fdt){ .blob = NULL };
	error = check_header(blob, max_bytes, out);
	if (error == NULL)
		error = check_structure(out);
	if (error == NULL)
		return 0;
	/* A tree that is not used after all has no nodes. */
	*out = (struct fdt){ .error = error };
	return -EINVAL;
}

int fdt_reserve_entry(const struct fdt *f, u32 index, u64 *addr, u64 *size_bytes)
{
	const u32 entries = (f->total_bytes - f->reserve_offset) / RESERVE_BYTES;
	const u8 *const p = f->blob + f->reserve_offset;
	u64 a, s;

	/* The terminating pair of zeros is looked for from the start: nothing behind it counts. */
	for (u32 i = 0; i < entries; i++) {
		a = read_be64(p + i * RESERVE_BYTES);
		s = read_be64(p + i * RESERVE_BYTES + 8);
		if (a == 0 && s == 0)
			break;
		if (i == index) {
			*addr = a;
			*size_bytes = s;
			return 0;
		}
	}
	return -ENOENT;
}

u32 fdt_root(const struct fdt *f)
{
	struct token t;

	if (!next_token(f, 0, &t) || t.kind != TOKEN_BEGIN_NODE)
		return FDT_NONE;
	return begin_of(f, &t);
}

u32 fdt_next_node(const struct fdt *f, u32 node, int *depth)
{
	struct token t;

	if (!enter_node(f, node, &t))
		return FDT_NONE;
	while (next_token(f, t.next, &t)) {
		if (t.kind == TOKEN_BEGIN_NODE) {
			if (depth != NULL)
				(*depth)++;
			return begin_of(f, &t);
		}
		if (t.kind == TOKEN_END_NODE && depth != NULL)
			(*depth)--;
	}
	return FDT_NONE;
}

u32 fdt_first_child(const struct fdt *f, u32 node)
{
	int depth = 0;
	const u32 next = fdt_next_node(f, node, &depth);

	return depth == 1 ? next : FDT_NONE;
}

u32 fdt_next_sibling(const struct fdt *f, u32 node)
{
	int depth = 0;

	do {
		node = fdt_next_node(f, node, &depth);
	} while (node != FDT_NONE && depth > 0);
	return depth == 0 ? node : FDT_NONE;
}

/*
 * Fill @path with the nodes from the root to @node and return how many these are; 0: no such node.
 */
static u32 path_to(const struct fdt *f, u32 node, u32 path[FDT_DEPTH_MAX])
{
	int depth = 0;

	for (u32 n = fdt_root(f); n != FDT_NONE && n <= node; n = fdt_next_node(f, n, &depth)) {
		if (depth < 0 || depth >= FDT_DEPTH_MAX)
			return 0;
		path[depth] = n;
		if (n == node)
			return (u32)depth + 1;
	}
	return 0;
}

u32 fdt_parent(const struct fdt *f, u32 node)
{
	u32 path[FDT_DEPTH_MAX];
	const u32 levels = path_to(f, node, path);

	return levels >= 2 ? path[levels - 2] : FDT_NONE;
}

const char *fdt_node_name(const struct fdt *f, u32 node)
{
	struct token t;

	return enter_node(f, node, &t) ? t.name : "";
}

/* @wanted (not terminated) is the whole name, or all of it before the unit address. */
static bool name_matches(const char *name, const char *wanted, size_t wanted_len)
{
	return strncmp(name, wanted, wanted_len) == 0 &&
	       (name[wanted_len] == '\0' || name[wanted_len] == '@');
}

static u32 find_child(const struct fdt *f, u32 node, const char *name, size_t name_len)
{
	fdt_for_each_child(f, child, node) {
		if (name_matches(fdt_node_name(f, child), name, name_len))
			return child;
	}
	return FDT_NONE;
}

/* Go down from @node by the components of @path. */
static u32 find_below(const struct fdt *f, u32 node, const char *path, const char *end)
{
	while (path != end && node != FDT_NONE) {
		const char *const slash = memchr(path, '/', (size_t)(end - path));
		const char *const stop = slash != NULL ? slash : end;

		if (stop != path)
			node = find_child(f, node, path, (size_t)(stop - path));
		path = slash != NULL ? slash + 1 : end;
	}
	return node;
}

/* The path that /aliases has for @name, or NULL. */
static const char *find_alias(const struct fdt *f, const char *name, size_t name_len)
{
	const u32 aliases = find_child(f, fdt_root(f), "aliases", strlen("aliases"));
	struct token t;

	if (!enter_node(f, aliases, &t))
		return NULL;
	while (next_token(f, t.next, &t) && t.kind == TOKEN_PROP) {
		if (strncmp(t.name, name, name_len) == 0 && t.name[name_len] == '\0')
			return fdt_prop_string(f, aliases, t.name);
	}
	return NULL;
}

u32 fdt_find_path_len(const struct fdt *f, const char *path, size_t path_len)
{
	const char *const end = path + path_len;
	u32 node = fdt_root(f);

	if (path_len == 0)
		return FDT_NONE;
	if (*path != '/') {
		const char *const slash = memchr(path, '/', path_len);
		const char *const stop = slash != NULL ? slash : end;
		const char *const alias = find_alias(f, path, (size_t)(stop - path));

		/* An alias is a full path; one that names an alias would be a loop. */
		if (alias == NULL || *alias != '/')
			return FDT_NONE;
		node = find_below(f, node, alias, alias + strlen(alias));
		path = stop;
	}
	return find_below(f, node, path, end);
}

u32 fdt_find_path(const struct fdt *f, const char *path)
{
	return fdt_find_path_len(f, path, strlen(path));
}

u32 fdt_find_compatible(const struct fdt *f, u32 from, const char *compatible)
{
	u32 node = from == FDT_NONE ? fdt_root(f) : fdt_next_node(f, from, NULL);

	while (node != FDT_NONE && !fdt_is_compatible(f, node, compatible))
		node = fdt_next_node(f, node, NULL);
	return node;
}

u32 fdt_by_phandle(const struct fdt *f, u32 phandle)
{
	fdt_for_each_node(f, node) {
		u32 own;

		if (fdt_prop_u32(f, node, "phandle", &own) == 0 && own == phandle)
			return node;
	}
	return FDT_NONE;
}

bool fdt_list_has(const char *list, u32 len_bytes, const char *wanted)
{
	while (len_bytes > 0) {
		const u32 size = (u32)strnlen(list, len_bytes) + 1;

		if (size > len_bytes)
			return false; /* not terminated */
		if (strcmp(list, wanted) == 0)
			return true;
		list += size;
		len_bytes -= size;
	}
	return false;
}

bool fdt_is_compatible(const struct fdt *f, u32 node, const char *compatible)
{
	u32 len;
	const char *const list = fdt_prop(f, node, "compatible", &len);

	return list != NULL && fdt_list_has(list, len, compatible);
}

bool fdt_node_is_enabled(const struct fdt *f, u32 node)
{
	const char *const status = fdt_prop_string(f, node, "status");

	if (status == NULL)
		return fdt_prop(f, node, "status", NULL) == NULL;
	return strcmp(status, "okay") == 0 || strcmp(status, "ok") == 0;
}

const char *fdt_path_of(const struct fdt *f, u32 node, char *buf, size_t size_bytes)
{
	u32 path[FDT_DEPTH_MAX];
	const u32 levels = path_to(f, node, path);
	size_t len = 0;

	if (size_bytes == 0)
		return buf;
	strlcpy(buf, levels == 0 ? "(no node)" : "/", size_bytes);
	for (u32 i = 1; i < levels && len + 1 < size_bytes; i++) {
		buf[len++] = '/';
		len += strlcpy(buf + len, fdt_node_name(f, path[i]), size_bytes - len);
	}
	return buf;
}

const void *fdt_prop(const struct fdt *f, u32 node, const char *name, u32 *len_bytes)
{
	struct token t;

	if (!enter_node(f, node, &t))
		return NULL;
	while (next_token(f, t.next, &t) && t.kind == TOKEN_PROP) {
		if (strcmp(t.name, name) == 0) {
			if (len_bytes != NULL)
				*len_bytes = t.len_bytes;
			return t.data;
		}
	}
	return NULL;
}

/* A value of @cells cells; the caller has checked the bounds. */
static u64 read_cells(const u8 *p, u32 cells)
{
	if (cells == 0)
		return 0;
	return cells == 1 ? read_be32(p) : read_be64(p);
}

int fdt_prop_cells(const struct fdt *f, u32 node, const char *name, u32 index, u32 cells,
		   u64 *value)
{
	u32 len;
	const u8 *const p = fdt_prop(f, node, name, &len);

	if (p == NULL)
		return -ENOENT;
	if (cells > 2 || ((u64)index + cells) * CELL_BYTES > len)
		return -EINVAL;
	*value = read_cells(p + (size_t)index * CELL_BYTES, cells);
	return 0;
}

int fdt_prop_u32(const struct fdt *f, u32 node, const char *name, u32 *value)
{
	u32 len;
	const u8 *const p = fdt_prop(f, node, name, &len);

	if (p == NULL)
		return -ENOENT;
	if (len != CELL_BYTES)
		return -EINVAL;
	*value = read_be32(p);
	return 0;
}

int fdt_prop_u64(const struct fdt *f, u32 node, const char *name, u64 *value)
{
	u32 len;
	const u8 *const p = fdt_prop(f, node, name, &len);

	if (p == NULL)
		return -ENOENT;
	if (len != CELL_BYTES && len != 2 * CELL_BYTES)
		return -EINVAL;
	*value = read_cells(p, len / CELL_BYTES);
	return 0;
}

const char *fdt_prop_string_at(const struct fdt *f, u32 node, const char *name, u32 index)
{
	u32 len;
	const char *s = fdt_prop(f, node, name, &len);

	while (s != NULL) {
		const u32 s_len = (u32)strnlen(s, len);

		if (s_len == len)
			return NULL; /* not terminated, or nothing left */
		if (index == 0)
			return s;
		index--;
		s += s_len + 1;
		len -= s_len + 1;
	}
	return NULL;
}

const char *fdt_prop_string(const struct fdt *f, u32 node, const char *name)
{
	return fdt_prop_string_at(f, node, name, 0);
}
