// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Small files, whole: read with a limit, replaced atomically, locked.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <sys/types.h>

#include "base/err.h"

/*
 * Reads a whole file of at most `max_bytes`. *ret_text is NUL-terminated and the caller's to free;
 * *ret_len (NULL is allowed) does not count the NUL. -ENOENT when absent, -EFBIG when longer.
 */
int file_read(const char *path, size_t max_bytes, char **ret_text, size_t *ret_len,
	      struct err *err) _must_check_;

/*
 * Replaces the file by writing a sibling, fsync and rename: a reader sees the old or the new
 * content, also after a power cut.
 */
int file_write_atomic(const char *path, const void *bytes, size_t len, mode_t mode,
		      struct err *err) _must_check_;

/* Makes a rename of the file last over a power cut. */
int file_sync_folder(const char *path, struct err *err) _must_check_;

/*
 * Makes the folder and its missing parents (those 0755, the last `mode`); one that exists is kept
 * as it is. -ENOTDIR when something else has its name.
 */
int file_make_dir(const char *path, mode_t mode, struct err *err) _must_check_;

/*
 * Takes an exclusive lock on the file (made 0600 when absent). *ret_fd is the caller's: closing it
 * gives the lock back. -EWOULDBLOCK when another process holds it.
 */
int file_lock(const char *path, int *ret_fd, struct err *err) _must_check_;

#endif
