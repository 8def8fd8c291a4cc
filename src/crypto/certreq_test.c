#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buf.h"
#include "crypto/certreq.h"

/* Messages are those of the API server 1.36. */
static const struct {
	const char *pem, *want;		/* NULL: it is good */
} requests[] = {
	{ "text in front\n"
	  "-----BEGIN CERTIFICATE REQUEST-----\n"
		  "MIHSMHoCAQAwGDEKMAgGA1UEAwwBdTEKMAgGA1UECgwBZzBZMBMGByqGSM49AgEG\n"
		  "CCqGSM49AwEHA0IABP9p03x9C/Gjwcm2pz4hpW/7c5SbTe/jE8fdXG4r2FcTqtT+\n"
		  "kXeDxLsD0X9OFQZc1bMyeZwvn2IiPrUt1qqCBGygADAKBggqhkjOPQQDAgNIADBF\n"
		  "AiB+ucaXRXB5TVCh80sJa4PIaWVQOxIMEte2NysXpV8eTQIhAPdoli4hDA+Q901w\n"
		  "t2ClgfJFOWWQoWmSpQ2JYFPME9Ls\n"
		  "-----END CERTIFICATE REQUEST-----\n",
	  NULL },
	{ "", "PEM block type must be CERTIFICATE REQUEST" },
	{ "-----BEGIN X-----\nAAAA\n-----END X-----\n", "PEM block type must be CERTIFICATE REQUEST" },
	{ "-----BEGIN CERTIFICATE REQUEST-----\n"
		  "MIHSMHoCAQAwGDEKMAgGA1UEAwwBdTEKMAgGA1UECgwBZzBZMBMGByqGSM49AgEG\n"
		  "CCqGSM49AwEHA0IABP9p03x9C/Gjwcm2pz4hpW/7c5SbTe/jE8fdXG4r2FcTqtT+\n"
		  "kXeDxLsD0X9OFQZc1bMyeZwvn2IiPrUt1qqCBGygADAKBggqhkjOPQQDAgNIADBF\n"
		  "AiB+ucaXRXB5TVCh80sJa4PIaWVQOxIMEte2NysXpV8eTQIhAPdoli4hDA+Q901w\n"
		  "t2ClgfJFOWWQoWmSpQ2JYFPMEtLs\n"
		  "-----END CERTIFICATE REQUEST-----\n",
	  "x509: ECDSA verification failure" },
	{ "-----BEGIN CERTIFICATE REQUEST-----\n"
		  "MIHSMHoCAQAwGDEKMAgGA1UEAwwBdTEKMAgGA1UECgwBZzBZMBMGByqGSM49AgEG\n"
		  "CCqGSM49AwEHA0IABP9p03x9C/Gjwcm2pz4hpW/7c5SbTe/jE8fdXG4r2FcTqtT+\n"
		  "kXeDxLsD0X9OFQZc1bMyeZwvn2IiPrUt1qqCBGygADAKBggqhkjOPQQDAgNIADBF\n"
		  "AiB+ucaXRXB5TVCh80sJa4PIaWVQOxIMEte2NysXpV8eTQIhAPdoli4hDA+Q901w\n"
		  "t2ClgfJFOWWQoWmSpQ2JYFPME9I=\n"
		  "-----END CERTIFICATE REQUEST-----\n",
	  "asn1: syntax error: data truncated" },
	{ "-----BEGIN CERTIFICATE REQUEST-----\n"
		  "MIHSMHoCAQAwGDEKMAgGA1UEAwwBdTEKMAgGA1UECgwBZzBZMBMGByqGSM49AgEG\n"
		  "CCqGSM49AwEHA0IABP9p03x9C/Gjwcm2pz4hpW/7c5SbTe/jE8fdXG4r2FcTqtT+\n"
		  "kXeDxLsD0X9OFQZc1bMyeZwvn2IiPrUt1qqCBGygADAKBggqhkjOPQQDAgNIADBF\n"
		  "AiB+ucaXRXB5TVCh80sJa4PIaWVQOxIMEte2NysXpV8eTQIhAPdoli4hDA+Q901w\n"
		  "t2ClgfJFOWWQoWmSpQ2JYFPME9LseA==\n"
		  "-----END CERTIFICATE REQUEST-----\n",
	  "asn1: syntax error: trailing data" },
	{ "-----BEGIN CERTIFICATE REQUEST-----\n-----END CERTIFICATE REQUEST-----\n",
	  "asn1: syntax error: sequence truncated" },
	{ "-----BEGIN CERTIFICATE REQUEST-----\nMII=\n-----END CERTIFICATE REQUEST-----\n",
	  "asn1: syntax error: truncated tag or length" },
	{ "-----BEGIN CERTIFICATE REQUEST-----\nanVuaw==\n-----END CERTIFICATE REQUEST-----\n",
	  "asn1: structure error: tags don't match (16 vs {class:1 tag:10 length:117 isCompound:true}) "
	  "{optional:false explicit:false application:false private:false defaultValue:<nil> tag:<nil> "
	  "stringType:0 timeType:0 set:false omitEmpty:false} certificateRequest @2" },
}, answers[] = {
	{ "-----BEGIN CERTIFICATE-----\n"
	  "MIIBhjCCAS2gAwIBAgIUSE609w0xSk6kapG3u650seM9tq0wCgYIKoZIzj0EAwIw\n"
	  "GTEXMBUGA1UEAwwOa3ViZWNsdXN0ZXItY2EwHhcNMjYxMTI5MTgyNjMyWhcNMzYx\n"
	  "MTI2MTgyNjMyWjAZMRcwFQYDVQQDDA5rdWJlY2x1c3Rlci1jYTBZMBMGByqGSM49\n"
	  "AgEGCCqGSM49AwEHA0IABBlHcVCARRQT83WL4gSH3u+QjqtO6rCXr4Wjc3QKgAOz\n"
	  "7B0exVhgz5X95/g7YKWxEKDf+kw8QC1SJ8cDE+/UzCijUzBRMB0GA1UdDgQWBBTJ\n"
	  "duGxYoOn2GPaDWpF9haMk2kv+jAfBgNVHSMEGDAWgBTJduGxYoOn2GPaDWpF9haM\n"
	  "k2kv+jAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0cAMEQCIFBCu4t6aj0t\n"
	  "m+r/PJOOr0jFY16y806laMxdP1NLlu02AiBVE0VFx8TtnK/NqL6/UbaIWX7eMMN9\n"
	  "7Zm13lpVt4q1HA==\n"
	  "-----END CERTIFICATE-----\n",
	  NULL },
	{ "x-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
	  "must contain at least one CERTIFICATE PEM block" },
	{ "x", "must contain at least one CERTIFICATE PEM block" },
	{ "-----BEGIN CERTIFICATE-----\nanVuaw==\n-----END CERTIFICATE-----\n",
	  "x509: malformed certificate" },
	{ "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
	  "found CERTIFICATE PEM block containing 0 certificates" },
	{ "-----BEGIN CERTIFICATE-----\nA: b\n\nanVuaw==\n-----END CERTIFICATE-----\n",
	  "no PEM block headers are permitted" },
	{ "-----BEGIN X-----\nAAAA\n-----END X-----\n",
	  "only CERTIFICATE PEM blocks are allowed, found \"X\"" },
};

static void expect(err *got, const char *want, size_t row)
{
	CLEANUP(err_drop) err *e = got;

	if (!e != !want || (e && !str_eq(str_c(err_msg(e)), str_c(want))))
		fail_msg("row %zu: %s, want %s", row, e ? err_msg(e) : "good", want ? want : "good");
}

static void test_requests(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof requests / sizeof *requests; i++)
		expect(certreq_check(str_c(requests[i].pem)), requests[i].want, i);
}

static void test_answers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++)
		expect(certreq_check_answer(str_c(answers[i].pem)), answers[i].want, i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_answers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
