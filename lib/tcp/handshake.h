/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * handshake.h - opens that have a hot record: SYN-SENT and the simultaneous open; and segments that
 * found no record at all.
 */
#ifndef WEIR_TCP_HANDSHAKE_H
#define WEIR_TCP_HANDSHAKE_H

#include "tcp/tcp_pvt.h"

/* RFC 9293 sections 3.10.7.1 (CLOSED) and 3.10.7.2 (LISTEN): nothing stands under the tuple. */
verdict handshake_listen(struct tcp *tcp, struct seg *seg);

/* Section 3.10.7.3. */
verdict handshake_syn_sent(struct tcp *tcp, struct tcb *tcb, struct seg *seg);

/* A SYN for a simultaneous open's SYN-RECEIVED: our SYN-ACK was lost, or it is a stray. */
verdict handshake_syn_again(struct tcp *tcp, struct tcb *tcb, const struct seg *seg);

/* An ACK in a simultaneous open's SYN-RECEIVED: ESTABLISHED, or RST. */
verdict handshake_completed(struct tcp *tcp, struct tcb *tcb, const struct seg *seg);

/* What a SYN's options make of the payload that we send: RFC 9293 3.7.1, MUST-15, MUST-16. */
static inline uint16_t handshake_mss(uint16_t peer_mss, uint16_t our_mss, bool timestamps)
{
	uint16_t mss = peer_mss < our_mss ? peer_mss : our_mss;

	if (mss < TCP_MSS_MIN)
		mss = TCP_MSS_MIN;
	return timestamps ? mss - TCP_TS_BYTES : mss;
}

/*
 * RCV.WND after a handshake, in units of the scale: SYNs offer it unscaled. mss: of the segments that it
 * is counted in; our own for a SYN, which is sent before the peer's is known.
 */
static inline uint16_t handshake_rcv_wnd(const struct tcp *tcp, uint8_t rcv_wscale, uint16_t mss)
{
	uint32_t room = (uint32_t)tcp->receive_buffers * mss;
	uint32_t offered = room > UINT16_MAX ? UINT16_MAX : room;

	return (uint16_t)((offered + (1u << rcv_wscale) - 1) >> rcv_wscale);
}

#endif
