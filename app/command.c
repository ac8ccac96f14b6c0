/* SPDX-License-Identifier: BSD-3-Clause */
#include "command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_lcore.h>

#include "eal.h"
#include "http.h"
#include "profile.h"
#include "session.h"

#define LINE_MAX_BYTES 512

struct command_state {
	const struct options *options;
	struct profile profile;
	const char *device; /* NULL: demo's wire */
	struct session session;
	char line[LINE_MAX_BYTES]; /* what went wrong */
};

_Static_assert(LINE_MAX_BYTES >= PROFILE_ERROR_MAX && LINE_MAX_BYTES >= EAL_ERROR_MAX &&
		       LINE_MAX_BYTES >= SESSION_ERROR_MAX && LINE_MAX_BYTES >= COOKIE_KEY_ERROR_MAX,
	       "every part's line fits");

static int read_profile(struct command_state *state)
{
	const struct options *options = state->options;
	int rc = 0;

	profile_default(&state->profile);
	if (options->profile != NULL)
		rc = profile_read(options->profile, &state->profile, state->line);
	if (rc != 0 || options->command == COMMAND_DEMO)
		return rc;
	state->device = options->port != NULL ? options->port : state->profile.device;
	if (state->device == NULL) {
		snprintf(state->line, sizeof(state->line),
			 "--port: missing, and %s names no device; give --port", options->profile);
		return -EINVAL;
	}
	return 0;
}

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
 * demo's sides get a CPU each where one is left for the main thread. With two CPUs they share one: sides
 * that wait for each other's turn are slower, and by far where other programs run as well.
 */
static int own_lcore(const struct options *options)
{
	unsigned worker = rte_get_next_lcore(-1u, 1, 0);

	if (options->command != COMMAND_DEMO || rte_lcore_count() > 2)
		return -1;
	return (int)(worker < RTE_MAX_LCORE ? worker : rte_get_main_lcore());
}

/* Swallows everything, or writes it into a file. */
static bool is_mute(const char *device)
{
	if (device == NULL)
		return false;
	return strncmp(device, "net_null", 8) == 0 ||
	       (strncmp(device, "net_pcap", 8) == 0 && strstr(device, "iface=") == NULL);
}

static int add_side(struct command_state *state, const char *name, bool is_client, int port,
		    const struct weir_range *ranges, unsigned ranges_count)
{
	const struct options *options = state->options;
	struct session *session = &state->session;
	unsigned side_number = session->sides_count++;
	struct side *side = &session->sides[side_number];
	struct weir_port_info info;
	struct side_place place = {
		.port = port,
		.lcore = own_lcore(options),
		.shards = 1,
		.ranges = ranges,
		.ranges_count = ranges_count,
		.mtu = state->profile.mtu,
		.mute = is_mute(state->device),
	};

	side_init(side, name, session->runtime, is_client);
	order_defence(&side->orders, options->defence);
	if (!is_client && options->cookie_key != NULL)
		side->orders.key = &session->key;
	if (options->lcores_count > 0)
		place.lcore = (int)options->lcores[side_number % options->lcores_count];
	/* A device may carry less than was asked for. */
	if (weir_runtime_port_info(session->runtime, port, &info) == 0 && info.mtu < place.mtu)
		place.mtu = info.mtu;
	return side_add(side, options, &place, state->line);
}

static int build_demo(struct command_state *state)
{
	const struct options *options = state->options;
	struct weir_range ranges[2];
	int ports[2];
	int rc = weir_runtime_wire(state->session.runtime, ports);

	if (rc != 0)
		return tell_runtime(state, "", rc);
	rc = add_side(state, "client", true, ports[0], ranges, options_demo_ranges(options, 0, ranges));
	if (rc == 0)
		rc = add_side(state, "server", false, ports[1], ranges,
			      options_demo_ranges(options, 1, ranges));
	return rc;
}

static int build_port(struct command_state *state)
{
	struct weir_port_config config = {
		.device = state->device,
		.rx_descriptors = state->profile.rx_descriptors,
		.tx_descriptors = state->profile.tx_descriptors,
		.mtu = state->profile.mtu,
		.software_checksums = state->profile.software_checksums,
	};
	static const char *const names[COMMANDS] = {
		[COMMAND_SERVE] = "server",
		[COMMAND_LOAD] = "client",
		[COMMAND_FLOOD] = "flood",
	};
	bool is_client = state->options->command == COMMAND_LOAD;
	int port = weir_runtime_port(state->session.runtime, &config);

	if (port < 0)
		return tell_runtime(state, "--port", port);
	return add_side(state, names[state->options->command], is_client, port, state->options->ranges,
			state->options->ranges_count);
}

static int build(struct command_state *state)
{
	struct session *session = &state->session;
	int rc;

	session->options = state->options;
	output_init(&session->output, state->options);
	session->runtime = weir_runtime_create();
	if (session->runtime == NULL) {
		snprintf(state->line, sizeof(state->line), "not enough memory to begin with");
		return -ENOMEM;
	}
	weir_runtime_rest(session->runtime, state->options->rest);
	if (state->options->capture != NULL) {
		rc = weir_runtime_capture(session->runtime, state->options->capture);
		if (rc != 0)
			return tell_runtime(state, "--capture", rc);
	}
	return state->options->command == COMMAND_DEMO ? build_demo(state) : build_port(state);
}

static int run(struct command_state *state, bool *failed)
{
	const char *const wire[] = { "wire:client", "wire:server" };
	const char *const device[] = { state->device };
	bool demo = state->options->command == COMMAND_DEMO;

	return session_run(&state->session, demo ? wire : device, demo ? 2 : 1, failed, state->line);
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
	rc = read_profile(&state);
	if (rc == 0)
		rc = read_key(&state);
	if (rc == 0)
		rc = eal_start(options, state.device, state.line);
	if (rc == 0) {
		rc = build(&state);
		if (rc == 0)
			rc = run(&state, &failed);
		take_down(&state, &failed);
		eal_stop();
	}
	profile_free(&state.profile);
	if (rc != 0) {
		fprintf(stderr, "weir %s: %s\n", options_command_name(options->command), state.line);
		return EXIT_WRONG;
	}
	return failed ? EXIT_FAILED : EXIT_DONE;
}
