/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * doctor_checks.h - what is looked at, and what for.
 *
 * Each check reads files below doctor.root, and the facts that only system calls tell, and adds its findings
 * to the report: at least one, unless it does not concern what was asked for. None changes anything. Pure
 * but for reading; one thread.
 */
#ifndef WEIR_APP_DOCTOR_CHECKS_H
#define WEIR_APP_DOCTOR_CHECKS_H

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>

#include "doctor_port.h"
#include "doctor_report.h"
#include "profile.h"

#define DOCTOR_PORTS_MAX 16
#define DOCTOR_ORDER_MAX 64 /* as many as --lcores takes */

/* The patient, and what it is to do. */
struct doctor {
	const char *root; /* "": this machine */
	struct doctor_report *report;

	/* What was asked for. */
	struct doctor_port ports[DOCTOR_PORTS_MAX];
	unsigned ports_count; /* 0: no port in particular */
	const unsigned *lcores;
	unsigned lcores_count;    /* 0: weir may choose */
	unsigned queues;          /* of each port, 1 at least */
	bool queues_given;        /* by --queues, and not by the number of lcores */
	uint32_t max_connections; /* of all ports together */
	const char *profile_name; /* as given; NULL: none */
	const struct profile *profile;

	/* The library's arithmetic: bytes of a shard, when all have so many connections together. */
	uint64_t (*shard_bytes)(const struct doctor *doctor, uint32_t max_connections);
	uint64_t buffer_bytes; /* that EAL is asked for, for all shards */

	/* Those of lcores that are online, or those that weir had best be given: doctor_lcores(). */
	cpu_set_t chosen;
	/* The same in the order of shards, which begin anew where there are fewer. */
	unsigned order[DOCTOR_ORDER_MAX];
	unsigned order_count;
};

/* --lcores: whether there are such CPUs, and this process may use them. Fills in `chosen`: comes first. */
void doctor_lcores(struct doctor *doctor);

/* Of memory. */
void doctor_hugepages(struct doctor *doctor);
void doctor_hugetlbfs(struct doctor *doctor);
void doctor_memory(struct doctor *doctor);
void doctor_transparent(struct doctor *doctor);
void doctor_locked(struct doctor *doctor);

/* Of the chosen CPUs. */
void doctor_numa(struct doctor *doctor);
void doctor_isolation(struct doctor *doctor);
void doctor_interrupts(struct doctor *doctor);
void doctor_smt(struct doctor *doctor);
void doctor_governor(struct doctor *doctor);
void doctor_turbo(struct doctor *doctor);
void doctor_idle(struct doctor *doctor);
void doctor_clock(struct doctor *doctor);

/* Of cards. */
void doctor_iommu(struct doctor *doctor);
void doctor_vfio(struct doctor *doctor);
void doctor_binding(struct doctor *doctor);

/* Of each port; doctor_no_port() in their place where there is none. */
void doctor_no_port(struct doctor *doctor);
void doctor_interface(struct doctor *doctor, const struct doctor_port *port);
void doctor_link(struct doctor *doctor, const struct doctor_port *port);
void doctor_queues(struct doctor *doctor, const struct doctor_port *port);
void doctor_addresses(struct doctor *doctor, const struct doctor_port *port);
void doctor_offloads(struct doctor *doctor, const struct doctor_port *port);
void doctor_capabilities(struct doctor *doctor, const struct doctor_port *port);
void doctor_tun(struct doctor *doctor, const struct doctor_port *port);
void doctor_xdp(struct doctor *doctor, const struct doctor_port *port);

/* What a person has to look after, by the profile. */
void doctor_needs(struct doctor *doctor);

/* Everything that concerns what was asked for. */
void doctor_examine(struct doctor *doctor);

#endif
