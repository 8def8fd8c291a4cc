/* The part of a file that is named "sops": nested in YAML and JSON, flat in dotenv
 * and INI, where keys like "age__list_0__map_enc" are paths. */
#include "sops/impl.h"
#include "text/gotime.h"
#include "text/number.h"

/* ---- flat keys ---------------------------------------------------------- */

struct step {
	bool list;
	str key;
	int64_t index;
};

static size_t next_mark(str s, size_t from, bool *list)
{
	for (size_t i = from; i < s.n; i++) {
		str rest = str_from(s, i);

		*list = str_starts(rest, S("__list_"));
		if (*list || str_starts(rest, S("__map_")))
			return i;
	}
	return s.n;
}

/* One step off the front of the path; `list` is what its mark said. */
static struct step take_step(str *path, bool list, bool *next_list)
{
	size_t end = next_mark(*path, 0, next_list);
	struct step step = { .list = list, .key = str_sub(*path, 0, end) };

	if (list)
		err_free(number_parse_atoi(step.key, &step.index));
	*path = str_from(*path, end);
	if (path->n)
		*path = str_from(*path, *next_list ? strlen("__list_") : strlen("__map_"));
	return step;
}

/* Lists are maps with numbers for keys until all is there. */
static err *place(struct arena *a, node root, str path, node value)
{
	str whole = path;
	bool list = false, next = false;

	for (;;) {
		bool more = next_mark(path, 0, &next) < path.n;
		struct step step = take_step(&path, list, &next);
		node key = step.list ? node_from_int(step.index) : node_from_str(a, step.key);
		size_t at = node_index_of(root, key);

		if (!more && at != STR_NPOS)
			return err_new(ERR_INVALID,
				       "Error while unflattening \"%.*s\": Duplicate value",
				       STR_ARG(whole));
		node_put(a, root, key, !more ? value : at == STR_NPOS ? node_map(a, 4)
								     : root.map->pairs[at].value);
		if (!more)
			return NULL;
		root = root.map->pairs[node_index_of(root, key)].value;
		if (root.kind != NODE_MAP)
			return err_new(ERR_INVALID, "Error while unflattening: Type mismatch");
		list = next;
	}
}

static err *settle(struct arena *a, node *n, unsigned depth)
{
	size_t numbers = 0;

	if (n->kind != NODE_MAP)
		return NULL;
	if (depth > SOPS_DEPTH_MAX)
		return err_new(ERR_INVALID, "metadata is nested deeper than %d levels",
			       SOPS_DEPTH_MAX);
	node_each_pair(p, *n) {
		numbers += p->key.kind == NODE_INT;
		TRY(settle(a, &p->value, depth + 1));
	}
	if (!numbers)
		return NULL;
	if (numbers < node_len(*n))
		return err_new(ERR_INVALID, "Error while unflattening: Type mismatch");
	node list = node_seq(a, numbers);

	for (size_t i = 0; i < numbers; i++) {
		size_t at = node_index_of(*n, node_from_int((int64_t)i));

		if (at == STR_NPOS)
			return err_new(ERR_INVALID, "Error while unflattening: Incomplete list");
		node_append(a, list, n->map->pairs[at].value);
	}
	*n = list;
	return NULL;
}

static str with_line_feeds(struct arena *a, str s)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	size_t at;

	while ((at = str_find(s, S("\\n"))) != STR_NPOS) {
		buf_add(&b, str_sub(s, 0, at));
		buf_addc(&b, '\n');
		s = str_from(s, at + 2);
	}
	buf_add(&b, s);
	return arena_str(a, buf_str(&b));
}

static err *unflatten(struct arena *a, const struct sops_branch *flat, bool escaped, node *out)
{
	node root = node_map(a, flat->n);

	for (size_t i = 0; i < flat->n; i++) {
		node value = flat->p[i].value;

		if (flat->p[i].comment)
			continue;
		if (escaped && value.kind == NODE_STR)
			value = node_from_str(a, with_line_feeds(a, node_str(value)));
		TRY(place(a, root, flat->p[i].key, value));
	}
	TRY(settle(a, &root, 0));
	*out = root;
	return NULL;
}

/* ---- nested ------------------------------------------------------------- */

/* The branch as a tree of nodes, without its comments; the last of equal keys
 * counts. */
static node nest(struct arena *a, node n)
{
	const struct sops_branch *b = sops_branch_of(n);

	if (!b)
		return n;
	node made = b->list ? node_seq(a, b->n) : node_map(a, b->n);

	for (size_t i = 0; i < b->n; i++) {
		if (b->p[i].comment)
			continue;
		if (b->list)
			node_append(a, made, nest(a, b->p[i].value));
		else
			node_set(a, made, b->p[i].key, nest(a, b->p[i].value));
	}
	return made;
}

static err *not_found(void)
{
	return err_new(ERR_NOT_FOUND, "sops metadata not found");
}

static void remove_entry(struct sops_branch *b, size_t at)
{
	memmove(b->p + at, b->p + at + 1, (b->n - at - 1) * sizeof *b->p);
	b->n--;
}

/* The entry "sops" of the first document; those of the others go, too. */
static err *take_nested(struct sops_branches *tree, struct sops_branch **out)
{
	struct sops_branch *found = NULL;

	for (size_t d = 0; d < tree->n; d++) {
		struct sops_branch *b = tree->p[d];

		for (size_t i = 0; i < b->n;) {
			if (b->p[i].comment || !str_eq(b->p[i].key, S("sops"))) {
				i++;
				continue;
			}
			struct sops_branch *here = sops_branch_of(b->p[i].value);

			if (d == 0 && found)
				return err_new(ERR_INVALID, "Found duplicate sops entry");
			if (d == 0 && (!here || here->list))
				return err_new(ERR_INVALID, "Found sops entry that is not a mapping");
			if (d == 0)
				found = here;
			remove_entry(b, i);
		}
	}
	*out = found;
	return found ? NULL : not_found();
}

static err *take_flat(struct arena *a, struct sops_branches *tree, struct sops_branch **out)
{
	struct sops_branch *found = sops_branch_new(a, false), *b = tree->n ? tree->p[0] : NULL;
	size_t kept = 0;

	for (size_t i = 0; b && i < b->n; i++) {
		struct sops_entry p = b->p[i];

		if (!p.comment && str_take_str(&p.key, S("sops_")))
			avec_push(a, found, p);
		else
			b->p[kept++] = p;
	}
	if (b)
		b->n = kept;
	*out = found;
	return found->n ? NULL : not_found();
}

/* ---- what it says ------------------------------------------------------- */

/* mapstructure's weak typing: numbers and booleans pass for texts. */
static str text_at(struct arena *a, node map, const char *key)
{
	node n = node_get(map, str_c(key));

	if (n.kind == NODE_BOOL)
		return node_bool(n) ? S("1") : S("0");
	return node_is_nil(n) || n.kind == NODE_MAP || n.kind == NODE_SEQ ? STR_NONE
									  : node_text(a, n);
}

static err *number_at(struct arena *a, node map, const char *key, int64_t *out)
{
	str text = text_at(a, map, key);

	*out = 0;
	if (!text.n)
		return NULL;
	err *e = number_parse_int(text, 0, out);

	return e ? err_replace(e, "decoding failed due to the following error(s):\n\ncannot parse "
				  "'%s' as int: %s",
			       key, err_msg(e))
		 : NULL;
}

static err *bool_at(struct arena *a, node map, const char *key, bool *out)
{
	str text = text_at(a, map, key);

	*out = false;
	if (!text.n)
		return NULL;
	err *e = number_parse_bool(text, out);

	return e ? err_replace(e, "decoding failed due to the following error(s):\n\ncannot parse "
				  "'%s' as bool: %s",
			       key, err_msg(e))
		 : NULL;
}

/* Which fields of each service's entries go where. */
static const struct service {
	const char *list;
	const char *name, *address, *path;
	bool dated;
} services[SOPS_SERVICES] = {
	[SOPS_KMS] = { "kms", "arn", "role", "aws_profile", true },
	[SOPS_GCP_KMS] = { "gcp_kms", "resource_id", NULL, NULL, true },
	[SOPS_HCKMS] = { "hckms", "key_id", NULL, NULL, true },
	[SOPS_AZURE_KV] = { "azure_kv", "name", "vault_url", "version", true },
	[SOPS_HC_VAULT] = { "hc_vault", "key_name", "vault_address", "engine_path", true },
	[SOPS_PGP] = { "pgp", "fp", NULL, NULL, true },
	[SOPS_AGE] = { "age", "recipient", NULL, NULL, false },
};

static void read_context(struct arena *a, node map, struct sops_master *out)
{
	size_t n = node_len(map), i = 0;

	if (map.kind != NODE_MAP || !n)
		return;
	struct sops_context *list = arena_array(a, struct sops_context, n);

	node_each_pair(p, map)
		list[i++] = (struct sops_context){ node_str(p->key), node_text(a, p->value) };
	out->context = list;
	out->context_n = n;
}

static err *read_master(struct arena *a, enum sops_service kind, node entry,
			struct sops_master *out)
{
	const struct service *s = &services[kind];
	struct gotime created;

	if (entry.kind != NODE_MAP)
		return err_new(ERR_INVALID, "decoding failed due to the following error(s):\n\n"
					    "'%s' expected a map",
			       s->list);
	*out = (struct sops_master){ .service = kind, .enc = text_at(a, entry, "enc") };
	out->name = text_at(a, entry, s->name);
	if (s->address)
		out->address = text_at(a, entry, s->address);
	if (s->path)
		out->path = text_at(a, entry, s->path);
	if (kind == SOPS_KMS)
		read_context(a, node_get(entry, S("context")), out);
	if (!s->dated)
		return NULL;
	return gotime_parse(&created, GOTIME_RFC3339, text_at(a, entry, "created_at"), NULL);
}

struct masters {
	struct sops_master *p;
	size_t n, cap;
};

static err *read_list(struct arena *a, enum sops_service kind, node list, struct masters *out)
{
	struct sops_master m;

	if (list.kind == NODE_MAP && node_len(list)) {
		TRY(read_master(a, kind, list, &m));
		avec_push(a, out, m);
		return NULL;
	}
	node_each_item(i, list) {
		if (out->n == SOPS_MASTER_KEYS_MAX)
			return err_new(ERR_INVALID, "more than %d master keys",
				       SOPS_MASTER_KEYS_MAX);
		TRY(read_master(a, kind, *i, &m));
		avec_push(a, out, m);
	}
	return NULL;
}

static err *read_group(struct arena *a, node map, struct sops_group *out)
{
	struct masters all = { 0 };

	for (unsigned i = 0; i < SOPS_SERVICES; i++)
		TRY(read_list(a, (enum sops_service)i, node_get(map, str_c(services[i].list)), &all));
	*out = (struct sops_group){ all.p, all.n };
	return NULL;
}

static err *read_groups(struct arena *a, node meta, struct sops_metadata *out)
{
	node list = node_get(meta, S("key_groups"));
	size_t n = 0;
	struct sops_group *groups = arena_new(a, struct sops_group);

	TRY(read_group(a, meta, groups));
	out->groups = groups;
	out->groups_n = 1;
	if (groups->n)
		return NULL;
	if (list.kind != NODE_SEQ || !node_len(list))
		return err_new(ERR_INVALID, "No keys found in file");
	if (node_len(list) > SOPS_MASTER_KEYS_MAX)
		return err_new(ERR_INVALID, "more than %d key groups", SOPS_MASTER_KEYS_MAX);
	groups = arena_array(a, struct sops_group, node_len(list));
	node_each_item(i, list)
		TRY(read_group(a, *i, &groups[n++]));
	out->groups = groups;
	out->groups_n = n;
	return NULL;
}

static err *read_rule(struct arena *a, node meta, struct sops_metadata *out)
{
	static const char *const names[SOPS_RULES] = {
		[SOPS_UNENCRYPTED_SUFFIX] = "unencrypted_suffix",
		[SOPS_ENCRYPTED_SUFFIX] = "encrypted_suffix",
		[SOPS_UNENCRYPTED_REGEX] = "unencrypted_regex",
		[SOPS_ENCRYPTED_REGEX] = "encrypted_regex",
		[SOPS_UNENCRYPTED_COMMENT_REGEX] = "unencrypted_comment_regex",
		[SOPS_ENCRYPTED_COMMENT_REGEX] = "encrypted_comment_regex",
	};
	unsigned n = 0;

	out->rule = SOPS_UNENCRYPTED_SUFFIX;
	out->rule_text = S("_unencrypted");
	for (unsigned i = 0; i < SOPS_RULES; i++) {
		str text = text_at(a, meta, names[i]);

		if (!text.n)
			continue;
		out->rule = (enum sops_rule)i;
		out->rule_text = text;
		n++;
	}
	return n > 1 ? err_new(ERR_INVALID,
			       "Cannot use more than one of encrypted_suffix, unencrypted_suffix, "
			       "encrypted_regex, unencrypted_regex, encrypted_comment_regex, or "
			       "unencrypted_comment_regex in the same file")
		     : NULL;
}

static err *read_date(struct arena *a, node meta, struct sops_metadata *out)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct gotime t;

	TRY(gotime_parse(&t, GOTIME_RFC3339, text_at(a, meta, "lastmodified"), NULL));
	gotime_format(&b, t, GOTIME_RFC3339);
	out->last_modified = arena_str(a, buf_str(&b));
	return NULL;
}

err *sops_metadata_take(struct arena *a, enum sops_format format, struct sops_branches *tree,
			struct sops_metadata *out)
{
	struct sops_metadata m = { 0 };
	struct sops_branch *found;
	node meta;

	if (format == SOPS_DOTENV)
		TRY(take_flat(a, tree, &found));
	else
		TRY(take_nested(tree, &found));
	if (format == SOPS_DOTENV || format == SOPS_INI)
		TRY(unflatten(a, found, format == SOPS_INI, &meta));
	else
		meta = nest(a, sops_branch_node(found));
	TRY(read_date(a, meta, &m));
	TRY(read_groups(a, meta, &m));
	TRY(read_rule(a, meta, &m));
	TRY(number_at(a, meta, "shamir_threshold", &m.threshold));
	TRY(bool_at(a, meta, "mac_only_encrypted", &m.mac_only_encrypted));
	m.mac = text_at(a, meta, "mac");
	*out = m;
	return NULL;
}
