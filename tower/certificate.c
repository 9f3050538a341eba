// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "tower/certificate.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"

#define AREA "tls"
#define LOOK_MS ((int64_t)12 * 3600 * 1000) /* so often it is looked at */
#define DAY_MS ((int64_t)24 * 3600 * 1000)

struct certificate {
	struct certificate_config config;
	struct loop_signal *hangup;
	struct loop_timer *look;
};

enum certificate_health certificate_judge(int64_t expires_ms, int64_t now_ms,
					  char ret_text[static CERTIFICATE_TEXT_BYTES])
{
	int64_t left_ms = expires_ms - now_ms;

	*ret_text = '\0';
	if (left_ms >= TLS_RENEW_DAYS * DAY_MS)
		return CERTIFICATE_GOOD;
	if (left_ms <= 0) {
		(void)snprintf(ret_text, CERTIFICATE_TEXT_BYTES,
			       "the certificate has expired: replace its file and send SIGHUP; "
			       "agents that have its pin come in all the same");
		return CERTIFICATE_EXPIRED;
	}
	(void)snprintf(ret_text, CERTIFICATE_TEXT_BYTES,
		       "the certificate expires in %jd days: replace its file and send SIGHUP",
		       (intmax_t)(left_ms / DAY_MS));
	return CERTIFICATE_ENDS_SOON;
}

static void complain(const struct certificate *certificate)
{
	char text[CERTIFICATE_TEXT_BYTES];
	enum certificate_health health =
		certificate_judge(certificate->config.given->tls.expires_ms, clock_real_ms(), text);

	if (health == CERTIFICATE_EXPIRED)
		log_error(AREA, "%s", text);
	else if (health == CERTIFICATE_ENDS_SOON)
		log_warn(AREA, "%s", text);
}

static int replace(struct certificate *certificate, struct err *err)
{
	struct given *given = certificate->config.given;
	_cleanup_(tls_material_done) struct tls_material fresh = { 0 };
	struct tls_material old;
	int r = given_load_tls(certificate->config.options, given, &fresh, err);

	if (r == 0 && str_eq(fresh.cert_pem, given->tls.cert_pem) &&
	    str_eq(fresh.key_pem, given->tls.key_pem)) {
		log_info(AREA, "the certificate is the same as before");
		return 0;
	}
	if (r == 0)
		r = http_replace_certificate(certificate->config.http, fresh.cert_pem,
					     fresh.key_pem, err);
	if (r < 0)
		return r;
	log_info(AREA, "the certificate was replaced; connections that stand keep the old one");
	if (!str_eq(fresh.pin, given->tls.pin))
		log_warn(AREA,
			 "its key is another one: agents that were given the pin %s refuse the "
			 "tower (E-pin) until they are given %s",
			 given->tls.pin, fresh.pin);
	old = given->tls;
	given->tls = fresh;
	fresh = old;
	certificate->config.on_replaced(certificate->config.data);
	return 0;
}

static void on_hangup(int signal_number, void *data)
{
	struct certificate *certificate = data;
	struct err err;

	(void)signal_number;
	if (!certificate->config.options->tls_listen)
		log_info(AREA, "SIGHUP: without --tls-listen there is no certificate to replace");
	else if (replace(certificate, &err) < 0)
		log_error(AREA, "SIGHUP: %s; the certificate in use stays", err.text);
	else
		complain(certificate);
}

/* A self-made one is made anew by loading it when its time has come. */
static void on_look(void *data)
{
	struct certificate *certificate = data;
	const struct tls_material *tls = &certificate->config.given->tls;
	char text[CERTIFICATE_TEXT_BYTES];
	struct err err;

	loop_timer_set(certificate->look, LOOK_MS);
	if (tls->self_made &&
	    certificate_judge(tls->expires_ms, clock_real_ms(), text) != CERTIFICATE_GOOD &&
	    replace(certificate, &err) < 0)
		log_error(AREA, "renewing the certificate: %s", err.text);
	complain(certificate);
}

int certificate_new(const struct certificate_config *config, struct certificate **ret_certificate,
		    struct err *err)
{
	struct certificate *certificate = calloc(1, sizeof(*certificate));
	int r;

	if (!certificate)
		return err_oom(err);
	certificate->config = *config;
	r = loop_signal_new(config->loop, SIGHUP, on_hangup, certificate, &certificate->hangup,
			    err);
	if (r == 0)
		r = loop_timer_new(config->loop, on_look, certificate, &certificate->look, err);
	if (r < 0) {
		certificate_free(certificate);
		return r;
	}
	if (config->options->tls_listen) {
		loop_timer_set(certificate->look, LOOK_MS);
		complain(certificate);
	}
	*ret_certificate = certificate;
	return 0;
}

void certificate_free(struct certificate *certificate)
{
	if (!certificate)
		return;
	loop_signal_free(certificate->hangup);
	loop_timer_free(certificate->look);
	free(certificate);
}
