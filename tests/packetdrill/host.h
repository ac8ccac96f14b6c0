/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * host.h - loads weir_packetdrill.so as packetdrill does, and plays both the script's programs and the peer.
 *
 *     struct host *h = host_new(HOST_IPV4, "");
 *     int fd = host_listening(h, PORT);
 *     inject(h, SYN, .mss = 1000);
 *     expect(h, SYN | ACK, .ack = 1, .mss = 1460);
 *
 * Nothing but the table's functions is called. Sequence numbers are relative: the peer's to its ISN, the
 * stack's to that of its SYN.
 */
#ifndef WEIR_TESTS_PACKETDRILL_HOST_H
#define WEIR_TESTS_PACKETDRILL_HOST_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "packetdrill/interface.h"
#include "wire/seg.h"

#define FIN SEG_FIN
#define SYN SEG_SYN
#define RST SEG_RST
#define PSH SEG_PSH
#define ACK SEG_ACK

#define PORT 8080
#define PEER_PORT 40000

/* packetdrill's --ip_version. */
enum host_family {
	HOST_IPV4,
	HOST_MAPPED, /* ipv4-mapped-ipv6: sockets of AF_INET6, packets of IPv4 */
	HOST_IPV6,
};

struct host {
	enum host_family family;
	struct packetdrill_interface call;
	void *library;
	uint16_t lport, rport; /* of the connection that is looked at; learnt from its SYN */
	uint32_t our_iss;
	bool timestamps;  /* were offered or agreed to by the last SYN */
	unsigned window;  /* of the last packet */
	bool bytes_count; /* the script's bytes are 0, 1, 2, ... from here on: expect() looks at them */
	int blocked_fd;   /* of a call in a thread: what it is for, and what came of it */
	long result;
	double seconds; /* how long it took */
};

/*
 * A segment; fields left out are 0, and expect() looks at seq, ack and len always,
 * at mss and wscale if given.
 */
struct host_seg {
	unsigned flags;
	uint32_t seq, ack, len;
	unsigned mss;
	unsigned wscale; /* + 1 */
	unsigned wnd;    /* inject(): 0 is 65535 */
};

/* flags: what follows the address. */
struct host *host_new(enum host_family family, const char *flags);
void host_free(struct host *h);

void host_inject(struct host *h, struct host_seg seg);
/* An ICMP destination unreachable that quotes the packet which was received last. */
enum host_unreachable {
	HOST_UNREACHABLE,
	PORT_UNREACHABLE,
	TCP_UNWANTED, /* protocol unreachable; of IPv6, where there is none, prohibited */
};
void host_inject_unreachable(struct host *h, enum host_unreachable what);
/* The next packet; its time, in seconds since host_new(). */
double host_expect(struct host *h, struct host_seg seg, int line);
/* Nothing will ever be sent. */
void host_expect_nothing(struct host *h, int line);

#define inject(h, fl, ...) host_inject(h, (struct host_seg){ .flags = (fl), ##__VA_ARGS__ })
#define expect(h, fl, ...) host_expect(h, (struct host_seg){ .flags = (fl), ##__VA_ARGS__ }, __LINE__)
#define expect_nothing(h) host_expect_nothing(h, __LINE__)
/* A call of the table fails with this errno. */
#define fails(errnum, name, ...)                                               \
	do {                                                                   \
		errno = 0;                                                     \
		cr_assert_eq(h->call.name(h->call.userdata, __VA_ARGS__), -1); \
		cr_assert_eq(errno, errnum, #name ": %s", strerror(errno));    \
	} while (0)
/* A call of the table returns this. */
#define gives(result, name, ...) \
	cr_assert_eq(h->call.name(h->call.userdata, __VA_ARGS__), result, #name ": %m")

double host_now(struct host *h);
void host_sleep(struct host *h, unsigned ms);

/* A socket address of the script's family; number: of the address, 0: any, 1: ours, 2: the peer's. */
const struct sockaddr *host_address(const struct host *h, unsigned number, uint16_t port, socklen_t *len);
int host_domain(const struct host *h);
int host_socket(struct host *h, int flags);
int host_connect(struct host *h, int fd);
int host_listening(struct host *h, uint16_t port);
/* Connections with both sides at 1, without options: accepted, and connected with O_NONBLOCK. */
int host_accepted(struct host *h);
int host_connected(struct host *h);
int host_get(struct host *h, int fd, int level, int name);
int host_set(struct host *h, int fd, int level, int name, int value);

/* Runs work in a thread, as packetdrill does a blocking call, and returns once it sleeps. */
pthread_t host_start(struct host *h, int fd, void *(*work)(void *host));

#endif
