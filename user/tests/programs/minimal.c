// SPDX-License-Identifier: MIT
/* The smallest program: it looks at the stack it was given, and leaves. */
__asm__(".globl _start\n"
	"_start:\n"
	"	ld	a0, 0(sp)\n"  /* argc */
	"	ld	a1, 16(sp)\n" /* argv[1] */
	"	ld	a2, 24(sp)\n" /* what ends argv */
	"	andi	a3, sp, 15\n"
	"	call	look\n"
	"	li	a7, 93\n"
	"	ecall\n");

int look(long argc, const char *argument, const char *end, long misalignment);
int look(long argc, const char *argument, const char *end, long misalignment)
{
	return argc == 2 && argument[0] == 'a' && end == 0 && misalignment == 0 ? 42 : 1;
}
