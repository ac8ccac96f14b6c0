/* SPDX-License-Identifier: BSD-3-Clause */
#include "hugepages.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/types.h>
#include <unistd.h>

#include "bench.h"

#define FOLDER "/sys/kernel/mm/hugepages/hugepages-2048kB/"
#define TOTAL FOLDER "nr_hugepages"
#define PAGE_MIB 2
/* What hugepages must leave to everybody else. */
#define SPARE_MIB 1024
#define DIGITS 20

static struct {
	unsigned long pages; /* taken from the kernel, and not given back yet */
	pid_t pid;           /* of the process that took them: its children inherit the handler */
} taken;

/* The functions that a signal handler calls as well: stdio is not for those. */

static unsigned long read_number(const char *path)
{
	char text[DIGITS + 1];
	unsigned long number = 0;
	int file = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len = file >= 0 ? read(file, text, sizeof(text)) : 0;

	if (file >= 0)
		close(file);
	for (ssize_t i = 0; i < len && text[i] >= '0' && text[i] <= '9'; i++)
		number = 10 * number + (unsigned long)(text[i] - '0');
	return number;
}

static bool write_number(const char *path, unsigned long number)
{
	char text[DIGITS], *first = text + DIGITS;
	int file = open(path, O_WRONLY | O_CLOEXEC);
	bool written;

	if (file < 0)
		return false;
	do
		*--first = (char)('0' + number % 10);
	while ((number /= 10) > 0);
	written = write(file, first, (size_t)(text + DIGITS - first)) == text + DIGITS - first;
	close(file);
	return written;
}

/* By as much as was taken, not to what it was: others may have moved it since. */
static void give(void)
{
	unsigned long total = read_number(TOTAL), pages = taken.pages;

	taken.pages = 0;
	if (pages > 0)
		write_number(TOTAL, total > pages ? total - pages : 0);
}

static void on_signal(int number)
{
	if (getpid() == taken.pid)
		give();
	/* Its default action, which is in force again, follows once this returns. */
	raise(number);
}

static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };

#define NUMBERS (sizeof(numbers) / sizeof(numbers[0]))

static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND };

	for (unsigned i = 0; i < NUMBERS; i++)
		sigaction(numbers[i], &action, NULL);
}

/* A signal in the middle would give back what was asked for, not what was got. */
static void hold_signals(int how)
{
	sigset_t set;

	sigemptyset(&set);
	for (unsigned i = 0; i < NUMBERS; i++)
		sigaddset(&set, numbers[i]);
	sigprocmask(how, &set, NULL);
}

static unsigned long free_pages(void)
{
	unsigned long pages = read_number(FOLDER "free_hugepages");
	unsigned long reserved = read_number(FOLDER "resv_hugepages");

	return pages > reserved ? pages - reserved : 0;
}

static unsigned long available_mib(void)
{
	FILE *file = fopen("/proc/meminfo", "r");
	unsigned long kib = 0;
	char line[128];

	if (file == NULL)
		return 0;
	while (fgets(line, sizeof(line), file) != NULL && sscanf(line, "MemAvailable: %lu kB", &kib) != 1)
		;
	fclose(file);
	return kib / 1024;
}

/* How many pages the kernel found: it stops where memory is in pieces, and says so by the number alone. */
static unsigned long raise_total(unsigned long pages)
{
	unsigned long before = read_number(TOTAL), after;

	hold_signals(SIG_BLOCK);
	write_number(TOTAL, before + pages);
	after = read_number(TOTAL);
	taken.pages = after > before ? after - before : 0;
	taken.pid = getpid();
	catch_signals();
	hold_signals(SIG_UNBLOCK);
	return taken.pages;
}

static bool take_missing(unsigned long missing)
{
	unsigned long got;

	if (available_mib() < missing * PAGE_MIB + SPARE_MIB) {
		bench_note(
			"no hugepages: %lu MiB more of them and %d MiB to spare are wanted, %lu MiB are free",
			missing * PAGE_MIB, SPARE_MIB, available_mib());
		return false;
	}
	got = raise_total(missing);
	if (got < missing) {
		bench_note("no hugepages: the kernel found %lu of the %lu that are missing", got, missing);
		give();
		return false;
	}
	bench_note("%lu MiB of hugepages taken, to be given back at the end", missing * PAGE_MIB);
	return true;
}

bool hugepages_take(unsigned mib)
{
	unsigned long wanted = (mib + PAGE_MIB - 1) / PAGE_MIB, found = free_pages();

	if (geteuid() != 0) {
		bench_note("no hugepages: root alone may take them");
		return false;
	}
	if (found < wanted)
		return take_missing(wanted - found);
	bench_note("%lu MiB of hugepages are free, and enough", found * PAGE_MIB);
	return true;
}

unsigned long hugepages_and_rest_mib(void)
{
	return available_mib() + free_pages() * PAGE_MIB;
}

void hugepages_give(void)
{
	give();
}
