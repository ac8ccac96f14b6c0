/* SPDX-License-Identifier: BSD-3-Clause */
#include "packetdrill/host.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/frames.h"
#include "wire/parse.h"

#define ISN 1000u /* the peer's */
#define START_S 1000.0
#define SLOW_US \
	20000 /* real time that a thread takes until it looks at the clock: nobody must be ahead of it */

static uint8_t last_packet[2048];
static size_t last_len;

struct host *host_new(enum host_family family, const char *flags)
{
	char all[128];
	struct host *h = calloc(1, sizeof(*h));
	packetdrill_interface_init_fn init;

	cr_assert_not_null(h);
	h->library = dlopen(WEIR_PACKETDRILL_SO, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE | HOST_DEEPBIND);
	cr_assert_not_null(h->library, "%s", dlerror());
	*(void **)&init = dlsym(h->library, "packetdrill_interface_init");
	cr_assert_not_null(init, "%s", dlerror());
	h->family = family;
	snprintf(all, sizeof(all), "%s%s", family == HOST_IPV6 ? "fd99::1" : "10.0.0.1", flags);
	init(all, &h->call);
	return h;
}

void host_free(struct host *h)
{
	h->call.free(h->call.userdata);
	dlclose(h->library);
	free(h);
}

void host_inject(struct host *h, struct host_seg seg)
{
	const struct pair pair = frames_pair(h->family == HOST_IPV6);
	uint8_t frame[FRAMES_MAX];
	struct seg whole = {
		.tuple = { .lport = h->lport, .rport = h->rport },
		.seq = ISN + seg.seq,
		.ack = h->our_iss + seg.ack,
		.len = (uint16_t)seg.len,
		.wnd = (uint16_t)(seg.wnd != 0 ? seg.wnd : UINT16_MAX),
		.flags = (uint8_t)seg.flags,
		.ttl = 64,
	};

	if (seg.mss != 0) {
		whole.opts |= SEG_OPT_MSS;
		whole.mss = (uint16_t)seg.mss;
	}
	if (seg.wscale != 0) {
		whole.opts |= SEG_OPT_WSCALE;
		whole.wscale = (uint8_t)(seg.wscale - 1);
	}
	uint32_t len = frames_tcp_between(frame, &pair, &whole);

	cr_assert_eq(h->call.netdev_send(h->call.userdata, frame + ETH_BYTES, len - ETH_BYTES), 0);
}

void host_inject_unreachable(struct host *h, enum host_unreachable what)
{
	static const uint8_t types[2] = { 3, 1 }, codes[2][3] = { { 1, 3, 2 }, { 3, 4, 1 } };
	const bool is6 = h->family == HOST_IPV6;
	const struct pair pair = frames_pair(is6);
	const uint32_t quote = is6 ? 48 : 28; /* eight bytes of TCP */
	uint8_t frame[FRAMES_MAX];
	uint32_t len = frames_icmp_between(frame, &pair, types[is6], codes[is6][what], last_packet,
					   last_len < quote ? (uint32_t)last_len : quote);

	cr_assert_eq(h->call.netdev_send(h->call.userdata, frame + ETH_BYTES, len - ETH_BYTES), 0);
}

static double receive(struct host *h)
{
	long long time_us;

	last_len = sizeof(last_packet);
	cr_assert_eq(h->call.netdev_receive(h->call.userdata, last_packet, &last_len, &time_us), 0);
	return (double)time_us / 1e6 - START_S;
}

static struct seg parsed(uint32_t *headers)
{
	static uint8_t bytes[ETH_BYTES + sizeof(last_packet)];
	struct eth_hdr eth = { .dst = frames_peer_mac, .src = frames_our_mac, .type = ETH_TYPE_IPV4 };
	struct seg_side side;
	struct seg seg;

	if (last_packet[0] >> 4 == 6)
		eth.type = ETH_TYPE_IPV6;
	eth_build(bytes, &eth);
	memcpy(bytes + ETH_BYTES, last_packet, last_len);
	struct frame frame = { .bytes = bytes,
			       .contiguous = (uint32_t)(ETH_BYTES + last_len),
			       .total = (uint32_t)(ETH_BYTES + last_len) };

	cr_assert(parse_link(&frame) == ACCEPTED && parse_ip(&frame) == ACCEPTED &&
		  parse_accept(&frame) == ACCEPTED);
	cr_assert_eq(parse_tcp(&frame, 0, &seg, &side, headers), ACCEPTED);
	return seg;
}

double host_expect(struct host *h, struct host_seg want, int line)
{
	double time = receive(h);

	cr_assert_gt(last_len, 0, "line %d: nothing is sent", line);
	uint32_t headers;
	struct seg seg = parsed(&headers);

	h->window = seg.wnd;
	for (uint32_t i = 0; h->bytes_count && i < seg.len; i++)
		cr_assert_eq(last_packet[headers - ETH_BYTES + i], (uint8_t)(want.seq - 1 + i),
			     "line %d: byte %u", line, i);

	if (seg.flags & SYN) {
		h->our_iss = seg.seq;
		h->timestamps = seg.opts & SEG_OPT_TS;
		h->lport = seg.tuple.rport;
		h->rport = seg.tuple.lport;
	}
	uint32_t ack = seg.flags & ACK ? seg.ack - ISN : 0;

	cr_assert(seg.flags == want.flags && seg.seq - h->our_iss == want.seq && ack == want.ack &&
			  seg.len == want.len,
		  "line %d: flags %#x seq %u ack %u len %u", line, seg.flags, seg.seq - h->our_iss, ack,
		  seg.len);
	if (want.mss != 0)
		cr_assert(seg.opts & SEG_OPT_MSS && seg.mss == want.mss, "line %d: mss %u", line, seg.mss);
	if (want.wscale != 0)
		cr_assert(seg.opts & SEG_OPT_WSCALE && seg.wscale + 1u == want.wscale, "line %d: wscale %u",
			  line, seg.wscale);
	return time;
}

void host_expect_nothing(struct host *h, int line)
{
	receive(h);
	cr_assert_eq(last_len, 0, "line %d: something is sent", line);
}

double host_now(struct host *h)
{
	struct timeval now;

	cr_assert_eq(h->call.gettimeofday(h->call.userdata, &now, NULL), 0);
	return (double)now.tv_sec + (double)now.tv_usec / 1e6 - START_S;
}

void host_sleep(struct host *h, unsigned ms)
{
	cr_assert_eq(h->call.usleep(h->call.userdata, ms * 1000), 0);
}

int host_domain(const struct host *h)
{
	return h->family == HOST_IPV4 ? AF_INET : AF_INET6;
}

const struct sockaddr *host_address(const struct host *h, unsigned number, uint16_t port, socklen_t *len)
{
	static const char *const texts[][3] = {
		[HOST_IPV4] = { "0.0.0.0", "10.0.0.1", "10.0.0.2" },
		[HOST_MAPPED] = { "::", "::ffff:10.0.0.1", "::ffff:10.0.0.2" },
		[HOST_IPV6] = { "::", "fd99::1", "fd99::2" },
	};
	static struct sockaddr_in in;
	static struct sockaddr_in6 in6;
	const char *text = texts[h->family][number];

	if (h->family == HOST_IPV4) {
		in = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port) };
		cr_assert_eq(inet_pton(AF_INET, text, &in.sin_addr), 1);
		*len = sizeof(in);
		return (const struct sockaddr *)&in;
	}
	in6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(port) };
	cr_assert_eq(inet_pton(AF_INET6, text, &in6.sin6_addr), 1);
	*len = sizeof(in6);
	return (const struct sockaddr *)&in6;
}

int host_socket(struct host *h, int flags)
{
	int fd = h->call.socket(h->call.userdata, host_domain(h), SOCK_STREAM | flags, IPPROTO_TCP);

	cr_assert_geq(fd, 0);
	return fd;
}

int host_connect(struct host *h, int fd)
{
	socklen_t len;
	const struct sockaddr *peer = host_address(h, 2, PORT, &len);

	return h->call.connect(h->call.userdata, fd, peer, len);
}

int host_listening(struct host *h, uint16_t port)
{
	socklen_t len;
	const struct sockaddr *local = host_address(h, 0, port, &len);
	int fd = host_socket(h, 0);

	cr_assert_eq(h->call.bind(h->call.userdata, fd, local, len), 0);
	cr_assert_eq(h->call.listen(h->call.userdata, fd, 1), 0);
	h->lport = port;
	h->rport = PEER_PORT;
	return fd;
}

int host_accepted(struct host *h)
{
	int listening = host_listening(h, PORT);

	inject(h, SYN, .mss = 1460);
	expect(h, SYN | ACK, .ack = 1, .mss = 1460);
	inject(h, ACK, .seq = 1, .ack = 1);
	int fd = h->call.accept(h->call.userdata, listening, NULL, NULL);

	cr_assert_geq(fd, 0);
	cr_assert_eq(h->call.close(h->call.userdata, listening), 0);
	return fd;
}

int host_connected(struct host *h)
{
	int fd = host_socket(h, SOCK_NONBLOCK);

	cr_assert(host_connect(h, fd) == -1 && errno == EINPROGRESS);
	expect(h, SYN, .mss = 1460);
	inject(h, SYN | ACK, .ack = 1, .mss = 1460);
	expect(h, ACK, .seq = 1, .ack = 1);
	return fd;
}

int host_get(struct host *h, int fd, int level, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	cr_assert_eq(h->call.getsockopt(h->call.userdata, fd, level, name, &value, &len), 0, "%m");
	cr_assert_eq(len, sizeof(value));
	return value;
}

int host_set(struct host *h, int fd, int level, int name, int value)
{
	return h->call.setsockopt(h->call.userdata, fd, level, name, &value, sizeof(value));
}

/* As packetdrill looks: the letter after the name in the kernel's line about the thread. */
static bool sleeps(pid_t thread)
{
	char path[64], line[256], *letter;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", thread);
	file = fopen(path, "r");
	if (file == NULL)
		return true; /* it has ended */
	letter = fgets(line, sizeof(line), file) != NULL ? strrchr(line, ')') : NULL;
	fclose(file);
	return letter != NULL && letter[2] == 'S';
}

struct started {
	struct host *host;
	void *(*work)(void *host);
	pid_t thread; /* 0: not yet under way */
};

static void *run(void *argument)
{
	struct started *started = argument;
	struct host *h = started->host;
	void *(*work)(void *host) = started->work;
	double begun = host_now(h);

	__atomic_store_n(&started->thread, gettid(), __ATOMIC_RELEASE);
	work(h);
	usleep(SLOW_US);
	h->seconds = host_now(h) - begun;
	return NULL;
}

pthread_t host_start(struct host *h, int fd, void *(*work)(void *host))
{
	struct started started = { .host = h, .work = work };
	pthread_t thread;
	pid_t id;

	h->blocked_fd = fd;
	cr_assert_eq(pthread_create(&thread, NULL, run, &started), 0);
	while ((id = __atomic_load_n(&started.thread, __ATOMIC_ACQUIRE)) == 0 || !sleeps(id))
		sched_yield();
	return thread;
}
