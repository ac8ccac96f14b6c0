/* SPDX-License-Identifier: BSD-3-Clause */
#include "nic/device.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <net/if.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include <rte_dev.h>
#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_pci.h>

/* "net_tap0,iface=t0" -> "net_tap0"; "3b:00.0" -> "0000:3b:00.0", as EAL names devices. */
static bool device_name(const char *device, char name[DEVICE_NAME_BYTES])
{
	size_t len = strcspn(device, ",");
	struct rte_pci_addr address;

	if (len == 0 || len >= DEVICE_NAME_BYTES)
		return false;
	memcpy(name, device, len);
	name[len] = '\0';
	if (rte_pci_addr_parse(name, &address) == 0)
		rte_pci_device_name(&address, name, DEVICE_NAME_BYTES);
	return true;
}

static bool is_pci(const char *name)
{
	struct rte_pci_addr address;

	return rte_pci_addr_parse(name, &address) == 0;
}

/* A device with several ports (some PCI ones) is known by its first. */
static bool find_port(const char *name, uint16_t *port_id)
{
	struct rte_eth_dev_info info;
	uint16_t id;

	RTE_ETH_FOREACH_DEV (id) {
		if (rte_eth_dev_info_get(id, &info) != 0 || info.device == NULL)
			continue;
		if (strcmp(rte_dev_name(info.device), name) == 0) {
			*port_id = id;
			return true;
		}
	}
	return false;
}

/* The value of iface= in a vdev string. */
static bool interface_of(const char *device, char interface[IF_NAMESIZE])
{
	const char *value = strstr(device, ",iface=");
	size_t len;

	if (value == NULL)
		return false;
	value += strlen(",iface=");
	len = strcspn(value, ",");
	if (len == 0 || len >= IF_NAMESIZE)
		return false;
	memcpy(interface, value, len);
	interface[len] = '\0';
	return true;
}

/* Many drivers return -1 for everything, which would read as "Operation not permitted". */
static const char *reason(int error)
{
	return error == -1 ? "its driver does not say why" : strerror(-error);
}

static int code(int error)
{
	return error == -1 ? -EIO : error;
}

static int explain_pci(const char *name, int error, struct why *why)
{
	char path[PATH_MAX], driver[PATH_MAX];
	ssize_t len;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s", name);
	if (access(path, F_OK) != 0)
		return why_set(why, -ENODEV, "no such device %s: `lspci -D` lists those there are", name);
	if (!rte_eal_has_pci())
		return why_set(why, -ENODEV, "%s: EAL was started with --no-pci; leave that out", name);

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver", name);
	len = readlink(path, driver, sizeof(driver) - 1);
	if (len < 0)
		return why_set(why, code(error), "%s has no driver: `dpdk-devbind.py -b vfio-pci %s`", name,
			       name);
	driver[len] = '\0';
	if (strncmp(basename(driver), "mlx", 3) == 0)
		return why_set(
			why, code(error),
			"%s stays with %s, but no driver of DPDK took it: are its library (librte_net_%.4s) "
			"and ibverbs-providers installed, and %.4s_ib loaded?",
			name, basename(driver), basename(driver), basename(driver));
	if (strcmp(basename(driver), "vfio-pci") != 0)
		return why_set(why, code(error),
			       "%s is bound to %s, which DPDK cannot use: "
			       "`dpdk-devbind.py -b vfio-pci %s`",
			       name, basename(driver), name);
	if (access("/dev/vfio/vfio", R_OK | W_OK) != 0)
		return why_set(why, -EPERM,
			       "%s: no permission for /dev/vfio/vfio: be root, or own the "
			       "files in /dev/vfio",
			       name);
	return why_set(why, code(error),
		       "%s: no driver of DPDK took it (%s): is its library (librte_net_*) installed?", name,
		       reason(error));
}

/* Virtual devices that stand on an interface of the kernel. */
static bool on_interface(const char *name)
{
	return strncmp(name, "net_af_packet", 13) == 0 || strncmp(name, "net_af_xdp", 10) == 0;
}

/* Virtual devices that are joined to something by a path, which should be there; NULL: not for want of it. */
static const char *lacks_path(const char *device)
{
	static const struct {
		const char *driver, *argument, *lack;
	} known[] = {
		{ "net_pcap", ",rx_pcap=", "there is no such file as its rx_pcap= says" },
		{ "net_virtio_user",
		  ",path=", "nobody made the socket of its path=: start the side with net_vhost first" },
	};
	char path[PATH_MAX];

	for (unsigned i = 0; i < RTE_DIM(known); i++) {
		const char *value = strstr(device, known[i].argument);

		if (strncmp(device, known[i].driver, strlen(known[i].driver)) != 0 || value == NULL)
			continue;
		value += strlen(known[i].argument);
		snprintf(path, sizeof(path), "%.*s", (int)strcspn(value, ","), value);
		if (access(path, F_OK) != 0)
			return known[i].lack;
	}
	return NULL;
}

static int explain_vdev(const char *device, const char *name, int error, struct why *why)
{
	bool on_tun = strncmp(name, "net_tap", 7) == 0;
	char interface[IF_NAMESIZE];

	if (strncmp(name, "net_", 4) != 0 && if_nametoindex(name) != 0)
		return why_set(
			why, -ENODEV,
			"no such device '%s': it is an interface of the kernel; give net_af_packet0,iface=%s, "
			"or the PCI address of a card that is bound to vfio-pci",
			name, name);
	if (strncmp(name, "net_", 4) != 0)
		return why_set(why, -ENODEV,
			       "no such device '%s': it is neither a PCI address (0000:3b:00.0) "
			       "nor a virtual device (net_tap0,iface=t0)",
			       name);
	if (on_interface(name) && !interface_of(device, interface))
		return why_set(why, -EINVAL, "%s: say on which interface: %s,iface=NAME", name, name);
	if (strncmp(name, "net_vhost", 9) == 0 && strstr(device, ",iface=") == NULL)
		return why_set(why, -EINVAL, "%s: say where its socket shall be: %s,iface=PATH", name, name);
	if (on_interface(name) && if_nametoindex(interface) == 0)
		return why_set(why, -ENODEV,
			       "%s: no such network interface '%s': `ip link` lists those there are", name,
			       interface);
	if (on_tun && access("/dev/net/tun", F_OK) != 0)
		return why_set(why, -ENODEV, "%s: /dev/net/tun is missing: `modprobe tun`", name);
	if ((on_tun || on_interface(name)) && geteuid() != 0)
		return why_set(why, -EPERM,
			       "%s: no permission: be root, or have CAP_NET_ADMIN and CAP_NET_RAW "
			       "(setcap)",
			       name);
	if (lacks_path(device) != NULL)
		return why_set(why, -ENOENT, "%s: %s", device, lacks_path(device));
	if (error == -EFAULT || error == -ENODEV)
		return why_set(why, -ENODEV,
			       "no such device '%s': no driver of DPDK has that name; is its library "
			       "(librte_net_*) installed?",
			       name);
	return why_set(why, code(error),
		       "cannot open '%s': %s; DPDK's own messages (--eal \"--log-level=8\") say more", device,
		       reason(error));
}

int device_attach(const char *device, uint16_t *port_id, struct why *why)
{
	char name[DEVICE_NAME_BYTES];
	int error;

	if (!device_name(device, name))
		return why_set(why, -EINVAL, "'%.64s' names no device", device);
	if (find_port(name, port_id))
		return 0;
	error = is_pci(name) && !rte_eal_has_pci() ? -ENODEV : rte_dev_probe(device);
	if (error == 0 && find_port(name, port_id))
		return 0;
	if (error == 0)
		return why_set(why, -ENOTSUP, "%s is not a network device", name);
	return is_pci(name) ? explain_pci(name, error, why) : explain_vdev(device, name, error, why);
}

void device_detach(struct rte_device *device)
{
	struct rte_eth_dev_info info;
	uint16_t id;

	RTE_ETH_FOREACH_DEV (id) {
		if (rte_eth_dev_info_get(id, &info) == 0 && info.device == device)
			return;
	}
	rte_dev_remove(device);
}
