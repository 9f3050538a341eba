// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * When putting things back becomes a quarrel, and when it is over.
 */
#include "nodeagent/repairs.h"

#include "plane.h"

#define START_MS 1000

static void put_back(struct repairs *repairs, int64_t now_ms)
{
	struct plan plan = { 0 };

	add_prefix(&plan.add_routes, "10.200.0.2/32");
	repairs_note(repairs, &plan, now_ms);
	plan_done(&plan);
}

static void bears_a_few_accidents(void)
{
	struct repairs repairs = { 0 };
	char text[REPAIRS_TEXT_BYTES];

	for (int i = 0; i < 100; i++) {
		int64_t now_ms = START_MS + (int64_t)i * REPAIRS_WINDOW_MS / REPAIRS_QUARREL;

		put_back(&repairs, now_ms);
		check(!repairs_tell(&repairs, "wg0", now_ms, text));
	}
	check(!repairs_is_quarrel(&repairs));
	check(repairs_count(&repairs, REPAIR_ROUTE, START_MS) == 0);
}

static void tells_once_of_a_quarrel_and_once_of_its_end(void)
{
	struct repairs repairs = { 0 };
	char text[REPAIRS_TEXT_BYTES];
	int64_t now_ms = START_MS;
	int told = 0;

	for (int i = 0; i < 30; i++) {
		now_ms += 1000;
		put_back(&repairs, now_ms);
		told += repairs_tell(&repairs, "wg0", now_ms, text);
	}
	check(told == 1 && repairs_is_quarrel(&repairs));
	check(strstr(text, "wg0: ") && strstr(text, "routes put back 6 times"));
	check(repairs_count(&repairs, REPAIR_ROUTE, now_ms) == 30);
	check(repairs_count(&repairs, REPAIR_PEER, now_ms) == 0);
	check(!repairs_tell(&repairs, "wg0", now_ms + REPAIRS_WINDOW_MS - 1, text));
	check(repairs_tell(&repairs, "wg0", now_ms + REPAIRS_WINDOW_MS, text));
	check(strstr(text, "routes put back 30 times in all"));
	check(!repairs_is_quarrel(&repairs));
	check(!repairs_tell(&repairs, "wg0", now_ms + REPAIRS_WINDOW_MS, text));
}

static void counts_no_more_than_it_keeps(void)
{
	struct repairs repairs = { 0 };
	char text[REPAIRS_TEXT_BYTES];

	for (int i = 0; i < 10 * REPAIRS_COUNTED; i++)
		put_back(&repairs, START_MS);
	check(repairs_tell(&repairs, "wg0", START_MS, text));
	check(repairs_count(&repairs, REPAIR_ROUTE, START_MS) == REPAIRS_COUNTED);
}

static void takes_no_new_endpoint_for_a_repair(void)
{
	struct wg_change change = { .endpoint = true, .greet = true };
	struct repairs repairs = { 0 };
	struct plan plan = { 0 };
	char text[REPAIRS_TEXT_BYTES];

	check(vec_push(&plan.set_peers, change) == 0);
	for (int i = 0; i < 30; i++)
		repairs_note(&repairs, &plan, START_MS);
	check(!repairs_tell(&repairs, "wg0", START_MS, text));
	plan.set_peers.at[0].allowed = true;
	for (int i = 0; i < 30; i++)
		repairs_note(&repairs, &plan, START_MS);
	check(repairs_tell(&repairs, "wg0", START_MS, text) && strstr(text, "peers"));
	vec_done(&plan.set_peers);
}

static void tells_of_each_kind_by_itself(void)
{
	struct plan plan = { .set_up = true, .set_mtu = 1420 };
	struct repairs repairs = { 0 };
	char text[REPAIRS_TEXT_BYTES];

	for (int i = 0; i < 30; i++)
		repairs_note(&repairs, &plan, START_MS);
	check(repairs_tell(&repairs, "wg0", START_MS, text) && strstr(text, "interface"));
	check(repairs_tell(&repairs, "wg0", START_MS, text) && strstr(text, "MTU"));
	check(!repairs_tell(&repairs, "wg0", START_MS, text));
}

int main(void)
{
	run(bears_a_few_accidents);
	run(tells_once_of_a_quarrel_and_once_of_its_end);
	run(counts_no_more_than_it_keeps);
	run(takes_no_new_endpoint_for_a_repair);
	run(tells_of_each_kind_by_itself);
	return check_done();
}
