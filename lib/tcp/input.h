/* SPDX-License-Identifier: BSD-3-Clause */
/* input.h - RFC 9293 section 3.10.7: SEGMENT ARRIVES. */
#ifndef WEIR_TCP_INPUT_H
#define WEIR_TCP_INPUT_H

#include "tcp/tcp_pvt.h"

/*
 * The steps of section 3.10.7.4 for a hot record. Returns ACCEPTED or why the segment was dropped. The
 * record may be gone afterwards.
 */
verdict input_segment(struct tcp *tcp, struct tcb *tcb, struct seg *seg);

/* The sixth step on: urgent data, text, FIN; for segments whose ACK has been dealt with. */
verdict input_text_and_fin(struct tcp *tcp, struct tcb *tcb, struct seg *seg);

#endif
