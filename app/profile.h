/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * profile.h - the settings of a device, read from a file of drivers-cfg/ (libconfig's syntax).
 *
 *     device = "net_af_packet0,iface=eth0";  // taken when --port is not given
 *     rx_descriptors = 1024;
 *     tx_descriptors = 1024;
 *     mtu = 1500;
 *     software_checksums = false;
 *
 * All keys are optional; one that is not listed here is an error, because a misspelt setting that
 * is silently ignored costs somebody an afternoon.
 */
#ifndef WEIR_APP_PROFILE_H
#define WEIR_APP_PROFILE_H

#include <stdbool.h>
#include <stdint.h>

struct profile {
	char device[256];
	uint16_t rx_descriptors, tx_descriptors; /* 0: the driver's preference */
	uint16_t mtu;
	bool software_checksums;
};

/* What holds without a file. */
void profile_default(struct profile *profile);

#define PROFILE_ERROR_MAX 512

/* Returns 0, or a negative errno with one line in error that begins with "path:line: " or "path: ". */
int profile_read(const char *path, struct profile *profile, char error[PROFILE_ERROR_MAX]);

#endif
