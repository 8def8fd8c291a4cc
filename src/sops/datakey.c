/* The data key of a file: from any master key of each group, in SOPS's order and
 * with its long message when none does. */
#include "sops/impl.h"
#include "sops/wrap.h"

enum { LINE = 60, LAST_LINE = 75 };

str sops_master_name(struct arena *a, const struct sops_master *m)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	switch (m->service) {
	case SOPS_AZURE_KV:
		buf_addf(&b, "%.*s/keys/%.*s/%.*s", STR_ARG(m->address), STR_ARG(m->name),
			 STR_ARG(m->path));
		break;
	case SOPS_HC_VAULT:
		buf_addf(&b, "%.*s/v1/%.*s/keys/%.*s", STR_ARG(m->address), STR_ARG(m->path),
			 STR_ARG(m->name));
		break;
	case SOPS_KMS:
		buf_add(&b, m->name);
		if (m->address.n)
			buf_addf(&b, "+%.*s", STR_ARG(m->address));
		if (m->context_n || m->path.n)
			buf_addc(&b, '|');
		for (size_t i = 0; i < m->context_n; i++)
			buf_addf(&b, "%s%.*s:%.*s", i ? "," : "", STR_ARG(m->context[i].key),
				 STR_ARG(m->context[i].value));
		if (m->path.n)
			buf_addf(&b, "|%.*s", STR_ARG(m->path));
		break;
	default:
		return m->name;
	}
	return arena_str(a, buf_str(&b));
}

static err *ask(struct sops_keys *k, struct arena *a, const struct sops_master *m, struct buf *out)
{
	switch (m->service) {
	case SOPS_AGE:
		return sops_age_open(k, m, out);
	case SOPS_PGP:
		return sops_pgp_open(k, m, out);
	case SOPS_HC_VAULT:
		return sops_vault_open(k, a, m, out);
	case SOPS_KMS:
		return sops_aws_open(k, a, m, out);
	case SOPS_GCP_KMS:
		return sops_gcp_open(k, a, m, out);
	case SOPS_AZURE_KV:
		return sops_azure_open(k, a, m, out);
	case SOPS_HCKMS:
	case SOPS_SERVICES:
		break;
	}
	return err_new(ERR_INVALID, "Huawei Cloud KMS is not supported");
}

/* With what was found before. */
static err *open_master(struct sops_keys *k, struct arena *a, const struct sops_master *m, str *part)
{
	CLEANUP(buf_release) struct buf plain = BUF_LIMIT(64 << 10);
	str sealed = arena_cat(a, sops_master_name(a, m), S("\n"), m->enc);
	const str *known = map_get(&k->unwrapped, sealed);

	if (known) {
		*part = *known;
		return NULL;
	}
	err *e = ask(k, a, m, &plain);

	if (!e) {
		str *kept = arena_new(&k->mem, str);

		*kept = arena_str(&k->mem, buf_str(&plain));
		map_set(&k->unwrapped, arena_str(&k->mem, sealed), kept);
		*part = *kept;
	}
	if (plain.p)
		explicit_bzero(plain.p, plain.n);
	return e;
}

/* ---- messages ------------------------------------------------------------ */

/* One key that failed: "NAME: FAILED" and why. */
static void tell_key(struct arena *a, const struct sops_master *m, const err *why, struct buf *to)
{
	CLEANUP(buf_release) struct buf lines = BUF_INIT;
	CLEANUP(buf_release) struct buf marked = BUF_INIT;

	wrap_text(&lines, err_text(why), LINE);
	wrap_prefix(&marked, buf_str(&lines), S("- | "), S("  | "));
	if (to->n)
		buf_add(to, S("\n\n"));
	buf_add(to, sops_master_name(a, m));
	buf_add(to, S(": FAILED\n"));
	wrap_prefix(to, buf_str(&marked), S("  "), S("  "));
}

static void tell_group(struct buf *all, size_t i, str failures)
{
	if (i)
		buf_add(all, S("\n\n"));
	buf_addf(all, "Group %zu: %s", i, failures.n ? "FAILED" : "SUCCESS");
	if (!failures.n)
		return;
	buf_addc(all, '\n');
	wrap_prefix(all, failures, S("  "), S("  "));
}

static err *tell_all(const struct sops_metadata *m, str groups, size_t good, str advice)
{
	CLEANUP(buf_release) struct buf last = BUF_INIT, lines = BUF_INIT;

	if (m->threshold == 0)
		buf_add(&last, S("Recovery failed because no master key was able to decrypt the file. "
				 "In order for SOPS to recover the file, at least one key has to be "
				 "successful, but none were."));
	else
		buf_addf(&last,
			 "Recovery failed because the file was encrypted with a Shamir threshold of "
			 "%lld, but only %zu part(s) were successfully recovered, one for each "
			 "successful key group. In order for SOPS to recover the file, at least %lld "
			 "groups have to be successful. In order for a group to be successful, "
			 "decryption has to succeed with any of the keys in that key group.",
			 (long long)m->threshold, good, (long long)m->threshold);
	wrap_text(&lines, buf_str(&last), LAST_LINE);
	err *e = err_new(ERR_FORBIDDEN,
			 "Failed to get the data key required to decrypt the SOPS file.\n\n%.*s\n\n%.*s",
			 STR_ARG(groups), STR_ARG(buf_str(&lines)));

	if (advice.n)
		err_set_detail(e, advice);
	return e;
}

/* ---- groups -------------------------------------------------------------- */

/* age first, then OpenPGP, then the others as they stand. */
static unsigned rank(const struct sops_master *m)
{
	return m->service == SOPS_AGE ? 0 : m->service == SOPS_PGP ? 1 : 2;
}

struct attempt {
	struct buf failures;
	str advice;
};

static bool try_group(struct sops_keys *k, struct arena *a, const struct sops_group *g,
		      struct attempt *t, str *part)
{
	for (unsigned r = 0; r < 3; r++)
		for (size_t i = 0; i < g->n; i++) {
			if (rank(&g->p[i]) != r)
				continue;
			err *e = open_master(k, a, &g->p[i], part);

			if (!e)
				return true;
			tell_key(a, &g->p[i], e, &t->failures);
			if (!t->advice.n)
				t->advice = arena_str(a, err_detail(e));
			err_free(e);
		}
	return false;
}

static err *combine(const struct sops_metadata *m, const str *parts, size_t n, struct buf *out)
{
	if (m->groups_n == 1) {
		buf_add(out, parts[0]);
		return NULL;
	}
	err *e = sops_shamir_combine(parts, n, out);

	return e ? err_replace(e, "could not get data key from shamir parts: %s", err_msg(e)) : NULL;
}

static err *gather(struct sops_keys *k, struct arena *a, const struct sops_metadata *m,
		   struct buf *out)
{
	CLEANUP(buf_release) struct buf all = BUF_INIT;
	str *parts = arena_array(a, str, m->groups_n), advice = STR_NONE;
	size_t good = 0;

	for (size_t i = 0; i < m->groups_n; i++) {
		struct attempt t = { .failures = BUF_INIT };
		bool found = try_group(k, a, &m->groups[i], &t, &parts[good]);

		good += found;
		tell_group(&all, i, found ? STR_NONE : t.failures.n ? buf_str(&t.failures)
								      : S("no master keys"));
		if (!found && !advice.n)
			advice = t.advice;
		buf_release(&t.failures);
	}
	bool enough = m->groups_n == 1 ? good == 1 : good >= 2 && (int64_t)good >= m->threshold;

	if (!enough)
		return tell_all(m, buf_str(&all), good, advice);
	return combine(m, parts, good, out);
}

err *sops_datakey_get(struct sops_keys *k, struct arena *a, const struct sops_metadata *m,
		      uint8_t key[SOPS_DATA_KEY])
{
	CLEANUP(buf_release) struct buf plain = BUF_LIMIT(64 << 10);
	err *e = gather(k, a, m, &plain);

	if (!e && plain.n != SOPS_DATA_KEY)
		e = err_new(ERR_INVALID, "crypto/aes: invalid key size %zu", plain.n);
	if (e)
		return err_wrap(e, "cannot get sops data key");
	memcpy(key, plain.p, SOPS_DATA_KEY);
	explicit_bzero(plain.p, plain.n);
	return NULL;
}
