/* SPDX-License-Identifier: BSD-3-Clause */
/* The application's calls and the readers of counters, as weir.h has them. */
#include "weir.h"

#include <errno.h>

#include "core/core.h"
#include "core/payload_mbuf.h"

/* Local addresses that an open tries before it says that there is no port. */
#define CONNECT_TRIES 64

unsigned weir_events(struct weir_core *core, struct weir_event *events, unsigned max)
{
	return tcp_events(core->tcp, events, max);
}

uint64_t weir_next_deadline(const struct weir_core *core)
{
	uint64_t tcp_ns = tcp_next_deadline(core->tcp, core->now_ns);
	uint64_t net_ns = net_next_deadline(&core->net, core->now_ns);
	uint64_t next_ns = tcp_ns < net_ns ? tcp_ns : net_ns;

	if (control_pending(core) || core->turned_count > 0)
		next_ns = core->now_ns;
	if (next_ns == UINT64_MAX)
		return UINT64_MAX;
	/* Before the first weir_input() nobody has said what time it is: at once, then. */
	return core->started ? next_ns + core->epoch_ns : 0;
}

int weir_ready(const struct weir_core *core)
{
	return net_ready(&core->net);
}

int weir_listen(struct weir_core *core, struct weir_endpoint local, uint32_t word)
{
	if (!address_is_none(local.address) && !addrs_local(&core->net.addrs, local.address))
		return -EADDRNOTAVAIL;
	return tcp_listen(core->tcp, local, word);
}

void weir_defence_default(const struct weir_core *core, struct weir_defence *defence)
{
	tcp_defence_default(core->tcp, defence);
}

int weir_set_listener_defence(struct weir_core *core, int listener, const struct weir_defence *defence)
{
	return tcp_set_listener_defence(core->tcp, listener, defence);
}

int weir_listener_defending(const struct weir_core *core, int listener)
{
	return tcp_listener_defending(core->tcp, listener);
}

void weir_set_cookie_key(struct weir_core *core, const uint8_t key[WEIR_COOKIE_KEY_BYTES], uint64_t time_ns)
{
	tcp_set_cookie_key(core->tcp, key, time_ns);
}

void weir_set_cookie_time(struct weir_core *core, uint64_t time_ns)
{
	tcp_set_cookie_time(core->tcp, time_ns);
}

int weir_unlisten(struct weir_core *core, int listener)
{
	return tcp_unlisten(core->tcp, listener);
}

/* 0, or why IPv6 cannot be spoken: yet, or at all. */
static int ready_for_ipv6(const struct weir_core *core)
{
	int ready = net_ready(&core->net);

	return ready == 1 ? 0 : ready == 0 ? -EAGAIN : -EADDRNOTAVAIL;
}

/* Whether a peer at this address can be reached, and is not one of our own. */
static int check_remote(const struct weir_core *core, struct weir_endpoint remote)
{
	if (!net_may_send(&core->net, remote.address))
		return -EINVAL;
	if (addrs_local(&core->net.addrs, remote.address) ||
	    address_is_none(net_next_hop(&core->net, remote.address)))
		return -ENETUNREACH;
	return weir_is_ipv4(remote.address) ? 0 : ready_for_ipv6(core);
}

/* Whose turn it is next. */
static void turn(struct weir_core *core, bool ipv4)
{
	uint64_t *next = &core->connect_next[ipv4];

	*next = *next + 1 < addrs_total(&core->net.addrs, ipv4) ? *next + 1 : 0;
}

/*
 * Who opens many connections to a server in a row goes on so, from our addresses in turn: as many again are
 * expected as there were, up to a burst. Asked for as early as can be: memory has until the next open.
 */
static void expect_more(struct weir_core *core)
{
	struct weir_endpoint remote = core->connect_last;
	bool ipv4 = weir_is_ipv4(remote.address);
	struct weir_address locals[TCP_OPENS_EXPECTED];
	unsigned n = core->connect_ahead;

	addrs_in_turn(&core->net.addrs, ipv4, core->connect_next[ipv4], n, locals);
	tcp_expect_opens(core->tcp, locals, n, remote);
	core->connect_ahead = RTE_MIN(2 * n, TCP_OPENS_EXPECTED);
}

/* Whether it is the next one of those that TCP expects. */
static bool is_expected(const struct weir_core *core, const struct weir_endpoint *local,
			const struct weir_endpoint *remote)
{
	return remote->port == core->connect_last.port && local->port == 0 &&
	       address_equal(remote->address, core->connect_last.address) &&
	       address_is_none(local->address) && tcp_opens_expected(core->tcp);
}

static int connect_expected(struct weir_core *core, bool ipv4, uint32_t word, weir_conn *conn)
{
	int err = tcp_connect_expected(core->tcp, word, core->now_ns, conn);

	if (err != 0)
		return err;
	turn(core, ipv4);
	if (!tcp_opens_expected(core->tcp))
		expect_more(core);
	return 0;
}

/* From our addresses in turn; those whose ports to that peer are used up are passed over. */
static int connect_from_any(struct weir_core *core, struct weir_endpoint local, struct weir_endpoint remote,
			    uint32_t word, weir_conn *conn)
{
	bool ipv4 = weir_is_ipv4(remote.address);
	uint64_t tries = RTE_MIN(addrs_total(&core->net.addrs, ipv4), CONNECT_TRIES);
	int err = -EADDRNOTAVAIL;

	for (; tries > 0 && (err == -EADDRNOTAVAIL || err == -EADDRINUSE); tries--) {
		local.address = addrs_at(&core->net.addrs, ipv4, core->connect_next[ipv4]);
		turn(core, ipv4);
		err = tcp_connect(core->tcp, local, remote, word, core->now_ns, conn);
	}
	return err;
}

/* One of which nothing is known yet; apart from the way of those that are many. */
static __rte_noinline int connect_anew(struct weir_core *core, struct weir_endpoint local,
				       struct weir_endpoint remote, uint32_t word, weir_conn *conn)
{
	struct weir_endpoint last = core->connect_last;
	int err = check_remote(core, remote);

	if (err != 0)
		return err;
	tcp_expect_opens(core->tcp, NULL, 0, remote);
	core->connect_last = (struct weir_endpoint){ 0 };
	/*
	 * Nobody beyond the link could answer the one, or on it needs the others
	 * (RFC 6724 section 5, rule 2).
	 */
	if (address_is_none(local.address) && address_is_link_local(remote.address))
		local.address = core->net.addrs.link_local;
	if (!address_is_none(local.address)) {
		if (!addrs_local(&core->net.addrs, local.address))
			return -EADDRNOTAVAIL;
		return tcp_connect(core->tcp, local, remote, word, core->now_ns, conn);
	}
	err = connect_from_any(core, local, remote, word, conn);
	if (err != 0 || local.port != 0)
		return err;
	core->connect_last = remote;
	if (remote.port != last.port || !address_equal(remote.address, last.address))
		core->connect_ahead = 1;
	else
		expect_more(core);
	return 0;
}

int weir_connect(struct weir_core *core, struct weir_endpoint local, struct weir_endpoint remote,
		 uint32_t word, weir_conn *conn)
{
	bool ipv4 = weir_is_ipv4(remote.address);
	int err = -EADDRINUSE;

	/* What was reached once by IPv4 can be; routers of IPv6, and its readiness, come and go. */
	if (is_expected(core, &local, &remote) && (ipv4 || check_remote(core, remote) == 0))
		err = connect_expected(core, ipv4, word, conn);
	return err == -EADDRINUSE ? connect_anew(core, local, remote, word, conn) : err;
}

int weir_neighbour(struct weir_core *core, struct weir_address address, uint8_t mac[6])
{
	const struct eth_addr *found;
	struct weir_address hop;

	if (!net_may_send(&core->net, address) || addrs_local(&core->net.addrs, address))
		return -EINVAL;
	hop = net_next_hop(&core->net, address);
	if (address_is_none(hop))
		return -ENETUNREACH;
	found = neigh_find(&core->net.neigh, hop, core->now_ns);
	if (found == NULL) {
		/*
		 * Before the first weir_input() nobody has said what time it is;
		 * a tentative address asks nobody.
		 */
		if (core->started && (weir_is_ipv4(hop) || ready_for_ipv6(core) == 0))
			neigh_ask(&core->net.neigh, hop, core->now_ns);
		return -EAGAIN;
	}
	memcpy(mac, found->bytes, sizeof(found->bytes));
	return 0;
}

int weir_send(struct weir_core *core, weir_conn conn, struct rte_mbuf *data)
{
	uint16_t buffers = data->nb_segs;
	int err = tcp_send(core->tcp, conn, payload_from_mbuf(data, &core->counters));

	if (err == 0)
		count_add(&core->counters, COUNT_mbufs_taken, buffers);
	return err;
}

/* A chain with a copy of the bytes; NULL: the pool has too little. Not yet on anybody's counters. */
static struct rte_mbuf *copy_of(struct weir_core *core, const uint8_t *data, uint32_t len)
{
	struct rte_mbuf *head = NULL, *last = NULL;
	uint32_t done = 0;

	do {
		struct rte_mbuf *m = rte_pktmbuf_alloc(core->pool);

		if (m == NULL) {
			rte_pktmbuf_free(head);
			return NULL;
		}
		m->data_len = (uint16_t)RTE_MIN(len - done, core->copy_room);
		if (m->data_len > 0)
			memcpy(rte_pktmbuf_mtod(m, void *), data + done, m->data_len);
		done += m->data_len;
		if (head == NULL) {
			head = m;
		} else {
			last->next = m;
			head->nb_segs++;
		}
		last = m;
	} while (done < len);
	head->pkt_len = len;
	return head;
}

int weir_send_copy(struct weir_core *core, weir_conn conn, const void *data, uint32_t len)
{
	uint32_t buffers = len / core->copy_room + (len % core->copy_room != 0);
	int err = tcp_may_send(core->tcp, conn, buffers);

	if (err != 0)
		return err;
	/* A chain counts its buffers in 16 bits. */
	if (buffers > RTE_MBUF_MAX_NB_SEGS)
		return -ENOMEM;
	struct rte_mbuf *copy = copy_of(core, data, len);

	if (copy == NULL)
		return -ENOMEM;
	err = weir_send(core, conn, copy);
	if (err != 0)
		rte_pktmbuf_free(copy);
	return err;
}

int weir_send_static(struct weir_core *core, weir_conn conn, int id)
{
	return tcp_send_static(core->tcp, conn, id);
}

int weir_static(struct weir_core *core, const void *data, uint32_t len)
{
	return tcp_static(core->tcp, data, len);
}

int weir_shutdown(struct weir_core *core, weir_conn conn)
{
	return tcp_shutdown(core->tcp, conn);
}

int weir_close(struct weir_core *core, weir_conn conn)
{
	return tcp_close(core->tcp, conn);
}

int weir_abort(struct weir_core *core, weir_conn conn)
{
	return tcp_abort(core->tcp, conn);
}

void weir_abort_all(struct weir_core *core)
{
	tcp_abort_all(core->tcp);
}

void weir_release(struct weir_core *core, weir_conn conn, struct rte_mbuf *data)
{
	if (data != NULL)
		tcp_release(core->tcp, conn, (uintptr_t)data);
}

int weir_set_word(struct weir_core *core, weir_conn conn, uint32_t word)
{
	return tcp_set_word(core->tcp, conn, word);
}

int weir_info(const struct weir_core *core, weir_conn conn, struct weir_info *info)
{
	return tcp_info(core->tcp, conn, info);
}

void weir_options_default(const struct weir_core *core, struct weir_options *options)
{
	tcp_options_default(core->tcp, options);
}

int weir_set_options(struct weir_core *core, weir_conn conn, const struct weir_options *options)
{
	return tcp_set_options(core->tcp, conn, options);
}

int weir_get_options(const struct weir_core *core, weir_conn conn, struct weir_options *options)
{
	return tcp_get_options(core->tcp, conn, options);
}

int weir_set_listener_options(struct weir_core *core, int listener, const struct weir_options *options)
{
	return tcp_set_listener_options(core->tcp, listener, options);
}

unsigned weir_counter_count(void)
{
	return COUNTERS;
}

const char *weir_counter_name(unsigned id)
{
	return id < COUNTERS ? counter_name((enum counter)id) : "";
}

const char *weir_counter_sentence(unsigned id)
{
	return id < COUNTERS ? counter_sentence((enum counter)id) : "";
}

enum weir_counter_kind weir_counter_kind(unsigned id)
{
	return id < COUNTERS ? counter_kind((enum counter)id) : WEIR_COUNT_STAT;
}

void weir_counters(const struct weir_core *core, uint64_t *values, unsigned n)
{
	for (unsigned i = 0; i < n && i < COUNTERS; i++)
		values[i] = count_get(&core->counters, (enum counter)i);
}

void weir_stats(const struct weir_core *core, struct weir_stats *stats)
{
	*stats = (struct weir_stats){
		.frames_in = count_get(&core->counters, COUNT_frames_in),
		.frames_out = count_get(&core->counters, COUNT_frames_out),
		.mbufs_taken = count_get(&core->counters, COUNT_mbufs_taken),
		.mbufs_returned = count_get(&core->counters, COUNT_mbufs_returned),
		.memory_bytes = core->memory.bytes,
	};
	tcp_stats(core->tcp, stats);
}

uint64_t weir_hugepage_bytes(const struct weir_core *core)
{
	return memory_hugepage_bytes(&core->memory);
}
