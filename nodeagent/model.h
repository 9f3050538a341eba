// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * What a plan makes of an observation when every step of it is done: so that the next plan need
 * not wait for everything to be read again, and a dry run has a data plane. Pure.
 */
#ifndef NODEAGENT_MODEL_H
#define NODEAGENT_MODEL_H

#include "nodeagent/plan.h"

/* -ENOMEM leaves the observation valid but of no use: it is to be read again. */
int model_apply(const struct desired *desired, const struct plan *plan,
		struct observed *observed) _must_check_;

#endif
