/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * port_rss.h - by which queue of a port a frame comes: what is asked of the driver, what it answers, and what
 * follows from that.
 *
 * Receive side scaling has three parts, a key, a set of kinds of frames to hash, and a table from the hash's
 * low bits to queues. Drivers differ in which they let one set and which they tell, many know both only once
 * the port is started, and some take what they are given and do another thing. So whatever is wished for is
 * asked for, in the way that least drivers refuse, and then all is read back: what was read is what shards
 * reckon with. Where key or table cannot be read, or make no sense, the driver's habit holds, as far as it is
 * known: to believe too little costs hand-overs, and never a connection.
 *
 * port_rss_judge(), which decides all this, is pure. Not thread safe: the main thread.
 */
#ifndef WEIR_NIC_PORT_RSS_H
#define WEIR_NIC_PORT_RSS_H

#include <stdbool.h>
#include <stdint.h>

#include "nic/why.h"
#include "weir.h"

/* What the application wants. */
struct port_rss_wish {
	enum weir_port_rss rss;
	uint8_t key_bytes;
	const uint8_t *key; /* NULL: one that is symmetric */
};

struct port_rss_key {
	uint8_t count; /* 0: none */
	uint8_t bytes[WEIR_RSS_KEY_MAX];
};

struct port_rss_table {
	uint16_t count; /* 0: none */
	uint16_t queues[WEIR_RSS_TABLE_MAX];
};

/* What the driver says. */
struct port_rss_answers {
	const char *driver;
	uint16_t queues;
	bool hashes_tcp; /* it was told to, and took it */
	struct port_rss_key key;
	struct port_rss_table table;
};

/* What shards reckon with. Without key or table: weir's own. */
struct port_rss {
	enum weir_rss_habit habit;
	struct port_rss_key key;
	struct port_rss_table table;
};

/* Whether it can be meant, whatever the driver: 0, or -EINVAL with the reason in `why`. */
int port_rss_check(const struct port_rss_wish *wish, const char *name, struct why *why);

/*
 * The key to ask a driver for whose keys have key_bytes (0: it does not say). 0, or -EINVAL with the reason
 * in `why`: the wish's is of another length.
 */
int port_rss_key(struct port_rss_key *key, const struct port_rss_wish *wish, uint8_t key_bytes,
		 const char *name, struct why *why);

/* Of what a driver can hash, RTE_ETH_RSS_ bits, that which is asked for; 0: it cannot hash TCP's ports. */
uint64_t port_rss_types(uint64_t offered);

void port_rss_judge(struct port_rss *rss, const struct port_rss_wish *wish,
		    const struct port_rss_answers *answers);

/*
 * Of a port that was started with these types (0: it hashes nothing): has it use the key, and a table of
 * queues in turn, as far as it lets itself be told, and reads both back. table_size: what the driver says; 0:
 * it has none. answers: driver and queues are filled in.
 */
void port_rss_read(struct port_rss_answers *answers, uint16_t id, const struct port_rss_key *key,
		   uint64_t types, uint16_t table_size);

#endif
