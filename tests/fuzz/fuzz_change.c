// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * What stands in Redis: a log entry, or a stored row as "<table> <id>\n<JSON>". Whatever is read
 * can be written and read again, and whatever applies leaves a state that holds together.
 * Parsers: tower/core/change_read.c
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "tower/core/state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
	if (!condition)
		abort();
}

static void apply(const struct change *change)
{
	struct state *state = NULL;

	must(state_new(&state) == 0);
	if (state_apply(state, change, NULL) == 0)
		must(state_check(state, NULL) == 0);
	else
		must(state_revision(state) == 0 && !state_next_zone(state, NULL) &&
		     !state_next_peer(state, NULL, NULL));
	state_free(state);
}

static void read_change(const char *text, size_t len)
{
	_cleanup_(change_freep) struct change *change = NULL;
	_cleanup_(change_freep) struct change *again = NULL;
	_cleanup_free_ char *written = NULL;
	_cleanup_free_ char *rewritten = NULL;
	struct err err;

	if (change_decode(text, len, &change, &err) < 0)
		return;
	must(change_encode(change, NULL, &written) == 0);
	must(change_decode(written, strlen(written), &again, &err) == 0);
	must(change_encode(again, NULL, &rewritten) == 0 && strcmp(written, rewritten) == 0);
	change->revision = 1;
	apply(change);
}

static void read_row(const char *head, const char *json, size_t json_len)
{
	char table[16];
	char id[ROW_ID_BYTES];
	struct row row = { 0 };
	struct op op = { 0 };
	struct err err;

	if (sscanf(head, "%15s %127s", table, id) != 2 ||
	    op_from_row(table, id, json, json_len, &op, &err) < 0)
		return;
	must(op_row(&op, &row) == 0 && strcmp(row.table, table) == 0 && strcmp(row.id, id) == 0);
	op_done(&op);
	must(op_from_row(row.table, row.id, row.json, strlen(row.json), &op, &err) == 0);
	op_done(&op);
	free(row.json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	const char *line_end = size > 0 ? memchr(data, '\n', size) : NULL;
	char head[160] = "";

	if (!line_end || (size_t)(line_end - text) >= sizeof(head)) {
		read_change(text, size);
		return 0;
	}
	memcpy(head, text, (size_t)(line_end - text));
	read_row(head, line_end + 1, size - (size_t)(line_end + 1 - text));
	return 0;
}
