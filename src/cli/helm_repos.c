#include "cli/helm_repos.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "crypto/keypair.h"
#include "text/gourl.h"
#include "text/path.h"
#include "text/quote.h"
#include "value/yaml.h"

/* An index of any size is taken: the user chose the repository. */
enum { FILE_MAX = 16 << 20, INDEX_MAX = 1 << 30 };

/* ---- places ------------------------------------------------------------ */

static str place(struct cli *c, str flag, const char *name, str otherwise)
{
	const char *env = cli_env(c, name);

	return flag.n ? flag : env && *env ? str_c(env) : otherwise;
}

str helm_repos_file(struct cli *c)
{
	return place(c, helm_settings(c)->repository_config, "HELM_REPOSITORY_CONFIG",
		     helm_dir(c, "config", S("repositories.yaml")));
}

str helm_repos_cache(struct cli *c)
{
	return place(c, helm_settings(c)->repository_cache, "HELM_REPOSITORY_CACHE",
		     helm_dir(c, "cache", S("repository")));
}

str helm_repos_index(struct cli *c, str name)
{
	return path_join(c->arena, helm_repos_cache(c), arena_cat(c->arena, name, S("-index.yaml")));
}

err *helm_make_dir(str path)
{
	CLEANUP(fs_drop) struct fs *top = NULL;
	static const struct fs_options links = { .links = FS_LINKS_INSIDE };
	str below = str_trim_left_set(path, S("/"));

	if (!below.n || str_eq(below, S(".")))
		return NULL;
	TRY(fs_open(&top, path_is_abs(path) ? S("/") : S("."), &links));
	return fs_mkdir(top, below, 0755);
}

err *helm_write_file(struct cli *c, str path, str bytes, unsigned mode)
{
	CLEANUP(fs_drop) struct fs *dir = NULL;
	str above = path_dir(c->arena, path);

	TRY(helm_make_dir(above));
	TRY(fs_open(&dir, above, NULL));
	return fs_write(dir, path_base(path), bytes, mode);
}

/* ---- repositories.yaml ----------------------------------------------------- */

static str text_of(node n, str key)
{
	return node_str_or(node_get(n, key), STR_NONE);
}

static struct helm_repo repo_from(node n)
{
	return (struct helm_repo){
		.name = text_of(n, S("name")),
		.url = text_of(n, S("url")),
		.username = text_of(n, S("username")),
		.password = text_of(n, S("password")),
		.cert_file = text_of(n, S("certFile")),
		.key_file = text_of(n, S("keyFile")),
		.ca_file = text_of(n, S("caFile")),
		.insecure = node_bool(node_get(n, S("insecure_skip_tls_verify"))),
		.pass_credentials = node_bool(node_get(n, S("pass_credentials_all"))),
	};
}

err *helm_repos_load(struct cli *c, struct helm_repos *out)
{
	str path = helm_repos_file(c), text;
	node tree;

	*out = (struct helm_repos){ .generated = S("0001-01-01T00:00:00Z") };
	err *e = fs_read_any(c->arena, path, FILE_MAX, &text);

	if (e)
		return err_wrap(e, "couldn't load repositories file (%.*s)", STR_ARG(path));
	TRY(yaml_read(c->arena, text, YAML_KUBE, &tree));
	out->api_version = text_of(tree, S("apiVersion"));
	if (text_of(tree, S("generated")).n)
		out->generated = text_of(tree, S("generated"));
	node_each_item(i, node_get(tree, S("repositories"))) {
		if (i->kind != NODE_MAP || out->n >= HELM_REPOS_MAX)
			continue;
		avec_push(c->arena, out, repo_from(*i));
	}
	return NULL;
}

static void set_text(struct arena *a, node to, str key, str value)
{
	node_set(a, to, key, node_from_str(a, value));
}

static node repo_node(struct arena *a, const struct helm_repo *r)
{
	node n = node_map(a, 9);

	set_text(a, n, S("caFile"), r->ca_file);
	set_text(a, n, S("certFile"), r->cert_file);
	node_set(a, n, S("insecure_skip_tls_verify"), node_from_bool(r->insecure));
	set_text(a, n, S("keyFile"), r->key_file);
	set_text(a, n, S("name"), r->name);
	node_set(a, n, S("pass_credentials_all"), node_from_bool(r->pass_credentials));
	set_text(a, n, S("password"), r->password);
	set_text(a, n, S("url"), r->url);
	set_text(a, n, S("username"), r->username);
	return n;
}

err *helm_repos_save(struct cli *c, const struct helm_repos *r)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct arena *a = c->arena;
	node tree = node_map(a, 3), list = node_seq(a, r->n);

	for (size_t i = 0; i < r->n; i++)
		node_append(a, list, repo_node(a, &r->p[i]));
	set_text(a, tree, S("apiVersion"), r->api_version);
	set_text(a, tree, S("generated"), r->generated);
	node_set(a, tree, S("repositories"), list);
	TRY(yaml_write(&b, tree, YAML_WRITE_SIGS));
	return helm_write_file(c, helm_repos_file(c), buf_str(&b), 0600);
}

struct helm_repo *helm_repos_find(const struct helm_repos *r, str name)
{
	for (size_t i = 0; i < r->n; i++)
		if (str_eq(r->p[i].name, name))
			return &r->p[i];
	return NULL;
}

bool helm_repo_same(const struct helm_repo *a, const struct helm_repo *b)
{
	return str_eq(a->name, b->name) && str_eq(a->url, b->url) &&
	       str_eq(a->username, b->username) && str_eq(a->password, b->password) &&
	       str_eq(a->cert_file, b->cert_file) && str_eq(a->key_file, b->key_file) &&
	       str_eq(a->ca_file, b->ca_file) && a->insecure == b->insecure &&
	       a->pass_credentials == b->pass_credentials;
}

static str plain_url(struct arena *a, str url)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct gourl u;
	err *e = gourl_parse(a, arena_str(a, url), &u);

	if (e) {
		err_free(e);
		return path_clean(a, url);
	}
	u.path = path_clean(a, u.path.n ? u.path : S("/"));
	u.raw_path = STR_NONE;
	gourl_add(&b, &u);
	return arena_str(a, buf_str(&b));
}

bool helm_url_equal(str x, str y)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;

	return str_eq(plain_url(&a, x), plain_url(&a, y));
}

/* ---- indexes ----------------------------------------------------------------- */

static void forget(void *ctx)
{
	struct helm_index *x = ctx;

	spool_forget(&x->spool);
	if (x->map)
		madvise(x->map, x->map_n, MADV_DONTNEED);
}

static err *open_text(struct cli *c, str source, str text, struct helm_index *x)
{
	struct notices to = helm_notices(c);
	const struct repoindex_options o = { .notices = &to, .source = source, .passed = forget,
					     .ctx = x };

	return repoindex_open(&x->ix, text, &o);
}

static err *map_file(struct cli *c, str path, struct helm_index *x)
{
	struct stat st;
	int fd = open(arena_str(c->arena, path).p, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st)) {
		int number = errno;

		if (fd >= 0)
			close(fd);
		return err_errno(number, "open %.*s", STR_ARG(path));
	}
	if (st.st_size > 0 && S_ISREG(st.st_mode)) {
		void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);

		if (p != MAP_FAILED) {
			x->map = p;
			x->map_n = (size_t)st.st_size;
		}
	}
	close(fd);
	return NULL;
}

err *helm_index_open(struct cli *c, str path, struct helm_index *out)
{
	TRY(map_file(c, path, out));
	err *e = open_text(c, path, str_of(out->map, out->map_n), out);

	return e ? err_wrap(e, "error loading %.*s", STR_ARG(path)) : NULL;
}

err *helm_index_read(struct cli *c, str source, struct helm_index *out)
{
	str text;

	TRY(spool_text(&out->spool, &text));
	return open_text(c, source, text, out);
}

void helm_index_release(struct helm_index *x)
{
	repoindex_close(x->ix);
	if (x->map)
		munmap(x->map, x->map_n);
	spool_release(&x->spool);
}

/* ---- servers -------------------------------------------------------------------- */

err *helm_net(struct net_client **out)
{
	return net_client_new(out, &(const struct net_options){ .proxy_env = true });
}

/* What is wrong with a file is one line of what is wrong. */
static bool read_pem(struct cli *c, str path, const char *what, str *out, struct buf *wrong)
{
	CLEANUP(err_drop) err *e = fs_read_any(c->arena, path, 1 << 20, out);

	if (e)
		buf_addf(wrong, "%s%s: %.*s: %s", wrong->n ? "\n" : "", what,
			 STR_ARG(quote_str(c->arena, path)), err_text(e).p);
	return !e;
}

static err *check_tls(const struct net_tls *tls)
{
	err *e = tls->cert.n && tls->key.n ? keypair_check(tls->cert, tls->key) : NULL;

	if (e)
		return err_wrap(e, "unable to load cert from key pair");
	if (tls->ca.n && !str_has(tls->ca, S("-----BEGIN CERTIFICATE-----")))
		return err_new(ERR_INVALID, "failed to append certificates from pem block");
	return NULL;
}

err *helm_tls(struct cli *c, const struct helm_tls_files *f, struct net_tls *out, bool *any)
{
	CLEANUP(buf_release) struct buf wrong = BUF_INIT;
	struct net_tls tls = { .insecure = f->insecure };
	bool pair = f->cert.n && f->key.n;

	*any = pair || f->ca.n || f->insecure;
	if (*any && (f->cert.n || f->key.n) &&
	    read_pem(c, f->cert, "unable to read cert file", &tls.cert, &wrong))
		read_pem(c, f->key, "unable to read key file", &tls.key, &wrong);
	if (f->ca.n)
		read_pem(c, f->ca, "can't read CA file", &tls.ca, &wrong);
	err *e = wrong.n ? err_new(ERR_INVALID, "%s", buf_c(&wrong)) : check_tls(&tls);

	*out = tls;
	return e ? err_wrap(e, "can't create TLS config for client") : NULL;
}

err *helm_repo_open(struct cli *c, struct net_client *net, const struct helm_repo *repo,
		    struct helmrepo *out)
{
	struct net_tls *tls = arena_new(c->arena, struct net_tls);
	bool any;

	*out = (struct helmrepo){ .net = net,
				  .url = repo->url,
				  .user = repo->username,
				  .password = repo->password,
				  .pass_credentials = repo->pass_credentials,
				  .insecure = repo->insecure,
				  .timeout = 120 * CLOCK_SECOND };
	TRY(helm_tls(c,
		     &(const struct helm_tls_files){ repo->cert_file, repo->key_file, repo->ca_file,
						     repo->insecure },
		     tls, &any));
	if (any)
		out->tls = tls;
	return NULL;
}

enum { PIECE = 1 << 20 };

static err *write_pieces(int fd, struct spool *from)
{
	str text;

	TRY(spool_text(from, &text));
	for (size_t at = 0; at < text.n;) {
		str piece = str_sub(text, at, at + PIECE);
		ssize_t n = write(fd, piece.p, piece.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(errno, "write index");
		at += (size_t)n;
		spool_forget(from);
	}
	return NULL;
}

/* The file appears whole; its text is never in memory as a whole. */
static err *write_spool(struct cli *c, str path, struct spool *from)
{
	CLEANUP(fs_drop) struct fs *dir = NULL;
	str above = path_dir(c->arena, path), name = path_base(path);
	str temp = arena_printf(c->arena, "%.*s.%d", STR_ARG(name), (int)getpid());
	int fd;

	TRY(helm_make_dir(above));
	TRY(fs_open(&dir, above, NULL));
	err_free(fs_remove_all(dir, temp));
	TRY(fs_create_open(dir, temp, 0644, &fd));
	err *e = write_pieces(fd, from);

	if (close(fd) && !e)
		e = err_errno(errno, "close %.*s", STR_ARG(path));
	if (!e)
		e = fs_rename(dir, temp, name);
	if (e)
		err_free(fs_remove_all(dir, temp));
	return e;
}

static err *keep_index(struct cli *c, const struct helm_repo *repo, struct helm_index *x)
{
	CLEANUP(buf_release) struct buf names = BUF_INIT;
	str charts = path_join(c->arena, helm_repos_cache(c),
			       arena_cat(c->arena, repo->name, S("-charts.txt")));

	for (size_t i = 0; i < repoindex_count(x->ix); i++)
		buf_addf(&names, "%.*s\n", STR_ARG(repoindex_name(x->ix, i)));
	TRY(helm_write_file(c, charts, buf_str(&names), 0644));
	return write_spool(c, helm_repos_index(c, repo->name), &x->spool);
}

err *helm_repo_check(struct cli *c, const struct helm_repo *repo)
{
	struct gourl u;
	err *e = gourl_parse(c->arena, arena_str(c->arena, repo->url), &u);

	if (e) {
		err_free(e);
		return err_new(ERR_INVALID, "invalid chart URL format: %.*s", STR_ARG(repo->url));
	}
	if (!str_eq(u.scheme, S("http")) && !str_eq(u.scheme, S("https")))
		return err_new(ERR_INVALID, "could not find protocol handler for: %.*s",
			       STR_ARG(u.scheme));
	return NULL;
}

err *helm_repos_update(struct cli *c, struct net_client *net, const struct helm_repo *repo,
		       int64_t timeout)
{
	CLEANUP(helm_index_release) struct helm_index x = HELM_INDEX_INIT;
	struct helmrepo server;
	str url;

	TRY(helm_repo_check(c, repo));
	TRY(helm_repo_open(c, net, repo, &server));
	if (timeout)
		server.timeout = timeout;
	TRY(helmrepo_resolve(c->arena, repo->url, S("index.yaml"), &url));
	spool_init(&x.spool, HELMREPO_HELD);
	TRY(helmrepo_fetch(&server, url, "index", INDEX_MAX, NULL, NULL, &x.spool));
	TRY(helm_index_read(c, repo->url, &x));
	return keep_index(c, repo, &x);
}
