#include "base/fs.h"
#include "base/sort.h"
#include "sops/impl.h"
#include "text/path.h"

enum { KEY_FILE_MAX = 1 << 20 };

err *sops_keys_new(struct sops_keys **out, const struct sops_options *o)
{
	struct sops_keys *k = mem_calloc(1, sizeof *k);

	if (o)
		k->o = *o;
	*out = k;
	return NULL;
}

void sops_keys_free(struct sops_keys *k)
{
	if (!k)
		return;
	sops_pgp_free(k->pgp);
	if (k->identities.p)
		explicit_bzero(k->identities.p, k->identities.n * sizeof *k->identities.p);
	vec_release(&k->identities);
	for (size_t i = 0; i < k->unwrapped.n; i++) {
		const str *plain = k->unwrapped.entries[i].value;

		explicit_bzero((char *)(uintptr_t)plain->p, plain->n);
	}
	map_release(&k->unwrapped);
	for (size_t i = 0; i < k->kept.n; i++) {
		if (k->o.mask)
			mask_remove(k->o.mask, k->kept.p[i]);
		explicit_bzero((char *)(uintptr_t)k->kept.p[i].p, k->kept.p[i].n);
	}
	vec_release(&k->kept);
	arena_release(&k->mem);
	free(k);
}

void sops_keys_drop(struct sops_keys **k)
{
	sops_keys_free(*k);
}

str sops_keys_keep(struct sops_keys *k, str secret)
{
	if (!secret.n)
		return STR_NONE;
	str copy = arena_str(&k->mem, secret);

	vec_push(&k->kept, copy);
	if (k->o.mask)
		mask_add(k->o.mask, copy);
	return copy;
}

/* ---- of a Secret --------------------------------------------------------- */

static err *import_vault_token(struct sops_keys *k, str text)
{
	k->vault_token = sops_keys_keep(k, str_trim(text));
	return NULL;
}

static err *import_age(struct sops_keys *k, str text)
{
	err *e = sops_age_import(k, text, false);

	return e ? err_wrap(e, "failed to parse and add to age identities") : NULL;
}

static const struct importer {
	str name;
	bool ending;		/* of the name, not all of it */
	err *(*import)(struct sops_keys *k, str text);
} importers[] = {
	{ S(".agekey"), true, import_age },
	{ S(".asc"), true, sops_pgp_import },
	{ S("sops.vault-token"), false, import_vault_token },
	{ S("sops.aws-kms"), false, sops_aws_import },
	{ S("sops.azure-kv"), false, sops_azure_import },
	{ S("sops.gcp-kms"), false, sops_gcp_import },
};

static const struct importer *find_importer(str key)
{
	for (size_t i = 0; i < sizeof importers / sizeof *importers; i++)
		if (importers[i].ending ? str_ends(key, importers[i].name)
					: str_eq(key, importers[i].name))
			return &importers[i];
	return NULL;
}

static int by_key(const void *a, const void *b, void *ctx)
{
	(void)ctx;
	return str_cmp(((const struct sops_item *)a)->key, ((const struct sops_item *)b)->key);
}

static err *import_all(struct sops_keys *k, str secret, const char *what,
		       const struct sops_item *items, size_t n, bool age_only)
{
	struct sops_item *sorted = arena_array(&k->mem, struct sops_item, n);

	if (n)
		memcpy(sorted, items, n * sizeof *items);
	sort_stable(sorted, n, sizeof *sorted, by_key, NULL);
	for (size_t i = 0; i < n; i++) {
		const struct importer *by = find_importer(sorted[i].key);

		if (!by || (age_only && by != importers))
			continue;
		err *e = by->import(k, sorted[i].value);

		if (e)
			return err_wrap(e, "failed to import '%.*s' data from %s Secret '%.*s'",
					STR_ARG(sorted[i].key), what, STR_ARG(secret));
	}
	return NULL;
}

err *sops_keys_import(struct sops_keys *k, str secret, const struct sops_item *items, size_t n)
{
	return import_all(k, secret, "sops decryption", items, n, false);
}

err *sops_keys_import_age(struct sops_keys *k, str secret, const struct sops_item *items, size_t n)
{
	return import_all(k, secret, "sops SOPS age decryption", items, n, true);
}

/* ---- of the environment --------------------------------------------------- */

struct finder {
	struct sops_keys *k;
	const char *(*env)(const char *name);
	struct arena *a;
	struct buf missing;	/* where there were no age keys */
	bool found;
};

static str get(const struct finder *f, const char *name)
{
	return str_c(f->env ? f->env(name) : getenv(name));
}

static void add_missing(struct finder *f, str place)
{
	buf_addf(&f->missing, "%s'%.*s'", f->missing.n ? ", " : "", STR_ARG(place));
}

/* A file that age encrypted with a passphrase. */
static err *open_key_file(struct finder *f, str text, struct buf *out)
{
	struct age_identity id = { .passphrase = get(f, "SOPS_AGE_PASSPHRASE") };

	if (!id.passphrase.n)
		return err_new(ERR_FORBIDDEN, "the key file is encrypted with a passphrase, and "
					      "SOPS_AGE_PASSPHRASE is not set");
	err *e = age_decrypt(text, &id, 1, out);

	return e ? err_replace(e, "failed to decrypt identity file: %s", err_msg(e)) : NULL;
}

static err *import_found(struct finder *f, str place, str text, bool many_a_line)
{
	CLEANUP(buf_release) struct buf plain = BUF_INIT;
	size_t before = f->k->identities.n;
	err *e = NULL;

	if (age_is(text))
		e = open_key_file(f, text, &plain);
	if (!e)
		e = sops_age_import(f->k, plain.n ? buf_str(&plain) : text, many_a_line);
	if (plain.p)
		explicit_bzero(plain.p, plain.n);
	if (e)
		return err_wrap(e, "failed to read '%.*s'", STR_ARG(place));
	if (f->k->identities.n > before)
		f->found = true;
	else
		add_missing(f, place);
	return NULL;
}

static err *find_age_file(struct finder *f)
{
	str path = get(f, "SOPS_AGE_KEY_FILE"), text;

	if (!path.n) {
		add_missing(f, S("SOPS_AGE_KEY_FILE"));
		return NULL;
	}
	err *e = fs_read_any(f->a, path, KEY_FILE_MAX, &text);

	if (e)
		return err_wrap(e, "failed to open SOPS_AGE_KEY_FILE file");
	return import_found(f, S("SOPS_AGE_KEY_FILE"), text, false);
}

static err *find_user_file(struct finder *f)
{
	str dir = get(f, "XDG_CONFIG_HOME"), home = get(f, "HOME"), text;

	if (!dir.n && !home.n)
		return NULL;
	if (!dir.n)
		dir = path_join(f->a, home, S(".config"));
	str path = path_join(f->a, dir, S("sops/age/keys.txt"));
	err *e = fs_read_any(f->a, path, KEY_FILE_MAX, &text);

	if (e && err_kind(e) == ERR_NOT_FOUND) {
		err_free(e);
		add_missing(f, path);
		return NULL;
	}
	return e ? err_wrap(e, "failed to open file") : import_found(f, path, text, false);
}

static err *find_age(struct finder *f)
{
	str text = get(f, "SOPS_AGE_KEY");

	if (text.n)
		TRY(import_found(f, S("SOPS_AGE_KEY"), text, true));
	else
		add_missing(f, S("SOPS_AGE_KEY"));
	TRY(find_age_file(f));
	return find_user_file(f);
}

static void find_vault(struct finder *f)
{
	str token = get(f, "VAULT_TOKEN"), home = get(f, "HOME");

	if (!token.n && home.n) {
		err *e = fs_read_any(f->a, path_join(f->a, home, S(".vault-token")), KEY_FILE_MAX,
				     &token);

		if (e)
			token = STR_NONE;
		err_free(e);
	}
	if (!str_trim(token).n)
		return;
	f->k->vault_token = sops_keys_keep(f->k, str_trim(token));
	f->found = true;
}

static err *find_gcp(struct finder *f)
{
	str text = get(f, "GOOGLE_CREDENTIALS"), token = get(f, "GOOGLE_OAUTH_ACCESS_TOKEN");

	if (text.n && text.p[0] != '{') {
		err *e = fs_read_any(f->a, text, KEY_FILE_MAX, &text);

		if (e)
			return err_wrap(e, "credentials: failed to obtain credentials from "
					   "\"GOOGLE_CREDENTIALS\"");
	}
	if (text.n) {
		TRY(sops_gcp_import(f->k, text));
		f->found = true;
	} else if (token.n) {
		f->k->gcp.token = sops_keys_keep(f->k, token);
		f->k->has_gcp = f->found = true;
	}
	return NULL;
}

static err *find_all(struct finder *f)
{
	TRY(find_age(f));
	find_vault(f);
	return find_gcp(f);
}

err *sops_keys_from_env(struct sops_keys *k, const char *(*env)(const char *name), bool *found)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct finder f = { .k = k, .env = env, .a = &a, .missing = BUF_INIT };
	err *e = find_all(&f);

	k->user_pgp = true;
	if (f.missing.n)
		k->sources = arena_cat(&k->mem, S(". Did not find keys in locations "),
				       buf_str(&f.missing), S("."));
	buf_release(&f.missing);
	*found = f.found;
	return e;
}
