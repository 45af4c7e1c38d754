/* SPDX-License-Identifier: MIT */
/*
 * What the compilers offer beyond C11, under one name each, and the few macros C has no function
 * for.
 */
#pragma once

/* The host's C library has one of this name too, in tests. */
#undef __always_inline

#define __packed        __attribute__((packed))
#define __aligned(n)    __attribute__((aligned(n)))
#define __section(s)    __attribute__((section(s)))
#define __used          __attribute__((used))
#define __weak          __attribute__((weak))
#define __noreturn      __attribute__((noreturn))
#define __must_check    __attribute__((warn_unused_result))
#define __printf(f, a)  __attribute__((format(printf, f, a)))
#define __maybe_unused  __attribute__((unused))
#define __noinline      __attribute__((noinline))
#define __always_inline inline __attribute__((always_inline))
/* Rarely called, and never inlined: its registers and its frame are not to be its caller's. */
#define __cold __attribute__((cold, noinline))

/* It reads whole words of which only a part is anybody's: in host tests, not to be complained of.
 */
#ifdef HOST_TEST
#define __reads_whole_words __attribute__((no_sanitize_address))
#else
#define __reads_whole_words
#endif

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

/* Evaluate both sides once; the operands must have one type. */
#define MIN(a, b)                             \
	({                                    \
		const __typeof__(a) _a = (a); \
		const __typeof__(b) _b = (b); \
		_a < _b ? _a : _b;            \
	})
#define MAX(a, b)                             \
	({                                    \
		const __typeof__(a) _a = (a); \
		const __typeof__(b) _b = (b); \
		_a > _b ? _a : _b;            \
	})

/* @align is a power of two. */
#define ALIGN_UP(x, align)   (((x) + ((align)-1)) & ~((__typeof__(x))(align)-1))
#define ALIGN_DOWN(x, align) ((x) & ~((__typeof__(x))(align)-1))
#define IS_ALIGNED(x, align) (((x) & ((align)-1)) == 0)

#define BIT(n) (1ULL << (n))

/* One access, neither torn, repeated nor left out by the compiler. No ordering. */
#define READ_ONCE(x)     (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))

/*
 * 1 if the option is set to y in .config, else 0; usable in C conditions, so both sides always
 * compile.
 */
#define IS_ENABLED(option)            IS_ENABLED_1(option)
#define IS_ENABLED_1(value)           IS_ENABLED_2(IS_ENABLED_COMMA_##value)
#define IS_ENABLED_COMMA_1            0,
#define IS_ENABLED_2(comma_or_junk)   IS_ENABLED_3(comma_or_junk 1, 0)
#define IS_ENABLED_3(ignored, v, ...) v
