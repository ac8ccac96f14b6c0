/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * doctor_pages.h - hugepages that are there, and what of a wish they cover.
 *
 * As weir takes them: a shard's records lie in one block, on the largest pages of which free ones hold all of
 * it with an eighth to spare at most; else not on hugepages at all. EAL takes buffers from any.
 */
#ifndef WEIR_APP_DOCTOR_PAGES_H
#define WEIR_APP_DOCTOR_PAGES_H

#include <stdbool.h>
#include <stdint.h>

#define DOCTOR_PAGES_KINDS 8

struct doctor_pages {
	unsigned count;
	struct {
		uint64_t kib, total, free;
	} kinds[DOCTOR_PAGES_KINDS]; /* the largest first */
};

/* node: -1 for the whole machine. */
void doctor_pages_read(struct doctor_pages *pages, const char *root, int node);

/* Takes what a block of records lies on, or buffers if `whole` is false. False: it has to lie elsewhere. */
bool doctor_pages_take(struct doctor_pages *pages, uint64_t bytes, bool whole);

/* Are pages of this size any use to a block? Not if they would be much larger than it. */
bool doctor_pages_worth(uint64_t bytes, uint64_t kib);

/* The kind that more are made of at run time: of 2 MiB, else the smallest. Its place; there must be one. */
unsigned doctor_pages_usual(const struct doctor_pages *pages);

#endif
