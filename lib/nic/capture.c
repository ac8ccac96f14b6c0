/* SPDX-License-Identifier: BSD-3-Clause */
/* librte_pcapng was stable in fact, though not in name, until DPDK 23.11 promoted it. */
#define ALLOW_EXPERIMENTAL_API

#include "nic/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_ip.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>
#include <rte_pcapng.h>
#include <rte_ring.h>
#include <rte_tcp.h>

#include "base/clock.h"

/*
 * A ring of 16 Ki frames covers 16 ms of a million frames a second, longer than a write to a file
 * system's cache takes. Jumbo frames get fewer, within the same memory.
 */
#define RING_FRAMES 16384u
#define POOL_BYTES (48u << 20)
#define POOL_CACHE 128u
#define WRITE_FRAMES 256 /* at once; within IOV_MAX */
#define WRITE_ROUNDS 16  /* at most in one capture_write() */

struct capture {
	struct rte_mempool *pool;
	struct rte_ring *ring;
	rte_pcapng_t *file; /* NULL before capture_begin() */
	int fd;
	int error; /* negative errno of the first failure */
	struct capture_clock clock;
};

/* The header of a pcapng enhanced packet block, as rte_pcapng_copy() leaves it before the frame. */
struct packet_block {
	uint32_t type, length, interface;
	uint32_t timestamp_high, timestamp_low;
	uint32_t captured_length, original_length;
};

static int take_memory(struct capture *capture, uint32_t max_frame)
{
	uint32_t room = RTE_PKTMBUF_HEADROOM + rte_pcapng_mbuf_size(max_frame);
	uint32_t frames = RING_FRAMES;
	char name[RTE_MEMPOOL_NAMESIZE];

	while (frames * room > POOL_BYTES)
		frames /= 2;
	snprintf(name, sizeof(name), "capture%p", (void *)capture);
	/* What is stuck in the caches of lcores must not be missing in the ring. */
	capture->pool = rte_pktmbuf_pool_create(name, frames + rte_lcore_count() * POOL_CACHE * 3 / 2,
						POOL_CACHE, 0, (uint16_t)RTE_MIN(room, (uint32_t)UINT16_MAX),
						SOCKET_ID_ANY);
	if (capture->pool == NULL)
		return -rte_errno;
	capture->ring = rte_ring_create(name, frames, SOCKET_ID_ANY, RING_F_SC_DEQ);
	return capture->ring != NULL ? 0 : -rte_errno;
}

struct capture *capture_open(const char *path, struct why *why)
{
	struct capture *capture = calloc(1, sizeof(*capture));

	if (capture == NULL) {
		why_set(why, -ENOMEM, "capture: out of memory");
		rte_errno = ENOMEM;
		return NULL;
	}
	capture->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (capture->fd < 0) {
		rte_errno = errno;
		why_set(why, -errno, "cannot write the capture to '%s': %s", path, strerror(errno));
		free(capture);
		return NULL;
	}
	return capture;
}

static int write_header(struct capture *capture)
{
	char system[2 * sizeof(((struct utsname *)NULL)->release)] = "";
	struct utsname os;

	if (uname(&os) == 0)
		snprintf(system, sizeof(system), "%s %s", os.sysname, os.release);
	/* Its reason is that of the write() in it, or ENOMEM, in errno both. */
	errno = EIO;
	capture->file = rte_pcapng_fdopen(capture->fd, system, NULL, "weir", NULL);
	return capture->file != NULL ? 0 : -errno;
}

int capture_begin(struct capture *capture, uint32_t max_frame, const struct capture_clock *clock,
		  struct why *why)
{
	int error = take_memory(capture, max_frame);

	capture->clock = *clock;
	if (error != 0)
		return why_set(why, error, "no memory for the capture (%s): give EAL %u MB more (-m)",
			       rte_strerror(-error), POOL_BYTES >> 20);
	error = write_header(capture);
	if (error != 0)
		return why_set(why, error, "cannot begin the capture: %s", rte_strerror(-error));
	return 0;
}

static uint64_t time_of(const struct capture *capture, uint64_t tsc)
{
	unsigned __int128 cycles = tsc - capture->clock.tsc;

	return capture->clock.wall_ns + (uint64_t)(cycles * CLOCK_NS_PER_S / capture->clock.hz);
}

/* Does what the frame's flags ask the port to do, so that the copy is what will be on the wire. */
static void complete_checksums(struct rte_mbuf *m)
{
	struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, m->l2_len);
	struct rte_tcp_hdr *tcp = (struct rte_tcp_hdr *)((uint8_t *)ip + m->l3_len);

	if ((m->ol_flags & RTE_MBUF_F_TX_L4_MASK) == RTE_MBUF_F_TX_TCP_CKSUM) {
		tcp->cksum = 0;
		tcp->cksum = rte_ipv4_udptcp_cksum_mbuf(m, ip, (uint16_t)(m->l2_len + m->l3_len));
	}
	if ((m->ol_flags & RTE_MBUF_F_TX_IP_CKSUM) != 0) {
		ip->hdr_checksum = 0;
		ip->hdr_checksum = rte_ipv4_cksum(ip);
	}
	m->ol_flags &= ~(RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_L4_MASK | RTE_MBUF_F_TX_IPV4);
}

/*
 * rte_pcapng_copy() turns cycles into time by statics that it sets at its first call and moves on whenever a
 * second has passed, on whichever lcore calls. Two at a time, or cycles older than the statics, and every
 * later time stamp is wrong by centuries. So its stamp is written over.
 */
static struct rte_mbuf *copy_frame(struct capture *capture, uint16_t port, uint16_t queue,
				   struct rte_mbuf *frame, enum capture_direction direction, uint64_t tsc)
{
	enum rte_pcapng_direction flag = direction == CAPTURE_IN ? RTE_PCAPNG_DIRECTION_IN :
								   RTE_PCAPNG_DIRECTION_OUT;
	struct rte_mbuf *copy = rte_pcapng_copy(port, queue, frame, capture->pool, UINT32_MAX, tsc, flag);
	uint64_t time_ns = time_of(capture, tsc);
	struct packet_block *block;

	if (copy == NULL)
		return NULL;
	block = rte_pktmbuf_mtod(copy, struct packet_block *);
	block->timestamp_high = (uint32_t)(time_ns >> 32);
	block->timestamp_low = (uint32_t)time_ns;
	return copy;
}

uint16_t capture_frames(struct capture *capture, uint16_t port, uint16_t queue,
			struct rte_mbuf *const *frames, uint16_t n, enum capture_direction direction)
{
	uint64_t tsc = rte_rdtsc();
	uint16_t recorded = 0;

	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *copy;

		if (direction == CAPTURE_OUT && (frames[i]->ol_flags & RTE_MBUF_F_TX_OFFLOAD_MASK) != 0)
			complete_checksums(frames[i]);
		copy = copy_frame(capture, port, queue, frames[i], direction, tsc);
		if (copy == NULL)
			continue;
		if (rte_ring_mp_enqueue(capture->ring, copy) == 0)
			recorded++;
		else
			rte_pktmbuf_free(copy);
	}
	return recorded;
}

unsigned capture_room(const struct capture *capture)
{
	return rte_ring_free_count(capture->ring);
}

static uint64_t bytes_of(struct rte_mbuf *const *copies, unsigned n)
{
	uint64_t bytes = 0;

	for (unsigned i = 0; i < n; i++)
		bytes += copies[i]->pkt_len;
	return bytes;
}

/* After a failure nothing more is written: half a block in the middle would make the rest unreadable. */
static void write_copies(struct capture *capture, struct rte_mbuf **copies, unsigned n)
{
	ssize_t written;

	if (capture->error == 0) {
		written = rte_pcapng_write_packets(capture->file, copies, (uint16_t)n);
		if (written < 0)
			capture->error = -rte_errno;
		else if ((uint64_t)written < bytes_of(copies, n))
			capture->error = -ENOSPC;
	}
	/* Its header says that these are freed; its code leaves them to the caller. */
	rte_pktmbuf_free_bulk(copies, n);
}

int capture_write(struct capture *capture)
{
	struct rte_mbuf *copies[WRITE_FRAMES];
	unsigned n, written = 0;

	for (int round = 0; round < WRITE_ROUNDS; round++) {
		n = rte_ring_sc_dequeue_burst(capture->ring, (void **)copies, WRITE_FRAMES, NULL);
		if (n == 0)
			break;
		write_copies(capture, copies, n);
		written += n;
	}
	return capture->error != 0 ? capture->error : (int)written;
}

int capture_close(struct capture *capture)
{
	int error;

	while (capture->ring != NULL && !rte_ring_empty(capture->ring))
		capture_write(capture);
	error = capture->error;
	if (capture->file != NULL)
		rte_pcapng_close(capture->file);
	else
		close(capture->fd);
	rte_ring_free(capture->ring);
	rte_mempool_free(capture->pool);
	free(capture);
	return error;
}
