/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * session.h - a run from its first packet to its last: telling each second, ending in order.
 *
 * It ends when its time is over, at SIGINT or SIGTERM, when an application cannot go on, or when nobody
 * reads the output any more. Then the sides are drained one after the other, clients first: nothing new
 * is opened, what is open comes to its end; what has not after DRAIN is aborted. A second signal skips
 * all that. SIGHUP has the file of --cookie-key read again, and is nothing special without it.
 */
#ifndef WEIR_APP_SESSION_H
#define WEIR_APP_SESSION_H

#include "cookie_key.h"
#include "options.h"
#include "output.h"
#include "side.h"

#define SESSION_SIDES_MAX OUTPUT_SIDES_MAX

struct session {
	const struct options *options;
	struct weir_runtime *runtime;
	struct side sides[SESSION_SIDES_MAX]; /* in the order in which they are drained */
	unsigned sides_count;
	struct output output;
	struct cookie_key_offer key; /* of --cookie-key: the first by command.c, others at SIGHUP */
};

#define SESSION_ERROR_MAX SIDE_ERROR_MAX

/*
 * Before EAL is started: a signal that comes before the run begins waits for that, so that files of EAL's are
 * not left behind.
 */
void session_hold_signals(void);

/*
 * Runs until the end and prints. The sides have their shards and the runtime is not yet started. Returns 0,
 * or a negative errno with one line when it could not be started. *failed: some check of the run failed, and
 * a line on standard error said so.
 */
int session_run(struct session *session, const struct layout *layout, bool *failed,
		char error[SESSION_ERROR_MAX]);

#endif
