/* helmrelease_spec - what a HelmRelease says, with Flux's defaults. */
#include "base/clock.h"
#include "controllers/hr_impl.h"
#include "crypto/sha256.h"
#include "text/duration.h"

node hr_spec(const struct hr *h, const char *path)
{
	node at = h->spec;
	str rest = str_c(path), key;

	while (str_cut(&rest, &key, '.'))
		at = node_get(at, key);
	return at;
}

bool hr_flag(const struct hr *h, const char *path)
{
	return node_bool(hr_spec(h, path));
}

static int64_t span_of(node n, int64_t otherwise)
{
	int64_t span;
	err *e = node_str(n).n ? duration_parse(node_str(n), &span)
			       : err_new(ERR_NOT_FOUND, "no duration");

	err_free(e);
	return e ? otherwise : span;
}

static node of_action(const struct hr *h, const char *action, const char *field)
{
	return node_get(node_get(h->spec, str_c(action)), str_c(field));
}

int64_t hr_timeout(const struct hr *h, const char *action)
{
	int64_t own = span_of(node_get(h->spec, S("timeout")), 5 * CLOCK_MINUTE);

	return action ? span_of(of_action(h, action, "timeout"), own) : own;
}

bool hr_ignores_tests(const struct hr *h, const char *action)
{
	node own = node_get(of_action(h, action, "remediation"), S("ignoreTestFailures"));

	return own.kind == NODE_BOOL ? node_bool(own) : hr_flag(h, "test.ignoreFailures");
}

int64_t hr_retries(const struct hr *h, const char *action)
{
	return node_int(node_get(of_action(h, action, "remediation"), S("retries")));
}

static int64_t failures(const struct hr *h, const char *action)
{
	return hr_status_int(h, str_eq(str_c(action), S("install")) ? "installFailures"
								     : "upgradeFailures");
}

bool hr_exhausted(const struct hr *h, const char *action)
{
	int64_t retries = hr_retries(h, action);

	return retries >= 0 && failures(h, action) > retries;
}

const char *hr_active(const struct hr *h)
{
	str last = hr_status_str(h, "lastAttemptedReleaseAction");

	if (str_eq(last, S("install")))
		return "install";
	return str_eq(last, S("upgrade")) ? "upgrade" : NULL;
}

int64_t hr_retry_interval(const struct hr *h, const char *action)
{
	node strategy = action ? of_action(h, action, "strategy") : NODE_NOTHING;
	str name = node_str(node_get(strategy, S("name")));
	bool by_default = runtime_settings(h->p->rt)->gates[GATE_DEFAULT_TO_RETRY_ON_FAILURE];

	if (!action || (name.n ? !str_eq(name, S("RetryOnFailure")) : !by_default))
		return 0;
	return span_of(node_get(strategy, S("retryInterval")), 5 * CLOCK_MINUTE);
}

/* ---- names --------------------------------------------------------------- */

enum { NAME_MAX_LENGTH = 53, NAME_KEPT = 40, NAME_HASH = 12 };

static str shorten(struct arena *a, str name)
{
	char hex[SHA256_HEX + 1];

	if (name.n <= NAME_MAX_LENGTH)
		return name;
	sha256_hex(name, hex);
	return arena_cat(a, str_sub(name, 0, NAME_KEPT), S("-"), str_of(hex, NAME_HASH));
}

void hr_names(struct arena *a, node object, str *name, str *ns, str *storage_ns)
{
	node spec = node_get(object, S("spec"));
	str own = node_str(node_dig(object, "metadata", "namespace"));
	str target = node_str(node_get(spec, S("targetNamespace")));
	str storage = node_str(node_get(spec, S("storageNamespace")));
	str wanted = node_str(node_get(spec, S("releaseName")));

	if (!wanted.n)
		wanted = arena_cat(a, target, target.n ? S("-") : STR_NONE,
				   node_str(node_dig(object, "metadata", "name")));
	*name = shorten(a, wanted);
	*ns = target.n ? target : own;
	*storage_ns = storage.n ? storage : own;
}

/* ---- status -------------------------------------------------------------- */

str hr_status_str(const struct hr *h, const char *key)
{
	return node_str(node_get(h->p->status, str_c(key)));
}

int64_t hr_status_int(const struct hr *h, const char *key)
{
	return node_int(node_get(h->p->status, str_c(key)));
}

void hr_status_add(struct hr *h, const char *key, int64_t more)
{
	status_set(h->p, str_c(key), node_from_int(hr_status_int(h, key) + more));
}

void hr_clear_failures(struct hr *h)
{
	status_set(h->p, S("failures"), NODE_NOTHING);
	status_set(h->p, S("installFailures"), NODE_NOTHING);
	status_set(h->p, S("upgradeFailures"), NODE_NOTHING);
}

str hr_span(struct arena *a, int64_t span)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	duration_add(&b, span);
	return arena_str(a, buf_str(&b));
}

str hr_trimmed(const err *e)
{
	return str_trim(err_text(e));
}

str hr_digest(struct arena *a, enum digest_algo algo, str bytes)
{
	char hex[SHA256_HEX + 1];
	str out;

	if (algo != DIGEST_SHA256) {
		err *e = digest_of(a, algo, bytes, &out);

		err_free(e);
		return e ? STR_NONE : out;
	}
	sha256_hex(bytes, hex);
	return arena_cat(a, S("sha256:"), str_c(hex));
}

enum digest_algo hr_digest_algo(const struct hr *h)
{
	return runtime_settings(h->p->rt)->snapshot_digest_algo;
}
