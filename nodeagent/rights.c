// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "nodeagent/rights.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/syscall.h>

int rights_check(struct err *err)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	if (syscall(SYS_capget, &header, data) < 0)
		return err_errno(err, -errno, "ask for this process's capabilities");
	if (data[CAP_TO_INDEX(CAP_NET_ADMIN)].effective & CAP_TO_MASK(CAP_NET_ADMIN))
		return 0;
	return err_set(err, -EPERM,
		       "this process may not change the machine's network, for it lacks "
		       "CAP_NET_ADMIN: run aircrew as root, in a container with "
		       "--cap-add=NET_ADMIN");
}
