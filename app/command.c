/* SPDX-License-Identifier: BSD-3-Clause */
#include "command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_lcore.h>

#include "eal.h"
#include "http.h"
#include "layout.h"
#include "options_ports.h"
#include "session.h"
#include "units.h"

#define LINE_MAX_BYTES 512

struct command_state {
	const struct options *options;
	struct layout layout;
	struct session session;
	char line[LINE_MAX_BYTES]; /* what went wrong */
};

_Static_assert(LINE_MAX_BYTES >= LAYOUT_ERROR_MAX && LINE_MAX_BYTES >= EAL_ERROR_MAX &&
		       LINE_MAX_BYTES >= SESSION_ERROR_MAX && LINE_MAX_BYTES >= COOKIE_KEY_ERROR_MAX,
	       "every part's line fits");

/* Before anything is started: what is wrong with it is the user's to mend. */
static int read_key(struct command_state *state)
{
	struct cookie_key_offer *offer = &state->session.key;
	int rc;

	if (state->options->cookie_key == NULL)
		return 0;
	rc = cookie_key_read(state->options->cookie_key, offer->key, state->line);
	if (rc == 0)
		cookie_key_give(offer);
	return rc;
}

static int tell_runtime(struct command_state *state, const char *option, int rc)
{
	snprintf(state->line, sizeof(state->line), "%s%s%s", option, option[0] != '\0' ? ": " : "",
		 weir_runtime_error(state->session.runtime));
	return rc;
}

/*
 * demo's sides get a CPU each where one is left for the main thread. With two CPUs they share: sides that
 * wait for each other's turn are slower, and by far where other programs run as well. Of several queues both
 * ends of one are on the same CPU.
 */
static int own_lcore(const struct options *options, unsigned queue, unsigned queues)
{
	unsigned lcore = rte_get_next_lcore(-1u, 1, 0), count = rte_lcore_count();

	if (options->command != COMMAND_DEMO || count > 2)
		return -1;
	if (lcore == RTE_MAX_LCORE || (queues > 1 && queue % count == 1))
		return (int)rte_get_main_lcore();
	return (int)lcore;
}

/* Swallows everything, or writes it into a file. */
static bool is_mute(const char *driver, const char *device)
{
	return strcmp(driver, "net_null") == 0 ||
	       (strcmp(driver, "net_pcap") == 0 && strstr(device, "iface=") == NULL);
}

/* A shard on each queue of a port, for a side that has `shards` in all. */
static int add_shards(struct command_state *state, struct side *side, const struct layout_port *on, int port,
		      unsigned shards)
{
	const struct options *options = state->options;
	struct weir_port_info info;
	int rc = weir_runtime_port_info(state->session.runtime, port, &info);

	for (unsigned queue = 0; queue < on->queues && rc == 0; queue++) {
		struct side_place place = {
			.on = on,
			.port = port,
			.queue = queue,
			.lcore = layout_lcore(options, on->first + queue),
			.shard = side->count,
			.shards = shards,
			/* A device may carry less than was asked for. */
			.mtu = info.mtu < on->profile.mtu ? info.mtu : on->profile.mtu,
			.mute = is_mute(info.driver, on->device),
		};

		if (place.lcore < 0)
			place.lcore = own_lcore(options, queue, on->queues);
		rc = side_add(side, options, &place, state->line);
	}
	return rc;
}

static struct side *add_side(struct command_state *state, const char *name, bool is_client)
{
	const struct options *options = state->options;
	struct session *session = &state->session;
	struct side *side = &session->sides[session->sides_count++];

	side_init(side, name, session->runtime, is_client);
	order_defence(&side->orders, options->defence);
	if (!is_client && options->cookie_key != NULL)
		side->orders.key = &session->key;
	return side;
}

/* What a profile says of rings and RSS would be wrong for another driver. */
static int check_driver(struct command_state *state, const struct layout_port *on, int port)
{
	const struct profile *profile = &on->profile;
	struct weir_port_info info;

	if (weir_runtime_port_info(state->session.runtime, port, &info) != 0 ||
	    profile_fits(profile, info.driver))
		return port;
	snprintf(state->line, sizeof(state->line),
		 "--profile: %.200s is for %s; give one for %s, the driver of %.128s", profile->path,
		 profile->drivers[0], info.driver, on->device);
	return -EINVAL;
}

static int open_port(struct command_state *state, const struct layout_port *on)
{
	const struct profile *profile = &on->profile;
	struct weir_port_config config = {
		.device = on->device,
		.rx_descriptors = profile->rx_descriptors,
		.tx_descriptors = profile->tx_descriptors,
		.mtu = profile->mtu,
		.software_checksums = profile->software_checksums,
		.queues = (uint16_t)on->queues,
		.rss = profile->rss,
		.rss_key = profile->rss_key_length > 0 ? profile->rss_key : NULL,
		.rss_key_bytes = (uint8_t)profile->rss_key_length,
	};
	int port = weir_runtime_port(state->session.runtime, &config);

	return port < 0 ? tell_runtime(state, "--port", port) : check_driver(state, on, port);
}

static int build_demo(struct command_state *state)
{
	const struct layout_port *ends = state->layout.ports;
	int ports[2] = { 0, 0 }, rc = 0;

	if (state->options->wire) {
		rc = weir_runtime_wire_queues(state->session.runtime, (uint16_t)ends[0].queues, ports);
		if (rc != 0)
			return tell_runtime(state, "", rc);
	}
	for (unsigned i = 0; i < 2 && !state->options->wire; i++) {
		ports[i] = open_port(state, &ends[i]);
		if (ports[i] < 0)
			return ports[i];
	}
	rc = add_shards(state, add_side(state, "client", true), &ends[0], ports[0], ends[0].queues);
	if (rc == 0)
		rc = add_shards(state, add_side(state, "server", false), &ends[1], ports[1], ends[1].queues);
	return rc;
}

/* One side, on all ports. */
static int build_ports(struct command_state *state)
{
	static const char *const names[COMMANDS] = {
		[COMMAND_SERVE] = "server",
		[COMMAND_LOAD] = "client",
		[COMMAND_FLOOD] = "flood",
	};
	const struct options *options = state->options;
	struct layout *layout = &state->layout;
	struct side *side = add_side(state, names[options->command], options->command == COMMAND_LOAD);

	for (unsigned i = 0; i < layout->ports_count; i++) {
		int port = open_port(state, &layout->ports[i]), rc;

		if (port < 0)
			return port;
		rc = add_shards(state, side, &layout->ports[i], port, layout->shards_count);
		if (rc != 0)
			return rc;
	}
	return 0;
}

/* What is no fault, but may not be what was meant. */
static void tell_ways(struct command_state *state)
{
	const struct options *options = state->options;
	unsigned clients = options_ports_of_clients(options);
	char target[UNITS_ENDPOINT_TEXT], line[LINE_MAX_BYTES];

	for (unsigned i = 0; i < clients; i++) {
		const struct options_port *port = &options->ports[i];

		for (unsigned t = 0; t < options->connect_count; t++) {
			if (port->targets >> t & 1)
				continue;
			units_endpoint_text(&options->connect[t], target);
			snprintf(line, sizeof(line), "--port %s has no way to %s: %s",
				 options_port_name(port), target,
				 port->targets != 0 ? "its connections go to others" : "it is not used");
			output_notice(&state->session.output, line);
		}
	}
}

static int build(struct command_state *state)
{
	struct session *session = &state->session;
	int rc;

	session->options = state->options;
	output_init(&session->output, state->options);
	session->runtime = weir_runtime_create();
	if (session->runtime == NULL) {
		snprintf(state->line, sizeof(state->line),
			 "not enough memory to begin with: give EAL more (-m)");
		return -ENOMEM;
	}
	weir_runtime_rest(session->runtime, state->options->rest);
	if (state->options->capture != NULL) {
		rc = weir_runtime_capture(session->runtime, state->options->capture);
		if (rc != 0)
			return tell_runtime(state, "--capture", rc);
	}
	tell_ways(state);
	return state->options->command == COMMAND_DEMO ? build_demo(state) : build_ports(state);
}

/* Applications are freed after their loops have ended and before nobody knows them any more. */
static void take_down(struct command_state *state, bool *failed)
{
	struct session *session = &state->session;
	unsigned missing = 0;

	explicit_bzero(&session->key, sizeof(session->key));
	if (session->runtime != NULL)
		missing = weir_runtime_destroy(session->runtime);
	for (unsigned i = 0; i < session->sides_count; i++)
		missing += side_fini(&session->sides[i]);
	if (missing > 0) {
		fprintf(stderr, "weir %s: %u buffers did not come back to their pools\n",
			options_command_name(state->options->command), missing);
		*failed = true;
	}
}

enum exit_status command_run(const struct options *options)
{
	static struct command_state state;
	bool failed = false;
	int rc;

	state.options = options;
	session_hold_signals();
	http_init();
	rc = layout_make(&state.layout, options, state.line);
	if (rc == 0)
		rc = read_key(&state);
	if (rc == 0)
		rc = eal_start(options, &state.layout, state.line);
	if (rc == 0) {
		rc = build(&state);
		if (rc == 0)
			rc = session_run(&state.session, &state.layout, &failed, state.line);
		take_down(&state, &failed);
		eal_stop();
	}
	layout_free(&state.layout);
	if (rc != 0) {
		fprintf(stderr, "weir %s: %s\n", options_command_name(options->command), state.line);
		return EXIT_WRONG;
	}
	return failed ? EXIT_FAILED : EXIT_DONE;
}
