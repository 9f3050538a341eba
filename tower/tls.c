// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "tower/tls.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "crypto/crypto.h"
#include "mesh/addr.h"
#include "tower/secrets.h"
#include "tower/tls_x509.h"

#define DAY_MS ((int64_t)24 * 3600 * 1000)
#define PIN_PREFIX "sha256//"
#define PIN_PREFIX_LEN (sizeof(PIN_PREFIX) - 1)

static bool names_has(const struct tls_names *names, const char *name)
{
	vec_foreach(known, names) {
		if (strcasecmp(*known, name) == 0)
			return true;
	}
	return false;
}

/* Addresses are kept in one spelling, so that names can be compared as texts. */
static int names_add(struct tls_names *names, const char *name)
{
	char address[IP_TEXT_BYTES];
	struct ip ip;
	char *copy;
	int r;

	if (ip_parse(name, &ip, NULL) == 0) {
		ip_format(&ip, address);
		name = address;
	}
	if (names_has(names, name))
		return 0;
	if (names->len >= TLS_NAMES_MAX)
		return -E2BIG;
	copy = strdup(name);
	if (!copy)
		return -ENOMEM;
	r = vec_push(names, copy);
	if (r < 0)
		free(copy);
	return r;
}

static void names_done(struct tls_names *names)
{
	vec_foreach(name, names)
		free(*name);
	vec_done(names);
}

void tls_material_done(struct tls_material *material)
{
	free(material->cert_pem);
	secret_free(&material->key_pem);
	names_done(&material->names);
	*material = (struct tls_material){ 0 };
}

bool tls_has_name(const struct tls_material *material, const char *host)
{
	const char *rest = strchr(host, '.');

	if (names_has(&material->names, host))
		return true;
	vec_foreach(name, &material->names) {
		if (str_starts(*name, "*.") && rest && rest != host &&
		    strcasecmp(*name + 1, rest) == 0)
			return true;
	}
	return false;
}

/* The text of a subject alternative name; false for kinds that name no host. */
static bool name_of_san(unsigned int kind, const char *bytes, size_t len,
			char ret_name[static X509_NAME_BYTES])
{
	struct ip ip = { .family = len == 4 ? IP_V4 : IP_V6 };

	if (kind == GNUTLS_SAN_IPADDRESS && (len == 4 || len == 16)) {
		memcpy(ip.bytes, bytes, len);
		ip_format(&ip, ret_name);
		return true;
	}
	if (kind != GNUTLS_SAN_DNSNAME || len == 0 || len >= X509_NAME_BYTES ||
	    memchr(bytes, 0, len))
		return false;
	memcpy(ret_name, bytes, len);
	ret_name[len] = '\0';
	return true;
}

static int read_names(gnutls_x509_crt_t crt, struct tls_names *names, struct err *err)
{
	for (unsigned int i = 0; i < TLS_NAMES_MAX; i++) {
		char bytes[X509_NAME_BYTES];
		char name[X509_NAME_BYTES];
		size_t len = sizeof(bytes);
		unsigned int kind = 0;
		int r = gnutls_x509_crt_get_subject_alt_name2(crt, i, bytes, &len, &kind, NULL);

		if (r == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
			break;
		if (r == GNUTLS_E_SHORT_MEMORY_BUFFER)
			continue;
		if (r < 0)
			return x509_error(err, r, "names of the certificate");
		if (name_of_san(kind, bytes, len, name) && names_add(names, name) < 0)
			return err_oom(err);
	}
	return 0;
}

static int check_pair(gnutls_x509_privkey_t key, const uint8_t crt_id[X509_SHA256_BYTES],
		      struct err *err)
{
	uint8_t key_id[X509_SHA256_BYTES];
	size_t len = sizeof(key_id);
	int r = gnutls_x509_privkey_get_key_id(key, GNUTLS_KEYID_USE_SHA256, key_id, &len);

	if (r < 0)
		return x509_error(err, r, "compare certificate and key");
	if (memcmp(crt_id, key_id, sizeof(key_id)) != 0)
		return err_set(err, -EINVAL, "the certificate is of another key");
	return 0;
}

static int read_pin(gnutls_x509_crt_t crt, gnutls_x509_privkey_t key, char ret_pin[TLS_PIN_BYTES],
		    struct err *err)
{
	uint8_t id[X509_SHA256_BYTES];
	size_t len = sizeof(id);
	int r = gnutls_x509_crt_get_key_id(crt, GNUTLS_KEYID_USE_SHA256, id, &len);

	if (r < 0)
		return x509_error(err, r, "pin of the certificate");
	r = check_pair(key, id, err);
	if (r < 0)
		return r;
	memcpy(ret_pin, PIN_PREFIX, PIN_PREFIX_LEN);
	return crypto_encode(CRYPTO_TEXT_BASE64, id, len, ret_pin + PIN_PREFIX_LEN,
			     TLS_PIN_BYTES - PIN_PREFIX_LEN);
}

/* Reads what the two texts say; copies them. */
static int describe(const char *cert_pem, const char *key_pem, struct tls_material *ret_material,
		    struct err *err)
{
	_cleanup_(tls_material_done) struct tls_material material = { 0 };
	_cleanup_(x509_crt_done) gnutls_x509_crt_t crt = NULL;
	_cleanup_(x509_key_done) gnutls_x509_privkey_t key = NULL;
	int r = x509_import_crt(cert_pem, &crt, err);

	if (r >= 0)
		r = x509_import_key(key_pem, &key, err);
	if (r >= 0)
		r = read_pin(crt, key, material.pin, err);
	if (r >= 0)
		r = read_names(crt, &material.names, err);
	if (r < 0)
		return r;
	material.expires_ms = (int64_t)gnutls_x509_crt_get_expiration_time(crt) * 1000;
	material.cert_pem = strdup(cert_pem);
	material.key_pem = strdup(key_pem);
	if (!material.cert_pem || !material.key_pem)
		return err_oom(err);
	*ret_material = TAKE_STRUCT(material);
	return 0;
}

static int load_given(const struct tls_config *config, struct tls_material *ret_material,
		      struct err *err)
{
	_cleanup_free_ char *cert_pem = NULL;
	_cleanup_(secret_free) char *key_pem = NULL;
	int r;

	if (!config->cert_file || !config->key_file)
		return err_set(err, -EINVAL, "--tls-cert and --tls-key are given together");
	r = file_read(config->cert_file, TLS_FILE_MAX, &cert_pem, NULL, err);
	if (r >= 0)
		r = file_read(config->key_file, TLS_FILE_MAX, &key_pem, NULL, err);
	if (r < 0)
		return r;
	r = describe(cert_pem, key_pem, ret_material, err);
	if (r < 0)
		(void)err_wrap(err, "%s, %s", config->cert_file, config->key_file);
	return r;
}

static bool is_any_address(const char *host)
{
	struct ip ip;

	return !host || !host[0] || (ip_parse(host, &ip, NULL) == 0 && ip_to_number(&ip) == 0);
}

/* Letters, digits, dot, dash, underscore, and "*." in front; or an address. */
static bool is_host_name(const char *name)
{
	const char *rest = str_starts(name, "*.") ? name + 2 : name;
	size_t len = strlen(rest);

	if (ip_parse(name, &(struct ip){ 0 }, NULL) == 0)
		return true;
	return len > 0 && len < X509_NAME_BYTES - 2 &&
	       strspn(rest, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._") ==
		       len;
}

static int wanted_names(const struct tls_config *config, struct tls_names *names, struct err *err)
{
	char host[X509_NAME_BYTES] = "";
	int r = names_add(names, "localhost");

	for (size_t i = 0; i < config->names_len; i++) {
		if (!is_host_name(config->names[i]))
			return err_set(err, -EINVAL,
				       "name '%s': neither a host's name nor an address",
				       config->names[i]);
	}
	if (r == 0)
		r = names_add(names, "127.0.0.1");
	if (r == 0)
		r = names_add(names, "::1");
	if (r == 0 && gethostname(host, sizeof(host) - 1) == 0 && is_host_name(host))
		r = names_add(names, host);
	if (r == 0 && !is_any_address(config->listen_host))
		r = names_add(names, config->listen_host);
	for (size_t i = 0; r == 0 && i < config->names_len; i++)
		r = names_add(names, config->names[i]);
	if (r == -E2BIG)
		return err_set(err, r, "a certificate holds at most %d names", TLS_NAMES_MAX);
	return r < 0 ? err_oom(err) : 0;
}

static bool is_still_good(const struct tls_material *material, const struct tls_names *wanted,
			  int64_t now_ms)
{
	if (material->expires_ms < now_ms + TLS_RENEW_DAYS * DAY_MS)
		return false;
	vec_foreach(name, wanted) {
		if (!names_has(&material->names, *name))
			return false;
	}
	return true;
}

/* The kept certificate, when there is one that still does. */
static bool load_kept(const char *path, const char *key_pem, const struct tls_names *wanted,
		      int64_t now_ms, struct tls_material *ret_material)
{
	_cleanup_(tls_material_done) struct tls_material material = { 0 };
	_cleanup_free_ char *cert_pem = NULL;

	if (file_read(path, TLS_FILE_MAX, &cert_pem, NULL, NULL) < 0 ||
	    describe(cert_pem, key_pem, &material, NULL) < 0 ||
	    !is_still_good(&material, wanted, now_ms))
		return false;
	*ret_material = TAKE_STRUCT(material);
	return true;
}

static int load_self_made(const struct tls_config *config, int64_t now_ms,
			  struct tls_material *ret_material, struct err *err)
{
	_cleanup_(names_done) struct tls_names wanted = { 0 };
	_cleanup_(secret_free) char *key_pem = NULL;
	_cleanup_free_ char *cert_pem = NULL;
	char path[PATH_MAX];
	struct err why;
	int r = secret_path(config->secret_dir, TLS_CERTIFICATE_NAME, path, sizeof(path), err);

	if (r >= 0)
		r = secret_load(config->secret_dir, TLS_KEY_NAME, x509_make_key, &key_pem, err);
	if (r >= 0)
		r = wanted_names(config, &wanted, err);
	if (r < 0)
		return r;
	if (load_kept(path, key_pem, &wanted, now_ms, ret_material)) {
		ret_material->self_made = true;
		return 0;
	}
	r = x509_make_crt(key_pem, &wanted, now_ms, &cert_pem, err);
	if (r >= 0)
		r = describe(cert_pem, key_pem, ret_material, err);
	if (r < 0) {
		(void)err_wrap(err, "%s/%s", config->secret_dir, TLS_KEY_NAME);
		return r;
	}
	ret_material->self_made = true;
	/* The key alone must last: in a read-only folder each start makes a certificate of it. */
	if (file_write_atomic(path, cert_pem, strlen(cert_pem), 0644, &why) < 0)
		log_info("tls", "the certificate is not kept: %s", why.text);
	return 0;
}

int tls_load(const struct tls_config *config, int64_t now_ms, struct tls_material *ret_material,
	     struct err *err)
{
	int r = config->cert_file || config->key_file
			? load_given(config, ret_material, err)
			: load_self_made(config, now_ms, ret_material, err);

	if (r < 0)
		(void)err_wrap(err, "TLS");
	return r;
}
