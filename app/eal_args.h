/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * eal_args.h - the command line for DPDK's EAL: what weir wants, less what --eal says otherwise.
 *
 * weir asks for what makes a run work anywhere and be seen from outside: a file prefix of its own (so that
 * two runs never meet), memory that others can attach to where it is of hugepages, no probing of cards that
 * it will not use, no hugepages where there are none, no chatter. Each wish is dropped when the user's own
 * arguments speak of the same thing.
 *
 * Pure: the machine's facts are arguments.
 */
#ifndef WEIR_APP_EAL_ARGS_H
#define WEIR_APP_EAL_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EAL_ARGS_MAX 64
#define EAL_ARGS_TEXT 4096

struct eal_wishes {
	bool hugepages;      /* there are enough, and this user may take them */
	bool set_aside;      /* with hugepages, too, EAL takes memory_mib at once: nobody else will then */
	bool shared;         /* hugepages may be files, which a second process attaches to */
	bool lent;           /* a driver passes files of memory on: as few as can be */
	const char *prefix;  /* of files; NULL: none can be had, and nobody will see this process */
	unsigned memory_mib; /* without hugepages: the heap that EAL sets aside */
	const char *const *pci_devices; /* the only cards to probe */
	unsigned pci_devices_count;
	const unsigned *lcores; /* CPUs for lcores, in any order */
	unsigned lcores_count;  /* 0: EAL's own choice, every CPU that the process may use */
	unsigned main_lcore;    /* one of lcores, if there are any */
};

struct eal_args {
	int argc;
	char *argv[EAL_ARGS_MAX + 1]; /* argv[0] is "weir"; NULL at the end */
	bool quiet;                   /* the user did not ask to hear EAL */
	bool shared;                  /* EAL writes files for a second process to attach by */
	size_t used;
	char text[EAL_ARGS_TEXT]; /* where argv points */
};

enum eal_hugepages {
	EAL_HUGEPAGES_NONE, /* or the user has said which pages */
	EAL_HUGEPAGES_FEW, /* some, and less than EAL will ask for: it would fail later, so it goes without */
	EAL_HUGEPAGES_ENOUGH,
};

/*
 * Of memory, for buffers of so many ports with so many queues in all: of two with four each and of a capture,
 * with room to spare; and of each more. A port takes 96 MB, of pages of 4 KB 170, since no buffer lies on two
 * of them; a queue what its rings hold at least. Only what is used is taken.
 */
static inline unsigned eal_args_memory_mib(unsigned ports, unsigned queues)
{
	return 512 + (ports > 2 ? (ports - 2) * 192 : 0) + (queues > 8 ? (queues - 8) * 32 : 0);
}

/*
 * Whether to take hugepages, of which free_mib can be had. *memory_mib: what will be asked for; what the user
 * says (-m) replaces it.
 */
enum eal_hugepages eal_args_hugepages(uint64_t free_mib, unsigned *memory_mib, const char *user);

/*
 * user: the text of --eal, or NULL; split at blanks, with "..." and '...' and \x as in a shell. Returns 0,
 * -EINVAL (a quote is not closed) or -E2BIG.
 */
int eal_args_build(struct eal_args *args, const struct eal_wishes *wishes, const char *user);

#endif
