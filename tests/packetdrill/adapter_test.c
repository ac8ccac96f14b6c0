/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * weir_packetdrill.so, called as packetdrill calls it: a few scripts' worth. What TCP does is tested
 * elsewhere; these show that a script sees it, and Linux's errnos.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "packetdrill/host.h"
#include "support/frames.h"

#define TEST_IN(name, suffix, family, flags)              \
	Test(adapter, name##suffix)                       \
	{                                                 \
		struct host *h = host_new(family, flags); \
                                                          \
		test_##name(h);                           \
		host_free(h);                             \
	}
/* In each of packetdrill's --ip_version. flags: behind the address. */
#define TEST_WITH(name, flags)                     \
	static void test_##name(struct host *h);   \
	TEST_IN(name, , HOST_IPV4, flags)          \
	TEST_IN(name, _mapped, HOST_MAPPED, flags) \
	TEST_IN(name, _ipv6, HOST_IPV6, flags)     \
	static void test_##name(struct host *h)
#define TEST(name) TEST_WITH(name, ",msl=1")

static uint8_t data[100000];

TEST(passive_open_data_and_close)
{
	int fd = host_accepted(h);

	inject(h, PSH | ACK, .seq = 1, .ack = 1, .len = 100);
	gives(100, read, fd, data, sizeof(data));
	for (int i = 0; i < 100; i++)
		cr_assert_eq(data[i], i);
	expect(h, ACK, .seq = 1, .ack = 101);
	gives(200, write, fd, data, 200);
	expect(h, PSH | ACK, .seq = 1, .ack = 101, .len = 200);
	inject(h, ACK, .seq = 101, .ack = 201);
	gives(0, close, fd);
	expect(h, FIN | ACK, .seq = 201, .ack = 101);
	inject(h, FIN | ACK, .seq = 101, .ack = 202);
	expect(h, ACK, .seq = 202, .ack = 102);
}

/* Twice msl=1 later the connection is forgotten. */
TEST(msl_is_taken)
{
	int fd = host_accepted(h);

	gives(0, close, fd);
	expect(h, FIN | ACK, .seq = 1, .ack = 1);
	inject(h, FIN | ACK, .seq = 1, .ack = 2);
	expect(h, ACK, .seq = 2, .ack = 2);
	host_sleep(h, 1900);
	inject(h, FIN | ACK, .seq = 1, .ack = 2);
	expect(h, ACK, .seq = 2, .ack = 2);
	host_sleep(h, 2100);
	inject(h, FIN | ACK, .seq = 1, .ack = 2);
	expect(h, RST, .seq = 2);
}

TEST(half_close)
{
	int fd = host_accepted(h);

	gives(0, shutdown, fd, SHUT_WR);
	expect(h, FIN | ACK, .seq = 1, .ack = 1);
	fails(EPIPE, write, fd, data, 1);
	inject(h, ACK, .seq = 1, .ack = 2, .len = 10);
	gives(10, read, fd, data, sizeof(data));
	inject(h, FIN | ACK, .seq = 11, .ack = 2);
	gives(0, read, fd, data, sizeof(data));
	fails(ENOTCONN, shutdown, fd, SHUT_WR);
}

TEST(unread_bytes_make_close_a_reset)
{
	int fd = host_accepted(h);

	inject(h, PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	gives(4, read, fd, data, 4);
	gives(0, close, fd);
	expect(h, RST | ACK, .seq = 1, .ack = 11);
}

TEST(linger_of_zero_resets)
{
	int fd = host_accepted(h);
	struct linger linger = { .l_onoff = 1 };
	socklen_t len = sizeof(linger);

	gives(0, setsockopt, fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	linger.l_onoff = 0;
	gives(0, getsockopt, fd, SOL_SOCKET, SO_LINGER, &linger, &len);
	cr_assert(linger.l_onoff == 1 && linger.l_linger == 0);
	gives(0, close, fd);
	expect(h, RST | ACK, .seq = 1, .ack = 1);
	expect_nothing(h);
}

TEST(nonblocking_connect)
{
	int fd = host_socket(h, SOCK_NONBLOCK);
	struct pollfd poll = { .fd = fd, .events = POLLOUT };

	cr_assert(host_connect(h, fd) == -1 && errno == EINPROGRESS);
	cr_assert(host_connect(h, fd) == -1 && errno == EALREADY);
	gives(0, poll, &poll, 1, 0);
	expect(h, SYN, .mss = 1460);
	inject(h, SYN | ACK, .ack = 1, .mss = 1460);
	expect(h, ACK, .seq = 1, .ack = 1);
	gives(1, poll, &poll, 1, 0);
	cr_assert_eq(poll.revents, POLLOUT);
	cr_assert_eq(host_get(h, fd, SOL_SOCKET, SO_ERROR), 0);
	cr_assert(host_connect(h, fd) == -1 && errno == EISCONN);
}

static void *connect_work(void *host)
{
	struct host *h = host;

	h->result = host_connect(h, h->blocked_fd);
	return NULL;
}

static void *accept_work(void *host)
{
	struct host *h = host;

	h->result = h->call.accept(h->call.userdata, h->blocked_fd, NULL, NULL);
	return NULL;
}

static void *read_work(void *host)
{
	struct host *h = host;

	h->result = h->call.read(h->call.userdata, h->blocked_fd, data, 1000);
	return NULL;
}

static void *write_work(void *host)
{
	struct host *h = host;

	struct iovec iov[] = { { data, 2000 }, { data + 2000, 4000 } };

	h->result = h->call.writev(h->call.userdata, h->blocked_fd, iov, 2);
	return NULL;
}

static void *receive_work(void *host)
{
	struct host *h = host;
	struct iovec iov[] = { { data, 7 }, { data + 7, 13 } };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };

	h->result = h->call.recvmsg(h->call.userdata, h->blocked_fd, &msg, MSG_WAITALL);
	return NULL;
}

/*
 * The time that a thread was away is the script's, to the microsecond, whoever of the two is scheduled first.
 */
static void took(const struct host *h, double seconds)
{
	cr_assert_float_eq(h->seconds, seconds, 20e-6, "%f s", h->seconds);
}

TEST(blocking_connect)
{
	pthread_t thread = host_start(h, host_socket(h, 0), connect_work);

	expect(h, SYN, .mss = 1460);
	host_sleep(h, 100);
	inject(h, SYN | ACK, .ack = 1);
	expect(h, ACK, .seq = 1, .ack = 1);
	host_sleep(h, 100);
	pthread_join(thread, NULL);
	cr_assert_eq(h->result, 0);
	took(h, 0.1);
}

TEST(blocking_accept_read_and_write)
{
	int listening = host_listening(h, PORT), fd;
	pthread_t thread = host_start(h, listening, accept_work);

	inject(h, SYN, .mss = 1460);
	expect(h, SYN | ACK, .ack = 1);
	host_sleep(h, 50);
	inject(h, ACK, .seq = 1, .ack = 1, .wnd = 3000);
	host_sleep(h, 50);
	pthread_join(thread, NULL);
	fd = (int)h->result;
	cr_assert_geq(fd, 0);
	took(h, 0.05);

	thread = host_start(h, fd, read_work);
	host_sleep(h, 30);
	inject(h, ACK, .seq = 1, .ack = 1, .len = 70, .wnd = 3000);
	host_sleep(h, 10);
	pthread_join(thread, NULL);
	cr_assert_eq(h->result, 70);
	took(h, 0.03);
	expect(h, ACK, .seq = 1, .ack = 71);

	for (unsigned i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)i;
	h->bytes_count = true;
	/* Room for 2920 of the 6000: twice what was asked for, as on Linux. */
	cr_assert_eq(host_set(h, fd, SOL_SOCKET, SO_SNDBUF, 1460), 0);
	thread = host_start(h, fd, write_work);
	expect(h, ACK, .seq = 1, .ack = 71, .len = 1460);
	expect(h, PSH | ACK, .seq = 1461, .ack = 71, .len = 1460);
	host_sleep(h, 20);
	inject(h, ACK, .seq = 71, .ack = 2921, .wnd = 3000);
	expect(h, ACK, .seq = 2921, .ack = 71, .len = 1460);
	expect(h, PSH | ACK, .seq = 4381, .ack = 71, .len = 1460);
	host_sleep(h, 20);
	inject(h, ACK, .seq = 71, .ack = 5841, .wnd = 3000);
	expect(h, PSH | ACK, .seq = 5841, .ack = 71, .len = 160);
	host_sleep(h, 20);
	pthread_join(thread, NULL);
	cr_assert_eq(h->result, 6000);
	took(h, 0.04);
}

TEST(waiting_for_all_bytes)
{
	int fd = host_accepted(h);
	pthread_t thread = host_start(h, fd, receive_work);

	inject(h, ACK, .seq = 1, .ack = 1, .len = 10);
	host_sleep(h, 30);
	inject(h, ACK, .seq = 11, .ack = 1, .len = 30);
	host_sleep(h, 30);
	pthread_join(thread, NULL);
	cr_assert_eq(h->result, 20);
	took(h, 0.03);
	for (int i = 0; i < 20; i++)
		cr_assert_eq(data[i], i % 10); /* each packet counts from 0 */
}

/* Nobody else could make it happen. */
TEST(the_driver_is_not_left_waiting)
{
	int fd = host_listening(h, PORT);

	fails(EDEADLK, accept, fd, NULL, NULL);
	expect_nothing(h);
}

TEST(blocking_calls_of_the_driver_move_time)
{
	int fd = host_accepted(h);
	struct pollfd poll = { .fd = fd, .events = POLLIN };
	double begun = host_now(h);

	gives(0, poll, &poll, 1, 250);
	double ended = host_now(h);

	cr_assert_float_eq(ended - begun, 0.25, 20e-6);
}

TEST(looks_at_the_clock_move_it)
{
	double first = host_now(h), second = host_now(h);

	cr_assert(second > first && second < first + 10e-6);
}

TEST(refused)
{
	int fd = host_socket(h, SOCK_NONBLOCK);

	cr_assert_eq(host_connect(h, fd), -1);
	expect(h, SYN);
	inject(h, RST | ACK, .ack = 1);
	cr_assert_eq(host_get(h, fd, SOL_SOCKET, SO_ERROR), ECONNREFUSED);
	cr_assert_eq(host_get(h, fd, SOL_SOCKET, SO_ERROR), 0);
}

TEST(reset_is_told_once)
{
	int fd = host_accepted(h);
	struct pollfd poll = { .fd = fd, .events = POLLIN };

	inject(h, RST | ACK, .seq = 1, .ack = 1);
	gives(1, poll, &poll, 1, 0);
	cr_assert_eq(poll.revents, POLLIN | POLLERR | POLLHUP);
	fails(ECONNRESET, read, fd, data, 1);
	gives(0, read, fd, data, 1);
	fails(EPIPE, write, fd, data, 1);
}

TEST(reset_goes_before_the_broken_pipe)
{
	int fd = host_accepted(h);

	inject(h, RST | ACK, .seq = 1, .ack = 1);
	fails(ECONNRESET, write, fd, data, 1);
	fails(EPIPE, write, fd, data, 1);
}

TEST(icmp_ends_an_open)
{
	const struct {
		enum host_unreachable what;
		int error;
	} cases[] = { { TCP_UNWANTED, h->family == HOST_IPV6 ? EACCES : ENOPROTOOPT },
		      { PORT_UNREACHABLE, ECONNREFUSED } };

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int fd = host_socket(h, SOCK_NONBLOCK);

		cr_assert_eq(host_connect(h, fd), -1);
		expect(h, SYN);
		host_inject_unreachable(h, cases[i].what);
		cr_assert_eq(host_get(h, fd, SOL_SOCKET, SO_ERROR), cases[i].error);
		gives(0, close, fd);
	}
}

/* A soft error is only why a connection ends that goes on unanswered. */
TEST(soft_icmp_error)
{
	int fd = host_accepted(h);

	gives(10, write, fd, data, 10);
	expect(h, PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	host_inject_unreachable(h, HOST_UNREACHABLE);
	cr_assert_eq(host_get(h, fd, SOL_SOCKET, SO_ERROR), 0);
	inject(h, ACK, .seq = 1, .ack = 11);
	gives(10, write, fd, data, 10);
	expect(h, PSH | ACK, .seq = 11, .ack = 1, .len = 10);
	host_sleep(h, 200000);
	fails(EHOSTUNREACH, write, fd, data, 10);
}

TEST(hard_icmp_error)
{
	int fd = host_accepted(h);

	gives(10, write, fd, data, 10);
	expect(h, PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	host_inject_unreachable(h, PORT_UNREACHABLE);
	fails(ECONNREFUSED, write, fd, data, 10);
}

TEST(user_timeout)
{
	int fd = host_accepted(h);

	cr_assert_eq(host_set(h, fd, IPPROTO_TCP, TCP_USER_TIMEOUT, 3000), 0);
	cr_assert_eq(host_get(h, fd, IPPROTO_TCP, TCP_USER_TIMEOUT), 3000);
	gives(10, write, fd, data, 10);
	host_sleep(h, 2900);
	gives(10, write, fd, data, 10);
	host_sleep(h, 2000);
	fails(ETIMEDOUT, write, fd, data, 10);
	fails(EPIPE, write, fd, data, 10);
}

TEST(keep_alive)
{
	int fd = host_accepted(h);
	double idle = host_now(h);

	cr_assert_eq(host_set(h, fd, IPPROTO_TCP, TCP_KEEPIDLE, 7), 0);
	cr_assert_eq(host_set(h, fd, IPPROTO_TCP, TCP_KEEPINTVL, 3), 0);
	cr_assert_eq(host_set(h, fd, IPPROTO_TCP, TCP_KEEPCNT, 2), 0);
	cr_assert_eq(host_set(h, fd, SOL_SOCKET, SO_KEEPALIVE, 1), 0);
	cr_assert_eq(host_get(h, fd, IPPROTO_TCP, TCP_KEEPIDLE), 7);
	cr_assert_eq(host_get(h, fd, IPPROTO_TCP, TCP_KEEPINTVL), 3);
	cr_assert_eq(host_get(h, fd, IPPROTO_TCP, TCP_KEEPCNT), 2);
	cr_assert_eq(host_get(h, fd, SOL_SOCKET, SO_KEEPALIVE), 1);
	double first = expect(h, ACK, .seq = 0, .ack = 1) - idle,
	       second = expect(h, ACK, .seq = 0, .ack = 1) - idle;

	cr_assert_float_eq(first, 7, 0.01);
	cr_assert_float_eq(second, 10, 0.02);
	host_sleep(h, 4000);
	cr_assert_eq(host_get(h, fd, SOL_SOCKET, SO_ERROR), ETIMEDOUT);
}

TEST(maxseg_bounds_both_directions)
{
	int fd = host_socket(h, 0);

	cr_assert_eq(host_set(h, fd, IPPROTO_TCP, TCP_MAXSEG, 1100), 0);
	cr_assert_eq(host_get(h, fd, IPPROTO_TCP, TCP_MAXSEG), 1100);
	gives(0, listen, fd, 1);
	h->lport = 32769; /* nobody asked for one */
	h->rport = PEER_PORT;
	inject(h, SYN, .mss = 1300);
	expect(h, SYN | ACK, .ack = 1, .mss = 1100);
	inject(h, ACK, .seq = 1, .ack = 1);
	int accepted = h->call.accept(h->call.userdata, fd, NULL, NULL);

	cr_assert_eq(host_get(h, accepted, IPPROTO_TCP, TCP_MAXSEG), 1100);
	gives(2000, write, accepted, data, 2000);
	expect(h, ACK, .seq = 1, .ack = 1, .len = 1100);
}

TEST(nagle_and_its_switch)
{
	int fd = host_connected(h);

	gives(10, write, fd, data, 10);
	expect(h, PSH | ACK, .seq = 1, .ack = 1, .len = 10);
	gives(10, write, fd, data, 10);
	cr_assert_eq(host_set(h, fd, IPPROTO_TCP, TCP_NODELAY, 1), 0);
	cr_assert_eq(host_get(h, fd, IPPROTO_TCP, TCP_NODELAY), 1);
	expect(h, PSH | ACK, .seq = 11, .ack = 1, .len = 10); /* what had waited goes at once */
	gives(10, write, fd, data, 10);
	expect(h, PSH | ACK, .seq = 21, .ack = 1, .len = 10);
}

TEST_WITH(receive_window, ",receive_window=15728640")
{
	host_listening(h, PORT);
	inject(h, SYN, .mss = 1460, .wscale = 1 + 7);
	expect(h, SYN | ACK, .ack = 1, .wscale = 1 + 8);
}

/* The window closes on what nobody reads, and opens by reading. */
TEST_WITH(receive_window_of_two_segments, ",receive_window=2920")
{
	int fd = host_accepted(h);

	inject(h, ACK, .seq = 1, .ack = 1, .len = 1460);
	inject(h, ACK, .seq = 1461, .ack = 1, .len = 1460);
	expect(h, ACK, .seq = 1, .ack = 2921);
	cr_assert_eq(h->window, 0);
	gives(1000, read, fd, data, 1000);
	expect_nothing(h);
	gives(1920, read, fd, data, 2000);
	expect(h, ACK, .seq = 1, .ack = 2921);
	cr_assert_eq(h->window, 2920);
}

TEST_WITH(delayed_ack, ",delayed_ack=0")
{
	int fd = host_accepted(h);
	double before = host_now(h);

	inject(h, ACK, .seq = 1, .ack = 1, .len = 10);
	double after = expect(h, ACK, .seq = 1, .ack = 11);

	cr_assert_float_eq(after, before, 10e-6);
	gives(10, read, fd, data, 10);
}

TEST(queues_are_counted)
{
	int fd = host_accepted(h), bytes;

	inject(h, ACK, .seq = 1, .ack = 1, .len = 100);
	gives(0, ioctl, fd, SIOCINQ, &bytes);
	cr_assert_eq(bytes, 100);
	gives(60, recv, fd, data, 60, MSG_PEEK);
	gives(60, recv, fd, data, 60, 0);
	cr_assert_eq(data[0], 0);
	gives(0, ioctl, fd, SIOCINQ, &bytes);
	cr_assert_eq(bytes, 40);
	gives(30, write, fd, data, 30);
	gives(0, ioctl, fd, SIOCOUTQ, &bytes);
	cr_assert_eq(bytes, 30);
	inject(h, ACK, .seq = 101, .ack = 31);
	gives(0, ioctl, fd, SIOCOUTQ, &bytes);
	cr_assert_eq(bytes, 0);
}

TEST(vectors)
{
	int fd = host_accepted(h);
	struct iovec iov[] = { { data, 3 }, { NULL, 0 }, { data + 3, 5 } };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 3 };

	gives(8, sendmsg, fd, &msg, 0);
	expect(h, PSH | ACK, .seq = 1, .ack = 1, .len = 8);
	inject(h, ACK, .seq = 1, .ack = 9, .len = 6);
	gives(6, readv, fd, iov, 3);
	for (int i = 0; i < 6; i++)
		cr_assert_eq(data[i], i);
}

/* For the assertions of scripts; what weir has no account of is nothing that anybody would assert. */
TEST(tcp_info)
{
	int fd = host_accepted(h);
	struct tcp_info info;
	socklen_t len = sizeof(info);

	gives(1460, write, fd, data, 1460);
	gives(0, getsockopt, fd, IPPROTO_TCP, TCP_INFO, &info, &len);
	cr_assert_eq(len, sizeof(info));
	cr_assert_eq(info.tcpi_state, TCP_ESTABLISHED);
	cr_assert_eq(info.tcpi_snd_cwnd, 10);
	cr_assert_eq(info.tcpi_snd_ssthresh, 0x7fffffff);
	cr_assert_eq(info.tcpi_unacked, 1);
	cr_assert_eq(info.tcpi_snd_mss, 1460);
	cr_assert_eq(info.tcpi_reordering, UINT32_MAX);
	gives(0, close, fd);
}

TEST_WITH(no_timestamps, ",timestamps=0")
{
	host_connected(h);
	cr_assert_eq(h->timestamps, false);
}

TEST_WITH(ecn_is_asked_for, ",ecn=1")
{
	cr_assert_eq(host_connect(h, host_socket(h, SOCK_NONBLOCK)), -1);
	expect(h, SYN | SEG_ECE | SEG_CWR);
}

TEST(unread_bytes_are_told_with_a_message)
{
	int fd = host_accepted(h);
	struct iovec iov = { data, 10 };
	char control[CMSG_SPACE(sizeof(int))];
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)
	};
	int left;

	cr_assert_eq(host_set(h, fd, IPPROTO_TCP, TCP_INQ, 1), 0);
	inject(h, ACK, .seq = 1, .ack = 1, .len = 100);
	gives(10, recvmsg, fd, &msg, 0);
	memcpy(&left, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(left));
	cr_assert_eq(left, 90);
}

static void expect_epoll(struct host *h, int epfd, uint32_t want)
{
	struct epoll_event event = { .events = 0 };

	gives(want != 0, epoll_wait, epfd, &event, 1, 0);
	cr_assert_eq(event.events, want, "%#x", event.events);
}

TEST(epoll_by_level)
{
	int fd = host_accepted(h), epfd = h->call.epoll_create(h->call.userdata, 1);
	struct epoll_event event = { .events = EPOLLIN | EPOLLRDHUP };

	gives(0, epoll_ctl, epfd, EPOLL_CTL_ADD, fd, &event);
	fails(EEXIST, epoll_ctl, epfd, EPOLL_CTL_ADD, fd, &event);
	expect_epoll(h, epfd, 0);
	inject(h, ACK, .seq = 1, .ack = 1, .len = 10);
	expect_epoll(h, epfd, EPOLLIN);
	expect_epoll(h, epfd, EPOLLIN);
	gives(10, read, fd, data, 10);
	expect_epoll(h, epfd, 0);
	inject(h, FIN | ACK, .seq = 11, .ack = 1);
	expect_epoll(h, epfd, EPOLLIN | EPOLLRDHUP);
	gives(0, epoll_ctl, epfd, EPOLL_CTL_DEL, fd, &event);
	expect_epoll(h, epfd, 0);
	gives(0, close, epfd);
}

TEST(epoll_by_edge)
{
	int fd = host_accepted(h), epfd = h->call.epoll_create(h->call.userdata, 1);
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLET };

	gives(0, fcntl, fd, F_SETFL, O_RDWR | O_NONBLOCK);
	cr_assert_eq(host_set(h, fd, SOL_SOCKET, SO_SNDBUF, 5000), 0);
	gives(0, epoll_ctl, epfd, EPOLL_CTL_ADD, fd, &event);
	expect_epoll(h, epfd, EPOLLOUT);
	expect_epoll(h, epfd, 0);
	inject(h, ACK, .seq = 1, .ack = 1, .len = 10);
	expect_epoll(h, epfd, EPOLLIN | EPOLLOUT);
	expect_epoll(h, epfd, 0);
	inject(h, ACK, .seq = 11, .ack = 1, .len = 10);
	expect_epoll(h, epfd, EPOLLIN | EPOLLOUT);
	gives(20, read, fd, data, 20);

	gives(10000, write, fd, data, 20000);
	fails(EAGAIN, write, fd, data, 1);
	expect_epoll(h, epfd, 0);
	inject(h, ACK, .seq = 21, .ack = 1461);
	expect_epoll(h, epfd, 0); /* too little to be worth it */
	inject(h, ACK, .seq = 21, .ack = 8761);
	expect_epoll(h, epfd, EPOLLOUT);
	expect_epoll(h, epfd, 0);
	gives(0, close, epfd);
}

TEST(epoll_once)
{
	int fd = host_accepted(h), epfd = h->call.epoll_create(h->call.userdata, 1);
	struct epoll_event event = { .events = EPOLLOUT | EPOLLONESHOT };

	gives(0, epoll_ctl, epfd, EPOLL_CTL_ADD, fd, &event);
	expect_epoll(h, epfd, EPOLLOUT);
	expect_epoll(h, epfd, 0);
	gives(0, epoll_ctl, epfd, EPOLL_CTL_MOD, fd, &event);
	expect_epoll(h, epfd, EPOLLOUT);
	gives(0, epoll_ctl, epfd, EPOLL_CTL_MOD, fd, &event);
	gives(0, close, fd); /* and it is watched no longer */
	expect_epoll(h, epfd, 0);
	gives(0, close, epfd);
}

TEST(errnos_of_a_fresh_socket)
{
	int fd = host_socket(h, SOCK_NONBLOCK);
	struct sockaddr_storage other = { .ss_family = h->family == HOST_IPV4 ? AF_INET6 : AF_INET };
	int value = 0;
	socklen_t len;

	fails(EAFNOSUPPORT, socket, AF_UNIX, SOCK_STREAM, 0);
	fails(ESOCKTNOSUPPORT, socket, host_domain(h), SOCK_DGRAM, 0);
	fails(EINVAL, accept, fd, NULL, NULL);
	fails(ENOTCONN, read, fd, data, 1);
	fails(EPIPE, write, fd, data, 1);
	fails(ENOTCONN, shutdown, fd, SHUT_WR);
	const struct sockaddr *foreign = host_address(h, 2, PORT, &len);

	fails(EADDRNOTAVAIL, bind, fd, foreign, len);
	fails(EINVAL, bind, fd, foreign, len - 1);
	fails(EAFNOSUPPORT, connect, fd, (struct sockaddr *)&other, sizeof(other));
	fails(ENOPROTOOPT, setsockopt, fd, IPPROTO_TCP, TCP_CORK, &value, sizeof(value));
	fails(EINVAL, setsockopt, fd, IPPROTO_TCP, TCP_MAXSEG, &(int){ 20 }, sizeof(int));
	fails(EINVAL, setsockopt, fd, IPPROTO_TCP, TCP_NODELAY, &value, 1);
	fails(EBADF, read, 900, data, 1);
}

TEST(errnos_of_listening)
{
	int fd = host_listening(h, PORT), second = host_socket(h, 0), value;
	socklen_t len;
	const struct sockaddr *local = host_address(h, 0, PORT, &len);

	fails(EADDRINUSE, bind, second, local, len);
	fails(EINVAL, bind, fd, local, len);
	gives(0, fcntl, fd, F_SETFL, O_RDWR | O_NONBLOCK);
	gives(O_RDWR | O_NONBLOCK, fcntl, fd, F_GETFL);
	fails(EAGAIN, accept, fd, NULL, NULL);
	fails(EINVAL, ioctl, fd, SIOCINQ, &value);
	cr_assert(host_connect(h, fd) == -1 && errno == EISCONN);
}

TEST(errnos_of_a_connection)
{
	int fd = host_connected(h);

	fails(EAGAIN, read, fd, data, 1);
	fails(EFAULT, write, fd, NULL, 1);
	fails(EINVAL, shutdown, fd, 7);
	fails(EINVAL, listen, fd, 1);
	fails(EOPNOTSUPP, send, fd, data, 1, MSG_OOB);
	inject(h, ACK, .seq = 1, .ack = 1, .len = 10);
	fails(EFAULT, read, fd, NULL, 1);
}

/* What packetdrill closes behind the adapter's back. */
TEST(leftovers_are_the_hosts)
{
	int fd = host_accepted(h);

	inject(h, ACK, .seq = 1, .ack = 1, .len = 10);
	cr_assert_eq(close(fd), 0);
}

/* What accept() tells is an address as connect() takes it. */
TEST(peers_address)
{
	int listening = host_listening(h, PORT);
	struct sockaddr_storage told = { .ss_family = AF_UNSPEC };
	socklen_t len, told_len = sizeof(told);
	const struct sockaddr *peer = host_address(h, 2, PEER_PORT, &len);

	inject(h, SYN, .mss = 1460);
	expect(h, SYN | ACK, .ack = 1, .mss = 1460);
	inject(h, ACK, .seq = 1, .ack = 1);
	int fd = h->call.accept(h->call.userdata, listening, (struct sockaddr *)&told, &told_len);

	cr_assert_geq(fd, 0);
	cr_assert_eq(told_len, len);
	cr_assert_arr_eq(&told, peer, len);
	cr_assert_eq(host_get(h, fd, SOL_SOCKET, SO_DOMAIN), host_domain(h));
}

TEST(service_and_hops)
{
	int fd = host_socket(h, 0), level = h->family == HOST_IPV6 ? IPPROTO_IPV6 : IPPROTO_IP;
	int service = level == IPPROTO_IPV6 ? IPV6_TCLASS : IP_TOS,
	    hops = level == IPPROTO_IPV6 ? IPV6_UNICAST_HOPS : IP_TTL;

	cr_assert_eq(host_set(h, fd, level, service, 0xb8), 0);
	cr_assert_eq(host_get(h, fd, level, service), 0xb8);
	cr_assert_eq(host_set(h, fd, level, hops, 5), 0);
	cr_assert_eq(host_get(h, fd, level, hops), 5);
}

/* Where there is no address of a family there is no socket of it, and no way to its peers. */
Test(adapter, families_that_are_not_there)
{
	struct host *h = host_new(HOST_IPV6, "");
	struct host mapped = { .family = HOST_MAPPED };
	socklen_t len;
	const struct sockaddr *peer = host_address(&mapped, 2, PORT, &len);

	fails(EAFNOSUPPORT, socket, AF_INET, SOCK_STREAM, 0);
	fails(ENETUNREACH, connect, host_socket(h, 0), peer, len);
	host_free(h);
}

Test(adapter, what_is_no_address_is_refused, .exit_code = EXIT_FAILURE)
{
	freopen("/dev/null", "w", stderr);
	host_new(HOST_IPV6, ":x");
}

Test(adapter, an_unknown_flag_is_refused, .exit_code = EXIT_FAILURE)
{
	freopen("/dev/null", "w", stderr);
	host_new(HOST_IPV4, ",speed=9");
}
