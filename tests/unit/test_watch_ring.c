// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "tests/unit/check.h"
#include "tower/watch_ring.h"

static struct event_id id_of(uint64_t revision)
{
	return (struct event_id){ revision, revision * 31 };
}

static enum ring_answer find(const struct ring *ring, uint64_t revision, uint64_t mark)
{
	return ring_find(ring, &(struct event_id){ revision, mark });
}

/* Revisions without any chunk, as those that only change tokens. */
static void add_revisions(struct ring *ring, uint64_t first, uint64_t last)
{
	for (uint64_t i = first; i <= last; i++) {
		check(ring_begin(ring, i * 31) == 0);
		ring_trim(ring);
	}
}

static void window_slides_over_many_revisions(void)
{
	enum { KEPT = 500, REVISIONS = 20000 };
	const struct event_id base = id_of(100);
	struct ring ring;

	ring_init(&ring, KEPT * sizeof(struct record));
	ring_reset(&ring, &base, true);
	for (uint64_t newest = 101; newest < REVISIONS; newest += 97) {
		uint64_t oldest = newest > 100 + KEPT ? newest - KEPT : 100;

		add_revisions(&ring, ring_newest(&ring) + 1, newest);
		check(ring_newest(&ring) == newest);
		check(find(&ring, newest, newest * 31) == RING_KNOWN);
		check(find(&ring, oldest, oldest * 31) == RING_KNOWN);
		check(find(&ring, oldest, 1) == RING_FOREIGN);
		check(find(&ring, oldest - 1, (oldest - 1) * 31) == RING_OLDER);
		check(find(&ring, newest + 1, (newest + 1) * 31) == RING_FOREIGN);
		check(ring.records.len < 2 * KEPT + 2048);
	}
	ring_done(&ring);
}

static void base_of_which_the_mark_is_unknown_is_older(void)
{
	const struct event_id base = id_of(7);
	struct ring ring;

	ring_init(&ring, 1000);
	ring_reset(&ring, &base, false);
	add_revisions(&ring, 8, 9);
	check(find(&ring, 7, 7 * 31) == RING_OLDER);
	check(find(&ring, 8, 8 * 31) == RING_KNOWN);
	check(find(&ring, 8, 8) == RING_FOREIGN);
	ring_done(&ring);
}

static void reset_forgets_everything_before(void)
{
	const struct event_id first = id_of(1);
	const struct event_id second = id_of(5);
	struct ring ring;

	ring_init(&ring, 1000);
	ring_reset(&ring, &first, true);
	add_revisions(&ring, 2, 9);
	ring_reset(&ring, &second, true);
	check(ring.bytes == 0 && ring_newest(&ring) == 5);
	check(find(&ring, 9, 9 * 31) == RING_FOREIGN);
	check(find(&ring, 5, 5 * 31) == RING_KNOWN);
	check(find(&ring, 4, 4 * 31) == RING_OLDER);
	ring_done(&ring);
}

int main(void)
{
	run(window_slides_over_many_revisions);
	run(base_of_which_the_mark_is_unknown_is_older);
	run(reset_forgets_everything_before);
	return check_done();
}
