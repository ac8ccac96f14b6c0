/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * weir_runtime.h - the second layer of libweir's interface, the runtime: ports, lcores, and one call that
 * runs them. Programs include weir.h, which brings it, and says what holds for both layers: threads, time,
 * byte order, errors. EAL must have been initialised.
 *
 * From weir_runtime_start() to weir_runtime_destroy() its counters can be read from outside, where EAL has
 * its telemetry socket: commands /weir/list, /weir/stats, /weir/counters, /weir/loops and /weir/ports.
 */
#ifndef WEIR_RUNTIME_H
#define WEIR_RUNTIME_H

#include "weir.h"

#ifdef __cplusplus
extern "C" {
#endif

struct weir_runtime;

#define WEIR_PORT_QUEUES_MAX WEIR_SHARDS_MAX

/* How a port's frames are held to come by its queues: the habit that its shards reckon with. */
enum weir_port_rss {
	/* TOEPLITZ where key and table could be read back from the driver; else what its driver does. */
	WEIR_PORT_RSS_AUTO,
	WEIR_PORT_RSS_ANY,
	WEIR_PORT_RSS_FLOW,
	/* By weir_port_config.rss_key, and a table of queues in turn, as far as the driver does not say. */
	WEIR_PORT_RSS_TOEPLITZ,
};

struct weir_port_config {
	const char *device; /* PCI address or vdev string, e.g. "0000:3b:00.0", "net_tap0,iface=t0" */
	uint16_t rx_descriptors, tx_descriptors; /* 0: the driver's preference */
	uint16_t mtu;
	bool software_checksums; /* ignore the port's offloads (captures, comparisons) */
	bool vlan;       /* of shards with weir_config.vlan: tags are the port's work where it offers that */
	uint16_t queues; /* of each direction, WEIR_PORT_QUEUES_MAX at most: each takes a shard; 0: one */
	enum weir_port_rss rss;
	/*
	 * Of Toeplitz: the driver is asked to hash by it, and what it hashes by then is what counts. NULL:
	 * one that is symmetric, where the driver takes it.
	 */
	const uint8_t *rss_key;
	uint8_t rss_key_bytes; /* 40..WEIR_RSS_KEY_MAX, as long as the driver's */
};

/*
 * What the application does with each burst. Called on the core's lcore once per round with the
 * events of that round (n may be 0: time passes for the application too), again when there are more
 * than fit one call. It may call everything of the shard layer but weir_input(), weir_events() and
 * weir_output().
 */
typedef void (*weir_app_fn)(struct weir_core *core, const struct weir_event *events, unsigned n,
			    uint64_t now_ns, void *arg);

/*
 * For programs that send what no TCP would, such as a flood: called in each round on the core's lcore, after
 * the shard's own frames have gone, and again while it fills max. Writes up to max frames, whole, to be sent
 * as they are, and returns how many; frames belong to the shard's pool (weir_shard_config.mbufs has room for
 * them) or to one of the application's. Not called while the transmit ring is full.
 */
typedef unsigned (*weir_source_fn)(struct weir_core *core, struct rte_mbuf **mbufs, unsigned max,
				   uint64_t now_ns, void *arg);

/*
 * The other way, for answers to what a source sent: sees what a round received before the shard does. Takes
 * the frames that it wants, which are the application's then, moves the others to the front, in their order,
 * and returns how many those are. What it takes is on none of the shard's counters, nor is what a source
 * sends.
 */
typedef unsigned (*weir_sink_fn)(struct weir_core *core, struct rte_mbuf **mbufs, unsigned n, void *arg);

/*
 * When the application wants to be called next though nothing comes, ns; UINT64_MAX, or a time that has
 * passed: it has no plans. Asked for by a loop that is about to rest. Without one an application may be
 * called a millisecond late then.
 */
typedef uint64_t (*weir_due_fn)(const void *arg);

struct weir_shard_config {
	struct weir_config config; /* mac 0: the port's; offloads, rss and pool are filled in */
	int lcore;                 /* -1: chosen near the port. Shards may share an lcore: they take turns */
	weir_app_fn app;
	weir_source_fn source; /* NULL: none */
	weir_sink_fn sink;     /* NULL: none */
	weir_due_fn due;       /* NULL: none */
	void *arg;             /* of all four */
	uint32_t mbufs; /* of the shard's pool; 0: derived from the configuration, 96 MB at most for a port */
};

WEIR_API struct weir_runtime *weir_runtime_create(void); /* NULL: rte_errno */

/*
 * One line for a person about the last call that failed: what is wrong and what to do. Empty if none
 * did. Valid until the next call.
 */
WEIR_API const char *weir_runtime_error(const struct weir_runtime *rt);

/* What an lcore does while nothing comes. */
enum weir_rest {
	/*
	 * As below where all its ports are virtual devices
	 * (vdev: memory, interfaces of the kernel); spins on NICs.
	 */
	WEIR_REST_AUTO,
	WEIR_REST_NEVER, /* spins; others who want its CPU go first while it is idle */
	/*
	 * Sleeps: until a frame comes, where the driver has interrupts; else for 0.1 ms at most, an eighth of
	 * the time that it has been quiet, so that a frame may have to wait as long. A NIC may then lose the
	 * first frames of a flood. Never beyond the next timer, or weir_due_fn's time.
	 */
	WEIR_REST_ALWAYS,
};

/* Before ports are opened; else AUTO holds. 0, -EBUSY (there is one already) or -EINVAL. */
WEIR_API int weir_runtime_rest(struct weir_runtime *rt, enum weir_rest rest);

/* Opens a device. Returns a port number of the runtime, or -ENODEV, -ENOTSUP, -ENOMEM, -EPERM, ... */
WEIR_API int weir_runtime_port(struct weir_runtime *rt, const struct weir_port_config *config);

/* What a port turned out to be. */
struct weir_port_info {
	char device[64];
	uint8_t mac[6];
	uint16_t mtu;
	int socket;        /* NUMA node, -1: any */
	unsigned offloads; /* WEIR_OFFLOAD_ bits in use */
	bool link_up;
	uint16_t queues;
	enum weir_rss_habit rss; /* of several queues: what shards were told; as FLOW, if it was not so */
	char driver[32];         /* "net_tap", "mlx5_pci" */
};

/* 0 or -EINVAL. */
WEIR_API int weir_runtime_port_info(struct weir_runtime *rt, int port, struct weir_port_info *info);

/* Frames that the port itself lost, before weir saw them. */
struct weir_port_stats {
	uint64_t rx_missed;  /* its queue was full */
	uint64_t rx_errors;  /* broken on the wire */
	uint64_t rx_no_mbuf; /* the pool had no buffer */
	uint64_t tx_errors;
};

/* 0 or a negative errno. The main thread. */
WEIR_API int weir_runtime_port_stats(struct weir_runtime *rt, int port, struct weir_port_stats *stats);

/* Makes a wire in memory: two ports, joined back to back over rte_rings. 0 or a negative errno. */
WEIR_API int weir_runtime_wire(struct weir_runtime *rt, int ports[2]);

#define WEIR_WIRE_QUEUES_MAX 16

/* The same with several queues: queue i of one end is joined to queue i of the other. */
WEIR_API int weir_runtime_wire_queues(struct weir_runtime *rt, uint16_t queues, int ports[2]);

/*
 * Puts a shard on a port's next queue. Returns its number, or a negative errno: -EBUSY when all queues
 * have one. Shards of one port have its addresses in common: their ranges, mac and gateways are the same.
 */
WEIR_API int weir_runtime_shard(struct weir_runtime *rt, int port, const struct weir_shard_config *config);

/* The lcore of a shard, or -EINVAL. */
WEIR_API int weir_runtime_lcore(struct weir_runtime *rt, int shard);

/* The core of a shard, to read counters from or to call before weir_runtime_start(). */
WEIR_API struct weir_core *weir_runtime_core(struct weir_runtime *rt, int shard);

/*
 * Records every frame of every port into a pcapng file. Before weir_runtime_start(). A frame on a wire in
 * memory is recorded once, by the port that sends it. Recording slows loops down before it loses
 * frames, as long as the main thread keeps calling weir_runtime_poll(). 0 or a negative errno.
 */
WEIR_API int weir_runtime_capture(struct weir_runtime *rt, const char *path);

/*
 * Starts the loops. Those of the main lcore run within weir_runtime_poll(). 0 or a negative errno: -EINVAL
 * where a port has shards, but not on all of its queues. Ports without any are left alone.
 */
WEIR_API int weir_runtime_start(struct weir_runtime *rt);

/*
 * Lets the calling (main) thread do its part until until_ns on weir_now_ns()'s clock or until
 * weir_runtime_stop(): the shards of the main lcore (a turn each at least), the capture's writing; it sleeps
 * if it has neither.
 * Returns false once stopped.
 */
WEIR_API bool weir_runtime_poll(struct weir_runtime *rt, uint64_t until_ns);

/* Ends the loops after their present burst. May be called from a signal handler. */
WEIR_API void weir_runtime_stop(struct weir_runtime *rt);

/*
 * Waits for the lcores; then no loop runs and cores may be read, or destroyed. Tells by weir_runtime_error()
 * of a capture that could not be written to its end.
 */
WEIR_API void weir_runtime_join(struct weir_runtime *rt);

struct weir_loop_stats {
	uint64_t busy_cycles, idle_cycles; /* TSC cycles in rounds with and without work */
	uint64_t rounds;
	/* Frames given up because the shard's output and the transmit ring stayed full. */
	uint64_t rx_kept_drops;
	uint64_t tx_backlog_drops; /* frames given up because the transmit ring stayed full */
	uint64_t capture_drops;    /* frames that are missing in the capture */
	uint64_t handover_drops;   /* frames of another shard, whose ring was full */
};

/* Any thread. */
WEIR_API void weir_runtime_loop_stats(struct weir_runtime *rt, int shard, struct weir_loop_stats *stats);

/*
 * Stops capture, destroys cores, closes ports. Returns how many mbufs did not come back to their pools: 0
 * unless somebody still holds some, whose pool then stays. (Not counted behind net_af_xdp, and net_memif with
 * zero-copy: these drivers forget the buffers in their rings.)
 */
WEIR_API unsigned weir_runtime_destroy(struct weir_runtime *rt);

/* The clock that the runtime's loops use, ns since an arbitrary start. Any thread. */
WEIR_API uint64_t weir_now_ns(void);

#ifdef __cplusplus
}
#endif

#endif
