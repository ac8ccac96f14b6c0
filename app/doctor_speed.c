/* SPDX-License-Identifier: BSD-3-Clause */
/* How fast the chosen CPUs run, how soon they wake, and what their clock is worth. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "doctor_checks.h"
#include "doctor_cpus.h"
#include "doctor_kernel.h"

#define CPU_FOLDER "/sys/devices/system/cpu"
/* Beyond it a frame that wakes a CPU waits longer than weir's own sleep (0.1 ms at most). */
#define WAKE_US_MAX 100

static const char *who(const char *root)
{
	return doctor_kernel_is_guest(root) ? ": this is a virtual machine, and its host does" : "";
}

void doctor_governor(struct doctor *doctor)
{
	char governor[32], slowest[32] = "", text[DOCTOR_CPUS_TEXT];
	struct doctor_finding *finding;
	unsigned known = 0;
	cpu_set_t slow;

	CPU_ZERO(&slow);
	for (int cpu = doctor_cpus_next(&doctor->chosen, -1); cpu >= 0;
	     cpu = doctor_cpus_next(&doctor->chosen, cpu)) {
		if (!doctor_tree_text(doctor->root, governor, sizeof(governor),
				      CPU_FOLDER "/cpu%d/cpufreq/scaling_governor", cpu))
			continue;
		known++;
		if (strcmp(governor, "performance") == 0)
			continue;
		CPU_SET((unsigned)cpu, &slow);
		snprintf(slowest, sizeof(slowest), "%s", governor);
	}
	if (known == 0) {
		doctor_report_add(doctor->report, "governor", DOCTOR_UNKNOWN,
				  "the kernel does not set these CPUs' frequency%s", who(doctor->root));
		return;
	}
	if (CPU_COUNT(&slow) == 0) {
		doctor_report_add(doctor->report, "governor", DOCTOR_OK, "performance");
		return;
	}
	finding = doctor_report_add(doctor->report, "governor", DOCTOR_WARN, "%s on %s", slowest,
				    doctor_cpus_name(&slow, text));
	doctor_finding_cost(finding,
			    "the first frames of a burst find a slow CPU; rates and latencies wander");
	doctor_finding_mend(finding,
			    "for c in %s; do echo performance >" CPU_FOLDER
			    "/cpu$c/cpufreq/scaling_governor; done",
			    doctor_cpus_words(&slow, text));
}

void doctor_turbo(struct doctor *doctor)
{
	static const struct {
		const char *path;
		int64_t off;
	} switches[] = {
		{ CPU_FOLDER "/intel_pstate/no_turbo", 1 },
		{ CPU_FOLDER "/cpufreq/boost", 0 },
	};
	struct doctor_finding *finding;

	for (unsigned i = 0; i < 2; i++) {
		int64_t value;

		if (!doctor_tree_number(doctor->root, &value, "%s", switches[i].path))
			continue;
		if (value != switches[i].off) {
			doctor_report_add(doctor->report, "turbo", DOCTOR_OK, "on");
			return;
		}
		finding =
			doctor_report_add(doctor->report, "turbo", DOCTOR_WARN, "off (%s)", switches[i].path);
		doctor_finding_cost(finding, "CPUs stay at their base frequency; steadier, and slower");
		doctor_finding_mend(finding, "echo %d >%s", (int)!switches[i].off, switches[i].path);
		return;
	}
	doctor_report_add(doctor->report, "turbo", DOCTOR_UNKNOWN,
			  "the kernel does not tell whether CPUs may go beyond their base frequency%s",
			  who(doctor->root));
}

/* The first state of a CPU that takes too long to wake from; false: none is on. */
static bool sleeps_deep(const char *root, int cpu, unsigned *state, int64_t *latency_us)
{
	struct doctor_entries states;

	doctor_tree_entries(root, &states, "state", CPU_FOLDER "/cpu%d/cpuidle", cpu);
	for (unsigned i = 0; i < states.count; i++) {
		int64_t us = 0, disabled = 0;

		doctor_tree_number(root, &us, CPU_FOLDER "/cpu%d/cpuidle/%s/latency", cpu, states.names[i]);
		doctor_tree_number(root, &disabled, CPU_FOLDER "/cpu%d/cpuidle/%s/disable", cpu,
				   states.names[i]);
		if (us <= WAKE_US_MAX || disabled != 0)
			continue;
		*latency_us = us;
		return sscanf(states.names[i], "state%u", state) == 1;
	}
	return false;
}

void doctor_idle(struct doctor *doctor)
{
	struct doctor_finding *finding;
	char text[DOCTOR_CPUS_TEXT];
	int64_t latency_us = 0;
	unsigned state = 0;
	cpu_set_t deep;

	/* On cards a loop spins, and its CPU never sleeps. */
	if (doctor_kernel_gives(doctor))
		return;
	CPU_ZERO(&deep);
	for (int cpu = doctor_cpus_next(&doctor->chosen, -1); cpu >= 0;
	     cpu = doctor_cpus_next(&doctor->chosen, cpu))
		if (sleeps_deep(doctor->root, cpu, &state, &latency_us))
			CPU_SET((unsigned)cpu, &deep);
	if (CPU_COUNT(&deep) == 0) {
		doctor_report_add(doctor->report, "idle", DOCTOR_OK,
				  "no state that takes over %d us to wake from", WAKE_US_MAX);
		return;
	}
	finding = doctor_report_add(doctor->report, "idle", DOCTOR_WARN,
				    "%s may sleep in states that take %" PRId64 " us and more to wake from",
				    doctor_cpus_name(&deep, text), latency_us);
	doctor_finding_cost(finding,
			    "where weir rests (virtual devices) the first frame after a pause waits so long");
	doctor_finding_mend(finding,
			    "for c in %s; do for s in " CPU_FOLDER "/cpu$c/cpuidle/state*; do "
			    "[ $(cat $s/latency) -le %d ] || echo 1 >$s/disable; done; done",
			    doctor_cpus_words(&deep, text), WAKE_US_MAX);
}

/* What the kernel counts time by where it found the TSC wanting. */
static bool is_slow_source(const char *source)
{
	return strcmp(source, "hpet") == 0 || strcmp(source, "acpi_pm") == 0 ||
	       strcmp(source, "jiffies") == 0 || strcmp(source, "refined-jiffies") == 0;
}

static void find_source(struct doctor *doctor, const char *flags)
{
	const char *folder = "/sys/devices/system/clocksource/clocksource0";
	char source[64] = "", available[256] = "";
	struct doctor_finding *finding;

	if (!doctor_tree_text(doctor->root, source, sizeof(source), "%s/current_clocksource", folder)) {
		doctor_report_add(doctor->report, "clock", DOCTOR_UNKNOWN,
				  "the kernel does not name its clock source");
		return;
	}
	if (!is_slow_source(source)) {
		doctor_report_add(doctor->report, "clock", DOCTOR_OK, "%s%s", source,
				  flags[0] != '\0' ? ", and the TSC is invariant" : "");
		return;
	}
	doctor_tree_text(doctor->root, available, sizeof(available), "%s/available_clocksource", folder);
	finding = doctor_report_add(doctor->report, "clock", DOCTOR_WARN,
				    "the kernel counts by %s, not by the TSC", source);
	doctor_finding_cost(finding,
			    "it found the TSC unsteady, or was told so; timers and latencies, which are "
			    "weir's by the TSC, may be wrong");
	if (doctor_tree_word(available, "tsc"))
		doctor_finding_mend(
			finding,
			"echo tsc >/sys/devices/system/clocksource/clocksource0/current_clocksource");
	else
		doctor_finding_mend(finding, "dmesg | grep -i -e tsc -e clocksource # says why");
}

void doctor_clock(struct doctor *doctor)
{
	struct doctor_finding *finding;
	char flags[DOCTOR_LINE] = "";

	/* Others than x86 have a counter that is steady by design, and no such flags. */
	if (doctor_tree_field(doctor->root, "flags", flags, sizeof(flags), "/proc/cpuinfo") &&
	    !(doctor_tree_word(flags, "constant_tsc") && doctor_tree_word(flags, "nonstop_tsc"))) {
		finding = doctor_report_add(
			doctor->report, "clock", DOCTOR_WARN,
			"the TSC is not invariant (no constant_tsc and nonstop_tsc among the CPU's flags)");
		doctor_finding_cost(finding, "timers and latencies run with the CPU's frequency");
		doctor_finding_mend(
			finding, "%s",
			doctor_kernel_is_guest(doctor->root) ?
				"# have the host pass the flag invtsc on to this virtual machine" :
				"# fix the CPU's frequency in the firmware's setup");
		return;
	}
	find_source(doctor, flags);
}
