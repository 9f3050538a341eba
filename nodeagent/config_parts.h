// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * What the files of config share: for nodeagent/config*.c alone.
 */
#ifndef NODEAGENT_CONFIG_PARTS_H
#define NODEAGENT_CONFIG_PARTS_H

#include "nodeagent/config.h"

/* -EINVAL, naming two options that contradict each other. */
int config_both(const char *one, const char *other, struct err *err);

/* A copy of a text that may be NULL. */
int config_copy(char **to, const char *text, struct err *err) _must_check_;

/* The command line is for everybody's eyes; the environment for its owner's alone. */
void config_warn_of_argv(const char *option, const char *env, const char *instead);

/* Towers, or signposts, and what vouches for them. */
int config_take_towers(const struct agent_options *options, struct config *config,
		       struct err *err) _must_check_;

#endif
