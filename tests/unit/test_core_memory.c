// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Want of memory at every single allocation: it is passed up, nothing is half-done that shows, and
 * everything can still be freed.
 */
#include <errno.h>

#include "core.h"

#ifndef __SANITIZE_ADDRESS__

/* The allocation that fails, counted down; 0: none. */
static unsigned failing;

void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t items, size_t bytes);
void *__libc_realloc(void *at, size_t bytes);
void *malloc(size_t bytes);
void *calloc(size_t items, size_t bytes);
void *realloc(void *at, size_t bytes);

static bool fails(void)
{
	return failing > 0 && --failing == 0;
}

void *malloc(size_t bytes)
{
	return fails() ? NULL : __libc_malloc(bytes);
}

void *calloc(size_t items, size_t bytes)
{
	return fails() ? NULL : __libc_calloc(items, bytes);
}

void *realloc(void *at, size_t bytes)
{
	return fails() ? NULL : __libc_realloc(at, bytes);
}

static struct core core;

/* A move that displaces the holder of its address, and takes a prefix along. */
static struct request make_request(void)
{
	struct request request = join_request(1, "red");

	with_address(&request, "10.20.0.1");
	return request;
}

static void begin(void)
{
	struct request request = join_request(1, "blue");

	core_init(&core);
	check_str(make_zone(&core, "blue", "10.20.0.0/24"), "OK");
	check_str(make_zone(&core, "red", "10.20.0.0/24"), "OK");
	with_prefixes(&request, "172.24.0.0/24,172.26.0.0/24");
	check_str(core_say(&core, &request), "OK");
	check_str(join(&core, 2, "red", NULL), "OK");
}

static void refuses_nothing_for_want_of_memory(void)
{
	const struct decide_context context = { .now_ms = 1,
						.presence = NULL,
						.limits = &core.limits };
	struct request request = make_request();
	unsigned tried = 0;
	int r = -ENOMEM;

	begin();
	while (r == -ENOMEM && tried++ < 1000) {
		struct decide_context with = context;
		struct change *change = NULL;

		with.presence = core.presence;
		failing = tried;
		r = decide(core.state, &request, &with, &change, &core.refusal);
		failing = 0;
		check(r == VERDICT_CHANGE || (r == -ENOMEM && !change));
		check(state_check(core.state, NULL) == 0);
		change_free(change);
	}
	check(r == VERDICT_CHANGE && tried > 10);
	request_done(&request);
	core_done(&core);
}

static void can_be_freed_when_applying_failed(void)
{
	unsigned tried = 0;
	int r = -ENOMEM;

	while (r == -ENOMEM && tried++ < 1000) {
		struct request request = make_request();
		const struct decide_context context = { .now_ms = 1, .limits = &core.limits };
		struct decide_context with = context;
		struct change *change = NULL;

		begin();
		with.presence = core.presence;
		check(decide(core.state, &request, &with, &change, &core.refusal) ==
		      VERDICT_CHANGE);
		failing = tried;
		r = state_apply(core.state, change, NULL);
		failing = 0;
		check(r == 0 || r == -ENOMEM);
		change_free(change);
		request_done(&request);
		core_done(&core);
	}
	check(r == 0 && tried > 10);
}

static void reads_and_writes_all_or_nothing(void)
{
	_cleanup_free_ char *whole = NULL;
	unsigned tried = 0;
	int r = -ENOMEM;

	begin();
	check_str(join(&core, 1, "red", NULL), "OK");
	check(change_encode(core.change, NULL, &whole) == 0);
	while (r < 0 && tried++ < 1000) {
		struct change *read = NULL;
		char *text = NULL;

		failing = tried;
		r = change_encode(core.change, NULL, &text);
		check(r == 0 ? str_eq(text, whole) : r == -ENOMEM && !text);
		if (r == 0)
			r = change_decode(text, strlen(text), &read, NULL);
		failing = 0;
		/* The parser of JSON does not always say that it was memory. */
		check(r == 0 ? read->ops.len == core.change->ops.len : !read);
		change_free(read);
		free(text);
	}
	check(r == 0 && tried > 10);
	core_done(&core);
}

int main(void)
{
	run(refuses_nothing_for_want_of_memory);
	run(can_be_freed_when_applying_failed);
	run(reads_and_writes_all_or_nothing);
	return check_done();
}

#else

int main(void)
{
	printf("1..0 # SKIP the sanitizer has the allocator to itself\n");
	return 0;
}

#endif
