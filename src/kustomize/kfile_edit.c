#include "kustomize/kfile_edit.h"

#include "kustomize/kfile.h"
#include "text/path.h"
#include "value/yaml.h"

/* In the order in which kustomize writes them. */
static const char *const fields[] = {
	"apiVersion",
	"kind",
	"metadata",
	"sortOptions",
	"resources",
	"bases",
	"namePrefix",
	"nameSuffix",
	"namespace",
	"crds",
	"commonLabels",
	"labels",
	"commonAnnotations",
	"patchesStrategicMerge",
	"patchesJson6902",
	"patches",
	"configMapGenerator",
	"secretGenerator",
	"helmCharts",
	"helmChartInflationGenerator",
	"helmGlobals",
	"generatorOptions",
	"vars",
	"images",
	"replacements",
	"replicas",
	"configurations",
	"generators",
	"transformers",
	"validators",
	"components",
	"openapi",
	"buildMetadata",
};

enum { FIELDS = sizeof fields / sizeof *fields };

/* ---- reading ----------------------------------------------------------- */

static bool is_comment(str line)
{
	while (str_take(&line, ' '))
		;
	return !line.n || line.p[0] == '#';
}

static size_t field_of(str line)
{
	for (size_t i = 0; i < FIELDS; i++) {
		str name = str_c(fields[i]);

		if (line.n > name.n && line.p[name.n] == ':' &&
		    str_eq_nocase(str_sub(line, 0, name.n), name))
			return i;
	}
	return FIELDS;
}

/* A last line without an end does not count, as in kustomize. */
static void find_blocks(struct arena *a, str text, struct kfile_edit *k)
{
	str comment = STR_NONE;

	for (size_t end; (end = str_find_char(text, '\n')) != STR_NPOS;) {
		str line = str_sub(text, 0, end);
		size_t field = field_of(line);

		if (is_comment(line)) {
			comment = arena_cat(a, comment, line, S("\n"));
		} else if (field < FIELDS) {
			avec_push(a, &k->blocks, (struct kfile_block){ field, comment });
			comment = STR_NONE;
		} else if (comment.n && k->blocks.n) {
			struct kfile_block *last = &k->blocks.p[k->blocks.n - 1];

			last->comment = arena_cat(a, last->comment, comment);
			comment = STR_NONE;
		}
		text = str_from(text, end + 1);
	}
}

err *kfile_edit_find(struct arena *a, const struct files *files, str dir, str *name)
{
	str found[3];
	size_t n = 0;

	for (size_t i = 0; i < 3; i++)
		if (files->type(files, path_join(a, dir, kfile_names[i])) != FILE_NONE)
			found[n++] = kfile_names[i];
	if (!n)
		return err_new(ERR_NOT_FOUND, "Missing kustomization file '%s'.\n",
			       kfile_names[0].p);
	if (n > 1)
		return err_new(ERR_INVALID, "Found multiple kustomization file: [%.*s]\n",
			       STR_ARG(arena_join(a, found, n, S(" "))));
	if (files->type(files, path_join(a, dir, found[0])) == FILE_DIR)
		return err_new(ERR_INVALID, "%.*s should be a file", STR_ARG(found[0]));
	*name = found[0];
	return NULL;
}

err *kfile_edit_open(struct arena *a, const struct files *files, str dir, struct kfile_edit *out)
{
	struct kfile_edit k = { 0 };
	str text;

	TRY(kfile_edit_find(a, files, dir, &k.name));
	TRY(files->read(files, a, path_join(a, dir, k.name), &text));
	TRY(kfile_read(a, text, k.name, false, &k.root));
	find_blocks(a, text, &k);
	*out = k;
	return NULL;
}

void kfile_edit_new(struct arena *a, struct kfile_edit *out)
{
	*out = (struct kfile_edit){ .name = kfile_names[0], .root = node_map(a, 8) };
	kfile_set_kind(a, out->root);
}

/* ---- writing ----------------------------------------------------------- */

static bool is_empty(node n)
{
	return node_is_nil(n) || (n.kind == NODE_STR && !node_str(n).n) ||
	       ((n.kind == NODE_SEQ || n.kind == NODE_MAP) && !node_len(n));
}

static err *print_field(const struct kfile_edit *k, struct arena *a, size_t field, struct buf *to)
{
	str name = str_c(fields[field]);
	node value = node_get(k->root, name), alone = node_map(a, 1);

	if (is_empty(value))
		return NULL;
	node_set(a, alone, name, value);
	return kfile_write(a, alone, to);
}

err *kfile_edit_print(const struct kfile_edit *k, struct arena *a, struct buf *to)
{
	bool written[FIELDS] = { 0 };

	for (size_t i = 0; i < k->blocks.n; i++) {
		written[k->blocks.p[i].field] = true;
		buf_add(to, k->blocks.p[i].comment);
		TRY(print_field(k, a, k->blocks.p[i].field, to));
	}
	for (size_t i = 0; i < FIELDS; i++)
		if (!written[i])
			TRY(print_field(k, a, i, to));
	return buf_check(to, "the kustomization file");
}

/* ---- changing ---------------------------------------------------------- */

node kfile_edit_list(struct kfile_edit *k, struct arena *a, str field)
{
	node list = node_get(k->root, field);

	if (list.kind != NODE_SEQ) {
		list = node_seq(a, 1);
		node_set(a, k->root, field, list);
	}
	return list;
}

node kfile_edit_map(struct kfile_edit *k, struct arena *a, str field)
{
	node map = node_get(k->root, field);

	if (map.kind != NODE_MAP) {
		map = node_map(a, 1);
		node_set(a, k->root, field, map);
	}
	return map;
}

bool kfile_edit_has(node list, str text)
{
	node_each_item(i, list)
		if (str_eq(node_str(*i), text))
			return true;
	return false;
}
