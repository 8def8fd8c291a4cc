#include "schema/schema_impl.h"

#include <pthread.h>

#include "schema/schema_meta_table.h"

/* ---- drafts and vocabularies ------------------------------------------- */

#define HTTP "http://json-schema.org/"
#define HTTPS "https://json-schema.org/"

/* clang-format off */
static const struct draft drafts[] = {
	{ 4, { HTTP "draft-04/schema", sizeof(HTTP "draft-04/schema") - 1 }, { "id", 2 } },
	{ 6, { HTTP "draft-06/schema", sizeof(HTTP "draft-06/schema") - 1 }, { "$id", 3 } },
	{ 7, { HTTP "draft-07/schema", sizeof(HTTP "draft-07/schema") - 1 }, { "$id", 3 } },
	{ 2019, { HTTPS "draft/2019-09/schema", sizeof(HTTPS "draft/2019-09/schema") - 1 },
	  { "$id", 3 }, { HTTPS "draft/2019-09/vocab/", sizeof(HTTPS "draft/2019-09/vocab/") - 1 } },
	{ 2020, { HTTPS "draft/2020-12/schema", sizeof(HTTPS "draft/2020-12/schema") - 1 },
	  { "$id", 3 }, { HTTPS "draft/2020-12/vocab/", sizeof(HTTPS "draft/2020-12/vocab/") - 1 } },
};
/* clang-format on */

enum { DRAFTS = sizeof drafts / sizeof *drafts };

const struct draft *const meta_latest_draft = &drafts[DRAFTS - 1];

static const char *const vocab_names[VOCABS] = {
	"core",
	"applicator",
	"unevaluated",
	"validation",
	"meta-data",
	"format",
	"format-annotation",
	"format-assertion",
	"content",
};

/* Take "http://json-schema.org/" or the https one off the front. */
static bool take_home(str *url)
{
	return str_take_str(url, S(HTTP)) || str_take_str(url, S(HTTPS));
}

const struct draft *meta_find_draft(str url)
{
	str before, fragment;

	str_split(url, '#', &before, &fragment);
	if (fragment.n)
		return NULL;
	/* the scheme may be left out altogether */
	if (!take_home(&before) && !str_take_str(&before, S("json-schema.org/")))
		return NULL;
	if (str_eq(before, S("schema")))
		return meta_latest_draft;
	for (size_t i = 0; i < DRAFTS; i++) {
		str known = drafts[i].url;

		if (take_home(&known) && str_eq(before, known))
			return &drafts[i];
	}
	return NULL;
}

uint16_t meta_find_vocab(const struct draft *d, str url)
{
	/* 2020-12 parted "format" in two, and made "unevaluated" one of its own */
	unsigned known = d->version == 2019 ? ~(VOCAB_UNEVALUATED | VOCAB_FORMAT_ANNOTATION |
						VOCAB_FORMAT_ASSERTION)
					    : ~VOCAB_FORMAT;

	if (!str_take_str(&url, d->vocabularies))
		return 0;
	for (size_t i = 0; i < VOCABS; i++)
		if (str_eq(str_c(vocab_names[i]), url))
			return (uint16_t)(1u << i & known);
	return 0;
}

bool meta_has_vocab(const struct dialect *d, enum vocab vocab)
{
	unsigned usual = VOCAB_CORE | VOCAB_APPLICATOR | VOCAB_VALIDATION;

	if (vocab == VOCAB_CORE || d->draft->version < 2019)
		return true;
	if (d->draft->version >= 2020)
		usual |= VOCAB_UNEVALUATED;
	return (d->listed ? d->vocabs : usual) & vocab;
}

/* ---- meta-schemas ------------------------------------------------------ */

enum { METAS = sizeof meta_texts / sizeof *meta_texts };

static size_t find_meta(str url)
{
	if (!take_home(&url))
		return METAS;
	if (str_eq(url, S("schema"))) {
		url = meta_latest_draft->url;
		take_home(&url);
	}
	for (size_t i = 0; i < METAS; i++)
		if (str_eq(str_c(meta_texts[i].path), url))
			return i;
	return METAS;
}

bool meta_text(str url, str *text)
{
	size_t i = find_meta(url);

	if (i == METAS)
		return false;
	*text = meta_texts[i].text;
	return true;
}

/* Constant once made; never freed. */
static struct {
	pthread_mutex_t lock;
	struct arena arena;
	const struct schema *made[METAS];
} metas = { .lock = PTHREAD_MUTEX_INITIALIZER };

static err *compile_meta(str url, const struct schema **out)
{
	struct compiler c = { .a = &metas.arena, .formats = true, .trusted = true };
	struct doc *doc = NULL;
	err *e = load_doc(&c, url, &doc);

	if (!e)
		e = schema_compile_place(&c, doc->top, out);
	compile_release(&c);
	return e;
}

static const struct schema *meta_schema(str url)
{
	size_t i = find_meta(url);

	if (i == METAS)
		die_bug("no meta-schema %.*s", STR_ARG(url));
	pthread_mutex_lock(&metas.lock);
	err *e = metas.made[i] ? NULL : compile_meta(url, &metas.made[i]);

	pthread_mutex_unlock(&metas.lock);
	if (e)
		die_bug("meta-schema: %s", err_msg(e));
	return metas.made[i];
}

const struct schema *meta_draft(const struct draft *d)
{
	return meta_schema(d->url);
}

const struct schema *meta_vocab(const struct draft *d, enum vocab vocab)
{
	CLEANUP(buf_release) struct buf url = BUF_INIT;

	buf_add(&url, str_sub(d->url, 0, d->url.n - (sizeof "schema" - 1)));
	buf_addf(&url, "meta/%s", vocab_names[__builtin_ctz(vocab)]);
	return meta_schema(buf_str(&url));
}
