// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "tower/core/token.h"

#include <errno.h>

int token_copy(const struct token *from, struct token *ret_token)
{
	struct prefix_vec ranges = { 0 };

	if (vec_copy(&ranges, &from->ranges) < 0)
		return -ENOMEM;
	*ret_token = *from;
	ret_token->ranges = ranges;
	return 0;
}

void token_done(struct token *token)
{
	if (token)
		vec_done(&token->ranges);
}
