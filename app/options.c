/* SPDX-License-Identifier: BSD-3-Clause */
#include "options.h"

#include <argp.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "units.h"

/* Keys of options without a short form: beyond the characters. */
enum {
	KEY_HELP = 'h',
	KEY_PORT = 256,
	KEY_PROFILE,
	KEY_ADDR,
	KEY_GATEWAY,
	KEY_VLAN,
	KEY_LCORES,
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
	KEY_CONNECT,
	KEY_RATE,
	KEY_CONNECTIONS,
	KEY_REQUESTS,
	KEY_RAMP,
	KEY_CLOSE,
};

/* What argp carries through: the result, and the line that says why there is none. */
struct parse {
	struct options *options;
	char *error;
};

static const char *const command_names[COMMANDS] = {
	[COMMAND_DEMO] = "demo",
	[COMMAND_SERVE] = "serve",
	[COMMAND_LOAD] = "load",
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
	else
		snprintf(right, sizeof(right), "a number from %lu to %lu, such as 500, 10k or 2M", min, max);
	if (rc == 0)
		*value = number;
	return check(parse, rc, option, arg, right);
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

static error_t parse_range(struct parse *parse, const char *arg)
{
	struct options *options = parse->options;

	if (options->ranges_count == WEIR_MAX_RANGES)
		return wrong(parse, "--addr: more than %d ranges; join some as A-B/LEN", WEIR_MAX_RANGES);
	return check(parse, units_range(arg, &options->ranges[options->ranges_count++]), "--addr", arg,
		     "ADDRESS/LEN or FIRST-LAST/LEN, hosts of one network, such as 192.0.2.10/24 or "
		     "198.18.0.1-198.18.3.254/16");
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

static error_t parse_app(struct parse *parse, const char *arg)
{
	struct options *options = parse->options;

	for (unsigned i = 0; i < APP_KINDS; i++) {
		if (strcmp(arg, app_names[i]) == 0 && app_allowed[options->command][i]) {
			options->app = (enum app_kind)i;
			return 0;
		}
	}
	return wrong(parse, "--app: %s knows no '%s'; give %s", command_names[options->command], arg,
		     app_choices[options->command]);
}

static error_t parse_close(struct parse *parse, const char *arg)
{
	for (unsigned i = 0; i < CLOSE_KINDS; i++) {
		if (strcmp(arg, close_names[i]) == 0) {
			parse->options->close = (enum close_kind)i;
			return 0;
		}
	}
	return wrong(parse, "--close: '%s' is no way to close; give fin, rst or peer", arg);
}

/* Where weir stands, and what it may use. */
static error_t parse_place(int key, char *arg, struct argp_state *state)
{
	struct parse *parse = state->input;
	struct options *options = parse->options;
	uint64_t number = 0;
	error_t rc;

	switch (key) {
	case KEY_PORT:
		options->port = arg;
		return 0;
	case KEY_PROFILE:
		options->profile = arg;
		return 0;
	case KEY_ADDR:
		return parse_range(parse, arg);
	case KEY_GATEWAY:
		return check(parse, units_address(arg, &options->gateway), "--gateway", arg,
			     "an IPv4 address, such as 192.0.2.1");
	case KEY_VLAN:
		return wrong(
			parse,
			"--vlan: not yet; let the switch or a VLAN device under the port take off tag '%s'",
			arg);
	case KEY_LCORES:
		return check(parse,
			     units_list(arg, 1023, options->lcores, OPTIONS_LCORES_MAX,
					&options->lcores_count),
			     "--lcores", arg, "up to 64 different CPU numbers, such as 2 or 2,4-6");
	case KEY_MAX_CONNECTIONS:
		rc = parse_number(parse, "--max-connections", arg, 1, 1u << 28, &number);
		options->max_connections = (uint32_t)number;
		return rc;
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
		parse->options->size_given = true;
		return parse_number(parse, "--size", arg, 0, 1ull << 40, &parse->options->size_bytes);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse_traffic(int key, char *arg, struct argp_state *state)
{
	struct parse *parse = state->input;
	struct options *options = parse->options;

	switch (key) {
	case KEY_CONNECT:
		if (options->command == COMMAND_DEMO)
			return wrong(parse,
				     "--connect: demo has a server of its own; weir load connects to others");
		return check(parse, units_endpoint(arg, &options->connect), "--connect", arg,
			     "ADDRESS:PORT, such as 192.0.2.20:80");
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
		return parse_serve(key, arg, state);
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

#define HELP_ROW                                                                 \
	{                                                                        \
		"help", KEY_HELP, NULL, 0, "Print this, and do nothing else", -1 \
	}

static const struct argp_option common_rows[] = {
	{ NULL, 0, NULL, 0, "Port and addresses:", 10 },
	{ "port", KEY_PORT, "DEVICE", 0,
	  "PCI address or DPDK vdev string, such as 0000:3b:00.0 or net_tap0,iface=t0", 0 },
	{ "profile", KEY_PROFILE, "FILE", 0, "Settings of a device, from drivers-cfg/", 0 },
	{ "addr", KEY_ADDR, "CIDR", 0, "Own addresses: A/LEN or A-B/LEN. Repeatable", 0 },
	{ "gateway", KEY_GATEWAY, "ADDR", 0, "Next hop for addresses that --addr has no network for", 0 },
	{ "vlan", KEY_VLAN, "ID", OPTION_HIDDEN, "Not yet", 0 },
	{ NULL, 0, NULL, 0, "Machine:", 11 },
	{ "lcores", KEY_LCORES, "LIST", 0,
	  "CPUs that run the stack, one shard each (default: chosen near the port)", 0 },
	{ "max-connections", KEY_MAX_CONNECTIONS, "N", 0, "Sizes everything", 0 },
	{ "eal", KEY_EAL, "ARGS", 0, "Arguments for DPDK's EAL; they win over weir's own", 0 },
	{ NULL, 0, NULL, 0, "Run:", 12 },
	{ "duration", KEY_DURATION, "TIME", 0, "Stop after this long (default: at a signal; demo: 10s)", 0 },
	{ "json", KEY_JSON, NULL, 0, "One JSON object per line on standard output", 0 },
	{ "capture", KEY_CAPTURE, "FILE", 0, "Record every frame as pcapng", 0 },
	{ "seed", KEY_SEED, "N", 0, "Take every random choice from N", 0 },
	{ "msl", KEY_MSL, "TIME", 0,
	  "Maximum segment lifetime; TIME-WAIT lasts twice this (default: 30s; demo: 1s)", 0 },
	{ "rfc1337", KEY_RFC1337, NULL, 0, "Ignore RST in TIME-WAIT", 0 },
	{ "help", KEY_HELP, NULL, 0, "Print this, and do nothing else", -1 },
	{ 0 },
};

static const struct argp_option serve_rows[] = {
	{ NULL, 0, NULL, 0, "Service:", 1 },
	{ "listen", KEY_LISTEN, "PORTS", 0, "Ports to listen on, such as 80,443 (default: 80)", 0 },
	{ "app", KEY_APP, "APP", 0,
	  "http: answers each request with a fixed body (default). echo: sends back what it gets. discard: reads and "
	  "drops. accept: accepts, and closes at once",
	  0 },
	{ "size", KEY_SIZE, "BYTES", 0, "http: size of the body (default: 24)", 0 },
	{ 0 },
};

#define TRAFFIC_ROWS                                                                                                   \
	{ "app",                                                                                                       \
	  KEY_APP,                                                                                                     \
	  "APP",                                                                                                       \
	  0,                                                                                                           \
	  "http: requests / and checks the responses (default). echo: sends a pattern and checks what returns. "       \
	  "connect: opens and closes",                                                                                 \
	  0 },                                                                                                         \
		{ "rate",                                                                                              \
		  KEY_RATE,                                                                                            \
		  "N",                                                                                                 \
		  0,                                                                                                   \
		  "New connections per second, at intended times that latencies are counted from",                     \
		  0 },                                                                                                 \
		{ "connections",                                                                                       \
		  KEY_CONNECTIONS,                                                                                     \
		  "N",                                                                                                 \
		  0,                                                                                                   \
		  "Open at once; each that ends makes room for a new one (default without --rate: 64; demo: 256)",     \
		  0 },                                                                                                 \
		{ "requests", KEY_REQUESTS, "N", 0, "Per connection; 0: until the end (default: 1)", 0 },              \
		{ "ramp", KEY_RAMP, "TIME", 0, "Time in which --rate or --connections is reached", 0 },                \
	{                                                                                                              \
		"close", KEY_CLOSE, "HOW", 0,                                                                          \
			"fin: this side closes first (default). rst: it aborts. peer: it lets the server close first", \
			0                                                                                              \
	}

static const struct argp_option load_rows[] = {
	{ NULL, 0, NULL, 0, "Load:", 1 },
	{ "connect", KEY_CONNECT, "ADDR:PORT", 0, "Whom to connect to", 0 },
	TRAFFIC_ROWS,
	{ "size", KEY_SIZE, "BYTES", 0, "echo: bytes per request (default: 64). http: body size to insist on",
	  0 },
	{ 0 },
};

static const struct argp_option demo_rows[] = {
	{ NULL, 0, NULL, 0, "Load:", 1 },
	/* Else getopt would take it for an abbreviation of --connections. */
	{ "connect", KEY_CONNECT, "ADDR:PORT", OPTION_HIDDEN, "", 0 },
	TRAFFIC_ROWS,
	{ "size", KEY_SIZE, "BYTES", 0,
	  "http: body of a response (default: 24). echo: bytes per request (default: 64)", 0 },
	{ 0 },
};

static const struct argp common_argp = { .options = common_rows, .parser = parse_common };
static const struct argp serve_argp = { .options = serve_rows, .parser = parse_serve };
static const struct argp load_argp = { .options = load_rows, .parser = parse_traffic };
static const struct argp demo_argp = { .options = demo_rows, .parser = parse_traffic };

static const struct argp_child demo_children[] = { { &demo_argp, 0, NULL, 0 },
						   { &common_argp, 0, NULL, 0 },
						   { 0 } };
static const struct argp_child serve_children[] = { { &serve_argp, 0, NULL, 0 },
						    { &common_argp, 0, NULL, 0 },
						    { 0 } };
static const struct argp_child load_children[] = { { &load_argp, 0, NULL, 0 },
						   { &common_argp, 0, NULL, 0 },
						   { 0 } };

static const struct argp command_argps[COMMANDS] = {
	[COMMAND_DEMO] = {
		.parser = parse_parent,
		.children = demo_children,
		.doc = "Open, use and close connections between a client and a server in this process, over a wire in "
		       "memory: no network card, no root and no hugepages needed.\v"
		       "With --addr given twice, the first is the client's range and the second the server's.",
	},
	[COMMAND_SERVE] = {
		.parser = parse_parent,
		.children = serve_children,
		.doc = "Answer connections on a DPDK port.",
	},
	[COMMAND_LOAD] = {
		.parser = parse_parent,
		.children = load_children,
		.doc = "Open, use and close connections from a DPDK port to a server.",
	},
};

int options_command(const char *name, enum command *command)
{
	for (unsigned i = 0; i < COMMANDS; i++) {
		if (strcmp(name, command_names[i]) == 0) {
			*command = (enum command)i;
			return 0;
		}
	}
	return -EINVAL;
}

const char *options_command_name(enum command command)
{
	return command_names[command];
}

const char *options_app_name(enum app_kind app)
{
	return app_names[app];
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
	options_defaults(options);
	return options_check(options, error);
}
