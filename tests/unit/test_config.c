// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "nodeagent/config.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/file.h"
#include "check.h"
#include "crypto/crypto.h"
#include "nodeagent/keyfile.h"

#define URL "--controller=http://127.0.0.1:8080"
#define PRIVATE "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk="
#define PUBLIC "HIgo9xNzJMWLKASShiTqIybxZ0U3wGLiUeJ1PKf8ykw="
#define OTHER_PUBLIC "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg="
#define ARGS_MAX 32

static char dir[] = "/tmp/agent-config.XXXXXX"; /* each run has its own state dir */

/* Parses the words, split at blanks, behind a --state-dir of our own; the config is the caller's.
 */
static int make(const char *words, struct config *ret_config, struct err *err)
{
	_cleanup_free_ char *text = strdup(words);
	char state_dir[64];
	char *argv[ARGS_MAX] = { (char *)"aircrew", state_dir };
	struct agent_options options = { 0 };
	struct option_list rest = { 0 };
	int argc = 2;
	int r;

	(void)snprintf(state_dir, sizeof(state_dir), "--state-dir=%s", dir);
	for (char *word = strtok(text, " "); word && argc < ARGS_MAX - 1; word = strtok(NULL, " "))
		argv[argc++] = word;
	r = options_parse(&agent_options_table, argc, argv, &options, &rest, err);
	if (r >= 0)
		r = config_make(&options, ret_config, err);
	options_done(&agent_options_table, &options);
	vec_done(&rest);
	return r;
}

static void write_file(const char *name, const char *text, mode_t mode, char *ret_path, size_t len)
{
	(void)snprintf(ret_path, len, "%s/%s", dir, name);
	check(file_write_atomic(ret_path, text, strlen(text), mode, NULL) == 0);
}

static void takes_the_defaults_of_the_documentation(void)
{
	_cleanup_(config_done) struct config config = { 0 };

	check(make(URL " --private-key=" PRIVATE, &config, NULL) == 0);
	check_str(config.zone, "default");
	check_str(config.interface, "wg0");
	check_str(config.run_dir, "/run/aircrew");
	check(config.listen_port == 0 && config.mtu == 0);
	check(config.targets.len == 1 && config.targets.at[0].url.is_loopback &&
	      !config.targets.at[0].url.is_tls);
	check_str(config.targets.at[0].url.base, "http://127.0.0.1:8080");
	check(config.endpoint.family == IP_NONE && config.prefixes.len == 0);
	check(!config.daemon && !config.dry_run && config.has_key && !config.token);
}

static void reads_every_wish(void)
{
	_cleanup_(config_done) struct config config = { 0 };

	check(make(URL
		   " --public-key " PUBLIC " -private-key " PRIVATE
		   " --zone=zone-blue --request-ip=fd00::9,10.1.0.9 --child-prefix=172.24.0.1/24"
		   " --child-prefix=fd01::/64 --hub-router --hostname=n1 --network-internal"
		   " --local-endpoint-ip=192.0.2.7 --interface=wg7 --mtu=1400",
		   &config, NULL) == 0);
	check_str(config.zone, "zone-blue");
	check(config.address[0].family == IP_V4 && config.address[1].family == IP_V6);
	check(config.prefixes.len == 2 && config.prefixes.at[0].ip.bytes[3] == 0);
	check(config.hub_router && config.internal_network && config.endpoint.family == IP_V4);
	check_str(config.hostname, "n1");
	check_str(config.interface, "wg7");
	check(config.mtu == 1400);
}

static void refuses_by_name(void)
{
	static const struct {
		const char *words;
		const char *says[2]; /* both stand in the sentence */
	} rows[] = {
		{ "--zone=x", { "--controller is missing", "https://" } },
		{ "--controller=http://192.0.2.1:8080",
		  { "--controller=http://192.0.2.1:8080", "--insecure" } },
		{ "--controller=ftp://h", { "--controller", "https://" } },
		{ "--controller=https://u:p@h", { "--controller", "password" } },
		{ "--controller=https://h/path", { "--controller", "behind the port" } },
		{ URL " --controller-password=x", { "--controller-password", "--controller=" } },
		{ URL " --controller-pin=" PUBLIC, { "--controller-pin", "--controller=http:" } },
		{ URL " --controller-ca=/x", { "--controller-ca", "--controller=http:" } },
		{ "--controller=https://h --controller-pin=abc",
		  { "--controller-pin", "sha256//" } },
		{ "--controller=https://h --controller-ca=/no/such",
		  { "--controller-ca=/no/such", "No such file" } },
		{ "--controller=https://h --controller-pin=" PUBLIC " --controller-ca=/x",
		  { "use either --controller-pin or --controller-ca, not both", "" } },
		{ "--controller=https://h,10.0.0.1",
		  { "--controller=https://h:443 is a tower", "signpost (10.0.0.1)" } },
		{ "--controller=10.0.0.1,http://127.0.0.1:1",
		  { "--controller=http://127.0.0.1:1 is a tower", "signpost (10.0.0.1)" } },
		{ URL " --controller-password-file=/x",
		  { "--controller-password-file", "--controller=http:" } },
		{ URL " --controller-prefix=x:", { "--controller-prefix", "--controller=http:" } },
		{ "--controller=h --controller-password=a --controller-password-file=/x",
		  { "use either --controller-password or --controller-password-file", "" } },
		{ "--controller=h --controller-password-file=/no/such",
		  { "--controller-password-file", "/no/such" } },
		{ "--controller=redis://u:SECRET@h",
		  { "--controller", "--controller-password-file" } },
		{ "--controller=redis://me@h", { "'me'", "--controller-password" } },
		{ "--controller=rediss://h", { "--controller", "stunnel" } },
		{ "--controller=h:99999", { "--controller", "port" } },
		{ "--controller=a,b,c,d,e", { "--controller", "more than 4 signposts" } },
		{ URL " --private-key=" PRIVATE " --private-key-file=/x",
		  { "use either --private-key or --private-key-file, not both", "" } },
		{ URL " --private-key=abc", { "--private-key", "" } },
		{ URL " --public-key=" OTHER_PUBLIC " --private-key=" PRIVATE,
		  { "--public-key=" OTHER_PUBLIC " does not belong to --private-key", PUBLIC } },
		{ URL " --public-key=" PUBLIC, { "--public-key is given", "private.key" } },
		{ URL " --join-token=a --join-token-file=/x",
		  { "use either --join-token or --join-token-file, not both", "" } },
		{ URL " --join-token-file=/no/such", { "--join-token-file", "/no/such" } },
		{ URL " --zone=a/b", { "--zone", "a/b" } },
		{ URL " --request-ip=10.0.0.1,10.0.0.2", { "--request-ip", "one family" } },
		{ URL " --request-ip=x", { "--request-ip", "" } },
		{ URL " --local-endpoint-ip=host", { "--local-endpoint-ip", "" } },
		{ URL " --child-prefix=10.0.0.0/24,10.0.0.128/25",
		  { "10.0.0.128/25 overlaps 10.0.0.0/24", "--child-prefix" } },
		{ URL " --request-ip=172.24.0.5 --child-prefix=172.24.0.0/24",
		  { "--request-ip=172.24.0.5", "--child-prefix=172.24.0.0/24" } },
		{ URL " --child-prefix=0.0.0.0/0", { "--child-prefix", "" } },
		{ URL " --hostname=a_b!", { "--hostname", "a_b!" } },
		{ URL " --interface=../x", { "--interface", "../x" } },
		{ URL " --interface=abcdefghijklmnop", { "--interface", "15" } },
		{ URL " --listen-port=65536", { "--listen-port", "65536" } },
		{ URL " --mtu=500", { "--mtu", "1280" } },
		{ URL " --wireguard=magic", { "--wireguard", "auto|kernel|userspace" } },
		{ URL " --log-level=loud", { "--log-level", "debug" } },
		{ URL " --config=/x", { "--config", "zone" } },
		{ URL " --agent-mode", { "--agent-mode", "leave" } },
		{ URL " --colour", { "--colour", "--help" } },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(config_done) struct config config = { 0 };
		struct err err = { 0 };
		bool ok = check(make(rows[i].words, &config, &err) < 0);

		ok &= check(strstr(err.text, rows[i].says[0]) != NULL);
		ok &= check(strstr(err.text, rows[i].says[1]) != NULL);
		if (!ok)
			printf("# \"%s\" -> \"%s\"\n", rows[i].words, err.text);
	}
}

static void a_secret_is_in_no_sentence(void)
{
	_cleanup_(config_done) struct config config = { 0 };
	struct err err = { 0 };

	check(make(URL " --private-key=SECRETSECRET", &config, &err) < 0);
	check(!strstr(err.text, "SECRET"));
	check(make(URL " --private-key=" PRIVATE " --controller-password=SECRET", &config, &err) <
	      0);
	check(!strstr(err.text, "SECRET"));
	check(make("--controller=redis://u:SECRET@h", &config, &err) < 0);
	check(!strstr(err.text, "SECRET"));
	check(make("--controller=foo://u:SECRET@h", &config, &err) < 0);
	check(!strstr(err.text, "SECRET"));
}

static void allows_plain_http_for_those_who_insist(void)
{
	_cleanup_(config_done) struct config config = { 0 };

	check(make("--controller=http://192.0.2.1:8080 --insecure", &config, NULL) == 0);
	check(!config.targets.at[0].url.is_loopback);
}

static void an_empty_value_is_none(void)
{
	_cleanup_(config_done) struct config config = { 0 };

	check(make(URL
		   " --controller-pin= --join-token= --request-ip= --private-key= --public-key=",
		   &config, NULL) == 0);
	check(!*config.pin && !config.token && !config.has_key);
}

static void takes_several_towers(void)
{
	_cleanup_(config_done) struct config config = { 0 };

	check(make("--controller=https://a:1,https://B --controller https://[::1]:8443/", &config,
		   NULL) == 0);
	check(config.targets.len == 3);
	check_str(config.targets.at[0].url.base, "https://a:1");
	check_str(config.targets.at[1].url.base, "https://B:443");
	check_str(config.targets.at[2].url.base, "https://[::1]:8443");
	check_str(config.targets.at[2].url.host, "::1");
	check(config.targets.at[2].url.is_loopback);
}

static void takes_signposts(void)
{
	_cleanup_(config_done) struct config config = { 0 };

	check(make("--controller=redis.example,10.0.0.1:7000,::1 --controller=redis://me@[fd00::1]/2 "
		   "--controller-password=p@ss --controller-prefix=x: --controller-pin=" PUBLIC,
		   &config, NULL) == 0);
	check(config.signposts_len == 4 && config.targets.len == 0);
	check_str(config.signposts[0].host, "redis.example");
	check(config.signposts[0].port == 6379 && config.signposts[1].port == 7000);
	check_str(config.signposts[2].host, "::1");
	check_str(config.signposts[3].host, "fd00::1");
	check_str(config.signposts[3].user, "me");
	check(config.signposts[3].db == 2);
	for (size_t i = 0; i < 4; i++)
		check_str(config.signposts[i].password, "p@ss");
	check_str(config.signpost_key, "x:signpost");
	check_str(config.pin, "sha256//" PUBLIC);
}

static void reads_the_password_from_a_file(void)
{
	_cleanup_(config_done) struct config config = { 0 };
	char path[96];
	char words[256];

	write_file("password", "horse\n", 0600, path, sizeof(path));
	(void)snprintf(words, sizeof(words),
		       "--controller=unix:///run/redis.sock --controller-password-file=%s", path);
	check(make(words, &config, NULL) == 0);
	check_str(config.signposts[0].path, "/run/redis.sock");
	check_str(config.signposts[0].password, "horse");
	check_str(config.signpost_key, "apex:signpost");
}

static void takes_a_pin_with_and_without_its_name(void)
{
	_cleanup_(config_done) struct config config = { 0 };
	_cleanup_(config_done) struct config bare = { 0 };

	check(make("--controller=https://h --controller-pin=sha256//" PUBLIC, &config, NULL) == 0);
	check(make("--controller=https://h --controller-pin=" PUBLIC, &bare, NULL) == 0);
	check_str(config.pin, "sha256//" PUBLIC);
	check_str(bare.pin, config.pin);
}

static void reads_a_key_among_blank_lines(void)
{
	_cleanup_(config_done) struct config config = { 0 };
	struct key expected;
	char path[96];
	char words[256];

	write_file("blank", "\n\n  " PRIVATE " \r\n\n\n", 0600, path, sizeof(path));
	(void)snprintf(words, sizeof(words), URL " --public-key=" PUBLIC " --private-key-file=%s",
		       path);
	check(make(words, &config, NULL) == 0);
	check(key_parse(PRIVATE, &expected, NULL) == 0);
	check(config.has_key && key_compare(&config.private_key, &expected) == 0);
}

static void a_key_file_holds_one_word(void)
{
	static const char *const bad[] = { "", "\n \n", PRIVATE "\n" PRIVATE "\n", "short\n",
					   PRIVATE "x" };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct key key;
		struct err err = { 0 };
		char path[96];

		write_file("bad", bad[i], 0600, path, sizeof(path));
		check(keyfile_read(path, &key, &err) == -EINVAL);
		check(strstr(err.text, path) && !strstr(err.text, "yAnz5"));
	}
}

static void leaves_a_missing_key_to_the_first_start(void)
{
	_cleanup_(config_done) struct config config = { 0 };
	char expected[64];
	struct key made;
	struct key again;
	struct stat st;

	check(make(URL, &config, NULL) == 0);
	(void)snprintf(expected, sizeof(expected), "%s/private.key", dir);
	check(!config.has_key);
	check_str(config.key_file, expected);
	check(access(expected, F_OK) < 0);

	check(keyfile_create(expected, &made, NULL) == 0);
	check(stat(expected, &st) == 0 && (st.st_mode & 07777) == 0600);
	check(keyfile_read(expected, &again, NULL) == 0);
	check(key_compare(&made, &again) == 0);
	check(unlink(expected) == 0);
}

static void reads_the_join_token_from_a_file(void)
{
	_cleanup_(config_done) struct config config = { 0 };
	char path[96];
	char words[256];

	write_file("token", "apx.0123456789abcdef.xyz\n", 0600, path, sizeof(path));
	(void)snprintf(words, sizeof(words), URL " --join-token-file=%s", path);
	check(make(words, &config, NULL) == 0);
	check_str(config.token, "apx.0123456789abcdef.xyz");
}

static void remove_dir(void)
{
	static const char *const names[] = { "blank", "bad", "token", "password" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char path[96];

		(void)snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		(void)unlink(path);
	}
	(void)rmdir(dir);
}

int main(void)
{
	if (!mkdtemp(dir) || crypto_init(NULL) < 0)
		return 1;
	log_set_level(LOG_LEVEL_ERROR);
	run(takes_the_defaults_of_the_documentation);
	run(reads_every_wish);
	run(refuses_by_name);
	run(a_secret_is_in_no_sentence);
	run(allows_plain_http_for_those_who_insist);
	run(an_empty_value_is_none);
	run(takes_several_towers);
	run(takes_signposts);
	run(reads_the_password_from_a_file);
	run(takes_a_pin_with_and_without_its_name);
	run(reads_a_key_among_blank_lines);
	run(a_key_file_holds_one_word);
	run(leaves_a_missing_key_to_the_first_start);
	run(reads_the_join_token_from_a_file);
	remove_dir();
	return check_done();
}
