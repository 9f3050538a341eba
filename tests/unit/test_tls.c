// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include <errno.h>
#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <sys/stat.h>

#include "base/file.h"
#include "crypto/crypto.h"
#include "tests/unit/check.h"
#include "tower/secrets.h"
#include "tower/tls.h"
#include "tower/tls_x509.h"

#define NOW_MS INT64_C(1800000000000)
#define DAY_MS ((int64_t)24 * 3600 * 1000)

static char dir[] = "/tmp/auth-tls.XXXXXX";
static char secret_dir[64];

static const char *in_dir(const char *name)
{
	static char path[4][128];
	static unsigned turn;

	turn = (turn + 1) % 4;
	(void)snprintf(path[turn], sizeof(path[turn]), "%s/%s", secret_dir, name);
	return path[turn];
}

static void forget(const char *name)
{
	(void)unlink(in_dir(name));
}

static int load(int64_t now_ms, struct tls_material *ret_material, struct err *err)
{
	static const char *const names[] = { "tower.example.org", "FD00:0::7", "*.mesh.test" };
	const struct tls_config config = { .secret_dir = secret_dir,
					   .listen_host = "192.0.2.7",
					   .names = names,
					   .names_len = ARRAY_SIZE(names) };

	return tls_load(&config, now_ms, ret_material, err);
}

static void makes_key_and_certificate_at_first_start(void)
{
	_cleanup_(tls_material_done) struct tls_material material = { 0 };
	struct stat st;

	check(load(NOW_MS, &material, NULL) == 0);
	check(material.self_made);
	check(strncmp(material.pin, "sha256//", 8) == 0 && strlen(material.pin) == 8 + 44);
	check(stat(secret_dir, &st) == 0 && (st.st_mode & 07777) == 0700);
	check(stat(in_dir("tls.key"), &st) == 0 && (st.st_mode & 07777) == 0600);
	check(material.expires_ms == NOW_MS + TLS_VALID_DAYS * DAY_MS);
}

static void certificate_names_what_the_tower_is_reached_by(void)
{
	static const struct {
		const char *host;
		bool covered;
	} rows[] = {
		{ "localhost", true },
		{ "LocalHost", true },
		{ "127.0.0.1", true },
		{ "::1", true },
		{ "192.0.2.7", true },
		{ "fd00::7", true },
		{ "tower.example.org", true },
		{ "a.mesh.test", true },
		{ "A.MESH.test", true },
		{ "a.b.mesh.test", false },
		{ "mesh.test", false },
		{ ".mesh.test", false },
		{ "example.org", false },
		{ "192.0.2.8", false },
		{ "", false },
	};
	_cleanup_(tls_material_done) struct tls_material material = { 0 };

	check(load(NOW_MS, &material, NULL) == 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (!check(tls_has_name(&material, rows[i].host) == rows[i].covered))
			printf("# host '%s'\n", rows[i].host);
	}
}

static void next_start_shows_the_same_certificate(void)
{
	_cleanup_(tls_material_done) struct tls_material first = { 0 };
	_cleanup_(tls_material_done) struct tls_material second = { 0 };

	check(load(NOW_MS, &first, NULL) == 0 && load(NOW_MS + DAY_MS, &second, NULL) == 0);
	check_str(second.cert_pem, first.cert_pem);
}

static void renewal_keeps_key_and_pin(void)
{
	const int64_t late_ms = NOW_MS + (TLS_VALID_DAYS - TLS_RENEW_DAYS) * DAY_MS;
	_cleanup_(tls_material_done) struct tls_material first = { 0 };
	_cleanup_(tls_material_done) struct tls_material kept = { 0 };
	_cleanup_(tls_material_done) struct tls_material renewed = { 0 };

	check(load(NOW_MS, &first, NULL) == 0);
	check(load(late_ms, &kept, NULL) == 0);
	check_str(kept.cert_pem, first.cert_pem);
	check(load(late_ms + 1, &renewed, NULL) == 0);
	check(strcmp(renewed.cert_pem, first.cert_pem) != 0);
	check(renewed.expires_ms > late_ms + TLS_RENEW_DAYS * DAY_MS);
	check_str(renewed.key_pem, first.key_pem);
	check_str(renewed.pin, first.pin);
	forget("tls.crt");
}

static void missing_name_makes_a_new_certificate(void)
{
	static const char *const names[] = { "other.example.org" };
	const struct tls_config config = { .secret_dir = secret_dir,
					   .names = names,
					   .names_len = 1 };
	_cleanup_(tls_material_done) struct tls_material first = { 0 };
	_cleanup_(tls_material_done) struct tls_material second = { 0 };

	check(load(NOW_MS, &first, NULL) == 0);
	check(!tls_has_name(&first, "other.example.org"));
	check(tls_load(&config, NOW_MS, &second, NULL) == 0);
	check(tls_has_name(&second, "other.example.org"));
	check_str(second.pin, first.pin);
}

static void damaged_certificate_is_made_anew(void)
{
	_cleanup_(tls_material_done) struct tls_material material = { 0 };

	check(file_write_atomic(in_dir("tls.crt"), "junk\n", 5, 0644, NULL) == 0);
	check(load(NOW_MS, &material, NULL) == 0);
	check(tls_has_name(&material, "localhost"));
}

static void pin_is_the_hash_of_the_public_key(void)
{
	_cleanup_(tls_material_done) struct tls_material material = { 0 };
	_cleanup_(x509_crt_done) gnutls_x509_crt_t crt = NULL;
	gnutls_pubkey_t pub = NULL;
	gnutls_datum_t spki = { 0 };
	uint8_t digest[32];
	char text[45];

	check(load(NOW_MS, &material, NULL) == 0);
	check(gnutls_pubkey_init(&pub) == 0);
	check(x509_import_crt(material.cert_pem, &crt, NULL) == 0);
	check(gnutls_pubkey_import_x509(pub, crt, 0) == 0);
	check(gnutls_pubkey_export2(pub, GNUTLS_X509_FMT_DER, &spki) == 0);
	check(gnutls_hash_fast(GNUTLS_DIG_SHA256, spki.data, spki.size, digest) == 0);
	check(crypto_encode(CRYPTO_TEXT_BASE64, digest, 32, text, sizeof(text)) == 0);
	check_str(material.pin + 8, text);
	gnutls_free(spki.data);
	gnutls_pubkey_deinit(pub);
}

static void readable_key_is_refused(void)
{
	_cleanup_(tls_material_done) struct tls_material material = { 0 };
	struct err err = { 0 };

	check(load(NOW_MS, &material, NULL) == 0);
	tls_material_done(&material);
	check(chmod(in_dir("tls.key"), 0640) == 0);
	check(load(NOW_MS, &material, &err) == -EPERM);
	check(strstr(err.text, "tls.key") && strstr(err.text, "chmod 0600"));
	check(chmod(in_dir("tls.key"), 0600) == 0);
}

static int load_files(const char *cert, const char *key, struct tls_material *ret_material,
		      struct err *err)
{
	const struct tls_config config = { .cert_file = cert,
					   .key_file = key,
					   .secret_dir = secret_dir };

	return tls_load(&config, NOW_MS, ret_material, err);
}

static void given_files_are_shown_as_they_are(void)
{
	_cleanup_(tls_material_done) struct tls_material made = { 0 };
	_cleanup_(tls_material_done) struct tls_material given = { 0 };

	check(load(NOW_MS, &made, NULL) == 0);
	check(load_files(in_dir("tls.crt"), in_dir("tls.key"), &given, NULL) == 0);
	check(!given.self_made);
	check_str(given.pin, made.pin);
	check_str(given.cert_pem, made.cert_pem);
	check(tls_has_name(&given, "tower.example.org"));
}

static void given_files_that_do_not_fit_are_refused(void)
{
	_cleanup_(tls_material_done) struct tls_material material = { 0 };
	_cleanup_(secret_free) char *other = NULL;
	struct err err = { 0 };

	check(load(NOW_MS, &material, NULL) == 0);
	tls_material_done(&material);
	check(x509_make_key(&other, NULL) == 0);
	check(file_write_atomic(in_dir("other.key"), other, strlen(other), 0600, NULL) == 0);
	check(load_files(in_dir("tls.crt"), in_dir("other.key"), &material, &err) == -EINVAL);
	check(strstr(err.text, "another key") != NULL);
	check(load_files(in_dir("tls.crt"), NULL, &material, &err) == -EINVAL);
	check(strstr(err.text, "--tls-key") != NULL);
	check(load_files(in_dir("absent.crt"), in_dir("tls.key"), &material, &err) == -ENOENT);
	check(load_files(in_dir("tls.key"), in_dir("tls.key"), &material, &err) == -EINVAL);
	check(strstr(err.text, "no certificate") != NULL);
	check(material.cert_pem == NULL);
	forget("other.key");
}

static void name_that_is_none_is_refused(void)
{
	static const char *const bad[] = { "", "a b", "*", "https://x", "a/b", "ä.example.org" };
	_cleanup_(tls_material_done) struct tls_material material = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		const struct tls_config config = { .secret_dir = secret_dir,
						   .names = &bad[i],
						   .names_len = 1 };

		check(tls_load(&config, NOW_MS, &material, NULL) == -EINVAL);
	}
}

int main(void)
{
	if (!mkdtemp(dir) || crypto_init(NULL) < 0)
		return 1;
	(void)snprintf(secret_dir, sizeof(secret_dir), "%s/secrets", dir);
	run(makes_key_and_certificate_at_first_start);
	run(certificate_names_what_the_tower_is_reached_by);
	run(next_start_shows_the_same_certificate);
	run(renewal_keeps_key_and_pin);
	run(missing_name_makes_a_new_certificate);
	run(damaged_certificate_is_made_anew);
	run(pin_is_the_hash_of_the_public_key);
	run(readable_key_is_refused);
	run(given_files_are_shown_as_they_are);
	run(given_files_that_do_not_fit_are_refused);
	run(name_that_is_none_is_refused);
	forget("tls.key");
	forget("tls.crt");
	(void)rmdir(secret_dir);
	(void)rmdir(dir);
	return check_done();
}
