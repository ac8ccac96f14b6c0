/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ecn.h - Explicit Congestion Notification (RFC 3168):
 * a router that would soon drop marks, and we slow down without loss.
 *
 *   asked for      our SYN has ECE and CWR, where the configuration wants it; a listener's peer
 *                  may always ask
 *   agreed on      a SYN-ACK with ECE alone (section 6.1.1)
 *   sent           new text as ECT(0); nothing else: no SYN, empty segment, retransmission or probe of a
 *                  window (6.1.4 to 6.1.6), for whose loss nobody would slow down
 *   marked         CE on text that we can use: ECE on all that we send, until the peer says CWR (6.1.3)
 *   echoed         ECE on an ACK: the window halves, once for each window of data, and CWR rides on the next
 *                  new text (6.1.2). After a loss CWR does, too, and the echoes of that window are answered
 *                  by it
 *
 * A window of one segment cannot halve: cwnd is 0 then, and the next segment waits for the timer (6.1.2),
 * which is the one of windows that are closed. An echo is answered from an extension; while there is none it
 * is not answered, and the peer repeats it. Behind our FIN nothing new goes, so there is nothing to slow
 * down.
 *
 * What it costs others: a test of two bits for a segment with text, in either direction. AccECN (RFC 9768)
 * and L4S (RFC 9331) are not spoken: their SYNs are answered as if they asked for this.
 */
#ifndef WEIR_TCP_ECN_H
#define WEIR_TCP_ECN_H

#include "tcp/tcp_pvt.h"

/* The low two bits of seg.tos (RFC 3168 section 5). */
enum {
	ECN_ECT0 = 2,
	ECN_CE = 3,
};

#define SEG_ECN (SEG_ECE | SEG_CWR)

/* Whether a SYN asks for ECN; one with ACK is a SYN-ACK, which agrees by ECE alone (6.1.1). */
static inline bool ecn_setup(const struct seg *seg)
{
	return (seg->flags & SEG_ECN) == (seg->flags & SEG_ACK ? SEG_ECE : SEG_ECN);
}

/*
 * A connection is about to be opened: our SYN will ask; or the peer's has asked, and our SYN-ACK has agreed.
 */
static inline void ecn_use(struct tcb *tcb)
{
	tcb->ecn = ECN_ON;
}

/* The peer's SYN or SYN-ACK has come: what it does not agree to is off. */
static inline void ecn_syn_arrived(struct tcb *tcb, const struct seg *seg)
{
	if (!ecn_setup(seg))
		tcb->ecn = ECN_OFF;
}

/* What our SYN, or a simultaneous open's SYN-ACK, says of it. */
static inline uint8_t ecn_syn_flags(const struct tcb *tcb)
{
	if (tcb->ecn != ECN_ON)
		return 0;
	return tcb->state == WEIR_SYN_SENT ? SEG_ECN : SEG_ECE;
}

/*
 * The retransmission timer fired. A SYN goes again without asking: something on the path may drop those that
 * do (6.1.1.1). From then on we may not send ECT, but the first SYN may yet be answered, and bind us to echo
 * (6.1.1). In SYN-RECEIVED our SYN-ACK has bound us already.
 */
static inline void ecn_timed_out(struct tcb *tcb)
{
	if (tcb->ecn != ECN_ON)
		return;
	if (tcb->state == WEIR_SYN_SENT)
		tcb->ecn = ECN_ECHO;
	else
		tcb->cwr_due = tcb->state != WEIR_SYN_RECEIVED;
}

/* Text within the window has come: is it marked, has the peer slowed down? */
static inline void ecn_text_arrived(struct tcp *tcp, struct tcb *tcb, const struct seg *seg)
{
	if (tcb->ecn == ECN_OFF)
		return;
	if (seg->flags & SEG_CWR)
		tcb->ecn_echo = false;
	if ((seg->tos & ECN_CE) == ECN_CE && seg->len > 0) {
		tcb->ecn_echo = true; /* after CWR: that tells of earlier marks */
		count(tcp->counters, COUNT_ecn_marks_in);
	}
}

/* New text goes out; not for what goes again, nor for probes. */
static inline void ecn_text_leaves(const struct tcp *tcp, struct tcb *tcb, struct seg *seg)
{
	if (tcb->ecn != ECN_ON)
		return;
	seg->tos |= ECN_ECT0;
	if (!tcb->cwr_due)
		return;
	seg->flags |= SEG_CWR;
	tcb->cwr_due = false;
	if (tcb->flags & TCB_EXT)
		tcb_ext(tcp, tcb)->reduced = seg->seq;
}

/* Whether an ACK tells of a mark. */
static inline bool ecn_echoes(const struct tcb *tcb, const struct seg *seg)
{
	return seg->flags & SEG_ECE && tcb->ecn == ECN_ON;
}

/* Such an ACK, once what it acknowledges has been taken off; in_flight: bytes, before it came. */
void ecn_echoed(struct tcp *tcp, struct tcb *tcb, uint32_t in_flight);

/*
 * Whether the window has been reduced since the byte at seq went out for the first time, so that its loss or
 * its mark is answered: a window of data halves it once (6.1.2).
 */
static inline bool ecn_reduced(const struct tcb *tcb, const struct tcb_ext *ext, uint32_t seq)
{
	return tcb->ecn == ECN_ON && (tcb->cwr_due || seq_lt(seq, ext->reduced));
}

/* SND.UNA has moved. What was reduced long ago is kept close behind it, or it would come round after 2 GB. */
static inline void ecn_acked(const struct tcb *tcb, struct tcb_ext *ext)
{
	if (tcb->ecn == ECN_ON && !ecn_reduced(tcb, ext, ext->snd_una - 1))
		ext->reduced = ext->snd_una - 1;
}

#endif
