/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp/rtt.h"

/* RFC 6298 rule 5.7: 3 s, as a quarter; the next value of rttvar's small float above it. */
#define RTTVAR_SYN_LOST_US (90u << 13)

/*
 * Small floats: values below 2^man stand for themselves, above them exponents begin. A value that loses
 * `shift` bits keeps its leading one, which adds the last step to the exponent: no case stands alone, and
 * nothing is jumped over.
 */
static uint32_t float_pack(uint32_t value, unsigned exp_bits, unsigned man_bits)
{
	uint32_t shift = 31 - (uint32_t)__builtin_clz(value | 1u << man_bits) - man_bits;
	uint32_t packed = (shift << man_bits) + (value >> shift);
	uint32_t most = (1u << (exp_bits + man_bits)) - 1;

	return packed < most ? packed : most;
}

static uint32_t float_unpack(uint32_t packed, unsigned man_bits)
{
	uint32_t exp = packed >> man_bits;
	uint32_t shift = exp - (exp != 0);

	return (packed - (shift << man_bits)) << shift;
}

/* Round trips change with every ACK, the windows beside them hardly ever: each half is packed by itself. */
#define WINDOWS_MASK 0x3ffu

static uint32_t pack_rtt(uint32_t srtt_us, uint32_t rttvar_us)
{
	return float_pack(srtt_us, 4, 8) << 20 | float_pack(rttvar_us, 4, 6) << 10;
}

static uint32_t unpack_srtt(uint32_t packed)
{
	return float_unpack(packed >> 20, 8);
}

static uint32_t unpack_rttvar(uint32_t packed)
{
	return float_unpack(packed >> 10 & 0x3ff, 6);
}

uint32_t path_pack(const struct path *path)
{
	return pack_rtt(path->srtt_us, path->rttvar_us) | float_pack(path->cwnd, 3, 2) << 5 |
	       float_pack(path->ssthresh, 3, 2);
}

struct path path_unpack(uint32_t packed)
{
	return (struct path){
		.srtt_us = unpack_srtt(packed),
		.rttvar_us = unpack_rttvar(packed),
		.cwnd = float_unpack(packed >> 5 & 0x1f, 2),
		.ssthresh = float_unpack(packed & 0x1f, 2),
	};
}

uint32_t path_first_window(uint16_t mss)
{
	if (mss <= 1460)
		return 10;
	return 2 * mss > 14600 ? 2 : 14600u / mss;
}

uint32_t path_initial(uint16_t mss)
{
	return path_pack(&(struct path){ .cwnd = path_first_window(mss), .ssthresh = PATH_INFINITE });
}

void rtt_update(uint32_t *srtt_us, uint32_t *rttvar_us, uint32_t sample_us)
{
	if (sample_us == 0)
		sample_us = 1; /* 0 means "no sample yet" */
	if (*srtt_us == 0) {
		*srtt_us = sample_us;
		*rttvar_us = sample_us / 2;
		return;
	}
	uint32_t error = sample_us > *srtt_us ? sample_us - *srtt_us : *srtt_us - sample_us;

	/* 64 bits: a sample of an hour times seven must not wrap. */
	*rttvar_us = (uint32_t)((3 * (uint64_t)*rttvar_us + error + 2) / 4);
	*srtt_us = (uint32_t)((7 * (uint64_t)*srtt_us + sample_us + 4) / 8);
}

static uint32_t rto_base_us(const struct tcp *tcp, const struct tcb *tcb)
{
	const struct tcb_ext *ext = tcb_ext(tcp, tcb);
	uint32_t srtt_us = ext != NULL ? ext->srtt_us : unpack_srtt(tcb->packed);
	uint32_t rttvar_us = ext != NULL ? ext->rttvar_us : unpack_rttvar(tcb->packed);

	if (srtt_us == 0 && rttvar_us == 0)
		return tcp->times.rto_initial_us;
	/* G, the granularity of the timer, is a tick. */
	uint64_t variance = 4 * (uint64_t)rttvar_us;
	uint64_t granularity = clock_us_from_ticks(1);
	uint64_t rto = srtt_us + (variance > granularity ? variance : granularity);

	if (rto < tcp->times.rto_min_us)
		return tcp->times.rto_min_us;
	return rto > tcp->times.rto_max_us ? tcp->times.rto_max_us : (uint32_t)rto;
}

static uint64_t backed_off_us(const struct tcp *tcp, uint32_t base_us, unsigned retries)
{
	uint64_t rto = (uint64_t)base_us << (retries < 32 ? retries : 31);

	return rto > tcp->times.rto_max_us ? tcp->times.rto_max_us : rto;
}

void rtt_times(struct tcp_times *times)
{
	/* Half of the least RTO for srtt and half for what is added to it, which is a tick at least. */
	uint32_t half_us = times->rto_min_us / 2;

	times->rto_initial = clock_ticks_from_us(times->rto_initial_us);
	times->rto_min = clock_ticks_from_us(times->rto_min_us);
	times->near_srtt = half_us < clock_us_from_ticks(1) ? 0 : float_pack(half_us, 4, 8);
	times->near_rttvar = half_us < clock_us_from_ticks(1) ? 0 : float_pack(half_us / 4, 4, 6);
}

uint32_t rtt_rto_ticks_exactly(const struct tcp *tcp, const struct tcb *tcb)
{
	return clock_ticks_from_us(backed_off_us(tcp, rto_base_us(tcp, tcb), tcb->retries));
}

uint32_t rtt_silence_ticks(const struct tcp *tcp, const struct tcb *tcb, unsigned retries)
{
	uint32_t base_us = rto_base_us(tcp, tcb);
	uint64_t silence_us = 0;

	for (unsigned i = 0; i < retries; i++)
		silence_us += backed_off_us(tcp, base_us, i);
	return clock_ticks_from_us(silence_us);
}

void rtt_sample(struct tcp *tcp, struct tcb *tcb, uint32_t sample_us)
{
	struct tcb_ext *ext = tcb_ext(tcp, tcb);

	if (ext != NULL) {
		rtt_update(&ext->srtt_us, &ext->rttvar_us, sample_us);
		return;
	}
	uint32_t srtt_us = unpack_srtt(tcb->packed), rttvar_us = unpack_rttvar(tcb->packed);

	rtt_update(&srtt_us, &rttvar_us, sample_us);
	tcb->packed = pack_rtt(srtt_us, rttvar_us) | (tcb->packed & WINDOWS_MASK);
}

bool rtt_sample_echo(struct tcp *tcp, struct tcb *tcb, const struct seg *seg, uint32_t longest)
{
	uint32_t ticks = tcp->tick - (seg->tsecr - tcb->ts_offset);

	if (!(tcb->flags & TCB_TS) || ticks > longest)
		return false;
	rtt_sample(tcp, tcb, clock_us_from_ticks(ticks));
	return true;
}

/* srtt 0 and this rttvar: see rtt.h. */
static void learn_rto(struct tcp *tcp, struct tcb *tcb, uint32_t rto_us)
{
	struct tcb_ext *ext = tcb_ext(tcp, tcb);

	if (ext != NULL) {
		ext->srtt_us = 0;
		ext->rttvar_us = rto_us / 4;
		return;
	}
	tcb->packed = pack_rtt(0, rto_us / 4) | (tcb->packed & WINDOWS_MASK);
}

void rtt_keep_back_off(struct tcp *tcp, struct tcb *tcb)
{
	learn_rto(tcp, tcb, (uint32_t)backed_off_us(tcp, rto_base_us(tcp, tcb), tcb->retries));
}

void rtt_syn_lost(const struct tcp *tcp, struct tcb *tcb)
{
	DCHECK(!(tcb->flags & TCB_EXT));
	uint32_t initial_us = tcp->times.rto_initial_us / 4;

	tcb->packed = path_pack(&(struct path){
		.rttvar_us = initial_us > RTTVAR_SYN_LOST_US ? initial_us : RTTVAR_SYN_LOST_US,
		.cwnd = 1,
		.ssthresh = PATH_INFINITE,
	});
}

void rtt_timed_out(struct tcb *tcb)
{
	struct path path = path_unpack(tcb->packed);

	path.cwnd = 1;
	path.ssthresh = 2;
	tcb->packed = path_pack(&path);
}
