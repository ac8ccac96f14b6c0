/* SPDX-License-Identifier: BSD-3-Clause */
#include "doctor_facts.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <linux/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static void read_channels(struct doctor_port *port)
{
	struct ethtool_channels channels = { .cmd = ETHTOOL_GCHANNELS };
	struct ifreq request = { .ifr_data = (char *)&channels };
	size_t len = strlen(port->interface);
	int fd;

	if (len >= sizeof(request.ifr_name))
		return;
	memcpy(request.ifr_name, port->interface, len + 1);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	if (ioctl(fd, SIOCETHTOOL, &request) == 0) {
		port->channels_known = true;
		/* A driver has channels of both directions, or of each by itself. */
		port->channels_apart = channels.max_combined == 0;
		port->channels_max = port->channels_apart ? channels.max_rx : channels.max_combined;
		port->channels_now = port->channels_apart ? channels.rx_count : channels.combined_count;
	}
	close(fd);
}

/* False: no address of IP's. */
static bool address_text(const struct sockaddr *address, char text[INET6_ADDRSTRLEN])
{
	const void *bytes = NULL;

	if (address == NULL)
		return false;
	if (address->sa_family == AF_INET)
		bytes = &((const struct sockaddr_in *)(const void *)address)->sin_addr;
	else if (address->sa_family == AF_INET6)
		bytes = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
	return bytes != NULL && inet_ntop(address->sa_family, bytes, text, INET6_ADDRSTRLEN) != NULL;
}

static void read_addresses(struct doctor_port *port)
{
	char text[INET6_ADDRSTRLEN];
	struct ifaddrs *all;
	size_t used = 0;

	if (getifaddrs(&all) != 0)
		return;
	for (const struct ifaddrs *one = all; one != NULL; one = one->ifa_next) {
		if (strcmp(one->ifa_name, port->interface) != 0 || !address_text(one->ifa_addr, text) ||
		    used + 2 + strlen(text) > sizeof(port->addresses))
			continue;
		used += (size_t)snprintf(port->addresses + used, sizeof(port->addresses) - used, "%s%s",
					 used > 0 ? "," : "", text);
	}
	freeifaddrs(all);
}

void doctor_facts_read(struct doctor_port *port)
{
	if (port->interface[0] == '\0')
		return;
	read_channels(port);
	read_addresses(port);
}
