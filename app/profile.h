/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * profile.h - the settings of a device and what a person must know of its driver, read from a file of
 * drivers-cfg/ (libconfig's syntax).
 *
 *     driver = "net_tap";
 *     device = "net_tap0,iface=weir0"; // taken when --port is not given
 *     needs = ( { what = "permission"; text = "CAP_NET_ADMIN" } );
 *
 * profile_keys.c is the schema: every key with its type, its range and its meaning. All keys are optional;
 * one that is not there is an error, because a misspelt setting that is silently ignored costs somebody
 * an afternoon. drivers-cfg/README.md shows the same table.
 *
 * Texts belong to the profile, until profile_free(). Any thread, one profile each.
 */
#ifndef WEIR_APP_PROFILE_H
#define WEIR_APP_PROFILE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "weir.h"

#define PROFILE_ERROR_MAX 512
#define PROFILE_DRIVERS_MAX 4
#define PROFILE_NEEDS_MAX 16
#define PROFILE_TRAPS_MAX 16

enum profile_kind {
	PROFILE_KIND_UNSAID,
	PROFILE_PHYSICAL,
	PROFILE_VIRTUAL,
};

enum profile_need_what {
	PROFILE_NEED_KERNEL,
	PROFILE_NEED_FIRMWARE,
	PROFILE_NEED_LIBRARY,
	PROFILE_NEED_PERMISSION,
	PROFILE_NEED_OPTION,
};

/* What must be there before the device works. */
struct profile_need {
	enum profile_need_what what;
	const char *text;
};

/* What goes wrong with it, by its documentation. */
struct profile_trap {
	const char *symptom, *cure;
	const char *source; /* the document that says so */
};

struct profile {
	char path[PATH_MAX]; /* of the file; empty: none was read */

	/* What it is. NULL, 0: not said. */
	const char *summary;
	enum profile_kind kind;
	const char *tested;                       /* on what weir was run with it, or that it was not */
	const char *drivers[PROFILE_DRIVERS_MAX]; /* names of rte_eth_dev_info.driver_name */
	unsigned drivers_count;

	/* What a run takes. */
	const char *device;                      /* vdev string or PCI address; NULL: --port is needed */
	uint16_t queues;                         /* 0: as many as there are lcores for them */
	uint16_t rx_descriptors, tx_descriptors; /* 0: the driver's preference */
	uint16_t mtu;
	bool software_checksums;
	enum weir_port_rss rss;
	uint8_t rss_key[WEIR_RSS_KEY_MAX];
	unsigned rss_key_length; /* bytes of rss_key; 0: none is given */

	/* What the driver has, by its documentation. 0: none, or not known. */
	uint16_t rss_key_bytes, rss_table_size;

	struct profile_need needs[PROFILE_NEEDS_MAX];
	unsigned needs_count;
	struct profile_trap traps[PROFILE_TRAPS_MAX];
	unsigned traps_count;

	void *config; /* libconfig's; keeps the texts */
};

/* What holds without a file. */
void profile_default(struct profile *profile);

/*
 * Reads `name`: a file with its path, or, without a slash or a dot, one that comes with weir (mlx5).
 * Returns 0, or a negative errno with one line in error that begins with "path:line: " or "--profile: ";
 * then nothing is to be freed.
 */
int profile_read(const char *name, struct profile *profile, char error[PROFILE_ERROR_MAX]);

/* Whether it is for a port of this driver (weir_port_info.driver); one that names no driver is for all. */
bool profile_fits(const struct profile *profile, const char *driver);

/* Leaves what profile_default() would. */
void profile_free(struct profile *profile);

#endif
