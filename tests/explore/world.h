/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * world.h - two TCPs, what their applications have done, the network between them, and the time.
 *
 * All that changes lies in one block of memory: struct world, then each end's tcp. A snapshot is a copy of
 * that block but for what can be left out (tables that nobody writes, the contents of an empty ring), and
 * putting it back is a copy to the same place. There is one world in a process.
 *
 * Time: `steps` of half a second, in which the limit of challenge ACKs counts too. All timers are looked at
 * on these steps alone, as a slow poll would; RTOs are a constant second, so that no round trip has to be
 * told from another. Within a step the clock of initial sequence numbers moves with each handshake.
 */
#ifndef WEIR_TESTS_WORLD_H
#define WEIR_TESTS_WORLD_H

#include "explore/payload_blocks.h"
#include "explore/scenarios.h"
#include "tcp/tcp_pvt.h"

#define WORLD_STEP_SHIFT 29 /* ns: 512 ticks */
#define WORLD_STEP_TICKS (1u << (WORLD_STEP_SHIFT - CLOCK_TICK_SHIFT))

#define FLIGHTS_MAX 8

/* Streams of an end, one for each SYN of its own, that are remembered. */
#define STREAMS 4

/*
 * Sequence numbers that a stream here may take, SYN and FIN included; less than a handshake moves the clock.
 */
#define STREAM_MAX 7

/* A stream that an end has offered by a SYN cookie, offers.h. */
struct offer {
	uint32_t iss, irs;
	uint32_t tsval;
	uint32_t step; /* when */
	bool known;    /* the other end has, or had, a record that counts from it */
	bool taken;    /* a connection has come of it */
	uint8_t reserved[2];
};

#define OFFERS_MAX 12

/* A segment on its way, as its sender saw it; the pair is there in both families. */
struct flight {
	struct seg seg;
	struct seg_side side;
	uint8_t bytes[BLOCK_BYTES];
};

struct app {
	weir_conn conn;
	uint8_t pc;      /* in its program */
	uint8_t written; /* bytes given to TCP */
	uint8_t read;    /* bytes had from it */
	uint8_t reason;  /* enum weir_reason, with ended */
	bool open;       /* conn is valid */
	bool fin;        /* the peer's FIN was reported */
	bool closing;    /* has called shutdown or close */
	bool closed;     /* has called close */
	bool ended;      /* the last connection's end was reported */
	uint8_t reserved[3];
};

struct world {
	uint32_t steps;      /* half seconds */
	uint32_t handshakes; /* each moves the clock of initial sequence numbers on */
	struct app apps[ENDS];
	struct {
		uint32_t iss[STREAMS]; /* where its streams began, the latest first */
		uint8_t incarnation;   /* counts them */
		bool known;            /* the other end has, or had, a record that counts from iss[0] */
		bool listening;
		int listener;
		uint32_t time_wait_since;        /* step; while in TIME-WAIT */
		struct offer offers[OFFERS_MAX]; /* the oldest first */
		uint8_t offers_count;
	} ends[ENDS];
	uint8_t drops, dups, delays, aborts[ENDS]; /* left */
	uint8_t olds;                              /* not yet seen */
	bool provoked; /* somebody has aborted, given up or closed on unread data: a RST is no surprise */
	uint8_t flights_count[ENDS]; /* towards this end */
	struct flight flights[ENDS][FLIGHTS_MAX];
	struct blocks blocks;
};

/* The one world, and what does not change in it. */
extern struct world *world;
extern struct tcp *world_tcp[ENDS];
extern struct counters world_counters[ENDS];
extern const struct scenario *world_scenario;

/* Builds the scenario's first state, in one of the families. Frees what was there before. */
void world_create(const struct scenario *scenario, bool is6);

uint64_t world_now(unsigned end);
uint32_t world_tick(unsigned end);

/* A stream of `end` begins at this number. known: see above. */
void world_note_stream(unsigned end, uint32_t iss, bool known);

/* The server answers SYNs so from now on. */
int world_defend(unsigned end, enum weir_defence_mode mode);

/* The addresses of the connection as `end` sees them, and what it calls it. */
struct pair world_pair(unsigned end);
struct tuple world_tuple(unsigned end);

/* A snapshot's size, and to and from one. */
size_t world_bytes(void);
void world_save(uint8_t *image);
void world_load(const uint8_t *image);

/* What an end holds for the connection: one record at most, and TIME-WAIT's behind a half-open one. */
struct view {
	enum weir_state state; /* LISTEN and CLOSED: none of these */
	struct tcb *tcb;
	struct half_open *half;
	struct time_wait *wait;
	unsigned records;
	/* One of them has another tuple than the connection's, or its name, and other addresses. */
	bool misnamed;
	uint32_t snd_una, snd_nxt; /* if state is ESTABLISHED or beyond */
	uint32_t rcv_nxt;          /* if it is SYN-RECEIVED or beyond */
};

struct view world_view(unsigned end);

/* ESTABLISHED and beyond. */
bool view_synchronized(const struct view *view);

/* The sending of a byte, for position 0 to 15 of the incarnation's stream. */
uint8_t world_byte(unsigned end, unsigned incarnation, unsigned position);

/*
 * Steps until the first timer of either end is due; UINT32_MAX: none runs. Read from the records themselves,
 * so that what the wheel says can be checked.
 */
uint32_t world_wait(void);

#endif
