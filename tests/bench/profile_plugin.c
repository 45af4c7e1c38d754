// SPDX-License-Identifier: MIT
/*
 * A plugin of QEMU's that says what ran between the marks of user/bench (counter.h): how often each
 * instruction, how many fences and atomic operations, and how many cache lines' worth of memory
 * was touched. scripts/profile.py reads what it writes to out=FILE behind each row, in hexadecimal:
 *
 *	rounds COUNT
 *	NAME COUNT		of each enum event, in all rounds
 *	awakeN COUNT		of instructions that ran while N harts did not wait for an interrupt
 *	ADDRESS COUNT		of each instruction, in all rounds
 *	seq			and behind it
 *	ADDRESS			of each instruction of the last round, in order, with seq=on
 *
 * With boot=ADDRESS it counts from the kernel's first instruction until that of a program that is
 * there, and ends QEMU.
 * Lines are looked for with lines=on, which is slow. They are physical, so that memory which user
 * and kernel see at different addresses counts once.
 *
 * With -icount harts take turns in one thread of QEMU's: nothing here is locked. Debian has no
 * qemu-plugin.h, so what is used of it is declared here; PLUGIN_VERSION says which of its versions
 * that is.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_plugin_hwaddr;
enum { CB_NO_REGISTERS };
enum { MEM_READ_WRITE = 3 };
typedef void exec_cb(unsigned hart, void *arg);
typedef void mem_cb(unsigned hart, uint32_t info, uint64_t address, void *arg);

extern void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id,
						  void (*cb)(uint64_t, struct qemu_plugin_tb *));
extern void qemu_plugin_register_vcpu_init_cb(uint64_t id, void (*cb)(uint64_t, unsigned));
extern size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
extern struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t i);
extern uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
#if PLUGIN_VERSION >= 3
extern size_t qemu_plugin_insn_data(const struct qemu_plugin_insn *insn, void *to, size_t length);
#else
extern const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
#endif
extern size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
extern void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, exec_cb *cb,
						   int flags, void *arg);
extern void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn, mem_cb *cb, int flags,
					     int access, void *arg);
extern struct qemu_plugin_hwaddr *qemu_plugin_get_hwaddr(uint32_t info, uint64_t address);
extern uint64_t qemu_plugin_hwaddr_phys_addr(const struct qemu_plugin_hwaddr *address);

#define EXPORT __attribute__((visibility("default")))
EXPORT int qemu_plugin_version = PLUGIN_VERSION;
EXPORT int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv);

/* `slti x0, x0, N`, which does nothing. user/bench/counter.h has the same numbers. */
#define MARK_MASK  0x000fffffU
#define MARK       0x00002013U
#define MARK_SHIFT 20
#define WFI        0x10500073U
/* Where the firmware ends and the kernel begins, on this machine. */
#define KERNEL_ADDRESS 0x80200000U
#define USER_END       (1UL << 63)

enum mark { MARK_BEGIN = 1, MARK_END, MARK_FORGET, MARK_KEEP, MARK_WRITE };

enum event { SFENCE, FENCE_I, FENCE, ATOMIC, LINES, EVENT_COUNT };
static const char *const event_names[EVENT_COUNT] = { "sfence", "fence_i", "fence", "atomic",
						      "lines" };

static unsigned counting; /* MARK_BEGIN without their MARK_END, on all harts */
static uint64_t boot_end; /* 0 is no boot */
static uint64_t rounds;
static FILE *out;

static void *allocate(size_t bytes)
{
	void *const memory = calloc(1, bytes);
	if (memory == NULL)
		abort();
	return memory;
}

/* ---- instructions, and what they are ---------------------------------------------------- */

struct place {
	struct place *next;
	uint64_t address;
	uint64_t count; /* since the last MARK_FORGET */
	uint64_t kept;
	int event; /* or EVENT_COUNT */
	int wakes; /* harts: -1 of a wfi, 1 of what stands behind one */
};

#define BUCKETS (1U << 16)
static struct place *places[BUCKETS];
static uint64_t events[EVENT_COUNT], kept_events[EVENT_COUNT];

#define MAX_HARTS 64
static unsigned awake;
static uint64_t awake_counts[MAX_HARTS + 1], kept_awake_counts[MAX_HARTS + 1];

/* In order, if they are wanted. */
static uint64_t *sequence;
static size_t sequence_length, sequence_room;
static bool has_sequence;

static struct place *place_at(uint64_t address, int event, int wakes)
{
	struct place **link = &places[(address >> 1) % BUCKETS];
	while (*link != NULL &&
	       ((*link)->address != address || (*link)->event != event || (*link)->wakes != wakes))
		link = &(*link)->next;
	if (*link == NULL) {
		*link = allocate(sizeof(struct place));
		**link = (struct place){ .address = address, .event = event, .wakes = wakes };
	}
	return *link;
}

static void add_to_sequence(uint64_t address)
{
	if (sequence_length == sequence_room) {
		sequence_room = sequence_room * 2 + BUCKETS;
		sequence = realloc(sequence, sequence_room * sizeof(*sequence));
		if (sequence == NULL)
			abort();
	}
	sequence[sequence_length++] = address;
}

static void count(unsigned hart, void *arg)
{
	struct place *const place = arg;
	(void)hart;
	awake += place->wakes > 0;
	const unsigned now_awake = awake;
	awake -= place->wakes < 0;
	if (counting == 0)
		return;
	awake_counts[now_awake <= MAX_HARTS ? now_awake : 0]++;
	place->count++;
	if (place->event != EVENT_COUNT)
		events[place->event]++;
	if (has_sequence)
		add_to_sequence(place->address);
}

static int event_of(uint32_t word)
{
	if ((word & 0xfe007fff) == 0x12000073)
		return SFENCE;
	if ((word & 0x707f) == 0x100f)
		return FENCE_I;
	if ((word & 0x707f) == 0x000f)
		return FENCE;
	if ((word & 0x7f) == 0x2f)
		return ATOMIC;
	return EVENT_COUNT;
}

/*
 * Kernels wait with interrupts off: behind a wfi they go on with the next instruction, which nobody
 * reaches in another way. The firmware waits only before it has started a kernel. (QEMU's number of
 * the hart that runs is wrong where harts take turns: it is that of the one for which the code was
 * translated.)
 */
static int wakes_of(uint32_t word, uint64_t address)
{
	static uint64_t behind[64];
	static size_t behind_count;
	if (address < USER_END)
		return 0;
	bool is_behind = false, is_known = word != WFI;
	for (size_t i = 0; i < behind_count; i++) {
		is_behind |= behind[i] == address;
		is_known |= behind[i] == address + sizeof(word);
	}
	if (!is_known && behind_count == sizeof(behind) / sizeof(behind[0]))
		abort();
	if (!is_known)
		behind[behind_count++] = address + sizeof(word);
	return is_behind - (word == WFI);
}

static void add_hart(uint64_t id, unsigned hart)
{
	(void)id, (void)hart;
	awake++;
}

/* ---- lines of memory -------------------------------------------------------------------- */

/* What was touched since the last MARK_BEGIN: line -> the interval in which it was seen last. */
#define LINE_SHIFT 6
struct line {
	struct line *next;
	uint64_t number;
	uint64_t seen;
};
static struct line *lines[BUCKETS];
static uint64_t interval;
static bool has_lines;

static void touch(unsigned hart, uint32_t info, uint64_t address, void *arg)
{
	(void)hart, (void)arg;
	if (counting == 0)
		return;
	const struct qemu_plugin_hwaddr *const physical = qemu_plugin_get_hwaddr(info, address);
	if (physical == NULL)
		return;
	const uint64_t number = qemu_plugin_hwaddr_phys_addr(physical) >> LINE_SHIFT;
	struct line **link = &lines[number % BUCKETS];
	while (*link != NULL && (*link)->number != number)
		link = &(*link)->next;
	if (*link == NULL) {
		*link = allocate(sizeof(struct line));
		(*link)->number = number;
	}
	events[LINES] += (*link)->seen != interval;
	(*link)->seen = interval;
}

/* ---- rounds, and what is kept of them --------------------------------------------------- */

/* What was counted since the last MARK_FORGET is forgotten, or kept. */
static void end_round(bool is_kept)
{
	counting = 0;
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct place *place = places[i]; place != NULL; place = place->next) {
			place->kept += is_kept ? place->count : 0;
			place->count = 0;
		}
	for (int i = 0; i < EVENT_COUNT; i++) {
		kept_events[i] += is_kept ? events[i] : 0;
		events[i] = 0;
	}
	for (int i = 0; i <= MAX_HARTS; i++) {
		kept_awake_counts[i] += is_kept ? awake_counts[i] : 0;
		awake_counts[i] = 0;
	}
	rounds += is_kept;
	sequence_length = is_kept ? sequence_length : 0;
}

/* And begin anew. */
static void write_out(void)
{
	fprintf(out, "rounds %" PRIx64 "\n", rounds);
	rounds = 0;
	for (int i = 0; i < EVENT_COUNT; i++)
		fprintf(out, "%s %" PRIx64 "\n", event_names[i], kept_events[i]);
	memset(kept_events, 0, sizeof(kept_events));
	for (int i = 0; i <= MAX_HARTS; i++)
		if (kept_awake_counts[i] != 0)
			fprintf(out, "awake%d %" PRIx64 "\n", i, kept_awake_counts[i]);
	memset(kept_awake_counts, 0, sizeof(kept_awake_counts));
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct place *place = places[i]; place != NULL; place = place->next) {
			if (place->kept != 0)
				fprintf(out, "%" PRIx64 " %" PRIx64 "\n", place->address,
					place->kept);
			place->kept = 0;
		}
	if (has_sequence)
		fprintf(out, "seq\n");
	for (size_t i = 0; i < sequence_length; i++)
		fprintf(out, "%" PRIx64 "\n", sequence[i]);
	sequence_length = 0;
	fflush(out);
}

/* ---- marks ------------------------------------------------------------------------------ */

static void mark(unsigned hart, void *arg)
{
	(void)hart;
	switch ((enum mark)(uintptr_t)arg) {
	case MARK_BEGIN:
		interval += counting++ == 0;
		break;
	case MARK_END:
		counting -= counting != 0;
		break;
	case MARK_FORGET:
		end_round(false);
		break;
	case MARK_KEEP:
		end_round(true);
		break;
	case MARK_WRITE:
		write_out();
		break;
	}
}

static void end_boot(unsigned hart, void *arg)
{
	(void)hart, (void)arg;
	end_round(true);
	write_out();
	_exit(0);
}

/* ---- translation ------------------------------------------------------------------------ */

static uint32_t insn_word(const struct qemu_plugin_insn *insn)
{
	uint32_t word = 0;
	if (qemu_plugin_insn_size(insn) != sizeof(word))
		return 0;
#if PLUGIN_VERSION >= 3
	qemu_plugin_insn_data(insn, &word, sizeof(word));
#else
	memcpy(&word, qemu_plugin_insn_data(insn), sizeof(word));
#endif
	return word;
}

static void translated(uint64_t id, struct qemu_plugin_tb *tb)
{
	(void)id;
	for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
		struct qemu_plugin_insn *const insn = qemu_plugin_tb_get_insn(tb, i);
		const uint64_t address = qemu_plugin_insn_vaddr(insn);
		const uint32_t word = insn_word(insn);
		const uintptr_t kind = word >> MARK_SHIFT;
		if ((word & MARK_MASK) == MARK && kind >= MARK_BEGIN && kind <= MARK_WRITE) {
			qemu_plugin_register_vcpu_insn_exec_cb(insn, mark, CB_NO_REGISTERS,
							       (void *)kind);
			continue;
		}
		if (boot_end != 0 && address == KERNEL_ADDRESS)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, mark, CB_NO_REGISTERS,
							       (void *)MARK_BEGIN);
		if (boot_end != 0 && address == boot_end)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, end_boot, CB_NO_REGISTERS,
							       NULL);
		qemu_plugin_register_vcpu_insn_exec_cb(insn, count, CB_NO_REGISTERS,
						       place_at(address, event_of(word),
								wakes_of(word, address)));
		if (has_lines)
			qemu_plugin_register_vcpu_mem_cb(insn, touch, CB_NO_REGISTERS,
							 MEM_READ_WRITE, NULL);
	}
}

int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv)
{
	(void)info;
	for (int i = 0; i < argc; i++) {
		if (strncmp(argv[i], "out=", 4) == 0)
			out = fopen(argv[i] + 4, "w");
		has_sequence |= strcmp(argv[i], "seq=on") == 0;
		if (strncmp(argv[i], "boot=", 5) == 0)
			boot_end = strtoull(argv[i] + 5, NULL, 16);
		has_lines |= strcmp(argv[i], "lines=on") == 0;
	}
	if (out == NULL) {
		fprintf(stderr, "profile: out=FILE is missing, or cannot be written\n");
		return -1;
	}
	qemu_plugin_register_vcpu_init_cb(id, add_hart);
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
