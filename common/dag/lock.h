/*
 * lock.h - one runner at a time per pipeline. The lock belongs to the open
 * file (OFD), so the kernel drops it when its owner dies: there is no unlock.
 */
#ifndef DAG_LOCK_H
#define DAG_LOCK_H

#include "base/err.h"

/* *fd keeps the lock until it is closed. ERR_AGAIN names the owner. */
int lock_take(int *fd, const char *path, struct err *err) MUST_CHECK;

#endif
