// SPDX-License-Identifier: MIT
/* The device files of terminals (tty.h): what each name means when it is opened. */
#include "kernel/tty/tty.h"

#include "drivers/serial/console.h"
#include "fs/file.h"
#include "fs/fs.h"
#include "kernel/core/panic.h"
#include "kernel/proc/exit.h"
#include "kernel/proc/snapshot.h"
#include "kernel/tty/tty_core.h"
#include "kernel/tty/tty_io.h"
#include "kernel/tty/tty_ioctl.h"
#include "kernel/tty/tty_job.h"
#include "lib/abi/errno.h"
#include "lib/abi/fcntl.h"
#include "mm/pmm/slab.h"

#define MAJOR_AUX     5
#define MINOR_TTY     0
#define MINOR_CONSOLE 1

static int open_console(struct file *f);
static int open_port(struct file *f);
static int open_own(struct file *f);
static void tty_release(struct file *f);

/* What a name is registered with: only its way to be opened. */
static const struct file_ops console_ops = { .open = open_console };
static const struct file_ops port_ops = { .open = open_port };
static const struct file_ops own_ops = { .open = open_own };

/* What an open file works with; private is a struct tty_file. */
static const struct file_ops tty_ops = {
	.read = tty_read,
	.write = tty_write,
	.ioctl = tty_ioctl,
	.poll = tty_poll,
	.release = tty_release,
};

static void tty_release(struct file *f)
{
	kfree(f->private);
}

static int tty_open(struct file *f, struct tty *t, bool is_console)
{
	struct tty_file *tf = kmalloc(sizeof(*tf));
	if (tf == NULL)
		return -ENOMEM;
	*tf = (struct tty_file){
		.tty = t,
		.hangups = READ_ONCE(t->hangups),
		.is_console = is_console,
	};
	f->private = tf;
	f->ops = &tty_ops;
	return 0;
}

/* Never becomes the controlling terminal by being opened, as in Linux. */
static int open_console(struct file *f)
{
	return tty_open(f, &console_tty, true);
}

static int open_port(struct file *f)
{
	const int error = tty_open(f, &console_tty, false);
	if (error == 0 && f->readable && (f->flags & O_NOCTTY) == 0)
		tty_open_control(f->private);
	return error;
}

/* /dev/tty: whichever terminal controls the opener. */
static int open_own(struct file *f)
{
	struct tty *t = tty_of_current();
	return t == NULL ? -ENXIO : tty_open(f, t, false);
}

/* Where cttyhack and others find which terminal /dev/console is. */
static int show_active(struct seq *s)
{
	seq_printf(s, "%s\n", console_tty.port->name);
	return 0;
}

void tty_init(void)
{
	struct serial_port *port = serial_console();
	if (port == NULL)
		panic("no memory for a console");
	tty_core_init(&console_tty, port);
	process_session_exit_hook = tty_session_exit;
	procinfo_tty_hook = tty_describe;

	int error = devfs_register("console", MAJOR_AUX, MINOR_CONSOLE, 0600, &console_ops, NULL);
	if (error == 0)
		error = devfs_register("tty", MAJOR_AUX, MINOR_TTY, 0666, &own_ops, NULL);
	if (error == 0)
		error = devfs_register(port->name, port->major, port->minor, 0600, &port_ops, NULL);
	if (error == 0)
		error = sysfs_register("class/tty/console/active", show_active);
	if (error != 0)
		panic("no device files for the console: error %d", error);
}
