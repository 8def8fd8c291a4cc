#include "driver.h"

#include "base/buf.h"
#include "controllers/compose.h"

/* The sources that later requests are about, on disk until the program ends. */
static struct {
	struct compose_source list[2];
	struct fs *open[2];
	size_t n;
} sources;

static void close_sources(void)
{
	for (size_t i = 0; i < sources.n; i++)
		fs_close(sources.open[i]);
	sources.n = 0;
}

static err *lay(struct arena *a, const struct fs *fs, str name, node content)
{
	size_t slash = str_rfind_char(name, '/');
	str text = node_str(content);

	if (slash != STR_NPOS)
		TRY(fs_mkdir(fs, str_sub(name, 0, slash), 0700));
	if (str_ends(name, S("/")))
		return NULL;
	if (content.kind == NODE_MAP) {
		node one = node_map(a, 1);

		node_set(a, one, S("x_b64"), node_get(content, S("b64")));
		text = driver_text(a, one, "x");
	}
	return fs_create(fs, name, text, str_ends(name, S(".sh")) ? 0700 : 0600);
}

static err *run_sources(struct arena *a, node request, node *output)
{
	static char names[2][32];

	if (!sources.n)
		atexit(close_sources);
	close_sources();
	node_each_pair(p, node_get(request, S("sources"))) {
		str alias = node_str(p->key);
		size_t i = sources.n;

		TRY(fs_open_temp(&sources.open[i], STR_NONE, S("compose")));
		memcpy(names[i], alias.p, alias.n);
		sources.list[i] =
			(struct compose_source){ str_of(names[i], alias.n), sources.open[i] };
		sources.n++;
		node_each_pair(f, p->value)
			TRY(lay(a, sources.open[i], node_str(f->key), f->value));
	}
	*output = node_from_bool(true);
	return NULL;
}

static struct compose_op op_of(struct arena *a, node n)
{
	node list = node_get(n, S("exclude"));
	str strategy = node_str(node_get(n, S("strategy")));
	str *exclude = arena_array(a, str, node_len(list));

	for (size_t i = 0; i < node_len(list); i++)
		exclude[i] = node_str(node_at(list, i));
	return (struct compose_op){ .from = node_str(node_get(n, S("from"))),
				    .to = node_str(node_get(n, S("to"))),
				    .strategy = str_eq(strategy, S("Merge")) ? COMPOSE_MERGE
						: str_eq(strategy, S("Extract"))
							? COMPOSE_EXTRACT
							: COMPOSE_OVERWRITE,
				    .exclude = exclude,
				    .exclude_n = node_len(list) };
}

static err *list(struct arena *a, const struct filelist *l, node files)
{
	static const char *const types[] = { [FILELIST_FILE] = "file",
					     [FILELIST_EXEC] = "exec",
					     [FILELIST_DIR] = "dir",
					     [FILELIST_LINK] = "link" };

	for (size_t i = 0; i < l->entries.n; i++) {
		const struct filelist_entry *e = &l->entries.p[i];
		node one = node_seq(a, 3);
		str text;

		node_append(a, one, node_from_str(a, e->path));
		node_append(a, one, node_from_str(a, str_c(types[e->type])));
		if (e->type != FILELIST_DIR) {
			TRY(filelist_read(l, e, a, &text));
			node_append(a, one, node_from_str(a, text));
		}
		node_append(a, files, one);
	}
	return NULL;
}

static err *run_compose(struct arena *a, node request, node *output)
{
	node copy = node_get(request, S("copy"));
	struct compose_op *ops = arena_array(a, struct compose_op, node_len(copy));
	struct filelist files = FILELIST_INIT(a);
	str hash;

	for (size_t i = 0; i < node_len(copy); i++)
		ops[i] = op_of(a, node_at(copy, i));
	const struct compose_spec spec = {
		.sources = sources.list, .sources_n = sources.n, .ops = ops, .ops_n = node_len(copy)
	};

	TRY(compose_files(&spec, &files));
	TRY(compose_hash(&files, node_str(node_get(request, S("name"))), a, &hash));
	*output = node_map(a, 2);
	node_set(a, *output, S("hash"), node_from_str(a, hash));
	node_set(a, *output, S("files"), node_seq(a, files.entries.n));
	return list(a, &files, node_get(*output, S("files")));
}

const struct driver_op driver_compose_ops[] = {
	{ "compose", run_compose },
	{ "compose-sources", run_sources },
	{ 0 },
};
