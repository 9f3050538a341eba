// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Keeps the certificate that the TLS listener shows good while the tower runs: replaced at SIGHUP,
 * renewed when a self-made one nears its end, complained about when a given one does. Connections
 * and streams that stand keep the one that they began with.
 */
#ifndef TOWER_CERTIFICATE_H
#define TOWER_CERTIFICATE_H

#include "base/loop.h"
#include "tower/api/http.h"
#include "tower/given.h"

struct certificate;

/*
 * Takes the process's SIGHUP, also where there is no certificate to replace. `given->tls` is
 * exchanged in place, so whoever looks at it sees the one in use; a replacement that cannot be
 * loaded leaves the old one in use, and is logged. All pointers must stay valid.
 */
struct certificate_config {
	struct loop *loop;
	struct http *http;
	const struct tower_config *options;
	struct given *given;
	void (*on_replaced)(void *data);
	void *data;
};
int certificate_new(const struct certificate_config *config, struct certificate **ret_certificate,
		    struct err *err) _must_check_;
void certificate_free(struct certificate *certificate); /* NULL is allowed */

/* What there is to say of a certificate that ends then, in a sentence; "" when it is long. */
#define CERTIFICATE_TEXT_BYTES 160
enum certificate_health { CERTIFICATE_GOOD, CERTIFICATE_ENDS_SOON, CERTIFICATE_EXPIRED };
enum certificate_health certificate_judge(int64_t expires_ms, int64_t now_ms,
					  char ret_text[static CERTIFICATE_TEXT_BYTES]);

#endif
