#include "sops/sops.h"

#include "sops/impl.h"

/* What a tree and its texts may take: the largest file, many times over. */
enum { MEMORY_MAX = 512 << 20 };

static const char *const names[] = { "binary", "dotenv", "INI", "JSON", "YAML" };

static err *check_mac(struct arena *a, const struct sops_metadata *m,
		      const uint8_t key[SOPS_DATA_KEY], str found)
{
	static const char what[] = "failed to verify sops data integrity";
	bool comment;
	node want;
	err *e = sops_value_open(a, m->mac, key, m->last_modified, &want, &comment);

	if (e)
		return err_wrap(e, "%s", what);
	if (str_eq(node_str(want), found))
		return NULL;
	return err_new(ERR_FORBIDDEN, "%s: expected mac '%.*s', got '%.*s'", what,
		       STR_ARG(node_str(want).n ? node_str(want) : S("no MAC")), STR_ARG(found));
}

static err *open_tree(struct sops_keys *k, struct arena *a, const struct sops_metadata *m,
		      struct sops_branches *tree, bool checked)
{
	uint8_t key[SOPS_DATA_KEY];
	str mac;

	TRY(sops_datakey_get(k, a, m, key));
	err *e = sops_tree_open(a, tree, m, key, &mac);

	if (e)
		e = err_wrap(e, "error decrypting sops tree");
	else if (checked)
		e = check_mac(a, m, key, mac);
	explicit_bzero(key, sizeof key);
	return e;
}

static err *open_file(struct sops_keys *k, struct arena *scratch, str bytes, enum sops_format in,
		      bool checked, struct sops_branches *tree)
{
	struct sops_metadata m;

	if (bytes.n > SOPS_FILE_MAX)
		return err_new(ERR_INVALID,
			       "cannot decrypt file with size (%zu bytes) exceeding limit (%d)",
			       bytes.n, SOPS_FILE_MAX);
	err *e = sops_read(scratch, in, bytes, tree);

	if (!e)
		e = sops_metadata_take(scratch, in, tree, &m);
	if (e)
		return err_wrap(e, "failed to load encrypted %s data", names[in]);
	return open_tree(k, scratch, &m, tree, checked);
}

err *sops_decrypt(struct sops_keys *k, struct arena *a, str bytes, enum sops_format in,
		  enum sops_format out, str *plain)
{
	CLEANUP(arena_release) struct arena scratch = ARENA_BUDGET(MEMORY_MAX);
	CLEANUP(buf_release) struct buf text = BUF_LIMIT(16 * SOPS_FILE_MAX);
	struct sops_branches tree = { 0 };

	TRY(open_file(k, &scratch, bytes, in, k->o.check_mac, &tree));
	err *e = sops_write(&scratch, out, &tree, &text);

	if (!e)
		e = buf_check(&text, "the decrypted file");
	if (e)
		return err_wrap(e, "failed to emit encrypted %s file as decrypted %s", names[in],
				names[out]);
	*plain = arena_str(a, buf_str(&text));
	if (text.p)
		explicit_bzero(text.p, text.n);
	return NULL;
}

err *sops_check(struct sops_keys *k, str bytes, enum sops_format in)
{
	CLEANUP(arena_release) struct arena scratch = ARENA_BUDGET(MEMORY_MAX);
	struct sops_branches tree = { 0 };

	return open_file(k, &scratch, bytes, in, true, &tree);
}
