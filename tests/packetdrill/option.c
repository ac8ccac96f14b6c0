/* SPDX-License-Identifier: BSD-3-Clause */
#include "packetdrill/option.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/clock.h"
#include "packetdrill/info.h"
#include "packetdrill/stream.h"

#define MSS_LEAST 88 /* Linux's bounds on TCP_MAXSEG */
#define MSS_MOST 32767
#define KEEP_SECONDS_MOST 32767
#define KEEP_PROBES_MOST 15 /* weir's; Linux's is 127 */
#define DSCP_SHIFT 2

/* An option that is a number. Setters return 0 or a negative errno; without one it cannot be set. */
struct option {
	int level, name;
	int (*get)(struct socket *socket);
	int (*set)(struct socket *socket, int value);
};

int option_apply(struct socket *socket)
{
	struct tcp *tcp = socket->world->tcp;

	if (socket->state == SOCKET_LISTENING)
		return tcp_set_listener_options(tcp, socket->listener, &socket->options);
	if (socket->state == SOCKET_CONNECTING || socket->state == SOCKET_CONNECTED)
		return tcp_set_options(tcp, socket->conn, &socket->options);
	return 0;
}

static bool within(int value, int least, int most)
{
	return value >= least && value <= most;
}

/* SOL_SOCKET */

static int get_error(struct socket *socket)
{
	return -socket_take_error(socket);
}

static int get_type(struct socket *socket)
{
	(void)socket;
	return SOCK_STREAM;
}

static int get_domain(struct socket *socket)
{
	return socket->family;
}

static int get_protocol(struct socket *socket)
{
	(void)socket;
	return IPPROTO_TCP;
}

static int get_listening(struct socket *socket)
{
	return socket->state == SOCKET_LISTENING;
}

static int get_reuse(struct socket *socket)
{
	return socket->reuse_address;
}

static int set_reuse(struct socket *socket, int value)
{
	socket->reuse_address = value != 0;
	return 0;
}

static int get_keep_alive(struct socket *socket)
{
	return socket->options.keep_alive;
}

static int set_keep_alive(struct socket *socket, int value)
{
	socket->options.keep_alive = value != 0;
	return option_apply(socket);
}

static int get_send_buffer(struct socket *socket)
{
	return socket->send_buffer;
}

/* Linux doubles what is asked for, to have room for its bookkeeping, and tells the double. */
static int doubled(int value)
{
	return value > INT_MAX / 2 ? INT_MAX : value < 1024 ? 2048 : 2 * value;
}

static int set_send_buffer(struct socket *socket, int value)
{
	socket->send_buffer = doubled(value);
	return 0;
}

static int get_receive_buffer(struct socket *socket)
{
	return socket->receive_buffer;
}

static int set_receive_buffer(struct socket *socket, int value)
{
	socket->receive_buffer = doubled(value);
	world_set_receive_window(socket->world, (uint32_t)socket->receive_buffer / 2);
	return 0;
}

/* IPPROTO_TCP */

static int get_no_delay(struct socket *socket)
{
	return socket->options.no_delay;
}

static int set_no_delay(struct socket *socket, int value)
{
	socket->options.no_delay = value != 0;
	return option_apply(socket);
}

/* What is sent at most, once that is known. */
static int get_mss(struct socket *socket)
{
	struct weir_info info;

	if (socket->state == SOCKET_CONNECTED && tcp_info(socket->world->tcp, socket->conn, &info) == 0)
		return info.mss;
	return socket->options.mss_max != 0 ? socket->options.mss_max : TCP_MSS_DEFAULT;
}

static int set_mss(struct socket *socket, int value)
{
	if (value != 0 && !within(value, MSS_LEAST, MSS_MOST))
		return -EINVAL;
	socket->options.mss_max = (uint16_t)value;
	return option_apply(socket);
}

static int get_user_timeout(struct socket *socket)
{
	return (int)(socket->options.user_timeout_ns / CLOCK_NS_PER_MS);
}

static int set_user_timeout(struct socket *socket, int value)
{
	if (value < 0)
		return -EINVAL;
	socket->options.user_timeout_ns = (uint64_t)value * CLOCK_NS_PER_MS;
	return option_apply(socket);
}

static int get_keep_idle(struct socket *socket)
{
	return (int)(socket->options.keep_idle_ns / CLOCK_NS_PER_S);
}

static int set_keep_idle(struct socket *socket, int value)
{
	if (!within(value, 1, KEEP_SECONDS_MOST))
		return -EINVAL;
	socket->options.keep_idle_ns = (uint64_t)value * CLOCK_NS_PER_S;
	return option_apply(socket);
}

static int get_keep_interval(struct socket *socket)
{
	return (int)(socket->options.keep_interval_ns / CLOCK_NS_PER_S);
}

static int set_keep_interval(struct socket *socket, int value)
{
	if (!within(value, 1, KEEP_SECONDS_MOST))
		return -EINVAL;
	socket->options.keep_interval_ns = (uint64_t)value * CLOCK_NS_PER_S;
	return option_apply(socket);
}

static int get_keep_probes(struct socket *socket)
{
	return socket->options.keep_probes;
}

static int set_keep_probes(struct socket *socket, int value)
{
	if (!within(value, 1, KEEP_PROBES_MOST))
		return -EINVAL;
	socket->options.keep_probes = (uint8_t)value;
	return option_apply(socket);
}

static int get_tells_unread(struct socket *socket)
{
	return socket->tells_unread;
}

static int set_tells_unread(struct socket *socket, int value)
{
	if (!within(value, 0, 1))
		return -EINVAL;
	socket->tells_unread = value;
	return 0;
}

/* IPPROTO_IP and IPPROTO_IPV6 */

static int get_tos(struct socket *socket)
{
	return socket->options.dscp << DSCP_SHIFT;
}

/* The two bits of ECN are TCP's own, as on Linux. */
static int set_tos(struct socket *socket, int value)
{
	if (!within(value, 0, UINT8_MAX))
		return -EINVAL;
	socket->options.dscp = (uint8_t)(value >> DSCP_SHIFT);
	return option_apply(socket);
}

static int get_ttl(struct socket *socket)
{
	return socket->options.ttl;
}

static int set_ttl(struct socket *socket, int value)
{
	if (!within(value, 1, UINT8_MAX))
		return -EINVAL;
	socket->options.ttl = (uint8_t)value;
	return option_apply(socket);
}

static const struct option options[] = {
	{ SOL_SOCKET, SO_ERROR, get_error, NULL },
	{ SOL_SOCKET, SO_TYPE, get_type, NULL },
	{ SOL_SOCKET, SO_DOMAIN, get_domain, NULL },
	{ SOL_SOCKET, SO_PROTOCOL, get_protocol, NULL },
	{ SOL_SOCKET, SO_ACCEPTCONN, get_listening, NULL },
	{ SOL_SOCKET, SO_REUSEADDR, get_reuse, set_reuse },
	{ SOL_SOCKET, SO_KEEPALIVE, get_keep_alive, set_keep_alive },
	{ SOL_SOCKET, SO_SNDBUF, get_send_buffer, set_send_buffer },
	{ SOL_SOCKET, SO_RCVBUF, get_receive_buffer, set_receive_buffer },
	{ IPPROTO_TCP, TCP_NODELAY, get_no_delay, set_no_delay },
	{ IPPROTO_TCP, TCP_MAXSEG, get_mss, set_mss },
	{ IPPROTO_TCP, TCP_USER_TIMEOUT, get_user_timeout, set_user_timeout },
	{ IPPROTO_TCP, TCP_KEEPIDLE, get_keep_idle, set_keep_idle },
	{ IPPROTO_TCP, TCP_KEEPINTVL, get_keep_interval, set_keep_interval },
	{ IPPROTO_TCP, TCP_KEEPCNT, get_keep_probes, set_keep_probes },
	{ IPPROTO_TCP, TCP_INQ, get_tells_unread, set_tells_unread },
	{ IPPROTO_IP, IP_TOS, get_tos, set_tos },
	{ IPPROTO_IP, IP_TTL, get_ttl, set_ttl },
	{ IPPROTO_IPV6, IPV6_TCLASS, get_tos, set_tos },
	{ IPPROTO_IPV6, IPV6_UNICAST_HOPS, get_ttl, set_ttl },
};

static const struct option *find(int level, int name)
{
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (options[i].level == level && options[i].name == name)
			return &options[i];
	return NULL;
}

/* SO_LINGER, the only one that is not a number. */

static int get_linger(const struct socket *socket, void *value, socklen_t *len)
{
	uint64_t linger_ns = socket->options.linger_ns;
	struct linger linger = { .l_onoff = linger_ns != WEIR_LINGER_ON };

	if (linger.l_onoff)
		linger.l_linger = (int)(linger_ns / CLOCK_NS_PER_S);
	if (*len > sizeof(linger))
		*len = sizeof(linger);
	memcpy(value, &linger, *len);
	return 0;
}

static int set_linger(struct socket *socket, const void *value, socklen_t len)
{
	struct linger linger;

	if (len < sizeof(linger))
		return -EINVAL;
	memcpy(&linger, value, sizeof(linger));
	socket->options.linger_ns = linger.l_onoff ? (uint64_t)(unsigned)linger.l_linger * CLOCK_NS_PER_S :
						     WEIR_LINGER_ON;
	return option_apply(socket);
}

int option_get(struct socket *socket, int level, int name, void *value, socklen_t *len)
{
	const struct option *option = find(level, name);

	if (info_knows(level, name))
		return info_get(socket, level, name, value, len);
	if (level == SOL_SOCKET && name == SO_LINGER)
		return get_linger(socket, value, len);
	if (option == NULL)
		return -ENOPROTOOPT;
	int number = option->get(socket);

	/* Little-endian, so that less room gets the low bytes. */
	if (*len > sizeof(number))
		*len = sizeof(number);
	memcpy(value, &number, *len);
	return 0;
}

int option_set(struct socket *socket, int level, int name, const void *value, socklen_t len)
{
	const struct option *option = find(level, name);
	int number = 0;

	if (level == SOL_SOCKET && name == SO_LINGER)
		return set_linger(socket, value, len);
	if (option == NULL || option->set == NULL)
		return -ENOPROTOOPT;
	/* IP's options may be a byte. */
	if (len < sizeof(number) && !(level == IPPROTO_IP && len >= 1))
		return -EINVAL;
	memcpy(&number, value, len < sizeof(number) ? 1 : sizeof(number));
	return option->set(socket, number);
}

int option_fcntl(struct socket *socket, int command, long argument)
{
	if (command == F_GETFL)
		return O_RDWR | (socket->nonblocking ? O_NONBLOCK : 0);
	if (command != F_SETFL)
		return -EINVAL;
	socket->nonblocking = argument & O_NONBLOCK;
	return 0;
}

int option_ioctl(struct socket *socket, unsigned long request, int *argument)
{
	if (request == FIONBIO) {
		socket->nonblocking = *argument != 0;
		return 0;
	}
	if (request != SIOCINQ && request != SIOCOUTQ && request != SIOCOUTQNSD)
		return -ENOTTY;
	if (socket->state == SOCKET_LISTENING)
		return -EINVAL;
	if (request == SIOCINQ)
		*argument = (int)socket->unread_bytes;
	else
		*argument = (int)(request == SIOCOUTQ ? stream_outstanding(socket) : stream_unsent(socket));
	return 0;
}
