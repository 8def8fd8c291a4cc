#include "source/sigroot.h"

#include "text/base64.h"
#include "text/gotime.h"
#include "value/json.h"

static err *bytes_at(struct arena *a, node n, const char *key, str *out)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	TRY(base64_read(&b, node_str(node_get(n, str_c(key))), BASE64_STD));
	*out = arena_str(a, buf_str(&b));
	return NULL;
}

static err *time_at(node n, const char *key, int64_t otherwise, int64_t *out)
{
	str text = node_str(node_get(n, str_c(key)));
	struct gotime t;

	*out = otherwise;
	if (!text.n)
		return NULL;
	TRY(gotime_parse(&t, GOTIME_RFC3339, text, NULL));
	*out = t.sec;
	return NULL;
}

/* The time in which it counts; without an end, for ever. */
static err *read_span(node n, int64_t *from, int64_t *until)
{
	node span = node_get(n, S("validFor"));

	TRY(time_at(span, "start", 0, from));
	return time_at(span, "end", INT64_MAX, until);
}

static err *check_count(node list)
{
	return node_len(list) > SIGROOT_ENTRIES_MAX
		       ? err_new(ERR_INVALID, "more than %d entries", SIGROOT_ENTRIES_MAX)
		       : NULL;
}

static err *read_logs(struct arena *a, node list, struct sigroot_log **out, size_t *n)
{
	TRY(check_count(list));
	*out = arena_array(a, struct sigroot_log, node_len(list));
	node_each_item(i, list) {
		struct sigroot_log *log = &(*out)[*n];
		node key = node_get(*i, S("publicKey"));
		str der;

		TRY(read_span(key, &log->from, &log->until));
		TRY(bytes_at(a, node_get(*i, S("logId")), "keyId", &log->id));
		TRY(bytes_at(a, key, "rawBytes", &der));
		/* Keys of kinds that we do not know count for nothing. */
		err *e = pubkey_read_der(&log->key, der);

		if (!e)
			++*n;
		err_free(e);
	}
	return NULL;
}

static err *read_authority(struct arena *a, node n, struct sigroot_authority *out)
{
	node list = node_dig(n, "certChain", "certificates");

	TRY(check_count(list));
	TRY(read_span(n, &out->from, &out->until));
	for (size_t i = 0; i < node_len(list); i++) {
		struct cert *c;
		str der;

		TRY(bytes_at(a, node_at(list, i), "rawBytes", &der));
		TRY(cert_read_der(&c, der));
		cert_list_add(i + 1 == node_len(list) ? &out->roots : &out->between, c);
	}
	return out->roots.n ? NULL : err_new(ERR_INVALID, "a certificate authority has no certificate");
}

static err *read_authorities(struct arena *a, node list, struct sigroot_authority **out, size_t *n)
{
	TRY(check_count(list));
	*out = arena_zero(a, node_len(list), sizeof **out);
	node_each_item(i, list)
		TRY(read_authority(a, *i, &(*out)[(*n)++]));
	return NULL;
}

static err *read_all(struct sigroot *r, str json)
{
	node n;

	if (json.n > SIGROOT_MAX)
		return err_new(ERR_INVALID, "larger than %d bytes", SIGROOT_MAX);
	TRY(json_read(&r->mem, arena_str(&r->mem, json), NULL, &n));
	str type = node_str(node_get(n, S("mediaType")));

	if (!str_starts(type, S("application/vnd.dev.sigstore.trustedroot")))
		return err_new(ERR_INVALID, "unsupported TrustedRoot media type: %.*s",
			       STR_ARG(str_sub(type, 0, 100)));
	TRY(read_logs(&r->mem, node_get(n, S("tlogs")), &r->logs, &r->logs_n));
	TRY(read_logs(&r->mem, node_get(n, S("ctlogs")), &r->cert_logs, &r->cert_logs_n));
	TRY(read_authorities(&r->mem, node_get(n, S("certificateAuthorities")), &r->authorities,
			     &r->authorities_n));
	return read_authorities(&r->mem, node_get(n, S("timestampAuthorities")), &r->stampers,
				&r->stampers_n);
}

err *sigroot_read(struct sigroot *out, str json)
{
	struct sigroot r = { 0 };
	err *e = read_all(&r, json);

	if (e) {
		sigroot_release(&r);
		return err_wrap(e, "unable to parse trusted root");
	}
	*out = r;
	return NULL;
}

static void release_authorities(struct sigroot_authority *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		cert_list_release(&list[i].roots);
		cert_list_release(&list[i].between);
	}
}

void sigroot_release(struct sigroot *r)
{
	for (size_t i = 0; i < r->logs_n; i++)
		pubkey_free(r->logs[i].key);
	for (size_t i = 0; i < r->cert_logs_n; i++)
		pubkey_free(r->cert_logs[i].key);
	release_authorities(r->authorities, r->authorities_n);
	release_authorities(r->stampers, r->stampers_n);
	arena_release(&r->mem);
	*r = (struct sigroot){ 0 };
}

const struct sigroot_log *sigroot_find(const struct sigroot_log *logs, size_t n, str id, int64_t at)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(logs[i].id, id) && at >= logs[i].from && at <= logs[i].until)
			return &logs[i];
	return NULL;
}
