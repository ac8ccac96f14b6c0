/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp/ecn.h"

#include "tcp/cc.h"
#include "tcp/records.h"
#include "tcp/rtt.h"

/* Whether an echo tells of a window that has not been reduced for it yet. */
static bool is_news(const struct tcp *tcp, const struct tcb *tcb)
{
	const struct tcb_ext *ext = tcb_ext(tcp, tcb);

	if (tcb->cwr_due || tcb->flags & TCB_FIN_SENT)
		return false;
	/* Without an extension one segment is in flight, and it may be the one with CWR. */
	if (ext == NULL)
		return tcb->flight == 0;
	return !ecn_reduced(tcb, ext, ext->snd_una - 1);
}

void ecn_echoed(struct tcp *tcp, struct tcb *tcb, uint32_t in_flight)
{
	if (!is_news(tcp, tcb) || !tcb_extend(tcp, tcb))
		return;
	struct tcb_ext *ext = tcb_ext(tcp, tcb);

	count(tcp->counters, COUNT_ecn_reductions);
	if (ext->cwnd > tcb->mss)
		cc_reno.marked(ext, tcb->mss, in_flight);
	else
		ext->cwnd = 0;
	tcb->cwr_due = true;
	if (tcb_at_rest(tcb))
		tcb_arm(tcp, tcb, TIMER_IDLE, rtt_rto_ticks(tcp, tcb)); /* or the extension would stay */
}
