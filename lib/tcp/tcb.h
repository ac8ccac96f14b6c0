/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tcb.h - the records of a connection, by what its state needs to remember.
 *
 *   struct half_open   48 bytes   SYN-RECEIVED from a listener
 *   struct tcb         64 bytes   every other state but TIME-WAIT: "hot"
 *   struct tcb_ext    256 bytes   beside a tcb while data is queued or loss is being repaired
 *   struct time_wait   32 bytes   TIME-WAIT
 *
 * Each stands in the connection table by its tuple, at offset 0. Names are RFC 9293's; values are
 * in host order. The owning thread alone writes; others may read a tcb between two equal reads of its
 * generation (freeing bumps that first) and must expect every other field to be torn.
 */
#ifndef WEIR_TCP_TCB_H
#define WEIR_TCP_TCB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/payload.h"
#include "base/tuple.h"
#include "wire/seg.h"
#include "weir.h"

/*
 * The options that two SYNs agree on: the same bits in both,
 * and in the flags of the records that come of them.
 */
#define OPTS_AGREED (SEG_OPT_WSCALE | SEG_OPT_SACK_OK | SEG_OPT_TS)

/* tcb.flags */
enum {
	TCB_EXT = 1 << 0,            /* `ext` is an extension's slot, otherwise `packed` is in force */
	TCB_WSCALE = SEG_OPT_WSCALE, /* bit 1: window scaling agreed on */
	TCB_SACK = SEG_OPT_SACK_OK,  /* bit 2: SACK agreed on (RFC 2018) */
	TCB_TS = SEG_OPT_TS,         /* bit 3: timestamps agreed on (RFC 7323) */
	TCB_DIRTY = 1 << 4,          /* stands in the list of those with output to make */
	TCB_ACK_NOW = 1 << 5,        /* owes an ACK with the next output */
	TCB_ACK_DELAYED =
		1 << 6, /* RCV.NXT has moved since the last ACK: owes one, in a while (RFC 9293 3.8.6.3) */
	TCB_ACK_FILED = 1 << 7,  /* stands in the queue of delayed ACKs */
	TCB_RESEND = 1 << 8,     /* send the oldest unacknowledged segment again */
	TCB_FIN_QUEUED = 1 << 9, /* the user closed this side: a FIN follows the data */
	TCB_FIN_SENT = 1 << 10,  /* that FIN is in sequence space: SND.NXT - 1 */
	TCB_DEAF = 1 << 11,      /* the user wants no more data: answer it with RST */
	TCB_NO_DELAY = 1 << 12,  /* no Nagle */
	TCB_EVENT = 1 << 13,     /* an event is pending; `event` is its place, and it keeps the word */
	TCB_NARROWED = 1 << 15, /* `mss` is the path's (RFC 1191), and tells nothing of the peer's segments */
	TCB_PROBING = 1 << 14,  /* TCB_RESEND is a window probe: one byte at least, whatever the window */
};

/* What has become of ECN (RFC 3168 section 6.1.1), ecn.h. */
enum tcb_ecn {
	ECN_OFF,
	/* The peer may send ECT, and CE is echoed; we may not: a SYN of ours has not asked for it. */
	ECN_ECHO,
	ECN_ON, /* agreed on; before the peer's SYN has come: asked for */
};

/* What tcb.deadline is for. These exclude each other. */
enum tcb_timer {
	TIMER_NONE,
	TIMER_RETRANSMIT, /* RFC 6298; SYN, data and FIN alike */
	TIMER_PERSIST,    /* RFC 9293 3.8.6.1: zero-window probes */
	TIMER_FIN_WAIT_2, /* closed by the user, and the peer's FIN does not come */
	TIMER_IDLE,       /* an RTO after the last ACK: the extension goes back */
	TIMER_KEEPALIVE,  /* RFC 9293 3.8.4: nothing was heard for a while */
};

struct tcb {
	struct tuple tuple;
	uint32_t generation; /* of the slot; handles carry it */
	uint32_t rcv_nxt;
	uint32_t snd_nxt;       /* one beyond the highest sequence number sent */
	uint32_t ts_recent;     /* TS.Recent, RFC 7323 section 4.3 */
	uint32_t ts_offset;     /* added to the tick for TSval: isn.h's, or what a cookie began with */
	uint32_t deadline;      /* tick at which `timer` is due */
	uint16_t snd_wnd;       /* as the peer sent it; << snd_wscale for bytes */
	uint16_t snd_wnd_max;   /* largest of those: MAX.SND.WND of RFC 5961, and for silly windows */
	uint16_t rcv_wnd;       /* what we have offered from rcv_nxt on; << rcv_wscale for bytes */
	uint16_t mss;           /* payload per segment that we send, option space taken off */
	uint16_t flight;        /* SND.NXT - SND.UNA; with an extension snd_una says it instead */
	uint8_t profile;        /* how it behaves, profiles.h */
	unsigned challenge : 5; /* half second of the last challenge ACK, modulo 32 */
	unsigned ecn : 2;       /* enum tcb_ecn */
	unsigned ecn_echo : 1;  /* ECE is said until the peer says CWR */
	unsigned snd_wscale : 4, rcv_wscale : 4;
	unsigned state : 4;   /* enum weir_state; written by tcb_set_state() alone */
	unsigned timer : 3;   /* enum tcb_timer */
	unsigned cwr_due : 1; /* the next new text says CWR: the window was reduced */
	unsigned retries : 7; /* of what the timer is for, saturating; the RTO doubles with each */
	unsigned still : 1;   /* with no timer `deadline` tells how long TS.Recent has stood still, paws.h */
	unsigned held : 8;    /* buffers that are unread or with the application; bounds the window */
	uint8_t wheel;        /* filing, store/timer_wheel.h */
	uint8_t piece;        /* static bytes queued or in flight, without an extension; 0: none */
	uint16_t flags;
	union {
		uint32_t ext;    /* slot, with TCB_EXT */
		uint32_t packed; /* srtt, rttvar, cwnd, ssthresh, see rtt.h */
	};
	union {
		uint32_t word;  /* the application's */
		uint32_t event; /* with TCB_EVENT */
	};
};

_Static_assert(sizeof(struct tcb) == 64, "a hot record is a cache line");

#define TCB_RETRIES_MAX 127

/*
 * What a connection needs while it has data queued or a loss to repair. snd_una..snd_nxt is in flight;
 * the queue holds the stream from queue_seq (at or before snd_una) to queue_end.
 */
struct tcb_ext {
	uint32_t next_free; /* slot_pool's */
	uint32_t snd_una;
	uint32_t queue_seq;               /* first byte of the first piece */
	uint32_t queue_end;               /* one beyond the last byte queued, FIN not counted */
	uint32_t queue_first, queue_last; /* pieces, or SLOT_NONE */
	uint32_t cursor, cursor_seq;      /* the piece that holds the next new byte, and where it starts */
	uint32_t srtt_us, rttvar_us;      /* 0 before the first sample */
	uint32_t cwnd, ssthresh;          /* bytes */
	uint32_t filled;                  /* SND.NXT when last as much as cwnd lets was in the network */
	uint32_t window_acked;            /* bytes, towards the next step of congestion avoidance */
	uint32_t recover;                 /* RFC 6582: the recovery ends when this is acknowledged */
	uint32_t rescue;                  /* RescueRxt of RFC 6675 */
	uint32_t advance;                 /* bytes that the last cumulative ACK acknowledged */
	uint32_t dup_flight;              /* in flight when the first duplicate ACK came */
	uint32_t sent_first, sent_last;   /* segments in flight, or SLOT_NONE; see sent.h */
	uint32_t lost_from;               /* no segment before this one is marked lost */
	uint32_t snd_wl1;                 /* the segment that snd_wnd came with, RFC 9293 3.3.1 */
	uint32_t pipe;                    /* bytes in the network, RFC 6675 */
	uint32_t sacked_bytes;            /* that the peer holds beyond snd_una */
	uint32_t reduced;      /* with ECN, the segment that said CWR last: echoes before it are answered */
	uint16_t segments;     /* in flight, SENT_MAX at most */
	uint16_t lost, sacked; /* of those, marked so */
	uint16_t pieces;       /* in the queue */
	uint16_t dup_acks, dup_most; /* duplicate ACKs in a row, and how many can be genuine */
	bool recovering;
	uint8_t partial_acks; /* of this recovery without SACK: 0, 1, or 2 for more */
	bool after_time_out;  /* this slow start follows one, RFC 3465 section 2.3 */
	bool selective;       /* the peer has told what it holds: RFC 6675 is in force, not RFC 6582 */
	bool needless;        /* it has told of a segment that came twice: its path reorders */
	uint8_t unanswered;   /* window probes since the peer was last heard (RFC 9293 MUST-37) */
	bool lingers;         /* closed, with a bound on how long what was queued is sent */
	bool gap_fin;         /* the peer's FIN stands at gap_fin_seq, behind a gap */
	uint8_t blocks;       /* in `sack` */
	uint32_t gap_first;   /* out-of-order pieces, or SLOT_NONE; see reassembly.h */
	uint32_t gap_fin_seq;
	uint32_t heard;      /* tick: the last segment since `timer` became TIMER_IDLE, if one came */
	uint32_t linger_end; /* tick at which a closed connection that lingers is over, if `lingers` */
	struct sack sack;    /* what we hold beyond RCV.NXT, the latest news first */
	struct sack_block duplicate; /* to be told once, RFC 2883; empty: nothing */
	uint8_t reserved[256 - 29 * 4 - 24 - sizeof(struct sack) - sizeof(struct sack_block)];
};

_Static_assert(sizeof(struct tcb_ext) == 256, "an extension is four cache lines");

/* half_open.flags */
enum {
	HALF_ECN = 1 << 0, /* the SYN asked for it, and the SYN-ACK agreed (RFC 3168 section 6.1.1) */
	HALF_WSCALE = SEG_OPT_WSCALE,
	HALF_SACK = SEG_OPT_SACK_OK,
	HALF_TS = SEG_OPT_TS,
	HALF_AGAIN = 1 << 4,   /* the SYN-ACK was sent more than once */
	HALF_COUNTED = 1 << 5, /* in sources.h */
};

/*
 * SYN-RECEIVED from a listener: what the SYN said, and what our SYN-ACK did. When the SYN-ACK goes again
 * follows from sent_us and retries, and the offset of its timestamps from the tuple (isn.h).
 */
struct half_open {
	struct tuple tuple;
	uint32_t rcv_nxt; /* IRS + 1 */
	uint32_t iss;
	uint32_t ts_recent;
	uint32_t sent_us;      /* clock_us() of the latest SYN-ACK that was not asked for */
	uint32_t hides;        /* the TIME-WAIT record in whose place it stands in the table, or SLOT_NONE */
	uint32_t older, newer; /* of the same listener, in order of arrival; or SLOT_NONE */
	unsigned mss : 14;     /* the peer's option, or the default, within the listener's bound */
	unsigned snd_wscale : 4;
	unsigned flags : 6;
	unsigned retries : 3;
	unsigned challenge : 5; /* half second of the last challenge ACK, modulo 32 */
	uint16_t snd_wnd;       /* the SYN's, never scaled */
	uint8_t listener;
	uint8_t wheel;
};

_Static_assert(sizeof(struct half_open) == 48, "three quarters of a cache line");

/* TIME-WAIT: enough to answer a retransmitted FIN and to judge a new SYN (RFC 6191). */
struct time_wait {
	struct tuple tuple; /* both ports 0: a tombstone in the ring */
	uint32_t rcv_nxt;
	uint32_t snd_nxt;
	uint32_t ts_recent;
	uint32_t ts_offset; /* 0: no timestamps; neither isn.c nor cookie.c gives 0 */
	uint32_t expires;   /* tick */
};

_Static_assert(sizeof(struct time_wait) == 32, "half a cache line");

/* A piece of a stream, to be sent or received out of order: bytes, and who keeps them. */
struct piece {
	uint32_t next; /* piece, or SLOT_NONE */
	uint32_t len;  /* bytes */
	uint32_t seq;  /* received: of its first byte */
	bool is_static;
	union {
		payload data;         /* owned until acknowledged */
		const uint8_t *bytes; /* registered by tcp_static(): nobody's to free */
	};
};

#endif
