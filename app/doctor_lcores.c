/* SPDX-License-Identifier: BSD-3-Clause */
/* Which CPUs, how far they are from their ports, and whether two of them are one. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "doctor_checks.h"
#include "doctor_cpus.h"
#include "doctor_kernel.h"

#define NODES_MAX 64

static int node_of_cpu(const char *root, unsigned cpu)
{
	struct doctor_entries nodes;
	cpu_set_t cpus;
	int node;

	doctor_tree_entries(root, &nodes, "node", "/sys/devices/system/node");
	for (unsigned i = 0; i < nodes.count; i++)
		if (sscanf(nodes.names[i], "node%d", &node) == 1 &&
		    doctor_tree_cpus(root, &cpus, "/sys/devices/system/node/node%d/cpulist", node) &&
		    CPU_ISSET(cpu, &cpus))
			return node;
	return -1;
}

static void siblings_of(const char *root, unsigned cpu, cpu_set_t *siblings)
{
	doctor_tree_cpus(root, siblings, "/sys/devices/system/cpu/cpu%u/topology/thread_siblings_list", cpu);
	CPU_CLR(cpu, siblings);
}

/* The port that the n-th shard would poll a queue of; NULL: none in particular. */
static const struct doctor_port *port_of(const struct doctor *doctor, unsigned n)
{
	unsigned port = n / doctor->queues;

	return port < doctor->ports_count ? &doctor->ports[port] : NULL;
}

/* What matters for a CPU of weir's, the most first: a core of its own, near, kept free, not the first. */
static unsigned merit(const struct doctor *doctor, unsigned cpu, const struct doctor_port *port)
{
	cpu_set_t isolated, siblings, taken;
	unsigned merit = cpu != 0;

	doctor_tree_cpus(doctor->root, &isolated, "/sys/devices/system/cpu/isolated");
	siblings_of(doctor->root, cpu, &siblings);
	CPU_AND(&taken, &siblings, &doctor->chosen);
	if (CPU_COUNT(&taken) == 0)
		merit += 8;
	if (port == NULL || port->node < 0 || node_of_cpu(doctor->root, cpu) == port->node)
		merit += 4;
	return CPU_ISSET(cpu, &isolated) ? merit + 2 : merit;
}

static void choose(struct doctor *doctor, unsigned cpu)
{
	CPU_SET(cpu, &doctor->chosen);
	doctor->order[doctor->order_count++] = cpu;
}

/* One CPU for each queue, but never all there are: somebody has to do the rest. */
static void propose(struct doctor *doctor, const cpu_set_t *online)
{
	unsigned ports = doctor->ports_count > 0 ? doctor->ports_count : 1;
	unsigned wanted = ports * doctor->queues, there = (unsigned)CPU_COUNT(online);

	CPU_ZERO(&doctor->chosen);
	doctor->order_count = 0;
	for (unsigned n = 0; n < wanted && n < DOCTOR_ORDER_MAX && (n == 0 || n + 1 < there); n++) {
		unsigned best_merit = 0;
		int best = -1;

		for (int cpu = doctor_cpus_next(online, -1); cpu >= 0; cpu = doctor_cpus_next(online, cpu)) {
			unsigned m = merit(doctor, (unsigned)cpu, port_of(doctor, n));

			if (CPU_ISSET((unsigned)cpu, &doctor->chosen) || m < best_merit)
				continue;
			best = cpu;
			best_merit = m;
		}
		if (best >= 0)
			choose(doctor, (unsigned)best);
	}
}

/* The CPUs that weir had best be given. */
static void mend_lcores(const struct doctor *doctor, struct doctor_finding *finding)
{
	struct doctor other = *doctor;
	cpu_set_t online;

	doctor_tree_cpus(doctor->root, &online, "/sys/devices/system/cpu/online");
	propose(&other, &online);
	doctor_kernel_mend_options(doctor, finding, other.order, other.order_count, doctor->max_connections);
}

static void find_absent(struct doctor *doctor, const cpu_set_t *given, const cpu_set_t *online)
{
	char text[DOCTOR_CPUS_TEXT], there[DOCTOR_CPUS_TEXT];
	cpu_set_t absent, present;
	struct doctor_finding *finding;

	doctor_cpus_without(&absent, given, online);
	if (CPU_COUNT(&absent) == 0)
		return;
	finding = doctor_report_add(doctor->report, "lcores", DOCTOR_FAIL,
				    "%s: not online; this machine has %s", doctor_cpus_name(&absent, text),
				    doctor_cpus_name(online, there));
	doctor_finding_cost(finding, "weir does not start with these --lcores");
	doctor_tree_cpus(doctor->root, &present, "/sys/devices/system/cpu/present");
	CPU_AND(&present, &present, &absent);
	if (CPU_EQUAL(&present, &absent)) {
		doctor_finding_mend(finding,
				    "for c in %s; do echo 1 >/sys/devices/system/cpu/cpu$c/online; done",
				    doctor_cpus_words(&absent, text));
		return;
	}
	mend_lcores(doctor, finding);
}

/* isolcpus keeps CPUs out of what every process may use, until somebody lets it. */
static void find_forbidden(struct doctor *doctor)
{
	char text[DOCTOR_CPUS_TEXT], may[DOCTOR_CPUS_TEXT];
	cpu_set_t allowed, forbidden;
	struct doctor_finding *finding;
	char list[DOCTOR_LINE];

	if (!doctor_tree_field(doctor->root, "Cpus_allowed_list", list, sizeof(list), "/proc/self/status") ||
	    !doctor_cpus_parse(list, &allowed)) {
		doctor_report_add(doctor->report, "lcores", DOCTOR_UNKNOWN,
				  "the kernel does not say which CPUs this process may use");
		return;
	}
	doctor_cpus_without(&forbidden, &doctor->chosen, &allowed);
	if (CPU_COUNT(&forbidden) == 0)
		return;
	finding = doctor_report_add(doctor->report, "lcores",
				    doctor->lcores_count > 0 ? DOCTOR_FAIL : DOCTOR_WARN,
				    "this shell and what it starts may use %s alone, not %s",
				    doctor_cpus_name(&allowed, may), doctor_cpus_name(&forbidden, text));
	doctor_finding_cost(finding, doctor->lcores_count > 0 ? "weir does not start with these --lcores" :
								"weir takes a CPU that is less fit");
	CPU_OR(&allowed, &allowed, &forbidden);
	doctor_finding_mend(finding, "taskset -cp %s %d", doctor_cpus_text(&allowed, may),
			    doctor_kernel_parent(doctor->root));
}

/* Shards begin anew with the first CPU where there are more of them. */
static void find_shared(struct doctor *doctor, const cpu_set_t *online)
{
	unsigned shards = doctor->queues * (doctor->ports_count > 0 ? doctor->ports_count : 1);
	struct doctor other = *doctor;
	struct doctor_finding *finding;
	char text[DOCTOR_CPUS_TEXT];

	if (doctor->order_count == 0 || doctor->order_count >= shards)
		return;
	finding = doctor_report_add(doctor->report, "lcores", DOCTOR_WARN, "%u queues in all for %s%s",
				    shards, doctor_cpus_name(&doctor->chosen, text),
				    doctor->lcores_count > 0 ? "" : ", which would be best");
	doctor_finding_cost(finding,
			    "queues take turns on a CPU: no more is done than with a queue for each CPU");
	propose(&other, online);
	if (other.order_count > doctor->order_count)
		doctor_kernel_mend_options(doctor, finding, other.order, other.order_count,
					   doctor->max_connections);
	else
		doctor_finding_mend(finding, "# give fewer --queues: the kernel needs a CPU of its own");
}

void doctor_lcores(struct doctor *doctor)
{
	char text[DOCTOR_CPUS_TEXT];
	cpu_set_t online, given;
	unsigned before = doctor->report->count;

	CPU_ZERO(&doctor->chosen);
	if (!doctor_tree_cpus(doctor->root, &online, "/sys/devices/system/cpu/online")) {
		doctor_report_add(doctor->report, "lcores", DOCTOR_UNKNOWN,
				  "the kernel does not list its CPUs (no /sys/devices/system/cpu/online)");
		return;
	}
	CPU_ZERO(&given);
	doctor->order_count = 0;
	for (unsigned i = 0; i < doctor->lcores_count; i++) {
		CPU_SET(doctor->lcores[i], &given);
		if (CPU_ISSET(doctor->lcores[i], &online))
			choose(doctor, doctor->lcores[i]);
	}
	if (doctor->lcores_count == 0)
		propose(doctor, &online);
	find_absent(doctor, &given, &online);
	find_forbidden(doctor);
	find_shared(doctor, &online);
	if (doctor->report->count > before)
		return;
	doctor_report_add(doctor->report, "lcores", DOCTOR_OK,
			  doctor->lcores_count > 0 ? "%s can be used" :
						     "none given; %s would be best, and is looked at below",
			  doctor_cpus_name(&doctor->chosen, text));
}

/* As the firmware tells: 10 is the node itself. */
static unsigned distance(const char *root, int from, int to)
{
	unsigned value = 0, used;
	char text[DOCTOR_LINE];
	const char *at = text;
	int parsed = 0;

	if (!doctor_tree_text(root, text, sizeof(text), "/sys/devices/system/node/node%d/distance", from))
		return 0;
	for (int node = 0; node <= to; node++, at += used) {
		parsed = 0;
		if (sscanf(at, "%u%n", &value, &parsed) != 1)
			return 0;
		used = (unsigned)parsed;
	}
	return value;
}

static void find_far(struct doctor *doctor, const struct doctor_port *port)
{
	char text[DOCTOR_CPUS_TEXT];
	struct doctor_finding *finding;
	unsigned worst = 10;
	cpu_set_t far;

	CPU_ZERO(&far);
	for (unsigned shard = 0; doctor->order_count > 0 && shard < doctor->ports_count * doctor->queues;
	     shard++) {
		unsigned cpu = doctor->order[shard % doctor->order_count];
		int node = node_of_cpu(doctor->root, cpu);
		unsigned away = distance(doctor->root, node, port->node);

		if (port_of(doctor, shard) != port || node == port->node)
			continue;
		CPU_SET(cpu, &far);
		worst = away > worst ? away : worst;
	}
	if (CPU_COUNT(&far) == 0) {
		doctor_report_add(doctor->report, "numa", DOCTOR_OK, "%s and its CPUs are on node %d",
				  port->device, port->node);
		return;
	}
	finding = doctor_report_add(doctor->report, "numa", DOCTOR_WARN,
				    "%s is on node %d, and %s on another (distance %u, where 10 is none)",
				    port->device, port->node, doctor_cpus_name(&far, text), worst);
	doctor_finding_cost(
		finding,
		"descriptors and frames cross from node to node: by the firmware's figures each miss of "
		"a cache takes %u %% longer",
		10 * (worst - 10));
	mend_lcores(doctor, finding);
}

void doctor_numa(struct doctor *doctor)
{
	struct doctor_entries nodes;

	doctor_tree_entries(doctor->root, &nodes, "node", "/sys/devices/system/node");
	if (nodes.count <= 1) {
		doctor_report_add(doctor->report, "numa", DOCTOR_OK,
				  "one node: nothing is far from anything");
		return;
	}
	for (unsigned i = 0; i < doctor->ports_count; i++) {
		const struct doctor_port *port = &doctor->ports[i];

		if (port->node >= 0)
			find_far(doctor, port);
		else if (port->kind == DOCTOR_PCI || port->pci[0] != '\0')
			doctor_report_add(doctor->report, "numa", DOCTOR_UNKNOWN,
					  "the firmware does not say which of %u nodes %s is near",
					  nodes.count, port->device);
	}
}

static void find_twins(struct doctor *doctor, const cpu_set_t *twins)
{
	struct doctor_finding *finding;
	char text[DOCTOR_CPUS_TEXT];

	finding = doctor_report_add(doctor->report, "smt", DOCTOR_WARN, "%s share a core with each other",
				    doctor_cpus_name(twins, text));
	doctor_finding_cost(finding, "each of the two gets little more than half of a core");
	mend_lcores(doctor, finding);
}

static void find_busy_siblings(struct doctor *doctor, const cpu_set_t *siblings)
{
	struct doctor_finding *finding;
	char text[DOCTOR_CPUS_TEXT], mine[DOCTOR_CPUS_TEXT];
	cpu_set_t rest;

	finding = doctor_report_add(doctor->report, "smt", DOCTOR_WARN,
				    "%s: the other half of a core of %s, for other programs to run on",
				    doctor_cpus_name(siblings, text),
				    doctor_cpus_name(&doctor->chosen, mine));
	doctor_finding_cost(finding,
			    "what runs on a core's other half takes up to half of the core, at any time");
	doctor_tree_cpus(doctor->root, &rest, "/sys/devices/system/cpu/online");
	doctor_cpus_without(&rest, &rest, &doctor->chosen);
	doctor_cpus_without(&rest, &rest, siblings);
	if (CPU_COUNT(&rest) == 0)
		doctor_finding_mend(finding, "# give --lcores fewer cores: other programs need one");
	else if (CPU_ISSET(0, siblings))
		doctor_finding_mend(finding, "# give --lcores another core: the kernel keeps its first CPU");
	else
		doctor_finding_mend(finding,
				    "for c in %s; do echo 0 >/sys/devices/system/cpu/cpu$c/online; done",
				    doctor_cpus_words(siblings, text));
}

void doctor_smt(struct doctor *doctor)
{
	cpu_set_t twins, others, isolated, siblings;

	CPU_ZERO(&twins);
	CPU_ZERO(&others);
	for (int cpu = doctor_cpus_next(&doctor->chosen, -1); cpu >= 0;
	     cpu = doctor_cpus_next(&doctor->chosen, cpu)) {
		siblings_of(doctor->root, (unsigned)cpu, &siblings);
		CPU_OR(&others, &others, &siblings);
		CPU_AND(&siblings, &siblings, &doctor->chosen);
		CPU_OR(&twins, &twins, &siblings);
	}
	doctor_tree_cpus(doctor->root, &isolated, "/sys/devices/system/cpu/isolated");
	doctor_cpus_without(&others, &others, &doctor->chosen);
	doctor_cpus_without(&others, &others, &isolated);
	if (CPU_COUNT(&twins) > 0)
		find_twins(doctor, &twins);
	if (CPU_COUNT(&others) > 0)
		find_busy_siblings(doctor, &others);
	if (CPU_COUNT(&twins) == 0 && CPU_COUNT(&others) == 0)
		doctor_report_add(doctor->report, "smt", DOCTOR_OK, "each CPU has its core to itself");
}
