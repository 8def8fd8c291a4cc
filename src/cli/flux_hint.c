#include "cli/flux_hint.h"

#include <limits.h>
#include <unistd.h>

#include "base/fs.h"
#include "cli/commands.h"
#include "cli/flux.h"
#include "text/errtext.h"

#define GROUPS "failed to get server groups: "
#define NO_RESOURCE "the server could not find the requested resource"

/* The kind that the command is about; NULL: of none alone. */
static const struct flux_kind *kind_of(const struct cli *c)
{
	const struct flux_kind *k = cli_subject(c);

	return k >= flux_kinds && k < flux_kinds + FLUX_KINDS ? k : NULL;
}

/* flux asks a server for its groups before anything else, so a server that cannot be
 * reached, or does not know the user, is told of in these words. `text` is that of the
 * first request of ours. */
err *hint_first(err *e)
{
	static const str causes[] = { S(": dial tcp"), S(": tls: "), S(": http: server gave HTTP"),
				      S(": unsupported protocol scheme") };
	str text = err_text(e), before, rest, url, cause;
	size_t root;

	if (str_eq(text, S("Unauthorized")) || str_ends(text, S(": Unauthorized")))
		return err_replace(e, "%.*s" GROUPS "the server has asked for the "
				      "client to provide credentials",
				   STR_ARG(str_sub(text, 0, text.n - S("Unauthorized").n)));
	size_t at = str_find(text, S("client rate limiter Wait returned an error: rate: "));

	if (at != STR_NPOS && !str_ends(str_sub(text, 0, at), S(GROUPS)))
		return err_replace(e, "%.*s" GROUPS "%.*s",
				   STR_ARG(str_sub(text, 0, at)), STR_ARG(str_from(text, at)));
	at = str_find(text, S("Get \""));

	if (at == STR_NPOS)
		return e;
	before = str_sub(text, 0, at);
	rest = str_from(text, at + 5);
	if (!str_split(rest, '"', &url, &cause))
		return e;
	root = str_find(url, S("/apis/"));
	if (root == STR_NPOS)
		root = str_find(url, S("/api/"));
	if (root == STR_NPOS)
		return e;
	url = str_sub(url, 0, root);
	for (size_t i = 0; i < sizeof causes / sizeof *causes; i++)
		if (str_starts(cause, causes[i]))
			return err_replace(e, "%.*s" GROUPS "Get \"%.*s/api\"%.*s",
					   STR_ARG(before), STR_ARG(url), STR_ARG(cause));
	return e;
}

/* These ask without a look at the groups. */
static bool asks_at_once(const struct cli *c)
{
	static const struct command *const all[] = { &flux_logs_command, &why_command, &up_command };

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (c->path.at[c->path.n - 1] == all[i])
			return true;
	return false;
}

err *hint_missing(err *e, const struct client_resource *r)
{
	str none = S(NO_RESOURCE);
	str text = e ? err_text(e) : STR_NONE;

	if (!str_ends(text, none))
		return e;
	return err_replace(e, "%.*sno matches for kind \"%.*s\" in version \"%.*s/%.*s\"",
			   STR_ARG(str_sub(text, 0, text.n - none.n)), STR_ARG(r->kind),
			   STR_ARG(r->group), STR_ARG(r->version));
}

err *hint_reword(struct cli *c, err *e)
{
	const struct flux_kind *k = kind_of(c);

	if (!asks_at_once(c))
		e = hint_first(e);
	if (!k)
		return e;
	const struct client_resource r = flux_resource(k);

	return hint_missing(e, &r);
}

static bool has(const err *e, const char *text)
{
	return str_has(err_text(e), str_c(text));
}

static str contexts(struct cli *c)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	str text, name;

	flux_contexts(c, STR_NONE, &b);
	text = str_trim(buf_str(&b));
	if (!text.n)
		return S("the kubeconfig has no contexts");
	CLEANUP(buf_release) struct buf list = BUF_INIT;

	while (str_cut(&text, &name, '\n'))
		buf_addf(&list, "%s%.*s", list.n ? ", " : "", STR_ARG(name));
	return arena_printf(c->arena, "there are these contexts: %s", buf_c(&list));
}

str hint_of(struct cli *c, const err *e)
{
	const struct flux_kind *k = kind_of(c);

	if (has(e, "localhost:8080"))
		return S("no kubeconfig was found: set KUBECONFIG or --kubeconfig, or start a cluster "
			 "with `rill server --write-kubeconfig FILE`");
	if (has(e, "connection refused") || has(e, "no such host"))
		return S("is the cluster up, and is this its address? --context and --server choose "
			 "another");
	if ((has(e, "context \"") && has(e, "does not exist")) || has(e, "context was not found"))
		return contexts(c);
	if (str_starts(err_text(e), S("stat ")) && has(e, "no such file"))
		return S("KUBECONFIG and --kubeconfig say which kubeconfig is read");
	if (has(e, "no matches for kind") && has(e, "fluxcd.io/"))
		return S("Flux is not installed in this cluster: `flux install` does it");
	if (has(e, "Unauthorized"))
		return S("the login of this context has expired, or is that of another cluster");
	if (k && err_kind(e) == ERR_NOT_FOUND && has(e, k->plural))
		return S("`flux get all -A` shows what there is");
	return STR_NONE;
}

/* The line of a file; empty: it cannot be read, or is not that long. */
static str line_of(struct cli *c, const struct err_pos *pos)
{
	enum { FILE_MAX = 4 << 20 };
	str text, line = STR_NONE;
	CLEANUP(err_drop) err *e = fs_read_any(c->arena, pos->file, FILE_MAX, &text);

	for (uint32_t i = 0; !e && i < pos->line; i++)
		if (!str_cut(&text, &line, '\n'))
			return STR_NONE;
	return line;
}

void hint_place(struct cli *c, const err *e)
{
	struct err_pos pos = err_position(e);
	char cwd[PATH_MAX];

	if (!output_is_terminal(&c->err) || !pos.file.n)
		return;
	if (pos.line && !pos.text.n)
		pos.text = line_of(c, &pos);
	errtext_show_place(&c->err.buf, &pos, getcwd(cwd, sizeof cwd) ? str_c(cwd) : STR_NONE);
}
