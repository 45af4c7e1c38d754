/* SPDX-License-Identifier: MIT */
/*
 * Header: 6 bytes of magic, then 13 numbers of 8 hexadecimal digits. Header with name, and content,
 * are each padded to 4 bytes, counted from the header. All numbers are below 2^32, so sums of a few
 * of them cannot overflow a size_t; each is compared with what is left of the archive before it is
 * used.
 */
#include "lib/cpio.h"

#include "lib/abi/errno.h"
#include "lib/abi/limits.h"
#include "lib/string.h"

#define MAGIC_BYTES  6
#define DIGITS       8
#define HEADER_BYTES 110
#define PAD_BYTES    4
#define TRAILER      "TRAILER!!!"

/* The numbers, in the order of the file. */
enum field {
	FIELD_INO,
	FIELD_MODE,
	FIELD_UID,
	FIELD_GID,
	FIELD_NLINK,
	FIELD_MTIME,
	FIELD_FILESIZE,
	FIELD_DEVMAJOR,
	FIELD_DEVMINOR,
	FIELD_RDEVMAJOR,
	FIELD_RDEVMINOR,
	FIELD_NAMESIZE,
	FIELD_CHECK,
	FIELDS
};
static_assert(MAGIC_BYTES + FIELDS * DIGITS == HEADER_BYTES, "newc header");

void cpio_init(struct cpio_reader *r, const void *archive, size_t size_bytes)
{
	*r = (struct cpio_reader){ .base = archive, .size_bytes = size_bytes };
}

/* What stands in each byte of a word. */
#define EACH(byte) ((byte)*0x0101010101010101ULL)

/*
 * The number that the eight digits in @word are, the first in the lowest byte: all at a time, as
 * there are hundreds of headers, each with a hundred digits.
 */
static bool parse_field(u64 word, u32 *value)
{
	const u64 letters = (word & EACH(0x40)) >> 6; /* 1 in the byte of each */
	u64 v = (word & EACH(0x0f)) + 9 * letters;
	const u64 from_ten = ((v + EACH(6)) & EACH(0x10)) >> 4;

	/* They are digits if, written as digits, they are what was there. */
	if ((v & EACH(0xf0)) != 0 ||
	    v + EACH('0') + from_ten * ('a' - '0' - 10) != (word | letters << 5))
		return false;
	v = (v << 4 | v >> 8) & 0x00ff00ff00ff00ffULL;
	v = (v << 8 | v >> 16) & 0x0000ffff0000ffffULL;
	*value = (u32)(v << 16 | v >> 32);
	return true;
}

/* Between archives: skip zeros. False at the end of it all. */
static bool skip_padding(struct cpio_reader *r)
{
	while (r->offset < r->size_bytes && r->base[r->offset] == 0)
		r->offset++;
	return r->offset < r->size_bytes;
}

/* Only the form with check sums has one that counts: the sum of the content's bytes. */
static bool content_is_sound(const u8 *header, const struct cpio_entry *e, u32 check)
{
	u32 sum = 0;

	if (header[MAGIC_BYTES - 1] != '2')
		return true;
	for (u32 i = 0; i < e->data_len; i++)
		sum += e->data[i];
	return sum == check;
}

/* Read the header at r->offset into @fields. */
static bool read_header(const struct cpio_reader *r, u32 fields[FIELDS])
{
	const u8 *const header = r->base + r->offset;
	u64 numbers[FIELDS];

	if (r->size_bytes - r->offset < HEADER_BYTES)
		return false;
	if (memcmp(header, "070701", MAGIC_BYTES) != 0 &&
	    memcmp(header, "070702", MAGIC_BYTES) != 0)
		return false;
	memcpy(numbers, header + MAGIC_BYTES, sizeof(numbers)); /* they are not aligned */
	for (unsigned int i = 0; i < FIELDS; i++) {
		if (!parse_field(numbers[i], &fields[i]))
			return false;
	}
	return true;
}

/* The entry whose header is at r->offset; moves it behind the entry. */
static bool read_entry(struct cpio_reader *r, struct cpio_entry *out)
{
	const u8 *const header = r->base + r->offset;
	const size_t left = r->size_bytes - r->offset;
	u32 f[FIELDS];
	size_t data_at, end;

	if (!read_header(r, f))
		return false;
	data_at = ALIGN_UP((size_t)HEADER_BYTES + f[FIELD_NAMESIZE], (size_t)PAD_BYTES);
	end = data_at + f[FIELD_FILESIZE];
	if (f[FIELD_NAMESIZE] < 2 || f[FIELD_NAMESIZE] > PATH_MAX || end > left)
		return false;
	*out = (struct cpio_entry){
		.name = (const char *)header + HEADER_BYTES,
		.name_len = f[FIELD_NAMESIZE] - 1,
		.archive = r->archive,
		.ino = f[FIELD_INO],
		.mode = f[FIELD_MODE],
		.uid = f[FIELD_UID],
		.gid = f[FIELD_GID],
		.nlink = f[FIELD_NLINK],
		.mtime = f[FIELD_MTIME],
		.dev_major = f[FIELD_DEVMAJOR],
		.dev_minor = f[FIELD_DEVMINOR],
		.rdev_major = f[FIELD_RDEVMAJOR],
		.rdev_minor = f[FIELD_RDEVMINOR],
		.data = header + data_at,
		.data_len = f[FIELD_FILESIZE],
	};
	if (strnlen(out->name, f[FIELD_NAMESIZE]) != out->name_len ||
	    !content_is_sound(header, out, f[FIELD_CHECK]))
		return false;
	/* The last padding may be missing at the very end. */
	r->offset += MIN(ALIGN_UP(end, (size_t)PAD_BYTES), left);
	return true;
}

int cpio_next(struct cpio_reader *r, struct cpio_entry *out)
{
	for (;;) {
		if (!r->in_archive && !skip_padding(r))
			return 0;
		r->in_archive = true;
		if (!read_entry(r, out))
			return -EINVAL;
		if (strcmp(out->name, TRAILER) != 0)
			return 1;
		r->in_archive = false;
		r->archive++;
	}
}
