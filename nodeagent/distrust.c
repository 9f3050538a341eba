// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "nodeagent/distrust.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

#define PLACE_MAX 100 /* of host and port: so much fits into a hint beside the command */

/* "host:port" */
static const char *place_of(const struct tower_target *target)
{
	const char *place = strstr(target->url.base, "://");

	return place && strlen(place + 3) <= PLACE_MAX ? place + 3 : "HOST:PORT";
}

/* How to see the pin where nobody can stand between. */
static void hint_how_to_see_the_pin(const struct tower_target *target, struct refusal *refusal)
{
	refusal_hint(refusal,
		     "give its pin as --controller-pin; on the tower's own machine this prints it: "
		     "openssl s_client -connect %s </dev/null 2>/dev/null | openssl x509 -pubkey "
		     "-noout | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | "
		     "base64",
		     place_of(target));
}

static void explain_pin(const struct http_answer *from, const struct tower_target *target,
			struct refusal *refusal)
{
	refusal_set(refusal, "E-pin",
		    "%.110s shows the key %s, but %s is %s; nothing was sent to it",
		    target->url.base, *from->found_pin ? from->found_pin : "of another pin",
		    target_trust_words(target->trust), target->pin);
	switch (target->trust) {
	case TARGET_PIN_SIGNPOST:
		refusal_hint(refusal,
			     "is %.110s still the tower that wrote the signpost %.90s? If its own "
			     "log shows this key, give it as --controller-pin; if not, somebody "
			     "stands between",
			     target->url.base, target->signpost);
		break;
	case TARGET_PIN_CACHED:
		refusal_hint(refusal,
			     "if the log of the tower itself shows this key, give it as "
			     "--controller-pin, or remove signpost.json from --state-dir to have "
			     "the signpost asked anew; if not, somebody stands between");
		break;
	default:
		refusal_hint(refusal,
			     "compare with the pin that the tower logs at start; when they "
			     "agree, set --controller-pin to it; when not, somebody stands "
			     "between");
		break;
	}
}

static void explain_certificate(const struct http_answer *from, const struct tower_target *target,
				struct refusal *refusal)
{
	const char *base = target->url.base;

	switch (from->distrust) {
	case HTTP_DISTRUST_EXPIRED:
		refusal_set(refusal, "E-certificate", "the certificate of %.150s has expired",
			    base);
		refusal_hint(refusal,
			     "renew it on the tower, which takes it without a restart (SIGHUP); is "
			     "this machine's clock right?");
		return;
	case HTTP_DISTRUST_EARLY:
		refusal_set(refusal, "E-certificate", "the certificate of %.150s is not good yet",
			    base);
		refusal_hint(refusal, "is this machine's clock right, and the tower's?");
		return;
	case HTTP_DISTRUST_NAME:
		refusal_set(refusal, "E-certificate",
			    "the certificate of %.100s is one for other hosts than %.150s", base,
			    target->url.host);
		refusal_hint(refusal,
			     "use a name that is in the certificate, or add this one there "
			     "(controltower --tls-name), or give --controller-pin");
		return;
	case HTTP_DISTRUST_ISSUER:
		refusal_set(
			refusal, "E-certificate",
			"the certificate of %.130s is self-made, or made by somebody whom %s do "
			"not know; nothing was sent to it",
			base, target_trust_words(target->trust));
		break;
	default:
		refusal_set(refusal, "E-certificate", "%.110s: %.180s", base, from->why);
		break;
	}
	if (target->trust == TARGET_CA_GIVEN)
		refusal_hint(refusal,
			     "does the file of --controller-ca hold the certificate of who "
			     "made the tower's? --controller-pin instead needs none");
	else
		hint_how_to_see_the_pin(target, refusal);
}

void distrust_explain(const struct http_answer *from, const struct tower_target *target,
		      struct refusal *ret_refusal)
{
	if (*target->pin)
		explain_pin(from, target, ret_refusal);
	else
		explain_certificate(from, target, ret_refusal);
}
