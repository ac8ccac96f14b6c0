/* SPDX-License-Identifier: BSD-3-Clause */
/* Who else runs on weir's CPUs: other programs, and interrupts. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "doctor_checks.h"
#include "doctor_cpus.h"
#include "doctor_kernel.h"

/* rcu_nocbs= on the command line; nohz_full says it by itself. */
static void without_callbacks(const char *root, cpu_set_t *cpus)
{
	char line[DOCTOR_LINE], list[DOCTOR_LINE];
	const char *at;

	doctor_tree_cpus(root, cpus, "/sys/devices/system/cpu/nohz_full");
	if (!doctor_tree_text(root, line, sizeof(line), "/proc/cmdline"))
		return;
	at = strstr(line, "rcu_nocbs=");
	if (at == NULL)
		return;
	snprintf(list, sizeof(list), "%.*s", (int)strcspn(at, " ") - 10, at + 10);
	doctor_cpus_parse(list, cpus);
}

/* What the chosen CPUs lack: "isolcpus, nohz_full". False: nothing. */
static bool lacks(const struct doctor *doctor, char text[64])
{
	static const char *const names[] = { "isolcpus", "nohz_full", "rcu_nocbs" };
	cpu_set_t quiet[3], bare;
	size_t used = 0;

	doctor_tree_cpus(doctor->root, &quiet[0], "/sys/devices/system/cpu/isolated");
	doctor_tree_cpus(doctor->root, &quiet[1], "/sys/devices/system/cpu/nohz_full");
	without_callbacks(doctor->root, &quiet[2]);
	text[0] = '\0';
	for (unsigned i = 0; i < 3; i++) {
		doctor_cpus_without(&bare, &doctor->chosen, &quiet[i]);
		if (CPU_COUNT(&bare) > 0)
			used += (size_t)snprintf(text + used, 64 - used, "%s%s", used > 0 ? ", " : "",
						 names[i]);
	}
	return used > 0;
}

void doctor_isolation(struct doctor *doctor)
{
	char text[DOCTOR_CPUS_TEXT], name[DOCTOR_CPUS_TEXT], missing[64], words[4 * DOCTOR_CPUS_TEXT];
	struct doctor_finding *finding;
	cpu_set_t online, rest;

	if (CPU_COUNT(&doctor->chosen) == 0)
		return;
	doctor_cpus_text(&doctor->chosen, text);
	if (!lacks(doctor, missing)) {
		doctor_report_add(doctor->report, "isolation", DOCTOR_OK,
				  "%s: kept free of programs, ticks and callbacks",
				  doctor_cpus_name(&doctor->chosen, name));
		return;
	}
	finding = doctor_report_add(doctor->report, "isolation", DOCTOR_WARN,
				    "%s: not kept free of programs and of the kernel's work (%s)",
				    doctor_cpus_name(&doctor->chosen, name), missing);
	doctor_finding_cost(finding,
			    "other programs and the kernel's own work take these CPUs for milliseconds at "
			    "a time; rings fill, and frames are lost or late");
	doctor_tree_cpus(doctor->root, &online, "/sys/devices/system/cpu/online");
	doctor_cpus_without(&rest, &online, &doctor->chosen);
	if (CPU_COUNT(&rest) == 0) {
		doctor_finding_mend(finding, "# give --lcores fewer CPUs: the kernel needs one for itself");
		return;
	}
	if (CPU_ISSET(0, &doctor->chosen)) {
		doctor_finding_mend(finding, "# give --lcores other CPUs than 0: the kernel needs its first");
		return;
	}
	snprintf(words, sizeof(words), "isolcpus=managed_irq,domain,%s nohz_full=%s rcu_nocbs=%s", text, text,
		 text);
	doctor_kernel_mend(doctor, finding, "cpus", words);
}

/* Does an interrupt that somebody handles come to these CPUs? */
static bool interrupts(const struct doctor *doctor, const char *irq)
{
	struct doctor_entries actions;
	cpu_set_t mine, now;

	/* Handlers have a folder of their names. */
	doctor_tree_entries(doctor->root, &actions, "", "/proc/irq/%s", irq);
	doctor_tree_cpus(doctor->root, &mine, "/proc/irq/%s/smp_affinity_list", irq);
	CPU_AND(&mine, &mine, &doctor->chosen);
	/* Of those that it may come to it comes to one; one that was told to go does when it comes next. */
	if (doctor_tree_cpus(doctor->root, &now, "/proc/irq/%s/effective_affinity_list", irq) &&
	    CPU_COUNT(&now) > 0)
		CPU_AND(&mine, &mine, &now);
	for (unsigned i = 0; i < actions.count && CPU_COUNT(&mine) > 0; i++)
		if (doctor_tree_has(doctor->root, "/proc/irq/%s/%s/.", irq, actions.names[i]))
			return true;
	return false;
}

void doctor_interrupts(struct doctor *doctor)
{
	static struct doctor_entries irqs;
	char words[DOCTOR_MEND / 2], mine[DOCTOR_CPUS_TEXT], others[DOCTOR_CPUS_TEXT];
	struct doctor_finding *finding;
	cpu_set_t online, rest;
	unsigned count = 0;
	size_t used = 0;

	if (CPU_COUNT(&doctor->chosen) == 0)
		return;
	doctor_tree_entries(doctor->root, &irqs, "", "/proc/irq");
	for (unsigned i = 0; i < irqs.count; i++) {
		if (!interrupts(doctor, irqs.names[i]))
			continue;
		count++;
		/* Those that have no room are there still when the others have gone. */
		if (used + 2 + strlen(irqs.names[i]) < sizeof(words))
			used += (size_t)snprintf(words + used, sizeof(words) - used, "%s%s",
						 used > 0 ? " " : "", irqs.names[i]);
	}
	doctor_cpus_name(&doctor->chosen, mine);
	if (irqs.count == 0) {
		doctor_report_add(doctor->report, "interrupts", DOCTOR_UNKNOWN,
				  "the kernel does not show its interrupts (no /proc/irq)");
		return;
	}
	if (count == 0) {
		doctor_report_add(doctor->report, "interrupts", DOCTOR_OK, "no device interrupts %s", mine);
		return;
	}
	finding = doctor_report_add(doctor->report, "interrupts", DOCTOR_WARN,
				    "interrupts of devices come to %s, %u of them: %s", mine, count, words);
	doctor_finding_cost(
		finding,
		"each takes its CPU away for some microseconds, and its caches. Those that the kernel does "
		"not let go (an error) are kept away by isolcpus=managed_irq alone");
	doctor_tree_cpus(doctor->root, &online, "/sys/devices/system/cpu/online");
	doctor_cpus_without(&rest, &online, &doctor->chosen);
	if (CPU_COUNT(&rest) > 0)
		doctor_finding_mend(finding, "for i in %s; do echo %s >/proc/irq/$i/smp_affinity_list; done",
				    words, doctor_cpus_text(&rest, others));
	else
		doctor_finding_mend(finding, "# give --lcores fewer CPUs: interrupts have to go somewhere");
}
