// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "nodeagent/repairs.h"

#include <inttypes.h>
#include <stdio.h>

const char *repairs_word(enum repair_kind kind)
{
	static const char *const words[REPAIR_KINDS] = { [REPAIR_LINK] = "the interface itself",
							 [REPAIR_MTU] = "MTU",
							 [REPAIR_ADDRESS] = "addresses",
							 [REPAIR_PEER] = "peers",
							 [REPAIR_ROUTE] = "routes" };

	return words[kind];
}

/* An endpoint that is set anew is WireGuard's life, nobody's doing. */
static bool repairs_peers(const struct plan *plan)
{
	vec_foreach(change, &plan->set_peers) {
		if (change->allowed || change->keepalive)
			return true;
	}
	return plan->remove_peers.len > 0;
}

void repairs_note(struct repairs *repairs, const struct plan *plan, int64_t now_ms)
{
	const bool done[REPAIR_KINDS] = {
		[REPAIR_LINK] = plan->create || plan->rename != 0 || plan->set_key ||
				plan->set_port || plan->set_up || plan->set_down,
		[REPAIR_MTU] = plan->set_mtu != 0,
		[REPAIR_ADDRESS] = plan->add_addresses.len > 0 || plan->remove_addresses.len > 0,
		[REPAIR_PEER] = repairs_peers(plan),
		[REPAIR_ROUTE] = plan->add_routes.len > 0 || plan->remove_routes.len > 0,
	};

	for (size_t i = 0; i < REPAIR_KINDS; i++) {
		struct repair_count *count = &repairs->counts[i];

		if (!done[i])
			continue;
		count->at_ms[count->next] = now_ms;
		count->next = (count->next + 1) % REPAIRS_COUNTED;
		count->in_quarrel++;
	}
}

bool repairs_is_quarrel(const struct repairs *repairs)
{
	for (size_t i = 0; i < REPAIR_KINDS; i++) {
		if (repairs->counts[i].is_quarrel)
			return true;
	}
	return false;
}

static size_t count_recent(const struct repair_count *count, int64_t now_ms)
{
	size_t recent = 0;

	for (size_t i = 0; i < REPAIRS_COUNTED; i++)
		recent += count->at_ms[i] != 0 && now_ms - count->at_ms[i] < REPAIRS_WINDOW_MS;
	return recent;
}

bool repairs_tell(struct repairs *repairs, const char *interface, int64_t now_ms,
		  char ret_text[static REPAIRS_TEXT_BYTES])
{
	for (size_t i = 0; i < REPAIR_KINDS; i++) {
		struct repair_count *count = &repairs->counts[i];
		const char *word = repairs_word((enum repair_kind)i);
		size_t recent = count_recent(count, now_ms);

		if (!count->is_quarrel && recent > REPAIRS_QUARREL) {
			count->is_quarrel = true;
			(void)snprintf(ret_text, REPAIRS_TEXT_BYTES,
				       "%s: somebody undoes what the agent sets: %s put back %zu "
				       "times within a minute; goes on, quietly and more slowly",
				       interface, word, recent);
			return true;
		}
		if (recent > 0)
			continue;
		if (count->is_quarrel) {
			(void)snprintf(ret_text, REPAIRS_TEXT_BYTES,
				       "%s: nobody undoes it any more: %s put back %" PRIu64
				       " times in all",
				       interface, word, count->in_quarrel);
			count->is_quarrel = false;
			count->in_quarrel = 0;
			return true;
		}
		count->in_quarrel = 0;
	}
	return false;
}

size_t repairs_count(const struct repairs *repairs, enum repair_kind kind, int64_t now_ms)
{
	const struct repair_count *count = &repairs->counts[kind];

	return count->is_quarrel ? count_recent(count, now_ms) : 0;
}
