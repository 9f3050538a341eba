// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "nodeagent/statedir.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "check.h"
#include "crypto/crypto.h"

static char root[] = "/tmp/agent-statedir.XXXXXX";
static char path[64]; /* of the state dir, made anew for each test */

static void remove_file(const char *name)
{
	char file[96];

	(void)snprintf(file, sizeof(file), "%s/%s", path, name);
	(void)unlink(file);
}

static struct statedir *open_fresh(void)
{
	struct statedir *dir = NULL;

	(void)snprintf(path, sizeof(path), "%s/state", root);
	check(statedir_open(path, &dir, NULL) == 0);
	return dir;
}

static void close_and_remove(struct statedir *dir)
{
	static const char *const names[] = { "lock", "instance", "cache.json" };

	statedir_close(dir);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		remove_file(names[i]);
	check(rmdir(path) == 0); /* nothing else was left in it */
}

static int fold(struct view *view, enum event_kind kind, const char *text)
{
	struct event event = { .kind = kind, .data = text, .data_len = strlen(text) };

	return view_fold(view, &event, NULL);
}

/* A complete view of zone blue with two peers. */
static struct view *view_of_two(void)
{
	struct view *view = NULL;

	check(view_new("blue", &view) == 0);
	check(fold(view, EVENT_SNAPSHOT_BEGIN, "{\"Zone\":\"blue\"}") == 0);
	check(fold(view, EVENT_ZONE, "{\"Name\":\"blue\",\"CIDR\":\"10.20.0.0/20\"}") >= 0);
	check(fold(view, EVENT_PEER,
		   "{\"PublicKey\":\"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAEA=\",\"Zone\":"
		   "\"blue\",\"NodeAddress\":\"10.20.0.1\",\"Hostname\":\"a\",\"Generation\":2}") >=
	      0);
	check(fold(view, EVENT_PEER,
		   "{\"PublicKey\":\"AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAEA=\",\"Zone\":"
		   "\"blue\",\"NodeAddress\":\"10.20.0.2\",\"Generation\":1}") >= 0);
	check(fold(view, EVENT_SNAPSHOT_END, "{\"Zone\":\"blue\"}") == 1);
	return view;
}

static struct statedir_self self_of(uint8_t first, const char *zone)
{
	struct statedir_self self = { .public_key.bytes = { first } };

	check(str_copy(self.zone, sizeof(self.zone), zone) == 0);
	return self;
}

static void folder_is_for_its_owner_alone(void)
{
	struct statedir *dir = open_fresh();
	struct stat st;

	check(stat(path, &st) == 0 && (st.st_mode & 07777) == 0700);
	close_and_remove(dir);
}

static void one_agent_at_a_time(void)
{
	struct statedir *dir = open_fresh();
	struct statedir *second = NULL;
	struct err err = { 0 };

	check(statedir_open(path, &second, &err) == -EWOULDBLOCK);
	check(strstr(err.text, "--state-dir") != NULL);
	close_and_remove(dir);
}

static void instance_stays_the_same(void)
{
	struct statedir *dir = open_fresh();
	char first[PEER_INSTANCE_BYTES];
	char again[PEER_INSTANCE_BYTES];

	check(statedir_instance(dir, first, NULL) == 0);
	check(strlen(first) == 32 && strspn(first, "0123456789abcdef") == 32);
	check(statedir_instance(dir, again, NULL) == 0);
	check_str(again, first);
	close_and_remove(dir);
}

static void spoilt_instance_is_made_anew(void)
{
	struct statedir *dir = open_fresh();
	char first[PEER_INSTANCE_BYTES];
	char again[PEER_INSTANCE_BYTES];
	char file[96];

	(void)snprintf(file, sizeof(file), "%s/instance", path);
	check(file_write_atomic(file, "zz\n", 3, 0600, NULL) == 0);
	check(statedir_instance(dir, first, NULL) == 0);
	check(statedir_instance(dir, again, NULL) == 0);
	check_str(again, first);
	close_and_remove(dir);
}

static void cache_comes_back(void)
{
	struct statedir *dir = open_fresh();
	struct statedir_self self = self_of(1, "blue");
	struct statedir_self loaded = self_of(1, "blue");
	struct view *view = view_of_two();
	struct view *again = NULL;
	char file[96];
	struct stat st;

	self.generation = 5;
	check(statedir_save(dir, &self, view, NULL) == 0);
	(void)snprintf(file, sizeof(file), "%s/cache.json", path);
	check(stat(file, &st) == 0 && (st.st_mode & 07777) == 0600);
	check(view_new("blue", &again) == 0);
	check(statedir_load(dir, &loaded, again, NULL) == 1);
	check(loaded.generation == 5);
	check(view_peers_len(again) == 2 && view_is_complete(again));
	view_free(view);
	view_free(again);
	close_and_remove(dir);
}

static void cache_of_another_key_or_zone_is_ignored(void)
{
	struct statedir *dir = open_fresh();
	struct statedir_self self = self_of(1, "blue");
	struct statedir_self other_key = self_of(2, "blue");
	struct statedir_self other_zone = self_of(1, "red");
	struct view *view = view_of_two();
	struct view *blue = NULL;
	struct view *red = NULL;

	check(view_new("blue", &blue) == 0 && view_new("red", &red) == 0);
	check(statedir_load(dir, &self, blue, NULL) == 0); /* there is none yet */
	check(statedir_save(dir, &self, view, NULL) == 0);
	check(statedir_load(dir, &other_key, blue, NULL) == 0);
	check(statedir_load(dir, &other_zone, red, NULL) == 0);
	check(!view_is_complete(blue) && !view_is_complete(red));
	view_free(view);
	view_free(blue);
	view_free(red);
	close_and_remove(dir);
}

/* A cache of the right key and zone that lacks the view. */
static const char without_view[] =
	"{\"PublicKey\":\"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\",\"Zone\":"
	"\"blue\",\"Generation\":1}";

static void spoilt_cache_is_said_and_ignored(void)
{
	static const char *const bad[] = { "", "{", "{}", "{\"PublicKey\":\"x\"}", without_view };
	struct statedir *dir = open_fresh();
	struct view *view = NULL;
	char file[96];

	(void)snprintf(file, sizeof(file), "%s/cache.json", path);
	check(view_new("blue", &view) == 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct statedir_self self = self_of(1, "blue");
		struct err err = { 0 };

		check(file_write_atomic(file, bad[i], strlen(bad[i]), 0600, NULL) == 0);
		check(statedir_load(dir, &self, view, &err) == -EPROTO);
		check(strstr(err.text, "cache.json") != NULL);
		check(!view_is_complete(view) && self.generation == 0);
	}
	view_free(view);
	close_and_remove(dir);
}

int main(void)
{
	if (!mkdtemp(root) || crypto_init(NULL) < 0)
		return 1;
	log_set_level(LOG_LEVEL_ERROR);
	run(folder_is_for_its_owner_alone);
	run(one_agent_at_a_time);
	run(instance_stays_the_same);
	run(spoilt_instance_is_made_anew);
	run(cache_comes_back);
	run(cache_of_another_key_or_zone_is_ignored);
	run(spoilt_cache_is_said_and_ignored);
	(void)rmdir(root);
	return check_done();
}
