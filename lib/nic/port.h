/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * port.h - an ethdev port, opened for weir: as many queues as it shall have shards, the checksum
 * offloads that it offers, unicast to its own address and whatever is multicast and broadcast.
 *
 * Opening comes in two steps, because the buffers of the receive queues are sized by what the shards
 * behind them hold, and a shard wants to know the port's address and offloads first:
 *
 *     port_open()   finds or plugs in the device, configures it, reads what it is; of one that spreads
 *                   frames over several queues that takes starting it for a moment, with a few buffers
 *     port_start()  with a pool per queue: sets up the queues and starts it
 *
 * MBUF_FAST_FREE is never asked for: a frame's payload may be another pool's, or referenced twice.
 * Not thread safe; loops only use id, and only while the port is started.
 */
#ifndef WEIR_NIC_PORT_H
#define WEIR_NIC_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include "nic/port_rss.h"
#include "nic/why.h"
#include "weir.h"

struct rte_device;
struct rte_mempool;

#define PORT_QUEUES_MAX WEIR_PORT_QUEUES_MAX

struct port_options {
	const char *device;      /* PCI address or vdev string; NULL for port_adopt() */
	uint16_t queues;         /* of each direction */
	uint16_t rx_descriptors; /* 0: the driver's preference */
	uint16_t tx_descriptors;
	uint16_t mtu; /* of IP packets; 0: 1500, or less where the driver cannot */
	bool software_checksums;
	bool vlan; /* frames carry a tag: the port takes it off and puts it on where it can */
	enum weir_rest rest;
	struct port_rss_wish rss; /* of several queues */
};

struct port {
	uint16_t id;     /* of ethdev */
	uint16_t queues; /* of each direction */
	uint16_t rx_descriptors, tx_descriptors;
	uint16_t mtu;
	int socket;                        /* NUMA node, SOCKET_ID_ANY where there is none */
	unsigned offloads;                 /* WEIR_OFFLOAD_ bits */
	uint64_t rx_offloads, tx_offloads; /* of ethdev */
	uint8_t mac[6];
	bool multi_segment; /* sends chains of mbufs */
	bool by_pointer;    /* received mbufs are as their sender left them */
	bool both_ends;     /* a wire: what it receives was sent by a port of this process */
	bool forgetful;     /* its driver does not give the buffers in its rings back when it is closed */
	bool is_virtual;    /* no hardware of its own: what receives from it may rest unasked */
	bool rests;         /* what receives from it does; with interrupts, if its driver has them */
	bool started;
	uint16_t rss_table_size;     /* of the driver's */
	uint64_t rss_types;          /* RTE_ETH_RSS_ bits that it hashes; 0: it does not */
	struct port_rss_key rss_key; /* that it was asked to hash by */
	bool rss_key_refused;        /* it hashes by its own, which can be read all the same */
	struct port_rss rss;         /* of several queues */
	struct rte_mempool *look_pool;
	struct rte_device *dev;
	char name[128];  /* of the device */
	char driver[32]; /* its name */
};

/* What buffers for its frames have room for, headroom included. */
uint16_t port_data_room(const struct port *port);

/* 0, or a negative errno with the reason in `why`. */
int port_open(struct port *port, const struct port_options *options, struct why *why);

/* The same for an ethdev port that exists already, under the name that it has in messages. */
int port_adopt(struct port *port, uint16_t id, const char *name, const struct port_options *options,
	       struct why *why);

/* pools: one for each queue. 0, or a negative errno with the reason in `why`. */
int port_start(struct port *port, struct rte_mempool *const *pools, struct why *why);

/* False only where the driver says that the link is down. */
bool port_link_up(const struct port *port);

/* Stops the port, gives its buffers back and the device to whom it belongs. */
void port_close(struct port *port);

#endif
