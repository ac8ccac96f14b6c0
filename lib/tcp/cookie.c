/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a cookie is.
 *
 * A SYN-ACK has two numbers that the peer will send back whatever they are: its sequence number, 32 bits,
 * and, if both sides speak timestamps, TSval, 32 bits more. The ACK brings the peer's own number and the
 * tuple once more. What must survive besides is 7 or 9 bits of options, and how old all this is:
 *
 *     MSS          3 bits   the largest of eight usual sizes that is not above the SYN's
 *     SACK         1 bit
 *     window scale 3 bits   without timestamps: none, or the largest of seven usual ones that is not above
 *                           the SYN's;
 *                  4 bits   with them: none or 0..14
 *     ECN          1 bit    with timestamps
 *
 * Rounding down costs a little speed, never correctness:
 * a window that is scaled by less looks smaller than it is.
 *
 *     without timestamps                           with timestamps
 *     ISS    31            8 7   6..4   3   2..0   ISS    31                              0
 *            | MAC, 24 bits |epoch|scale|SACK|MSS|        |         MAC, 32 bits          |
 *                                                  TSval - offset  31        9  8   7..4   3   2..0
 *                                                         | time in ticks      |ECN|scale|SACK|MSS|
 *
 *     MAC = SipHash-2-4(key of the epoch; tuple, ISN of the peer, word)
 *
 * where the word is the options with the epoch's parity, or all 32 bits of time and options: so not a bit of
 * what the cookie says can be changed. The two kinds take their MAC from different halves of the 64 bits, so
 * that none is good for the other. The offset is SipHash-2-4(another key; tuple): it hides the clock, tells
 * nothing of the MAC, and can be computed anew when the ACK comes. The time has room for the options in its
 * lowest bits because it is that of 512 ticks, 0.54 s, ago, rounded down: with any options it lies before
 * now, and what we send later never below it, as PAWS wants.
 *
 * How old it may be. An epoch is 2^35 ns, 34.4 s, and has a key of its own, derived from the secret by its
 * number, which is 64 bits wide and so comes never again. Accepted are the present epoch and the one before:
 * a cookie lives for 32 to 69 s. A fleet's clocks may differ by a second: who accepts is SKEW ahead, so that
 * a cookie from the next epoch is known for what it is, and not taken for one of two epochs ago.
 *
 * What it takes to forge one. Who cannot see our SYN-ACKs must guess. The parity names one epoch, so that
 * each ACK is tried against one MAC:
 *
 *     without timestamps   2^-24 an ACK: 16.8 million for a connection, whatever the options are said to be
 *     with timestamps      2^-32 for the MAC; and the time, under an offset that cannot be seen, must be one
 *                          of at most 2^16 of 2^32 ticks ago, which makes 2^-48
 *
 * A hundred million blind ACKs so forge 6 connections at best. While a key is being changed there are two
 * secrets, and twice as many. No listener believes in them whose defence is off, and none does while none can
 * be under way: but for the minute after one was sent, and for a fleet, an ACK costs nothing here. To
 * compare: FreeBSD keeps 24 bits of MAC either way; Linux 32 less 2 bits for the MSS, and loses all but the
 * MSS where there are no timestamps.
 *
 * What a captured one is good for. The tuple and the peer's number are fixed, so it opens the connection that
 * it was made for; while that one stands, its segments find it and not this file; in its TIME-WAIT the cookie
 * must have been made later (time_wait.c). Then it is too old, soon.
 */
#include "tcp/cookie.h"

#include <endian.h>
#include <string.h>

#include "tcp/ecn.h"
#include "tcp/passive.h"
#include "tcp/tcp_pvt.h"

#define EPOCH_SHIFT 35                                    /* ns */
#define EPOCH_TICK_SHIFT (EPOCH_SHIFT - CLOCK_TICK_SHIFT) /* ticks */
#define LIFETIME_NS (2ull << EPOCH_SHIFT)                 /* at most */
#define BACK_NS \
	(1ull << (TIMED_BITS + CLOCK_TICK_SHIFT)) /* how far before now a cookie says that it was made */
#define SKEW_NS CLOCK_NS_PER_S

/* Options, from the lowest bit. */
#define MSS_BITS 3
#define SACK_BIT (1u << 3)
#define WSCALE_SHIFT 4
#define EPOCH_BIT (1u << 7) /* without timestamps */
#define ECN_BIT (1u << 8)   /* with them */
#define PLAIN_BITS 8        /* of ISS that are no MAC */
#define TIMED_BITS 9        /* of TSval that are no time */
#define WSCALE_NONE 15

static uint32_t low(unsigned bits)
{
	return (1u << bits) - 1;
}

/*
 * The least; a tunnel's and IPv6's; Ethernet's with a tunnel or two, with IPv6, without; and a jumbo frame's.
 */
static const uint16_t mss_values[1 << MSS_BITS] = { TCP_MSS_MIN, 536, 1220, 1360, 1400, 1440, 1460, 8960 };

/* What systems say: none, 0 of those with small buffers, 2 of old ones, 5 to 8 and 10 of today's. */
static const uint8_t wscale_values[8] = { WSCALE_NONE, 0, 2, 5, 6, 7, 8, 10 };

static unsigned mss_index(uint16_t mss)
{
	unsigned index = 0;

	for (unsigned i = 1; i < 1 << MSS_BITS; i++)
		index += mss >= mss_values[i];
	return index;
}

static unsigned wscale_index(uint8_t wscale)
{
	unsigned index = 1;

	for (unsigned i = 2; i < 8; i++)
		index += wscale >= wscale_values[i];
	return index;
}

/* Our time as the secret's fleet has it. */
static uint64_t fleet_ns(const struct tcp *tcp, const struct cookie_secret *secret)
{
	return tcp->now_ns + secret->shift_ns;
}

static struct siphash_key epoch_key(struct cookie_secret *secret, uint64_t number)
{
	unsigned parity = number & 1;

	if (secret->epochs[parity].number != number) {
		secret->epochs[parity].number = number;
		secret->epochs[parity].key = (struct siphash_key){
			.k0 = siphash24_2(secret->master, number, 0),
			.k1 = siphash24_2(secret->master, number, 1),
		};
	}
	return secret->epochs[parity].key;
}

static void secret_init(struct cookie_secret *secret, struct siphash_key master, struct siphash_key ts,
			uint64_t shift_ns)
{
	*secret = (struct cookie_secret){ .master = master, .ts = ts, .shift_ns = shift_ns };
	secret->epochs[0].number = 1; /* neither is derived yet: the parity is the other one's */
}

void cookie_init(struct tcp *tcp, const struct siphash_key secrets[2])
{
	tcp->cookies = (struct cookies){ .bulk = siphash_bulk_choose() };
	/* Any time will do that has a past. */
	secret_init(&tcp->cookies.secret, secrets[0], secrets[1], LIFETIME_NS);
}

static struct siphash_key key_at(const uint8_t *bytes)
{
	uint64_t words[2];

	memcpy(words, bytes, sizeof(words));
	return (struct siphash_key){ .k0 = le64toh(words[0]), .k1 = le64toh(words[1]) };
}

static bool key_equal(struct siphash_key a, struct siphash_key b)
{
	return ((a.k0 ^ b.k0) | (a.k1 ^ b.k1)) == 0;
}

void tcp_set_cookie_key(struct tcp *tcp, const uint8_t key[WEIR_COOKIE_KEY_BYTES], uint64_t time_ns)
{
	struct cookies *cookies = &tcp->cookies;
	struct siphash_key master = key_at(key), ts = key_at(key + sizeof(struct siphash_key));

	/* The same again: what was accepted before stays so. */
	if (!key_equal(master, cookies->secret.master) || !key_equal(ts, cookies->secret.ts)) {
		cookies->before = cookies->secret;
		cookies->before_until_ns = tcp->now_ns + LIFETIME_NS;
	}
	cookies->fleet = true;
	secret_init(&cookies->secret, master, ts, time_ns - tcp->now_ns);
}

void tcp_set_cookie_time(struct tcp *tcp, uint64_t time_ns)
{
	/* Who shares them with nobody has a time of his own. */
	if (tcp->cookies.fleet)
		tcp->cookies.secret.shift_ns = time_ns - tcp->now_ns;
}

/* ------------------------------------------------------------------------------------------- *
 * From a SYN
 * ------------------------------------------------------------------------------------------- */

/* What a SYN says, but for its window scale. */
static uint32_t options_of(const struct seg *syn)
{
	uint16_t mss = syn->opts & SEG_OPT_MSS ? syn->mss : tcp_mss_default(tuple_is6(&syn->tuple));

	return mss_index(mss) | (syn->opts & SEG_OPT_SACK_OK ? SACK_BIT : 0);
}

static uint32_t word_plain(const struct seg *syn, uint64_t epoch)
{
	unsigned wscale = syn->opts & SEG_OPT_WSCALE ? wscale_index(syn->wscale) : 0;

	return options_of(syn) | wscale << WSCALE_SHIFT | (epoch & 1 ? EPOCH_BIT : 0);
}

static uint32_t word_timed(const struct seg *syn, uint32_t clock)
{
	uint32_t wscale = syn->opts & SEG_OPT_WSCALE ? syn->wscale : WSCALE_NONE;
	uint32_t ecn = ecn_setup(syn) ? ECN_BIT : 0;

	return (clock & ~low(TIMED_BITS)) | options_of(syn) | wscale << WSCALE_SHIFT | ecn;
}

static bool has_timestamps(const struct tcp *tcp, const struct seg *seg)
{
	return seg->opts & SEG_OPT_TS && tcp->timestamps;
}

static uint64_t ports_and_number(const struct seg *seg, uint32_t irs)
{
	return (uint64_t)irs << 32 | tuple_ports(&seg->tuple);
}

static uint32_t mac_plain(uint64_t f)
{
	return (uint32_t)(f >> 32) & ~low(PLAIN_BITS);
}

static uint32_t mac_timed(uint64_t f)
{
	return (uint32_t)f;
}

/*
 * The addresses as they go into a cookie. The name of an IPv6 pair is for this shard alone, and others of a
 * fleet must come to the same: so it is a hash of theirs. It has another length than the offset's, which has
 * the same key.
 */
static uint64_t addrs_of(const struct cookie_secret *secret, const struct tuple *tuple,
			 const struct pair *pair)
{
	return tuple_is6(tuple) ? siphash24_32(secret->ts, pair->local.hi, pair->local.lo, pair->remote.hi,
					       pair->remote.lo) :
				  tuple_addrs(tuple);
}

void cookie_sent(struct tcp *tcp, unsigned n)
{
	tcp->cookies.live_until_ns = tcp->now_ns + LIFETIME_NS;
	count_add(tcp->counters, COUNT_cookies_sent, n);
	count_add(tcp->counters, COUNT_syn_ack_out, n);
}

void cookie_answer(struct tcp *tcp, struct seg *segs, const struct seg_side *sides, const uint8_t *places,
		   unsigned n)
{
	uint64_t addrs[TCP_BURST_MAX], numbers[TCP_BURST_MAX], macs[TCP_BURST_MAX], offsets[TCP_BURST_MAX];
	uint32_t ports[TCP_BURST_MAX], words[TCP_BURST_MAX];
	struct cookies *cookies = &tcp->cookies;
	struct cookie_secret *secret = &cookies->secret;
	uint64_t made_ns = fleet_ns(tcp, secret) - BACK_NS, epoch = made_ns >> EPOCH_SHIFT;

	unsigned i = 0;

	do {
		const struct seg *syn = &segs[places[i]];

		addrs[i] = addrs_of(secret, &syn->tuple, &sides[places[i]].pair);
		ports[i] = tuple_ports(&syn->tuple);
		numbers[i] = ports_and_number(syn, syn->seq);
		words[i] = has_timestamps(tcp, syn) ? word_timed(syn, clock_tick(made_ns)) :
						      word_plain(syn, epoch);
	} while (++i < n);
	cookies->bulk->prf24_12(secret->ts, addrs, ports, n, offsets);
	cookies->bulk->prf24_20(epoch_key(secret, epoch), addrs, numbers, words, n, macs);
	for (i = 0; i < n; i++) {
		struct seg *seg = &segs[places[i]];

		passive_answer(tcp, &tcp->listeners[seg->piece], seg);
		if (seg->opts & SEG_OPT_TS) {
			seg->seq = mac_timed(macs[i]);
			seg->tsval = words[i] + (uint32_t)offsets[i];
		} else {
			seg->seq = mac_plain(macs[i]) | words[i];
			seg->flags &= (uint8_t)~SEG_ECE; /* no bit is left to remember it by */
		}
	}
	cookie_sent(tcp, n);
}

void cookie_make(struct tcp *tcp, struct syns *syns)
{
	uint64_t macs[SYNS_MAX], offsets[SYNS_MAX], hashes[SYNS_MAX];
	const uint64_t *addrs = syns->addrs;
	uint32_t words[SYNS_MAX];
	const struct siphash_bulk *bulk = tcp->cookies.bulk;
	struct cookie_secret *secret = &tcp->cookies.secret;
	uint64_t made_ns = fleet_ns(tcp, secret) - BACK_NS;
	uint32_t common = (clock_tick(made_ns) & ~low(TIMED_BITS)) | SACK_BIT;
	unsigned i = 0, n = syns->count;

	do {
		words[i] = common | mss_index(syns->mss[i]) | (uint32_t)syns->wscales[i] << WSCALE_SHIFT;
	} while (++i < n);
	if (syns->is6) {
		bulk->prf24_32(secret->ts, syns->pairs[0], syns->pairs[1], syns->pairs[2], syns->pairs[3], n,
			       hashes);
		addrs = hashes;
	}
	bulk->prf24_12(secret->ts, addrs, syns->ports, n, offsets);
	bulk->prf24_20(epoch_key(secret, made_ns >> EPOCH_SHIFT), addrs, syns->numbers, words, n, macs);
	for (i = 0; i < n; i++) {
		syns->iss[i] = mac_timed(macs[i]);
		syns->our_tsvals[i] = words[i] + (uint32_t)offsets[i];
	}
}

/* ------------------------------------------------------------------------------------------- *
 * From an ACK
 * ------------------------------------------------------------------------------------------- */

bool cookie_may_come(const struct tcp *tcp)
{
	return tcp->cookies.fleet || tcp->now_ns < tcp->cookies.live_until_ns;
}

static uint64_t mac_of(struct siphash_key key, uint64_t addrs, const struct seg *seg, uint32_t word)
{
	return siphash24_20(key, addrs, ports_and_number(seg, seg->seq - 1), word);
}

static void take_options(uint32_t word, struct cookie *cookie)
{
	cookie->mss = mss_values[word & low(MSS_BITS)];
	cookie->flags = word & SACK_BIT ? HALF_SACK : 0;
}

static void take_wscale(uint8_t wscale, struct cookie *cookie)
{
	if (wscale == WSCALE_NONE)
		return;
	cookie->snd_wscale = wscale;
	cookie->flags |= HALF_WSCALE;
}

static bool open_plain(const struct tcp *tcp, struct cookie_secret *secret, const struct seg *seg,
		       struct cookie *cookie)
{
	uint32_t iss = seg->ack - 1, word = iss & low(PLAIN_BITS);
	uint64_t epoch = (fleet_ns(tcp, secret) + SKEW_NS) >> EPOCH_SHIFT;

	if (!(epoch & 1) != !(word & EPOCH_BIT))
		epoch--;
	uint64_t addrs = addrs_of(secret, &seg->tuple, &tcp->side->pair);

	if ((iss & ~low(PLAIN_BITS)) != mac_plain(mac_of(epoch_key(secret, epoch), addrs, seg, word)))
		return false;
	take_options(word, cookie);
	take_wscale(wscale_values[word >> WSCALE_SHIFT & 7], cookie);
	return true;
}

/* A fleet's other member may be ahead of us: no timestamp of ours is to go back. */
static uint32_t offset_from(const struct tcp *tcp, uint32_t tsval, uint32_t cookie_tsval)
{
	uint32_t offset = seq_max(tsval, cookie_tsval) - tcp->tick;

	return offset + (offset == 0); /* to TIME-WAIT 0 says that there are no timestamps */
}

/* What an echoed timestamp says if it is a cookie's. */
struct timed {
	uint64_t addrs;
	uint32_t offset, word;
	uint64_t epoch;
};

/* False: none that lives was made at that time. */
static bool read_time(const struct tcp *tcp, const struct cookie_secret *secret, const struct seg *seg,
		      struct timed *timed)
{
	timed->addrs = addrs_of(secret, &seg->tuple, &tcp->side->pair);
	timed->offset = (uint32_t)siphash24_12(secret->ts, timed->addrs, tuple_ports(&seg->tuple));
	timed->word = seg->tsecr - timed->offset;
	uint64_t now = (fleet_ns(tcp, secret) + SKEW_NS) >> CLOCK_TICK_SHIFT;
	uint32_t age = (uint32_t)now - timed->word;

	timed->epoch = (now - age) >> EPOCH_TICK_SHIFT;
	return age <= now && (now >> EPOCH_TICK_SHIFT) - timed->epoch <= 1;
}

static bool open_timed(const struct tcp *tcp, struct cookie_secret *secret, const struct seg *seg,
		       struct cookie *cookie)
{
	struct timed timed;

	if (!read_time(tcp, secret, seg, &timed) ||
	    mac_timed(mac_of(epoch_key(secret, timed.epoch), timed.addrs, seg, timed.word)) != seg->ack - 1)
		return false;
	uint32_t wscale = timed.word >> WSCALE_SHIFT & 15, ours = clock_tick(fleet_ns(tcp, secret));

	take_options(timed.word, cookie);
	take_wscale((uint8_t)wscale, cookie);
	cookie->flags |= HALF_TS | (timed.word & ECN_BIT ? HALF_ECN : 0);
	cookie->first = tcp->tick - (ours - (timed.word & ~low(TIMED_BITS))) + (1u << TIMED_BITS);
	cookie->last = cookie->first + low(TIMED_BITS);
	if (tcp->cookies.fleet) /* by a clock that was ahead of ours, perhaps */
		cookie->first -= clock_ticks_from_ns(SKEW_NS);
	cookie->ts_offset = offset_from(tcp, ours + timed.offset, seg->tsecr);
	return true;
}

static bool open_with(const struct tcp *tcp, struct cookie_secret *secret, const struct seg *seg,
		      struct cookie *cookie)
{
	*cookie = (struct cookie){ 0 };
	return has_timestamps(tcp, seg) ? open_timed(tcp, secret, seg, cookie) :
					  open_plain(tcp, secret, seg, cookie);
}

bool cookie_open(struct tcp *tcp, const struct seg *seg, struct cookie *cookie)
{
	struct cookies *cookies = &tcp->cookies;

	return open_with(tcp, &cookies->secret, seg, cookie) ||
	       (tcp->now_ns < cookies->before_until_ns && open_with(tcp, &cookies->before, seg, cookie));
}

bool cookie_may_precede(const struct tcp *tcp, const struct seg *seg)
{
	const struct cookies *cookies = &tcp->cookies;
	struct timed timed;

	return has_timestamps(tcp, seg) &&
	       (read_time(tcp, &cookies->secret, seg, &timed) ||
		(tcp->now_ns < cookies->before_until_ns && read_time(tcp, &cookies->before, seg, &timed)));
}
