// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Which back end drives an interface: by what was asked for, what is there, and what the kernel
 * has.
 */
#include "nodeagent/wg/choice.h"

#include <errno.h>

#include "check.h"
#include "nodeagent/wg/kernel.h"

#define NO_MODULE "no module"

static struct wg_scene scene(const char *kind, bool is_userspace, bool kernel_has)
{
	return (struct wg_scene){ .interface = "wg0",
				  .link_kind = kind,
				  .is_userspace = is_userspace,
				  .kernel_has = kernel_has,
				  .kernel_why = NO_MODULE };
}

static void takes_what_is_asked_for_what_is_there_or_the_kernels(void)
{
	static const struct {
		enum wireguard_choice asked;
		const char *kind;
		bool is_userspace, kernel_has;
		const struct wg_backend *backend;
		const char *why;
	} cases[] = {
		{ WIREGUARD_AUTO, NULL, false, true, &wg_kernel, "the kernel has WireGuard" },
		{ WIREGUARD_AUTO, NULL, false, false, &wg_userspace, NO_MODULE },
		{ WIREGUARD_AUTO, "tun", true, true, &wg_userspace, "wg0 is its already" },
		{ WIREGUARD_AUTO, "wireguard", false, true, &wg_kernel, "wg0 is its already" },
		/* Of somebody else: whatever is chosen, it is left alone. */
		{ WIREGUARD_AUTO, "bridge", false, true, &wg_kernel, "the kernel has WireGuard" },
		{ WIREGUARD_AUTO, "tun", false, false, &wg_userspace, NO_MODULE },
		{ WIREGUARD_KERNEL, NULL, false, false, &wg_kernel,
		  "--wireguard=kernel asks for it" },
		{ WIREGUARD_KERNEL, "tun", false, true, &wg_kernel,
		  "--wireguard=kernel asks for it" },
		{ WIREGUARD_USERSPACE, NULL, false, true, &wg_userspace,
		  "--wireguard=userspace asks for it" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct wg_choice choice = { .asked = cases[i].asked };
		struct wg_scene now =
			scene(cases[i].kind, cases[i].is_userspace, cases[i].kernel_has);

		check(wg_choice_decide(&choice, &now, NULL) == 0);
		check(choice.backend == cases[i].backend);
		check_str(choice.why, cases[i].why);
	}
}

static void refuses_the_interface_of_the_other(void)
{
	struct wg_scene tun = scene("tun", true, true);
	struct wg_scene kernel = scene("wireguard", false, true);
	struct wg_choice choice = { .asked = WIREGUARD_KERNEL };
	struct err err = { 0 };

	check(wg_choice_decide(&choice, &tun, &err) == -EPERM && !choice.backend);
	check_str(
		err.text,
		"wg0 is driven by wireguard-go, and --wireguard=kernel asks for another: 'aircrew "
		"down' removes it, with its tunnels; --wireguard=auto keeps it");
	choice.asked = WIREGUARD_USERSPACE;
	check(wg_choice_decide(&choice, &kernel, &err) == -EPERM && !choice.backend);
	check(strncmp(err.text, "wg0 is driven by the kernel's WireGuard, and ", 45) == 0);
}

/* As long as there was none, what the machine has may change; then it stays. */
static void stays_with_what_drove_the_interface(void)
{
	struct wg_scene none = scene(NULL, false, false);
	struct wg_scene loaded = scene(NULL, false, true);
	struct wg_scene kernel = scene("wireguard", false, true);
	struct wg_scene tun = scene("tun", true, true);
	struct wg_choice choice = { .asked = WIREGUARD_AUTO };
	struct err err = { 0 };

	check(wg_choice_decide(&choice, &none, NULL) == 0 && choice.backend == &wg_userspace);
	check(wg_choice_decide(&choice, &loaded, NULL) == 0 && choice.backend == &wg_kernel);
	check_str(choice.why, "the kernel has WireGuard");
	check(!choice.is_settled);
	check(wg_choice_decide(&choice, &kernel, NULL) == 0 && choice.is_settled);
	check_str(choice.why, "the kernel has WireGuard");
	check(wg_choice_decide(&choice, &none, NULL) == 0 && choice.backend == &wg_kernel);
	check(wg_choice_decide(&choice, &tun, &err) == -EPERM && choice.backend == &wg_kernel);
	check_str(err.text,
		  "wg0 is driven by wireguard-go now, and was by the kernel's WireGuard when this "
		  "agent began: restart aircrew to take it over as it is");
	check(wg_choice_decide(&choice, &kernel, NULL) == 0);
}

/* Whatever this machine has: what is asked about an absent kernel is told in a sentence. */
static void the_kernel_answers_or_says_why_not(void)
{
	struct err err = { 0 };
	int r = wg_kernel_probe(&err);

	check(r == 0 || (r == -EOPNOTSUPP && strstr(err.text, "modprobe wireguard")));
}

int main(void)
{
	run(takes_what_is_asked_for_what_is_there_or_the_kernels);
	run(refuses_the_interface_of_the_other);
	run(stays_with_what_drove_the_interface);
	run(the_kernel_answers_or_says_why_not);
	return check_done();
}
