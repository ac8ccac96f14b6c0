/* SPDX-License-Identifier: BSD-3-Clause */
#include "options.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ip.h"
#include "options_rows.h"
#include "units.h"

/* What argp carries through: the result, and the line that says why there is none. */
struct parse {
	struct options *options;
	char *error;
};

static const char *const command_names[COMMANDS] = {
	[COMMAND_DEMO] = "demo",   [COMMAND_SERVE] = "serve",   [COMMAND_LOAD] = "load",
	[COMMAND_FLOOD] = "flood", [COMMAND_DOCTOR] = "doctor",
};

static const char *const app_names[APP_KINDS] = {
	[APP_HTTP] = "http",     [APP_ECHO] = "echo",       [APP_DISCARD] = "discard",
	[APP_ACCEPT] = "accept", [APP_CONNECT] = "connect",
};

static const char *const close_names[CLOSE_KINDS] = {
	[CLOSE_FIN] = "fin",
	[CLOSE_RST] = "rst",
	[CLOSE_PEER] = "peer",
};

static const char *const flood_names[FLOOD_KINDS] = {
	[FLOOD_SYN] = "syn", [FLOOD_ACK] = "ack",   [FLOOD_SYNACK] = "synack", [FLOOD_RST] = "rst",
	[FLOOD_FIN] = "fin", [FLOOD_NULL] = "null", [FLOOD_XMAS] = "xmas",     [FLOOD_MIX] = "mix",
};

static const char *const rest_names[] = {
	[WEIR_REST_AUTO] = "auto",
	[WEIR_REST_NEVER] = "never",
	[WEIR_REST_ALWAYS] = "always",
};

static const char *const family_names[FAMILIES] = {
	[FAMILY_4] = "4",
	[FAMILY_6] = "6",
	[FAMILY_BOTH] = "both",
};

/* Which apps each command knows. */
static const bool app_allowed[COMMANDS][APP_KINDS] = {
	[COMMAND_DEMO] = { [APP_HTTP] = true, [APP_ECHO] = true, [APP_CONNECT] = true },
	[COMMAND_SERVE] = { [APP_HTTP] = true, [APP_ECHO] = true, [APP_DISCARD] = true, [APP_ACCEPT] = true },
	[COMMAND_LOAD] = { [APP_HTTP] = true, [APP_ECHO] = true, [APP_CONNECT] = true },
};

static const char *const app_choices[COMMANDS] = {
	[COMMAND_DEMO] = "http, echo or connect",
	[COMMAND_SERVE] = "http, echo, discard or accept",
	[COMMAND_LOAD] = "http, echo or connect",
};

__attribute__((format(printf, 2, 3))) static error_t wrong(struct parse *parse, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(parse->error, OPTIONS_ERROR_MAX, format, args);
	va_end(args);
	return EINVAL;
}

/* "--rate: '5x' is not a number, such as 500 or 10k", or that it is out of range. */
static error_t check(struct parse *parse, int rc, const char *option, const char *arg, const char *right)
{
	if (rc == -ERANGE)
		return wrong(parse, "%s: '%s' is out of range; give %s", option, arg, right);
	if (rc == -EAFNOSUPPORT)
		return wrong(parse, "%s: '%s' is an IPv4 address in the form of an IPv6 one; give %s", option,
			     arg, right);
	if (rc == -EADDRNOTAVAIL)
		return wrong(parse, "%s: '%s' is no host's address; give %s", option, arg, right);
	if (rc == -ENODEV)
		return wrong(
			parse,
			"%s: '%s' names a device, and weir knows --port alone; leave out the %% and the name",
			option, arg);
	if (rc < 0)
		return wrong(parse, "%s: '%s' is not understood; give %s", option, arg, right);
	return 0;
}

static error_t parse_number(struct parse *parse, const char *option, const char *arg, uint64_t min,
			    uint64_t max, uint64_t *value)
{
	uint64_t number = 0;
	char right[96];
	int rc = units_number(arg, &number);

	if (rc == 0 && (number < min || number > max))
		rc = -ERANGE;
	if (max == UINT64_MAX)
		snprintf(right, sizeof(right), "a number from %lu, such as 500, 10k or 2M", min);
	else if (max < 10000)
		snprintf(right, sizeof(right), "a number from %lu to %lu", min, max);
	else
		snprintf(right, sizeof(right), "a number from %lu to %lu, such as 500, 10k or 2M", min, max);
	if (rc == 0)
		*value = number;
	return check(parse, rc, option, arg, right);
}

static error_t parse_count(struct parse *parse, const char *option, const char *arg, uint32_t min,
			   uint32_t max, uint32_t *value)
{
	uint64_t number = 0;
	error_t rc = parse_number(parse, option, arg, min, max, &number);

	if (rc == 0)
		*value = (uint32_t)number;
	return rc;
}

static error_t parse_size(struct parse *parse, const char *arg)
{
	parse->options->size_given = true;
	return parse_number(parse, "--size", arg, 0, 1ull << 40, &parse->options->size_bytes);
}

static error_t parse_time(struct parse *parse, const char *option, const char *arg, uint64_t min_ns,
			  uint64_t *value_ns)
{
	uint64_t ns = 0;
	int rc = units_time(arg, &ns);

	/* A thousand days: times are added up, and must not wrap. */
	if (rc == 0 && (ns < min_ns || ns > 1000ull * 86400 * 1000000000))
		rc = -ERANGE;
	if (rc == 0)
		*value_ns = ns;
	return check(parse, rc, option, arg, "a time with its unit, such as 500us, 40ms, 10s or 2m");
}

/* What a shard takes: 2^32 addresses, and IPv6's out of one /64. */
static bool range_is_too_wide(const struct weir_range *range)
{
	return range->first.hi != range->last.hi || range->last.lo - range->first.lo > UINT32_MAX;
}

/* Whose an option is: the last port's, or before the first one that of all. */
static struct options_port *owner(struct options *options)
{
	return options->ports_count == 0 ? &options->common : &options->ports[options->ports_count - 1];
}

static error_t parse_range(struct parse *parse, const char *arg)
{
	struct options_port *port = owner(parse->options);
	const struct options_port *common = &parse->options->common;
	struct weir_range range;
	int rc = units_range(arg, &range);

	/* A port that is alone has those of both. */
	if (port->ranges_count + (port != common ? common->ranges_count : 0) == WEIR_MAX_RANGES)
		return wrong(parse, "--addr: more than %d ranges; join some as A-B/LEN", WEIR_MAX_RANGES);
	if (rc != 0)
		return check(parse, rc, "--addr", arg,
			     "ADDRESS/LEN or FIRST-LAST/LEN, hosts of one network, such as 192.0.2.10/24, "
			     "198.18.0.1-198.18.3.254/16 or fd99::1/64");
	if (range_is_too_wide(&range))
		return wrong(parse,
			     "--addr: '%s' is out of range; give at most 4294967296 addresses of one /64",
			     arg);
	port->ranges[port->ranges_count++] = range;
	parse->options->addr_given = true;
	return 0;
}

static error_t parse_gateway(struct parse *parse, const char *arg)
{
	struct options_port *port = owner(parse->options);
	struct weir_address address, *gateway;
	int rc = units_address(arg, &address);

	if (rc == 0 && ip_is_any(address))
		rc = -EADDRNOTAVAIL;
	if (rc != 0)
		return check(parse, rc, "--gateway", arg, "a router's address, such as 192.0.2.1 or fd99::1");
	gateway = weir_is_ipv4(address) ? &port->gateway : &port->gateway6;
	if (!ip_is_none(*gateway))
		return wrong(parse, "--gateway: '%s' is the second of %s; give one of each family at most",
			     arg, weir_is_ipv4(address) ? "IPv4" : "IPv6");
	*gateway = address;
	return 0;
}

static error_t parse_vlan(struct parse *parse, const char *arg)
{
	uint64_t id = 0;
	error_t rc = parse_number(parse, "--vlan", arg, 1, 4094, &id);

	owner(parse->options)->vlan = (uint16_t)id;
	return rc;
}

static error_t parse_device(struct parse *parse, const char *arg)
{
	struct options *options = parse->options;

	for (unsigned i = 0; i < options->ports_count; i++)
		if (strcmp(options->ports[i].device, arg) == 0)
			return wrong(parse, "--port: '%s' is given twice; give each device once", arg);
	if (options->ports_count == OPTIONS_PORTS_MAX)
		return wrong(parse, "--port: more than %d; leave '%s' out", OPTIONS_PORTS_MAX, arg);
	options->ports[options->ports_count++] = (struct options_port){ .device = arg };
	return 0;
}

static error_t parse_profile(struct parse *parse, const char *arg)
{
	struct options_port *port = owner(parse->options);

	if (port->profile != NULL)
		return wrong(parse, "--profile: '%s' is a second one; give one for each --port, behind it",
			     arg);
	port->profile = arg;
	return 0;
}

static error_t parse_ports(struct parse *parse, const char *arg)
{
	struct options *options = parse->options;
	int rc = units_list(arg, UINT16_MAX, options->listen, OPTIONS_LISTEN_MAX, &options->listen_count);

	for (unsigned i = 0; rc == 0 && i < options->listen_count; i++)
		if (options->listen[i] == 0)
			rc = -ERANGE;
	return check(parse, rc, "--listen", arg,
		     "up to 16 different ports from 1 to 65535, such as 80 or 80,443");
}

/* The place of a name among others, or -EINVAL. */
static int place_of(const char *name, const char *const *names, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (strcmp(name, names[i]) == 0)
			return (int)i;
	return -EINVAL;
}

static error_t parse_app(struct parse *parse, const char *arg)
{
	struct options *options = parse->options;
	int app = place_of(arg, app_names, APP_KINDS);

	if (app < 0 || !app_allowed[options->command][app])
		return wrong(parse, "--app: %s knows no '%s'; give %s", command_names[options->command], arg,
			     app_choices[options->command]);
	options->app = (enum app_kind)app;
	return 0;
}

static error_t parse_close(struct parse *parse, const char *arg)
{
	int close = place_of(arg, close_names, CLOSE_KINDS);

	if (close < 0)
		return wrong(parse, "--close: '%s' is no way to close; give fin, rst or peer", arg);
	parse->options->close = (enum close_kind)close;
	return 0;
}

static error_t parse_kind(struct parse *parse, const char *arg)
{
	int kind = place_of(arg, flood_names, FLOOD_KINDS);

	if (kind < 0)
		return wrong(
			parse,
			"--kind: '%s' is no kind of flood; give syn, ack, synack, rst, fin, null, xmas or mix",
			arg);
	parse->options->kind = (enum flood_kind)kind;
	return 0;
}

static error_t parse_family(struct parse *parse, const char *arg)
{
	int family = place_of(arg, family_names, FAMILIES);

	if (family < 0)
		return wrong(parse, "--family: '%s' is none; give 4, 6 or both", arg);
	parse->options->family = (enum demo_family)family;
	parse->options->family_given = true;
	return 0;
}

static error_t parse_rest(struct parse *parse, const char *arg)
{
	int rest = place_of(arg, rest_names, WEIR_REST_ALWAYS + 1);

	if (rest < 0)
		return wrong(parse, "--rest: '%s' is none; give auto, never or always", arg);
	parse->options->rest = (enum weir_rest)rest;
	return 0;
}

static error_t parse_mode(struct parse *parse, const char *arg)
{
	for (unsigned mode = 0; mode <= WEIR_DEFENCE_OFF; mode++) {
		if (strcmp(arg, weir_defence_name((enum weir_defence_mode)mode)) == 0) {
			parse->options->defence = (enum weir_defence_mode)mode;
			parse->options->defence_given = true;
			return 0;
		}
	}
	return wrong(parse, "--syn-defence: '%s' is no mode; give auto, always or off", arg);
}

/* Packets per second, or "max". */
static error_t parse_pps(struct parse *parse, const char *option, const char *arg)
{
	uint64_t number = 0;
	int rc = 0;

	if (strcmp(arg, "max") == 0) {
		parse->options->flood_pps = OPTIONS_PPS_MAX;
		return 0;
	}
	rc = units_number(arg, &number);
	if (rc == 0 && (number < 1 || number > 1000000000))
		rc = -ERANGE;
	parse->options->flood_pps = number;
	return check(parse, rc, option, arg,
		     "packets per second from 1 to 1G, such as 500, 10k or 2M, or max");
}

/* The ports, and the way out of them. */
static error_t parse_port(int key, char *arg, struct argp_state *state)
{
	struct parse *parse = state->input;

	switch (key) {
	case KEY_PORT:
		return parse_device(parse, arg);
	case KEY_PROFILE:
		return parse_profile(parse, arg);
	case KEY_GATEWAY:
		return parse_gateway(parse, arg);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* Where weir stands, and what it may use. */
static error_t parse_place(int key, char *arg, struct argp_state *state)
{
	struct parse *parse = state->input;
	struct options *options = parse->options;

	switch (key) {
	case KEY_ADDR:
		return parse_range(parse, arg);
	case KEY_VLAN:
		return parse_vlan(parse, arg);
	case KEY_LCORES:
		return check(parse,
			     units_list(arg, 1023, options->lcores, OPTIONS_LCORES_MAX,
					&options->lcores_count),
			     "--lcores", arg, "up to 64 different CPU numbers, such as 2 or 2,4-6");
	case KEY_QUEUES:
		return parse_count(parse, "--queues", arg, 1, WEIR_PORT_QUEUES_MAX, &options->queues);
	case KEY_REST:
		return parse_rest(parse, arg);
	case KEY_MAX_CONNECTIONS:
		return parse_count(parse, "--max-connections", arg, 1, 1u << 28, &options->max_connections);
	case KEY_EAL:
		options->eal = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* How a run goes, and what is told of it. */
static error_t parse_run(int key, char *arg, struct argp_state *state)
{
	struct parse *parse = state->input;
	struct options *options = parse->options;

	switch (key) {
	case KEY_HELP:
		options->help = true;
		return 0;
	case KEY_DURATION:
		return parse_time(parse, "--duration", arg, 1000, &options->duration_ns);
	case KEY_JSON:
		options->json = true;
		return 0;
	case KEY_CAPTURE:
		options->capture = arg;
		return 0;
	case KEY_SEED:
		options->seeded = true;
		return parse_number(parse, "--seed", arg, 0, UINT64_MAX, &options->seed);
	case KEY_MSL:
		return parse_time(parse, "--msl", arg, 1000000, &options->msl_ns);
	case KEY_RFC1337:
		options->rfc1337 = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse_common(int key, char *arg, struct argp_state *state)
{
	error_t rc = parse_place(key, arg, state);

	return rc == ARGP_ERR_UNKNOWN ? parse_run(key, arg, state) : rc;
}

static error_t parse_serve(int key, char *arg, struct argp_state *state)
{
	struct parse *parse = state->input;

	switch (key) {
	case KEY_LISTEN:
		return parse_ports(parse, arg);
	case KEY_APP:
		return parse_app(parse, arg);
	case KEY_SIZE:
		return parse_size(parse, arg);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse_defence(int key, char *arg, struct argp_state *state)
{
	struct parse *parse = state->input;
	struct options *options = parse->options;

	switch (key) {
	case KEY_SYN_DEFENCE:
		return parse_mode(parse, arg);
	case KEY_BACKLOG:
		return parse_count(parse, "--backlog", arg, 1, 1u << 24, &options->backlog);
	case KEY_SYN_PER_SOURCE:
		return parse_count(parse, "--syn-per-source", arg, 0, 1u << 24, &options->syn_per_source);
	case KEY_OPENS_PER_SOURCE:
		return parse_count(parse, "--opens-per-source", arg, 0, 1u << 24, &options->opens_per_source);
	case KEY_COOKIE_KEY:
		options->cookie_key = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse_connect(struct parse *parse, const char *arg)
{
	struct options *options = parse->options;

	if (options->command == COMMAND_FLOOD && options->connect_count > 0)
		return wrong(parse, "--connect: '%s' is a second target; give one", arg);
	if (options->connect_count == OPTIONS_CONNECT_MAX)
		return wrong(parse, "--connect: more than %d servers; leave '%s' out", OPTIONS_CONNECT_MAX,
			     arg);
	return check(parse, units_endpoint(arg, &options->connect[options->connect_count++]), "--connect",
		     arg, "ADDRESS:PORT, such as 192.0.2.20:80 or [fd99::20]:80");
}

static error_t parse_traffic(int key, char *arg, struct argp_state *state)
{
	struct parse *parse = state->input;
	struct options *options = parse->options;

	switch (key) {
	case KEY_APP:
		return parse_app(parse, arg);
	case KEY_RATE:
		return parse_number(parse, "--rate", arg, 1, 1000000000, &options->rate);
	case KEY_CONNECTIONS:
		return parse_number(parse, "--connections", arg, 1, 1u << 28, &options->connections);
	case KEY_REQUESTS:
		return parse_number(parse, "--requests", arg, 0, UINT32_MAX - 1, &options->requests);
	case KEY_RAMP:
		return parse_time(parse, "--ramp", arg, 0, &options->ramp_ns);
	case KEY_CLOSE:
		return parse_close(parse, arg);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse_load(int key, char *arg, struct argp_state *state)
{
	struct parse *parse = state->input;

	switch (key) {
	case KEY_CONNECT:
		return parse_connect(parse, arg);
	case KEY_SIZE:
		return parse_size(parse, arg);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse_demo(int key, char *arg, struct argp_state *state)
{
	struct parse *parse = state->input;

	switch (key) {
	case KEY_CONNECT:
		return wrong(parse, "--connect: demo has a server of its own; weir load connects to others");
	case KEY_SIZE:
		return parse_size(parse, arg);
	case KEY_FLOOD:
		return parse_pps(parse, "--flood", arg);
	case KEY_FAMILY:
		return parse_family(parse, arg);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse_flood(int key, char *arg, struct argp_state *state)
{
	struct parse *parse = state->input;
	struct options *options = parse->options;

	switch (key) {
	case KEY_CONNECT:
		return parse_connect(parse, arg);
	case KEY_KIND:
		return parse_kind(parse, arg);
	case KEY_RATE:
		return parse_pps(parse, "--rate", arg);
	case KEY_SOURCE:
		options->source_given = true;
		return check(parse, units_network(arg, &options->source), "--source", arg,
			     "NETWORK/LEN or FIRST-LAST/LEN, hosts of one network, LEN 1 or more, such as "
			     "10.0.0.0/8 or fd10::/16");
	case KEY_PLAIN:
		options->plain = true;
		return 0;
	case KEY_DEST_MAC:
		options->dest_mac_given = true;
		return check(parse, units_mac(arg, options->dest_mac), "--dest-mac", arg,
			     "a station's address, such as 02:00:00:00:00:01");
	case KEY_AUTHORISED:
		options->authorised = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* What of the others' options says what weir is to do on this machine. */
static error_t parse_doctor(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case KEY_PORT:
	case KEY_PROFILE:
		return parse_port(key, arg, state);
	case KEY_QUEUES:
	case KEY_LCORES:
	case KEY_MAX_CONNECTIONS:
		return parse_place(key, arg, state);
	case KEY_JSON:
	case KEY_HELP:
		return parse_run(key, arg, state);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* argp's children share the parent's input. */
static error_t parse_parent(int key, char *arg, struct argp_state *state)
{
	struct parse *parse = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		for (unsigned i = 0; state->root_argp->children[i].argp != NULL; i++)
			state->child_inputs[i] = state->input;
		return 0;
	case ARGP_KEY_ARG:
		return wrong(parse, "'%s' is one argument too many; options begin with --", arg);
	case ARGP_KEY_ERROR:
		/* Whatever has a message of its own has written it by now. */
		if (parse->error[0] == '\0')
			wrong(parse,
			      "%s: unknown, ambiguous or without its value; weir %s --help lists the options",
			      state->argv[state->next - 1], command_names[parse->options->command]);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

#define PARSER(name, function) \
	static const struct argp name##_argp = { .options = options_##name##_rows, .parser = (function) }

PARSER(common, parse_common);
PARSER(port, parse_port);
PARSER(serve, parse_serve);
PARSER(defence, parse_defence);
PARSER(traffic, parse_traffic);
PARSER(load, parse_load);
PARSER(demo, parse_demo);
PARSER(flood, parse_flood);
PARSER(doctor, parse_doctor);

static const struct argp_child demo_children[] = {
	{ &traffic_argp, 0, NULL, 0 }, { &demo_argp, 0, NULL, 0 },   { &defence_argp, 0, NULL, 0 },
	{ &port_argp, 0, NULL, 0 },    { &common_argp, 0, NULL, 0 }, { 0 },
};
static const struct argp_child serve_children[] = {
	{ &serve_argp, 0, NULL, 0 },
	{ &defence_argp, 0, NULL, 0 },
	{ &port_argp, 0, NULL, 0 },
	{ &common_argp, 0, NULL, 0 },
	{ 0 },
};
static const struct argp_child load_children[] = {
	{ &traffic_argp, 0, NULL, 0 },
	{ &load_argp, 0, NULL, 0 },
	{ &port_argp, 0, NULL, 0 },
	{ &common_argp, 0, NULL, 0 },
	{ 0 },
};
static const struct argp_child flood_children[] = {
	{ &flood_argp, 0, NULL, 0 },
	{ &port_argp, 0, NULL, 0 },
	{ &common_argp, 0, NULL, 0 },
	{ 0 },
};

static const struct argp_child doctor_children[] = {
	{ &doctor_argp, 0, NULL, 0 },
	{ 0 },
};

static const struct argp command_argps[COMMANDS] = {
	[COMMAND_DEMO] = {
		.parser = parse_parent,
		.children = demo_children,
		.doc = "Open, use and close connections between a client and a server in this process, over a wire in "
		       "memory: no network card, no root and no hugepages needed. Or, with two ports, from the first to the "
		       "second, through whatever lies between.\v"
		       "With --addr given twice, or twice for each family, the first is the client's range and the second the "
		       "server's; those behind a --port are that port's.",
	},
	[COMMAND_SERVE] = {
		.parser = parse_parent,
		.children = serve_children,
		.args_doc = "--port=DEVICE --addr=CIDR",
		.doc = "Answer connections on DPDK ports.",
	},
	[COMMAND_LOAD] = {
		.parser = parse_parent,
		.children = load_children,
		.args_doc = "--port=DEVICE --addr=CIDR --connect=ADDR:PORT",
		.doc = "Open, use and close connections from DPDK ports to a server.",
	},
	[COMMAND_FLOOD] = {
		.parser = parse_parent,
		.children = flood_children,
		.args_doc = "--port=DEVICE --addr=CIDR --connect=ADDR:PORT --rate=PPS",
		.doc = "Send attack traffic from DPDK ports to a target of your own.",
	},
	[COMMAND_DOCTOR] = {
		.parser = parse_parent,
		.children = doctor_children,
		.doc = "Find what this machine lacks to run well, what that costs, and the command that mends it. Changes "
		       "nothing.\v"
		       "Exit status 1 if something fails, which is what keeps a port from being opened.",
	},
};

int options_command(const char *name, enum command *command)
{
	int place = place_of(name, command_names, COMMANDS);

	if (place < 0)
		return place;
	*command = (enum command)place;
	return 0;
}

const char *options_command_name(enum command command)
{
	return command_names[command];
}

const char *options_app_name(enum app_kind app)
{
	return app_names[app];
}

const char *options_flood_name(enum flood_kind kind)
{
	return flood_names[kind];
}

void options_help(enum command command)
{
	char name[32];

	snprintf(name, sizeof(name), "weir %s", command_names[command]);
	argp_help(&command_argps[command], stdout, ARGP_HELP_STD_HELP & ~(unsigned)ARGP_HELP_EXIT_OK, name);
}

int options_parse(enum command command, int argc, char **argv, struct options *options,
		  char error[OPTIONS_ERROR_MAX])
{
	struct parse parse = { .options = options, .error = error };

	*options = (struct options){
		.command = command,
		.requests = OPTIONS_REQUESTS_DEFAULT,
	};
	error[0] = '\0';
	if (argp_parse(&command_argps[command], argc, argv, ARGP_NO_ERRS | ARGP_NO_HELP | ARGP_NO_EXIT, NULL,
		       &parse) != 0)
		return -EINVAL;
	if (options->help)
		return 0;
	options->wire = command == COMMAND_DEMO && options->ports_count == 0;
	options_defaults(options);
	return options_check(options, error);
}
