// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/str.h"
#include "tests/unit/check.h"

static char dir[] = "/tmp/apex-test-file.XXXXXX";

static const char *in_dir(const char *name)
{
	static char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static mode_t mode_of(const char *path)
{
	struct stat there;

	return stat(path, &there) == 0 ? there.st_mode & 07777 : 0;
}

static size_t files_in_dir(void)
{
	DIR *open_dir = opendir(dir);
	size_t count = 0;

	if (!open_dir)
		return 0;
	while (readdir(open_dir))
		count++;
	(void)closedir(open_dir);
	return count;
}

static void reads_back_what_was_written(void)
{
	const char *path = in_dir("key");
	_cleanup_free_ char *text = NULL;
	struct err err = { 0 };
	size_t len = 0;

	check(file_write_atomic(path, "a\0b", 3, 0600, &err) == 0);
	check(file_read(path, 100, &text, &len, &err) == 0);
	check(len == 3 && memcmp(text, "a\0b", 4) == 0);
	check(mode_of(path) == 0600);
	check(unlink(path) == 0);
}

static void replaces_whole_and_leaves_no_sibling(void)
{
	const char *path = in_dir("state");
	_cleanup_free_ char *text = NULL;
	size_t before = files_in_dir();

	check(file_write_atomic(path, "a longer text", 13, 0644, NULL) == 0);
	check(file_write_atomic(path, "short", 5, 0640, NULL) == 0);
	check(file_read(path, 5, &text, NULL, NULL) == 0);
	check_str(text, "short");
	check(mode_of(path) == 0640);
	check(files_in_dir() == before + 1);
	check(unlink(path) == 0);
}

static void a_failed_write_leaves_the_old_file(void)
{
	const char *path = in_dir("is-a-folder");
	size_t before = files_in_dir();
	struct err err = { 0 };

	check(mkdir(path, 0700) == 0);
	check(file_write_atomic(path, "x", 1, 0600, &err) == -EISDIR);
	check(str_starts(err.text, path));
	check(files_in_dir() == before + 1);
	check(file_write_atomic(in_dir("no/such"), "x", 1, 0600, &err) == -ENOENT);
	check(rmdir(in_dir("is-a-folder")) == 0);
}

static void refuses_files_over_the_limit_and_absent_ones(void)
{
	_cleanup_free_ char *text = NULL;
	char big[10000];
	struct err err = { 0 };
	size_t len = 0;

	memset(big, 'b', sizeof(big));
	check(file_write_atomic(in_dir("big"), big, sizeof(big), 0600, &err) == 0);
	check(file_read(in_dir("big"), sizeof(big) - 1, &text, NULL, &err) == -EFBIG && !text);
	check(file_read(in_dir("big"), sizeof(big), &text, &len, &err) == 0);
	check(len == sizeof(big) && memcmp(text, big, len) == 0 && !text[len]);
	check(unlink(in_dir("big")) == 0);
	check(file_read(in_dir("big"), 100, &text, NULL, &err) == -ENOENT);
	check(strstr(err.text, "big: No such file"));
}

static void reads_files_that_tell_no_size(void)
{
	_cleanup_free_ char *text = NULL;

	check(file_read("/proc/self/status", 100000, &text, NULL, NULL) == 0);
	check(text && str_starts(text, "Name:"));
}

static void makes_folders_with_their_parents(void)
{
	struct err err = { 0 };

	(void)umask(022);
	check(file_make_dir(in_dir("a/b/c/"), 0700, &err) == 0);
	check(mode_of(in_dir("a/b/c")) == 0700);
	check(mode_of(in_dir("a/b")) == 0755);
	check(file_make_dir(in_dir("a/b"), 0700, &err) == 0);
	check(mode_of(in_dir("a/b")) == 0755);
	check(rmdir(in_dir("a/b/c")) == 0 && rmdir(in_dir("a/b")) == 0 && rmdir(in_dir("a")) == 0);
}

static void makes_no_folder_where_something_else_is(void)
{
	struct err err = { 0 };

	check(file_write_atomic(in_dir("file"), "", 0, 0600, &err) == 0);
	check(file_make_dir(in_dir("file"), 0700, &err) == -ENOTDIR);
	check(file_make_dir(in_dir("file/below"), 0700, &err) == -ENOTDIR);
	check(file_make_dir("", 0700, &err) == -EINVAL);
	check(unlink(in_dir("file")) == 0);
}

static void only_one_holds_a_lock(void)
{
	struct err err = { 0 };
	int second = -1;
	int first = -1;

	check(file_lock(in_dir("lock"), &first, &err) == 0);
	check(file_lock(in_dir("lock"), &second, &err) == -EWOULDBLOCK && second == -1);
	check(close(first) == 0);
	check(file_lock(in_dir("lock"), &second, &err) == 0);
	check(close(second) == 0);
	check(unlink(in_dir("lock")) == 0);
}

int main(void)
{
	if (!mkdtemp(dir))
		return 1;
	run(reads_back_what_was_written);
	run(replaces_whole_and_leaves_no_sibling);
	run(a_failed_write_leaves_the_old_file);
	run(refuses_files_over_the_limit_and_absent_ones);
	run(reads_files_that_tell_no_size);
	run(makes_folders_with_their_parents);
	run(makes_no_folder_where_something_else_is);
	run(only_one_holds_a_lock);
	if (rmdir(dir) < 0)
		printf("# %s is not empty\n", dir);
	return check_done();
}
