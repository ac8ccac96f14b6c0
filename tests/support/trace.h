/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * trace.h - behaviours of one TCP endpoint, written so that a test reads like a trace.
 *
 *     TRACE(passive_open)
 *     {
 *         listen(t, 80);
 *         send(t, SYN, .mss = 1460);
 *         recv(t, SYN | ACK, .seq = 0, .ack = 1, .mss = 1460);
 *         send(t, ACK, .seq = 1, .ack = 1);
 *         event(t, WEIR_EV_OPENED);
 *     }
 *
 * The peer is the test; the endpoint is a struct tcp in virtual time, without frames. Sequence numbers in a
 * trace are relative: those of the peer to its ISN, ours to our ISS. TRACE runs its body four times, over
 * IPv4 and over IPv6: with ordinary numbers, and with both initial sequence numbers a few bytes below the
 * wrap. At the end of each run every segment must have been expected, every event taken, every buffer and
 * record given back (after 'finish', which aborts what is still open).
 *
 * So that a trace's numbers are the same in both families, IPv6's link takes packets that are larger by what
 * its header is longer: segments of 1460 bytes are full ones in each.
 *
 * The RTO is 1 s at least, RFC 6298's own bound, whatever is measured in virtual time; tests about it set
 * their own. Time stands still but for after() and silence(). after(t, 200 * MS) says that nothing is sent
 * before 200 ms have gone by, and something within the slack of the timers then; the recv() that follows says
 * what.
 */
#ifndef WEIR_TESTS_TRACE_H
#define WEIR_TESTS_TRACE_H

#include <criterion/criterion.h>

#include "base/clock.h"
#include "support/payload_arena.h"
#include "tcp/tcp_pvt.h"

#define FIN SEG_FIN
#define SYN SEG_SYN
#define RST SEG_RST
#define PSH SEG_PSH
#define ACK SEG_ACK
#define URG SEG_URG
#define ECE SEG_ECE
#define CWR SEG_CWR

#define MS CLOCK_NS_PER_MS
#define SECONDS CLOCK_NS_PER_S

#define TRACE_PORT 80          /* ours when we listen, the peer's when we connect */
#define TRACE_OTHER_PORT 40000 /* the other one */
#define TRACE_STATICS 8
/*
 * What timers may be late: a tick of rounding, one for the tick that has partly gone, and the round's own
 * step.
 */
#define TRACE_SLACK (4 * MS)
/* 40 ms less the part of a tick that has gone: of all timers this one may be early. */
#define DELAYED_ACK (39 * MS)

/* A segment of a trace. Fields left out are 0, and not looked at by recv() where a comment says so. */
struct trace_seg {
	unsigned flags;
	uint32_t seq, ack; /* relative */
	uint32_t len;      /* bytes; their values follow from where they stand in the stream */
	unsigned wnd;      /* on the wire; send(): 0 means 65535, use .zero_window; recv(): 0 not looked at */
	unsigned mss;      /* 0: no option; recv(): looked at on SYNs only */
	unsigned wscale;   /* shift + 1; 0: no option */
	/* 0: no timestamps option. recv(): 1 must be there; 0 must not on a SYN, else not looked at. */
	uint32_t tsval;
	uint32_t tsecr;
	bool sack_ok;
	bool zero_window;
	/* SACK blocks, relative, up to the first that is empty; recv(): exactly these. */
	struct sack_block sack[SACK_BLOCKS_MAX];
	unsigned port; /* the peer's port, 0: as in the last open */
	unsigned ttl;  /* recv(): 0 means 64 */
	unsigned dscp; /* recv() */
	unsigned ecn;  /* the two bits of RFC 3168 */
};

struct trace {
	struct tcp *tcp;
	struct counters counters;
	struct weir_config config;
	struct tcp_secrets secrets;
	uint64_t now_ns;
	uint32_t peer_isn; /* the number that the peer's 0 stands for */
	uint32_t our_iss;  /* learnt from our SYN */
	bool is6, near_wrap;
	struct pair pair; /* our address and the peer's */
	uint16_t lport, rport;
	weir_conn conn;    /* of the last event, or open */
	uint32_t received; /* bytes of the peer's stream that the application has got */
	bool keep;         /* the application keeps what it gets, see trace_release() */
	payload kept[64];
	unsigned kept_count;
	void *memory;
	struct seg turned[TCP_BURST_MAX]; /* SYN-ACKs that are cookies, of which turned_first.. wait */
	unsigned turned_first, turned_count;
	struct seg ahead; /* a segment that was sent and not yet expected, with has_ahead */
	struct seg_side ahead_side;
	bool has_ahead;
	uint32_t tsval; /* of our last segment, for the peer to echo */
	uint8_t *statics[TRACE_STATICS];
	unsigned statics_count;
	unsigned drops_seen[COUNTERS];
};

typedef void (*trace_fn)(struct trace *t);

/* Runs the body all four ways. setup (may be NULL) changes the configuration first. */
void trace_run(trace_fn body, void (*setup)(struct weir_config *config));

/* The same for what one family has alone. */
enum {
	TRACE_FAMILY_4 = 1,
	TRACE_FAMILY_6 = 2,
};
void trace_run_of(unsigned families, trace_fn body, void (*setup)(struct weir_config *config));

/* What the connection of these ports is called, and its two ends. */
struct tuple trace_tuple(const struct trace *t, uint16_t lport, uint16_t rport);
struct weir_endpoint trace_local(const struct trace *t);
struct weir_endpoint trace_remote(const struct trace *t);

/* From now on the trace is of connections of this family; the endpoint of an IPv6 run has both. */
void trace_speak(struct trace *t, bool is6);

/* What a peer takes that names no MSS (RFC 9293 MUST-15). */
static inline unsigned trace_default_mss(const struct trace *t)
{
	return t->is6 ? 1220 : 536;
}

void trace_listen(struct trace *t, uint16_t port);
void trace_connect(struct trace *t);
void trace_send(struct trace *t, struct trace_seg seg);
void trace_recv(struct trace *t, struct trace_seg seg, const char *file, int line);
void trace_quiet(struct trace *t, const char *file, int line);
void trace_event(struct trace *t, unsigned what, unsigned reason, const char *file, int line);
void trace_state(struct trace *t, enum weir_state state, const char *file, int line);
void trace_write(struct trace *t, uint32_t len); /* the application sends the next bytes of its stream */
/* The application reads the first n chains that it kept. */
void trace_release_some(struct trace *t, unsigned n);
void trace_release(struct trace *t);                    /* what it kept is read now */
void trace_write_static(struct trace *t, uint32_t len); /* the same, from bytes that stay where they are */
void trace_after(struct trace *t, uint64_t ns, const char *file, int line);
void trace_silence(struct trace *t, uint64_t ns, const char *file, int line);
void trace_send_burst(struct trace *t, const struct trace_seg *segs, unsigned n);
void trace_new_peer(struct trace *t, int32_t isn); /* the peer's 0 is now what was `isn` */
struct weir_info trace_info(const struct trace *t);
void trace_counted(struct trace *t, enum counter id, unsigned times, const char *file, int line);
void trace_finish(struct trace *t);

#define TRACE_CONFIGURED(name, setup)              \
	static void trace_##name(struct trace *t); \
	Test(tcp, name)                            \
	{                                          \
		trace_run(trace_##name, setup);    \
	}                                          \
	static void trace_##name(struct trace *t)
#define TRACE(name) TRACE_CONFIGURED(name, NULL)
/* TRACE_OF(4, name), TRACE_OF(6, name): what the other family has not. */
#define TRACE_OF_CONFIGURED(family, name, setup)                          \
	static void trace_##name(struct trace *t);                        \
	Test(tcp, name)                                                   \
	{                                                                 \
		trace_run_of(TRACE_FAMILY_##family, trace_##name, setup); \
	}                                                                 \
	static void trace_##name(struct trace *t)
#define TRACE_OF(family, name) TRACE_OF_CONFIGURED(family, name, NULL)

/*
 * The same trace in each synchronized state but TIME-WAIT, six tests: TRACE_SYNCHRONIZED(name) { ... }
 * with `theirs` and `ours` as of trace_reach().
 */
#define TRACE_IN(name, st)                                 \
	static void trace_##name##_##st(struct trace *t)   \
	{                                                  \
		uint32_t theirs, ours;                     \
                                                           \
		trace_reach(t, WEIR_##st, &theirs, &ours); \
		trace_##name(t, theirs, ours);             \
	}                                                  \
	Test(tcp, name##_##st)                             \
	{                                                  \
		trace_run(trace_##name##_##st, NULL);      \
	}
#define TRACE_SYNCHRONIZED(name)                                                           \
	static void trace_##name(struct trace *t, uint32_t theirs, uint32_t ours);         \
	TRACE_IN(name, ESTABLISHED)                                                        \
	TRACE_IN(name, FIN_WAIT_1)                                                         \
	TRACE_IN(name, FIN_WAIT_2)                                                         \
	TRACE_IN(name, CLOSE_WAIT)                                                         \
	TRACE_IN(name, CLOSING)                                                            \
	TRACE_IN(name, LAST_ACK)                                                           \
	static void trace_##name(struct trace *t, __attribute__((unused)) uint32_t theirs, \
				 __attribute__((unused)) uint32_t ours)

#define listen(t, port) trace_listen(t, port)
#define connect(t) trace_connect(t)
#define send(t, fl, ...) trace_send(t, (struct trace_seg){ .flags = (fl), ##__VA_ARGS__ })
#define recv(t, fl, ...) trace_recv(t, (struct trace_seg){ .flags = (fl), ##__VA_ARGS__ }, __FILE__, __LINE__)
/* Our SYN, with all that is offered by default. */
#define recv_syn(t) recv(t, SYN, .mss = 1460, .wscale = 2, .sack_ok = true, .tsval = 1)
/* Nothing more is sent now. */
#define quiet(t) trace_quiet(t, __FILE__, __LINE__)
/* Something is sent after this time, and nothing before. */
#define after(t, ns) trace_after(t, ns, __FILE__, __LINE__)
/* This time goes by, and nothing is sent. */
#define silence(t, ns) trace_silence(t, ns, __FILE__, __LINE__)
/* Segments that arrive in one burst: burst(t, { ACK, .seq = 1 }, { ACK, .seq = 2 }) */
#define burst(t, ...)                                                  \
	trace_send_burst(t, (const struct trace_seg[]){ __VA_ARGS__ }, \
			 sizeof((const struct trace_seg[]){ __VA_ARGS__ }) / sizeof(struct trace_seg))
/* A call of the application, and what it returns. */
#define call(expr, result) cr_assert_eq(expr, result, #expr)
/* Exactly these bits, of one event; data is checked, counted and released. */
#define event(t, what) trace_event(t, what, WEIR_REASON_NONE, __FILE__, __LINE__)
#define event_closed(t, what, reason) trace_event(t, (what) | WEIR_EV_CLOSED, reason, __FILE__, __LINE__)
#define event_warned(t, what, reason) trace_event(t, (what) | WEIR_EV_WARNING, reason, __FILE__, __LINE__)
#define no_event(t) trace_event(t, 0, 0, __FILE__, __LINE__)
#define state(t, st) trace_state(t, st, __FILE__, __LINE__)
/* This counter has grown by so many since the last look at it. */
#define counted(t, id, times) trace_counted(t, COUNT_##id, times, __FILE__, __LINE__)

/* For tests about the RTO: 200 ms at least, as weir_config_default() has it. */
void trace_rto_of_hosts(struct weir_config *config);

/* Both ends of an open, options as Linux sends them; afterwards both sides stand at 1. */
void trace_open_passive(struct trace *t);
void trace_open_active(struct trace *t);
/* As trace_open_passive(), but the SYN comes twice: the round trip of the SYN-ACK cannot be told (Karn). */
void trace_open_unmeasured(struct trace *t);
/* With timestamps: the peer's SYN says 700, its next ACK 701. */
void trace_open_timestamps(struct trace *t);

/*
 * Brings a connection with both sides at 1 into a state: afterwards the peer's next byte is at `*theirs`
 * and ours at `*ours`. In FIN-WAIT-1, CLOSING and LAST-ACK our FIN (at 1) has not been acknowledged.
 */
void trace_reach(struct trace *t, enum weir_state st, uint32_t *theirs, uint32_t *ours);

#endif
