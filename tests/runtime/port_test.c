/* SPDX-License-Identifier: BSD-3-Clause */
/* Ports by their names: those that open, and what is said of those that do not. */
#include <criterion/criterion.h>
#include <errno.h>
#include <rte_ethdev.h>
#include <string.h>
#include <unistd.h>

#include "nic/nic.h"
#include "support/eal.h"
#include "support/mbufs.h"

TestSuite(port, .init = eal_start, .timeout = 60);

static int open_port(struct port *port, const char *device, struct why *why)
{
	struct port_options options = { .device = device, .queues = 1 };

	why->text[0] = '\0';
	return port_open(port, &options, why);
}

static void open_start_close(const char *device)
{
	struct rte_mempool *pool = mbufs_pool(4095);
	struct port port;
	struct why why;

	/* Twice: what closing leaves behind would be in the way. */
	for (int i = 0; i < 2; i++) {
		cr_assert_eq(open_port(&port, device, &why), 0, "%s", why.text);
		cr_expect_eq(port.mtu, 1500);
		cr_expect_gt(port.rx_descriptors, 0);
		cr_assert_eq(port_start(&port, &pool, &why), 0, "%s", why.text);
		cr_expect(port_link_up(&port));
		port_close(&port);
		cr_expect_eq(rte_eth_dev_count_avail(), 0);
	}
	cr_expect_eq(pool_missing(pool), 0);
}

Test(port, null_device)
{
	open_start_close("net_null0");
}

Test(port, ring_device_is_given_an_address)
{
	static const uint8_t none[6];
	struct port port;
	struct why why;

	open_start_close("net_ring0");
	cr_assert_eq(open_port(&port, "net_ring0", &why), 0, "%s", why.text);
	cr_expect_neq(memcmp(port.mac, none, sizeof(none)), 0);
	cr_expect_eq(port.mac[0] & 3, 2, "locally administered, unicast");
	cr_expect(port.by_pointer);
	port_close(&port);
}

Test(port, one_device_is_opened_once)
{
	struct port port, second;
	struct why why;

	cr_assert_eq(open_port(&port, "net_null0", &why), 0, "%s", why.text);
	cr_expect_eq(open_port(&second, "net_null0", &why), -EBUSY);
	cr_expect_not_null(strstr(why.text, "net_null0"));
	port_close(&port);
	cr_assert_eq(open_port(&port, "net_null0", &why), 0, "%s", why.text);
	port_close(&port);
}

Test(port, says_what_is_wrong)
{
	static const struct {
		const char *device, *said;
		int error;
	} cases[] = {
		{ "0000:99:00.0", "no such device 0000:99:00.0", -ENODEV },
		{ "99:00.0", "no such device 0000:99:00.0", -ENODEV },
		{ "eth7", "neither a PCI address", -ENODEV },
		{ "net_nosuch0", "no driver of DPDK has that name", -ENODEV },
		{ "net_af_packet0", "iface=", -EINVAL },
		{ "net_af_packet0,iface=nosuch9", "no such network interface 'nosuch9'", -ENODEV },
		{ "net_af_xdp0,iface=nosuch9", "no such network interface 'nosuch9'", -ENODEV },
		{ "lo", "give net_af_packet0,iface=lo", -ENODEV },
		{ "net_pcap0,rx_pcap=/nowhere/x.pcap,tx_pcap=/dev/null",
		  "no such file as its rx_pcap=", -ENOENT },
		{ "net_virtio_user0,path=/nowhere/x.sock,queues=1", "start the side with net_vhost first",
		  -ENOENT },
		{ "net_vhost0", "net_vhost0,iface=PATH", -EINVAL },
		{ "net_vhost0,iface=/nowhere/x.sock", "socket of its iface= cannot be made", -1 },
		{ "", "names no device", -EINVAL },
	};
	struct port port;
	struct why why;

	for (unsigned i = 0; i < RTE_DIM(cases); i++) {
		cr_expect_eq(open_port(&port, cases[i].device, &why), cases[i].error, "%s: %s",
			     cases[i].device, why.text);
		cr_expect_not_null(strstr(why.text, cases[i].said), "%s: %s", cases[i].device, why.text);
	}
}

Test(port, refuses_what_the_driver_cannot)
{
	struct port_options jumbo = { .device = "net_memif0", .queues = 1, .mtu = 9000 };
	struct port_options queues = { .device = "net_null0", .queues = PORT_QUEUES_MAX, .mtu = 1500 };
	struct port port;
	struct why why;

	cr_expect_eq(port_open(&port, &jumbo, &why), -EINVAL);
	cr_expect_not_null(strstr(why.text, "MTU 9000 is more than"), "%s", why.text);
	queues.queues = UINT16_MAX;
	cr_expect_eq(port_open(&port, &queues, &why), -ENOTSUP);
	cr_expect_not_null(strstr(why.text, "queues"), "%s", why.text);
	cr_expect_eq(rte_eth_dev_count_avail(), 0, "a port that was refused stays closed");
}

/* Plugged in by EAL's own options, it is opened by its name alone. */
Test(port, memif_that_lends_its_buffers_is_known_by_its_name)
{
	struct port port;
	struct why why;

	cr_assert_eq(rte_dev_probe("net_memif7,role=client,id=7,zero-copy=yes"), 0);
	cr_assert_eq(open_port(&port, "net_memif7", &why), 0, "%s", why.text);
	cr_expect(port.forgetful);
	port_close(&port);
}
