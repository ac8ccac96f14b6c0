/* SPDX-License-Identifier: BSD-3-Clause */
#include "peers.h"

#include <errno.h>
#include <string.h>

#include <sys/random.h>

#include "base/rng.h"
#include "bench.h"
#include "tcp/tcp_pvt.h"

#define LOCAL_ADDRESS 0xc6120001u /* 198.18.0.1 */
#define LOCAL_PORT 80
#define FIRST_PEER 0x0a000001u /* 10.0.0.1 */
#define PEER_WINDOW 8192
/* Connections that are being opened or closed, and no more: a crowd comes and goes by bursts. */
#define UNDER_WAY 1024
/* One segment more than should be there, so that less than what is asked for tells that nothing is left. */
#define ROOM (PEERS_BURST + 1)

static void configure(struct weir_config *config, uint32_t connections, uint32_t time_waits)
{
	weir_config_default(config);
	config->ranges[0] = (struct weir_range){ .first = weir_ipv4(LOCAL_ADDRESS),
						 .last = weir_ipv4(LOCAL_ADDRESS),
						 .prefix_len = 8 };
	config->ranges_count = 1;
	config->max_connections = connections + UNDER_WAY;
	config->max_half_open = UNDER_WAY;
	config->max_time_wait = time_waits;
	config->max_extensions = UNDER_WAY;
	config->defence.mode = WEIR_DEFENCE_OFF;
}

bool peers_create(struct peers *peers, uint32_t connections, uint32_t time_waits)
{
	struct weir_config config;
	struct tcp_secrets secrets;

	configure(&config, connections, time_waits);
	*peers = (struct peers){ .now_ns = CLOCK_NS_PER_S };
	if (getrandom(&secrets, sizeof(secrets), 0) != sizeof(secrets) ||
	    memory_take(&peers->memory, tcp_footprint(&config), -1, WEIR_PAGES_1G) != 0) {
		bench_note("no memory, or no random numbers: %s", strerror(errno));
		return false;
	}
	peers->tcp = tcp_create(peers->memory.base, &config, &secrets, &peers->counters, peers->now_ns);
	if (tcp_listen(peers->tcp, (struct weir_endpoint){ .port = LOCAL_PORT }, 0) >= 0)
		return true;
	bench_note("no listener");
	return false;
}

void peers_destroy(struct peers *peers)
{
	memory_give(&peers->memory);
}

/* ------------------------------------------------------------------------------------------- *
 * The peers
 * ------------------------------------------------------------------------------------------- */

static uint32_t peer_clock(const struct peers *peers)
{
	return 1 + clock_tick(peers->now_ns);
}

static struct seg syn_of(const struct peers *peers, uint32_t peer)
{
	struct rng rng = { peer };

	return (struct seg){
		.tuple = { .laddr = LOCAL_ADDRESS,
			   .raddr = FIRST_PEER + peer,
			   .lport = LOCAL_PORT,
			   .rport = (uint16_t)(1 + rng_below(&rng, UINT16_MAX)) },
		.seq = (uint32_t)rng_u64(&rng),
		.wnd = PEER_WINDOW,
		.flags = SEG_SYN,
		.opts = SEG_OPT_MSS | SEG_OPT_SACK_OK | SEG_OPT_TS | SEG_OPT_WSCALE,
		.mss = 1460,
		.wscale = 7,
		.tsval = peer_clock(peers),
		.ttl = 64,
	};
}

/* What the peer says to a segment of ours. */
static struct seg reply_to(const struct peers *peers, const struct seg *seg, uint8_t flags)
{
	return (struct seg){
		.tuple = seg->tuple,
		.seq = seg->ack,
		.ack = seg->seq + seg_space(seg),
		.wnd = PEER_WINDOW,
		.flags = flags,
		.opts = SEG_OPT_TS,
		.tsval = peer_clock(peers),
		.tsecr = seg->tsval,
		.ttl = 64,
	};
}

/* A burst comes in; what goes out stands in its place. Returns how many that are. */
static unsigned exchange(struct peers *peers, struct seg segs[ROOM])
{
	static struct seg_side sides[ROOM];
	uint64_t turned;

	tcp_look_ahead(peers->tcp, segs, sides, PEERS_BURST);
	if (tcp_input(peers->tcp, segs, sides, PEERS_BURST, peers->now_ns, &turned) != PEERS_BURST)
		return 0;
	return tcp_output(peers->tcp, segs, sides, ROOM, peers->now_ns);
}

static bool all_have(const struct seg *segs, unsigned n, uint8_t flags)
{
	for (unsigned i = 0; i < n; i++)
		if (segs[i].flags != flags)
			return false;
	return n == PEERS_BURST;
}

static bool all_say(const struct weir_event *events, unsigned n, unsigned what)
{
	for (unsigned i = 0; i < n; i++)
		if (!(events[i].what & what) || events[i].reason != WEIR_REASON_NONE)
			return false;
	return n == PEERS_BURST;
}

bool peers_open(struct peers *peers, weir_conn conns[PEERS_BURST])
{
	struct weir_event events[PEERS_BURST];
	struct seg segs[ROOM];
	unsigned n;

	CHECK(peers->count + PEERS_BURST <= PEERS_MAX);
	for (unsigned i = 0; i < PEERS_BURST; i++)
		segs[i] = syn_of(peers, peers->count++);
	n = exchange(peers, segs);
	if (!all_have(segs, n, SEG_SYN | SEG_ACK)) {
		bench_note("SYNs are not answered by SYN-ACKs");
		return false;
	}
	for (unsigned i = 0; i < PEERS_BURST; i++)
		segs[i] = reply_to(peers, &segs[i], SEG_ACK);
	exchange(peers, segs);
	n = tcp_events(peers->tcp, events, PEERS_BURST);
	if (!all_say(events, n, WEIR_EV_OPENED)) {
		bench_note("ACKs do not establish connections");
		return false;
	}
	for (unsigned i = 0; i < PEERS_BURST; i++)
		conns[i] = events[i].conn;
	return true;
}

bool peers_close(struct peers *peers, const weir_conn conns[PEERS_BURST])
{
	static struct seg_side sides[ROOM];
	struct weir_event events[PEERS_BURST];
	struct seg segs[ROOM];
	unsigned n;

	for (unsigned i = 0; i < PEERS_BURST; i++)
		tcp_close(peers->tcp, conns[i]);
	n = tcp_output(peers->tcp, segs, sides, ROOM, peers->now_ns);
	if (!all_have(segs, n, SEG_FIN | SEG_ACK)) {
		bench_note("closing does not send FINs");
		return false;
	}
	for (unsigned i = 0; i < PEERS_BURST; i++)
		segs[i] = reply_to(peers, &segs[i], SEG_FIN | SEG_ACK);
	n = exchange(peers, segs);
	if (!all_have(segs, n, SEG_ACK) ||
	    !all_say(events, tcp_events(peers->tcp, events, PEERS_BURST), WEIR_EV_CLOSED)) {
		bench_note("connections do not end in TIME-WAIT");
		return false;
	}
	return true;
}
