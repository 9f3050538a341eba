// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "core.h"

static void is_offline_when_unseen_for_a_minute(void)
{
	struct core core;
	struct key key = key_of(1);

	core_init(&core);
	check(presence_seen_ms(core.presence, &key) == 0);
	check(!presence_is_online(core.presence, &key, core.now_ms));
	touch(&core, 1);
	check(presence_is_online(core.presence, &key, core.now_ms + PRESENCE_OFFLINE_MS - 1));
	check(!presence_is_online(core.presence, &key, core.now_ms + PRESENCE_OFFLINE_MS));
	presence_forget(core.presence, &key);
	presence_forget(core.presence, &key);
	check(presence_seen_ms(core.presence, &key) == 0);
	core_done(&core);
}

static void never_goes_back_in_time(void)
{
	struct core core;
	struct key key = key_of(1);

	core_init(&core);
	check(presence_touch(core.presence, &key, 500) == 0);
	check(presence_touch(core.presence, &key, 400) == 0);
	check(presence_seen_ms(core.presence, &key) == 500);
	core_done(&core);
}

static void hands_out_each_fresh_sighting_once(void)
{
	struct key keys[3];
	int64_t at_ms[3];
	struct core core;
	struct key gone = key_of(2);

	core_init(&core);
	for (unsigned i = 1; i <= 4; i++)
		touch(&core, i);
	touch(&core, 1); /* seen at the same moment: not fresh again */
	presence_forget(core.presence, &gone);
	check(presence_take_fresh(core.presence, keys, at_ms, 2) == 2);
	check(key_compare(&keys[0], &(struct key){ .bytes = { 0, 0, 1, 1 } }) == 0);
	check(at_ms[0] == core.now_ms);
	check(presence_take_fresh(core.presence, keys, at_ms, 3) == 1);
	check(presence_take_fresh(core.presence, keys, at_ms, 3) == 0);
	core.now_ms++;
	touch(&core, 3);
	check(presence_take_fresh(core.presence, keys, at_ms, 3) == 1);
	core_done(&core);
}

int main(void)
{
	run(is_offline_when_unseen_for_a_minute);
	run(never_goes_back_in_time);
	run(hands_out_each_fresh_sighting_once);
	return check_done();
}
