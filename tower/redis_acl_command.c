// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "tower/redis_acl_command.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"
#include "tower/redis_acl.h"
#include "tower/redis_password.h"
#include "tower/secrets.h"
#include "tower/user.h"

struct passwords {
	char *tower;
	char *signpost;
	bool made_signpost;
};

static void passwords_done(struct passwords *passwords)
{
	secret_free(&passwords->tower);
	secret_free(&passwords->signpost);
}

static int make_text(const struct tower_config *config, const struct passwords *passwords,
		     char **ret_text, struct err *err)
{
	const struct redis_acl acl = {
		.key_prefix = config->redis_prefix,
		.tower_password = passwords->tower,
		.signpost_password = passwords->signpost,
	};
	char *text;

	if (str_eq(passwords->tower, passwords->signpost))
		return err_set(
			err, -EINVAL,
			"the tower's password and the signpost's are the same: whoever reads "
			"the signpost could do all that the tower does");
	text = redis_acl_text(&acl);
	if (!text)
		return err_oom(err);
	*ret_text = text;
	return 0;
}

static int print_acl(const struct tower_config *config, struct err *err)
{
	_cleanup_(passwords_done) struct passwords passwords = { 0 };
	_cleanup_free_ char *text = NULL;
	int r = redis_password_read(config->redis_password_file, &passwords.tower, err);

	if (r < 0)
		return err_wrap(err, "--redis-password-file");
	r = redis_password_read(config->signpost_password_file, &passwords.signpost, err);
	if (r < 0)
		return err_wrap(err, "--signpost-password-file");
	r = make_text(config, &passwords, &text, err);
	if (r == 0 && (fputs(text, stdout) < 0 || fflush(stdout) < 0))
		r = err_errno(err, -errno, "standard output");
	return r;
}

/* Of a folder that others than root may write to, a link is not followed. */
static int give_away(const struct user *user, const char *path, struct err *err)
{
	if (geteuid() != 0 || lchown(path, user->uid, user->gid) == 0)
		return 0;
	return err_errno(err, -errno, "%s: give it to user %u", path, user->uid);
}

static int write_acl(const char *path, const char *text, struct err *err)
{
	_cleanup_free_ char *kept = NULL;

	if (file_read(path, SECRET_FILE_MAX, &kept, NULL, NULL) == 0 && str_eq(kept, text))
		return 0;
	return file_write_atomic(path, text, strlen(text), 0600, err);
}

static void tell(const struct passwords *passwords, const char *path)
{
	(void)printf("The signpost's password, shown this once and kept in %s:\n\n    %s\n\n"
		     "Agents on other machines want it and this Redis:\n\n"
		     "    aircrew --controller=<host of this Redis> --controller-password=%s\n",
		     path, passwords->signpost, passwords->signpost);
	(void)fflush(stdout);
}

static int keep_acl(const struct tower_config *config, struct err *err)
{
	static const char *const names[] = { REDIS_ACL_TOWER_PASSWORD, REDIS_ACL_SIGNPOST_PASSWORD,
					     REDIS_ACL_FILE };
	_cleanup_(passwords_done) struct passwords passwords = { 0 };
	_cleanup_free_ char *text = NULL;
	char path[ARRAY_SIZE(names)][PATH_MAX];
	struct user user = { .uid = geteuid(), .gid = getegid() };
	bool made_tower = false;
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(names); i++)
		r = secret_path(config->dir, names[i], path[i], sizeof(path[i]), err);
	if (r == 0 && config->user)
		r = user_find(config->user, &user, err);
	if (r == 0)
		r = user_own_dir(&user, config->dir, err);
	if (r == 0)
		r = redis_password_load(path[0], &passwords.tower, &made_tower, err);
	if (r == 0)
		r = redis_password_load(path[1], &passwords.signpost, &passwords.made_signpost,
					err);
	if (r == 0)
		r = make_text(config, &passwords, &text, err);
	if (r == 0 && text)
		r = write_acl(path[2], text, err);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(names); i++)
		r = give_away(&user, path[i], err);
	if (r == 0 && passwords.made_signpost)
		tell(&passwords, path[1]);
	return r;
}

int redis_acl_command(const struct tower_config *config, struct err *err)
{
	int r = config->dir ? keep_acl(config, err) : print_acl(config, err);

	if (r < 0)
		(void)err_wrap(err, "redis-acl");
	return r;
}
