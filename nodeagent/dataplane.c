// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "nodeagent/dataplane.h"

#include "base/clock.h"

void dataplane_free(struct dataplane *plane)
{
	if (plane)
		plane->ops->free(plane);
}

/* The observation itself is the data plane. */
static int dry_read(struct dataplane *plane, bool with_peers, struct observed *observed,
		    struct err *err)
{
	(void)plane;
	(void)with_peers;
	(void)err;
	observed->guards.len = 0;
	observed->forwards_v4 = true;
	observed->forwards_v6 = true;
	observed->now_s = clock_real_ms() / 1000;
	return 0;
}

static int dry_apply(struct dataplane *plane, const struct desired *desired, struct plan *plan,
		     struct err *err)
{
	(void)plane;
	(void)desired;
	(void)plan;
	(void)err;
	return 0;
}

static void dry_free(struct dataplane *plane)
{
	free(plane);
}

static const struct dataplane_ops dry_ops = {
	.read = dry_read,
	.apply = dry_apply,
	.free = dry_free,
};

int dataplane_new_dry(struct dataplane **ret_plane, struct err *err)
{
	struct dataplane *plane = calloc(1, sizeof(*plane));

	if (!plane)
		return err_oom(err);
	plane->ops = &dry_ops;
	*ret_plane = plane;
	return 0;
}
