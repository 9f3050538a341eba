// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "base/options.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"

static void *value_at(const struct option_row *row, void *values)
{
	return (char *)values + row->offset;
}

static bool holds_value(const struct option_row *row)
{
	return row->kind != OPTION_GROUP && row->kind != OPTION_REFUSED;
}

static const struct option_row *find_row(const struct option_table *table, const char *name,
					 size_t len)
{
	for (size_t i = 0; i < table->rows_len; i++) {
		const struct option_row *row = &table->rows[i];

		if (row->kind == OPTION_GROUP)
			continue;
		if (strlen(row->name) == len && strncmp(row->name, name, len) == 0)
			return row;
		if (row->alias && strlen(row->alias) == len && strncmp(row->alias, name, len) == 0)
			return row;
	}
	return NULL;
}

static bool is_choice(const char *words, const char *text)
{
	size_t len = strcspn(text, "|");

	for (const char *p = words; p && len > 0 && !text[len]; p = strchr(p, '|')) {
		if (*p == '|')
			p++;
		if (strncmp(p, text, len) == 0 && (p[len] == '|' || p[len] == '\0'))
			return true;
	}
	return false;
}

static void wipe_free(const struct option_row *row, char *text)
{
	if (text && row->secret)
		explicit_bzero(text, strlen(text));
	free(text);
}

static int set_text(const struct option_row *row, char **value, const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		return -ENOMEM;
	wipe_free(row, *value);
	*value = copy;
	return 0;
}

static int add_to_list(struct option_list *list, const char *text)
{
	while (*text) {
		size_t len = strcspn(text, ",");
		_cleanup_free_ char *item = strndup(text, len);

		if (!item || (len > 0 && vec_push(list, item) < 0))
			return -ENOMEM;
		if (len > 0)
			item = NULL;
		text += len + (text[len] == ',');
	}
	return 0;
}

static int set_value(const struct option_row *row, void *values, const char *text)
{
	void *value = value_at(row, values);

	switch (row->kind) {
	case OPTION_FLAG:
		return str_to_bool(text, value);
	case OPTION_CHOICE:
		if (!is_choice(row->arg, text))
			return -EINVAL;
		return set_text(row, value, text);
	case OPTION_TEXT:
		return set_text(row, value, text);
	case OPTION_LIST:
		return add_to_list(value, text);
	case OPTION_U16:
		return str_to_u16(text, value);
	case OPTION_NUMBER:
		return str_to_u64(text, 0, UINT64_MAX, value);
	case OPTION_SECONDS:
		return str_to_seconds(text, value);
	case OPTION_GROUP:
	case OPTION_REFUSED:
		break;
	}
	return -EINVAL;
}

static const char *takes(const struct option_row *row)
{
	switch (row->kind) {
	case OPTION_FLAG:
		return "true or false";
	case OPTION_U16:
		return "a number from 0 to 65535";
	case OPTION_NUMBER:
		return "a whole number";
	case OPTION_SECONDS:
		return "a time such as 90s, 15m, 12h or 30d";
	default:
		return row->arg;
	}
}

static int bad_value(const struct option_row *row, const char *origin, const char *text, int r,
		     struct err *err)
{
	if (r == -ENOMEM)
		return err_oom(err);
	if (row->secret)
		return err_set(err, -EINVAL, "%s: takes %s", origin, takes(row));
	return err_set(err, -EINVAL, "%s: takes %s, not '%.64s'", origin, takes(row), text);
}

static int take_defaults(const struct option_table *table, void *values, struct err *err)
{
	for (size_t i = 0; i < table->rows_len; i++) {
		const struct option_row *row = &table->rows[i];
		const char *from_env = row->env ? getenv(row->env) : NULL;
		int r = 0;

		if (from_env && !*from_env)
			from_env = NULL;
		if (row->kind == OPTION_REFUSED && from_env)
			return err_set(err, -EINVAL, "%s: %s", row->env, row->help);
		if (!holds_value(row))
			continue;
		if (from_env)
			r = set_value(row, values, from_env);
		else if (row->fallback)
			r = set_value(row, values, row->fallback);
		if (r < 0)
			return bad_value(row, from_env ? row->env : row->name,
					 from_env ? from_env : row->fallback, r, err);
	}
	return 0;
}

static void forget_list(const struct option_row *row, struct option_list *list)
{
	vec_foreach(item, list)
		wipe_free(row, *item);
	vec_done(list);
}

/* A list on the command line replaces what the environment or the default put there. */
static void forget_default_list(const struct option_table *table, const struct option_row *row,
				void *values, bool *seen)
{
	bool *was_seen = &seen[row - table->rows];

	if (row->kind == OPTION_LIST && !*was_seen)
		forget_list(row, value_at(row, values));
	*was_seen = true;
}

/* Reads the option at argv[at]; returns how many further arguments it took (0 or 1). */
static int take_option(const struct option_table *table, char **argv, int at, void *values,
		       bool *seen, struct err *err)
{
	char *name = argv[at] + 1 + (argv[at][1] == '-');
	size_t len = strcspn(name, "=");
	const struct option_row *row = find_row(table, name, len);
	char *text = name[len] == '=' ? name + len + 1 : NULL;
	char origin[80];
	int took = 0;
	int r;

	(void)snprintf(origin, sizeof(origin), "--%.*s", (int)MIN(len, 64), name);
	if (!row)
		return err_set(err, -EINVAL, "%s: no such option; %s --help lists them", origin,
			       table->program);
	if (row->kind == OPTION_REFUSED)
		return err_set(err, -EINVAL, "%s: %s", origin, row->help);
	if (!text && row->kind == OPTION_FLAG) {
		*(bool *)value_at(row, values) = true;
		return 0;
	}
	if (!text) {
		text = argv[at + 1];
		took = 1;
	}
	if (!text)
		return err_set(err, -EINVAL, "%s: takes %s; nothing was given", origin, takes(row));
	forget_default_list(table, row, values, seen);
	r = set_value(row, values, text);
	if (r < 0)
		r = bad_value(row, origin, text, r, err);
	if (row->secret)
		memset(text, '*', strlen(text));
	return r < 0 ? r : took;
}

int options_parse(const struct option_table *table, int argc, char **argv, void *values,
		  struct option_list *ret_words, struct err *err)
{
	_cleanup_free_ bool *seen = calloc(table->rows_len, sizeof(*seen));
	bool only_words = false;
	int r;

	if (!seen)
		return err_oom(err);
	r = take_defaults(table, values, err);
	if (r < 0)
		return r;
	for (int i = 1; i < argc; i++) {
		if (!only_words && str_eq(argv[i], "--")) {
			only_words = true;
		} else if (only_words || argv[i][0] != '-' || !argv[i][1]) {
			if (vec_push(ret_words, argv[i]) < 0)
				return err_oom(err);
		} else {
			r = take_option(table, argv, i, values, seen, err);
			if (r < 0)
				return r;
			i += r;
		}
	}
	return 0;
}

void options_done(const struct option_table *table, void *values)
{
	for (size_t i = 0; i < table->rows_len; i++) {
		const struct option_row *row = &table->rows[i];
		void *value = value_at(row, values);

		if (row->kind == OPTION_TEXT || row->kind == OPTION_CHOICE) {
			wipe_free(row, *(char **)value);
			*(char **)value = NULL;
		} else if (row->kind == OPTION_LIST) {
			forget_list(row, value);
		}
	}
}

static void print_wrapped(FILE *to, const char *text, int indent)
{
	int column = indent;

	while (*text) {
		int len = (int)strcspn(text, " ");

		if (column + len > 96 && column > indent) {
			(void)fprintf(to, "\n%*s", indent, "");
			column = indent;
		} else if (column > indent) {
			(void)fputc(' ', to);
		}
		(void)fprintf(to, "%.*s", len, text);
		column += len + 1;
		text += len + (text[len] == ' ');
	}
}

static void print_row(const struct option_row *row, FILE *to)
{
	const int indent = 6;

	(void)fprintf(to, "  --%s%s%s", row->name, row->kind == OPTION_FLAG ? "" : "=",
		      row->kind == OPTION_FLAG ? "" : row->arg);
	if (row->alias)
		(void)fprintf(to, ", --%s", row->alias);
	(void)fprintf(to, "\n%*s", indent, "");
	print_wrapped(to, row->help, indent);
	if (row->fallback && *row->fallback)
		(void)fprintf(to, " Default: %s.", row->fallback);
	if (row->env)
		(void)fprintf(to, " [%s]", row->env);
	(void)fputc('\n', to);
}

void options_print_help(const struct option_table *table, FILE *to)
{
	(void)fprintf(to, "Usage: %s %s\n\n", table->program, table->synopsis);
	print_wrapped(to, table->summary, 0);
	(void)fputc('\n', to);
	for (size_t i = 0; i < table->rows_len; i++) {
		const struct option_row *row = &table->rows[i];

		if (row->kind == OPTION_GROUP)
			(void)fprintf(to, "\n%s:\n", row->name);
		else if (row->kind != OPTION_REFUSED)
			print_row(row, to);
	}
	(void)fputs("\nA time is a number with s, m, h or d behind it. A name in brackets is the "
		    "environment variable\nthat sets the same; the command line wins.\n",
		    to);
}
