/* SPDX-License-Identifier: BSD-3-Clause */
#include "output.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "eal.h"
#include "flood_text.h"
#include "json.h"
#include "text.h"
#include "units.h"

void output_init(struct output *output, const struct options *options)
{
	*output = (struct output){
		.options = options,
		.people = options->json ? stderr : stdout,
		.json = options->json,
	};
}

/* The first failure is the one that tells. */
static void note_broken(struct output *output)
{
	if (!output->broken)
		output->why = errno;
	output->broken = true;
}

static void write_line(struct output *output, json_t *line)
{
	if (line == NULL || json_dumpf(line, stdout, JSON_COMPACT | JSON_REAL_PRECISION(12)) != 0 ||
	    fputc('\n', stdout) == EOF || fflush(stdout) != 0)
		note_broken(output);
	json_decref(line);
}

static void flush_people(struct output *output)
{
	if (fflush(output->people) != 0 && !output->json)
		note_broken(output);
}

static json_t *ports_array(const struct layout *layout)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < layout->ports_count; i++)
		json_array_append_new(array, json_string(layout->ports[i].name));
	return array;
}

/* The first of each port, the second of each: so demo's pairs of a family stand together. */
static json_t *addresses_array(const struct layout *layout)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < WEIR_MAX_RANGES; i++) {
		for (unsigned port = 0; port < layout->ports_count; port++) {
			const struct options_port *place = layout->ports[port].place;
			char text[UNITS_RANGE_TEXT];

			if (i >= place->ranges_count)
				continue;
			units_range_text(&place->ranges[i], text);
			json_array_append_new(array, json_string(text));
		}
	}
	return array;
}

static bool listens(const struct options *options)
{
	return options->command == COMMAND_DEMO || options->command == COMMAND_SERVE;
}

static json_t *listen_array(const struct options *options)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < options->listen_count && listens(options); i++)
		json_array_append_new(array, json_integer(options->listen[i]));
	return array;
}

/* "192.0.2.10/24, fd99::10/64" */
static void print_ranges(FILE *out, const struct weir_range *ranges, unsigned count)
{
	char text[UNITS_RANGE_TEXT];

	for (unsigned i = 0; i < count; i++) {
		units_range_text(&ranges[i], text);
		fprintf(out, "%s%s", i == 0 ? "" : ", ", text);
	}
}

/* "192.0.2.20:80, [fd99::20]:80" */
static void print_targets(FILE *out, const struct options *options)
{
	char text[UNITS_ENDPOINT_TEXT];

	for (unsigned i = 0; i < options->connect_count; i++) {
		units_endpoint_text(&options->connect[i], text);
		fprintf(out, "%s%s", i == 0 ? "" : ", ", text);
	}
}

/* One is what everybody expects. */
static void print_queues(FILE *out, const struct layout_port *port)
{
	if (port->queues > 1)
		fprintf(out, ", %u queues", port->queues);
}

static void print_vlan(FILE *out, const struct options_port *place)
{
	if (place->vlan != 0)
		fprintf(out, ", VLAN %u", place->vlan);
}

static void ready_demo(FILE *out, const struct options *options, const struct layout *layout)
{
	const struct options_port *client = layout->ports[0].place, *server = layout->ports[1].place;

	fprintf(out, "A client (");
	print_ranges(out, client->ranges, client->ranges_count);
	fprintf(out, ") and a server (");
	print_targets(out, options);
	if (options->wire) {
		fprintf(out, ") on a wire in memory");
		print_queues(out, &layout->ports[0]);
	} else {
		fprintf(out, ") on %s", layout->ports[0].name);
		print_vlan(out, client);
		print_queues(out, &layout->ports[0]);
		fprintf(out, ", and %s", layout->ports[1].name);
	}
	print_vlan(out, server);
	if (!options->wire)
		print_queues(out, &layout->ports[1]);
	fprintf(out, ", app %s.\n", options_app_name(options->app));
	fprintf(out, "Each connection: three-way handshake, %s, %s.\n",
		options->app == APP_CONNECT ? "nothing sent" :
		options->requests == 1      ? "one request and its answer" :
					      "requests and their answers",
		options->close == CLOSE_RST ? "an RST" : "a FIN each way; then 2 MSL in TIME-WAIT");
}

static void ready_text(FILE *out, const struct options *options, const struct layout *layout)
{
	if (options->command == COMMAND_DEMO) {
		ready_demo(out, options, layout);
		return;
	}
	fprintf(out, "%s", options_command_name(options->command));
	for (unsigned i = 0; i < layout->ports_count; i++) {
		const struct options_port *place = layout->ports[i].place;

		fprintf(out, "%s on %s as ", i == 0 ? "" : ", and", layout->ports[i].name);
		print_ranges(out, place->ranges, place->ranges_count);
		print_vlan(out, place);
		print_queues(out, &layout->ports[i]);
	}
	if (options->command == COMMAND_FLOOD)
		fprintf(out, ", %s", options_flood_name(options->kind));
	else
		fprintf(out, ", app %s", options_app_name(options->app));
	if (options->connect_count > 0) {
		fprintf(out, ", to ");
		print_targets(out, options);
	}
	for (unsigned i = 0; i < options->listen_count && options->command == COMMAND_SERVE; i++)
		fprintf(out, "%s %u", i == 0 ? ", listening on" : ",", options->listen[i]);
	fprintf(out, "\n");
}

void output_ready(struct output *output, const struct layout *layout)
{
	ready_text(output->people, output->options, layout);
	flush_people(output);
	if (!output->json)
		return;
	write_line(output, json_pack("{s:s, s:s, s:o, s:o, s:o, s:s?}", "event", "ready", "command",
				     options_command_name(output->options->command), "ports",
				     ports_array(layout), "addresses", addresses_array(layout), "listen",
				     listen_array(output->options), "file_prefix", eal_prefix()));
}

void output_notice(struct output *output, const char *line)
{
	fprintf(output->people, "%s\n", line);
	flush_people(output);
}

void output_phase(struct output *output, const struct flood_phase *phase)
{
	flood_text_phase(output->people, output->options, phase);
	flush_people(output);
}

/* demo's sides have an object each, the others' one side is the line itself. */
static void write_figures(struct output *output, const char *event, const struct output_side *sides,
			  unsigned count, double t)
{
	json_t *line = json_pack("{s:s, s:f}", "event", event, "t", t);

	for (unsigned i = 0; i < count; i++) {
		json_t *figures = json_figures(sides[i].figures);

		if (count == 1)
			json_object_update_new(line, figures);
		else
			json_object_set_new(line, sides[i].name, figures);
		if (sides[i].flood != NULL)
			json_object_set_new(line, "flood", flood_json(sides[i].flood));
	}
	write_line(output, line);
}

/* A line for each port that began or ceased to answer by cookies, unless it always does. */
static void tell_defence(struct output *output, uint32_t defending, double t)
{
	uint32_t changed = defending ^ output->defending;

	output->defending = defending;
	for (unsigned i = 0; i < output->options->listen_count; i++) {
		if ((changed >> i & 1) == 0 || output->options->defence != WEIR_DEFENCE_AUTO)
			continue;
		fprintf(output->people, "port %u: ", output->options->listen[i]);
		if (defending >> i & 1) {
			output->defending_since[i] = t;
			fprintf(output->people, "SYN flood, answering by cookies\n");
		} else {
			fprintf(output->people, "flood over after %.0f s, cookies no more\n",
				t - output->defending_since[i]);
		}
	}
}

/* Of demo's two sides the client tells what a person wants to know, and the server what a flood does. */
static void tell_second(FILE *out, const struct output_side *first, const struct output_side *last, double t,
			double end)
{
	text_second(out, first->figures, t, end, first->is_client);
	if (!last->is_client)
		text_flooded(out, last->figures);
	fputc('\n', out);
}

void output_second(struct output *output, const struct output_side *sides, unsigned count, double t)
{
	const struct output_side *last = &sides[count - 1];
	double end = (double)output->options->duration_ns / 1e9;

	if (!last->is_client)
		tell_defence(output, last->figures->defending, t);
	if (sides[0].flood == NULL)
		tell_second(output->people, &sides[0], last, t, end);
	else if (count == 1)
		flood_text_second(output->people, sides[0].flood, t, end);
	else
		flood_text_demo(output->people, sides[0].flood, sides[0].figures, last->figures, t, end);
	flush_people(output);
	if (output->json)
		write_figures(output, "stats", sides, count, t);
}

void output_summary(struct output *output, const struct output_side *sides, unsigned count, double t)
{
	bool alone = output->options->command == COMMAND_FLOOD;

	for (unsigned i = 0; i < count && !alone; i++)
		text_summary(output->people, sides[i].figures, sides[i].name, sides[i].is_client);
	if (sides[0].flood != NULL)
		flood_text_summary(output->people, sides[0].flood, alone ? sides[0].figures : NULL);
	flush_people(output);
	if (output->json)
		write_figures(output, "summary", sides, count, t);
}
