/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * programs.h - what a byte string can be a program of, for shards: each file says which bytes mean what.
 *
 * They end the process at the first thing that does not hold, and leave nothing behind otherwise.
 */
#ifndef WEIR_TESTS_FUZZ_PROGRAMS_H
#define WEIR_TESTS_FUZZ_PROGRAMS_H

#include <stddef.h>
#include <stdint.h>

void session_run(const uint8_t *data, size_t size);
void pair_run(const uint8_t *data, size_t size);
void frames_run(const uint8_t *data, size_t size);

#endif
