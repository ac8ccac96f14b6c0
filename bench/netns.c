/* SPDX-License-Identifier: BSD-3-Clause */
#include "netns.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

int netns_here(void)
{
	return open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
}

bool netns_enter(int netns)
{
	if (setns(netns, CLONE_NEWNET) == 0)
		return true;
	bench_note("a network namespace cannot be entered: %s", strerror(errno));
	return false;
}

int netns_make(void)
{
	int home = netns_here(), made = -1;

	if (home < 0)
		return -1;
	if (unshare(CLONE_NEWNET) == 0) {
		made = netns_here();
		netns_enter(home);
	}
	close(home);
	return made;
}

bool netns_run(int netns, const char *format, ...)
{
	char commands[1024];
	int home = netns_here(), status = -1;
	va_list args;

	va_start(args, format);
	vsnprintf(commands, sizeof(commands), format, args);
	va_end(args);
	if (netns_enter(netns)) {
		status = system(commands);
		netns_enter(home);
	}
	close(home);
	return status == 0;
}
