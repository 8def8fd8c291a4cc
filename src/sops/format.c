#include "sops/impl.h"

#include "text/replace.h"

/* ---- dotenv ------------------------------------------------------------- */

static err *dotenv_read(struct arena *a, str bytes, struct sops_branches *out)
{
	struct sops_branch *b = sops_branch_new(a, false);
	str line, key, value;

	while (str_cut(&bytes, &line, '\n')) {
		if (!line.n)
			continue;
		if (line.p[0] == '#') {
			avec_push(a, b,
				  (struct sops_entry){ .comment = true, .key = str_from(line, 1) });
			continue;
		}
		if (!str_split(line, '=', &key, &value))
			return err_new(ERR_INVALID, "invalid dotenv input line: %zu bytes without '='",
				       line.n);
		sops_branch_add(a, b, key,
				node_from_str(a, replace_all(a, value, S("\\n"), S("\n"))));
	}
	avec_push(a, out, b);
	return NULL;
}

static err *dotenv_write(struct arena *a, const struct sops_branches *tree, struct buf *out)
{
	const struct sops_branch *b = tree->n ? tree->p[0] : NULL;
	str value;

	for (size_t i = 0; b && i < b->n; i++) {
		const struct sops_entry *p = &b->p[i];

		if (p->comment) {
			buf_addc(out, '#');
			buf_add(out, p->key);
			buf_addc(out, '\n');
			continue;
		}
		if (sops_branch_of(p->value))
			return err_new(ERR_INVALID,
				       "cannot use complex value in dotenv file; offending key %.*s",
				       STR_ARG(p->key));
		TRY(sops_scalar_flat(a, p->value, &value));
		if (p->value.kind == NODE_STR)
			value = replace_all(a, value, S("\n"), S("\\n"));
		buf_add(out, p->key);
		buf_addc(out, '=');
		buf_add(out, value);
		buf_addc(out, '\n');
	}
	return NULL;
}

/* ---- binary ------------------------------------------------------------- */

/* Encrypted it is a JSON object with one value. */
static err *binary_write(const struct sops_branches *tree, struct buf *out)
{
	if (tree->n != 1)
		return err_new(ERR_INVALID,
			       "error emitting binary store: there must be exactly one tree branch");
	node data = sops_branch_get(tree->p[0], S("data"));

	if (data.kind == NODE_NONE)
		return err_new(ERR_INVALID,
			       "error emitting binary store: no binary data found in tree");
	if (data.kind != NODE_STR)
		return err_new(ERR_INVALID, "error emitting binary store: 'data' key in tree does not "
					    "have a string value");
	buf_add(out, node_str(data));
	return NULL;
}

/* ---- all ---------------------------------------------------------------- */

err *sops_read(struct arena *a, enum sops_format format, str bytes, struct sops_branches *out)
{
	switch (format) {
	case SOPS_YAML:
		return sops_yaml_read(a, bytes, out);
	case SOPS_DOTENV:
		return dotenv_read(a, bytes, out);
	case SOPS_INI:
		return sops_ini_read(a, bytes, out);
	case SOPS_JSON:
	case SOPS_BINARY:
		break;
	}
	return sops_json_read(a, bytes, out);
}

err *sops_write(struct arena *a, enum sops_format format, const struct sops_branches *tree,
		struct buf *out)
{
	switch (format) {
	case SOPS_YAML:
		return sops_yaml_write(a, tree, out);
	case SOPS_DOTENV:
		return dotenv_write(a, tree, out);
	case SOPS_INI:
		return sops_ini_write(a, tree, out);
	case SOPS_JSON:
		return sops_json_write(a, tree, out);
	case SOPS_BINARY:
		break;
	}
	return binary_write(tree, out);
}

enum sops_format sops_format_of(str path)
{
	static const struct {
		str end;
		enum sops_format format;
	} ends[] = {
		{ S(".yaml"), SOPS_YAML }, { S(".yml"), SOPS_YAML },  { S(".json"), SOPS_JSON },
		{ S(".env"), SOPS_DOTENV }, { S(".ini"), SOPS_INI },
	};

	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
		if (str_ends(path, ends[i].end))
			return ends[i].format;
	return SOPS_BINARY;
}

bool sops_is_encrypted(str bytes, enum sops_format *format)
{
	static const struct {
		str mark;
		enum sops_format format;
	} marks[] = {
		{ S("\"mac\": \"ENC["), SOPS_JSON },
		{ S("\"mac\":\"ENC["), SOPS_JSON },
		{ S("mac: ENC["), SOPS_YAML },
		{ S("sops_mac=ENC["), SOPS_DOTENV },
		{ S("[sops]"), SOPS_INI },
	};

	for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
		if (str_has(bytes, marks[i].mark)) {
			if (format)
				*format = marks[i].format;
			return true;
		}
	return false;
}
