#include "sops/impl.h"
#include "text/lines.h"

static err *add_identity(struct sops_keys *k, str text)
{
	struct age_identity id;

	if (k->identities.n == SOPS_IDENTITIES_MAX)
		return err_new(ERR_INVALID, "more than %d age identities", SOPS_IDENTITIES_MAX);
	if (str_starts(text, S("AGE-SECRET-KEY-PQ-1")))
		return err_new(ERR_INVALID, "post-quantum age identities are not supported");
	if (str_starts(text, S("AGE-PLUGIN-")))
		return err_new(ERR_INVALID, "age plugins are not supported");
	if (!str_starts(text, S("AGE-SECRET-KEY-1")))
		return err_new(ERR_INVALID, "unknown identity type");
	TRY(age_identity_parse(text, &id));
	vec_push(&k->identities, id);
	explicit_bzero(&id, sizeof id);
	if (k->o.mask)
		mask_add(k->o.mask, text);
	return NULL;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

err *sops_age_import(struct sops_keys *k, str text, bool many_a_line)
{
	str line;

	while (lines_take(&text, &line)) {
		if (!line.n || line.p[0] == '#')
			continue;
		if (!many_a_line) {
			TRY(add_identity(k, line));
			continue;
		}
		while (line.n) {
			size_t n = 0;

			while (n < line.n && !is_blank(line.p[n]))
				n++;
			if (n)
				TRY(add_identity(k, str_sub(line, 0, n)));
			line = str_from(line, n + 1);
		}
	}
	return NULL;
}

/* What is missing, and for whom the file is. */
static void advise(const struct sops_keys *k, const struct sops_master *m, err *e)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	buf_addf(&b, "the file is encrypted for %.*s", STR_ARG(str_sub(m->name, 0, 200)));
	if (k->identities.n) {
		buf_add(&b, S("; the keys at hand are those of "));
		for (size_t i = 0; i < k->identities.n && i < 5; i++) {
			if (i)
				buf_add(&b, S(", "));
			age_recipient(&b, &k->identities.p[i]);
		}
		if (k->identities.n > 5)
			buf_addf(&b, " and %zu more", k->identities.n - 5);
		buf_add(&b, S(": add that recipient with `sops updatekeys`, or its private key to "
			      "the Secret as NAME.agekey"));
	} else {
		buf_add(&b, S(": put its private key into the Secret of spec.decryption.secretRef "
			      "as NAME.agekey"));
	}
	err_set_detail(e, buf_str(&b));
}

err *sops_age_open(struct sops_keys *k, const struct sops_master *m, struct buf *out)
{
	err *e;

	if (!k->identities.n) {
		e = err_new(ERR_NOT_FOUND, "failed to load age identities%.*s", STR_ARG(k->sources));
		advise(k, m, e);
		return e;
	}
	e = age_decrypt(m->enc, k->identities.p, k->identities.n, out);
	if (!e)
		return NULL;
	bool advice = err_kind(e) == ERR_NOT_FOUND;

	e = err_wrap(e, "failed to create reader for decrypting sops data key with age");
	if (advice)
		advise(k, m, e);
	return e;
}
