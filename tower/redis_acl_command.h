// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * `controltower redis-acl`: the aclfile for a Redis that the tower does not start by itself. Prints
 * it, or keeps it with its passwords in a folder.
 */
#ifndef TOWER_REDIS_ACL_COMMAND_H
#define TOWER_REDIS_ACL_COMMAND_H

#include "tower/config.h"

#define REDIS_ACL_FILE "users.acl"
#define REDIS_ACL_TOWER_PASSWORD "tower.password"
#define REDIS_ACL_SIGNPOST_PASSWORD "signpost.password"

/*
 * With --dir: makes the passwords that are not there yet, writes users.acl when it is not as it
 * should be, and prints the signpost's password once, when it was made. Else prints the aclfile
 * for the passwords in the two files.
 */
int redis_acl_command(const struct tower_config *config, struct err *err) _must_check_;

#endif
