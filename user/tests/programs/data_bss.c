// SPDX-License-Identifier: MIT
/* Large data and bss that begin and end within pages: every byte is what the image says, or 0. */
#include <stddef.h>
#include <string.h>

#define COUNT 5000

static const unsigned char constants[COUNT] = { [0] = 1, [COUNT - 1] = 2 };
static unsigned char data[COUNT] = { [0] = 3, [COUNT / 2] = 4, [COUNT - 1] = 5 };
static unsigned char bss[64 * 1024 + 123];

int main(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(bss); i++)
		if (bss[i] != 0)
			return 1;
	for (size_t i = 1; i < COUNT - 1; i++)
		if (constants[i] != 0 || (data[i] != 0 && i != COUNT / 2))
			return 2;
	if (constants[0] != 1 || constants[COUNT - 1] != 2)
		return 3;
	if (data[0] != 3 || data[COUNT / 2] != 4 || data[COUNT - 1] != 5)
		return 4;
	memset(bss, 1, sizeof(bss));
	memset(data, 1, sizeof(data));
	return 0;
}
