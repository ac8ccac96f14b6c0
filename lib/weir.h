/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * weir.h - the header of libweir, a poll-mode TCP endpoint for DPDK: the only one that programs include.
 *
 * Two layers:
 *
 *   The shard (struct weir_core), for programs that have a loop of their own. Hand it the frames
 *   of a burst, take events, make calls, take the frames that it wants sent:
 *
 *       n = rte_eth_rx_burst(port, queue, mbufs, 32);
 *       weir_input(core, mbufs, n, now_ns, verdicts);       TCP happens here
 *       n = weir_events(core, events, 64);                  what it means for the application
 *       ... weir_send_copy(), weir_close() ...              what the application wants
 *       n = weir_output(core, mbufs, 32);                   the frames that follow from both
 *       rte_eth_tx_burst(port, queue, mbufs, n);
 *
 *   The runtime (struct weir_runtime), for programs that have none: ports, lcores, and one call
 *   that runs a loop such as the one above on each of them. It is in weir_runtime.h, which comes with this.
 *
 * Threads. A core belongs to the one thread that calls it; there are no locks and no globals.
 * weir_counters() and weir_stats() alone may be called from any thread, at any time.
 *
 * Time. `now_ns` is a monotonic clock in nanoseconds that the caller reads once per burst; it may
 * start anywhere but never runs backwards. The stack never reads a clock.
 *
 * Byte order. Addresses and ports are in host order unless a name ends in _be.
 *
 * Errors. Calls return 0 (or a count, or an identifier) or a negative errno value. Peers cause
 * counted drops, applications and machines cause errors; nothing a peer sends makes a call fail
 * in any other way than those listed with it.
 */
#ifndef WEIR_H
#define WEIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define WEIR_API __attribute__((visibility("default")))

struct rte_mbuf;
struct rte_mempool;
struct weir_core;

/* ------------------------------------------------------------------------------------------- *
 * Vocabulary
 * ------------------------------------------------------------------------------------------- */

/* The states of RFC 9293 section 3.3.2, in the order of its figure 5. */
enum weir_state {
	WEIR_CLOSED,
	WEIR_LISTEN,
	WEIR_SYN_SENT,
	WEIR_SYN_RECEIVED,
	WEIR_ESTABLISHED,
	WEIR_FIN_WAIT_1,
	WEIR_FIN_WAIT_2,
	WEIR_CLOSE_WAIT,
	WEIR_CLOSING,
	WEIR_LAST_ACK,
	WEIR_TIME_WAIT,
	WEIR_STATES,
};

/* "SYN-SENT" and the like; never NULL. */
WEIR_API const char *weir_state_name(enum weir_state state);

/*
 * A connection, as the application holds it: a value, never a pointer. The generation makes a
 * stale handle an -ESTALE instead of somebody else's connection. A zeroed handle is never valid.
 */
typedef struct weir_conn {
	uint32_t index;
	uint32_t generation;
} weir_conn;

/* Why a connection ended: the reason of a WEIR_EV_CLOSED; or why it may, that of a WEIR_EV_WARNING. */
enum weir_reason {
	WEIR_REASON_NONE,        /* proper teardown: a FIN each way, each acknowledged */
	WEIR_REASON_RESET,       /* the peer sent RST (ECONNRESET) */
	WEIR_REASON_REFUSED,     /* RST answered our SYN (ECONNREFUSED) */
	WEIR_REASON_TIMEOUT,     /* retransmissions went unanswered past R2, RFC 9293 3.8.3 (ETIMEDOUT) */
	WEIR_REASON_UNREACHABLE, /* an ICMP hard error, RFC 9293 3.9.2.2 (EHOSTUNREACH) */
	WEIR_REASON_ABORTED,     /* this side aborted it, or data arrived after weir_close() */
	WEIR_REASON_SHUTDOWN,    /* the core was stopped */
	WEIR_REASONS,
};

/* "reset", "timeout" and the like, as in the JSON output; never NULL. */
WEIR_API const char *weir_reason_name(enum weir_reason reason);

/* What happened, as bits of weir_event.what. */
enum {
	WEIR_EV_OPENED = 1 << 0,  /* ESTABLISHED: our open succeeded, or a listener's peer arrived */
	WEIR_EV_DATA = 1 << 1,    /* `payload` holds `bytes` bytes in order; now the application's */
	WEIR_EV_FIN = 1 << 2,     /* the peer will send nothing after `payload` */
	WEIR_EV_SENT = 1 << 3,    /* everything that was given to send has been acknowledged */
	WEIR_EV_WARNING = 1 << 4, /* not over, but something is wrong: `reason` says what would end it */
	WEIR_EV_CLOSED = 1 << 5,  /* over, see `reason`; the handle is stale already. The last event.
	                           * An active close reports it on entering TIME-WAIT. */
};

/*
 * A warning is advice (RFC 9293 3.9.1.8): nothing need be done, and the connection goes on trying.
 *     WEIR_REASON_TIMEOUT      a segment was sent again R1 times, RFC 9293 3.8.3: three, a SYN too
 *     WEIR_REASON_UNREACHABLE  ICMP said so, and that it may pass, RFC 9293 3.9.2.2
 * It is not raised while max_events others wait.
 */

/*
 * At most one event per connection is pending: what happens while it waits is merged into it.
 * The order within one event is OPENED, DATA, FIN, SENT, WARNING, CLOSED. It has
 * one reason: that of CLOSED if it says so, else of the latest warning.
 */
struct weir_event {
	weir_conn conn;
	uint32_t word;  /* the application's word, weir_set_word(); a new connection has its
	                 * listener's or its open's */
	uint16_t what;  /* WEIR_EV_ bits */
	uint8_t reason; /* enum weir_reason, with WEIR_EV_CLOSED and WEIR_EV_WARNING */
	uint8_t reserved;
	uint32_t bytes;   /* in `payload` */
	uint32_t buffers; /* mbuf segments in `payload`; what weir_release() gives back */
	/*
	 * WEIR_EV_DATA: a chain of mbufs trimmed to the stream's bytes (m->pkt_len in all, as any
	 * mbuf chain). The application owns it and must hand it to weir_release(), which frees it
	 * and lets the receive window open again.
	 */
	struct rte_mbuf *payload;
};

/*
 * An IP address of either family: 128 bits, in host order. An IPv4 address stands in it as ::ffff:a.b.c.d
 * (RFC 4291 section 2.5.5.2), which never comes over the wire. All zero: none, or any.
 */
struct weir_address {
	uint64_t hi, lo;
};

/* From 32 bits in host order. */
static inline struct weir_address weir_ipv4(uint32_t address)
{
	struct weir_address a = { 0, 0xffff00000000ull | address };

	return a;
}

/* From 16 bytes in network order, such as those of struct in6_addr. */
static inline struct weir_address weir_ipv6(const uint8_t bytes[16])
{
	struct weir_address a = { 0, 0 };

	for (unsigned i = 0; i < 8; i++) {
		a.hi = a.hi << 8 | bytes[i];
		a.lo = a.lo << 8 | bytes[8 + i];
	}
	return a;
}

static inline bool weir_is_ipv4(struct weir_address a)
{
	return a.hi == 0 && a.lo >> 32 == 0xffff;
}

/* An address with a port, host order. address all zero: any of the core's, of both families. */
struct weir_endpoint {
	struct weir_address address;
	uint16_t port;
};

/* ------------------------------------------------------------------------------------------- *
 * Configuration
 * ------------------------------------------------------------------------------------------- */

#define WEIR_MAX_RANGES 16
#define WEIR_KEY_BYTES 16

/*
 * Local addresses first..last, 2^32 of them at most, of one family, in a subnet of prefix_len bits of that
 * family's. An IPv6 range lies within one /64. A range needs no record for each address.
 *
 * Solicited-node groups are reported (MLD) of the first 1,023 IPv6 addresses of a core: a switch that snoops
 * must be told to flood those of any more.
 */
struct weir_range {
	struct weir_address first, last;
	uint8_t prefix_len;
};

/* Checksum work that the port does; bits of weir_config.offloads. */
enum {
	WEIR_OFFLOAD_RX_CSUM = 1 << 0, /* received mbufs carry RTE_MBUF_F_RX_*_CKSUM_* verdicts */
	WEIR_OFFLOAD_TX_CSUM = 1 << 1, /* RTE_MBUF_F_TX_IP_CKSUM and _TCP_CKSUM are honoured */
	WEIR_OFFLOAD_TX_VLAN =
		1 << 2, /* RTE_MBUF_F_TX_VLAN is. A received tag may stand in the mbuf in any case */
};

/* What a listener does when SYNs come that nobody completes (RFC 4987). */
enum weir_defence_mode {
	WEIR_DEFENCE_AUTO,   /* cookies while they are needed: a backlog that fills, or handshakes that stay
	                      * unanswered */
	WEIR_DEFENCE_ALWAYS, /* cookies for every SYN: nothing is kept before the handshake is complete */
	WEIR_DEFENCE_OFF,    /* no cookies: SYNs are refused while the backlog is full */
};

/* "auto", "always", "off"; never NULL. */
WEIR_API const char *weir_defence_name(enum weir_defence_mode mode);

/*
 * How a listener stands in a SYN flood. A backlog that fills shortens its own timeout, down to the first
 * retransmission of a SYN-ACK when it is full; then the oldest that was given that chance goes.
 *
 * Limits per source are kept for its address and, eight times as large, for its /24, of IPv6 its /64; where
 * memory is bounded two sources may share a count, by chance that nobody can steer. Beyond
 * half_open_per_source SYNs are answered by cookies, so that a crowd behind one address is served (with
 * WEIR_DEFENCE_OFF: refused); beyond opens_per_source handshakes are not completed. Limits are the core's:
 * who spreads peers over several cores divides them.
 */
struct weir_defence {
	enum weir_defence_mode mode;
	uint32_t backlog;              /* half-open handshakes at most; 0: max_half_open */
	uint64_t timeout_ns;           /* of a handshake, 1 s to 3 minutes: R2 of a SYN-ACK; 63 s */
	uint32_t half_open_per_source; /* handshakes under way; 0: no limit */
	uint32_t opens_per_source;     /* completed ones a second; 0: no limit */
};

#define WEIR_COOKIE_KEY_BYTES 32

/* What is known of how a port with several queues chooses one for a frame (receive side scaling). */
enum weir_rss_habit {
	WEIR_RSS_ANY,      /* nothing: frames of a connection may come by any */
	WEIR_RSS_FLOW,     /* all of a connection come by one, which nobody can tell beforehand */
	WEIR_RSS_TOEPLITZ, /* by a hash, a key and a table that are known: those of struct weir_rss */
};

#define WEIR_SHARDS_MAX 64
#define WEIR_RSS_KEY_MAX 52
#define WEIR_RSS_TABLE_MAX 2048

/*
 * Cores that share a port, its addresses and nothing else, a queue each. shards 0 or 1: the core is alone.
 * Whose a connection without a record is, is said by the Toeplitz hash that NICs compute of the addresses and
 * ports of TCP over IPv4 and IPv6; opens choose local ports that make it this core's own. All cores of a port
 * must have the same key and table.
 *
 * Who knows the key can have all connections fall to one core. weir's own is known to everybody: where that
 * is to be feared, port and cores are given a key that was drawn.
 */
struct weir_rss {
	enum weir_rss_habit habit;
	uint16_t shard, shards; /* this core's number among so many, WEIR_SHARDS_MAX at most */
	const uint8_t *key;     /* NULL: weir's own, which is the same for both directions */
	uint8_t key_bytes;      /* 40..WEIR_RSS_KEY_MAX */
	const uint16_t *table;  /* the core for each value of the hash's low bits; NULL: 128, in turn */
	uint16_t table_size;    /* a power of two up to WEIR_RSS_TABLE_MAX */
};

/* Pages that memory lies on, the largest first. */
enum weir_pages {
	WEIR_PAGES_1G,          /* hugepages that were set aside */
	WEIR_PAGES_2M,          /* the same */
	WEIR_PAGES_TRANSPARENT, /* 2 MiB where the kernel finds room for them */
	WEIR_PAGES_NORMAL,
};

/*
 * What a core is and may use. weir_config_default() fills it; change what you need;
 * weir_core_create() checks and copies it. All memory is taken at creation.
 */
struct weir_config {
	/* Where it stands. */
	uint8_t mac[6];
	uint16_t mtu; /* of IP packets; 576..9000, with IPv6 1280 at least, 1500 by default */
	/* Next hops for addresses that no range is on link with, IPv4's and IPv6's; all zero: none. */
	struct weir_address gateway, gateway6;
	struct weir_range ranges[WEIR_MAX_RANGES];
	unsigned ranges_count;
	unsigned offloads; /* WEIR_OFFLOAD_ bits */
	/*
	 * The VLAN (IEEE 802.1Q) that all frames belong to, 1..4094: those of others are not the core's. 0:
	 * frames have no tag, or one that names a priority alone.
	 */
	uint16_t vlan;
	/*
	 * Neighbour discovery. Each IPv6 range's first address, and the link-local one that the core has
	 * beside them, is asked for so often, a second apart, before it is used (RFC 4862's
	 * DupAddrDetectTransmits); 0: not at all. 1.
	 */
	uint8_t dad_probes;
	/* Routers are believed only where gateway6 is none, and this is not set. */
	bool no_router_advertisements;
	struct weir_rss rss; /* its place among the cores of its port; key and table are copied */

	/* How much it may hold. 0: derived from max_connections. */
	uint32_t max_connections;  /* hot records: all states but half-open and TIME-WAIT */
	uint32_t max_half_open;    /* SYN-RECEIVED from listeners */
	uint32_t max_time_wait;    /* full: the oldest record goes early, and is counted */
	uint32_t max_events;       /* pending; full: weir_input() takes fewer frames */
	uint32_t max_extensions;   /* connections with queued data, or loss to recover from */
	uint32_t max_send_buffers; /* pieces of data queued to be sent or acknowledged, in all */
	/*
	 * mbufs that wait for applications and peers at once, in all. Half may be queued: then weir_send()
	 * and weir_send_copy() say -ENOMEM. Half may be unread: then data is dropped as it comes, not
	 * acknowledged, and its ACKs count. So neither waits for the other, and frames find buffers. 0: half
	 * of the pool.
	 */
	uint32_t max_buffers;
	uint32_t max_timers; /* armed at once; more than these are late, by a second and more, and counted */
	uint16_t receive_buffers; /* unread buffers per connection, 2..255, that its window is counted
	                            * in; an eighth more may be held, for short segments */
	uint16_t send_buffers;    /* pieces queued per connection, 1..1024 */

	/* TCP's constants, nanoseconds. */
	uint64_t msl_ns;                /* RFC 9293 3.4.2; TIME-WAIT lasts twice this */
	uint64_t rto_initial_ns;        /* RFC 6298 rule 2.1: 1 s */
	uint64_t rto_min_ns;            /* RFC 6298 rule 2.4 says 1 s; 200 ms by default, as on hosts */
	uint64_t rto_max_ns;            /* RFC 6298 rule 2.5: at least 60 s */
	uint64_t delayed_ack_ns;        /* RFC 9293 3.8.6.3: under 500 ms; 40 ms by default */
	uint64_t fin_wait_2_ns;         /* after weir_close(): how long to wait for the peer's FIN; 60 s */
	uint64_t user_timeout_ns;       /* R2, RFC 9293 3.8.3: unanswered data this old ends it; 100 s */
	uint64_t syn_timeout_ns;        /* R2 for SYN: 180 s */
	uint16_t port_first, port_last; /* local ports for opens; 1024..65535 */
	struct weir_defence defence;    /* of listeners, until weir_set_listener_defence() */
	uint32_t resets_per_s;          /* RSTs that answer what belongs to nothing; 100000, 0: no limit */
	uint8_t ttl;
	uint8_t dscp;
	bool rfc1337;       /* ignore RST in TIME-WAIT instead of RFC 9293's close */
	bool no_timestamps; /* do not offer or accept RFC 7323 timestamps */
	bool no_delay;      /* no Nagle */
	bool ecn; /* opens ask for ECN (RFC 3168). A peer that asks has it in any case, but by a cookie
	                     * without timestamps */

	/* Secrets, and where they come from. */
	bool seeded; /* take every random choice from `seed`, for replays */
	uint64_t seed;

	/* Memory. */
	int socket;               /* NUMA node, -1: any */
	enum weir_pages pages;    /* no larger ones; smaller, where there are too few. WEIR_PAGES_1G */
	struct rte_mempool *pool; /* frames to send, and copies; its data room bounds a frame */
};

WEIR_API void weir_config_default(struct weir_config *config);

/*
 * What weir_core_create() takes for it, in bytes, less what the last page has to spare; frames are the
 * pool's. Sizes, send_buffers and the families of ranges count; the rest, the pool too, may be missing.
 */
WEIR_API uint64_t weir_config_bytes(const struct weir_config *config);

/* NULL if it will do; otherwise one static sentence that names the field and what would be right. */
WEIR_API const char *weir_config_check(const struct weir_config *config);

/* ------------------------------------------------------------------------------------------- *
 * The shard
 * ------------------------------------------------------------------------------------------- */

/* NULL with rte_errno: EINVAL (see weir_config_check()), ENOMEM. */
WEIR_API struct weir_core *weir_core_create(const struct weir_config *config);

/*
 * Whether its addresses may be used: 1; 0 while neighbours are asked whether one has them (dad_probes), when
 * frames to them are dropped and opens from them are -EAGAIN; -EADDRINUSE if one has (RFC 4862 section 5.4.5:
 * then it stays so). Without IPv6 always 1.
 */
WEIR_API int weir_ready(const struct weir_core *core);

/* Frees every frame it holds and forgets every connection, silently. */
WEIR_API void weir_core_destroy(struct weir_core *core);

/* What became of a frame that was handed to weir_input(). */
enum weir_verdict {
	WEIR_TAKEN, /* it is weir's now: used or dropped, and counted under a name */
	/*
	 * Neither for one of the core's addresses nor about them; still the caller's.
	 * A VLAN tag may stand in the mbuf now.
	 */
	WEIR_NOT_MINE,
};

/*
 * Takes a burst of received frames and moves time to now_ns: timers that are due fire here, and
 * with n = 0 only they do. Frames must have their Ethernet, IP and TCP headers in the first segment.
 *
 * verdicts: n of them, written for the frames that were taken in; may be NULL, then frames that are not
 * the core's are freed and counted.
 * Returns how many frames were looked at, in order: fewer than n when pending events or output
 * reach their bound. The caller keeps the rest and offers them again after weir_events() and
 * weir_output() - or drops them, as a full NIC queue would.
 */
WEIR_API unsigned weir_input(struct weir_core *core, struct rte_mbuf **mbufs, unsigned n, uint64_t now_ns,
			     uint8_t *verdicts);

/*
 * Where several shards share a port (weir_config.rss), to be called after weir_input(): frames that came in
 * here and are another shard's, shards[i] for mbufs[i], each to be given to that shard's weir_input_handed().
 * Up to max of them; returns how many. They are the caller's: one that is freed instead is lost, as frames on
 * a wire are. They are the frames that were given to weir_input(), and copies from this core's pool of what
 * all shards must hear of. Call it until it returns less than max: there is room for 256, which what was
 * taken gives back when nothing waits any more; where a burst might find none, weir_input() takes no more.
 */
WEIR_API unsigned weir_hand_over(struct weir_core *core, struct rte_mbuf **mbufs, uint16_t *shards,
				 unsigned max);

/*
 * Takes in frames that other shards of the port handed over, as weir_input() does, but that timers do not
 * move. What is nobody's is freed and counted; nothing is handed on. Returns how many it took, in order; the
 * rest stays the caller's, as there. Unread text keeps buffers of whichever pool it came in.
 */
WEIR_API unsigned weir_input_handed(struct weir_core *core, struct rte_mbuf **mbufs, unsigned n,
				    uint64_t now_ns);

/* Takes up to max pending events, oldest first, and returns how many. */
WEIR_API unsigned weir_events(struct weir_core *core, struct weir_event *events, unsigned max);

/*
 * Builds up to max frames that are due to be sent and returns how many; they are the caller's.
 * Call it until it returns less than max, or again in the next round. Frames that cannot be
 * had from the pool are counted and left to retransmission.
 */
WEIR_API unsigned weir_output(struct weir_core *core, struct rte_mbuf **mbufs, unsigned max);

/* When weir_input() must be called at the latest, ns; UINT64_MAX: nothing is armed. */
WEIR_API uint64_t weir_next_deadline(const struct weir_core *core);

/*
 * Opens a port for peers. local.address 0 listens on all the core's addresses; a listener on one
 * address goes before it. `word` becomes the application word of its connections.
 * Of several cores on a port (struct weir_rss) each must listen, before any of them opens connections from
 * that port: a peer's SYN may come to any of them, and where listeners keep what lands (WEIR_RSS_FLOW) so
 * would they keep the answers to such an open.
 * Returns the listener, or -EADDRINUSE, -EADDRNOTAVAIL (not a local address), -EINVAL (port 0), -ENOSPC.
 */
WEIR_API int weir_listen(struct weir_core *core, struct weir_endpoint local, uint32_t word);

/*
 * How one connection behaves: what other stacks set with setsockopt(). A core keeps equal sets once, so that
 * any number of connections may share them, and a connection pays for its options with one byte. A user
 * timeout ends a connection with a time-out of the retransmission timer: after one of these at the earliest.
 */
struct weir_options {
	/* R2 of RFC 9293 3.8.3, for the SYN as for data; 0: the core's two; an hour at most. */
	uint64_t user_timeout_ns;
	/* Silence before the first keepalive probe (RFC 9293 3.8.4), 1 s at least; 2 h. */
	uint64_t keep_idle_ns;
	uint64_t keep_interval_ns; /* between probes, 1 s at least: peers answer two a second at most; 75 s */
	uint64_t linger_ns;        /* how long weir_close() goes on sending: see there; WEIR_LINGER_ON */
	uint16_t mss_max;    /* bounds the MSS that is offered and used, options included; 0: the MTU alone
	                            * does. 64 at least; of use before the handshake */
	uint8_t keep_probes; /* unanswered ones that end the connection, 1..100; 9 */
	uint8_t ttl, dscp;   /* of what is sent: the core's */
	bool keep_alive;     /* off */
	bool no_delay;       /* no Nagle: the core's */
	bool no_warnings;    /* no WEIR_EV_WARNING (RFC 9293 SHLD-20) */
};

#define WEIR_LINGER_ON UINT64_MAX /* weir_close() delivers what was queued, for as long as R2 lets it */

/* What connections of this core have by default, in the comments above. */
WEIR_API void weir_options_default(const struct weir_core *core, struct weir_options *options);

/*
 * From now on. Before the first weir_output() after weir_connect(), a SYN has them already.
 * 0, -ESTALE, -EINVAL (a value out of its bounds; times are at most 24 days),
 * -ENOSPC (more than 255 different sets in use).
 */
WEIR_API int weir_set_options(struct weir_core *core, weir_conn conn, const struct weir_options *options);

/* 0 or -ESTALE. */
WEIR_API int weir_get_options(const struct weir_core *core, weir_conn conn, struct weir_options *options);

/*
 * For those that will arrive there, from their SYN on. As above; -EINVAL also if there is no such listener.
 */
WEIR_API int weir_set_listener_options(struct weir_core *core, int listener,
				       const struct weir_options *options);

/* The configuration's. */
WEIR_API void weir_defence_default(const struct weir_core *core, struct weir_defence *defence);

/*
 * From now on; handshakes under way stay. 0 or -EINVAL (no such listener; timeout_ns out of 1 s to 3 minutes;
 * a mode that is none).
 */
WEIR_API int weir_set_listener_defence(struct weir_core *core, int listener,
				       const struct weir_defence *defence);

/* Whether it answers by cookies now: 1, 0 or -EINVAL. */
WEIR_API int weir_listener_defending(const struct weir_core *core, int listener);

/*
 * Cookies that other machines accept, and theirs: all that share one address (ECMP, anycast) are given the
 * same WEIR_COOKIE_KEY_BYTES secret bytes. time_ns: the time of day now, ns since 1970, which their clocks
 * agree on to within a second. The key before this one, or the core's own, goes on being accepted for as long
 * as its cookies live, so that no handshake is lost by a change. A core makes itself a random key at start;
 * keys are copied.
 * To be called by the core's thread once it has its first weir_input() behind it.
 */
WEIR_API void weir_set_cookie_key(struct weir_core *core, const uint8_t key[WEIR_COOKIE_KEY_BYTES],
				  uint64_t time_ns);

/*
 * The time of day again, to be told every few minutes: the now_ns of two machines drift apart by some seconds
 * a week. A step by more than a second loses the handshakes under way. Without a key it does nothing.
 */
WEIR_API void weir_set_cookie_time(struct weir_core *core, uint64_t time_ns);

/* Stops taking new peers; connections stay. 0 or -EINVAL. */
WEIR_API int weir_unlisten(struct weir_core *core, int listener);

/*
 * Opens a connection. local.address 0: chosen in turn among the core's; local.port 0: an
 * ephemeral one (RFC 6056 section 3.3.4). Ends in WEIR_EV_OPENED or WEIR_EV_CLOSED.
 * Errors: -EADDRNOTAVAIL (no free port to that peer; a local port that makes it another core's, or that is
 * listened on where a listener keeps what lands, see struct weir_rss; or weir_ready() says that others have
 * our addresses), -EADDRINUSE (that very tuple), -EINVAL (broadcast, multicast, zero; local and remote of two
 * families), -ENETUNREACH (no route), -ENOMEM (at max_connections), -EAGAIN (output at its bound: call
 * weir_output() first; or weir_ready() is 0).
 */
WEIR_API int weir_connect(struct weir_core *core, struct weir_endpoint local, struct weir_endpoint remote,
			  uint32_t word, weir_conn *conn);

/*
 * Sending. Data goes out with the next weir_output(). Errors of all three: -ESTALE, -EPIPE (closed
 * on this side), -ENOTCONN (not yet open), -EAGAIN (send_buffers reached: wait for WEIR_EV_SENT; or output at
 * its bound: call weir_output()), -ENOMEM (a pool is used up), -EINVAL (no bytes, no such identifier).
 */

/* Queues a buffer; on success it is the core's until acknowledged, and must not be written. */
WEIR_API int weir_send(struct weir_core *core, weir_conn conn, struct rte_mbuf *payload);

/* Queues a copy of len bytes. All or nothing. */
WEIR_API int weir_send_copy(struct weir_core *core, weir_conn conn, const void *data, uint32_t len);

/* Queues bytes that were registered with weir_static(): the cheapest, kept by number. */
WEIR_API int weir_send_static(struct weir_core *core, weir_conn conn, int id);

/* Registers bytes that outlive the core. Returns an identifier, or -ENOSPC after 255, -EINVAL. */
WEIR_API int weir_static(struct weir_core *core, const void *data, uint32_t len);

/*
 * Ending. Where a bound is reached on what waits for weir_output() or weir_events(), these three return
 * -EAGAIN and nothing has happened: take some, and call again.
 */

/*
 * Half close: a FIN follows what was queued; data still arrives. 0, -ESTALE, -ENOTCONN, -EAGAIN.
 * Calling it again is harmless.
 */
WEIR_API int weir_shutdown(struct weir_core *core, weir_conn conn);

/*
 * Close: as weir_shutdown(), and the application wants nothing more. Data that arrives afterwards, or
 * waits in an event that was not taken yet, is answered by RST (RFC 9293 3.6.1), and FIN-WAIT-2 is bounded.
 * A connection in SYN-SENT is forgotten. WEIR_EV_CLOSED still follows.
 *
 * Lingering, as POSIX's SO_LINGER has it, but without waiting: by default what was queued is sent for as
 * long as R2 allows. With weir_options.linger_ns of 0 closing is weir_abort(). With another value, data or
 * a FIN that the peer has not acknowledged that long after the call end it as weir_abort() does, but with
 * WEIR_REASON_TIMEOUT.
 * Where two SYNs have just crossed, or no extension is free,
 * it is not bounded but by R2. 0, -ESTALE or -EAGAIN.
 */
WEIR_API int weir_close(struct weir_core *core, weir_conn conn);

/*
 * RST now, unless there is nothing to reset: in SYN-SENT, and once each side has sent its FIN (RFC 9293
 * 3.10.5). Everything queued is dropped. WEIR_EV_CLOSED follows. 0, -ESTALE or -EAGAIN.
 */
WEIR_API int weir_abort(struct weir_core *core, weir_conn conn);

/* Frees a chain that an event brought and opens the window by it. A stale handle only frees. */
WEIR_API void weir_release(struct weir_core *core, weir_conn conn, struct rte_mbuf *payload);

/* 0 or -ESTALE. */
WEIR_API int weir_set_word(struct weir_core *core, weir_conn conn, uint32_t word);

/*
 * The Ethernet address that packets to `address` are sent to: its own, or the gateway's. 0, -EAGAIN (it is
 * being asked for: call again in a later round), -ENETUNREACH (no route), -EINVAL (no host's address).
 */
WEIR_API int weir_neighbour(struct weir_core *core, struct weir_address address, uint8_t mac[6]);

struct weir_info {
	enum weir_state state;
	struct weir_endpoint local, remote;
	uint32_t word;
	uint32_t srtt_us, rttvar_us;
	uint32_t cwnd_bytes;
	uint32_t send_window_bytes;
	uint32_t receive_window_bytes;
	uint32_t unsent_bytes, unacked_bytes;
	uint16_t mss; /* what we send at most, options taken off */
	bool timestamps, sack, window_scaling;
	bool ecn; /* agreed on: RFC 3168 */
};

/* 0 or -ESTALE. */
WEIR_API int weir_info(const struct weir_core *core, weir_conn conn, struct weir_info *info);

/* Aborts every connection (RST each) and stops listening. Events and output follow as usual. */
WEIR_API void weir_abort_all(struct weir_core *core);

/* ------------------------------------------------------------------------------------------- *
 * Counters. Each is written by its core alone and only grows; readers on other threads see whole
 * values, each at most a burst old.
 * ------------------------------------------------------------------------------------------- */

enum weir_counter_kind {
	WEIR_COUNT_STAT, /* something happened */
	WEIR_COUNT_DROP, /* a received frame was not used, for this reason */
};

WEIR_API unsigned weir_counter_count(void);
WEIR_API const char *weir_counter_name(unsigned id); /* "drop_tcp_csum" and the like */
WEIR_API const char *weir_counter_sentence(unsigned id);
WEIR_API enum weir_counter_kind weir_counter_kind(unsigned id);

/* Copies the first n counters into values. Any thread. */
WEIR_API void weir_counters(const struct weir_core *core, uint64_t *values, unsigned n);

struct weir_stats {
	uint64_t states[WEIR_STATES];           /* connections in each now; LISTEN counts listeners */
	uint64_t opened_active, opened_passive; /* reached ESTABLISHED */
	uint64_t closed;                        /* entered TIME-WAIT or CLOSED after a proper teardown */
	uint64_t failed[WEIR_REASONS];          /* ended otherwise, by reason */
	uint64_t attempted;                     /* weir_connect() that succeeded in starting */
	uint64_t frames_in, frames_out, bytes_in, bytes_out; /* bytes of TCP payload */
	uint64_t retransmits;
	uint64_t cookies_sent, cookies_accepted,
		cookies_rejected;             /* SYN cookies; rejected: ACKs that held none */
	uint32_t listeners_defending;         /* that answer by cookies now */
	uint64_t mbufs_taken, mbufs_returned; /* allocated + received; freed + handed on */
	/* Bytes per record of each kind, its share of the table included, as allocated. */
	double bytes_hot, bytes_half_open, bytes_time_wait, bytes_extension;
	/* What each of the first three has more where a range is of IPv6, whatever its own family; else 0. */
	double bytes_pair;
	uint64_t memory_bytes;
};

/* Any thread. */
WEIR_API void weir_stats(const struct weir_core *core, struct weir_stats *stats);

/*
 * How many of its memory_bytes lie on hugepages now. Of transparent ones the kernel makes as many as it finds
 * room for; it is asked, which takes up to some milliseconds. Any thread.
 */
WEIR_API uint64_t weir_hugepage_bytes(const struct weir_core *core);

#ifdef __cplusplus
}
#endif

#include "weir_runtime.h"

#endif
