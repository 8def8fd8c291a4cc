/* flux_create_image - "flux create image repository", "policy" and "update". */
#include "cli/flux_create.h"
#include "text/regex.h"

/* ---- repository -------------------------------------------------------- */

struct repository_options {
	str image, secret, cert;
	int64_t timeout;
};

/* What go-containerregistry has to say about the name of a repository: no tag, no digest. */
static err *check_image(str image)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_-./";
	enum { NAME_MIN = 2, NAME_MAX = 255 };
	str name = image, host, rest;

	if (str_split(name, '/', &host, &rest) && (str_has(host, S(".")) || str_has(host, S(":"))))
		name = rest;
	if (name.n < NAME_MIN || name.n > NAME_MAX)
		return err_new(ERR_INVALID,
			       "unable to parse image value: repository must be between %d and %d "
			       "characters in length: %.*s",
			       NAME_MIN, NAME_MAX, STR_ARG(name));
	for (size_t i = 0; i < name.n; i++)
		if (!strchr(letters, name.p[i]))
			return err_new(ERR_INVALID,
				       "unable to parse image value: repository can only contain "
				       "the characters `%s`: %.*s",
				       letters, STR_ARG(name));
	return NULL;
}

static err *run_repository(struct cli *c)
{
	static const struct create_words words = { .subject = "ImageRepository",
						   .stored = "ImageRepository" };
	const struct repository_options *o = c->options;
	node spec = node_map(c->arena, 5);

	if (!o->image.n)
		return err_new(ERR_INVALID, "an image repository (--image) is required");
	TRY(check_image(o->image));
	TRY(create_check_labels(c));
	create_needed(c->arena, spec, "image", o->image);
	create_needed_duration(c->arena, spec, "interval", create_options(c)->interval);
	create_duration(c->arena, spec, "timeout", o->timeout);
	create_text(c->arena, spec, "secretRef.name", o->secret);
	create_text(c->arena, spec, "certSecretRef.name", o->cert);
	return create_finish(c, FLUX_IMAGE_REPOSITORY, spec, &words, NULL);
}

#define AT(field) offsetof(struct repository_options, field)

static const struct flag repository_flags[] = {
	{ "cert-ref", 0, FLAG_STRING, AT(cert), "Secret with certificates" },
	{ "image", 0, FLAG_STRING, AT(image), "image to scan, without a tag" },
	{ "scan-timeout", 0, FLAG_DURATION, AT(timeout), "how long a scan may take" },
	{ "secret-ref", 0, FLAG_STRING, AT(secret), "Secret of a registry login" },
	{ 0 },
};

#undef AT

static const struct command create_repository = {
	.use = "repository [name]",
	.brief = "Create or update an ImageRepository",
	.text = "Create an ImageRepository: the tags of an image are listed again and again.",
	.example = "  flux create image repository podinfo \\\n"
		   "    --image=ghcr.io/stefanprodan/podinfo --interval=5m",
	.flags = repository_flags,
	.options = sizeof(struct repository_options),
	.run = run_repository,
};

/* ---- policy ------------------------------------------------------------ */

struct policy_options {
	str image, semver, alpha, numeric, filter, extract, digest;
	int64_t interval;
};

static bool is_word(char ch)
{
	return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') ||
	       ch == '_';
}

/* With a zero in front, or more than nine digits, it is a name. */
static bool is_number(str name)
{
	uint64_t number;

	return (name.n == 1 || name.p[0] != '0') && name.n < 10 && str_to_u64(name, &number);
}

static bool has_group(const struct regex *re, str name)
{
	for (size_t i = 1; i <= regex_groups(re); i++)
		if (str_eq(regex_group_name(re, i), name))
			return true;
	return false;
}

/* Every $name and ${name} of the extract must be a group of the pattern; numbers
 * are not looked at. */
static err *check_extract(const struct regex *re, str extract)
{
	for (size_t i = 0; i < extract.n; i++) {
		if (extract.p[i] != '$')
			continue;
		if (i + 1 < extract.n && extract.p[i + 1] == '$') { /* a dollar itself */
			i++;
			continue;
		}
		bool braces = i + 1 < extract.n && extract.p[i + 1] == '{';
		size_t from = i + 1 + braces, to = from;

		while (to < extract.n && is_word(extract.p[to]))
			to++;
		str name = str_sub(extract, from, to);

		if (!name.n || (braces && (to == extract.n || extract.p[to] != '}')))
			return err_new(ERR_INVALID, "--filter-extract is malformed");
		if (!is_number(name) && !has_group(re, name))
			return err_new(ERR_INVALID,
				       "capture group $%.*s used in --filter-extract not found in "
				       "--filter-regex",
				       STR_ARG(name));
	}
	return NULL;
}

static err *check_filter(struct cli *c)
{
	const struct policy_options *o = c->options;
	const struct regex *re;

	if (!o->filter.n)
		return o->extract.n ? err_new(ERR_INVALID, "cannot specify --filter-extract without "
							   "specifying --filter-regex")
				    : NULL;
	err *e = regex_compile(c->arena, o->filter, &re);

	if (e)
		return err_replace(e, "--filter-regex is an invalid regex pattern");
	return check_extract(re, o->extract);
}

static err *check_order(str order, const char *flag)
{
	if (str_eq(order, S("asc")) || str_eq(order, S("desc")))
		return NULL;
	return err_new(ERR_INVALID, "--%s must be one of [\"asc\", \"desc\"]", flag);
}

static err *put_policy(struct cli *c, node spec)
{
	const struct policy_options *o = c->options;
	struct arena *a = c->arena;

	create_value(a, spec, "policy", node_map(a, 1));
	if (o->semver.n && (o->alpha.n || o->numeric.n))
		return NULL;	/* flux makes a policy without a rule of it */
	if (o->alpha.n && o->numeric.n)
		return err_new(ERR_INVALID, "only one of --select-semver, --select-alpha or "
					    "--select-numeric can be specified");
	if (o->semver.n) {
		create_text(a, spec, "policy.semver.range", o->semver);
	} else if (o->alpha.n) {
		TRY(check_order(o->alpha, "select-alpha"));
		create_text(a, spec, "policy.alphabetical.order", o->alpha);
	} else if (o->numeric.n) {
		TRY(check_order(o->numeric, "select-numeric"));
		create_text(a, spec, "policy.numerical.order", o->numeric);
	} else {
		return err_new(ERR_INVALID, "a policy must be provided with either --select-semver "
					    "or --select-alpha");
	}
	return NULL;
}

static err *put_digest(struct cli *c, node spec)
{
	static const str words[] = { S("Never"), S("IfNotPresent"), S("Always") };
	const struct policy_options *o = c->options;
	bool known = !o->digest.n;

	for (size_t i = 0; i < 3; i++)
		known = known || str_eq(words[i], o->digest);
	if (!known)
		return err_new(ERR_INVALID, "invalid value for --reflect-digest, must be one of "
					    "'Never', 'IfNotPresent', 'Always'");
	if (o->interval && !str_eq(o->digest, S("Always")))
		return err_new(ERR_INVALID,
			       "the --interval flag can only be used with the 'Always' digest "
			       "reflection policy, use --reflect-digest=Always");
	create_text(c->arena, spec, "digestReflectionPolicy", o->digest);
	create_duration(c->arena, spec, "interval", o->interval);
	return NULL;
}

static err *run_policy(struct cli *c)
{
	static const struct create_words words = { .subject = "ImagePolicy",
						   .stored = "ImagePolicy" };
	const struct policy_options *o = c->options;
	node spec = node_map(c->arena, 5);

	if (!o->image.n)
		return err_new(ERR_INVALID, "the name of an ImageRepository in the namespace is "
					    "required (--image-ref)");
	create_text(c->arena, spec, "imageRepositoryRef.name", o->image);
	TRY(create_check_labels(c));
	TRY(put_policy(c, spec));
	TRY(check_filter(c));
	if (o->filter.n) {
		create_text(c->arena, spec, "filterTags.pattern", o->filter);
		create_needed(c->arena, spec, "filterTags.extract", o->extract);
	}
	TRY(put_digest(c, spec));
	return create_finish(c, FLUX_IMAGE_POLICY, spec, &words, NULL);
}

#define AT(field) offsetof(struct policy_options, field)

static const struct flag policy_flags[] = {
	{ "filter-extract", 0, FLAG_STRING, AT(extract), "what of the match is compared, as $name" },
	{ "filter-regex", 0, FLAG_STRING, AT(filter), "regular expression that tags must match" },
	{ "image-ref", 0, FLAG_STRING, AT(image), "ImageRepository to choose from" },
	{ "interval", 0, FLAG_DURATION, AT(interval), "how often the digest is looked up" },
	{ "reflect-digest", 0, FLAG_STRING, AT(digest),
	  "when the digest is looked up: Always, IfNotPresent or Never" },
	{ "select-alpha", 0, FLAG_STRING, AT(alpha), "by letters: asc or desc" },
	{ "select-numeric", 0, FLAG_STRING, AT(numeric), "by number: asc or desc" },
	{ "select-semver", 0, FLAG_STRING, AT(semver), "newest version within a range" },
	{ 0 },
};

#undef AT

static const struct command create_policy = {
	.use = "policy [name]",
	.brief = "Create or update an ImagePolicy",
	.text = "Create an ImagePolicy: one of the tags of an ImageRepository is picked.",
	.example = "  flux create image policy podinfo \\\n"
		   "    --image-ref=podinfo --select-semver='>=1.0.0'",
	.flags = policy_flags,
	.options = sizeof(struct policy_options),
	.run = run_policy,
};

/* ---- update ------------------------------------------------------------ */

struct update_options {
	str repository, repository_namespace, path, checkout, push, template, author, email;
	str key_secret, key_type;
};

static err *check_update(struct cli *c)
{
	const struct update_options *o = c->options;

	if (!o->repository.n)
		return err_new(ERR_INVALID,
			       "a reference to a GitRepository is required (--git-repo-ref)");
	if (!o->checkout.n)
		return err_new(ERR_INVALID,
			       "the Git repository branch is required (--checkout-branch)");
	if (!o->author.n)
		return err_new(ERR_INVALID, "the author name is required (--author-name)");
	if (!o->email.n)
		return err_new(ERR_INVALID, "the author email is required (--author-email)");
	if (o->key_type.n && !o->key_secret.n)
		return err_new(ERR_INVALID, "--signing-key-type requires --signing-key-secret");
	if (o->key_type.n && !str_eq(o->key_type, S("gpg")) && !str_eq(o->key_type, S("ssh")))
		return err_new(ERR_INVALID, "--signing-key-type must be one of: gpg, ssh");
	return create_check_labels(c);
}

static err *run_update(struct cli *c)
{
	static const struct create_words words = { .subject = "ImageUpdateAutomation",
						   .stored = "ImageUpdateAutomation" };
	const struct update_options *o = c->options;
	struct arena *a = c->arena;
	node spec = node_map(a, 5);

	TRY(check_update(c));
	create_text(a, spec, "sourceRef.kind", S("GitRepository"));
	create_text(a, spec, "sourceRef.name", o->repository);
	create_text(a, spec, "sourceRef.namespace", o->repository_namespace);
	create_text(a, spec, "git.checkout.ref.branch", o->checkout);
	create_text(a, spec, "git.commit.author.name", o->author);
	create_text(a, spec, "git.commit.author.email", o->email);
	create_text(a, spec, "git.commit.messageTemplate", o->template);
	if (o->key_secret.n) {
		create_text(a, spec, "git.commit.signingKey.secretRef.name", o->key_secret);
		create_text(a, spec, "git.commit.signingKey.type", o->key_type);
	}
	create_text(a, spec, "git.push.branch", o->push);
	create_needed_duration(a, spec, "interval", create_options(c)->interval);
	if (o->path.n) {
		create_text(a, spec, "update.path", o->path);
		create_text(a, spec, "update.strategy", S("Setters"));
	}
	return create_finish(c, FLUX_IMAGE_UPDATE, spec, &words, NULL);
}

#define AT(field) offsetof(struct update_options, field)

static const struct flag update_flags[] = {
	{ "author-email", 0, FLAG_STRING, AT(email), "address of the author of commits" },
	{ "author-name", 0, FLAG_STRING, AT(author), "name of the author of commits" },
	{ "checkout-branch", 0, FLAG_STRING, AT(checkout), "branch to check out" },
	{ "commit-template", 0, FLAG_STRING, AT(template), "template of commit messages" },
	{ "git-repo-namespace", 0, FLAG_STRING, AT(repository_namespace),
	  "namespace of the GitRepository" },
	{ "git-repo-path", 0, FLAG_STRING, AT(path), "directory whose files are changed" },
	{ "git-repo-ref", 0, FLAG_STRING, AT(repository), "GitRepository to commit to" },
	{ "push-branch", 0, FLAG_STRING, AT(push), "branch to push to" },
	{ "signing-key-secret", 0, FLAG_STRING, AT(key_secret), "Secret with the signing key" },
	{ "signing-key-type", 0, FLAG_STRING, AT(key_type), "sort of the key: gpg or ssh" },
	{ 0 },
};

#undef AT

static const struct command create_update = {
	.use = "update [name]",
	.brief = "Create or update an ImageUpdateAutomation",
	.text = "Create an ImageUpdateAutomation: new tags are committed to Git.",
	.example = "  flux create image update flux-system \\\n"
		   "    --git-repo-ref=flux-system --git-repo-path=./clusters --checkout-branch=main \\\n"
		   "    --author-name=flux --author-email=flux@example.com",
	.flags = update_flags,
	.options = sizeof(struct update_options),
	.run = run_update,
};

const struct command flux_create_image_command = {
	.use = "image",
	.brief = "Create or update image objects",
	.text = "Create or update image repositories, policies and update automations.",
	.commands = (const struct command *const[]){ &create_policy, &create_repository,
						     &create_update, NULL },
};
