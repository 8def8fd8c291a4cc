#include "source/gitproto.h"

#include "base/vec.h"

#define AGENT "agent=rill/" RILL_VERSION

typedef struct {
	VEC(struct gitproto_ref) refs;
	size_t bytes; /* of all names */
} ref_list;

const struct gitproto_ref *gitproto_find(const struct gitproto_refs *refs, str name)
{
	for (size_t i = 0; i < refs->n; i++)
		if (str_eq(refs->p[i].name, name))
			return &refs->p[i];
	return NULL;
}

static err *bad(const char *what)
{
	return err_new(ERR_INVALID, "malformed answer of the git server: %s", what);
}

static err *add_ref(struct arena *a, ref_list *list, struct gitproto_ref ref)
{
	if (list->refs.n >= GITPROTO_REFS_MAX)
		return err_new(ERR_INVALID, "the repository has more than %d references",
			       GITPROTO_REFS_MAX);
	list->bytes += ref.name.n + ref.target.n;
	if (list->bytes > GITPROTO_NAMES_MAX)
		return err_new(ERR_INVALID,
			       "the names of the repository's references are longer than %d bytes",
			       GITPROTO_NAMES_MAX);
	ref.name = arena_str(a, ref.name);
	ref.target = arena_str(a, ref.target);
	avec_push(a, &list->refs, ref);
	return NULL;
}

/* ---- greeting ------------------------------------------------------------- */

static bool has_word(str words, str word)
{
	str one;

	while (str_cut(&words, &one, ' '))
		if (str_eq(one, word))
			return true;
	return false;
}

static err *read_format(str name, enum gitid_algo *out)
{
	if (str_eq(name, S("sha1")))
		*out = GITID_SHA1;
	else if (str_eq(name, S("sha256")))
		*out = GITID_SHA256;
	else
		return err_new(ERR_INVALID, "unsupported object format: %.*s", STR_ARG(name));
	return NULL;
}

static err *read_v2(struct gitpkt *in, struct gitproto_server *s)
{
	enum gitpkt_kind kind;
	str line, key, value;
	size_t count = 0;

	for (;;) {
		TRY(gitpkt_next(in, &kind, &line));
		if (kind == GITPKT_FLUSH)
			break;
		if (kind != GITPKT_LINE || count++ > GITPROTO_CAPS_MAX)
			return bad("capabilities");
		str_split(line, '=', &key, &value);
		if (str_eq(key, S("object-format")))
			TRY(read_format(value, &s->algo));
		else if (str_eq(key, S("fetch")))
			s->shallow = has_word(value, S("shallow"));
	}
	s->any_object = s->side_band = s->ofs_delta = s->no_progress = true;
	return NULL;
}

static err *read_v0_caps(str caps, struct gitproto_server *s)
{
	str word;

	while (str_cut(&caps, &word, ' ')) {
		if (str_eq(word, S("side-band-64k")))
			s->side_band = true;
		else if (str_eq(word, S("ofs-delta")))
			s->ofs_delta = true;
		else if (str_eq(word, S("no-progress")))
			s->no_progress = true;
		else if (str_eq(word, S("shallow")))
			s->shallow = true;
		else if (str_eq(word, S("report-status")))
			s->report = true;
		else if (str_eq(word, S("allow-reachable-sha1-in-want")) ||
			 str_eq(word, S("allow-any-sha1-in-want")))
			s->any_object = true;
		else if (str_take_str(&word, S("object-format=")))
			TRY(read_format(word, &s->algo));
	}
	return NULL;
}

static err *read_v0_ref(struct arena *a, struct gitproto_server *s, ref_list *list, str line)
{
	struct gitproto_ref ref = { 0 };
	str hex, name;

	if (!str_split(line, ' ', &hex, &name) || !gitid_parse(&ref.id, hex) ||
	    ref.id.n != gitid_size(s->algo))
		return bad("a reference");
	if (str_eq(name, S("capabilities^{}")))
		return NULL;
	struct gitproto_ref *last = list->refs.n ? &list->refs.p[list->refs.n - 1] : NULL;

	if (last && str_ends(name, S("^{}")) && str_eq(last->name, str_sub(name, 0, name.n - 3))) {
		last->peeled = ref.id;
		return NULL;
	}
	ref.name = name;
	return add_ref(a, list, ref);
}

/* `line` is the first one. */
static err *read_v0(struct gitpkt *in, struct arena *a, struct gitproto_server *s,
		    enum gitpkt_kind kind, str line)
{
	ref_list list = { 0 };
	bool first = true;

	while (kind == GITPKT_LINE) {
		str caps = STR_NONE;

		if (str_starts(line, S("shallow "))) {
			TRY(gitpkt_next(in, &kind, &line));
			continue;
		}
		if (first && str_split(line, 0, &line, &caps))
			TRY(read_v0_caps(caps, s));
		first = false;
		TRY(read_v0_ref(a, s, &list, line));
		TRY(gitpkt_next(in, &kind, &line));
	}
	if (kind != GITPKT_FLUSH)
		return bad("unexpected end");
	s->refs = (struct gitproto_refs){ list.refs.p, list.refs.n };
	return NULL;
}

err *gitproto_greeting(struct gitpkt *in, struct arena *a, struct gitproto_server *out)
{
	struct gitproto_server s = { 0 };
	enum gitpkt_kind kind;
	str line;

	TRY(gitpkt_next(in, &kind, &line));
	if (kind == GITPKT_LINE && str_starts(line, S("# service="))) {
		if (!str_eq(line, S("# service=git-upload-pack")) &&
		    !str_eq(line, S("# service=git-receive-pack")))
			return bad("another service");
		TRY(gitpkt_next(in, &kind, &line));
		if (kind != GITPKT_FLUSH)
			return bad("no end of its first line");
		TRY(gitpkt_next(in, &kind, &line));
	}
	if (kind == GITPKT_EOF)
		return err_new(ERR_UNAVAILABLE, "unexpected EOF");
	if (kind == GITPKT_LINE && str_eq(line, S("version 2"))) {
		s.version = 2;
		TRY(read_v2(in, &s));
	} else {
		if (kind == GITPKT_LINE && str_eq(line, S("version 1"))) {
			s.version = 1;
			TRY(gitpkt_next(in, &kind, &line));
		}
		TRY(read_v0(in, a, &s, kind, line));
	}
	*out = s;
	return NULL;
}

/* ---- references ----------------------------------------------------------- */

static void start_command(struct buf *b, const char *name, enum gitid_algo algo)
{
	gitpkt_addf(b, "command=%s\n", name);
	gitpkt_add(b, S(AGENT "\n"));
	gitpkt_addf(b, "object-format=%.*s\n", STR_ARG(gitid_algo_name(algo)));
	gitpkt_delim(b);
}

void gitproto_ask_refs(struct buf *b, enum gitid_algo algo, const str *prefixes, size_t n)
{
	start_command(b, "ls-refs", algo);
	gitpkt_add(b, S("peel\n"));
	gitpkt_add(b, S("symrefs\n"));
	for (size_t i = 0; i < n; i++)
		gitpkt_addf(b, "ref-prefix %.*s\n", STR_ARG(prefixes[i]));
	gitpkt_flush(b);
}

/* "ID NAME[ symref-target:NAME][ peeled:ID]" */
static err *read_ref(struct arena *a, enum gitid_algo algo, ref_list *list, str line)
{
	struct gitproto_ref ref = { 0 };
	str word;

	if (str_starts(line, S("unborn ")))
		return NULL;
	if (!str_cut(&line, &word, ' ') || !gitid_parse(&ref.id, word) ||
	    ref.id.n != gitid_size(algo) || !str_cut(&line, &ref.name, ' ') || !ref.name.n)
		return bad("a reference");
	while (str_cut(&line, &word, ' ')) {
		if (str_take_str(&word, S("symref-target:")))
			ref.target = word;
		else if (str_take_str(&word, S("peeled:")) &&
			 (!gitid_parse(&ref.peeled, word) || ref.peeled.n != ref.id.n))
			return bad("a peeled reference");
	}
	return add_ref(a, list, ref);
}

err *gitproto_read_refs(struct gitpkt *in, struct arena *a, enum gitid_algo algo,
			struct gitproto_refs *out)
{
	ref_list list = { 0 };
	enum gitpkt_kind kind;
	str line;

	for (;;) {
		TRY(gitpkt_next(in, &kind, &line));
		if (kind == GITPKT_FLUSH)
			break;
		if (kind != GITPKT_LINE)
			return bad("the list of references");
		TRY(read_ref(a, algo, &list, line));
	}
	*out = (struct gitproto_refs){ list.refs.p, list.refs.n };
	return NULL;
}

/* ---- packs ---------------------------------------------------------------- */

static void add_want(struct buf *b, const struct gitid *id, const char *more)
{
	char hex[GITID_HEX + 1];

	gitid_print(id, hex);
	gitpkt_addf(b, "want %s%s\n", hex, more);
}

static void ask_v0(struct buf *b, const struct gitproto_server *s, const struct gitid *wants,
		   size_t n, unsigned depth)
{
	CLEANUP(buf_release) struct buf caps = BUF_INIT;

	buf_addf(&caps, "%s%s%s%s " AGENT, s->side_band ? " side-band-64k" : "",
		 s->ofs_delta ? " ofs-delta" : "", s->no_progress ? " no-progress" : "",
		 s->algo == GITID_SHA256 ? " object-format=sha256" : "");
	for (size_t i = 0; i < n; i++)
		add_want(b, &wants[i], i ? "" : buf_c(&caps));
	if (depth && s->shallow)
		gitpkt_addf(b, "deepen %u", depth);
	gitpkt_flush(b);
	gitpkt_add(b, S("done\n"));
}

void gitproto_ask_pack(struct buf *b, const struct gitproto_server *s, const struct gitid *wants,
		       size_t n, unsigned depth)
{
	if (s->version != 2) {
		ask_v0(b, s, wants, n, depth);
		return;
	}
	start_command(b, "fetch", s->algo);
	gitpkt_add(b, S("no-progress\n"));
	gitpkt_add(b, S("ofs-delta\n"));
	for (size_t i = 0; i < n; i++)
		add_want(b, &wants[i], "");
	if (depth && s->shallow)
		gitpkt_addf(b, "deepen %u\n", depth);
	gitpkt_add(b, S("done\n"));
	gitpkt_flush(b);
}

/* Data in band 1, talk in band 2, a farewell in band 3. */
static err *read_bands(struct gitpkt *in, struct gitpack *pack)
{
	enum gitpkt_kind kind;
	str bytes;

	for (;;) {
		TRY(gitpkt_next_raw(in, &kind, &bytes));
		if (kind != GITPKT_LINE)
			break;
		if (!bytes.n)
			continue;
		str data = str_from(bytes, 1);

		switch (bytes.p[0]) {
		case 1:
			TRY(gitpack_add(pack, data));
			break;
		case 2:
			break;
		case 3:
			return err_new(ERR_UNAVAILABLE, "%.*s", STR_ARG(str_trim(data)));
		default:
			return bad("unknown channel");
		}
	}
	return kind == GITPKT_EOF ? err_new(ERR_UNAVAILABLE, "unexpected EOF") : NULL;
}

static err *read_plain(struct gitpkt *in, struct gitpack *pack)
{
	char piece[16 << 10];
	size_t n;

	do {
		TRY(gitpkt_rest(in, piece, sizeof piece, &n));
		TRY(gitpack_add(pack, str_of(piece, n)));
	} while (n);
	return NULL;
}

/* Lines up to a mark; what they say about history is of no use to us. */
static err *skip_lines(struct gitpkt *in, enum gitpkt_kind *kind)
{
	str line;

	for (size_t i = 0; i < GITPROTO_SHALLOW_MAX; i++) {
		TRY(gitpkt_next(in, kind, &line));
		if (*kind != GITPKT_LINE)
			return NULL;
	}
	return bad("too many lines before the pack");
}

static err *read_v0_pack(struct gitpkt *in, const struct gitproto_server *s, unsigned depth,
			 struct gitpack *pack)
{
	enum gitpkt_kind kind;
	str line;

	if (depth && s->shallow) {
		TRY(skip_lines(in, &kind));
		if (kind != GITPKT_FLUSH)
			return bad("unexpected end");
	}
	TRY(gitpkt_next(in, &kind, &line));
	if (kind != GITPKT_LINE || (!str_eq(line, S("NAK")) && !str_starts(line, S("ACK "))))
		return bad("no acknowledgement");
	return s->side_band ? read_bands(in, pack) : read_plain(in, pack);
}

static err *read_v2_pack(struct gitpkt *in, struct gitpack *pack)
{
	enum gitpkt_kind kind;
	str line;

	for (;;) {
		TRY(gitpkt_next(in, &kind, &line));
		if (kind != GITPKT_LINE)
			return kind == GITPKT_EOF ? err_new(ERR_UNAVAILABLE, "unexpected EOF")
						  : bad("no pack");
		if (str_eq(line, S("packfile")))
			return read_bands(in, pack);
		TRY(skip_lines(in, &kind));
		if (kind != GITPKT_DELIM)
			return bad("no pack");
	}
}

err *gitproto_read_pack(struct gitpkt *in, const struct gitproto_server *s, unsigned depth,
			struct gitpack *pack)
{
	TRY(s->version == 2 ? read_v2_pack(in, pack) : read_v0_pack(in, s, depth, pack));
	return gitpack_finish(pack);
}

/* ---- pushing -------------------------------------------------------------- */

static void add_id(struct buf *b, const struct gitid *id, enum gitid_algo algo)
{
	if (id->n)
		gitid_add(b, id);
	else
		buf_fill(b, '0', 2 * gitid_size(algo));
}

void gitproto_ask_push(struct buf *b, const struct gitproto_server *server, str name,
		       const struct gitid *before, const struct gitid *after)
{
	CLEANUP(buf_release) struct buf line = BUF_INIT;

	add_id(&line, before, server->algo);
	buf_addc(&line, ' ');
	add_id(&line, after, server->algo);
	buf_addf(&line, " %.*s", STR_ARG(name));
	buf_addc(&line, 0);
	buf_add(&line, server->report ? S(" report-status") : STR_NONE);
	if (server->algo == GITID_SHA256)
		buf_add(&line, S(" object-format=sha256"));
	buf_add(&line, S(" " AGENT));
	gitpkt_add(b, buf_str(&line));
	gitpkt_flush(b);
}

static err *rejected(str name, str why)
{
	err *e = err_new(ERR_CONFLICT, "command error on %.*s: %.*s", STR_ARG(name), STR_ARG(why));

	err_set_code(e, GITPROTO_REJECTED);
	return e;
}

err *gitproto_read_report(struct gitpkt *in, const struct gitproto_server *server, str name)
{
	enum gitpkt_kind kind;
	str line, word, what, why;

	if (!server->report)
		return NULL;
	TRY(gitpkt_next(in, &kind, &line));
	if (kind != GITPKT_LINE || !str_take_str(&line, S("unpack ")))
		return kind == GITPKT_EOF ? err_new(ERR_UNAVAILABLE, "unexpected EOF")
					  : bad("no report");
	if (!str_eq(line, S("ok")))
		return err_new(ERR_INVALID, "unpack error: %.*s", STR_ARG(line));
	for (size_t i = 0; i < GITPROTO_CAPS_MAX; i++) {
		TRY(gitpkt_next(in, &kind, &line));
		if (kind != GITPKT_LINE)
			break;
		str_split(line, ' ', &word, &what);
		str_split(what, ' ', &what, &why);
		if (!str_eq(what, name))
			continue;
		return str_eq(word, S("ok")) ? NULL : rejected(name, why);
	}
	return bad("nothing about the reference");
}
