// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "nodeagent/interface.h"

#include <errno.h>
#include <string.h>

#include "nodeagent/desired.h"

#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_=+.-"

int interface_check_name(const char *name, struct err *err)
{
	size_t len = strlen(name);

	if (len == 0 || len >= INTERFACE_NAME_BYTES || strspn(name, NAME_CHARACTERS) != len ||
	    *name == '-' || *name == '.')
		return err_set(err, -EINVAL,
			       "'%.32s' cannot be an interface name: take up to %d of a-z A-Z 0-9 "
			       "_ = + . -, with neither dash nor dot first",
			       name, INTERFACE_NAME_BYTES - 1);
	return 0;
}
