// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * The certificate and key that the tower shows on its TLS listener: given as files, or self-made
 * and kept in the secret folder. The only room that knows GnuTLS by name; the handshakes
 * themselves are the HTTP server's.
 */
#ifndef TOWER_TLS_H
#define TOWER_TLS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/vec.h"

#define TLS_PIN_BYTES 54               /* "sha256//", 44 characters of base64, NUL, one to spare */
#define TLS_NAMES_MAX 100              /* names in a certificate that we read or make */
#define TLS_VALID_DAYS 820             /* some clients take no certificate of more than 825 */
#define TLS_RENEW_DAYS 30              /* a self-made one with less left is made anew at start */
#define TLS_FILE_MAX (256 * 1024)      /* a certificate file with its chain, or a key file */
#define TLS_KEY_NAME "tls.key"         /* in the secret folder, 0600 */
#define TLS_CERTIFICATE_NAME "tls.crt" /* in the secret folder, for people to look at */

VEC(tls_names, char *);

struct tls_config {
	const char *cert_file;    /* both files, or neither */
	const char *key_file;     /* PEM, not encrypted */
	const char *secret_dir;   /* for a self-made one */
	const char *listen_host;  /* address or name that is listened on; NULL or "" for any */
	const char *const *names; /* --tls-name: further DNS names or IP addresses */
	size_t names_len;
};

struct tls_material {
	char *cert_pem; /* the certificate, then what its file held behind it */
	char *key_pem;
	char pin[TLS_PIN_BYTES]; /* "sha256//<base64 of SHA-256 of the SubjectPublicKeyInfo>" (RFC
				    7469), as curl's --pinnedpubkey takes it */
	struct tls_names names;  /* subject alternative names; addresses as ip_format writes them */
	int64_t expires_ms;      /* since 1970 */
	bool self_made;
};

/*
 * Loads the given files, or the self-made key and certificate of the secret folder. The key is made
 * at first start (ECDSA P-256) and kept for ever, so that the pin stays; the certificate is made
 * anew when it has less than TLS_RENEW_DAYS left or lacks a name: localhost, 127.0.0.1, ::1, the
 * host's name, `listen_host`, `names`. *ret_material is the caller's (tls_material_done).
 * -EINVAL: a file holds no certificate or key, or they do not belong together; -EPERM: the kept key
 * is readable by others.
 */
int tls_load(const struct tls_config *config, int64_t now_ms, struct tls_material *ret_material,
	     struct err *err) _must_check_;

/* Wipes the key and frees what the struct owns; zeroed ones are allowed. */
void tls_material_done(struct tls_material *material);

/*
 * Whether the certificate is good for this host: a name in any case, an address without brackets.
 * A name "*.example.org" covers one label (RFC 6125, section 6.4.3).
 */
bool tls_has_name(const struct tls_material *material, const char *host);

#endif
