#include "server/documents.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/owned.h"
#include "base/vec.h"
#include "crypto/sha256.h"
#include "server/negotiate.h"
#include "server/registry.h"
#include "server/server.h"
#include "text/gotime.h"
#include "value/json.h"

#define HTTP_DATE S("Mon, 02 Jan 2006 15:04:05 GMT")

struct entry {
	char *key;
	char hash[DOCUMENTS_HASH + 1];
	int64_t since;		/* seconds: when it was made first */
	char *text;		/* of small ones */
	size_t text_n;
};

struct documents {
	pthread_mutex_t lock;
	uint64_t generation;
	VEC(struct entry) entries;
};

/* ---- what is kept ------------------------------------------------------ */

static void clear(struct documents *d)
{
	for (size_t i = 0; i < d->entries.n; i++) {
		free(d->entries.p[i].key);
		free(d->entries.p[i].text);
	}
	d->entries.n = 0;
}

/* The lock is held. */
static struct entry *find(struct documents *d, uint64_t generation, str key)
{
	if (d->generation != generation) {
		clear(d);
		d->generation = generation;
	}
	for (size_t i = 0; i < d->entries.n; i++)
		if (str_eq(str_c(d->entries.p[i].key), key))
			return &d->entries.p[i];
	return NULL;
}

static void keep(struct documents *d, uint64_t generation, const struct document *doc,
		 const struct entry *made, str text)
{
	pthread_mutex_lock(&d->lock);
	if (!find(d, generation, doc->key)) {
		struct entry e = *made;

		e.key = owned_text(doc->key);
		e.text = doc->keep ? owned_text(text) : NULL;
		e.text_n = text.n;
		vec_push(&d->entries, e);
	}
	pthread_mutex_unlock(&d->lock);
}

/* ---- making ------------------------------------------------------------ */

static void hash(str text, char out[DOCUMENTS_HASH + 1])
{
	sha256_hex(text, out);
	for (char *p = out; *p; p++)
		if (*p >= 'a')
			*p = (char)(*p - 'a' + 'A');
}

/* Make it unless its entry says enough: `text` is written only if it is
 * `wanted`. */
static err *make(struct request *r, const struct document *doc, bool wanted, struct entry *out,
		 struct buf *text)
{
	struct registry *registry = server_registry(r->server);
	struct documents *d = server_part(r->server, SERVER_PART_DOCUMENTS);
	uint64_t generation = registry_generation(registry);

	pthread_mutex_lock(&d->lock);
	struct entry *there = find(d, generation, doc->key);
	bool enough = there && (!wanted || there->text);

	if (there)
		*out = *there;
	if (enough && wanted)
		buf_add(text, (str){ there->text, there->text_n });
	pthread_mutex_unlock(&d->lock);
	if (enough)
		return NULL;
	struct discovery_rows rows;
	const struct kind **list = registry_list(registry, &rows.n);

	rows.list = list;
	doc->write(r, doc, &rows, text);
	registry_release_list(list, rows.n);
	TRY(buf_check(text, "the document"));
	if (there)
		return NULL;
	out->since = clock_wall() / CLOCK_SECOND;
	hash(buf_str(text), out->hash);
	keep(d, generation, doc, out, buf_str(text));
	return NULL;
}

err *documents_hash(struct request *r, const struct document *d, char out[DOCUMENTS_HASH + 1])
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	struct entry e = { 0 };

	TRY(make(r, d, false, &e, &text));
	memcpy(out, e.hash, sizeof e.hash);
	return NULL;
}

/* ---- answering --------------------------------------------------------- */

static bool is_current(struct request *r, const struct entry *e)
{
	str tags = request_header(r, S("if-none-match")), since = request_header(r, S("if-modified-since"));
	struct gotime t;

	if (tags.n)
		return str_has(tags, str_c(e->hash));
	if (!since.n)
		return false;
	err *bad = gotime_parse(&t, HTTP_DATE, since, NULL);

	if (bad) {
		err_free(bad);
		return false;
	}
	return t.sec >= e->since;
}

static str date(struct arena *a, int64_t seconds)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	gotime_format(&b, gotime_utc(seconds, 0), HTTP_DATE);
	return arena_str(a, buf_str(&b));
}

err *documents_answer(struct request *r, const struct document *d)
{
	struct entry e = { 0 };
	bool asks = request_header(r, S("if-none-match")).n || request_header(r, S("if-modified-since")).n;

	if (asks)
		TRY(make(r, d, false, &e, &r->answer.body));
	if (asks && d->tag_of)
		TRY(documents_hash(r, d->tag_of, e.hash));
	bool current = asks && is_current(r, &e);

	if (current)
		buf_clear(&r->answer.body);
	else if (!r->answer.body.n)
		TRY(make(r, d, true, &e, &r->answer.body));
	if (d->tag_of)
		TRY(documents_hash(r, d->tag_of, e.hash));
	r->answer.code = current ? 304 : 200;
	r->answer.type = d->type;
	request_add_header(r, S("ETag"), arena_printf(r->arena, "\"%s\"", e.hash));
	request_add_header(r, S("Last-Modified"), date(r->arena, e.since));
	request_add_header(r, S("Vary"), S("Accept"));
	return NULL;
}

err *documents_indent(struct request *r)
{
	node tree;

	if (!negotiate_pretty(r) || r->answer.code != 200)
		return NULL;
	TRY(json_read(r->arena, arena_str(r->arena, buf_str(&r->answer.body)), NULL, &tree));
	buf_clear(&r->answer.body);
	return json_write(&r->answer.body, tree, &(struct json_style){ .indent = 2, .source_order = true });
}

void documents_write_json(struct buf *b, node doc)
{
	err_free(json_write(b, doc, &(struct json_style){ .source_order = true }));
	buf_addc(b, '\n');
}

/* ---- the part of the server --------------------------------------------- */

static err *open_documents(struct server *s, const struct server_options *o)
{
	struct documents *d = mem_calloc(1, sizeof *d);

	(void)o;
	pthread_mutex_init(&d->lock, NULL);
	server_part_set(s, SERVER_PART_DOCUMENTS, d);
	return NULL;
}

static void close_documents(struct server *s)
{
	struct documents *d = server_part(s, SERVER_PART_DOCUMENTS);

	if (!d)
		return;
	clear(d);
	vec_release(&d->entries);
	pthread_mutex_destroy(&d->lock);
	free(d);
}

const struct hooks documents_hooks = { .open = open_documents, .close = close_documents };
