/* SPDX-License-Identifier: BSD-3-Clause */
#include <criterion/criterion.h>

#include "base/rng.h"
#include "support/exact.h"
#include "wire/bytes.h"
#include "wire/csum.h"

/* RFC 1071 section 4.1, word by word: slow and plain. As the bytes of the folded sum. */
static uint16_t plain(const uint8_t *p, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i++) {
		sum += i & 1 ? p[i] : (uint32_t)p[i] << 8;
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return (uint16_t)sum;
}

/* A folded sum as the number that its two bytes make on the wire. */
static uint16_t as_wire(uint64_t sum)
{
	uint16_t folded = csum_fold(sum);
	uint8_t bytes[2];

	memcpy(bytes, &folded, 2);
	return bytes_get16(bytes);
}

Test(csum, rfc_1071_example)
{
	static const uint8_t bytes[] = { 0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7 };

	cr_assert_eq(as_wire(csum_bytes(bytes, sizeof(bytes))), 0xddf2);
}

Test(csum, known_ip_header)
{
	uint8_t header[] = { 0x45, 0x00, 0x00, 0x73, 0x00, 0x00, 0x40, 0x00, 0x40, 0x11,
			     0x00, 0x00, 0xc0, 0xa8, 0x00, 0x01, 0xc0, 0xa8, 0x00, 0xc7 };

	csum_put(header + 10, csum_header(header, sizeof(header)));
	cr_assert_eq(bytes_get16(header + 10), 0xb861);
	cr_assert_eq(csum_fold(csum_header(header, sizeof(header))), CSUM_RIGHT);
}

/* In memory that ends where the bytes end, so that a sanitizer sees what is read or written beyond. */
static void try_one(const struct csum_wide *wide, size_t len, size_t skip, struct rng *rng)
{
	uint8_t *bytes = exact_copy((uint8_t[608]){ 0 }, skip + len), *copy = exact_copy(bytes, skip + len);

	for (size_t i = 0; i < skip + len; i++)
		bytes[i] = (uint8_t)rng_u64(rng);
	cr_assert_eq(as_wire(wide->bytes(bytes + skip, len)), plain(bytes + skip, len),
		     "%s: %zu bytes at %zu", wide->name, len, skip);
	cr_assert_eq(as_wire(wide->copy(copy + skip, bytes + skip, len)), plain(bytes + skip, len),
		     "%s: copy of %zu bytes at %zu", wide->name, len, skip);
	cr_assert_eq(memcmp(copy + skip, bytes + skip, len), 0);
	free(copy);
	free(bytes);
}

/* Those that this machine cannot run are left out. */
Test(csum, every_length_and_alignment)
{
	static const char *const names[] = { "scalar", "avx2", "avx512" };
	struct rng rng = { 1 };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct csum_wide *wide = csum_wide_named(names[i]);

		for (size_t len = 0; len < 600 && wide != NULL; len++)
			for (size_t skip = 0; skip < 8; skip++)
				try_one(wide, len, skip, &rng);
	}
	cr_assert_not_null(csum_wide_named("scalar"));
}

Test(csum, whatever_is_chosen_sums_up_the_same)
{
	const struct csum_wide chosen = { .name = "chosen", .bytes = csum_bytes, .copy = csum_copy };
	struct rng rng = { 3 };

	for (size_t len = 0; len < 600; len++)
		try_one(&chosen, len, len & 7, &rng);
}

Test(csum, carries_are_not_lost)
{
	uint8_t bytes[1024];

	memset(bytes, 0xff, sizeof(bytes));
	for (size_t len = 2; len <= sizeof(bytes); len++)
		cr_assert_eq(as_wire(csum_bytes(bytes, len)), plain(bytes, len), "%zu bytes", len);
	cr_assert_eq(csum_fold(UINT64_MAX), 0xffff);
	cr_assert_eq(csum_fold(0), 0);
}

Test(csum, parts_add_up_at_any_split)
{
	struct rng rng = { 2 };
	uint8_t bytes[97];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)rng_u64(&rng);
	for (size_t first = 0; first <= sizeof(bytes); first++) {
		for (size_t second = first; second <= sizeof(bytes); second++) {
			uint64_t sum = csum_bytes(bytes, first);

			sum = csum_add(sum, csum_at(csum_bytes(bytes + first, second - first), first));
			sum = csum_add(sum,
				       csum_at(csum_bytes(bytes + second, sizeof(bytes) - second), second));
			cr_assert_eq(as_wire(sum), plain(bytes, sizeof(bytes)), "split at %zu and %zu", first,
				     second);
		}
	}
}

Test(csum, pseudo_header_is_the_sum_of_its_bytes)
{
	uint8_t bytes[12] = { 0xc0, 0xa8, 0xff, 0x01, 0x0a, 0x00, 0x00, 0xfe, 0, 6, 0xab, 0xcd };

	cr_assert_eq(as_wire(csum_pseudo(weir_ipv4(0xc0a8ff01), weir_ipv4(0x0a0000fe), 6, 0xabcd)),
		     plain(bytes, sizeof(bytes)));
}
