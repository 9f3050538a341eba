// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Gives every committed input of a fuzz target to it once, without libFuzzer: one test of TAP a
 * target. A target is tests/fuzz/fuzz_<name>.c, its inputs (a small seed corpus and every past
 * crasher) are the files of tests/fuzz/corpus/<name>/.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/attr.h"

#define INPUT_BYTES_MAX (1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(int folder, const char *name)
{
	_cleanup_close_ int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
	_cleanup_free_ uint8_t *data = NULL;
	struct stat st;
	ssize_t len;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return 0;
	if (st.st_size > INPUT_BYTES_MAX)
		return -EFBIG;
	data = malloc((size_t)st.st_size + 1);
	if (!data)
		return -ENOMEM;
	len = read(fd, data, (size_t)st.st_size);
	if (len < 0)
		return -errno;
	printf("# %s\n", name);
	(void)fflush(stdout);
	(void)LLVMFuzzerTestOneInput(data, (size_t)len);
	return 1;
}

int main(int argc, char **argv)
{
	const char *path = argc == 2 ? argv[1] : "";
	DIR *folder = opendir(path);
	struct dirent *entry;
	int replayed = 0;

	printf("1..1\n");
	while (folder && (entry = readdir(folder))) {
		int r = replay_file(dirfd(folder), entry->d_name);

		if (r < 0) {
			printf("not ok 1 - %s/%s: %s\n", path, entry->d_name, strerror(-r));
			(void)closedir(folder);
			return 1;
		}
		replayed += r;
	}
	if (folder)
		(void)closedir(folder);
	printf("%s 1 - %d inputs of %s\n", replayed ? "ok" : "not ok", replayed, path);
	return replayed ? 0 : 1;
}
