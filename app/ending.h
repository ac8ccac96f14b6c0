/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ending.h - how an application ends a connection, when the stack may say "not now".
 *
 * weir_close() and weir_abort() take a place in the stack's output and answer -EAGAIN while there is
 * none. What was decided must be remembered then and tried again, or the connection would stay for good.
 */
#ifndef WEIR_APP_ENDING_H
#define WEIR_APP_ENDING_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#include "tally.h"
#include "weir.h"

struct ending {
	bool wanted;   /* not done yet */
	bool reset;    /* by weir_abort(), else weir_close() */
	uint64_t *why; /* what to count once it was aborted; may be NULL */
};

/* True when nothing is left to do; false: call it again later. */
static inline bool ending_try(struct ending *ending, struct weir_core *core, weir_conn conn)
{
	int rc = ending->reset ? weir_abort(core, conn) : weir_close(core, conn);

	ending->wanted = rc == -EAGAIN;
	/*
	 * A connection that had ended by itself in the meantime is counted by the stack, under its own
	 * reason.
	 */
	if (rc == 0 && ending->why != NULL)
		tally_add(ending->why, 1);
	return !ending->wanted;
}

/*
 * A send was refused with rc. True if somebody has to ask again: nothing is on its way whose
 * acknowledgement would bring WEIR_EV_SENT.
 */
static inline bool sending_needs_retry(const struct weir_core *core, weir_conn conn, int rc)
{
	struct weir_info info;

	if (rc == -ENOMEM)
		return true;
	return rc == -EAGAIN && weir_info(core, conn, &info) == 0 &&
	       info.unsent_bytes + info.unacked_bytes == 0;
}

#endif
