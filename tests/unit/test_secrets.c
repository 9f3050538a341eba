// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include <errno.h>
#include <sys/stat.h>

#include "base/file.h"
#include "tests/unit/check.h"
#include "tower/secrets.h"

static char root[] = "/tmp/auth-secrets.XXXXXX";
static char dir[64];
static char file[128];
static int made;

static int make_text(char **ret_text, struct err *err)
{
	made++;
	*ret_text = strdup("first\n");
	return *ret_text ? 0 : err_oom(err);
}

/* Another tower is faster: its secret stands there before ours is linked. */
static int make_late(char **ret_text, struct err *err)
{
	int r = file_write_atomic(file, "theirs\n", 7, 0600, err);

	return r < 0 ? r : make_text(ret_text, err);
}

static int fail_to_make(char **ret_text, struct err *err)
{
	(void)ret_text;
	return err_set(err, -EIO, "no random numbers");
}

static void clear(void)
{
	(void)unlink(file);
	(void)rmdir(dir);
	made = 0;
}

static void is_made_once_and_private(void)
{
	_cleanup_(secret_free) char *first = NULL;
	_cleanup_(secret_free) char *second = NULL;
	struct stat st;

	check(secret_load(dir, "thing", make_text, &first, NULL) == 0);
	check(secret_load(dir, "thing", make_text, &second, NULL) == 0);
	check(made == 1);
	check_str(first, "first\n");
	check_str(second, "first\n");
	check(stat(dir, &st) == 0 && (st.st_mode & 07777) == 0700);
	check(stat(file, &st) == 0 && (st.st_mode & 07777) == 0600);
	clear();
	check(access(dir, F_OK) < 0); /* nothing else was left in the folder */
}

static void first_of_two_makers_wins(void)
{
	_cleanup_(secret_free) char *text = NULL;

	check(secret_load(dir, "thing", make_late, &text, NULL) == 0);
	check_str(text, "theirs\n");
	clear();
	check(access(dir, F_OK) < 0);
}

static void looser_modes_are_refused_with_the_remedy(void)
{
	static const mode_t loose[] = { 0640, 0604, 0620, 0602, 0644, 0610 };
	struct err err;

	for (size_t i = 0; i < ARRAY_SIZE(loose); i++) {
		_cleanup_(secret_free) char *text = NULL;

		check(secret_load(dir, "thing", make_text, &text, NULL) == 0);
		secret_free(&text);
		check(chmod(file, loose[i]) == 0);
		check(secret_load(dir, "thing", make_text, &text, &err) == -EPERM);
		check(strstr(err.text, file) && strstr(err.text, "chmod 0600"));
		check(!text);
		clear();
	}
}

static void folder_that_others_may_write_to_is_refused(void)
{
	_cleanup_(secret_free) char *text = NULL;
	struct err err;

	check(mkdir(dir, 0700) == 0 && chmod(dir, 0770) == 0);
	check(secret_load(dir, "thing", make_text, &text, &err) == -EPERM);
	check(strstr(err.text, "chmod 0700") != NULL);
	check(chmod(dir, 01777) == 0); /* as Kubernetes mounts a Secret */
	check(secret_load(dir, "thing", make_text, &text, NULL) == 0);
	clear();
}

static void what_is_no_file_is_refused(void)
{
	_cleanup_(secret_free) char *text = NULL;

	check(mkdir(dir, 0700) == 0 && mkdir(file, 0700) == 0);
	check(secret_load(dir, "thing", make_text, &text, NULL) == -EPERM);
	(void)rmdir(file);
	clear();
}

static void failing_maker_leaves_nothing(void)
{
	_cleanup_(secret_free) char *text = NULL;
	struct err err;

	check(secret_load(dir, "thing", fail_to_make, &text, &err) == -EIO);
	check(strstr(err.text, "no random numbers") != NULL);
	check(access(file, F_OK) < 0 && !text);
	clear();
	check(access(dir, F_OK) < 0);
}

int main(void)
{
	if (!mkdtemp(root))
		return 1;
	(void)snprintf(dir, sizeof(dir), "%s/secrets", root);
	(void)snprintf(file, sizeof(file), "%s/thing", dir);
	run(is_made_once_and_private);
	run(first_of_two_makers_wins);
	run(looser_modes_are_refused_with_the_remedy);
	run(folder_that_others_may_write_to_is_refused);
	run(what_is_no_file_is_refused);
	run(failing_maker_leaves_nothing);
	(void)rmdir(root);
	return check_done();
}
