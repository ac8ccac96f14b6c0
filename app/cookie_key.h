/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cookie_key.h - the secret of --cookie-key: from its file to the shards.
 *
 * Who knows it forges cookies, so the file must be its owner's alone, and the bytes are wiped wherever they
 * have served. The main thread reads the file and offers the key; each shard's thread takes it in a round of
 * its own, since a core belongs to its thread. The next offer waits until all have taken the last.
 */
#ifndef WEIR_APP_COOKIE_KEY_H
#define WEIR_APP_COOKIE_KEY_H

#include <stdbool.h>
#include <stdint.h>

#include "weir.h"

#define COOKIE_KEY_ERROR_MAX 512

/*
 * Reads a key: 64 hex digits, with or without an end of line, or 32 bytes as they are. Refused is a file that
 * is none (links are followed: mounted secrets are links), that neither root nor this user owns, or that
 * others may read or write. Returns 0, or a negative errno with one line, which names --cookie-key, the file
 * and what mends it; then the key is left as it was.
 */
int cookie_key_read(const char *path, uint8_t key[WEIR_COOKIE_KEY_BYTES], char error[COOKIE_KEY_ERROR_MAX]);

/* One writer, the main thread; any number of takers. */
struct cookie_key_offer {
	uint32_t version; /* of the key; 0: none was offered yet */
	uint8_t key[WEIR_COOKIE_KEY_BYTES];
};

/* The main thread, once all have taken the last offer. */
static inline void cookie_key_give(struct cookie_key_offer *offer)
{
	__atomic_store_n(&offer->version, offer->version + 1, __ATOMIC_RELEASE);
}

/* A shard: is there a key beyond the version that it took last? Then the key may be read. */
static inline bool cookie_key_is_new(const struct cookie_key_offer *offer, const uint32_t *taken)
{
	return __atomic_load_n(&offer->version, __ATOMIC_ACQUIRE) != *taken;
}

/* A shard, when it has the key and will not read it any more. */
static inline void cookie_key_take(const struct cookie_key_offer *offer, uint32_t *taken)
{
	__atomic_store_n(taken, offer->version, __ATOMIC_RELEASE);
}

/* The main thread: has the shard whose `taken` this is no more use for the offer? */
static inline bool cookie_key_is_taken(const struct cookie_key_offer *offer, const uint32_t *taken)
{
	return __atomic_load_n(taken, __ATOMIC_ACQUIRE) == offer->version;
}

#endif
