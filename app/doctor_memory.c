/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory: whether there is enough, on what pages it lies, and whether it may be locked.
 *
 * A shard takes its records at start, EAL the buffers (docs/sizing.md). Shards live on their port's node.
 */
#include <inttypes.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doctor_checks.h"
#include "doctor_kernel.h"
#include "doctor_pages.h"

#define KIB 1024u
#define USUAL_KIB 2048u

/* What is wanted of a node. */
struct wish {
	int node; /* -1: of the machine */
	unsigned shards;
	uint64_t shard_bytes, buffer_bytes;
};

static unsigned nodes_of(const char *root)
{
	struct doctor_entries nodes;

	doctor_tree_entries(root, &nodes, "node", "/sys/devices/system/node");
	return nodes.count > 0 ? nodes.count : 1;
}

/* On a machine of one node there is no need to name it. */
static int node_of(const struct doctor *doctor, const struct doctor_port *port)
{
	return nodes_of(doctor->root) > 1 ? port->node : -1;
}

/* One for each node; EAL's buffers go where the first port is. Returns how many. */
static unsigned wishes_of(const struct doctor *doctor, struct wish wishes[DOCTOR_PORTS_MAX])
{
	uint64_t bytes = doctor->shard_bytes(doctor, doctor->max_connections);
	unsigned count = 0;

	if (doctor->ports_count == 0) {
		wishes[0] = (struct wish){ -1, doctor->queues, bytes, doctor->buffer_bytes };
		return 1;
	}
	for (unsigned i = 0; i < doctor->ports_count; i++) {
		int node = node_of(doctor, &doctor->ports[i]);
		unsigned at = 0;

		while (at < count && wishes[at].node != node)
			at++;
		if (at == count)
			wishes[count++] = (struct wish){ node, 0, bytes, i == 0 ? doctor->buffer_bytes : 0 };
		wishes[at].shards += doctor->queues;
	}
	return count;
}

/* A node's hugepages for a wish: what lies elsewhere, and whether pages would help there. */
struct grant {
	uint64_t elsewhere; /* bytes */
	bool buffers_wanting, records_wanting;
};

/* Of how many KiB a page is that more can be made of. */
static uint64_t usual_kib(const struct doctor_pages *pages)
{
	return pages->count > 0 ? pages->kinds[doctor_pages_usual(pages)].kib : USUAL_KIB;
}

static struct grant grant(const struct wish *wish, struct doctor_pages *pages)
{
	bool worth = doctor_pages_worth(wish->shard_bytes, usual_kib(pages));
	struct grant grant = { 0, false, false };

	if (!doctor_pages_take(pages, wish->buffer_bytes, false)) {
		grant.elsewhere += wish->buffer_bytes;
		grant.buffers_wanting = true;
	}
	for (unsigned i = 0; i < wish->shards; i++) {
		if (doctor_pages_take(pages, wish->shard_bytes, true))
			continue;
		grant.elsewhere += wish->shard_bytes;
		grant.records_wanting = grant.records_wanting || worth;
	}
	return grant;
}

/* All that is wanted, in pages of one kind. */
static uint64_t pages_for(const struct wish *wish, uint64_t kib)
{
	uint64_t size = kib * KIB, buffers = (wish->buffer_bytes + size - 1) / size;

	if (!doctor_pages_worth(wish->shard_bytes, kib))
		return buffers;
	return buffers + wish->shards * ((wish->shard_bytes + size - 1) / size);
}

static const char *pages_text(const struct doctor_pages *pages, char text[256])
{
	size_t used = 0;

	snprintf(text, 256, "no hugepages in this kernel");
	for (unsigned i = pages->count; i-- > 0 && used < 200;) {
		char size[DOCTOR_BYTES];

		used += (size_t)snprintf(text + used, 256 - used,
					 "%s%" PRIu64 " of %" PRIu64 " hugepages of %s free",
					 used > 0 ? ", " : "", pages->kinds[i].free, pages->kinds[i].total,
					 doctor_bytes(pages->kinds[i].kib * KIB, size));
	}
	return text;
}

static const char *wish_text(const struct wish *wish, uint32_t connections, char text[256])
{
	char buffers[DOCTOR_BYTES], records[DOCTOR_BYTES];

	snprintf(text, 256, "wanted: %s for buffers, %u x %s for records of %" PRIu32 " connections",
		 doctor_bytes(wish->buffer_bytes, buffers), wish->shards,
		 doctor_bytes(wish->shard_bytes, records), connections);
	return text;
}

/* "12345 kB" behind a key, in bytes. */
static bool kib_field(const char *root, const char *key, const char *path, uint64_t *bytes)
{
	char text[64];
	uint64_t kib;

	if (!doctor_tree_field(root, key, text, sizeof(text), "%s", path) ||
	    sscanf(text, "%" SCNu64, &kib) != 1)
		return false;
	*bytes = kib * KIB;
	return true;
}

/* Memory that programs can have, in bytes, of a node or the machine. */
static bool available(const char *root, int node, uint64_t *bytes)
{
	/* Nodes have no MemAvailable; what files occupy can go. */
	static const char *const parts[] = { "MemFree", "Active(file)", "Inactive(file)" };
	char path[64], key[64];

	if (node < 0)
		return kib_field(root, "MemAvailable", "/proc/meminfo", bytes);
	snprintf(path, sizeof(path), "/sys/devices/system/node/node%d/meminfo", node);
	*bytes = 0;
	for (unsigned i = 0; i < 3; i++) {
		uint64_t part;

		snprintf(key, sizeof(key), "Node %d %s", node, parts[i]);
		if (!kib_field(root, key, path, &part))
			return false;
		*bytes += part;
	}
	return true;
}

static void mend_pages(const struct doctor *doctor, struct doctor_finding *finding, const struct wish *wish)
{
	struct doctor_pages pages;
	uint64_t total, kib, bytes;
	unsigned usual;

	doctor_pages_read(&pages, doctor->root, wish->node);
	if (pages.count == 0) {
		doctor_finding_mend(finding, "# take a kernel with CONFIG_HUGETLBFS");
		return;
	}
	usual = doctor_pages_usual(&pages);
	kib = pages.kinds[usual].kib;
	total = pages.kinds[usual].total - pages.kinds[usual].free + pages_for(wish, kib);
	if (available(doctor->root, wish->node, &bytes) &&
	    (total - pages.kinds[usual].total) * kib * KIB > bytes)
		doctor_finding_mend(finding, "# there is less memory than that, see there");
	else if (wish->node < 0)
		doctor_finding_mend(finding,
				    "echo %" PRIu64 " >/sys/kernel/mm/hugepages/hugepages-%" PRIu64
				    "kB/nr_hugepages",
				    total, kib);
	else
		doctor_finding_mend(finding,
				    "echo %" PRIu64
				    " >/sys/devices/system/node/node%d/hugepages/hugepages-%" PRIu64
				    "kB/nr_hugepages",
				    total, wish->node, kib);
}

/* Without an IOMMU a card is told physical addresses, and only hugepages have some that stay. */
static bool must_have_pages(const struct doctor *doctor)
{
	return doctor_kernel_gives(doctor) && doctor_kernel_groups(doctor->root) == 0;
}

static void find_pages(struct doctor *doctor, const struct wish *wish)
{
	char there[256], wanted_text[256], where[32] = "";
	struct doctor_finding *finding;
	struct doctor_pages pages;
	struct grant granted;
	bool must;

	if (wish->node >= 0)
		snprintf(where, sizeof(where), "node %d: ", wish->node);
	doctor_pages_read(&pages, doctor->root, wish->node);
	pages_text(&pages, there);
	wish_text(wish, doctor->max_connections, wanted_text);
	granted = grant(wish, &pages);
	if (!granted.buffers_wanting && !granted.records_wanting) {
		doctor_report_add(doctor->report, "hugepages", DOCTOR_OK, "%s%s; %s", where, there,
				  wanted_text);
		return;
	}
	must = granted.buffers_wanting && must_have_pages(doctor);
	finding = doctor_report_add(doctor->report, "hugepages", must ? DOCTOR_FAIL : DOCTOR_WARN, "%s%s; %s",
				    where, there, wanted_text);
	doctor_finding_cost(finding,
			    must ? "without an IOMMU cards reach hugepages alone: the port does not open" :
				   "what has no hugepages lies on small pages, where memory takes a walk "
				   "through page tables more: a tenth to a fifth of the cycles of a look-up");
	mend_pages(doctor, finding, wish);
}

/* The command asks EAL for them as root alone. */
static void find_user(struct doctor *doctor)
{
	struct doctor_finding *finding;
	uint32_t user = doctor_kernel_user(doctor->root);

	if (user == 0)
		return;
	if (user == UINT32_MAX) {
		doctor_report_add(doctor->report, "hugepages", DOCTOR_UNKNOWN,
				  "the kernel does not say who this user is");
		return;
	}
	finding = doctor_report_add(doctor->report, "hugepages", DOCTOR_WARN,
				    "user %" PRIu32
				    " is not root, and buffers go on hugepages for root alone",
				    user);
	doctor_finding_cost(finding, "buffers lie on small pages");
	doctor_finding_mend(finding, "# run weir as root, as in: sudo weir serve ...");
}

void doctor_hugepages(struct doctor *doctor)
{
	struct wish wishes[DOCTOR_PORTS_MAX];
	unsigned count = wishes_of(doctor, wishes);

	for (unsigned i = 0; i < count; i++)
		find_pages(doctor, &wishes[i]);
	find_user(doctor);
}

void doctor_hugetlbfs(struct doctor *doctor)
{
	struct doctor_finding *finding;

	if (doctor_tree_holds(doctor->root, " hugetlbfs ", "/proc/mounts")) {
		doctor_report_add(doctor->report, "hugetlbfs", DOCTOR_OK, "mounted");
		return;
	}
	finding = doctor_report_add(doctor->report, "hugetlbfs", DOCTOR_WARN, "not mounted");
	doctor_finding_cost(finding,
			    "weir runs on hugepages all the same, but dpdk-dumpcap cannot attach to it");
	doctor_finding_mend(finding, "mkdir -p /dev/hugepages && mount -t hugetlbfs none /dev/hugepages");
}

/* What has to come out of memory that is not set aside. */
static uint64_t needed(const struct doctor *doctor, const struct wish *wish, uint32_t connections)
{
	struct wish smaller = *wish;
	struct doctor_pages pages;

	smaller.shard_bytes = doctor->shard_bytes(doctor, connections);
	doctor_pages_read(&pages, doctor->root, wish->node);
	return grant(&smaller, &pages).elsewhere;
}

/* The most connections that fit, or 0. */
static uint32_t most(const struct doctor *doctor, const struct wish *wish, uint64_t bytes)
{
	uint32_t fit = 0, no_fit = doctor->max_connections;

	while (no_fit - fit > 1) {
		uint32_t middle = fit + (no_fit - fit) / 2;

		if (needed(doctor, wish, middle) <= bytes)
			fit = middle;
		else
			no_fit = middle;
	}
	return fit;
}

static void find_memory(struct doctor *doctor, const struct wish *wish)
{
	char wanted[256], free_text[DOCTOR_BYTES], needed_text[DOCTOR_BYTES], where[32] = "";
	uint64_t bytes, need = needed(doctor, wish, doctor->max_connections);
	struct doctor_finding *finding;
	uint32_t fit;

	if (wish->node >= 0)
		snprintf(where, sizeof(where), "node %d: ", wish->node);
	wish_text(wish, doctor->max_connections, wanted);
	if (!available(doctor->root, wish->node, &bytes)) {
		doctor_report_add(doctor->report, "memory", DOCTOR_UNKNOWN,
				  "%sthe kernel does not tell what is free; %s", where, wanted);
		return;
	}
	doctor_bytes(bytes, free_text);
	doctor_bytes(need, needed_text);
	if (need <= bytes) {
		doctor_report_add(doctor->report, "memory", DOCTOR_OK,
				  "%s%s available; %s of them not on hugepages", where, free_text,
				  needed_text);
		return;
	}
	finding = doctor_report_add(doctor->report, "memory", DOCTOR_FAIL,
				    "%s%s available beside hugepages, %s needed; %s", where, free_text,
				    needed_text, wanted);
	doctor_finding_cost(finding, "weir does not start, or the kernel ends it");
	/* What is free now need not be in a moment. */
	fit = most(doctor, wish, bytes - bytes / 64);
	if (fit >= 2)
		doctor_kernel_mend_options(doctor, finding, doctor->order, doctor->order_count, fit);
	else
		doctor_finding_mend(finding, "# free memory: even a port without connections has not enough");
}

void doctor_memory(struct doctor *doctor)
{
	struct wish wishes[DOCTOR_PORTS_MAX];
	unsigned count = wishes_of(doctor, wishes);

	for (unsigned i = 0; i < count; i++)
		find_memory(doctor, &wishes[i]);
}

void doctor_transparent(struct doctor *doctor)
{
	const char *path = "/sys/kernel/mm/transparent_hugepage/enabled";
	struct doctor_finding *finding;
	char text[64];

	if (!doctor_tree_text(doctor->root, text, sizeof(text), "%s", path)) {
		finding = doctor_report_add(doctor->report, "transparent", DOCTOR_WARN,
					    "this kernel has no transparent hugepages");
		doctor_finding_cost(finding, "records that find no hugepages lie on small pages");
		doctor_finding_mend(finding,
				    "# take a kernel with CONFIG_TRANSPARENT_HUGEPAGE, or enough hugepages");
		return;
	}
	if (strstr(text, "[never]") == NULL) {
		doctor_report_add(doctor->report, "transparent", DOCTOR_OK, "%s", text);
		return;
	}
	finding = doctor_report_add(doctor->report, "transparent", DOCTOR_WARN,
				    "transparent hugepages are off: %s", text);
	doctor_finding_cost(finding, "records that find no hugepages lie on small pages");
	doctor_finding_mend(finding, "echo madvise >%s", path);
}

/* Who locks memory for devices: vfio for cards, AF_XDP's rings before Linux 5.11. */
static bool locks(const struct doctor *doctor)
{
	bool xdp = false;

	for (unsigned i = 0; i < doctor->ports_count; i++)
		xdp = xdp || doctor->ports[i].kind == DOCTOR_AF_XDP;
	return doctor_kernel_gives(doctor) || (xdp && !doctor_kernel_since(doctor->root, 5, 11));
}

void doctor_locked(struct doctor *doctor)
{
	uint64_t limit = UINT64_MAX, wanted = doctor->buffer_bytes;
	char text[128], has[DOCTOR_BYTES], wants[DOCTOR_BYTES];
	struct doctor_finding *finding;

	if (!locks(doctor)) {
		doctor_report_add(doctor->report, "locked", DOCTOR_OK,
				  "nothing that was asked for locks memory");
		return;
	}
	if (doctor_kernel_capable(doctor->root, CAP_IPC_LOCK)) {
		doctor_report_add(doctor->report, "locked", DOCTOR_OK, "CAP_IPC_LOCK: no limit holds");
		return;
	}
	if (!doctor_tree_field(doctor->root, "Max locked memory", text, sizeof(text), "/proc/self/limits")) {
		doctor_report_add(doctor->report, "locked", DOCTOR_UNKNOWN,
				  "the kernel does not tell this process's limits");
		return;
	}
	if (strncmp(text, "unlimited", 9) != 0)
		limit = strtoull(text, NULL, 10);
	if (limit >= wanted) {
		doctor_report_add(doctor->report, "locked", DOCTOR_OK, "enough memory may be locked");
		return;
	}
	finding = doctor_report_add(doctor->report, "locked", DOCTOR_FAIL,
				    "%s may be locked, and buffers take %s", doctor_bytes(limit, has),
				    doctor_bytes(wanted, wants));
	doctor_finding_cost(finding, "the port does not open: its memory cannot be shown to the device");
	doctor_finding_mend(finding, "prlimit --memlock=unlimited:unlimited --pid %d",
			    doctor_kernel_parent(doctor->root));
}
