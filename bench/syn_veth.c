/* SPDX-License-Identifier: BSD-3-Clause */
#include "syn_veth.h"

#include <stddef.h>
#include <time.h>

#include "bench.h"
#include "cookie_server.h"
#include "veth.h"

#define NS_PER_S 1e9
#define TURN_NS 500000000u
#define MEGA 1e6

/* A ring as large as that of a NIC. */
#define DEVICE "net_af_packet0,iface=" VETH_SERVER_INTERFACE ",framesz=2048,framecnt=4096,blocksz=65536"

struct side {
	double answers[BENCH_TURNS], arrivals[BENCH_TURNS]; /* a second */
};

static double now_s(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / NS_PER_S;
}

/* One turn of weir's loop, or of a Linux that needs nobody for it (NULL). */
static int take_turn(const struct veth *veth, struct cookie_server *server, struct side *side, unsigned i)
{
	const struct timespec turn = { .tv_nsec = TURN_NS };
	struct veth_counts before, after;
	double begin, seconds;

	if (veth_counts(veth, &before) != 0)
		return -1;
	begin = now_s();
	if (server != NULL)
		cookie_server_run(server, TURN_NS);
	else
		nanosleep(&turn, NULL);
	seconds = now_s() - begin;
	if (veth_counts(veth, &after) != 0)
		return -1;
	side->answers[i] = (double)(after.sent - before.sent) / seconds;
	side->arrivals[i] = (double)(after.received - before.received) / seconds;
	return 0;
}

/* All turns of a side, after one that does not count. */
static int take_turns(struct veth *veth, struct cookie_server *server, struct side *side)
{
	int rc;

	veth_flood_begin(veth);
	rc = take_turn(veth, server, side, 0);
	for (unsigned i = 0; i < BENCH_TURNS && rc == 0; i++)
		rc = take_turn(veth, server, side, i);
	veth_flood_end(veth);
	return rc;
}

static int measure_linux(struct veth *veth, struct side *side)
{
	int rc = veth_linux_begin(veth);

	if (rc != 0)
		return rc;
	rc = take_turns(veth, NULL, side);
	veth_linux_end(veth);
	return rc;
}

static int measure_weir(struct veth *veth, struct side *side)
{
	struct cookie_server *server;
	int rc;

	veth_enter(veth);
	server = cookie_server_create(DEVICE, false);
	veth_leave(veth);
	if (server == NULL)
		return -1;
	rc = take_turns(veth, server, side);
	if (cookie_server_destroy(server) == 0)
		return rc;
	bench_note("veth: buffers are missing");
	return -1;
}

static void tell(struct side *weir, struct side *linux_side)
{
	double ours = bench_median(weir->answers, BENCH_TURNS);
	double theirs = bench_median(linux_side->answers, BENCH_TURNS);

	bench_note("veth: %.2f Mpps came to weir, %.2f to Linux",
		   bench_median(weir->arrivals, BENCH_TURNS) / MEGA,
		   bench_median(linux_side->arrivals, BENCH_TURNS) / MEGA);
	bench_row(&(struct bench_row){
		.bench = "syn_cookie",
		.which = "over a veth, for context",
		.value = ours / MEGA,
		.unit = "Mpps",
		.reference = "Linux, tcp_syncookies=2",
		.reference_value = theirs / MEGA,
		.ratio = ours / theirs,
	});
}

int syn_veth(void)
{
	struct side weir, linux_side;
	struct veth veth;
	int rc = 0;

	if (veth_open(&veth) == 0) {
		rc = measure_linux(&veth, &linux_side);
		if (rc == 0)
			rc = measure_weir(&veth, &weir);
		if (rc == 0)
			tell(&weir, &linux_side);
	}
	veth_close(&veth);
	return rc;
}
