#include "cli/flux_hint.h"

#include "cli/flux.h"

#define NO_RESOURCE "the server could not find the requested resource"

/* The kind that the command is about; NULL: of none alone. */
static const struct flux_kind *kind_of(const struct cli *c)
{
	const struct flux_kind *k = cli_subject(c);

	return k >= flux_kinds && k < flux_kinds + FLUX_KINDS ? k : NULL;
}

err *hint_reword(struct cli *c, err *e)
{
	const struct flux_kind *k = kind_of(c);

	if (!k || !str_eq(err_text(e), S(NO_RESOURCE)))
		return e;
	return err_replace(e, "no matches for kind \"%s\" in version \"%s/%s\"", k->kind, k->group,
			   k->version);
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
	if (has(e, "context \"") && has(e, "does not exist"))
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
