// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "tower/tls_x509.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <string.h>

#include "crypto/crypto.h"
#include "mesh/addr.h"

#define DAY_S ((time_t)24 * 3600)
#define SERIAL_BYTES 16 /* RFC 5280, section 4.1.2.2: positive, at most 20 */
#define SUBJECT "Apex tower"

void x509_crt_done(gnutls_x509_crt_t *crt)
{
	if (*crt)
		gnutls_x509_crt_deinit(*crt);
}

void x509_key_done(gnutls_x509_privkey_t *key)
{
	if (*key)
		gnutls_x509_privkey_deinit(*key);
}

int x509_error(struct err *err, int gnutls_code, const char *what)
{
	if (gnutls_code == GNUTLS_E_MEMORY_ERROR)
		return err_oom(err);
	return err_set(err, -EINVAL, "%s: %s", what, gnutls_strerror(gnutls_code));
}

static gnutls_datum_t datum(const char *text)
{
	return (gnutls_datum_t){ (unsigned char *)text, (unsigned int)strlen(text) };
}

int x509_import_key(const char *pem, gnutls_x509_privkey_t *ret_key, struct err *err)
{
	_cleanup_(x509_key_done) gnutls_x509_privkey_t key = NULL;
	const gnutls_datum_t text = datum(pem);
	int r = gnutls_x509_privkey_init(&key);

	if (r == 0)
		r = gnutls_x509_privkey_import2(key, &text, GNUTLS_X509_FMT_PEM, NULL, 0);
	if (r == GNUTLS_E_DECRYPTION_FAILED)
		return err_set(err, -EINVAL,
			       "the key is encrypted; a tower starts alone and needs it in clear");
	if (r < 0)
		return x509_error(err, r, "no private key in PEM");
	*ret_key = TAKE_PTR(key);
	return 0;
}

int x509_import_crt(const char *pem, gnutls_x509_crt_t *ret_crt, struct err *err)
{
	_cleanup_(x509_crt_done) gnutls_x509_crt_t crt = NULL;
	const gnutls_datum_t text = datum(pem);
	int r = gnutls_x509_crt_init(&crt);

	if (r == 0)
		r = gnutls_x509_crt_import(crt, &text, GNUTLS_X509_FMT_PEM);
	if (r < 0)
		return x509_error(err, r, "no certificate in PEM");
	*ret_crt = TAKE_PTR(crt);
	return 0;
}

/* GnuTLS's allocator is not ours to free by. */
static int take_text(gnutls_datum_t *text, char **ret_text)
{
	char *copy = strndup((const char *)text->data, text->size);

	explicit_bzero(text->data, text->size);
	gnutls_free(text->data);
	if (!copy)
		return -ENOMEM;
	*ret_text = copy;
	return 0;
}

int x509_make_key(char **ret_pem, struct err *err)
{
	_cleanup_(x509_key_done) gnutls_x509_privkey_t key = NULL;
	const unsigned int bits = GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1);
	gnutls_datum_t text = { NULL, 0 };
	int r = gnutls_x509_privkey_init(&key);

	if (r >= 0)
		r = gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA, bits, 0);
	if (r >= 0)
		r = gnutls_x509_privkey_export2(key, GNUTLS_X509_FMT_PEM, &text);
	if (r < 0)
		return x509_error(err, r, "make a TLS key");
	return take_text(&text, ret_pem) < 0 ? err_oom(err) : 0;
}

static int add_name(gnutls_x509_crt_t crt, const char *name)
{
	struct ip ip;

	if (ip_parse(name, &ip, NULL) == 0)
		return gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_IPADDRESS, ip.bytes,
							    ip_family_bits(ip.family) / 8,
							    GNUTLS_FSAN_APPEND);
	return gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_DNSNAME, name,
						    (unsigned int)strlen(name), GNUTLS_FSAN_APPEND);
}

/* Not a CA: whoever imports it into a browser trusts this tower, and nothing that it could sign. */
static int fill(gnutls_x509_crt_t crt, gnutls_x509_privkey_t key, const struct tls_names *names,
		time_t now)
{
	uint8_t serial[SERIAL_BYTES];
	int r = gnutls_x509_crt_set_version(crt, 3);

	crypto_random(serial, sizeof(serial));
	serial[0] = (serial[0] & 0x7f) | 0x40;
	if (r == 0)
		r = gnutls_x509_crt_set_serial(crt, serial, sizeof(serial));
	if (r == 0)
		r = gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, SUBJECT,
						  sizeof(SUBJECT) - 1);
	/* A day back: the clocks of the nodes may lag behind ours. */
	if (r == 0)
		r = gnutls_x509_crt_set_activation_time(crt, now - DAY_S);
	if (r == 0)
		r = gnutls_x509_crt_set_expiration_time(crt, now + TLS_VALID_DAYS * DAY_S);
	if (r == 0)
		r = gnutls_x509_crt_set_key(crt, key);
	if (r == 0)
		r = gnutls_x509_crt_set_basic_constraints(crt, 0, -1);
	if (r == 0)
		r = gnutls_x509_crt_set_key_usage(crt, GNUTLS_KEY_DIGITAL_SIGNATURE);
	if (r == 0)
		r = gnutls_x509_crt_set_key_purpose_oid(crt, GNUTLS_KP_TLS_WWW_SERVER, 0);
	for (size_t i = 0; r == 0 && i < names->len; i++)
		r = add_name(crt, names->at[i]);
	return r;
}

int x509_make_crt(const char *key_pem, const struct tls_names *names, int64_t now_ms,
		  char **ret_pem, struct err *err)
{
	_cleanup_(x509_key_done) gnutls_x509_privkey_t key = NULL;
	_cleanup_(x509_crt_done) gnutls_x509_crt_t crt = NULL;
	gnutls_datum_t text = { NULL, 0 };
	int r = x509_import_key(key_pem, &key, err);

	if (r < 0)
		return r;
	r = gnutls_x509_crt_init(&crt);
	if (r >= 0)
		r = fill(crt, key, names, (time_t)(now_ms / 1000));
	if (r >= 0)
		r = gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA256, 0);
	if (r >= 0)
		r = gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &text);
	if (r < 0)
		return x509_error(err, r, "make a certificate");
	return take_text(&text, ret_pem) < 0 ? err_oom(err) : 0;
}
