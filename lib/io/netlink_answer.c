// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Reading what came: messages of an answer, its acknowledgement, its end. No I/O, so that any bytes
 * can be tried on it.
 */
#include "io/netlink_message.h"

#include <errno.h>
#include <string.h>

#define ERRNO_MAX 4095 /* MAX_ERRNO of the kernel */

/* The kernel's sentence behind an errno; NULL when it gave none. */
static const char *extended_text(const struct nlmsghdr *message)
{
	const struct nlmsgerr *error = mnl_nlmsg_get_payload(message);
	size_t offset = sizeof(*error);
	const struct nlattr *attr;

	if (!(message->nlmsg_flags & NLM_F_ACK_TLVS))
		return NULL;
	if (!(message->nlmsg_flags & NLM_F_CAPPED))
		offset += mnl_nlmsg_get_payload_len(&error->msg);
	if (offset > mnl_nlmsg_get_payload_len(message))
		return NULL;
	mnl_attr_for_each(attr, message, offset)
	{
		if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG &&
		    mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) == 0)
			return mnl_attr_get_str(attr);
	}
	return NULL;
}

static bool is_errno(int error)
{
	return error <= 0 && error >= -ERRNO_MAX;
}

static int read_ack(const struct nlmsghdr *message, struct err *err)
{
	const struct nlmsgerr *error = mnl_nlmsg_get_payload(message);
	const char *text;

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*error) || !is_errno(error->error))
		return err_set(err, -EBADMSG, "netlink: no acknowledgement of the kernel's");
	if (error->error == 0)
		return 0;
	text = extended_text(message);
	if (text)
		return err_set(err, error->error, "%s: %s", strerror(-error->error), text);
	return err_set(err, error->error, "%s", strerror(-error->error));
}

/* The end of a list carries an errno as well. */
static int read_done(const struct nlmsghdr *message, struct err *err)
{
	int error;

	if (mnl_nlmsg_get_payload_len(message) < sizeof(error))
		return 0;
	memcpy(&error, mnl_nlmsg_get_payload(message), sizeof(error));
	if (!is_errno(error))
		return err_set(err, -EBADMSG, "netlink: no end of a list of the kernel's");
	return error < 0 ? err_errno(err, error, "netlink: list") : 0;
}

static int read_message(struct netlink_answer *answer, const struct nlmsghdr *message,
			struct err *err)
{
	answer->changed |= (message->nlmsg_flags & NLM_F_DUMP_INTR) != 0;
	switch (message->nlmsg_type) {
	case NLMSG_ERROR:
		answer->is_over = true;
		return read_ack(message, err);
	case NLMSG_DONE:
		answer->is_over = true;
		return read_done(message, err);
	default:
		if (mnl_nlmsg_get_payload_len(message) < answer->extra_bytes)
			answer->r = -EBADMSG;
		if (answer->fn && answer->r == 0)
			answer->r = answer->fn(message, answer->data);
		return 0;
	}
}

/* libmnl takes a length of 2 GiB and more for a negative one, and steps there. */
bool netlink_has_message(const struct nlmsghdr *message, int len)
{
	return mnl_nlmsg_ok(message, len) && message->nlmsg_len <= (uint32_t)len;
}

int netlink_answer_read(struct netlink_answer *answer, uint32_t seq, const void *bytes, int len,
			struct err *err)
{
	const struct nlmsghdr *message = bytes;
	int r = 0;

	for (; !answer->is_over && netlink_has_message(message, len);
	     message = mnl_nlmsg_next(message, &len)) {
		/* Leftovers of an exchange that was given up are passed over. */
		if (message->nlmsg_seq == seq)
			r = read_message(answer, message, err);
	}
	return r;
}
