/* SPDX-License-Identifier: BSD-3-Clause */
#include "cable.h"

#include <unistd.h>

#include "bench.h"
#include "netns.h"

#define RINGS ",framesz=2048,framecnt=4096,blocksz=65536"

void cable_enter(const struct cable *cable, int end)
{
	netns_enter(cable->ends[end]);
}

void cable_leave(const struct cable *cable)
{
	netns_enter(cable->home);
}

static bool plug(const struct cable *cable)
{
	static const char quiet[] =
		"sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1";

	return netns_run(cable->ends[1], "%s", quiet) &&
	       netns_run(cable->ends[0],
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
	cable->home = netns_here();
	if (cable->home >= 0) {
		cable->ends[0] = netns_make();
		cable->ends[1] = netns_make();
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
	if (netns_run(cable->ends[0],
		      "ip addr add " CABLE_ADDRESS_0 "/30 dev " CABLE_INTERFACE_0 " && "
		      "ip link set " CABLE_INTERFACE_1 " netns /proc/%d/fd/%d",
		      (int)getpid(), cable->ends[1]) &&
	    netns_run(cable->ends[1], "ip link set " CABLE_INTERFACE_1 " up && "
				      "ip addr add " CABLE_ADDRESS_1 "/30 dev " CABLE_INTERFACE_1))
		return 0;
	bench_note("veth: Linux takes no address");
	return -1;
}

void cable_linux_end(const struct cable *cable)
{
	netns_run(cable->ends[1], "ip link set " CABLE_INTERFACE_1 " netns /proc/%d/fd/%d", (int)getpid(),
		  cable->ends[0]);
	netns_run(cable->ends[0],
		  "ip addr flush dev " CABLE_INTERFACE_0 " && ip link set " CABLE_INTERFACE_1 " up");
}
