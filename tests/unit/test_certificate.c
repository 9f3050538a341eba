// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
#include "tests/unit/check.h"
#include "tower/certificate.h"

#define NOW_MS INT64_C(1800000000000)
#define DAY_MS ((int64_t)24 * 3600 * 1000)

static void tells_how_long_a_certificate_is_good(void)
{
	static const struct {
		int64_t left_ms;
		enum certificate_health health;
		const char *text;
	} rows[] = {
		{ 400 * DAY_MS, CERTIFICATE_GOOD, "" },
		{ TLS_RENEW_DAYS * DAY_MS, CERTIFICATE_GOOD, "" },
		{ TLS_RENEW_DAYS * DAY_MS - 1, CERTIFICATE_ENDS_SOON, "expires in 29 days" },
		{ 1, CERTIFICATE_ENDS_SOON, "expires in 0 days" },
		{ 0, CERTIFICATE_EXPIRED, "has expired" },
		{ -DAY_MS, CERTIFICATE_EXPIRED, "has expired" },
	};
	char text[CERTIFICATE_TEXT_BYTES];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		check(certificate_judge(NOW_MS + rows[i].left_ms, NOW_MS, text) == rows[i].health);
		check(strstr(text, rows[i].text) && !*text == !*rows[i].text);
	}
}

int main(void)
{
	run(tells_how_long_a_certificate_is_good);
	return check_done();
}
