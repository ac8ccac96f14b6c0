/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tcp.h - the door of the TCP room: one shard's TCP, sans I/O.
 *
 * Segments and times go in, segments and events come out; there is no frame, no clock, no thread and
 * no allocation after tcp_create(). Everything lies in one block of memory, so that an
 * explorer can snapshot both ends of a connection by copying two blocks, and put them back.
 *
 * A round, in this order:
 *     tcp_input()     a burst of received segments
 *     tcp_advance()   timers that are due
 *     tcp_events()    what the application should know; it makes its calls
 *     tcp_output()    the segments that follow from all of it, an ACK riding on data where it can
 *
 * One thread. now_ns never runs backwards. Handles, events and errors are those of weir.h.
 */
#ifndef WEIR_TCP_TCP_H
#define WEIR_TCP_TCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/counters.h"
#include "wire/icmp.h"
#include "wire/seg.h"
#include "wire/syn.h"
#include "weir.h"

struct tcp;

struct tcp_secrets {
	struct siphash_key table;      /* never seen outside */
	struct siphash_key names;      /* of IPv6 pairs, tuple.h; nor these */
	struct siphash_key isn;        /* ISN and timestamp offset */
	struct siphash_key ports;      /* ephemeral ports */
	struct siphash_key cookies[2]; /* SYN cookies, until a fleet's key is given */
	struct siphash_key sources;    /* where limits of sources are counted */
};

/*
 * Bytes that tcp_create() needs; config: as from weir_config_check(). The zero fields that are
 * "derived from max_connections" are derived here and there alike.
 */
size_t tcp_footprint(const struct weir_config *config);

/*
 * mem: tcp_footprint() bytes, zeroed, aligned to 64. counters: where to count, outlives the tcp.
 * Only TCP's part of config is read, and it is copied.
 */
struct tcp *tcp_create(void *mem, const struct weir_config *config, const struct tcp_secrets *secrets,
		       struct counters *counters, uint64_t now_ns);

/* Frees every payload that is queued or pending; silent. The memory stays the caller's. */
void tcp_destroy(struct tcp *tcp);

#define TCP_BURST_MAX 64

/* What a connection between two addresses of one family is called here. */
struct tuple tcp_tuple(const struct tcp *tcp, const struct pair *pair, uint16_t lport, uint16_t rport);

/*
 * May be called before tcp_input(), for some of the segments at a time: names them, computes their hashes,
 * and has their places in the table fetched, so that memory works while the caller still does.
 */
void tcp_look_ahead(const struct tcp *tcp, struct seg *segs, const struct seg_side *sides, unsigned n);

/*
 * Takes n <= TCP_BURST_MAX segments in order and returns how many were taken: fewer when the bound on events
 * or output is reached. Each taken one is counted once, as accepted or as a drop. A taken segment's payload
 * is tcp's if seg->payload is 0 afterwards, otherwise the caller's to free. sides[i] belongs to segs[i], and
 * is looked at if that has SEG_OPT_SACK or an IPv6 tuple, whose name is filled in here. Bit i of *turned:
 * segs[i] was a SYN, and is the SYN-ACK that answers it now, without payload, between the addresses of
 * sides[i]; the caller sends it, at best in the very frame that brought the SYN. Nothing else is kept of it
 * (cookie.h).
 */
unsigned tcp_input(struct tcp *tcp, struct seg *segs, const struct seg_side *sides, unsigned n,
		   uint64_t now_ns, uint64_t *turned);

/*
 * Of the last tcp_input(): bit i: segs[i] found no connection here and is another shard's, which
 * tcp_shard_of() names; it was counted as handed over, and nothing was made of it.
 */
uint64_t tcp_elsewhere(const struct tcp *tcp);

/*
 * Which shard of the port a segment that arrives would be for, if no record stood in any. With several alone.
 */
unsigned tcp_shard_of(const struct tcp *tcp, const struct tuple *tuple, const struct pair *pair);

/* From now on segments that find no connection here are this shard's, or nobody's. */
void tcp_keep_all(struct tcp *tcp, bool keep);

/*
 * The short way of a SYN in a flood, before tcp_input() is given the rest of the burst. First
 * tcp_expect_syns(), for memory to begin to work. Then tcp_answer_syns(), for those whose bits are set in
 * `which`: answers by cookies what needs nothing else. Bit i of the result: SYN number i is answered, and
 * syns has what its SYN-ACK says, with *answer; it was counted as tcp_input() would have. The others are left
 * to tcp_input(), as are all while no listener answers by cookies, or while events or output wait.
 */
void tcp_expect_syns(const struct tcp *tcp, struct syns *syns);
uint64_t tcp_answer_syns(struct tcp *tcp, struct syns *syns, uint64_t which, struct syn_answer *answer,
			 uint64_t now_ns);

/* Whether trying that is worth while. */
bool tcp_defends(const struct tcp *tcp);

/* Fires the timers that are due, a bounded number per call. */
void tcp_advance(struct tcp *tcp, uint64_t now_ns);

/* Takes up to max pending events. payload fields hold a `payload`, cast to the pointer type. */
unsigned tcp_events(struct tcp *tcp, struct weir_event *events, unsigned max);

/*
 * Writes up to max segments that are due. Payload bytes are fetched with tcp_read() before the next call of
 * anything else; sides[i] is filled as far as segs[i] has SEG_OPT_SACK or an IPv6 tuple. Less than max:
 * nothing is left to send now.
 */
unsigned tcp_output(struct tcp *tcp, struct seg *segs, struct seg_side *sides, unsigned max, uint64_t now_ns);

/* Copies a sent segment's seg->len payload bytes to dst. Returns their csum_copy(). */
uint64_t tcp_read(const struct tcp *tcp, const struct seg *seg, void *dst);

/*
 * Absolute ns at which tcp_advance() must be called at the latest; UINT64_MAX: none. now_ns if output or
 * events wait.
 */
uint64_t tcp_next_deadline(const struct tcp *tcp, uint64_t now_ns);

/*
 * A peer that left a segment unanswered up to R1: its next hop is to be doubted (RFC 9293 3.8.3).
 * False: there is no other.
 */
bool tcp_advice(struct tcp *tcp, struct weir_address *peer);

/*
 * An ICMP error quotes a segment of ours (RFC 9293 section 3.9.2.2). It counts only if that segment is in
 * flight:
 *     hard      ends an open that is under way, and a connection if it quotes SND.UNA exactly
 *     soft      warns the application
 *     too big   makes the segments smaller, and sends again what did not fit (tcp/path_mtu.h)
 * tcp/icmp.c says why. Returns ACCEPTED or the drop.
 */
verdict tcp_icmp(struct tcp *tcp, const struct icmp_error *error, uint64_t now_ns);

/*
 * Of one about no connection of this shard: *shard is the one that may know it. False: any may. With several
 * shards alone.
 */
bool tcp_icmp_shard(const struct tcp *tcp, const struct icmp_error *error, unsigned *shard);

/* The application's calls: weir.h says what they do and return. */
int tcp_listen(struct tcp *tcp, struct weir_endpoint local, uint32_t word);
void tcp_options_default(const struct tcp *tcp, struct weir_options *options);
int tcp_set_options(struct tcp *tcp, weir_conn conn, const struct weir_options *options);
int tcp_get_options(const struct tcp *tcp, weir_conn conn, struct weir_options *options);
int tcp_set_listener_options(struct tcp *tcp, int listener, const struct weir_options *options);
int tcp_unlisten(struct tcp *tcp, int listener);
void tcp_defence_default(const struct tcp *tcp, struct weir_defence *defence);
int tcp_set_listener_defence(struct tcp *tcp, int listener, const struct weir_defence *defence);
int tcp_listener_defending(const struct tcp *tcp, int listener);
void tcp_set_cookie_key(struct tcp *tcp, const uint8_t key[WEIR_COOKIE_KEY_BYTES], uint64_t time_ns);
void tcp_set_cookie_time(struct tcp *tcp, uint64_t time_ns);

#define DEFENCE_TIMEOUT_MIN_NS 1000000000ull
#define DEFENCE_TIMEOUT_MAX_NS (180 * 1000000000ull)
/*
 * local.address must be given (the caller chooses); local.port may be 0. -EADDRNOTAVAIL: no port is left, or
 * that port makes it another shard's.
 */
int tcp_connect(struct tcp *tcp, struct weir_endpoint local, struct weir_endpoint remote, uint32_t word,
		uint64_t now_ns, weir_conn *conn);
/*
 * Opens to `remote` from these addresses, n <= TCP_OPENS_EXPECTED, and in this order, are likely to be the
 * next ones, with ports to be chosen: all that can be computed at once is, and memory begins to work. Those
 * expected before are forgotten.
 */
#define TCP_OPENS_EXPECTED 32
void tcp_expect_opens(struct tcp *tcp, const struct weir_address *locals, unsigned n,
		      struct weir_endpoint remote);

/* Whether some of these have not come yet. */
bool tcp_opens_expected(const struct tcp *tcp);

/*
 * tcp_connect() of the next of these, of which there must be one. -EADDRINUSE: that address has no port left.
 */
int tcp_connect_expected(struct tcp *tcp, uint32_t word, uint64_t now_ns, weir_conn *conn);

/* Whether a connection takes so many buffers now: 0, or what tcp_send() will say. */
int tcp_may_send(const struct tcp *tcp, weir_conn conn, uint32_t buffers);
int tcp_send(struct tcp *tcp, weir_conn conn, payload data); /* tcp's on success */

/* Buffers in all send queues. */
uint32_t tcp_queued(const struct tcp *tcp);

/*
 * From now on no text is taken in, or again: there are too many unread buffers in all.
 * What segments say besides counts.
 */
void tcp_refuse_text(struct tcp *tcp, bool refuse);

int tcp_send_static(struct tcp *tcp, weir_conn conn, int id);
int tcp_static(struct tcp *tcp, const void *data, uint32_t len);
int tcp_shutdown(struct tcp *tcp, weir_conn conn);
int tcp_close(struct tcp *tcp, weir_conn conn);
int tcp_abort(struct tcp *tcp, weir_conn conn);
void tcp_abort_all(struct tcp *tcp);
void tcp_release(struct tcp *tcp, weir_conn conn, payload data); /* frees it */
int tcp_set_word(struct tcp *tcp, weir_conn conn, uint32_t word);
int tcp_info(const struct tcp *tcp, weir_conn conn, struct weir_info *info);

/* Fills the TCP part of stats: states, opened, closed, failed, bytes per record. Any thread. */
void tcp_stats(const struct tcp *tcp, struct weir_stats *stats);

#endif
