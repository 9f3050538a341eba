// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "io/netlink_wireguard.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/wireguard.h>
#include <string.h>

#include "io/netlink_wireguard_message.h"

struct netlink_wireguard {
	struct netlink *netlink;
	uint16_t family;
	_Alignas(struct nlmsghdr) char room[NETLINK_WIREGUARD_ROOM_BYTES];
};

void netlink_wireguard_free(struct netlink_wireguard *wireguard)
{
	if (!wireguard)
		return;
	netlink_free(wireguard->netlink);
	explicit_bzero(wireguard->room, sizeof(wireguard->room));
	free(wireguard);
}

static void free_wireguard(struct netlink_wireguard **wireguard)
{
	netlink_wireguard_free(*wireguard);
}

static int keep_family(const struct nlmsghdr *message, void *data)
{
	uint16_t *family = data;
	const struct nlattr *attr;

	mnl_attr_for_each(attr, message, sizeof(struct genlmsghdr))
	{
		if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID &&
		    mnl_attr_validate(attr, MNL_TYPE_U16) == 0)
			*family = mnl_attr_get_u16(attr);
	}
	return *family != 0 ? 0 : -EBADMSG;
}

/* The number of the family; asking for it makes the kernel load the module. */
static int find_family(struct netlink *netlink, uint16_t *ret_family, struct err *err)
{
	struct netlink_request request;
	struct genlmsghdr *header =
		netlink_begin(&request, GENL_ID_CTRL, NLM_F_ACK, sizeof(*header));

	header->cmd = CTRL_CMD_GETFAMILY;
	header->version = 1;
	mnl_attr_put_strz(request.header, CTRL_ATTR_FAMILY_NAME, WG_GENL_NAME);
	return netlink_ask(netlink, &request, keep_family, ret_family, err);
}

int netlink_wireguard_new(struct netlink_wireguard **ret_wireguard, struct err *err)
{
	_cleanup_(free_wireguard) struct netlink_wireguard *wireguard =
		calloc(1, sizeof(*wireguard));
	int r;

	if (!wireguard)
		return err_oom(err);
	r = netlink_open(NETLINK_GENERIC, &wireguard->netlink, err);
	if (r == 0)
		r = find_family(wireguard->netlink, &wireguard->family, err);
	if (r == -ENOENT || r == -EPROTONOSUPPORT || r == -EAFNOSUPPORT)
		return err_set(err, -EOPNOTSUPP, "the kernel has no WireGuard");
	if (r < 0)
		return r;
	*ret_wireguard = TAKE_PTR(wireguard);
	return 0;
}

/* What the reader needs, and which device is read. */
struct reading {
	struct netlink_wireguard_reader reader;
	const char *interface;
};

static void ask_device(struct netlink_request *request, void *extra, void *data)
{
	const struct reading *reading = data;
	struct genlmsghdr *header = extra;

	header->cmd = WG_CMD_GET_DEVICE;
	header->version = WG_GENL_VERSION;
	mnl_attr_put_strz(request->header, WGDEVICE_A_IFNAME, reading->interface);
}

int netlink_wireguard_read(struct netlink_wireguard *wireguard, const char *interface,
			   const struct netlink_wireguard_sink *sink,
			   struct netlink_wireguard_device *ret_device, struct err *err)
{
	struct reading reading = { .reader.sink = sink, .interface = interface };
	struct netlink_dump dump = {
		.type = wireguard->family,
		.extra_bytes = sizeof(struct genlmsghdr),
		.fill = ask_device,
		.fn = netlink_wireguard_reader_take,
		.restart = netlink_wireguard_reader_restart,
		.data = &reading,
	};
	int r = netlink_list(wireguard->netlink, &dump, err);

	if (r == -EOPNOTSUPP)
		r = err_set(err, -ENODEV, "it is not WireGuard's");
	if (r == 0)
		*ret_device = reading.reader.device;
	else
		(void)err_wrap(err, "read WireGuard's %s", interface);
	netlink_wireguard_reader_done(&reading.reader);
	return r;
}

int netlink_wireguard_set_device(struct netlink_wireguard *wireguard, const char *interface,
				 const struct key *private_key, uint16_t port, struct err *err)
{
	struct netlink_wireguard_target target = { wireguard->family, interface };
	struct netlink_request request;
	int r;

	netlink_wireguard_write_device(&request, wireguard->room, sizeof(wireguard->room), &target,
				       private_key, port);
	r = netlink_change(wireguard->netlink, &request, err);
	if (r < 0)
		(void)err_wrap(err, "set key and port of %s", interface);
	return r;
}

int netlink_wireguard_change(struct netlink_wireguard *wireguard, const char *interface,
			     const struct netlink_wireguard_change *changes, size_t len,
			     struct netlink_wireguard_place *place, struct err *err)
{
	struct netlink_wireguard_target target = { wireguard->family, interface };
	struct netlink_request request;

	netlink_wireguard_write_changes(&request, wireguard->room, sizeof(wireguard->room), &target,
					changes, len, place);
	return netlink_change(wireguard->netlink, &request, err);
}
