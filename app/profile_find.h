/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * profile_find.h - the file that the name of a profile means.
 *
 * A name without a slash or a dot (mlx5) is one of those that come with weir, wherever weir stands: in its
 * build (BUILD/app/weir, BUILD/drivers-cfg) or installed (PREFIX/bin/weir, PREFIX/share/weir/drivers-cfg).
 * Anything else is a file with its path, so that no file of the folder where one happens to be stands in for
 * the profile that was meant.
 */
#ifndef WEIR_APP_PROFILE_FIND_H
#define WEIR_APP_PROFILE_FIND_H

#include <limits.h>

#include "profile.h"

/* Writes the path of the file. 0, or a negative errno with a line in error that begins with "--profile: ". */
int profile_find(const char *name, char path[PATH_MAX], char error[PROFILE_ERROR_MAX]);

#endif
