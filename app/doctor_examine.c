/* SPDX-License-Identifier: BSD-3-Clause */
/* Everything in turn, from what a run fails without to what it is slower for. */
#include <stdio.h>
#include <string.h>

#include "doctor_checks.h"

static const char *need_name(enum profile_need_what what)
{
	switch (what) {
	case PROFILE_NEED_KERNEL:
		return "kernel";
	case PROFILE_NEED_FIRMWARE:
		return "firmware";
	case PROFILE_NEED_LIBRARY:
		return "library";
	case PROFILE_NEED_PERMISSION:
		return "permission";
	case PROFILE_NEED_OPTION:
		return "option";
	}
	return "";
}

/* A finding is of one line, whatever a profile's text is. */
static void flatten(char *text)
{
	for (; *text != '\0'; text++)
		if (*text == '\n' || *text == '\r' || *text == '\t')
			*text = ' ';
}

void doctor_needs(struct doctor *doctor)
{
	const struct profile *profile = doctor->profile;
	struct doctor_finding *finding;

	for (unsigned i = 0; i < profile->needs_count; i++) {
		finding = doctor_report_add(doctor->report, "needs", DOCTOR_UNKNOWN, "%s: %s",
					    need_name(profile->needs[i].what), profile->needs[i].text);
		flatten(finding->found);
	}
	for (unsigned i = 0; i < profile->traps_count; i++) {
		finding = doctor_report_add(doctor->report, "traps", DOCTOR_UNKNOWN, "if there is: %s",
					    profile->traps[i].symptom);
		flatten(finding->found);
		doctor_finding_cost(finding, "by %s", profile->traps[i].source);
		flatten(finding->cost);
		doctor_finding_mend(finding, "# %s", profile->traps[i].cure);
		flatten(finding->mend);
	}
}

static void examine_port(struct doctor *doctor, const struct doctor_port *port)
{
	doctor_interface(doctor, port);
	doctor_capabilities(doctor, port);
	doctor_tun(doctor, port);
	doctor_xdp(doctor, port);
	doctor_link(doctor, port);
	doctor_queues(doctor, port);
	doctor_addresses(doctor, port);
	doctor_offloads(doctor, port);
}

void doctor_examine(struct doctor *doctor)
{
	doctor_lcores(doctor);
	if (doctor->ports_count == 0)
		doctor_no_port(doctor);
	doctor_memory(doctor);
	doctor_hugepages(doctor);
	doctor_hugetlbfs(doctor);
	doctor_transparent(doctor);
	doctor_locked(doctor);
	doctor_iommu(doctor);
	doctor_vfio(doctor);
	doctor_binding(doctor);
	for (unsigned i = 0; i < doctor->ports_count; i++)
		examine_port(doctor, &doctor->ports[i]);
	doctor_numa(doctor);
	doctor_isolation(doctor);
	doctor_interrupts(doctor);
	doctor_smt(doctor);
	doctor_governor(doctor);
	doctor_turbo(doctor);
	doctor_idle(doctor);
	doctor_clock(doctor);
	doctor_needs(doctor);
	doctor_report_sort(doctor->report);
}
