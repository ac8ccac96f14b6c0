/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * goodput_stage.h - a server, its legitimate clients and an attacker, on one core and one timeline.
 *
 * Time is virtual, and the server's cycles are real: each of its turns moves its clock by what the turn
 * cost, and when it has nothing to do its clock jumps to whatever comes next. The clients and the attacker
 * work on the same timeline, but in no time. So the server can be driven past its capacity on a machine
 * that has a single core, and nothing but its own code decides where that is.
 *
 *     attacker -- a SYN each period, exactly --------.
 *                                                     > NIC's descriptors -- server
 *     clients  -- wire, 5-15 us --------------------'                         |
 *        `------- wire, 5-15 us ----------------------------------------------'   (answers to forged
 *                                                                                  addresses end here)
 *
 * A forged address answers nothing, as is usual in such floods. ARP goes the same way as everything else.
 *
 * One thread, which must be an lcore.
 */
#ifndef WEIR_BENCH_GOODPUT_STAGE_H
#define WEIR_BENCH_GOODPUT_STAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "goodput_clients.h"
#include "weir.h"

struct goodput_stage;

/* All of one family. NULL after a note that says why. */
struct goodput_stage *goodput_stage_create(enum weir_defence_mode mode, bool is6);

/* SYNs per second from now on; 0: none. */
void goodput_stage_flood(struct goodput_stage *stage, double per_s);

/* New connections per second from now on; 0: none. */
void goodput_stage_clients(struct goodput_stage *stage, double per_s);

/* For so long. */
void goodput_stage_run(struct goodput_stage *stage, double ns);

/* Until the next `count` connections have come to their ends; what became of them. */
const struct goodput_result *goodput_stage_measure(struct goodput_stage *stage, uint64_t count);

/* Until the server answers by cookies no more, `most_ns` at most. How long that took. */
double goodput_stage_calm(struct goodput_stage *stage, double most_ns);

struct goodput_counts {
	double now_ns, busy_ns; /* the server's clock; of that, what it worked */
	uint64_t flooded;       /* SYNs of the attacker, of which some were missed */
	uint64_t missed;        /* frames that found no descriptor */
	uint64_t received;      /* frames that the server took in */
	uint64_t cookies;       /* that it sent */
	uint32_t half_open_max;
	uint64_t turns, interrupted, cut; /* see turn_cost.h */
	double longest_us;
};

void goodput_stage_counts(const struct goodput_stage *stage, struct goodput_counts *counts);

/*
 * Lets what is under way end, checks what must hold whatever comes (the bound on half-open records, memory,
 * the balance of buffers) and takes all down. False after a note that says what did not hold.
 */
bool goodput_stage_destroy(struct goodput_stage *stage);

#endif
