#include <limits.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/helm_depend.h"
#include "cli/helm_verify.h"
#include "helm/pack.h"
#include "helm/prov.h"
#include "source/pgpsign.h"
#include "text/path.h"
#include "text/semver.h"

struct package_options {
	struct helm_server_options server;
	bool sign, update;
	str key, keyring, passphrase, version, app_version, destination;
};

/* What signs: read once, for all charts. */
struct signer {
	str ring, passphrase;
};

enum { KEYRING_MAX = 4 << 20, PASSPHRASE_MAX = 64 << 10 };

#define AT(field) offsetof(struct package_options, field)

static const struct flag flags[] = {
	{ 0, 0, FLAG_TABLE, AT(server), .table = helm_server_flags },
	{ "app-version", 0, FLAG_STRING, AT(app_version), "appVersion to put into the chart" },
	{ "dependency-update", 'u', FLAG_BOOL, AT(update), "fetch dependencies into charts/ first" },
	{ "destination", 'd', FLAG_STRING, AT(destination), "directory to write to",
	  .fallback = "." },
	{ "key", 0, FLAG_STRING, AT(key), "key to sign with" },
	{ "keyring", 0, FLAG_STRING, AT(keyring), "file of the keys to sign with" },
	{ "passphrase-file", 0, FLAG_STRING, AT(passphrase),
	  "file with the key's passphrase; - for standard input" },
	{ "sign", 0, FLAG_BOOL, AT(sign), "sign with an OpenPGP key, into a file .prov beside the archive" },
	{ "version", 0, FLAG_STRING, AT(version), "version to put into the chart" },
	{ 0 },
};

#undef AT

static err *save(struct cli *c, const struct package_options *o, const struct chart *chart,
		 int64_t mtime, str *path)
{
	CLEANUP(buf_release) struct buf bytes = BUF_INIT;
	CLEANUP(fs_drop) struct fs *fs = NULL;
	char cwd[PATH_MAX];

	if (!getcwd(cwd, sizeof cwd))
		return err_new(ERR_INTERNAL, "cannot tell the working directory");
	str dest = str_eq(o->destination, S(".")) ? str_c(cwd) : o->destination;
	bool is_abs = path_is_abs(dest);

	TRY(pack_chart(c->arena, chart, mtime, &bytes));
	TRY(buf_check(&bytes, "chart"));
	TRY(fs_open(&fs, is_abs ? S("/") : str_c(cwd),
		    &(const struct fs_options){ .links = FS_LINKS_INSIDE }));
	str below = is_abs ? str_from(dest, 1) : dest;

	TRY(fs_mkdir(fs, below, 0755));
	*path = path_join(c->arena, dest, pack_name(c->arena, chart));
	return fs_write(fs, path_join(c->arena, below, pack_name(c->arena, chart)),
			buf_str(&bytes), 0644);
}

/* ---- signing ----------------------------------------------------------------- */

/* Its first line. */
static err *read_passphrase(struct cli *c, const struct package_options *o, str *out)
{
	bool input = str_eq(o->passphrase, S("-"));
	str text, line = STR_NONE;

	*out = STR_NONE;
	if (!o->passphrase.n)
		return NULL;
	TRY(fs_read_any(c->arena, input ? S("/dev/stdin") : o->passphrase, PASSPHRASE_MAX, &text));
	if (!str_line(&text, &line))
		return err_new(ERR_INVALID, "EOF");
	*out = line;
	return NULL;
}

static err *read_signer(struct cli *c, const struct package_options *o, struct signer *s)
{
	str keyring = helm_keyring(c, o->keyring);

	if (!o->sign)
		return NULL;
	if (!o->key.n)
		return err_new(ERR_INVALID, "--key is required for signing a package");
	TRY(fs_read_any(c->arena, keyring, KEYRING_MAX, &s->ring));
	return read_passphrase(c, o, &s->passphrase);
}

static err *sign(struct cli *c, const struct package_options *o, const struct signer *s,
		 const struct chart *chart, str path)
{
	CLEANUP(pgpsign_close) struct pgpsign p = { 0 };
	str archive, text, key, prov;

	TRY(pgpsign_open(&p, c->arena, s->ring, s->passphrase));
	TRY(pgpsign_find(&p, o->key, &key));
	TRY(fs_read_any(c->arena, path, CHART_NESTED_MAX, &archive));
	TRY(prov_text(c->arena, meta_tree(c->arena, &chart->meta), archive, path_base(path), &text));
	TRY(pgpsign_make(&p, key, text, PGPSIGN_CLEAR, &prov));
	return helm_write_file(c, arena_cat(c->arena, path, S(".prov")), prov, 0644);
}

/* ---- packing ----------------------------------------------------------------- */

static err *package(struct cli *c, const struct package_options *o, const struct signer *s, str arg,
		    int64_t mtime)
{
	const struct notices to = helm_notices(c);
	struct chart *chart;
	str path;

	if (access(arg.p, F_OK) != 0)
		return err_new(ERR_NOT_FOUND, "stat %.*s: no such file or directory", STR_ARG(arg));
	if (o->update) {
		CLEANUP(buf_release) struct buf unseen = BUF_INIT;

		struct helm_depend d;

		TRY(helm_depend_init(&d, c, NULL, false));
		err *e = vendor_update(c->arena, helm_abs(c, arg), mtime, &d.remote, &unseen);

		helm_depend_release(&d);
		TRY(e);
	}
	TRY(chart_load_path(c->arena, arg, &(const struct chart_options){ .notices = &to },
			    CHART_ONLY_DIR, &chart));
	if (str_eq(chart->meta.api_version, S("v3")))
		return err_new(ERR_INVALID, "invalid chart apiVersion");
	if (o->version.n) {
		struct semver v;

		TRY(semver_parse(&v, o->version));
		chart->meta.version = o->version;
	}
	if (o->app_version.n)
		chart->meta.app_version = o->app_version;
	TRY(chart_check_dependencies(c->arena, chart));
	err *e = save(c, o, chart, mtime, &path);

	if (e)
		return err_wrap(e, "failed to save");
	if (o->sign)
		TRY(sign(c, o, s, chart, path));
	buf_addf(&c->out.buf, "Successfully packaged chart and saved it to: %.*s\n", STR_ARG(path));
	return NULL;
}

static err *run(struct cli *c)
{
	const struct package_options *o = c->options;
	struct signer s = { 0 };
	int64_t mtime;

	if (!c->words.n)
		return err_new(ERR_INVALID, "need at least one argument, the path to the chart");
	TRY(helm_epoch(c, &mtime));
	TRY(read_signer(c, o, &s));
	for (size_t i = 0; i < c->words.n; i++)
		TRY(package(c, o, &s, c->words.p[i], mtime));
	return NULL;
}

const struct command helm_package_command = {
	.use = "package [CHART_PATH] [...]",
	.brief = "Pack charts into archives",
	.text = "Pack the directories of charts into archives NAME-VERSION.tgz. With\n"
		"$SOURCE_DATE_EPOCH set, all files in them have that time. With --sign, NAME-VERSION.tgz.prov\n"
		"names the archive and is signed by the key of the keyring whose name contains --key.",
	.flags = flags,
	.options = sizeof(struct package_options),
	.run = run,
};
