/* hooks - objects that are made around a release's own, one after the other. */
#include "base/clock.h"
#include "base/die.h"
#include "base/sort.h"
#include "base/vec.h"
#include "release/release_impl.h"

static int by_weight(const void *x, const void *y, void *ctx)
{
	const struct record_hook *a = *(struct record_hook *const *)x;
	const struct record_hook *b = *(struct record_hook *const *)y;

	(void)ctx;
	if (a->weight != b->weight)
		return a->weight < b->weight ? -1 : 1;
	return str_cmp(a->name, b->name);
}

/* ---- deleting ---------------------------------------------------------- */

static err *delete_hook(const struct release_env *env, struct arena *a,
			const struct release_how *how, const struct record_hook *h, str policy)
{
	struct relobj_list l, gone = { 0 };
	const struct relwait_options wait = release_wait_options(env, how, RELWAIT_GONE);

	/* A definition takes all its objects with it. */
	if (str_eq(h->kind, S("CustomResourceDefinition")) ||
	    !record_has(h->delete_policies, policy))
		return NULL;
	err *e = relobj_build(&env->cluster, a, h->manifest, env->ns, &l);

	if (e)
		return err_wrap(e, "unable to build kubernetes object for deleting hook %.*s",
				STR_ARG(h->path));
	TRY(relobj_delete(&env->cluster, a, &l, S("Background"), "; ", &gone));
	return gone.n ? relwait(&env->cluster, &gone, &wait) : NULL;
}

/* ---- logs -------------------------------------------------------------- */

static err *container_log(const struct release_env *env, struct arena *a, str ns, str pod,
			  str container, str *out)
{
	CLEANUP(client_answer_release) struct client_answer answer = CLIENT_ANSWER_INIT;

	TRY(client_raw(env->cluster.client,
		       &(struct client_request){
			       .path = client_path(a, &client_pods, ns, pod, S("log")),
			       .query = client_query_of(a, S("container"), container) },
		       &answer));
	*out = arena_str(a, buf_str(&answer.body));
	return NULL;
}

static err *hook_logs(const struct release_env *env, struct arena *a, const struct record_hook *h,
		      str policy)
{
	struct relobj_list l;
	node list;
	bool job = str_eq(h->kind, S("Job"));

	if (!env->hook_log || !record_has(h->log_policies, policy) ||
	    (!job && !str_eq(h->kind, S("Pod"))))
		return NULL;
	TRY(relobj_build(&env->cluster, a, h->manifest, env->ns, &l));
	str ns = l.n ? l.p[0].ns : env->ns;

	TRY(client_list(env->cluster.client, a, &client_pods, ns,
			job ? arena_cat(a, S("job-name="), h->name) : STR_NONE,
			job ? STR_NONE : arena_cat(a, S("metadata.name="), h->name), &list));
	node_each_item(pod, node_get(list, S("items"))) {
		str name = node_str(node_dig(*pod, "metadata", "name"));

		node_each_item(c, node_dig(*pod, "spec", "containers")) {
			str container = node_str(node_get(*c, S("name"))), text;

			/* Helm keeps to itself why. */
			err *e = container_log(env, a, ns, name, container, &text);

			if (e)
				return err_replace(e,
						   "failed to stream pod logs for pod: %.*s, "
						   "container: %.*s",
						   STR_ARG(name), STR_ARG(container));
			env->hook_log(env->hook_log_ctx, ns, name, container, text);
		}
	}
	return NULL;
}

static void tell_logs(const struct release_env *env, struct arena *a, const struct record_hook *h,
		      str policy)
{
	err *e = hook_logs(env, a, h, policy);

	if (e)
		notice_printf(env->notices, "error outputting logs for hook failure: %s", err_msg(e));
	err_free(e);
}

err *release_pod_logs(const struct release_env *env, str pod, struct buf *out)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	static const char *const kinds[] = { "initContainers", "containers" };
	node object;
	err *all = NULL;
	err *e = client_get(env->cluster.client, &a, &client_pods, env->ns, pod, &object);

	if (e)
		return err_wrap(e, "unable to get pod %.*s", STR_ARG(pod));
	for (size_t i = 0; i < 2; i++)
		node_each_item(c, node_dig(object, "spec", kinds[i])) {
			str name = node_str(node_get(*c, S("name"))), text;

			e = container_log(env, &a, env->ns, pod, name, &text);
			if (e) {
				e = err_wrap(e, "unable to get logs for pod %.*s, container %.*s",
					     STR_ARG(pod), STR_ARG(name));
				all = relobj_join(all, e, "\n");
				continue;
			}
			buf_addf(out, "POD LOGS: %.*s (%.*s)\n", STR_ARG(pod), STR_ARG(name));
			buf_add(out, text);
			buf_addc(out, '\n');
		}
	return all;
}

/* ---- running ----------------------------------------------------------- */

static err *run_hook(const struct release_env *env, struct arena *a, const struct release_how *how,
		     struct record *r, struct record_hook *h, str event, bool server_side)
{
	const struct relobj_apply apply = { .server_side = server_side };
	const struct relwait_options wait = release_wait_options(env, how, RELWAIT_HOOK);
	struct relobj_list l;

	if (!node_len(h->delete_policies)) {
		h->delete_policies = node_seq(a, 1);
		node_append(a, h->delete_policies, node_lit("before-hook-creation"));
	}
	TRY(delete_hook(env, a, how, h, S("before-hook-creation")));
	err *e = relobj_build(&env->cluster, a, h->manifest, env->ns, &l);

	if (e)
		return err_wrap(e, "unable to build kubernetes object for %.*s hook %.*s",
				STR_ARG(event), STR_ARG(h->path));
	h->started = release_now(env);
	h->completed = GOTIME_ZERO;
	h->phase = S("Running");
	release_store_again(env, r);
	h->phase = S("Unknown");
	e = relobj_create(&env->cluster, a, &l, &apply);
	if (e) {
		h->completed = release_now(env);
		h->phase = S("Failed");
		return err_wrap(e, "warning: Hook %.*s %.*s failed", STR_ARG(event),
				STR_ARG(h->path));
	}
	e = relwait(&env->cluster, &l, &wait);
	h->completed = release_now(env);
	h->phase = e ? S("Failed") : S("Succeeded");
	return e;
}

/* A hook is run as often as it names the event: "test" and "test-success" are one. */
static void collect(struct arena *a, struct record *r, str event, struct release_hooks *out)
{
	size_t most = 1;

	for (size_t i = 0; i < r->hooks_n; i++)
		most += node_len(r->hooks[i].events);
	*out = (struct release_hooks){ .run = arena_array(a, struct record_hook *, most) };
	for (size_t i = 0; i < r->hooks_n; i++)
		node_each_item(e, r->hooks[i].events)
			if (str_eq(node_str(*e), event))
				out->run[out->n++] = &r->hooks[i];
}

err *release_hooks_begin(const struct release_env *env, struct arena *a,
			 const struct release_how *how, struct record *r, str event,
			 bool server_side, struct release_hooks *out)
{
	collect(a, r, event, out);
	sort_stable(out->run, out->n, sizeof *out->run, by_weight, NULL);
	while (out->done < out->n) {
		struct record_hook *h = out->run[out->done];
		err *e = run_hook(env, a, how, r, h, event, server_side);

		if (e) {
			/* A hook that was not made has nothing to be tidied up. */
			out->failed = !str_starts(err_text(e), S("warning: Hook ")) &&
				      str_eq(h->phase, S("Failed"));
			if (out->failed)
				tell_logs(env, a, h, S("hook-failed"));
			return e;
		}
		out->done++;
	}
	return NULL;
}

err *release_hooks_end(const struct release_env *env, struct arena *a,
		       const struct release_how *how, const struct record *r,
		       struct release_hooks *h)
{
	(void)r;
	if (h->failed) {
		err *e = delete_hook(env, a, how, h->run[h->done], S("hook-failed"));

		if (e)
			notice_printf(env->notices,
				      "error deleting the hook resource on hook failure: %s",
				      err_msg(e));
		err_free(e);
		for (size_t i = 0; i < h->done; i++)
			TRY(delete_hook(env, a, how, h->run[i], S("hook-succeeded")));
		return NULL;
	}
	if (h->done < h->n)
		return NULL;
	for (size_t i = h->n; i-- > 0;) {
		tell_logs(env, a, h->run[i], S("hook-succeeded"));
		TRY(delete_hook(env, a, how, h->run[i], S("hook-succeeded")));
	}
	return NULL;
}

err *release_hooks(const struct release_env *env, struct arena *a, const struct release_how *how,
		   struct record *r, str event, bool server_side)
{
	struct release_hooks h;

	if (how->no_hooks)
		return NULL;
	err *e = release_hooks_begin(env, a, how, r, event, server_side, &h);
	err *after = release_hooks_end(env, a, how, r, &h);

	if (after)	/* as Helm: what cannot be tidied up hides why */
		err_free(e);
	return after ? after : e;
}
