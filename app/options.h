/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * options.h - what the command line asks for, checked, before anything is started.
 *
 * docs/cli.md says what each option means, and options_ports.h whose it is. Parsing has no side effects: what
 * is wrong comes back as one line that names the option and what would be right.
 */
#ifndef WEIR_APP_OPTIONS_H
#define WEIR_APP_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "weir.h"

#define OPTIONS_LCORES_MAX 64
#define OPTIONS_PORTS_MAX 16
#define OPTIONS_LISTEN_MAX 16
#define OPTIONS_CONNECT_MAX 16

enum command {
	COMMAND_DEMO,
	COMMAND_SERVE,
	COMMAND_LOAD,
	COMMAND_FLOOD,
	COMMAND_DOCTOR,
	COMMANDS,
};

enum app_kind {
	APP_HTTP,
	APP_ECHO,
	APP_DISCARD, /* serve */
	APP_ACCEPT,  /* serve */
	APP_CONNECT, /* load */
	APP_KINDS,
};

/* Who ends a connection of load's, and how. */
enum close_kind {
	CLOSE_FIN,  /* load closes first */
	CLOSE_RST,  /* load aborts */
	CLOSE_PEER, /* load waits until the server closes */
	CLOSE_KINDS,
};

/* What flood sends: segments with these flags. */
enum flood_kind {
	FLOOD_SYN,
	FLOOD_ACK,
	FLOOD_SYNACK,
	FLOOD_RST,
	FLOOD_FIN,
	FLOOD_NULL, /* no flag at all */
	FLOOD_XMAS, /* FIN, PSH and URG */
	FLOOD_MIX,  /* all of them in turn */
	FLOOD_KINDS,
};

/* What demo's wire carries. */
enum demo_family {
	FAMILY_4,
	FAMILY_6,
	FAMILY_BOTH, /* connections of each in turn */
	FAMILIES,
};

#define OPTIONS_PPS_MAX UINT64_MAX /* "max": as fast as the port takes them */

/* A port, and what belongs to it. */
struct options_port {
	const char *device, *profile; /* NULL: not given. Neither: an end of demo's wire */
	struct weir_range ranges[WEIR_MAX_RANGES];
	unsigned ranges_count;
	struct weir_address gateway, gateway6; /* IPv4's, IPv6's */
	uint16_t vlan;
	uint32_t targets; /* those of --connect that it has a way to, a bit each */
};

struct options {
	enum command command;
	bool help;

	/* Every command. 0, NULL or false: not given. */
	const char *capture, *eal;
	enum weir_rest rest;
	/* What stands before the first --port; options_defaults() gives it to the ports that have none. */
	struct options_port common;
	struct options_port ports[OPTIONS_PORTS_MAX]; /* of demo two, the client's and the server's */
	unsigned ports_count;
	unsigned queues; /* of each port; 0: not given */
	unsigned lcores[OPTIONS_LCORES_MAX];
	unsigned lcores_count;
	uint32_t max_connections; /* per command, divided among its shards */
	uint64_t duration_ns;     /* 0: until a signal */
	bool json;
	bool seeded;
	uint64_t seed;
	uint64_t msl_ns;
	bool rfc1337;

	/* What is spoken. */
	enum app_kind app;
	uint64_t size_bytes; /* http: body; echo: message */
	bool size_given;

	/* serve */
	unsigned listen[OPTIONS_LISTEN_MAX];
	unsigned listen_count;

	/* serve, and demo's server. Per command, divided among its shards; 0: no limit. */
	enum weir_defence_mode defence;
	bool defence_given;
	uint32_t backlog;          /* half-open handshakes of a port; never 0 after options_defaults() */
	uint32_t syn_per_source;   /* half-open handshakes of one source address */
	uint32_t opens_per_source; /* new connections a second of one source address */
	const char *cookie_key;    /* file, or NULL */

	/* flood, and what demo has of it */
	uint64_t flood_pps; /* 0: none; OPTIONS_PPS_MAX */
	enum flood_kind kind;
	struct weir_range source;
	bool source_given;
	bool plain;          /* segments without options */
	bool authorised;     /* any target will do */
	uint8_t dest_mac[6]; /* the Ethernet address to send to, instead of the one that ARP tells */
	bool dest_mac_given;

	/* load, demo's client, to these in turn; and flood's one target */
	struct weir_endpoint connect[OPTIONS_CONNECT_MAX];
	unsigned connect_count;

	/* demo */
	enum demo_family family;
	bool family_given, addr_given;
	bool wire; /* in memory: no --port was given */

	/* load, and demo's client */
	uint64_t rate;        /* connections per second, 0: as fast as they end */
	uint64_t connections; /* open at once, 0: no bound but max_connections */
	uint64_t requests;    /* per connection; 0: until the end */
	uint64_t ramp_ns;
	enum close_kind close;
};

#define OPTIONS_ERROR_MAX 256
#define OPTIONS_REQUESTS_DEFAULT UINT64_MAX /* --requests was not given */

/* The command called `name`: 0 or -EINVAL. */
int options_command(const char *name, enum command *command);

const char *options_command_name(enum command command);
const char *options_app_name(enum app_kind app);
const char *options_flood_name(enum flood_kind kind);

/*
 * Parses the arguments after the command's name. Returns 0, or -EINVAL with one line in error. With
 * options->help set nothing else was checked. Texts in argv must outlive the options.
 */
int options_parse(enum command command, int argc, char **argv, struct options *options,
		  char error[OPTIONS_ERROR_MAX]);

/* Does the command open connections? */
bool options_run_client(const struct options *options);

/* Fills in what was not given. options_parse() does it; apart for tests. */
void options_defaults(struct options *options);

/* Do the options agree with each other? 0, or -EINVAL with one line. */
int options_check(const struct options *options, char error[OPTIONS_ERROR_MAX]);

/* Prints a command's options to standard output. */
void options_help(enum command command);

#endif
