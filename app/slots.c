/* SPDX-License-Identifier: BSD-3-Clause */
#include "slots.h"

#include <errno.h>
#include <stdlib.h>

int slots_init(struct slots *slots, uint32_t max)
{
	*slots = (struct slots){
		.max = max,
		.free = calloc(max, sizeof(*slots->free)),
		.head = SLOTS_NONE,
		.tail = SLOTS_NONE,
		.next = calloc(max, sizeof(*slots->next)),
	};
	if (slots->free != NULL && slots->next != NULL)
		return 0;
	slots_fini(slots);
	return -ENOMEM;
}

void slots_fini(struct slots *slots)
{
	free(slots->free);
	free(slots->next);
	slots->free = slots->next = NULL;
}

uint32_t slots_take(struct slots *slots)
{
	if (slots->free_count > 0)
		return slots->free[--slots->free_count];
	return slots->fresh < slots->max ? slots->fresh++ : SLOTS_NONE;
}

void slots_give(struct slots *slots, uint32_t slot)
{
	slots->free[slots->free_count++] = slot;
}

void slots_wait(struct slots *slots, uint32_t slot)
{
	if (slots->next[slot] != 0)
		return;
	slots->next[slot] = SLOTS_NONE;
	if (slots->tail == SLOTS_NONE)
		slots->head = slot;
	else
		slots->next[slots->tail] = slot + 1;
	slots->tail = slot;
	slots->waiting++;
}

uint32_t slots_next(struct slots *slots)
{
	uint32_t slot = slots->head;

	if (slot == SLOTS_NONE)
		return SLOTS_NONE;
	if (slots->next[slot] == SLOTS_NONE)
		slots->head = slots->tail = SLOTS_NONE;
	else
		slots->head = slots->next[slot] - 1;
	slots->next[slot] = 0;
	slots->waiting--;
	return slot;
}
