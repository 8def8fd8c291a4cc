#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/helm_cluster.h"
#include "cli/helm_repos.h"
#include "text/path.h"
#include "text/quote.h"

/* ---- add ----------------------------------------------------------------- */

struct add_options {
	str username, password, cert_file, key_file, ca_file;
	bool password_stdin, force, insecure, deprecated, pass_credentials;
	int64_t timeout;
};

#define AT(field) offsetof(struct add_options, field)

static const struct flag add_flags[] = {
	{ "allow-deprecated-repos", 0, FLAG_BOOL, AT(deprecated),
	  "take repositories that are known to be gone, too" },
	{ "ca-file", 0, FLAG_STRING, AT(ca_file), "certificates that the server's is checked by" },
	{ "cert-file", 0, FLAG_STRING, AT(cert_file), "certificate to show the server" },
	{ "force-update", 0, FLAG_BOOL, AT(force), "replace a repository of that name" },
	{ "insecure-skip-tls-verify", 0, FLAG_BOOL, AT(insecure),
	  "do not check the server's certificate" },
	{ "key-file", 0, FLAG_STRING, AT(key_file), "key of the certificate to show" },
	{ "pass-credentials", 0, FLAG_BOOL, AT(pass_credentials), "send credentials to all domains" },
	{ "password", 0, FLAG_STRING, AT(password), "password at the repository" },
	{ "password-stdin", 0, FLAG_BOOL, AT(password_stdin), "read the password from standard input" },
	{ "timeout", 0, FLAG_DURATION, AT(timeout), "how long the index may take to come",
	  .fallback = "2m0s" },
	{ "username", 0, FLAG_STRING, AT(username), "user at the repository" },
	{ 0 },
};

#undef AT

/* Helm's old repositories are gone for good. */
static err *check_deprecated(struct cli *c, str url)
{
	static const char *const gone[][2] = {
		{ "//kubernetes-charts.storage.googleapis.com", "https://charts.helm.sh/stable" },
		{ "//kubernetes-charts-incubator.storage.googleapis.com",
		  "https://charts.helm.sh/incubator" },
	};

	for (size_t i = 0; i < sizeof gone / sizeof *gone; i++)
		if (str_has(url, str_c(gone[i][0])))
			return err_new(ERR_INVALID, "repo %.*s is no longer available; try \"%s\" "
						    "instead",
				       STR_ARG(quote_str(c->arena, url)), gone[i][1]);
	return NULL;
}

static err *read_password(struct cli *c, const struct add_options *o, str *out)
{
	str text;

	*out = o->password;
	if (!o->username.n || o->password.n)
		return NULL;
	if (!o->password_stdin) {
		err *e = ask_line(c, "Password: ", ASK_HIDDEN, out);

		if (e)
			buf_addc(&c->out.buf, '\n');
		return e;
	}
	TRY(fs_read_any(c->arena, S("/dev/stdin"), 1 << 20, &text));
	if (str_ends(text, S("\n")))
		text = str_sub(text, 0, text.n - 1);
	if (str_ends(text, S("\r")))
		text = str_sub(text, 0, text.n - 1);
	*out = arena_str(c->arena, text);
	return NULL;
}

/* Two of us do not write the file at once, nor do we and Helm. */
static int lock(struct cli *c)
{
	str file = helm_repos_file(c), ext = path_ext(file);
	str name = arena_cat(c->arena, str_sub(file, 0, file.n - ext.n), S(".lock"));
	int fd = open(name.p, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	for (int tries = 0; fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) && tries < 300; tries++)
		usleep(100000);
	return fd;
}

static err *add(struct cli *c, const struct add_options *o, struct helm_repo *repo)
{
	CLEANUP(net_client_drop) struct net_client *net = NULL;
	struct helm_repos repos;
	err *e = helm_repos_load(c, &repos);

	if (e && err_kind(e) != ERR_NOT_FOUND)
		return e;
	err_free(e);
	TRY(read_password(c, o, &repo->password));
	if (str_find_char(repo->name, '/') != STR_NPOS)
		return err_new(ERR_INVALID, "repository name (%.*s) contains '/', please specify a "
					    "different name without '/'",
			       STR_ARG(repo->name));
	struct helm_repo *old = helm_repos_find(&repos, repo->name);
	str name = quote_str(c->arena, repo->name);

	if (old && !o->force && !helm_repo_same(old, repo))
		return err_new(ERR_EXISTS, "repository name (%.*s) already exists, please specify a "
					   "different name",
			       STR_ARG(repo->name));
	if (old && !o->force) {
		buf_addf(&c->out.buf, "%.*s already exists with the same configuration, skipping\n",
			 STR_ARG(name));
		return NULL;
	}
	if (!str_starts(repo->url, S("oci://"))) {
		TRY(helm_repo_check(c, repo));
		TRY(helm_net(&net));
		e = helm_repos_update(c, net, repo, o->timeout);
	} else {	/* a registry has no index: Helm asks for an artifact without a tag */
		e = err_new(ERR_INVALID,
			    "failed to perform \"FetchReference\" on source: invalid reference");
	}
	if (e)
		return err_wrap(e, "looks like %.*s is not a valid chart repository or cannot be "
				   "reached",
				STR_ARG(quote_str(c->arena, repo->url)));
	if (old)
		*old = *repo;
	else
		avec_push(c->arena, &repos, *repo);
	TRY(helm_repos_save(c, &repos));
	buf_addf(&c->out.buf, "%.*s has been added to your repositories\n", STR_ARG(name));
	return NULL;
}

static err *run_add(struct cli *c)
{
	const struct add_options *o = c->options;
	struct helm_repo repo = { .name = c->words.p[0],
				  .url = c->words.p[1],
				  .username = o->username,
				  .cert_file = o->cert_file,
				  .key_file = o->key_file,
				  .ca_file = o->ca_file,
				  .insecure = o->insecure,
				  .pass_credentials = o->pass_credentials };

	if (!o->deprecated)
		TRY(check_deprecated(c, repo.url));
	TRY(helm_make_dir(path_dir(c->arena, helm_repos_file(c))));
	int fd = lock(c);
	err *e = add(c, o, &repo);

	if (fd >= 0)
		close(fd);
	return e;
}

/* ---- list ------------------------------------------------------------------ */

struct list_options {
	struct helm_output_options output;
	bool no_headers;
};

static const struct flag list_flags[] = {
	{ "no-headers", 0, FLAG_BOOL, offsetof(struct list_options, no_headers),
	  "no line above the table" },
	{ 0, 0, FLAG_TABLE, offsetof(struct list_options, output), .table = helm_output_flags },
	{ 0 },
};

static node list_tree(struct cli *c, const struct helm_repos *r)
{
	node list = node_seq(c->arena, r->n);

	for (size_t i = 0; i < r->n; i++) {
		node one = node_map(c->arena, 2);

		node_set(c->arena, one, S("name"), node_from_str(c->arena, r->p[i].name));
		node_set(c->arena, one, S("url"), node_from_str(c->arena, r->p[i].url));
		node_append(c->arena, list, one);
	}
	return list;
}

static err *run_list(struct cli *c)
{
	const struct list_options *o = c->options;
	VEC(str) cells = { 0 };
	struct helm_repos r;

	bool table = str_eq(o->output.format, S("table"));

	err_free(helm_repos_load(c, &r));
	if (!r.n && table) {
		cli_note(c, "no repositories to show");
		return NULL;
	}
	if (!table)
		return helm_print_tree(c, &o->output, list_tree(c, &r));
	if (!o->no_headers) {
		avec_push(c->arena, &cells, S("NAME"));
		avec_push(c->arena, &cells, S("URL"));
	}
	for (size_t i = 0; i < r.n; i++) {
		avec_push(c->arena, &cells, r.p[i].name);
		avec_push(c->arena, &cells, r.p[i].url);
	}
	helm_print_table(c, cells.p, cells.n, 2);
	return NULL;
}

/* ---- remove ------------------------------------------------------------------ */

static err *remove_cached(struct cli *c, str name)
{
	str charts = path_join(c->arena, helm_repos_cache(c),
			       arena_cat(c->arena, name, S("-charts.txt")));
	str index = helm_repos_index(c, name);

	unlink(charts.p);
	if (!unlink(index.p) || errno == ENOENT)
		return NULL;
	return err_errno(errno, "can't remove index file %.*s: remove %.*s", STR_ARG(index),
			 STR_ARG(index));
}

static err *run_remove(struct cli *c)
{
	struct helm_repos r;
	err *e = helm_repos_load(c, &r);

	if ((e && err_kind(e) == ERR_NOT_FOUND) || !r.n) {
		err_free(e);
		return err_new(ERR_NOT_FOUND, "no repositories configured");
	}
	TRY(e);
	for (size_t i = 0; i < c->words.n; i++) {
		str name = c->words.p[i];
		struct helm_repo *one = helm_repos_find(&r, name);

		if (!one)
			return err_new(ERR_NOT_FOUND, "no repo named %.*s found",
				       STR_ARG(quote_str(c->arena, name)));
		memmove(one, one + 1, (size_t)(r.p + r.n - one - 1) * sizeof *one);
		r.n--;
		TRY(helm_repos_save(c, &r));
		TRY(remove_cached(c, name));
		buf_addf(&c->out.buf, "%.*s has been removed from your repositories\n",
			 STR_ARG(quote_str(c->arena, name)));
	}
	return NULL;
}

/* ---- update ------------------------------------------------------------------- */

static const struct flag update_flags[] = {
	{ "timeout", 0, FLAG_DURATION, 0, "how long an index may take to come", .fallback = "2m0s" },
	{ 0 },
};

static bool is_wanted(const struct cli *c, str name)
{
	for (size_t i = 0; i < c->words.n; i++)
		if (str_eq(c->words.p[i], name))
			return true;
	return !c->words.n;
}

static err *check_wanted(const struct cli *c, const struct helm_repos *r)
{
	for (size_t i = 0; i < c->words.n; i++)
		if (!helm_repos_find(r, c->words.p[i]))
			return err_new(ERR_NOT_FOUND, "no repositories found matching '%.*s'.  Nothing "
						      "will be updated",
				       STR_ARG(c->words.p[i]));
	return NULL;
}

static err *run_update(struct cli *c)
{
	CLEANUP(net_client_drop) struct net_client *net = NULL;
	CLEANUP(buf_release) struct buf failed = BUF_INIT;
	const int64_t *timeout = c->options;
	struct helm_repos r;
	err *e = helm_repos_load(c, &r);

	if (!r.n && (!e || err_kind(e) == ERR_NOT_FOUND)) {
		err_free(e);
		return err_new(ERR_NOT_FOUND,
			       "no repositories found. You must add one before updating");
	}
	if (e)
		return err_wrap(e, "failed loading file: %.*s", STR_ARG(helm_repos_file(c)));
	TRY(check_wanted(c, &r));
	for (size_t i = 0; i < r.n; i++)
		if (is_wanted(c, r.p[i].name))
			TRY(helm_repo_check(c, &r.p[i]));
	TRY(helm_net(&net));
	buf_add(&c->out.buf,
		S("Hang tight while we grab the latest from your chart repositories...\n"));
	for (size_t i = 0; i < r.n; i++) {
		str name = quote_str(c->arena, r.p[i].name);

		if (!is_wanted(c, r.p[i].name))
			continue;
		e = helm_repos_update(c, net, &r.p[i], *timeout);
		if (e) {
			buf_addf(&c->out.buf, "...Unable to get an update from the %.*s chart repository "
					      "(%.*s):\n\t%s\n",
				 STR_ARG(name), STR_ARG(r.p[i].url), err_msg(e));
			buf_addf(&failed, "%s%.*s", failed.n ? " " : "", STR_ARG(r.p[i].url));
			err_free(e);
			continue;
		}
		buf_addf(&c->out.buf, "...Successfully got an update from the %.*s chart repository\n",
			 STR_ARG(name));
	}
	if (failed.n)
		return err_new(ERR_UNAVAILABLE, "failed to update the following repositories: [%s]",
			       buf_c(&failed));
	buf_add(&c->out.buf, S("Update Complete. ⎈Happy Helming!⎈\n"));
	return NULL;
}

const struct command helm_repo_command = {
	.use = "repo add|remove|list|index|update [ARGS]",
	.brief = "Look after chart repositories",
	.text = "Add, list, remove and update chart repositories, and make their indexes.",
	.args = { ARGS_NONE },
	.commands = (const struct command *const[]){
		&(const struct command){
			.use = "add [NAME] [URL]",
			.brief = "Add a repository",
			.args = { ARGS_EXACT, 2 },
			.flags = add_flags,
			.options = sizeof(struct add_options),
			.run = run_add,
		},
		&helm_repo_index_command,
		&(const struct command){
			.use = "list",
			.aliases = (const char *const[]){ "ls", NULL },
			.brief = "List repositories",
			.args = { ARGS_NONE },
			.flags = list_flags,
			.options = sizeof(struct list_options),
			.run = run_list,
		},
		&(const struct command){
			.use = "remove [REPO1 [REPO2 ...]]",
			.aliases = (const char *const[]){ "rm", NULL },
			.brief = "Remove repositories",
			.args = { ARGS_MIN, 1 },
			.run = run_remove,
		},
		&(const struct command){
			.use = "update [REPO1 [REPO2 ...]]",
			.aliases = (const char *const[]){ "up", NULL },
			.brief = "Fetch the indexes of repositories",
			.text = "Fetch the newest indexes of the repositories that were added, or of those\n"
				"named. They are kept, and looked at by 'search', 'pull' and others.",
			.args = { ARGS_MIN, 0 },
			.flags = update_flags,
			.options = sizeof(int64_t),
			.run = run_update,
		},
		NULL,
	},
};
