// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Secrets in files of one line: the private key, the join token.
 */
#ifndef NODEAGENT_KEYFILE_H
#define NODEAGENT_KEYFILE_H

#include "mesh/key.h"

/*
 * The one word in the file, without the white space and blank lines around it; the caller's to
 * wipe and free. A file that others may read is a warning in the log. -ENOENT, -EINVAL when it
 * holds no word or several. No error shows what the file holds.
 */
int keyfile_read_word(const char *path, char **ret_word, struct err *err) _must_check_;

/* Wipes and frees; made for _cleanup_(keyfile_word_freep). */
void keyfile_word_freep(char **word);

/* A private key. -ENOENT, -EINVAL. */
int keyfile_read(const char *path, struct key *ret_private, struct err *err) _must_check_;

/*
 * A rotation's new key stands in "<path>.new" until the tower has it: then it takes the file's
 * place. A rotation that was cut off is found by that file.
 */
int keyfile_read_next(const char *path, struct key *ret_private, struct err *err) _must_check_;
int keyfile_create_next(const char *path, struct key *ret_private, struct err *err) _must_check_;
int keyfile_take_next(const char *path, struct err *err) _must_check_;
void keyfile_drop_next(const char *path);

/* Makes the file, 0600, with a fresh private key. */
int keyfile_create(const char *path, struct key *ret_private, struct err *err) _must_check_;

#endif
