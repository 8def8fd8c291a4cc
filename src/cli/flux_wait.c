/* flux_wait - until an object is what the command wanted of it. */
#include <poll.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/flux.h"
#include "kube/health.h"

/* Soon at first, then less often: flux asks every two seconds. */
#define POLL_FIRST (20 * CLOCK_MS)
#define POLL_LAST (500 * CLOCK_MS)

static int64_t number_at(node object, const char *part, const char *field)
{
	return node_int(node_dig(object, part, field));
}

/* The controller has looked at this generation of the object. */
static bool is_seen(node object)
{
	node ready = health_condition(object, S("Ready"));
	int64_t generation = number_at(object, "metadata", "generation");
	int64_t observed = number_at(object, "status", "observedGeneration");
	int64_t condition = node_int(node_get(ready, S("observedGeneration")));

	if (observed < 1 || node_is_nil(ready))
		return false;
	return condition ? condition == generation : observed == generation;
}

static bool is_handled(node object, str before)
{
	return !str_eq(node_str(node_dig(object, "status", "lastHandledReconcileAt")), before);
}

/* The attempt that was asked for has failed; another one may follow by
 * itself, but nobody needs to wait for it. */
static bool has_failed(node object)
{
	node ready = health_condition(object, S("Ready"));

	return str_eq(node_str(node_get(ready, S("status"))), S("False")) &&
	       node_int(node_get(ready, S("observedGeneration"))) ==
		       number_at(object, "metadata", "generation");
}

static bool is_over(struct cli *c, enum flux_wait what, node object, const struct health *h,
		    str before)
{
	if (what == FLUX_WAIT_HANDLED && !is_handled(object, before))
		return false;
	if (what == FLUX_WAIT_READY && !is_seen(object))
		return false;
	if (h->status != HEALTH_IN_PROGRESS)
		return true;
	return what == FLUX_WAIT_HANDLED && !cli_given(c, "timeout") && has_failed(object);
}

static void sleep_for(int64_t span)
{
	struct timespec t = clock_timespec(span);

	nanosleep(&t, NULL);
}

err *flux_wait_for(struct cli *c, struct flux_server *s, enum flux_kind_id kind, str namespace,
		   str name, enum flux_wait what, str before, node *out)
{
	const struct client_resource r = flux_resource(&flux_kinds[kind]);
	int64_t pause = POLL_FIRST;

	for (;;) {
		struct arena_mark mark = arena_mark(c->arena);
		struct health h;
		node object;

		TRY(client_get(s->client, c->arena, &r, namespace, name, &object));
		TRY(health_of(c->arena, object, clock_wall(), &h));
		if (is_over(c, what, object, &h, before)) {
			*out = object;
			if (h.status == HEALTH_CURRENT || h.status == HEALTH_IN_PROGRESS)
				return NULL;
			return err_new(ERR_INVALID, "%.*s", STR_ARG(h.message));
		}
		arena_rewind(c->arena, mark);
		int64_t left = s->deadline - clock_mono();

		if (left <= 0)
			return err_new(ERR_TIMEOUT, "context deadline exceeded");
		sleep_for(pause < left ? pause : left);
		pause = pause * 3 / 2 < POLL_LAST ? pause * 3 / 2 : POLL_LAST;
	}
}

/* ---- outcomes ---------------------------------------------------------- */

static str dig(node object, const char *a, const char *b, const char *c)
{
	const char *const path[] = { a, b, c, NULL };

	return node_str(node_dig_path(object, path));
}

static str image_ref(struct arena *a, node object)
{
	str digest = dig(object, "status", "latestRef", "digest");

	return arena_cat(a, S("selected ref "), dig(object, "status", "latestRef", "name"), S(":"),
			 dig(object, "status", "latestRef", "tag"), digest.n ? S("@") : STR_NONE,
			 digest);
}

static str release_revision(node object)
{
	str deployed = node_str(node_get(node_at(node_dig(object, "status", "history"), 0),
					 S("chartVersion")));

	return deployed.n ? deployed : dig(object, "status", "lastAttemptedRevision", NULL);
}

str flux_outcome(struct arena *a, enum flux_kind_id kind, node object)
{
	switch (kind) {
	case FLUX_KUSTOMIZATION:
		return arena_cat(a, S("applied revision "),
				 dig(object, "status", "lastAppliedRevision", NULL));
	case FLUX_RELEASE:
		return arena_cat(a, S("applied revision "), release_revision(object));
	case FLUX_IMAGE_REPOSITORY:
		return arena_printf(a, "scan fetched %lld tags",
				    (long long)node_int(node_dig(object, "status",
								 "lastScanResult", "tagCount")));
	case FLUX_IMAGE_POLICY:
		return image_ref(a, object);
	case FLUX_IMAGE_UPDATE:
		return node_str(node_get(health_condition(object, S("Ready")), S("message")));
	case FLUX_ALERT:
	case FLUX_PROVIDER:
	case FLUX_RECEIVER:
		return arena_cat(a, str_c(flux_kinds[kind].kind), S(" reconciliation completed"));
	case FLUX_GIT:
	case FLUX_OCI:
	case FLUX_HELM_REPOSITORY:
	case FLUX_CHART:
	case FLUX_BUCKET:
	case FLUX_EXTERNAL:
	case FLUX_GENERATOR:
	case FLUX_KINDS:
		break;
	}
	return arena_cat(a, S("fetched revision "), dig(object, "status", "artifact", "revision"));
}

/* ---- asking ------------------------------------------------------------ */

bool flux_ask(struct cli *c, const char *question)
{
	char answer = 0, ch = 0;
	size_t n = 0;

	buf_addf(&c->out.buf, "? %s? [y/N] ", question);
	output_flush(&c->out);
	for (; read(STDIN_FILENO, &ch, 1) == 1 && ch != '\n'; n++)
		answer = ch;
	return n == 1 && (answer == 'y' || answer == 'Y');
}
