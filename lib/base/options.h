// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * One table of options makes parsing, environment names, defaults and --help. `--x=v`, `--x v` and
 * `-x v` are alike. The command line wins over the environment, the environment over the default;
 * an empty environment variable counts as absent.
 */
#ifndef BASE_OPTIONS_H
#define BASE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"
#include "base/vec.h"

enum option_kind {
	OPTION_FLAG,    /* bool */
	OPTION_TEXT,    /* char *, NULL when absent */
	OPTION_CHOICE,  /* char *, one of the words of `arg` ("auto|off") */
	OPTION_LIST,    /* struct option_list: may be given again, or with commas */
	OPTION_U16,     /* uint16_t */
	OPTION_NUMBER,  /* uint64_t */
	OPTION_SECONDS, /* int64_t, "90s", "15m", "12h", "30d" */
	OPTION_GROUP,   /* no option: a heading in --help */
	OPTION_REFUSED, /* known of old, refused by name; `help` says why and what to do instead */
};

VEC(option_list, char *);

struct option_row {
	enum option_kind kind;
	const char *name;     /* without dashes; a heading's words for OPTION_GROUP */
	const char *alias;    /* another name, NULL for none */
	const char *env;      /* NULL for none */
	const char *arg;      /* word for the value in --help; the words of a choice */
	const char *fallback; /* default as text, NULL for none */
	const char *help;     /* one sentence */
	size_t offset;        /* of the value in the program's struct */
	bool secret;          /* overwritten in argv once read */
};

struct option_table {
	const char *program;
	const char *synopsis; /* behind "usage: <program> " */
	const char *summary;  /* one sentence on what the program does */
	const struct option_row *rows;
	size_t rows_len;
};

/*
 * Fills `values`, a zeroed struct of the program's. Words that are no options go to `ret_words`
 * (pointers into argv). Everything after "--" is a word. -EINVAL names the option and says what it
 * takes; `values` is then to be given to options_done all the same.
 */
int options_parse(const struct option_table *table, int argc, char **argv, void *values,
		  struct option_list *ret_words, struct err *err) _must_check_;

/* Frees the texts and lists in `values`; secret ones are wiped first. */
void options_done(const struct option_table *table, void *values);

void options_print_help(const struct option_table *table, FILE *to);

#endif
