// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "nodeagent/wg/choice.h"

#include <errno.h>

#include "base/log.h"
#include "base/str.h"
#include "nodeagent/wg/kernel.h"

/* Whose link it is; NULL: nobody's, or of somebody who has nothing to do with WireGuard. */
static const struct wg_backend *find_owner(const struct wg_scene *scene)
{
	if (scene->link_kind && str_eq(scene->link_kind, wg_kernel.link_kind))
		return &wg_kernel;
	if (scene->link_kind && str_eq(scene->link_kind, wg_userspace.link_kind) &&
	    scene->is_userspace)
		return &wg_userspace;
	return NULL;
}

static const char *describe(const struct wg_backend *backend)
{
	return backend == &wg_kernel ? "the kernel's WireGuard" : "wireguard-go";
}

static int check_asked(const struct wg_choice *choice, const struct wg_scene *scene,
		       const struct wg_backend *owner, struct err *err)
{
	const struct wg_backend *asked =
		choice->asked == WIREGUARD_KERNEL ? &wg_kernel : &wg_userspace;

	if (choice->is_settled && owner != choice->backend)
		return err_set(err, -EPERM,
			       "%s is driven by %s now, and was by %s when this agent began: "
			       "restart aircrew to take it over as it is",
			       scene->interface, describe(owner), describe(choice->backend));
	if (choice->asked != WIREGUARD_AUTO && owner != asked)
		return err_set(err, -EPERM,
			       "%s is driven by %s, and --wireguard=%s asks for another: 'aircrew "
			       "down' removes it, with its tunnels; --wireguard=auto keeps it",
			       scene->interface, describe(owner), asked->name);
	return 0;
}

static void choose(struct wg_choice *choice, const struct wg_backend *backend, const char *why,
		   const char *more)
{
	struct err text = { 0 };

	choice->backend = backend;
	(void)err_set(&text, -EIO, "%s%s", why, more);
	(void)!str_copy(choice->why, sizeof(choice->why), text.text);
}

int wg_choice_decide(struct wg_choice *choice, const struct wg_scene *scene, struct err *err)
{
	const struct wg_backend *owner = find_owner(scene);
	int r = owner ? check_asked(choice, scene, owner, err) : 0;

	if (r < 0)
		return r;
	if (choice->is_settled)
		return 0;
	choice->is_settled = owner;
	/* Made by this agent itself: the reason for that stays the reason. */
	if (owner && owner == choice->backend)
		return 0;
	if (choice->asked == WIREGUARD_KERNEL)
		choose(choice, &wg_kernel, "--wireguard=kernel asks for it", "");
	else if (choice->asked == WIREGUARD_USERSPACE)
		choose(choice, &wg_userspace, "--wireguard=userspace asks for it", "");
	else if (owner)
		choose(choice, owner, scene->interface, " is its already");
	else if (scene->kernel_has)
		choose(choice, &wg_kernel, "the kernel has WireGuard", "");
	else
		choose(choice, &wg_userspace, scene->kernel_why, "");
	return 0;
}

/* Nothing can have changed that matters: the interface is as it was, or waits to be made again. */
static bool is_clear(const struct wg_choice *choice, const char *link_kind)
{
	return choice->is_settled && (!link_kind || str_eq(link_kind, choice->backend->link_kind));
}

int wg_choice_make(struct wg_choice *choice, const char *interface, const char *link_kind,
		   struct err *err)
{
	struct wg_scene scene = { .interface = interface, .link_kind = link_kind };
	const struct wg_backend *before = choice->backend;
	struct err kernel = { 0 };
	int r;

	if (is_clear(choice, link_kind))
		return 0;
	if (link_kind && str_eq(link_kind, wg_userspace.link_kind))
		scene.is_userspace = wg_userspace.is_served(interface);
	if (choice->asked == WIREGUARD_AUTO && !choice->is_settled && !find_owner(&scene))
		scene.kernel_has = wg_kernel_probe(&kernel) == 0;
	scene.kernel_why = kernel.text;
	r = wg_choice_decide(choice, &scene, err);
	if (r == 0 && choice->backend != before)
		log_info("wireguard", "%s: %s: %s", interface, describe(choice->backend),
			 choice->why);
	return r;
}

int wg_choice_create(const struct wg_choice *choice, const char *interface, struct err *err)
{
	struct err own = { 0 };
	int r = choice->backend->create(interface, &own);

	if (r == 0)
		return 0;
	/* Either would do: so both reasons are told. */
	if (choice->asked == WIREGUARD_AUTO && choice->backend == &wg_userspace &&
	    !choice->is_settled)
		return err_set(err, r, "%s; %s", choice->why, own.text);
	return err_set(err, r, "%s", own.text);
}
