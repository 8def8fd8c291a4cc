#include <time.h>

#include "base/clock.h"
#include "base/rand.h"
#include "server/kinds_impl.h"
#include "server/kinds_pods.h"
#include "server/limits.h"
#include "server/meta.h"
#include "server/podsecurity.h"
#include "text/quote.h"

#define MIRROR "kubernetes.io/config.mirror"
#define TOKEN_PATH "/var/run/secrets/kubernetes.io/serviceaccount"
#define TOKEN_VOLUME "kube-api-access-"

/* The account of a new namespace is made by a controller: it is waited for. */
enum { ACCOUNT_TRIES = 100, ACCOUNT_PAUSE_MS = 10, TOKEN_SECONDS = 3607, MODE_0644 = 0644 };

static bool is_mirror(node pod)
{
	return node_has(node_dig(pod, "metadata", "annotations"), S(MIRROR));
}

/* ---- ServiceAccount ------------------------------------------------------------ */

static node account_of(struct kind_call *c, str name)
{
	int tries = str_eq(name, S("default")) ? ACCOUNT_TRIES : 1;
	node found = c->look(c, STR_NONE, S("serviceaccounts"), c->namespace, name);

	for (int i = 1; i < tries && node_is_nil(found); i++) {
		nanosleep(&(struct timespec){ .tv_nsec = ACCOUNT_PAUSE_MS * 1000000L }, NULL);
		found = c->look(c, STR_NONE, S("serviceaccounts"), c->namespace, name);
	}
	if (node_is_nil(found))
		kinds_forbid(c, "error looking up service account %.*s/%.*s: serviceaccount \"%.*s\" not found",
			     STR_ARG(c->namespace), STR_ARG(name), STR_ARG(name));
	return found;
}

static bool mounts_token(node account, node spec)
{
	node own = GET(spec, "automountServiceAccountToken");
	node other = GET(account, "automountServiceAccountToken");

	if (!node_is_nil(own))
		return node_bool(own);
	return node_is_nil(other) || node_bool(other);
}

/* A map of one field. */
static node with(struct arena *a, str key, node value)
{
	node map = node_map(a, 1);

	node_set(a, map, key, value);
	return map;
}

static node list_of(struct arena *a, node item)
{
	node list = node_seq(a, 1);

	node_append(a, list, item);
	return list;
}

static node append_to(struct arena *a, node object, str key, node item)
{
	node list = node_get(object, key);

	if (!node_is(list, NODE_SEQ)) {
		list = node_seq(a, 1);
		node_set(a, object, key, list);
	}
	node_append(a, list, item);
	return list;
}

/* The token, the certificate of its issuer, and the namespace. */
static node token_volume(struct arena *a, str name)
{
	node volume = node_map(a, 2), projected = node_map(a, 2), sources = node_seq(a, 3);
	node token = node_map(a, 2), item = node_map(a, 2), config = node_map(a, 2);
	node field = node_map(a, 2), file = node_map(a, 2);

	node_set(a, token, S("expirationSeconds"), node_from_int(TOKEN_SECONDS));
	node_set(a, token, S("path"), node_lit("token"));
	node_append(a, sources, with(a, S("serviceAccountToken"), token));
	node_set(a, item, S("key"), node_lit("ca.crt"));
	node_set(a, item, S("path"), node_lit("ca.crt"));
	node_set(a, config, S("items"), list_of(a, item));
	node_set(a, config, S("name"), node_lit("kube-root-ca.crt"));
	node_append(a, sources, with(a, S("configMap"), config));
	node_set(a, field, S("apiVersion"), node_lit("v1"));
	node_set(a, field, S("fieldPath"), node_lit("metadata.namespace"));
	node_set(a, file, S("fieldRef"), field);
	node_set(a, file, S("path"), node_lit("namespace"));
	node_append(a, sources, with(a, S("downwardAPI"), with(a, S("items"), list_of(a, file))));
	node_set(a, projected, S("defaultMode"), node_from_int(MODE_0644));
	node_set(a, projected, S("sources"), sources);
	node_set(a, volume, S("name"), node_from_str(a, name));
	node_set(a, volume, S("projected"), projected);
	return volume;
}

static bool mount(struct arena *a, node containers, str volume)
{
	bool needed = false;

	node_each_item(container, containers) {
		bool there = false;

		node_each_item(m, GET(*container, "volumeMounts"))
			there |= str_eq(TEXT_OF(*m, "mountPath"), S(TOKEN_PATH));
		if (there)
			continue;
		node m = node_map(a, 3);

		node_set(a, m, S("mountPath"), node_lit(TOKEN_PATH));
		node_set(a, m, S("name"), node_from_str(a, volume));
		node_set(a, m, S("readOnly"), node_from_bool(true));
		append_to(a, *container, S("volumeMounts"), m);
		needed = true;
	}
	return needed;
}

static void mount_token(struct kind_call *c, node spec)
{
	struct arena *a = c->arena;
	char more[META_NAME_GENERATED + 1];
	str name = STR_NONE;

	node_each_item(volume, GET(spec, "volumes"))
		if (!name.n && str_starts(TEXT_OF(*volume, "name"), S(TOKEN_VOLUME)))
			name = TEXT_OF(*volume, "name");
	bool there = name.n;

	if (!there) {
		rand_name(more, META_NAME_GENERATED);
		name = arena_cat(a, S(TOKEN_VOLUME), str_c(more));
	}
	bool needed = mount(a, GET(spec, "initContainers"), name);

	needed |= mount(a, GET(spec, "containers"), name);
	if (!there && needed)
		append_to(a, spec, S("volumes"), token_volume(a, name));
}

static void admit_account(struct kind_call *c, node spec)
{
	struct arena *a = c->arena;

	if (is_mirror(c->object))
		return;
	if (!TEXT_OF(spec, "serviceAccountName").n) {
		node_set(a, spec, S("serviceAccountName"), node_lit("default"));
		node_set(a, spec, S("serviceAccount"), node_lit("default"));
	}
	node account = account_of(c, TEXT_OF(spec, "serviceAccountName"));

	if (node_is_nil(account))
		return;
	if (mounts_token(account, spec))
		mount_token(c, spec);
	if (!node_len(GET(spec, "imagePullSecrets")))
		node_each_item(secret, GET(account, "imagePullSecrets")) {
			node named = node_map(a, 1);

			if (TEXT_OF(*secret, "name").n)
				node_set(a, named, S("name"), GET(*secret, "name"));
			append_to(a, spec, S("imagePullSecrets"), named);
		}
}

/* ---- Priority -------------------------------------------------------------------- */

static node default_priority(struct kind_call *c)
{
	node best = NODE_NOTHING;

	node_each_item(class, c->look_all(c, S("scheduling.k8s.io"), S("priorityclasses"), STR_NONE))
		if (BOOL_OF(*class, "globalDefault") &&
		    (node_is_nil(best) || INT_OF(best, "value") > INT_OF(*class, "value")))
			best = *class;
	return best;
}

static node priority_of(struct kind_call *c, node spec)
{
	str name = TEXT_OF(spec, "priorityClassName");

	if (!name.n)
		return default_priority(c);
	node class = c->look(c, S("scheduling.k8s.io"), S("priorityclasses"), STR_NONE, name);

	if (node_is_nil(class))
		kinds_forbid(c, "no PriorityClass with name %.*s was found", STR_ARG(name));
	return class;
}

static void admit_priority(struct kind_call *c, node spec)
{
	struct arena *a = c->arena;
	node class = priority_of(c, spec), given = GET(spec, "priority");
	node own = GET(spec, "preemptionPolicy");
	long long value = INT_OF(class, "value");
	str policy = node_is_nil(class) ? S("PreemptLowerPriority") : TEXT_OF(class, "preemptionPolicy");

	if (c->refusal)
		return;
	if (!node_is_nil(class))
		node_set(a, spec, S("priorityClassName"), node_from_str(a, meta_get(class, S("name"))));
	if (!node_is_nil(given) && node_int(given) != value) {
		kinds_forbid(c,
			     "the integer value of priority (%lld) must not be provided in pod spec; priority "
			     "admission controller computed %lld from the given PriorityClass name",
			     (long long)node_int(given), value);
		return;
	}
	node_set(a, spec, S("priority"), node_from_int(value));
	if (policy.n && !node_is_nil(own) && !str_eq(node_str_or(own, STR_NONE), policy))
		kinds_forbid(c,
			     "the string value of PreemptionPolicy (%.*s) must not be provided in pod spec; "
			     "priority admission controller computed %.*s from the given PriorityClass name",
			     STR_ARG(node_str_or(own, STR_NONE)), STR_ARG(policy));
	else if (policy.n)
		node_set(a, spec, S("preemptionPolicy"), node_from_str(a, policy));
}

static void keep_priority(struct kind_call *c)
{
	static const str fields[] = { S("priority"), S("preemptionPolicy") };
	node spec = GET(c->object, "spec"), was = GET(c->old, "spec");

	for (size_t i = 0; i < 2; i++)
		if (node_is_nil(node_get(spec, fields[i])) && !node_is_nil(node_get(was, fields[i])))
			node_set(c->arena, spec, fields[i], node_get(was, fields[i]));
}

/* ---- tolerations --------------------------------------------------------------------- */

enum { TOLERATION_SECONDS = 300 };

static bool tolerates(node list, str key)
{
	node_each_item(t, list) {
		str k = TEXT_OF(*t, "key"), effect = TEXT_OF(*t, "effect");

		if ((!k.n || str_eq(k, key)) && (!effect.n || str_eq(effect, S("NoExecute"))))
			return true;
	}
	return false;
}

static void admit_tolerations(struct kind_call *c, node spec)
{
	static const str keys[] = { S("node.kubernetes.io/not-ready"), S("node.kubernetes.io/unreachable") };
	struct arena *a = c->arena;
	bool lacks[2];

	for (size_t i = 0; i < 2; i++)
		lacks[i] = !tolerates(GET(spec, "tolerations"), keys[i]);
	for (size_t i = 0; i < 2; i++) {
		node t = node_map(a, 4);

		if (!lacks[i])
			continue;
		node_set(a, t, S("effect"), node_lit("NoExecute"));
		node_set(a, t, S("key"), node_from_str(a, keys[i]));
		node_set(a, t, S("operator"), node_lit("Exists"));
		node_set(a, t, S("tolerationSeconds"), node_from_int(TOLERATION_SECONDS));
		append_to(a, spec, S("tolerations"), t);
	}
}

/* ---- RuntimeClass ------------------------------------------------------------------------ */

static node runtime_class(struct kind_call *c, node spec)
{
	node name = GET(spec, "runtimeClassName");

	if (node_is_nil(name))
		return NODE_NOTHING;
	node class = c->look(c, S("node.k8s.io"), S("runtimeclasses"), STR_NONE, node_str_or(name, STR_NONE));

	if (node_is_nil(class))
		kinds_forbid(c, "pod rejected: RuntimeClass %.*s not found",
			     STR_ARG(quote_str(c->arena, node_str_or(name, STR_NONE))));
	return class;
}

static void admit_overhead(struct kind_call *c, node spec, node class)
{
	node overhead = GET(class, "overhead"), fixed = GET(overhead, "podFixed");

	if (node_is_nil(overhead))
		return;
	if (node_len(GET(spec, "overhead")) && !check_same(GET(spec, "overhead"), fixed))
		kinds_forbid(c, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead");
	else if (node_len(fixed))
		node_set(c->arena, spec, S("overhead"), fixed);
}

static void admit_runtime(struct kind_call *c, node spec)
{
	struct arena *a = c->arena;
	node class = runtime_class(c, spec), scheduling = GET(class, "scheduling");
	node selector = GET(spec, "nodeSelector");

	if (c->refusal || node_is_nil(class))
		return;
	admit_overhead(c, spec, class);
	node_each_pair(p, GET(scheduling, "nodeSelector")) {
		str key = node_str(p->key), is = text_of(selector, key);

		if (node_has(selector, key) && !node_equal(node_get(selector, key), p->value)) {
			kinds_forbid(c,
				     "conflict: runtimeClass.scheduling.nodeSelector[%.*s] = %.*s; "
				     "pod.spec.nodeSelector[%.*s] = %.*s",
				     STR_ARG(key), STR_ARG(node_str(p->value)), STR_ARG(key), STR_ARG(is));
			return;
		}
		if (!node_is(selector, NODE_MAP)) {
			selector = node_map(a, 2);
			node_set(a, spec, S("nodeSelector"), selector);
		}
		node_set(a, selector, key, p->value);
	}
	node_each_item(t, GET(scheduling, "tolerations")) {
		bool there = false;

		node_each_item(own, GET(spec, "tolerations"))
			there |= node_equal(*own, *t);
		if (!there)
			append_to(a, spec, S("tolerations"), *t);
	}
}

static void check_overhead(struct kind_call *c, node spec)
{
	node class = runtime_class(c, spec), overhead = GET(class, "overhead");

	if (c->refusal)
		return;
	if (!node_is_nil(overhead) && !check_same(GET(overhead, "podFixed"), GET(spec, "overhead")))
		kinds_forbid(c, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead");
	else if (node_is_nil(overhead) && HAS(spec, "overhead"))
		kinds_forbid(c, "pod rejected: Pod Overhead set without corresponding RuntimeClass defined "
				"Overhead");
}

/* ---- secrets that an account does not list ----------------------------------------------- */

static bool lists(node secrets, str name)
{
	node_each_item(s, secrets)
		if (str_eq(TEXT_OF(*s, "name"), name))
			return true;
	return false;
}

#define UNLISTED \
	" is not allowed because service account %.*s does not reference that secret"

static void check_container_secrets(struct kind_call *c, node account, node container, const char *kind)
{
	str name = meta_get(account, S("name")), own = TEXT_OF(container, "name");
	node allowed = GET(account, "secrets");

	node_each_item(env, GET(container, "env")) {
		node ref = GET(GET(*env, "valueFrom"), "secretKeyRef");

		if (!node_is_nil(ref) && !lists(allowed, TEXT_OF(ref, "name")))
			kinds_forbid(c, "%s %.*s with envVar %.*s referencing secret.secretName=\"%.*s\"" UNLISTED,
				     kind, STR_ARG(own), STR_ARG(TEXT_OF(*env, "name")),
				     STR_ARG(TEXT_OF(ref, "name")), STR_ARG(name));
	}
	node_each_item(from, GET(container, "envFrom")) {
		node ref = GET(*from, "secretRef");

		if (!node_is_nil(ref) && !lists(allowed, TEXT_OF(ref, "name")))
			kinds_forbid(c, "%s %.*s with envFrom referencing secret.secretName=\"%.*s\"" UNLISTED,
				     kind, STR_ARG(own), STR_ARG(TEXT_OF(ref, "name")), STR_ARG(name));
	}
}

static void check_secrets(struct kind_call *c, node spec, node account)
{
	node pulls = GET(spec, "imagePullSecrets");
	str name = meta_get(account, S("name"));

	node_each_item(volume, GET(spec, "volumes")) {
		node secret = GET(*volume, "secret");
		str wanted = TEXT_OF(secret, "secretName");

		if (!node_is_nil(secret) && !lists(GET(account, "secrets"), wanted))
			kinds_forbid(c, "volume with secret.secretName=\"%.*s\"" UNLISTED, STR_ARG(wanted),
				     STR_ARG(name));
	}
	node_each_item(x, GET(spec, "initContainers"))
		check_container_secrets(c, account, *x, "init container");
	node_each_item(x, GET(spec, "containers"))
		check_container_secrets(c, account, *x, "container");
	for (size_t i = 0; i < node_len(pulls); i++)
		if (!lists(GET(account, "imagePullSecrets"), TEXT_OF(node_at(pulls, i), "name")))
			kinds_forbid(c,
				     "imagePullSecrets[%zu].name=\"%.*s\" is not allowed because service account "
				     "%.*s does not reference that imagePullSecret",
				     i, STR_ARG(TEXT_OF(node_at(pulls, i), "name")), STR_ARG(name));
}

static bool is_true(str text)
{
	return IS_ONE_OF(text, "1", "t", "T", "TRUE", "true", "True");
}

static void check_account(struct kind_call *c, node spec)
{
	if (is_mirror(c->object)) {
		if (TEXT_OF(spec, "serviceAccountName").n)
			kinds_forbid(c, "a mirror pod may not reference service accounts");
		return;
	}
	node account = account_of(c, TEXT_OF(spec, "serviceAccountName"));

	if (is_true(TEXT_OF(node_dig(account, "metadata", "annotations"),
			    "kubernetes.io/enforce-mountable-secrets")))
		check_secrets(c, spec, account);
}

/* ---- the two phases ------------------------------------------------------------------------- */

void kinds_pod_admit(struct kind_call *c)
{
	static void (*const steps[])(struct kind_call *, node) = {
		admit_account, admit_priority, admit_tolerations, admit_runtime
	};
	node spec = GET(c->object, "spec");

	if (c->subresource.n || !node_is(spec, NODE_MAP))
		return;
	if (!kinds_is_create(c)) {
		keep_priority(c);
		admit_tolerations(c, spec);
		return;
	}
	limits_admit_pod(c);
	for (size_t i = 0; i < sizeof steps / sizeof *steps && !c->refusal; i++)
		steps[i](c, spec);
}

void kinds_pod_check(struct kind_call *c)
{
	node spec = GET(c->object, "spec");
	bool resize = str_eq(c->subresource, S("resize"));

	if (kinds_is_create(c) || resize)
		limits_check_pod(c);
	if (kinds_is_create(c) && !c->refusal)
		check_account(c, spec);
	if (!c->refusal)
		podsecurity_check(c);
	if (kinds_is_create(c) && !c->refusal)
		check_overhead(c, spec);
}
