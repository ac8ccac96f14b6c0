/* SPDX-License-Identifier: BSD-3-Clause */
#include "veth.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <rte_lcore.h>

#include "bench.h"
#include "netns.h"
#include "syn_capture.h"

#define FLOOD_INTERFACE "flood0"
#define BATCH 64
#define BACKLOG 4096

/* Linux asks nobody for the address of a client: all are behind one, whose address it has. */
#define GATEWAY "192.0.2.1"

void veth_enter(const struct veth *veth)
{
	netns_enter(veth->server);
}

void veth_leave(const struct veth *veth)
{
	netns_enter(veth->home);
}

static const char *mac_text(char text[18], const struct eth_addr *mac)
{
	const uint8_t *b = mac->bytes;

	snprintf(text, 18, "%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3], b[4], b[5]);
	return text;
}

/* No word of IPv6, no addresses: the attacker's end has no IP at all. */
static bool plug(const struct veth *veth)
{
	char client[18], server[18];

	return netns_run(veth->attacker,
			 "sysctl -qw net.ipv6.conf.default.disable_ipv6=1 && "
			 "ip link add " FLOOD_INTERFACE
			 " address %s type veth peer name " VETH_SERVER_INTERFACE
			 " address %s netns /proc/%d/fd/%d && ip link set " FLOOD_INTERFACE " up",
			 mac_text(client, &syn_capture_client_mac), mac_text(server, &syn_capture_server_mac),
			 (int)getpid(), veth->server) &&
	       netns_run(
		       veth->server,
		       "sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1 "
		       "net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0 net.ipv4.tcp_syncookies=2 && "
		       "ip link set " VETH_SERVER_INTERFACE " up");
}

static int listen_here(void)
{
	struct sockaddr_in local = { .sin_family = AF_INET,
				     .sin_port = htons(SYN_CAPTURE_PORT),
				     .sin_addr.s_addr = htonl(SYN_CAPTURE_SERVER) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && bind(fd, (struct sockaddr *)&local, sizeof(local)) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

int veth_linux_begin(struct veth *veth)
{
	struct in_addr server = { htonl(SYN_CAPTURE_SERVER) };
	char client[18];

	/* Files of a namespace's interfaces are seen in a sysfs that was mounted there. */
	if (netns_run(veth->server,
		      "ip addr add %s/32 dev " VETH_SERVER_INTERFACE " && "
		      "ip neigh replace " GATEWAY " lladdr %s dev " VETH_SERVER_INTERFACE " nud permanent && "
		      "ip route add default via " GATEWAY " dev " VETH_SERVER_INTERFACE " onlink && "
		      "unshare -m sh -c 'mount -t sysfs sysfs /sys && "
		      "echo %x >/sys/class/net/" VETH_SERVER_INTERFACE "/queues/rx-0/rps_cpus'",
		      inet_ntoa(server), mac_text(client, &syn_capture_client_mac),
		      1u << rte_get_main_lcore())) {
		veth_enter(veth);
		veth->listener = listen_here();
		veth_leave(veth);
	}
	if (veth->listener >= 0)
		return 0;
	bench_note("veth: Linux cannot be made to listen: left out");
	return -1;
}

void veth_linux_end(struct veth *veth)
{
	close(veth->listener);
	veth->listener = -1;
	netns_run(veth->server, "ip addr flush dev " VETH_SERVER_INTERFACE " && "
				"unshare -m sh -c 'mount -t sysfs sysfs /sys && "
				"echo 0 >/sys/class/net/" VETH_SERVER_INTERFACE "/queues/rx-0/rps_cpus'");
}

/* A socket that sends through the attacker's interface, past all queues, and receives nothing. */
static int flood_socket(void)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET,
				  .sll_ifindex = (int)if_nametoindex(FLOOD_INTERFACE) };
	int fd = socket(AF_PACKET, SOCK_RAW, 0), on = 1;

	if (fd < 0 || bind(fd, (struct sockaddr *)&to, sizeof(to)) != 0 ||
	    setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on)) != 0)
		return -1;
	return fd;
}

/* Any CPU but ours. */
static bool leave_cpu(unsigned ours)
{
	for (unsigned cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		cpu_set_t set;

		CPU_ZERO(&set);
		CPU_SET(cpu, &set);
		if (cpu != ours && sched_setaffinity(0, sizeof(set), &set) == 0)
			return true;
	}
	return false;
}

/* The attacker's process; does not return. */
static void flood(const struct veth *veth)
{
	static uint8_t frames[SYN_CAPTURE_FRAMES][SYN_CAPTURE_FRAME_MAX];
	static struct iovec parts[SYN_CAPTURE_FRAMES];
	static struct mmsghdr messages[SYN_CAPTURE_FRAMES];
	int fd;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!leave_cpu(rte_get_main_lcore()) || !netns_enter(veth->attacker))
		_exit(1);
	fd = flood_socket();
	if (fd < 0)
		_exit(1);
	for (uint32_t i = 0; i < SYN_CAPTURE_FRAMES; i++) {
		parts[i] = (struct iovec){ .iov_base = frames[i],
					   .iov_len = syn_capture_frame(false, frames[i], i) };
		messages[i].msg_hdr = (struct msghdr){ .msg_iov = &parts[i], .msg_iovlen = 1 };
	}
	for (uint32_t i = 0;; i = (i + BATCH) % SYN_CAPTURE_FRAMES)
		sendmmsg(fd, &messages[i], BATCH, MSG_DONTWAIT);
}

/* Stands still until it is told to go on. */
static pid_t make_flood(const struct veth *veth)
{
	pid_t pid = fork();

	if (pid == 0) {
		raise(SIGSTOP);
		flood(veth);
	}
	return pid;
}

int veth_open(struct veth *veth)
{
	*veth = (struct veth){ .home = -1, .attacker = -1, .server = -1, .listener = -1 };
	if (geteuid() != 0) {
		bench_note("veth: network namespaces are root's to make: left out");
		return -1;
	}
	veth->home = netns_here();
	if (veth->home >= 0) {
		veth->attacker = netns_make();
		veth->server = netns_make();
	}
	if (veth->attacker >= 0 && veth->server >= 0 && plug(veth))
		veth->flood = make_flood(veth);
	if (veth->flood > 0)
		return 0;
	bench_note("veth: no namespaces with a cable between them here: left out");
	return -1;
}

void veth_flood_begin(struct veth *veth)
{
	kill(veth->flood, SIGCONT);
}

void veth_flood_end(struct veth *veth)
{
	kill(veth->flood, SIGSTOP);
}

int veth_counts(const struct veth *veth, struct veth_counts *counts)
{
	char line[512];
	int found = 0;
	FILE *file;

	veth_enter(veth);
	file = fopen("/proc/thread-self/net/dev", "r");
	veth_leave(veth);
	while (file != NULL && found != 2 && fgets(line, sizeof(line), file) != NULL)
		found = sscanf(line,
			       " " VETH_SERVER_INTERFACE ": %*u %" SCNu64
			       " %*u %*u %*u %*u %*u %*u %*u %" SCNu64,
			       &counts->received, &counts->sent);
	if (file != NULL)
		fclose(file);
	if (found == 2)
		return 0;
	bench_note("veth: no counters of " VETH_SERVER_INTERFACE);
	return -1;
}

void veth_close(struct veth *veth)
{
	const int fds[] = { veth->home, veth->attacker, veth->server, veth->listener };

	if (veth->flood > 0) {
		kill(veth->flood, SIGKILL);
		waitpid(veth->flood, NULL, 0);
	}
	for (unsigned i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
}
