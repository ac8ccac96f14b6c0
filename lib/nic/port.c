/* SPDX-License-Identifier: BSD-3-Clause */
#include "nic/port.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <rte_bus.h>
#include <rte_dev.h>
#include <rte_devargs.h>
#include <rte_ethdev.h>
#include <rte_ether.h>

#include "nic/device.h"
#include "weir.h"

#define RX_CSUM (RTE_ETH_RX_OFFLOAD_IPV4_CKSUM | RTE_ETH_RX_OFFLOAD_TCP_CKSUM)
#define TX_CSUM (RTE_ETH_TX_OFFLOAD_IPV4_CKSUM | RTE_ETH_TX_OFFLOAD_TCP_CKSUM)

/* What may stand before and behind an IP packet: header, two VLAN tags, checksum. */
#define FRAME_OVERHEAD (RTE_ETHER_HDR_LEN + 8 + RTE_ETHER_CRC_LEN)

/* Of a queue that nobody receives from; what its driver has at least is more. */
#define LOOK_DESCRIPTORS 64

/* Enough for a burst from each of many peers, small enough to stay in the cache. */
#define DESCRIPTORS_DEFAULT 1024

/*
 * Ports are the process's: a second opening would reconfigure one under the loops of the first. (Not ethdev's
 * ownership: a port with an owner is invisible to RTE_ETH_FOREACH_DEV, and so to rte_pcapng.)
 */
static bool in_use[RTE_MAX_ETHPORTS];

static bool offers(uint64_t capabilities, uint64_t wanted)
{
	return (capabilities & wanted) == wanted;
}

/*
 * The largest MTU that the driver takes. Drivers state either, both or neither; what they leave out ethdev
 * fills with the largest number, and counts 18 bytes of Ethernet header and checksum.
 */
static uint32_t largest_mtu(const struct rte_eth_dev_info *info)
{
	uint32_t by_frame = info->max_rx_pktlen;

	if (info->max_mtu != UINT16_MAX && info->max_mtu != 0)
		return info->max_mtu;
	if (by_frame > UINT16_MAX)
		return UINT16_MAX;
	return by_frame - RTE_ETHER_HDR_LEN - RTE_ETHER_CRC_LEN;
}

static int choose_mtu(struct port *port, uint16_t asked, const struct rte_eth_dev_info *info, struct why *why)
{
	uint32_t largest = largest_mtu(info);

	if (asked > largest)
		return why_set(why, -EINVAL,
			       "%s: MTU %u is more than the %" PRIu32 " that its driver (%s) takes",
			       port->name, asked, largest, info->driver_name);
	port->mtu = asked != 0 ? asked : (uint16_t)RTE_MIN(largest, (uint32_t)RTE_ETHER_MTU);
	return 0;
}

/* Drivers count on 2 KB at least. */
uint16_t port_data_room(const struct port *port)
{
	uint32_t frame = RTE_ALIGN((uint32_t)port->mtu + FRAME_OVERHEAD, (uint32_t)RTE_CACHE_LINE_SIZE);

	return (uint16_t)(RTE_PKTMBUF_HEADROOM + RTE_MAX(frame, 2048u));
}

static int configure(struct port *port, bool interrupts)
{
	struct rte_eth_conf conf = {
		.rxmode = { .mq_mode = RTE_ETH_MQ_RX_NONE, .mtu = port->mtu, .offloads = port->rx_offloads },
		.intr_conf = { .rxq = interrupts },
		.txmode = { .mq_mode = RTE_ETH_MQ_TX_NONE, .offloads = port->tx_offloads },
	};

	if (port->rss_types != 0) {
		conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
		conf.rx_adv_conf.rss_conf.rss_hf = port->rss_types;
	}
	if (port->rss_types != 0 && port->rss_key.count != 0 && !port->rss_key_refused) {
		conf.rx_adv_conf.rss_conf.rss_key = port->rss_key.bytes;
		conf.rx_adv_conf.rss_conf.rss_key_len = port->rss_key.count;
	}
	return rte_eth_dev_configure(port->id, port->queues, port->queues, &conf);
}

/* A driver that refuses a key hashes by its own; one that refuses to hash spreads frames as it likes. */
static int configure_rss(struct port *port)
{
	int error = configure(port, port->rests);

	if (error != 0 && port->rss_key.count != 0) {
		port->rss_key_refused = true;
		error = configure(port, port->rests);
	}
	if (error != 0 && port->rss_types != 0) {
		port->rss_types = 0;
		error = configure(port, port->rests);
	}
	return error;
}

/* Configuring is where a vhost device makes its socket. */
static const char *why_not_configured(const struct port *port, int error)
{
	if (strcmp(port->driver, "net_vhost") == 0)
		return "the socket of its iface= cannot be made: its folder must be there, and that name free in it";
	return error == -1 ? "its driver does not say why" : rte_strerror(-error);
}

/*
 * Some drivers learn of the MTU by rte_eth_dev_configure(), others only by the call for it; that one
 * changes an interface of the kernel under net_af_packet, so it is made only when an MTU was asked for.
 */
static int configure_with_mtu(struct port *port, bool mtu_asked, struct why *why)
{
	int error = configure_rss(port);

	if (error != 0)
		return why_set(why, error, "%s: cannot be configured with %u %s and MTU %u: %s", port->name,
			       port->queues, port->queues == 1 ? "queue" : "queues", port->mtu,
			       why_not_configured(port, error));
	if (mtu_asked)
		error = rte_eth_dev_set_mtu(port->id, port->mtu);
	if (error != 0 && error != -ENOTSUP)
		return why_set(why, error, "%s: MTU %u refused: %s", port->name, port->mtu,
			       rte_strerror(-error));
	return 0;
}

/* Drivers without an address of their own (net_ring) get a locally administered one: 02:"weir":port. */
static void read_mac(struct port *port)
{
	const uint8_t own[6] = { 0x02, 'w', 'e', 'i', 'r', (uint8_t)port->id };
	struct rte_ether_addr mac;

	if (rte_eth_macaddr_get(port->id, &mac) == 0 && !rte_is_zero_ether_addr(&mac))
		memcpy(port->mac, mac.addr_bytes, sizeof(port->mac));
	else
		memcpy(port->mac, own, sizeof(port->mac));
}

static int choose_descriptors(struct port *port, const struct port_options *options,
			      const struct rte_eth_dev_info *info, struct why *why)
{
	uint16_t rx = options->rx_descriptors, tx = options->tx_descriptors;
	int error;

	if (rx == 0)
		rx = info->default_rxportconf.ring_size;
	if (tx == 0)
		tx = info->default_txportconf.ring_size;
	port->rx_descriptors = rx != 0 ? rx : DESCRIPTORS_DEFAULT;
	port->tx_descriptors = tx != 0 ? tx : DESCRIPTORS_DEFAULT;
	error = rte_eth_dev_adjust_nb_rx_tx_desc(port->id, &port->rx_descriptors, &port->tx_descriptors);
	if (error != 0)
		return why_set(why, error, "%s: %u receive and %u transmit descriptors refused", port->name,
			       port->rx_descriptors, port->tx_descriptors);
	return 0;
}

static void choose_offloads(struct port *port, const struct port_options *options,
			    const struct rte_eth_dev_info *info)
{
	if (!options->software_checksums && offers(info->rx_offload_capa, RX_CSUM)) {
		port->rx_offloads |= RX_CSUM;
		port->offloads |= WEIR_OFFLOAD_RX_CSUM;
	}
	if (!options->software_checksums && offers(info->tx_offload_capa, TX_CSUM)) {
		port->tx_offloads |= TX_CSUM;
		port->offloads |= WEIR_OFFLOAD_TX_CSUM;
	}
	if (options->vlan && offers(info->rx_offload_capa, RTE_ETH_RX_OFFLOAD_VLAN_STRIP))
		port->rx_offloads |= RTE_ETH_RX_OFFLOAD_VLAN_STRIP;
	if (options->vlan && offers(info->tx_offload_capa, RTE_ETH_TX_OFFLOAD_VLAN_INSERT)) {
		port->tx_offloads |= RTE_ETH_TX_OFFLOAD_VLAN_INSERT;
		port->offloads |= WEIR_OFFLOAD_TX_VLAN;
	}
	port->multi_segment = offers(info->tx_offload_capa, RTE_ETH_TX_OFFLOAD_MULTI_SEGS);
	if (port->multi_segment)
		port->tx_offloads |= RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
}

static bool is_vdev(const struct rte_device *device)
{
	return device != NULL && strcmp(rte_bus_name(rte_dev_bus(device)), "vdev") == 0;
}

/* Drivers of devices that have as many queues as their arguments say, and one if those say nothing. */
static const char *queues_argument(const char *driver)
{
	static const struct {
		const char *driver, *argument;
	} known[] = {
		{ "net_af_packet", "qpairs" },
		{ "net_af_xdp", "queue_count" },
		{ "net_vhost", "queues" },
		{ "net_virtio_user", "queues" },
	};

	for (unsigned i = 0; i < RTE_DIM(known); i++)
		if (strcmp(driver, known[i].driver) == 0)
			return known[i].argument;
	return NULL;
}

static int check_queues(const struct port *port, const struct rte_eth_dev_info *info, struct why *why)
{
	unsigned has = RTE_MIN(RTE_MIN(info->max_rx_queues, info->max_tx_queues), PORT_QUEUES_MAX);
	const char *argument = queues_argument(port->driver);

	if (port->queues <= has)
		return 0;
	if (port->queues > PORT_QUEUES_MAX || argument == NULL)
		return why_set(why, -ENOTSUP, "%s: %u queues asked for, but its driver (%s) has %u",
			       port->name, port->queues, port->driver, has);
	return why_set(why, -ENOTSUP, "%s: %u queues asked for, but it has %u: give it \"%s=%u\"", port->name,
		       port->queues, has, argument, port->queues);
}

/* Whoever plugged it in. */
static bool has_argument(const struct rte_device *device, const char *argument)
{
	const struct rte_devargs *given = device != NULL ? rte_dev_devargs(device) : NULL;

	return given != NULL && given->args != NULL && strstr(given->args, argument) != NULL;
}

/* Of memif the side that lends its buffers, those that the other one would have written to next. */
static bool forgets(const struct rte_eth_dev_info *info)
{
	return strcmp(info->driver_name, "net_af_xdp") == 0 ||
	       (strcmp(info->driver_name, "net_memif") == 0 && has_argument(info->device, "zero-copy=yes"));
}

static int choose_rss(struct port *port, const struct port_options *options,
		      const struct rte_eth_dev_info *info, struct why *why)
{
	int error = port_rss_check(&options->rss, port->name, why);

	if (error != 0 || port->queues == 1)
		return error;
	port->rss_types = port_rss_types(info->flow_type_rss_offloads);
	if (port->rss_types == 0)
		return 0;
	port->rss_table_size = info->reta_size;
	return port_rss_key(&port->rss_key, &options->rss, info->hash_key_size, port->name, why);
}

static int set_up_queues(const struct port *port, uint16_t rx_descriptors, uint16_t tx_descriptors,
			 struct rte_mempool *const *pools, struct why *why)
{
	unsigned socket = (unsigned)port->socket;
	int error = 0;

	for (uint16_t queue = 0; queue < port->queues && error == 0; queue++) {
		error = rte_eth_rx_queue_setup(port->id, queue, rx_descriptors, socket, NULL, pools[queue]);
		if (error == 0)
			error = rte_eth_tx_queue_setup(port->id, queue, tx_descriptors, socket, NULL);
		if (error != 0)
			why_set(why, error,
				"%s: cannot set up queue %u with %u receive and %u transmit descriptors: %s",
				port->name, queue, rx_descriptors, tx_descriptors, rte_strerror(-error));
	}
	return error;
}

/*
 * Interrupts are wished for, and most drivers that have none do not mind. Those of the kernel that cannot
 * pass them on (uio_pci_generic) make a NIC's refuse to start.
 */
static int start(struct port *port)
{
	int error = rte_eth_dev_start(port->id);

	if (error == 0 || !port->rests || configure(port, false) != 0)
		return error;
	return rte_eth_dev_start(port->id);
}

/* Once no queue has any of its buffers. Of a driver that keeps some it stays. */
static void free_look_pool(struct port *port)
{
	if (port->look_pool != NULL && rte_mempool_full(port->look_pool))
		rte_mempool_free(port->look_pool);
	port->look_pool = NULL;
}

static bool start_for_a_look(struct port *port)
{
	struct rte_mempool *pools[PORT_QUEUES_MAX];
	uint16_t rx = LOOK_DESCRIPTORS, tx = LOOK_DESCRIPTORS;
	char name[RTE_MEMPOOL_NAMESIZE];
	struct why why;

	if (rte_eth_dev_adjust_nb_rx_tx_desc(port->id, &rx, &tx) != 0)
		return false;
	snprintf(name, sizeof(name), "look_port%u", port->id);
	port->look_pool = rte_pktmbuf_pool_create(name, (unsigned)port->queues * (rx + tx + 32u), 0, 0,
						  port_data_room(port), port->socket);
	for (unsigned i = 0; i < port->queues; i++)
		pools[i] = port->look_pool;
	return port->look_pool != NULL && set_up_queues(port, rx, tx, pools, &why) == 0 && start(port) == 0;
}

/*
 * Shards want to know by what their port spreads frames before it is started with their buffers; but many
 * drivers settle that, and tell it, only then. So it is started twice, where there is a table to be read.
 */
static int settle_rss(struct port *port, const struct port_options *options, struct why *why)
{
	struct port_rss_answers answers = { .driver = port->driver,
					    .queues = port->queues,
					    .hashes_tcp = port->rss_types != 0 };

	if (port->queues > 1 && port->rss_types != 0 && port->rss_table_size != 0) {
		if (start_for_a_look(port)) {
			port_rss_read(&answers, port->id, &port->rss_key, port->rss_types,
				      port->rss_table_size);
			rte_eth_dev_stop(port->id);
		}
		/* Some lose by stopping what they were told. */
		if (configure_rss(port) != 0)
			return why_set(why, -EIO, "%s: cannot be configured again after a look at its RSS",
				       port->name);
	}
	port_rss_judge(&port->rss, &options->rss, &answers);
	return 0;
}

int port_adopt(struct port *port, uint16_t id, const char *name, const struct port_options *options,
	       struct why *why)
{
	struct rte_eth_dev_info info;
	int error = rte_eth_dev_info_get(id, &info);

	*port = (struct port){ .id = id, .queues = options->queues };
	snprintf(port->name, sizeof(port->name), "%s", name);
	in_use[id] = true;
	if (error != 0)
		return why_set(why, error, "%s: %s", name, rte_strerror(-error));
	port->dev = info.device;
	snprintf(port->driver, sizeof(port->driver), "%s", info.driver_name);
	error = check_queues(port, &info, why);
	if (error != 0)
		return error;
	choose_offloads(port, options, &info);
	port->is_virtual = is_vdev(info.device);
	port->rests = options->rest == WEIR_REST_ALWAYS ||
		      (options->rest == WEIR_REST_AUTO && port->is_virtual);
	port->by_pointer = strcmp(info.driver_name, "net_ring") == 0;
	port->forgetful = forgets(&info);
	port->socket = rte_eth_dev_socket_id(id);
	read_mac(port);

	error = choose_mtu(port, options->mtu, &info, why);
	if (error == 0)
		error = choose_rss(port, options, &info, why);
	if (error == 0)
		error = configure_with_mtu(port, options->mtu != 0, why);
	if (error == 0)
		error = choose_descriptors(port, options, &info, why);
	if (error == 0)
		error = settle_rss(port, options, why);
	return error;
}

int port_open(struct port *port, const struct port_options *options, struct why *why)
{
	uint16_t id;
	int error = device_attach(options->device, &id, why);

	if (error != 0)
		return error;
	if (in_use[id])
		return why_set(why, -EBUSY, "%s is open already", options->device);
	error = port_adopt(port, id, options->device, options, why);
	if (error != 0)
		port_close(port);
	return error;
}

/* Starting is where a memif client looks for its server; its driver answers -1 for everything. */
static const char *why_not_started(const struct port *port, int error)
{
	if (strncmp(port->name, "net_memif", 9) == 0 && error == -1)
		return "nobody listens on its socket: start the side with role=server first";
	return error == -1 ? "its driver does not say why" : rte_strerror(-error);
}

/*
 * Broadcast is received by default; of multicast all, as a range of addresses has about as many
 * solicited-node groups (RFC 4291 section 2.7.1) as no filter has room for. The shard drops what is not its
 * own.
 */
static void set_filters(const struct port *port)
{
	rte_eth_promiscuous_disable(port->id);
	/* Where a driver can filter, but not so, IPv6 is worth more than the filter. */
	if (rte_eth_allmulticast_enable(port->id) != 0)
		rte_eth_promiscuous_enable(port->id);
}

/* Shards were told what was so at the first look: should it differ now, theirs is not the NIC's function. */
static void confirm_rss(struct port *port)
{
	struct port_rss_answers answers = { .driver = port->driver, .queues = port->queues };
	const struct port_rss *told = &port->rss;

	if (told->habit != WEIR_RSS_TOEPLITZ || told->table.count == 0 || port->rss_types == 0)
		return;
	port_rss_read(&answers, port->id, &port->rss_key, port->rss_types, port->rss_table_size);
	if (memcmp(&answers.key, &told->key, sizeof(told->key)) != 0 ||
	    memcmp(&answers.table, &told->table, sizeof(told->table)) != 0)
		port->rss.habit = WEIR_RSS_FLOW;
}

int port_start(struct port *port, struct rte_mempool *const *pools, struct why *why)
{
	int error = set_up_queues(port, port->rx_descriptors, port->tx_descriptors, pools, why);

	free_look_pool(port);
	if (error != 0)
		return error;
	error = start(port);
	if (error != 0)
		return why_set(why, error, "%s: cannot be started: %s", port->name,
			       why_not_started(port, error));
	port->started = true;
	set_filters(port);
	confirm_rss(port);
	return 0;
}

bool port_link_up(const struct port *port)
{
	struct rte_eth_link link;

	if (rte_eth_link_get_nowait(port->id, &link) != 0)
		return true;
	return link.link_status == RTE_ETH_LINK_UP;
}

void port_close(struct port *port)
{
	if (port->started)
		rte_eth_dev_stop(port->id);
	port->started = false;
	rte_eth_dev_close(port->id);
	free_look_pool(port);
	in_use[port->id] = false;
	if (port->dev != NULL)
		device_detach(port->dev);
	port->dev = NULL;
}
