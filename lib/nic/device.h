/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * device.h - from what a person writes (a PCI address, a vdev string) to an ethdev port, and
 * from a failure to a line that says what to do about it.
 *
 * A device that EAL probed at start (an allowed PCI device, a --vdev) is found by its name; any other
 * is plugged in now. Not thread safe: the main thread, before loops run.
 */
#ifndef WEIR_NIC_DEVICE_H
#define WEIR_NIC_DEVICE_H

#include <stdint.h>

#include "nic/why.h"

#define DEVICE_NAME_BYTES 64

struct rte_device;

/*
 * Finds or probes `device`: "0000:3b:00.0", "3b:00.0", "net_tap0,iface=t0". 0 with its ethdev port,
 * or a negative errno with the reason in `why`.
 */
int device_attach(const char *device, uint16_t *port_id, struct why *why);

/* Takes a device off its driver, unless another port of it is still open. After rte_eth_dev_close(). */
void device_detach(struct rte_device *device);

#endif
