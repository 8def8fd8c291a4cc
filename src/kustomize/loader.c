#include "kustomize/loader.h"

#include "base/err.h"
#include "kustomize/repourl.h"
#include "text/path.h"
#include "text/quote.h"

enum { ROOTS_MAX = 1000 };	/* bases inside bases */

bool loader_is_remote_file(str path)
{
	return str_starts(path, S("http://")) || str_starts(path, S("https://"));
}

bool loader_is_repo(str path)
{
	struct arena a = ARENA_INIT;
	struct repourl url;
	bool is = repourl_parse(&a, path, &url);

	arena_release(&a);
	return is;
}

static bool is_refused(const err *e)
{
	return str_starts(err_text(e), S("fs-security-constraint"));
}

/* Flux's refusal of a path speaks for itself. */
static err *not_real(err *e, str path)
{
	return is_refused(e) ? e : err_wrap(e, "evalsymlink failure on '%.*s' ", STR_ARG(path));
}

/* The directory without links; what the user wrote is in the message. */
static err *real_dir(struct arena *a, const struct files *files, str path, str *out)
{
	err *e = files->real(files, a, path, out);

	if (e)
		return not_real(e, path);
	if (files->type(files, *out) != FILE_DIR)
		return err_new(ERR_INVALID, "'%.*s': file is not directory", STR_ARG(path));
	return NULL;
}

static err *not_a_dir(err *e)
{
	/* A path that leads nowhere is told apart from one that leads to a file. */
	if (is_refused(e) || str_starts(err_text(e), S("evalsymlink")))
		e = err_wrap(e, "not a valid directory");
	return err_wrap(e, "must build at directory");
}

static err *refuse_remote(str url)
{
	return err_new(ERR_FORBIDDEN,
		       "remote base '%.*s' cannot be fetched here: copy it into the repository, or name "
		       "it as a source of its own",
		       STR_ARG(url));
}

static err *check_repo_cycle(const struct loader *l, str url)
{
	for (; l; l = l->referrer)
		if (l->repo_url.n && str_starts(l->repo_url, url))
			return err_new(ERR_INVALID,
				       "cycle detected: URI '%.*s' referenced by previous URI '%.*s'",
				       STR_ARG(url), STR_ARG(l->repo_url));
	return NULL;
}

static err *open_repo(struct arena *a, const struct files *files, struct remote *remote, str url,
		      const struct loader *from, struct loader **out)
{
	struct loader *l = arena_new(a, struct loader);
	str checkout, base;

	TRY(check_repo_cycle(from, url));
	if (!remote || !remote->fetch_repo)
		return refuse_remote(url);
	TRY(remote->fetch_repo(remote, a, url, &checkout, &base));
	TRY(real_dir(a, files, path_join(a, checkout, base), &l->root));
	if (!files_is_below(l->root, checkout))
		return err_new(ERR_FORBIDDEN, "\"%.*s\" refers to directory outside of repo \"%.*s\"",
			       STR_ARG(l->root), STR_ARG(checkout));
	l->files = files;
	l->remote = remote;
	l->referrer = from;
	l->repo_url = url;
	l->repo_dir = checkout;
	l->release_581 = from && from->release_581;
	l->restrict_files = true;
	*out = l;
	return NULL;
}

err *loader_open(struct arena *a, const struct files *files, struct remote *remote, str target,
		 str working_dir, bool restrict_files, struct loader **out)
{
	struct repourl url;

	if (repourl_parse(a, target, &url))
		return open_repo(a, files, remote, target, NULL, out);
	struct loader *l = arena_new(a, struct loader);
	str path = path_is_abs(target) ? target : path_join(a, working_dir, target);
	err *e = files->real(files, a, path, &l->root);

	if (e)
		return not_a_dir(not_real(e, target));
	if (files->type(files, l->root) != FILE_DIR)
		return not_a_dir(err_new(ERR_INVALID, "'%.*s': file is not directory",
					 STR_ARG(target)));
	l->files = files;
	l->remote = remote;
	l->restrict_files = restrict_files;
	*out = l;
	return NULL;
}

/* Bases of a cloned repository stay in it. */
static err *check_containment(const struct loader *l, str root)
{
	for (; l; l = l->referrer) {
		if (!l->repo_dir.n)
			continue;
		if (files_is_below(root, l->repo_dir))
			return NULL;
		return err_new(ERR_FORBIDDEN,
			       "security; bases in kustomizations found in cloned git repos must be "
			       "within the repo, but base '%.*s' is outside '%.*s'",
			       STR_ARG(root), STR_ARG(l->repo_dir));
	}
	return NULL;
}

static err *check_cycle(const struct loader *l, str root)
{
	unsigned depth = 0;

	for (; l; l = l->referrer) {
		if (files_is_below(l->root, root))
			return err_new(ERR_INVALID,
				       "cycle detected: candidate root '%.*s' contains visited root '%.*s'",
				       STR_ARG(root), STR_ARG(l->root));
		if (++depth >= ROOTS_MAX)
			return err_new(ERR_INVALID, "bases are nested deeper than %d levels", ROOTS_MAX);
	}
	return NULL;
}

/* A name with ".." inside: most often two entries of a list that wrong indents made one,
 * "../a - ../b", which leads somewhere else once it is cleaned. */
static bool is_ambiguous(str path)
{
	str name;

	while (str_cut(&path, &name, '/'))
		if (!str_eq(name, S("..")) && str_has(name, S("..")))
			return true;
	return false;
}

static err *refuse_ambiguous(struct arena *a, str path)
{
	return err_new(ERR_INVALID,
		       "path %s is ambiguous: resolves to %s after normalization, which is likely not "
		       "the intended target; check for YAML indentation errors in your kustomization "
		       "file",
		       quote_str(a, path).p, quote_str(a, path_clean(a, path)).p);
}

err *loader_enter(struct arena *a, const struct loader *from, str path, struct loader **out)
{
	struct repourl url;
	str root;

	if (!path.n)
		return err_new(ERR_INVALID, "new root cannot be empty");
	if (repourl_parse(a, path, &url))
		return open_repo(a, from->files, from->remote, path, from, out);
	if (path_is_abs(path))
		return err_new(ERR_INVALID, "new root '%.*s' cannot be absolute", STR_ARG(path));
	if (!from->release_581 && is_ambiguous(path))
		return refuse_ambiguous(a, path);
	err *e = real_dir(a, from->files, path_join(a, from->root, path), &root);

	if (e)
		return not_a_dir(e);
	TRY(check_containment(from, root));
	TRY(check_cycle(from, root));
	struct loader *l = arena_new(a, struct loader);

	*l = *from;
	l->referrer = from;
	l->root = root;
	l->repo_url = l->repo_dir = STR_NONE;
	*out = l;
	return NULL;
}

/* Whether the path is a name in the root itself, which has no links in it. */
static bool is_directly_in(str path, str root)
{
	return str_take_str(&path, root) && str_take(&path, '/') &&
	       str_find_char(path, '/') == STR_NPOS;
}

static err *restricted(struct arena *a, const struct loader *l, str *path)
{
	str real;

	if (is_directly_in(*path, l->root) && l->files->plain(l->files, *path))
		return NULL;
	err *e = l->files->real(l->files, a, *path, &real);

	if (e)
		return not_real(e, *path);
	if (l->files->type(l->files, real) == FILE_DIR)
		return err_new(ERR_INVALID, "'%.*s' must resolve to a file", STR_ARG(*path));
	if (!files_is_below(path_dir(a, real), l->root))
		return err_new(ERR_FORBIDDEN, "security; file '%.*s' is not in or below '%.*s'",
			       STR_ARG(*path), STR_ARG(l->root));
	*path = real;
	return NULL;
}

err *loader_read(struct arena *a, const struct loader *l, str path, str *text, str *real)
{
	if (loader_is_remote_file(path)) {
		if (!l->remote || !l->remote->fetch_file)
			return refuse_remote(path);
		TRY(l->remote->fetch_file(l->remote, a, path, text));
		if (real)
			*real = path;
		return NULL;
	}
	if (!path_is_abs(path))
		path = path_join(a, l->root, path);
	if (l->restrict_files)
		TRY(restricted(a, l, &path));
	TRY(l->files->read(l->files, a, path, text));
	if (real)
		*real = path;
	return NULL;
}
