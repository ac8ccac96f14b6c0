/* SPDX-License-Identifier: BSD-3-Clause */
#include "doctor.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "doctor_checks.h"
#include "doctor_facts.h"
#include "eal_args.h"
#include "share.h"

#define MIB (1u << 20)

static unsigned shards_of(const struct doctor *doctor)
{
	return doctor->queues * (doctor->ports_count > 0 ? doctor->ports_count : 1);
}

/* As `weir serve` has it, which takes more than the others: all closes on its side, for four times 2 MSL. */
static uint64_t shard_bytes(const struct doctor *doctor, uint32_t max_connections)
{
	unsigned shards = shards_of(doctor);
	struct options options = { .command = COMMAND_DOCTOR, .max_connections = max_connections };
	uint64_t time_wait = 4ull * max_connections;
	struct weir_config config;

	options_defaults(&options);
	weir_config_default(&config);
	config.max_connections = share_chance(max_connections, shards);
	config.max_half_open = share_limit(options.backlog, shards);
	config.max_time_wait = share_chance(
		(uint32_t)(time_wait < SHARE_TIME_WAIT_MAX ? time_wait : SHARE_TIME_WAIT_MAX), shards);
	return weir_config_bytes(&config);
}

static void add_port(struct doctor *doctor, const struct profile *profile, const char *device)
{
	struct doctor_port *port = &doctor->ports[doctor->ports_count++];

	doctor_port_find(port, doctor->root, device);
	/* Whatever has the card now: vfio would be wrong. */
	if (profile->drivers_count > 0 && profile_fits(profile, "mlx5_pci"))
		port->bifurcated = true;
	doctor_facts_read(port);
}

/* As layout.c has them, but that what does not fit is a finding. */
static unsigned queues_of(const struct options *options, const struct profile *profile, unsigned ports)
{
	unsigned queues = options->queues != 0 ? options->queues : profile->queues;

	if (queues == 0)
		queues = options->lcores_count / (ports > 0 ? ports : 1);
	return queues > 0 ? queues : 1;
}

/* profile: of the first port. */
static void admit(struct doctor *doctor, const struct options *options, const struct profile *profile)
{
	for (unsigned i = 0; i < options->ports_count; i++) {
		const char *device = options->ports[i].device;

		if (device == NULL)
			device = profile->device;
		if (device != NULL)
			add_port(doctor, profile, device);
	}
	doctor->profile = profile;
	doctor->profile_name = options->ports[0].profile;
	doctor->lcores = options->lcores;
	doctor->lcores_count = options->lcores_count;
	doctor->queues = queues_of(options, profile, doctor->ports_count);
	doctor->queues_given = options->queues != 0;
	doctor->max_connections = options->max_connections;
	doctor->shard_bytes = shard_bytes;
	doctor->buffer_bytes = (uint64_t)eal_args_memory_mib(doctor->ports_count, shards_of(doctor)) * MIB;
}

static enum exit_status tell(const struct doctor_report *report, bool json)
{
	int rc = 0;

	if (json)
		rc = doctor_report_json(report, stdout);
	else
		doctor_report_text(report, stdout);
	if (rc != 0 || fflush(stdout) != 0 || ferror(stdout)) {
		fprintf(stderr, "weir doctor: standard output: %s\n", strerror(rc != 0 ? ENOMEM : errno));
		return EXIT_FAILED;
	}
	return doctor_report_count(report, DOCTOR_FAIL) > 0 ? EXIT_FAILED : EXIT_DONE;
}

enum exit_status doctor_run(const struct options *options)
{
	static struct doctor_report report;
	static struct doctor doctor;
	static struct profile profile;
	const char *name = options->ports[0].profile;
	char line[PROFILE_ERROR_MAX];
	enum exit_status status;

	profile_default(&profile);
	if (name != NULL && profile_read(name, &profile, line) != 0) {
		fprintf(stderr, "weir doctor: %s\n", line);
		return EXIT_WRONG;
	}
	doctor = (struct doctor){ .root = "", .report = &report };
	admit(&doctor, options, &profile);
	doctor_examine(&doctor);
	status = tell(&report, options->json);
	profile_free(&profile);
	return status;
}
