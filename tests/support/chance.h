/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * chance.h - whether numbers are as chance would have them. Seeds of tests are fixed, so that each passes
 * always or never; that a change which only draws other numbers fails one of these is a chance of one in a
 * million on either side.
 */
#ifndef WEIR_TESTS_CHANCE_H
#define WEIR_TESTS_CHANCE_H

#include <criterion/criterion.h>
#include <math.h>

#define CHANCE_Z 4.75 /* standard deviations that a normal deviate exceeds so seldom */

/* The value of chi square that lies so many standard deviations from the middle (Wilson and Hilferty). */
static inline double chance_chi_square(unsigned freedom, double z)
{
	double ninth = 2.0 / (9.0 * freedom), root = 1 - ninth + z * sqrt(ninth);

	return freedom * root * root * root;
}

/* That no bin is favoured; nor that they are more even than chance makes them. */
static inline void chance_even(const unsigned *counts, unsigned bins, const char *what)
{
	double sum = 0, chi_square = 0;

	for (unsigned i = 0; i < bins; i++)
		sum += counts[i];
	for (unsigned i = 0; i < bins; i++)
		chi_square += (counts[i] - sum / bins) * (counts[i] - sum / bins) / (sum / bins);
	cr_assert(sum / bins >= 5, "%s: too few for a judgement", what);
	cr_assert(chi_square < chance_chi_square(bins - 1, CHANCE_Z) &&
			  chi_square > chance_chi_square(bins - 1, -CHANCE_Z),
		  "%s: chi square of %.1f in %u bins", what, chi_square, bins);
}

/* The most events that chance gives where so many are expected: Poisson's tail beyond is a millionth. */
static inline unsigned chance_most(double expected)
{
	if (expected > 500) /* as good as normal, and the first term is nearly nothing */
		return (unsigned)(expected + CHANCE_Z * sqrt(expected));
	double term = exp(-expected), below = term;
	unsigned most = 0;

	while (below < 1 - 1e-6)
		below += term *= expected / ++most;
	return most;
}

#endif
