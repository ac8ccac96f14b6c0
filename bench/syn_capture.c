/* SPDX-License-Identifier: BSD-3-Clause */
#include "syn_capture.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <pcap/pcap.h>

#include "base/rng.h"
#include "bench.h"
#include "wire/build.h"

#define FIRST_CLIENT 0xc6120001u /* 198.18.0.1 */
#define FIRST_PORT 1024
#define SNAP_BYTES 65535

const struct eth_addr syn_capture_server_mac = { { 0x02, 'w', 'e', 'i', 'r', 0 } };
const struct eth_addr syn_capture_client_mac = { { 0x02, 'w', 'e', 'i', 'r', 1 } };

struct seg syn_capture_seg(bool is6, uint32_t i, struct pair *pair)
{
	const struct siphash_key any_key = { 0 };
	struct rng rng = { i };
	uint16_t port = (uint16_t)(FIRST_PORT + rng_below(&rng, UINT16_MAX + 1u - FIRST_PORT));

	*pair = (struct pair){ .local = syn_capture_address(is6, FIRST_CLIENT + i),
			       .remote = syn_capture_address(is6, SYN_CAPTURE_SERVER) };
	return (struct seg){
		.tuple = tuple_make(any_key, pair, port, SYN_CAPTURE_PORT),
		.seq = i * 2654435761u, /* odd: no two are the same */
		.tsval = (uint32_t)rng_u64(&rng),
		.wnd = 64240, /* ten segments and a bit less than 64 KiB, as Linux has it */
		.mss = is6 ? 1440 : 1460,
		.flags = SEG_SYN,
		.opts = SEG_OPT_MSS | SEG_OPT_SACK_OK | SEG_OPT_TS | SEG_OPT_WSCALE,
		.wscale = 7,
		.ttl = 64,
	};
}

unsigned syn_capture_frame(bool is6, uint8_t *frame, uint32_t i)
{
	struct pair pair;
	struct seg seg = syn_capture_seg(is6, i, &pair);
	unsigned bytes = build_headers(frame, &seg, &pair, &syn_capture_server_mac, &syn_capture_client_mac);

	build_csum(frame, &seg);
	return bytes;
}

static bool write_frames(pcap_dumper_t *dumper, bool is6)
{
	uint8_t frame[BUILD_HEADERS_MAX];

	for (uint32_t i = 0; i < SYN_CAPTURE_FRAMES; i++) {
		bpf_u_int32 bytes = syn_capture_frame(is6, frame, i);
		struct pcap_pkthdr header = { .ts = { .tv_usec = (suseconds_t)i },
					      .caplen = bytes,
					      .len = bytes };

		if (bytes != syn_capture_frame_bytes(is6)) {
			bench_note("a SYN has %u bytes and not %u", bytes, syn_capture_frame_bytes(is6));
			return false;
		}
		pcap_dump((u_char *)dumper, &header, frame);
	}
	if (pcap_dump_flush(dumper) == 0)
		return true;
	bench_note("no room for a capture: %s", strerror(errno));
	return false;
}

/* The stream closes a descriptor of its own. */
static bool write_file(int fd, bool is6)
{
	pcap_t *pcap = pcap_open_dead(DLT_EN10MB, SNAP_BYTES);
	FILE *file = fdopen(dup(fd), "wb");
	pcap_dumper_t *dumper = pcap != NULL && file != NULL ? pcap_dump_fopen(pcap, file) : NULL;
	bool written = dumper != NULL && write_frames(dumper, is6);

	if (dumper != NULL)
		pcap_dump_close(dumper);
	else
		bench_note("no capture can be written: %s", pcap != NULL ? pcap_geterr(pcap) : "no memory");
	if (pcap != NULL)
		pcap_close(pcap);
	return written;
}

int syn_capture_open(struct syn_capture *capture, bool is6)
{
	capture->is6 = is6;
	capture->fd = memfd_create("syn_capture", MFD_CLOEXEC);
	if (capture->fd < 0) {
		bench_note("no memory for a capture: %s", strerror(errno));
		return -1;
	}
	snprintf(capture->device, sizeof(capture->device), "net_pcap%d,rx_pcap=/proc/%d/fd/%d,infinite_rx=1",
		 is6, (int)getpid(), capture->fd);
	if (write_file(capture->fd, is6))
		return 0;
	syn_capture_close(capture);
	capture->fd = -1;
	return -1;
}

void syn_capture_close(struct syn_capture *capture)
{
	if (capture->fd >= 0)
		close(capture->fd);
}
