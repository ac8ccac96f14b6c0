/* SPDX-License-Identifier: BSD-3-Clause */
#include "cable.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

#define RINGS ",framesz=2048,framecnt=4096,blocksz=65536"

/* This thread's, as it is now. */
static int own_namespace(void)
{
	return open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
}

void cable_enter(const struct cable *cable, int end)
{
	if (setns(cable->ends[end], CLONE_NEWNET) != 0)
		bench_note("veth: %s", strerror(errno));
}

void cable_leave(const struct cable *cable)
{
	if (setns(cable->home, CLONE_NEWNET) != 0)
		bench_note("veth: %s", strerror(errno));
}

bool cable_run(const struct cable *cable, int end, const char *format, ...)
{
	char commands[1024];
	va_list args;
	int status;

	va_start(args, format);
	vsnprintf(commands, sizeof(commands), format, args);
	va_end(args);
	cable_enter(cable, end);
	status = system(commands);
	cable_leave(cable);
	return status == 0;
}

/* A new one, without leaving ours for long. */
static int make_namespace(const struct cable *cable)
{
	int namespace = -1;

	if (unshare(CLONE_NEWNET) == 0) {
		namespace = own_namespace();
		cable_leave(cable);
	}
	return namespace;
}

static bool plug(const struct cable *cable)
{
	static const char quiet[] =
		"sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1";

	return cable_run(cable, 1, "%s", quiet) &&
	       cable_run(cable, 0,
			 "%s && ip link add " CABLE_INTERFACE_0 " type veth peer name " CABLE_INTERFACE_1
			 " && ip link set " CABLE_INTERFACE_0 " up && ip link set " CABLE_INTERFACE_1 " up",
			 quiet);
}

int cable_open(struct cable *cable)
{
	*cable = (struct cable){ .home = -1, .ends = { -1, -1 } };
	if (geteuid() != 0) {
		bench_note("veth: network namespaces are root's to make: left out");
		return -1;
	}
	cable->home = own_namespace();
	if (cable->home >= 0) {
		cable->ends[0] = make_namespace(cable);
		cable->ends[1] = make_namespace(cable);
	}
	if (cable->ends[0] >= 0 && cable->ends[1] >= 0 && plug(cable))
		return 0;
	bench_note("veth: no namespaces with a cable between them here: left out");
	cable_close(cable);
	return -1;
}

void cable_close(struct cable *cable)
{
	const int fds[] = { cable->home, cable->ends[0], cable->ends[1] };

	for (unsigned i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

const char *cable_device(int end)
{
	return end == 0 ? "net_af_packet0,iface=" CABLE_INTERFACE_0 RINGS :
			  "net_af_packet1,iface=" CABLE_INTERFACE_1 RINGS;
}

int cable_linux_begin(const struct cable *cable)
{
	if (cable_run(cable, 0,
		      "ip addr add " CABLE_ADDRESS_0 "/30 dev " CABLE_INTERFACE_0 " && "
		      "ip link set " CABLE_INTERFACE_1 " netns /proc/%d/fd/%d",
		      (int)getpid(), cable->ends[1]) &&
	    cable_run(cable, 1,
		      "ip link set " CABLE_INTERFACE_1 " up && "
		      "ip addr add " CABLE_ADDRESS_1 "/30 dev " CABLE_INTERFACE_1))
		return 0;
	bench_note("veth: Linux takes no address");
	return -1;
}

void cable_linux_end(const struct cable *cable)
{
	cable_run(cable, 1, "ip link set " CABLE_INTERFACE_1 " netns /proc/%d/fd/%d", (int)getpid(),
		  cable->ends[0]);
	cable_run(cable, 0,
		  "ip addr flush dev " CABLE_INTERFACE_0 " && ip link set " CABLE_INTERFACE_1 " up");
}
