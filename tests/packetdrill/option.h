/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * option.h - getsockopt(), setsockopt(), fcntl() and ioctl() of a socket, with Linux's bounds and errnos.
 *
 * An option that weir has nothing for is refused (ENOPROTOOPT): a script that needs it cannot pass by
 * accident.
 */
#ifndef WEIR_TESTS_PACKETDRILL_OPTION_H
#define WEIR_TESTS_PACKETDRILL_OPTION_H

#include "packetdrill/socket.h"

int option_get(struct socket *socket, int level, int name, void *value, socklen_t *len);
int option_set(struct socket *socket, int level, int name, const void *value, socklen_t len);

/* Makes the socket's options those of its connection or listener. */
int option_apply(struct socket *socket);

/* F_GETFL and F_SETFL. */
int option_fcntl(struct socket *socket, int command, long argument);
int option_ioctl(struct socket *socket, unsigned long request, int *argument);

#endif
