// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
/*
 * Certificates and keys as GnuTLS holds them: for tower/tls alone.
 */
#ifndef TOWER_TLS_X509_H
#define TOWER_TLS_X509_H

#include <gnutls/x509.h>

#include "tower/tls.h"

#define X509_NAME_BYTES 256 /* DNS names have at most 253 characters (RFC 1035) */
#define X509_SHA256_BYTES 32

/* For _cleanup_. */
void x509_crt_done(gnutls_x509_crt_t *crt);
void x509_key_done(gnutls_x509_privkey_t *key);

/* -ENOMEM, or -EINVAL with "<what>: <what GnuTLS says of the code>". */
int x509_error(struct err *err, int gnutls_code, const char *what);

/* PEM texts; the results are the caller's. -EINVAL. */
int x509_import_key(const char *pem, gnutls_x509_privkey_t *ret_key, struct err *err) _must_check_;
int x509_import_crt(const char *pem, gnutls_x509_crt_t *ret_crt, struct err *err) _must_check_;

/* A new ECDSA P-256 key as PEM, the caller's to wipe and free. */
int x509_make_key(char **ret_pem, struct err *err) _must_check_;

/* A self-signed server certificate of the key, good from now for TLS_VALID_DAYS; to be freed. */
int x509_make_crt(const char *key_pem, const struct tls_names *names, int64_t now_ms,
		  char **ret_pem, struct err *err) _must_check_;

#endif
