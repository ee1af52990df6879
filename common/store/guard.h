/*
 * guard.h - who may write where: one process for each output, no network file
 * systems. A lock belongs to the kernel and dies with its process, so there is
 * nothing to unlock after a crash.
 */
#ifndef STORE_GUARD_H
#define STORE_GUARD_H

#include <stdint.h>

#include "base/err.h"

/*
 * Lock path, made when absent; *fd holds the lock. The file says who has it.
 * ERR_AGAIN names the owner; ERR_IO, ERR_NOTFOUND (no such folder).
 */
int guard_lock(int *fd, const char *path, struct err *err) MUST_CHECK;
/* Remove the file and let go. fd -1 is fine. */
void guard_unlock(int fd, const char *path);
/* The network file system of that statfs f_type, or NULL: it is local. */
const char *guard_network(unsigned long magic);
/* ERR_CONFIG when the open file lies on a network file system, where LMDB's
 * maps and locks break. */
int guard_local(int fd, const char *path, struct err *err) MUST_CHECK;

/* Bytes that the file at path may still grow by: room on the disk, or less by
 * the limit on a file's size. */
uint64_t guard_room(const char *path);

#endif
