/* SPDX-License-Identifier: BSD-3-Clause */
#include "doctor_kernel.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doctor_cpus.h"

bool doctor_kernel_gives(const struct doctor *doctor)
{
	for (unsigned i = 0; i < doctor->ports_count; i++)
		if (doctor->ports[i].kind == DOCTOR_PCI && !doctor->ports[i].bifurcated)
			return true;
	return false;
}

unsigned doctor_kernel_groups(const char *root)
{
	struct doctor_entries groups;
	unsigned kept_apart = 0;
	char name[32];

	doctor_tree_entries(root, &groups, "", "/sys/kernel/iommu_groups");
	for (unsigned i = 0; i < groups.count; i++)
		/* What vfio makes for a card that it lends without an IOMMU. */
		kept_apart += !doctor_tree_text(root, name, sizeof(name), "/sys/kernel/iommu_groups/%s/name",
						groups.names[i]) ||
			      strcmp(name, "vfio-noiommu") != 0;
	return kept_apart;
}

bool doctor_kernel_unsafe(const char *root)
{
	char text[8];

	return doctor_tree_text(root, text, sizeof(text),
				"/sys/module/vfio/parameters/enable_unsafe_noiommu_mode") &&
	       (text[0] == 'Y' || text[0] == '1');
}

bool doctor_kernel_capable(const char *root, unsigned capability)
{
	char text[64];

	return doctor_tree_field(root, "CapEff", text, sizeof(text), "/proc/self/status") &&
	       strtoull(text, NULL, 16) >> capability & 1;
}

uint32_t doctor_kernel_user(const char *root)
{
	char text[128];
	uint32_t user;

	/* Real, effective, saved and of files. */
	if (!doctor_tree_field(root, "Uid", text, sizeof(text), "/proc/self/status") ||
	    sscanf(text, "%*u %" SCNu32, &user) != 1)
		return UINT32_MAX;
	return user;
}

bool doctor_kernel_since(const char *root, unsigned major, unsigned minor)
{
	unsigned has_major, has_minor;
	char text[128];

	if (!doctor_tree_text(root, text, sizeof(text), "/proc/sys/kernel/osrelease") ||
	    sscanf(text, "%u.%u", &has_major, &has_minor) != 2)
		return false;
	return has_major > major || (has_major == major && has_minor >= minor);
}

enum doctor_module doctor_kernel_module(const char *root, const char *name)
{
	static const char *const lists[] = { "modules.builtin", "modules.dep" };
	char loaded[DOCTOR_NAME], file[DOCTOR_NAME + 8], release[128];

	/* Modules that run have underscores in sysfs, whatever their file is called. */
	snprintf(loaded, sizeof(loaded), "%s", name);
	for (char *at = loaded; (at = strchr(at, '-')) != NULL;)
		*at = '_';
	if (doctor_tree_has(root, "/sys/module/%s", loaded))
		return DOCTOR_MODULE_LOADED;
	snprintf(file, sizeof(file), "/%s.ko", name);
	if (!doctor_tree_text(root, release, sizeof(release), "/proc/sys/kernel/osrelease"))
		return DOCTOR_MODULE_MISSING;
	for (unsigned i = 0; i < 2; i++)
		if (doctor_tree_holds(root, file, "/lib/modules/%s/%s", release, lists[i]))
			return i == 0 ? DOCTOR_MODULE_LOADED : DOCTOR_MODULE_THERE;
	return DOCTOR_MODULE_MISSING;
}

bool doctor_kernel_is_guest(const char *root)
{
	char flags[DOCTOR_LINE];

	return doctor_tree_field(root, "flags", flags, sizeof(flags), "/proc/cpuinfo") &&
	       doctor_tree_word(flags, "hypervisor");
}

int doctor_kernel_parent(const char *root)
{
	char text[32];

	return doctor_tree_field(root, "PPid", text, sizeof(text), "/proc/self/status") ?
		       (int)strtol(text, NULL, 10) :
		       1;
}

void doctor_kernel_mend(const struct doctor *doctor, struct doctor_finding *finding, const char *name,
			const char *words)
{
	/* As Debian has it: update-grub reads /etc/default/grub and what lies in grub.d beside it. */
	if (doctor_tree_has(doctor->root, "/etc/default/grub") &&
	    doctor_tree_has(doctor->root, "/usr/sbin/update-grub"))
		doctor_finding_mend(finding,
				    "mkdir -p /etc/default/grub.d && "
				    "echo 'GRUB_CMDLINE_LINUX=\"$GRUB_CMDLINE_LINUX %s\"' "
				    ">/etc/default/grub.d/weir-%s.cfg && update-grub && reboot",
				    words, name);
	else
		doctor_finding_mend(finding, "# start the kernel with: %s", words);
}

/* As a shell takes it for one word. */
static const char *quote(const char *text, char quoted[DOCTOR_FOUND])
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_:.,=/@%+-";
	size_t used = 0;

	if (strspn(text, plain) == strlen(text)) {
		snprintf(quoted, DOCTOR_FOUND, "%s", text);
		return quoted;
	}
	quoted[used++] = '\'';
	for (; *text != '\0' && used < DOCTOR_FOUND - 8; text++)
		used += (size_t)snprintf(quoted + used, DOCTOR_FOUND - used, *text == '\'' ? "'\\''" : "%c",
					 *text);
	snprintf(quoted + used, DOCTOR_FOUND - used, "'");
	return quoted;
}

static void append(char text[DOCTOR_MEND], const char *option, const char *value)
{
	size_t used = strlen(text);
	char quoted[DOCTOR_FOUND];

	snprintf(text + used, DOCTOR_MEND - used, " %s %s", option, quote(value, quoted));
}

/* "5,7", in this order. */
static const char *join(const unsigned *numbers, unsigned count, char text[DOCTOR_CPUS_TEXT])
{
	size_t used = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < count && used < DOCTOR_CPUS_TEXT - 8; i++)
		used += (size_t)snprintf(text + used, DOCTOR_CPUS_TEXT - used, i > 0 ? ",%u" : "%u",
					 numbers[i]);
	return text;
}

void doctor_kernel_mend_options(const struct doctor *doctor, struct doctor_finding *finding,
				const unsigned *lcores, unsigned lcores_count, uint32_t max_connections)
{
	char text[DOCTOR_MEND], value[DOCTOR_CPUS_TEXT], program[DOCTOR_NAME * 4], quoted[DOCTOR_FOUND];

	/* How this program was called: the text ends at its first argument. */
	if (!doctor_tree_text(doctor->root, program, sizeof(program), "/proc/self/cmdline"))
		snprintf(program, sizeof(program), "weir");
	snprintf(text, sizeof(text), "%.*s doctor", DOCTOR_MEND / 2, quote(program, quoted));
	for (unsigned i = 0; i < doctor->ports_count; i++)
		append(text, "--port", doctor->ports[i].device);
	if (doctor->profile_name != NULL)
		append(text, "--profile", doctor->profile_name);
	append(text, "--lcores", join(lcores, lcores_count, value));
	if (doctor->queues_given) {
		snprintf(value, sizeof(value), "%u", doctor->queues);
		append(text, "--queues", value);
	}
	snprintf(value, sizeof(value), "%" PRIu32, max_connections);
	append(text, "--max-connections", value);
	doctor_finding_mend(finding, "%s", text);
}

const char *doctor_bytes(uint64_t bytes, char text[DOCTOR_BYTES])
{
	double mib = (double)bytes / (1 << 20);

	if (mib >= 1024)
		snprintf(text, DOCTOR_BYTES, "%.1f GiB", mib / 1024);
	else
		snprintf(text, DOCTOR_BYTES, mib >= 10 ? "%.0f MiB" : "%.1f MiB", mib);
	return text;
}
