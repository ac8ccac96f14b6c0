/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * path_mtu.h - segments as large as their path takes (RFC 1191, RFC 8201; RFC 9293 MUST-67, SHLD-6).
 *
 * Every packet has DF set. A router that cannot pass one on says so by ICMP and names the MTU of the next
 * link; the connection's segments are made to fit, and those in flight that do not are sent again at once, in
 * pieces. They were not lost to congestion: neither its window nor the retransmission timer backs off.
 *
 * A forged message could make every segment small. It is believed only if it quotes the first byte of a
 * segment that is in the network and larger than the claim. So nobody can lower twice by what has gone once;
 * of 2^32 numbers only one for each segment in flight will do; and the worst is the least that is believed.
 * RFC 5927 section 7.2's delay, until that segment has timed out, would ask more of an attacker, but would
 * cost each honest change an RTO. It is left out.
 *
 * Sizes do not rise again within a connection: RFC 1191 section 6.3 allows a trial in ten minutes at the
 * earliest, when most connections have gone. A new one begins with what both ends can take, and pays one
 * round trip on a narrow path. IPv4 paths that are narrower than PATH_MTU_MIN are not served; IPv6 has none
 * below PATH_MTU_MIN_6.
 */
#ifndef WEIR_TCP_PATH_MTU_H
#define WEIR_TCP_PATH_MTU_H

#include "tcp/tcp_pvt.h"

/*
 * The least that is believed, bytes of an IP packet. RFC 791's hosts take 576; 552 is what hosts have agreed
 * on: 512 bytes and 40 of headers.
 */
#define PATH_MTU_MIN 552
#define PATH_MTU_MIN_6 1280 /* RFC 8200 section 5: what every link takes */

/*
 * A router says of the segment at seq, which lies in flight, that the next link takes packets of mtu bytes;
 * 0: it does not say. ACCEPTED, or drop_icmp_sequence, _mtu, _limited.
 */
verdict path_mtu_told(struct tcp *tcp, struct tcb *tcb, uint32_t seq, uint32_t mtu);

#endif
