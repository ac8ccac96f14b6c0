/* SPDX-License-Identifier: BSD-3-Clause */
#include "packetdrill/info.h"

#include <dlfcn.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <linux/tcp.h>

#include "packetdrill/inside.h"
#include "packetdrill/option.h"

/* Linux's numbers, which its headers for programs do not have. */
enum linux_state {
	LINUX_ESTABLISHED = 1,
	LINUX_SYN_SENT,
	LINUX_SYN_RECV,
	LINUX_FIN_WAIT1,
	LINUX_FIN_WAIT2,
	LINUX_TIME_WAIT,
	LINUX_CLOSE,
	LINUX_CLOSE_WAIT,
	LINUX_LAST_ACK,
	LINUX_LISTEN,
	LINUX_CLOSING,
};
#define LINUX_SSTHRESH_INFINITE 0x7fffffff
#define SO_MEMINFO_OPTION 55

static struct world *world_of_process;

void info_of_world(struct world *world)
{
	world_of_process = world;
}

bool info_knows(int level, int name)
{
	return (level == IPPROTO_TCP && (name == TCP_INFO || name == TCP_CC_INFO)) ||
	       (level == SOL_SOCKET && name == SO_MEMINFO_OPTION);
}

static uint8_t state_of(const struct socket *socket, const struct weir_info *info)
{
	static const uint8_t states[WEIR_STATES] = {
		[WEIR_CLOSED] = LINUX_CLOSE,
		[WEIR_LISTEN] = LINUX_LISTEN,
		[WEIR_SYN_SENT] = LINUX_SYN_SENT,
		[WEIR_SYN_RECEIVED] = LINUX_SYN_RECV,
		[WEIR_ESTABLISHED] = LINUX_ESTABLISHED,
		[WEIR_FIN_WAIT_1] = LINUX_FIN_WAIT1,
		[WEIR_FIN_WAIT_2] = LINUX_FIN_WAIT2,
		[WEIR_CLOSE_WAIT] = LINUX_CLOSE_WAIT,
		[WEIR_CLOSING] = LINUX_CLOSING,
		[WEIR_LAST_ACK] = LINUX_LAST_ACK,
		[WEIR_TIME_WAIT] = LINUX_TIME_WAIT,
	};

	if (socket->state == SOCKET_LISTENING)
		return LINUX_LISTEN;
	return info == NULL ? LINUX_CLOSE : states[info->state];
}

static uint8_t congestion_state(const struct inside *inside)
{
	if (inside->recovering)
		return TCP_CA_Recovery;
	if (inside->retries > 0)
		return TCP_CA_Loss;
	return inside->disordered ? TCP_CA_Disorder : TCP_CA_Open;
}

static void fill(struct tcp_info *to, const struct weir_info *info, const struct inside *inside)
{
	to->tcpi_ca_state = congestion_state(inside);
	to->tcpi_retransmits = to->tcpi_backoff = inside->retries;
	to->tcpi_probes = inside->probes;
	to->tcpi_options =
		(uint8_t)((info->timestamps ? TCPI_OPT_TIMESTAMPS : 0) | (info->sack ? TCPI_OPT_SACK : 0) |
			  (info->window_scaling ? TCPI_OPT_WSCALE : 0));
	to->tcpi_snd_wscale = inside->snd_wscale & 15;
	to->tcpi_rcv_wscale = inside->rcv_wscale & 15;
	to->tcpi_snd_mss = info->mss;
	to->tcpi_advmss = inside->mss_offered;
	to->tcpi_unacked = inside->segments;
	to->tcpi_sacked = inside->sacked;
	to->tcpi_rtt = info->srtt_us;
	to->tcpi_rttvar = info->rttvar_us;
	to->tcpi_snd_cwnd = inside->cwnd;
	to->tcpi_snd_ssthresh = inside->ssthresh == INSIDE_INFINITE ? LINUX_SSTHRESH_INFINITE :
								      inside->ssthresh;
	to->tcpi_notsent_bytes = info->unsent_bytes;
	to->tcpi_snd_wnd = info->send_window_bytes;
}

int info_get(const struct socket *socket, int level, int name, void *value, socklen_t *len)
{
	const struct tcp *tcp = socket->world->tcp;
	struct tcp_info all;
	struct weir_info info;
	struct inside inside;

	memset(value, 0xff, *len);
	if (level != IPPROTO_TCP || name != TCP_INFO) {
		if (name == TCP_CC_INFO && level == IPPROTO_TCP)
			*len = 0; /* Reno has nothing to tell */
		return 0;
	}
	memset(&all, 0xff, sizeof(all));
	bool open = tcp_info(tcp, socket->conn, &info) == 0 && inside_look(tcp, socket->conn, &inside);

	all.tcpi_state = state_of(socket, open ? &info : NULL);
	if (open)
		fill(&all, &info, &inside);
	memcpy(value, &all, *len < sizeof(all) ? *len : sizeof(all));
	return 0;
}

__attribute__((visibility("default"))) int getsockopt(int fd, int level, int name, void *value,
						      socklen_t *len)
{
	static int (*next)(int, int, int, void *, socklen_t *);
	struct world *world = world_of_process;
	int result = -1;

	if (world != NULL && info_knows(level, name)) {
		world_enter(world);
		const struct socket *socket = descriptor_socket(world, fd);

		if (socket != NULL)
			result = info_get(socket, level, name, value, len);
		world_leave(world);
		if (socket != NULL)
			return result;
	}
	if (next == NULL)
		*(void **)&next = dlsym(RTLD_NEXT, "getsockopt");
	return next(fd, level, name, value, len);
}
