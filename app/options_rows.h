/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * options_rows.h - every option as argp's tables have it: its name, its value's name, its line of help.
 *
 * Apart from options.c, which says what an option does, because this is prose. Commands share rows: those of
 * options_common_rows are every command's, the others' names say whose. A group's number orders the headings
 * of a command's help.
 */
#ifndef WEIR_APP_OPTIONS_ROWS_H
#define WEIR_APP_OPTIONS_ROWS_H

#include <argp.h>

/* Options without a short form have keys beyond the characters. */
enum option_key {
	KEY_HELP = 'h',
	KEY_PORT = 256,
	KEY_PROFILE,
	KEY_ADDR,
	KEY_GATEWAY,
	KEY_VLAN,
	KEY_QUEUES,
	KEY_LCORES,
	KEY_REST,
	KEY_MAX_CONNECTIONS,
	KEY_DURATION,
	KEY_JSON,
	KEY_CAPTURE,
	KEY_SEED,
	KEY_MSL,
	KEY_RFC1337,
	KEY_EAL,
	KEY_APP,
	KEY_SIZE,
	KEY_LISTEN,
	KEY_SYN_DEFENCE,
	KEY_BACKLOG,
	KEY_SYN_PER_SOURCE,
	KEY_OPENS_PER_SOURCE,
	KEY_COOKIE_KEY,
	KEY_CONNECT,
	KEY_RATE,
	KEY_CONNECTIONS,
	KEY_REQUESTS,
	KEY_RAMP,
	KEY_CLOSE,
	KEY_FLOOD,
	KEY_FAMILY,
	KEY_KIND,
	KEY_SOURCE,
	KEY_PLAIN,
	KEY_AUTHORISED,
	KEY_DEST_MAC,
};

extern const struct argp_option options_common_rows[];
extern const struct argp_option options_port_rows[];
extern const struct argp_option options_serve_rows[];
extern const struct argp_option options_defence_rows[]; /* serve's, and demo's server's */
extern const struct argp_option options_traffic_rows[]; /* load's, and demo's client's */
extern const struct argp_option options_load_rows[];
extern const struct argp_option options_demo_rows[];
extern const struct argp_option options_flood_rows[];
extern const struct argp_option options_doctor_rows[];

#endif
