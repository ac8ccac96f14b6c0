/* SPDX-License-Identifier: BSD-3-Clause */
#include "doctor_pages.h"

#include <inttypes.h>
#include <stdio.h>

#include "doctor_tree.h"

#define KIB 1024u
#define USUAL_KIB 2048u

static void folder_of(char folder[128], int node)
{
	if (node < 0)
		snprintf(folder, 128, "/sys/kernel/mm/hugepages");
	else
		snprintf(folder, 128, "/sys/devices/system/node/node%d/hugepages", node);
}

void doctor_pages_read(struct doctor_pages *pages, const char *root, int node)
{
	struct doctor_entries entries;
	char folder[128];

	folder_of(folder, node);
	*pages = (struct doctor_pages){ .count = 0 };
	doctor_tree_entries(root, &entries, "hugepages-", "%s", folder);
	for (unsigned i = entries.count; i-- > 0 && pages->count < DOCTOR_PAGES_KINDS;) {
		int64_t total = 0, free = 0, reserved = 0;
		uint64_t kib;

		if (sscanf(entries.names[i], "hugepages-%" SCNu64 "kB", &kib) != 1)
			continue;
		doctor_tree_number(root, &total, "%s/%s/nr_hugepages", folder, entries.names[i]);
		doctor_tree_number(root, &free, "%s/%s/free_hugepages", folder, entries.names[i]);
		/* Mapped by somebody and not touched yet; nodes don't count them. */
		doctor_tree_number(root, &reserved, "%s/%s/resv_hugepages", folder, entries.names[i]);
		pages->kinds[pages->count].kib = kib;
		pages->kinds[pages->count].total = (uint64_t)total;
		pages->kinds[pages->count++].free = free > reserved ? (uint64_t)(free - reserved) : 0;
	}
}

static uint64_t pages_for(uint64_t bytes, uint64_t kib)
{
	return (bytes + kib * KIB - 1) / (kib * KIB);
}

bool doctor_pages_worth(uint64_t bytes, uint64_t kib)
{
	return pages_for(bytes, kib) * kib * KIB - bytes <= bytes / 8;
}

static bool take_block(struct doctor_pages *pages, uint64_t bytes)
{
	for (unsigned i = 0; i < pages->count; i++) {
		uint64_t kib = pages->kinds[i].kib, wanted = pages_for(bytes, kib);

		if (wanted > pages->kinds[i].free || !doctor_pages_worth(bytes, kib))
			continue;
		pages->kinds[i].free -= wanted;
		return true;
	}
	return false;
}

static bool take_buffers(struct doctor_pages *pages, uint64_t bytes)
{
	uint64_t there = 0;

	for (unsigned i = 0; i < pages->count; i++)
		there += pages->kinds[i].free * pages->kinds[i].kib * KIB;
	if (there < bytes)
		return false;
	/* The smallest first: EAL leaves large ones alone that it would not fill. */
	for (unsigned i = pages->count; i-- > 0 && bytes > 0;) {
		uint64_t size = pages->kinds[i].kib * KIB, wanted = pages_for(bytes, pages->kinds[i].kib);

		if (wanted > pages->kinds[i].free)
			wanted = pages->kinds[i].free;
		pages->kinds[i].free -= wanted;
		bytes -= wanted * size < bytes ? wanted * size : bytes;
	}
	return true;
}

bool doctor_pages_take(struct doctor_pages *pages, uint64_t bytes, bool whole)
{
	return whole ? take_block(pages, bytes) : take_buffers(pages, bytes);
}

unsigned doctor_pages_usual(const struct doctor_pages *pages)
{
	for (unsigned i = 0; i < pages->count; i++)
		if (pages->kinds[i].kib == USUAL_KIB)
			return i;
	return pages->count - 1;
}
