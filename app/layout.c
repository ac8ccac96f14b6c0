/* SPDX-License-Identifier: BSD-3-Clause */
#include "layout.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "options_ports.h"

__attribute__((format(printf, 2, 3))) static int wrong(char *error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error, LAYOUT_ERROR_MAX, format, args);
	va_end(args);
	return -EINVAL;
}

static bool takes_part(const struct options *options, const struct options_port *port)
{
	return port->targets != 0 || (options->command != COMMAND_LOAD && options->command != COMMAND_FLOOD);
}

static int read_profile(struct layout_port *port, char *error)
{
	const struct options_port *place = port->place;
	int rc;

	profile_default(&port->profile);
	if (place->profile != NULL) {
		rc = profile_read(place->profile, &port->profile, error);
		if (rc != 0)
			return rc;
	}
	port->device = place->device != NULL ? place->device : port->profile.device;
	port->name = port->device;
	if (port->device == NULL && place->profile != NULL)
		return wrong(error, "--port: missing, and %s names no device; give --port", place->profile);
	return 0;
}

/* Without a word of anybody. */
static unsigned queues_default(const struct layout *layout, const struct options *options)
{
	unsigned queues = options->lcores_count / layout->ports_count;

	return queues > 0 ? queues : 1;
}

static void share_out_queues(struct layout *layout, const struct options *options)
{
	for (unsigned i = 0; i < layout->ports_count; i++) {
		struct layout_port *port = &layout->ports[i];

		port->queues = options->queues;
		if (port->queues == 0)
			port->queues = port->profile.queues;
		if (port->queues == 0)
			port->queues = queues_default(layout, options);
		port->first = layout->shards_count;
		layout->shards_count += port->queues;
	}
}

static int check(const struct layout *layout, const struct options *options, char *error)
{
	unsigned shards = layout->shards_count, ports = layout->ports_count, cpus = options->lcores_count;

	if (options->wire && layout->ports[0].queues > WEIR_WIRE_QUEUES_MAX)
		return wrong(error, "--queues: a wire in memory has %d at most; give fewer",
			     WEIR_WIRE_QUEUES_MAX);
	if (shards > LAYOUT_SHARDS_MAX)
		return wrong(error,
			     "--queues: %u on %u ports are too many; give so few that they make %d at most",
			     shards, ports, LAYOUT_SHARDS_MAX);
	if (cpus <= shards)
		return 0;
	if (options->command == COMMAND_DEMO && options->queues == 0)
		return wrong(
			error,
			"--lcores: %u CPUs cannot be shared out evenly to demo's two sides; give one, or "
			"an even number",
			cpus);
	if (options->queues == 0 && cpus % ports != 0)
		return wrong(error,
			     "--lcores: %u CPUs cannot be shared out evenly to %u ports; give a multiple, or "
			     "--queues",
			     cpus, ports);
	return wrong(
		error,
		"--lcores: %u CPUs for %u queue%s in all; give no more CPUs than queues, or more --queues",
		cpus, shards, shards == 1 ? "" : "s");
}

int layout_make(struct layout *layout, const struct options *options, char error[LAYOUT_ERROR_MAX])
{
	layout->ports_count = layout->shards_count = 0;
	for (unsigned i = 0; i < options->ports_count; i++) {
		struct layout_port *port = &layout->ports[layout->ports_count];
		int rc;

		if (!takes_part(options, &options->ports[i]))
			continue;
		port->place = &options->ports[i];
		layout->ports_count++;
		rc = read_profile(port, error);
		if (rc != 0)
			return rc;
		if (options->wire)
			port->name = i == 0 ? "wire:client" : "wire:server";
	}
	share_out_queues(layout, options);
	return check(layout, options, error);
}

void layout_free(struct layout *layout)
{
	for (unsigned i = 0; i < layout->ports_count; i++)
		profile_free(&layout->ports[i].profile);
	layout->ports_count = 0;
}

int layout_lcore(const struct options *options, unsigned shard)
{
	return options->lcores_count > 0 ? (int)options->lcores[shard % options->lcores_count] : -1;
}
