/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * json.h - figures as the keys that docs/cli.md promises to scripts.
 *
 * Pure: the caller owns what it gets (json_decref()). jansson's answer to a lack of memory, NULL, is passed
 * on.
 */
#ifndef WEIR_APP_JSON_H
#define WEIR_APP_JSON_H

#include <jansson.h>

#include "figures.h"

/* An object with the keys that stats and summary lines share. */
json_t *json_figures(const struct figures *figures);

#endif
