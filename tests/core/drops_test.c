/* SPDX-License-Identifier: BSD-3-Clause */
/* Each malformed frame is dropped under its own name, and every frame is counted once. */
#include <criterion/criterion.h>

#include "support/stand.h"
#include "wire/bytes.h"
#include "wire/icmp.h"
#include "wire/ipv4.h"
#include "wire/tcp_hdr.h"

#define IP (ETH_BYTES)
#define TCP (ETH_BYTES + IPV4_BYTES)

TestSuite(drops, .init = stand_init);

static uint32_t good(uint8_t frame[FRAMES_MAX])
{
	struct seg seg = {
		.tuple = { .laddr = FRAMES_OURS, .raddr = FRAMES_PEER, .lport = 80, .rport = 1234 },
		.wnd = 1000,
		.len = 4,
		.flags = SEG_ACK,
		.opts = SEG_OPT_TS,
		.ttl = 64,
	};

	memset(frame, 0, FRAMES_MAX);
	return frames_tcp(frame, &seg);
}

static uint32_t good_arp(uint8_t frame[FRAMES_MAX], uint32_t target)
{
	memset(frame, 0, FRAMES_MAX);
	eth_build(frame,
		  &(struct eth_hdr){ .dst = ETH_BROADCAST, .src = frames_peer_mac, .type = ETH_TYPE_ARP });
	arp_build(frame + ETH_BYTES, &(struct arp){ .op = ARP_REQUEST,
						    .sender_mac = frames_peer_mac,
						    .sender = FRAMES_PEER,
						    .target = target });
	return ETH_BYTES + ARP_BYTES;
}

/* One byte of a good segment is different, and the checksums know it. */
static void expect_byte(uint32_t at, uint8_t value, enum counter drop)
{
	uint8_t frame[FRAMES_MAX];
	uint32_t len = good(frame);
	uint64_t before = stand_count(drop);

	frame[at] = value;
	frames_mend(frame);
	stand_give(frame, len);
	cr_expect_eq(stand_count(drop), before + 1, "%s", counter_name(drop));
}

/* Without mending anything. */
static void expect_raw(const uint8_t *frame, uint32_t len, enum counter drop)
{
	uint64_t before = stand_count(drop);

	stand_give(frame, len);
	cr_expect_eq(stand_count(drop), before + 1, "%s", counter_name(drop));
}

static void link_drops(void)
{
	uint8_t frame[FRAMES_MAX];
	uint32_t len = good(frame);

	expect_raw(frame, 13, COUNT_drop_eth_short);
	expect_byte(12, 0x86, COUNT_drop_eth_type);
	bytes_put16(frame + 12, ETH_TYPE_VLAN);
	expect_raw(frame, len, COUNT_drop_vlan);
	len = good_arp(frame, FRAMES_OURS);
	expect_raw(frame, len - 1, COUNT_drop_arp_malformed);
	frame[ETH_BYTES + 8] |= 1;
	expect_raw(frame, len, COUNT_drop_arp_sender);
	len = good_arp(frame, FRAMES_OURS + 100);
	expect_raw(frame, len, COUNT_drop_arp_other);
}

static void ip_drops(void)
{
	uint8_t frame[FRAMES_MAX];
	uint32_t len = good(frame);

	expect_raw(frame, ETH_BYTES + 19, COUNT_drop_ip_short);
	expect_raw(frame, len - 1, COUNT_drop_ip_total_length);
	expect_byte(IP, 0x65, COUNT_drop_ip_version);
	frame[IP] = 0x44;
	expect_raw(frame, len, COUNT_drop_ip_header_length);
	good(frame);
	frame[IP + 10] ^= 1;
	expect_raw(frame, len, COUNT_drop_ip_csum);
	expect_byte(IP + 6, 0x20, COUNT_drop_ip_fragment);
	expect_byte(IP + 12, 127, COUNT_drop_ip_source);
	expect_byte(IP + 15, 1, COUNT_drop_ip_source);   /* our own address */
	expect_byte(IP + 15, 255, COUNT_drop_ip_source); /* the subnet's broadcast */
	expect_byte(IP + 19, 255, COUNT_drop_ip_destination);
	expect_byte(IP + 16, 224, COUNT_drop_ip_destination);
	expect_byte(IP + 9, 17, COUNT_drop_ip_protocol);

	/* To us alone by its IP address, to everybody by Ethernet's. */
	memset(frame, 0xff, 6);
	frame[IP + 10] ^= 1;
	expect_raw(frame, len, COUNT_drop_ip_destination);
}

static void ip_option_drops(void)
{
	uint8_t frame[FRAMES_MAX];
	uint32_t len = good(frame);

	/* The first word of TCP becomes an option. */
	frame[IP] = 0x46;
	memcpy(frame + TCP, (uint8_t[]){ 131, 4, 4, 0 }, 4);
	frames_mend_ip(frame);
	expect_raw(frame, len, COUNT_drop_ip_source_route);
	memcpy(frame + TCP, (uint8_t[]){ 7, 9, 4, 0 }, 4);
	frames_mend_ip(frame);
	expect_raw(frame, len, COUNT_drop_ip_option_length);
}

static void icmp_drops(void)
{
	uint8_t frame[FRAMES_MAX], quote[28] = { 0x45 };
	uint32_t len = frames_icmp(frame, ICMP_ECHO, 0, "ping", 4);

	frame[TCP + 9] ^= 1;
	expect_raw(frame, len, COUNT_drop_icmp_csum);
	len = frames_icmp(frame, 13, 0, "what time is it?", 16);
	expect_raw(frame, len, COUNT_drop_icmp_type);
	len = frames_icmp(frame, ICMP_SOURCE_QUENCH, 0, quote, 28);
	expect_raw(frame, len, COUNT_drop_icmp_quench);
	len = frames_icmp(frame, ICMP_UNREACHABLE, 1, quote, 27);
	expect_raw(frame, len, COUNT_drop_icmp_malformed);
	quote[9] = IP_PROTOCOL_TCP;
	len = frames_icmp(frame, ICMP_UNREACHABLE, 1, quote, 28);
	expect_raw(frame, len, COUNT_drop_icmp_no_connection);
	bytes_put32(quote + 12, FRAMES_OURS);
	len = frames_icmp(frame, ICMP_UNREACHABLE, 1, quote, 28);
	expect_raw(frame, len, COUNT_drop_icmp_no_connection);
}

static void tcp_drops(void)
{
	uint8_t frame[FRAMES_MAX];
	uint32_t len = good(frame);

	frame[len - 1] ^= 1;
	expect_raw(frame, len, COUNT_drop_tcp_csum);
	good(frame);
	bytes_put16(frame + IP + 2, IPV4_BYTES + 19);
	frames_mend_ip(frame);
	expect_raw(frame, len, COUNT_drop_tcp_short);
	expect_byte(TCP + 12, 0x40, COUNT_drop_tcp_data_offset);
	expect_byte(TCP + 23, 0, COUNT_drop_tcp_option_length);
	good(frame);
	bytes_put16(frame + TCP + 2, 0);
	frames_mend(frame);
	expect_raw(frame, len, COUNT_drop_tcp_port_zero);
}

static uint64_t drops_in_all(void)
{
	uint64_t sum = 0;

	for (unsigned id = 0; id < COUNTERS; id++)
		if (weir_counter_kind(id) == WEIR_COUNT_DROP)
			sum += stand_count((enum counter)id);
	return sum;
}

Test(drops, each_has_its_name_and_they_add_up)
{
	uint8_t frame[FRAMES_MAX];

	stand_up();
	link_drops();
	ip_drops();
	ip_option_drops();
	icmp_drops();
	tcp_drops();
	uint64_t dropped = drops_in_all();

	cr_assert_eq(dropped, stand_count(COUNT_frames_in));
	cr_assert_eq(stand_drain(), 0, "none of these is answered");

	/* And one that is used, one that is somebody else's, one that TCP itself drops. */
	uint32_t len = frames_icmp(frame, ICMP_ECHO, 0, "ping", 4);

	stand_give(frame, len);
	len = good(frame);
	frame[5] ^= 1;
	stand_give(frame, len);
	good(frame);
	stand_give(frame, len);
	cr_assert_eq(stand_count(COUNT_drop_closed_port), 1);
	cr_assert_eq(stand_count(COUNT_frames_accepted), 1);
	cr_assert_eq(stand_count(COUNT_frames_not_mine), 1);
	cr_assert_eq(drops_in_all(), dropped + 1);
	cr_assert_eq(stand_count(COUNT_frames_in), dropped + 3);
	stand_down();
}

Test(drops, a_burst_of_everything_adds_up)
{
	struct rte_mbuf *frames[200];
	struct rng rng = { 11 };
	unsigned n = 0;

	stand_up();
	cr_assert_geq(weir_listen(stand.core, (struct weir_endpoint){ .port = 80 }, 0), 0);
	for (unsigned round = 0; round < 100; round++) {
		for (n = 0; n < 200; n++) {
			struct seg seg = frames_random_seg(&rng);
			uint8_t frame[FRAMES_MAX];

			seg.tuple.lport = (uint16_t)(80 + rng_below(&rng, 2));
			uint32_t len = frames_tcp(frame, &seg), at = rng_below(&rng, len);

			if (rng_below(&rng, 2) == 0)
				frame[at] = (uint8_t)rng_u64(&rng);
			if (rng_below(&rng, 8) == 0)
				len = 1 + rng_below(&rng, len);
			frames[n] = stand_chain(frame, len,
						rng_below(&rng, 2) ? len : 1 + rng_below(&rng, len), 64);
		}
		unsigned done = 0;

		while (done < n) {
			done += weir_input(stand.core, frames + done, n - done, stand.now_ns, NULL);
			stand_drain();
		}
		cr_assert_eq(stand_count(COUNT_frames_in), stand_count(COUNT_frames_accepted) +
								   stand_count(COUNT_frames_not_mine) +
								   drops_in_all());
	}
	cr_assert_eq(stand_count(COUNT_frames_in), 20000);
	/* Until the last half-open connection has given up. */
	for (unsigned i = 0; i < 300; i++) {
		stand_pass(1000000000);
		stand_drain();
	}
	stand_down();
}
