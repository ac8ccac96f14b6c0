/* SPDX-License-Identifier: BSD-3-Clause */
/* What a capture says of frames that crossed the wire: blocks, times, ports, directions and bytes. */
#include <criterion/criterion.h>
#include <errno.h>
#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <stdlib.h>
#include <unistd.h>

#include "nic/nic.h"
#include "run/tsc.h"
#include "support/eal.h"
#include "support/mbufs.h"
#include "weir.h"

/* Block types of the pcapng specification. */
#define SECTION 0x0a0d0d0au
#define INTERFACE 1u
#define PACKET 6u

#define PACKETS_MAX 64

struct packet {
	uint32_t interface, len, direction;
	uint64_t time_ns;
	const uint8_t *bytes;
};

struct file {
	uint8_t *bytes;
	uint32_t len;
	unsigned interfaces, packets;
	struct packet packet[PACKETS_MAX];
};

static char path[] = "/tmp/weir-capture-XXXXXX";
static struct rte_mempool *pool;
static struct why why;

static void setup(void)
{
	int fd;

	eal_start();
	pool = mbufs_pool(4095);
	fd = mkstemp(path);
	cr_assert_geq(fd, 0);
	close(fd);
}

static void teardown(void)
{
	unlink(path);
}

TestSuite(capture, .init = setup, .fini = teardown, .timeout = 60);

static uint32_t word(const uint8_t *p)
{
	uint32_t value;

	memcpy(&value, p, sizeof(value));
	return value;
}

static struct packet read_packet(const uint8_t *block)
{
	struct packet packet = {
		.interface = word(block + 8),
		.time_ns = (uint64_t)word(block + 12) << 32 | word(block + 16),
		.len = word(block + 20),
		.bytes = block + 28,
	};
	const uint8_t *options = packet.bytes + RTE_ALIGN(packet.len, 4u);

	cr_expect_eq(word(block + 24), packet.len, "captured whole");
	cr_assert_eq(word(options), 4u << 16 | 2, "the first option is epb_flags");
	packet.direction = word(options + 4) & 3;
	return packet;
}

static struct file read_file(void)
{
	struct file file = { 0 };
	FILE *stream = fopen(path, "rb");
	uint32_t length;

	cr_assert_not_null(stream);
	file.bytes = malloc(1 << 20);
	file.len = (uint32_t)fread(file.bytes, 1, 1 << 20, stream);
	fclose(stream);
	cr_assert_geq(file.len, 12);
	cr_expect_eq(word(file.bytes), SECTION);
	for (uint32_t at = 0; at < file.len; at += length) {
		const uint8_t *block = file.bytes + at;

		length = word(block + 4);
		cr_assert_eq(word(block + length - 4), length, "length at both ends of block at %u", at);
		file.interfaces += word(block) == INTERFACE;
		if (word(block) == PACKET)
			file.packet[file.packets++] = read_packet(block);
	}
	return file;
}

static struct capture *begin(void)
{
	struct capture *capture = capture_open(path, &why);
	struct capture_clock clock;

	cr_assert_not_null(capture, "%s", why.text);
	tsc_calibrate();
	clock = (struct capture_clock){ .tsc = rte_rdtsc(), .wall_ns = tsc_wall_ns(), .hz = tsc_hz() };
	cr_assert_eq(capture_begin(capture, 1514, &clock, &why), 0, "%s", why.text);
	return capture;
}

static void open_wire(struct wire *wire, struct port ends[2])
{
	struct port_options options = { .queues = 1 };

	cr_assert_eq(wire_create(wire, ends, &options, SOCKET_ID_ANY, &why), 0, "%s", why.text);
	for (int i = 0; i < 2; i++)
		cr_assert_eq(port_start(&ends[i], &pool, &why), 0, "%s", why.text);
}

static void close_wire(struct wire *wire, struct port ends[2])
{
	wire_drain(wire);
	for (int i = 0; i < 2; i++)
		port_close(&ends[i]);
	wire_destroy(wire);
}

Test(capture, a_frame_on_the_wire_is_recorded_once_and_whole)
{
	struct rte_mbuf *frames[BURST_FRAMES];
	struct capture *capture;
	struct burst bursts[2];
	struct port ends[2];
	struct wire wire;
	struct file file;
	uint64_t began_ns;

	open_wire(&wire, ends);
	capture = begin();
	began_ns = tsc_wall_ns();
	for (int i = 0; i < 2; i++)
		burst_init(&bursts[i], &ends[i], 0, capture);
	/* Lengths with every remainder by four, chains too. */
	for (uint16_t i = 0; i < 8; i++) {
		frames[i] = mbufs_make(pool, (uint8_t)i, 60 + i);
		if (i == 7)
			rte_pktmbuf_chain(frames[i], mbufs_make(pool, 7, 1000));
	}
	burst_tx(&bursts[1], frames, 8, 0);
	cr_assert_eq(burst_rx(&bursts[0], frames, BURST_FRAMES), 8);
	rte_pktmbuf_free_bulk(frames, 8);
	cr_expect_eq(capture_write(capture), 8);
	cr_expect_eq(capture_close(capture), 0);

	file = read_file();
	cr_expect_eq(file.interfaces, 2);
	cr_assert_eq(file.packets, 8);
	for (unsigned i = 0; i < 8; i++) {
		const struct packet *packet = &file.packet[i];

		cr_expect_eq(packet->interface, 1);
		cr_expect_eq(packet->direction, 2, "outbound");
		cr_expect_eq(packet->len, i == 7 ? 1067 : 60 + i);
		cr_expect_eq(packet->bytes[packet->len - 1], i);
		cr_expect_gt(packet->time_ns + CLOCK_NS_PER_MS, began_ns);
		cr_expect_lt(packet->time_ns, tsc_wall_ns() + CLOCK_NS_PER_MS);
	}
	cr_expect_eq(bursts[0].capture_drops + bursts[1].capture_drops, 0);
	free(file.bytes);
	close_wire(&wire, ends);
}

/* Other ports have no second end to record for them. */
Test(capture, both_directions_of_a_port)
{
	struct port_options options = { .device = "net_ring0", .queues = 1 };
	struct rte_mbuf *frame = mbufs_make(pool, 5, 60);
	struct capture *capture;
	struct burst burst;
	struct port port;
	struct file file;

	cr_assert_eq(port_open(&port, &options, &why), 0, "%s", why.text);
	cr_assert_eq(port_start(&port, &pool, &why), 0, "%s", why.text);
	capture = begin();
	burst_init(&burst, &port, 0, capture);
	burst_tx(&burst, &frame, 1, 0);
	cr_assert_eq(burst_rx(&burst, &frame, 1), 1, "net_ring is its own other end");
	rte_pktmbuf_free(frame);
	cr_expect_eq(capture_close(capture), 0);

	file = read_file();
	cr_assert_eq(file.packets, 2);
	cr_expect_eq(file.packet[0].direction, 2);
	cr_expect_eq(file.packet[1].direction, 1);
	cr_expect_leq(file.packet[0].time_ns, file.packet[1].time_ns);
	free(file.bytes);
	port_close(&port);
}

/* Records a frame, and says between which times that was. */
static void record_now(struct capture *capture, struct rte_mbuf *frame, uint16_t port, uint64_t between_ns[2])
{
	between_ns[0] = tsc_wall_ns() - CLOCK_NS_PER_MS;
	cr_expect_eq(capture_frames(capture, port, 0, &frame, 1, CAPTURE_IN), 1);
	between_ns[1] = tsc_wall_ns() + CLOCK_NS_PER_MS;
}

/* Times stay right when seconds pass, and for the second capture of a process. */
Test(capture, time_goes_on)
{
	struct port_options options = { .device = "net_null0", .queues = 1 };
	struct rte_mbuf *frame = mbufs_make(pool, 5, 60);
	struct capture *capture;
	uint64_t between_ns[2][2];
	struct port port;
	struct file file;

	cr_assert_eq(port_open(&port, &options, &why), 0, "%s", why.text);
	for (int i = 0; i < 2; i++) {
		capture = begin();
		record_now(capture, frame, port.id, between_ns[0]);
		usleep(1500 * 1000);
		record_now(capture, frame, port.id, between_ns[1]);
		cr_expect_eq(capture_close(capture), 0);

		file = read_file();
		cr_assert_eq(file.packets, 2);
		for (int k = 0; k < 2; k++) {
			cr_expect_geq(file.packet[k].time_ns, between_ns[k][0]);
			cr_expect_leq(file.packet[k].time_ns, between_ns[k][1]);
		}
		free(file.bytes);
	}
	rte_pktmbuf_free(frame);
	port_close(&port);
}

/* A TCP segment whose checksums are left to the port, the pseudo header's sum in place as DPDK asks. */
static struct rte_mbuf *offloaded_segment(void)
{
	struct rte_mbuf *m = mbufs_make(pool, 0, 14 + 20 + 20 + 33);
	struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, 14);
	struct rte_tcp_hdr *tcp = (struct rte_tcp_hdr *)(ip + 1);

	memset(tcp + 1, 0xa5, 33);
	*ip = (struct rte_ipv4_hdr){
		.version_ihl = 0x45,
		.total_length = rte_cpu_to_be_16(73),
		.time_to_live = 64,
		.next_proto_id = IPPROTO_TCP,
		.src_addr = rte_cpu_to_be_32(0x0a000001),
		.dst_addr = rte_cpu_to_be_32(0x0a000002),
	};
	*tcp = (struct rte_tcp_hdr){ .src_port = rte_cpu_to_be_16(80), .data_off = 0x50 };
	m->l2_len = 14;
	m->l3_len = 20;
	m->l4_len = 20;
	m->ol_flags = RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_TCP_CKSUM;
	tcp->cksum = rte_ipv4_phdr_cksum(ip, m->ol_flags);
	return m;
}

/* Over pseudo header and segment, its checksum included: 0xffff if that is right (RFC 1071 section 1). */
static uint16_t sum_of_segment(const struct rte_ipv4_hdr *ip)
{
	uint32_t sum = rte_ipv4_phdr_cksum(ip, 0) + rte_raw_cksum(ip + 1, 53);

	return (uint16_t)((sum & 0xffff) + (sum >> 16));
}

Test(capture, checksums_left_to_the_port_are_computed)
{
	struct rte_mbuf *frame = offloaded_segment();
	const struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(frame, struct rte_ipv4_hdr *, 14);
	struct capture *capture;

	capture = begin();
	cr_expect_neq(sum_of_segment(ip), 0xffff);
	cr_expect_eq(capture_frames(capture, 0, 0, &frame, 1, CAPTURE_OUT), 1);
	cr_expect_eq(rte_raw_cksum(ip, sizeof(*ip)), 0xffff);
	cr_expect_eq(sum_of_segment(ip), 0xffff);
	cr_expect_eq(frame->ol_flags & RTE_MBUF_F_TX_OFFLOAD_MASK, 0, "the port need not do it again");
	rte_pktmbuf_free(frame);
	cr_expect_eq(capture_close(capture), 0);
}

/* Nobody writes: the loop waits a little, then frames pass by and are counted. */
Test(capture, a_full_capture_holds_back_and_then_counts)
{
	struct rte_mbuf *frames[BURST_FRAMES], *another = mbufs_make(pool, 2, 60);
	struct capture *capture;
	struct port ends[2];
	struct burst burst;
	struct wire wire;

	open_wire(&wire, ends);
	capture = begin();
	burst_init(&burst, &ends[0], 0, capture);
	for (uint16_t i = 0; i < BURST_FRAMES; i++)
		frames[i] = mbufs_make(pool, 1, 60);
	while (!burst_held(&burst, 1))
		cr_assert_eq(capture_frames(capture, 0, 0, frames, BURST_FRAMES, CAPTURE_IN), BURST_FRAMES);
	cr_expect(burst_held(&burst, BURST_STUCK_NS));
	cr_expect_not(burst_held(&burst, 1 + BURST_STUCK_NS));
	for (unsigned room = capture_room(capture); room > 0; room--)
		capture_frames(capture, 0, 0, frames, 1, CAPTURE_IN);
	burst_tx(&burst, frames, BURST_FRAMES, 0);
	cr_expect_eq(burst.capture_drops, BURST_FRAMES);

	/* Written, and full again: it waits again. */
	cr_expect_gt(capture_write(capture), 0);
	cr_expect_not(burst_held(&burst, 2 + BURST_STUCK_NS));
	for (unsigned room = capture_room(capture); room > 0; room--)
		capture_frames(capture, 0, 0, &another, 1, CAPTURE_IN);
	cr_expect(burst_held(&burst, 3 + BURST_STUCK_NS));
	rte_pktmbuf_free(another);
	wire_drain(&wire);
	cr_expect_eq(pool_missing(pool), 0);
	cr_expect_eq(capture_close(capture), 0);
	close_wire(&wire, ends);
}

Test(capture, copies_are_used_again)
{
	struct rte_mbuf *frames[BURST_FRAMES];
	struct capture *capture = begin();
	unsigned recorded = 0;

	for (uint16_t i = 0; i < BURST_FRAMES; i++)
		frames[i] = mbufs_make(pool, 1, 60);
	/* Several times as many as there are copies. */
	for (int burst = 0; burst < 2000; burst++) {
		recorded += capture_frames(capture, 0, 0, frames, BURST_FRAMES, CAPTURE_IN);
		capture_write(capture);
	}
	cr_expect_eq(recorded, 2000 * BURST_FRAMES);
	rte_pktmbuf_free_bulk(frames, BURST_FRAMES);
	cr_expect_eq(capture_close(capture), 0);
}

Test(capture, says_what_is_wrong)
{
	cr_expect_null(capture_open("/nosuch/directory/file", &why));
	cr_expect_eq(rte_errno, ENOENT);
	cr_expect_not_null(strstr(why.text, "/nosuch/directory/file"));
}

Test(capture, a_full_disk_is_an_error_and_loses_no_buffer)
{
	struct rte_mbuf *frame = mbufs_make(pool, 1, 1000);
	struct capture_clock clock = { .hz = 1 };
	struct capture *capture;

	capture = capture_open("/dev/full", &why);
	cr_assert_not_null(capture);
	cr_expect_eq(capture_begin(capture, 1514, &clock, &why), -ENOSPC, "%s", why.text);
	capture_close(capture);
	rte_pktmbuf_free(frame);
}
