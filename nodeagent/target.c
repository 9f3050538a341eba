// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "nodeagent/target.h"

#include <stdio.h>

void target_trust_given(struct tower_target *target, const char *pin, const char *ca_file)
{
	if (!target->url.is_tls) {
		target->trust = TARGET_PLAIN;
	} else if (*pin) {
		target->trust = TARGET_PIN_GIVEN;
		(void)snprintf(target->pin, sizeof(target->pin), "%s", pin);
	} else if (ca_file) {
		target->trust = TARGET_CA_GIVEN;
		target->ca_file = ca_file;
	} else {
		target->trust = TARGET_CA_SYSTEM;
	}
}

struct http_trust target_http_trust(const struct tower_target *target)
{
	return (struct http_trust){ .pin = *target->pin ? target->pin : NULL,
				    .ca_file = target->ca_file };
}

const char *target_trust_words(enum target_trust trust)
{
	static const char *const words[] = {
		[TARGET_PIN_GIVEN] = "the pin of --controller-pin",
		[TARGET_CA_GIVEN] = "the certificates of --controller-ca",
		[TARGET_PIN_SIGNPOST] = "the pin that the signpost tells",
		[TARGET_PIN_CACHED] = "the pin that is kept in the state dir",
		[TARGET_CA_SYSTEM] = "the certificates that this machine trusts",
		[TARGET_PLAIN] = "nothing, for it is plain HTTP",
	};

	return words[trust];
}
