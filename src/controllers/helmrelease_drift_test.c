#include "controllers/hr_stage_test.h"

enum { OBJECTS_MAX = 4 };

/* A server of a few ConfigMaps: what it has, and what it would have. */
static struct server {
	struct hr_known known[OBJECTS_MAX];
	uint64_t content[OBJECTS_MAX];	/* as the watch has it; 0: not known */
	node live[OBJECTS_MAX], dry[OBJECTS_MAX];	/* NODE_NONE: not found */
	const char *broken;		/* the name of an object that nothing may be asked about */
	const char *invalid;		/* what is said of every change; NULL: nothing */
	size_t asked;			/* requests that read */
	struct buf changes;		/* requests that write */
} server;

static const struct client_resource configmaps = { STR_NONE, S("v1"), S("configmaps"), S("ConfigMap"),
						   true };

/* ---- instead of the world ------------------------------------------------------- */

struct client_call *__wrap_client_start(struct client *c, const struct client_request *r);
err *__wrap_client_wait(struct client_call *call, struct arena *a, node *out);
err *__wrap_client_patch(struct client *c, struct arena *a, const struct client_resource *r, str ns,
			 str name, node patch, const struct client_patch_options *o, node *out);
err *__wrap_client_create(struct client *c, struct arena *a, const struct client_resource *r,
			  node object, str manager, node *out);
err *__wrap_relobj_build(const struct relcluster *c, struct arena *a, str manifest, str ns,
			 struct relobj_list *out);
err *__wrap_relobj_resolve(const struct relcluster *c, struct arena *a, node object, str ns,
			   struct relobj *out);
void __wrap_hr_know(struct hr *h, const struct relobj_list *l);
uint64_t __wrap_hr_content_now(struct hr *h, const struct hr_known *k);
void __wrap_hr_event(struct hr *h, enum event_type type, const char *reason, str message,
		     node snapshot);

/* Objects are "o0", "o1", ... */
static size_t index_of(str name)
{
	return (size_t)(name.p[name.n - 1] - '0');
}

struct client_call *__wrap_client_start(struct client *c, const struct client_request *r)
{
	size_t i = index_of(r->path);
	node *answer = r->method.n ? &server.dry[i] : &server.live[i];

	(void)c;
	if (r->method.n) {
		assert_true(str_eq(r->method, S("PATCH")));
		assert_true(str_has(r->query, S("dryRun=All")));
		assert_true(str_has(r->query, S("fieldManager=helm-controller")));
	}
	server.asked++;
	return (struct client_call *)(void *)answer;
}

err *__wrap_client_wait(struct client_call *call, struct arena *a, node *out)
{
	const node *answer = (const node *)(void *)call;
	bool dry = answer >= server.dry && answer < server.dry + OBJECTS_MAX;
	size_t i = (size_t)(answer - (dry ? server.dry : server.live));

	(void)a;
	if (server.broken && server.broken[1] == (char)('0' + i))
		return err_new(ERR_FORBIDDEN, "it is forbidden");
	if (answer->kind == NODE_NONE)
		return err_new(ERR_NOT_FOUND, "not found");
	*out = *answer;
	return NULL;
}

static err *written(const char *what, str name, node body)
{
	buf_addf(&server.changes, "%s%s %.*s ", server.changes.n ? "\n" : "", what, STR_ARG(name));
	assert_null(json_write(&server.changes, body, NULL));
	if (server.invalid)
		return err_new(ERR_INVALID, "%s", server.invalid);
	if (server.broken && str_eq(name, str_c(server.broken)))
		return err_new(ERR_FORBIDDEN, "it is forbidden");
	return NULL;
}

err *__wrap_client_patch(struct client *c, struct arena *a, const struct client_resource *r, str ns,
			 str name, node patch, const struct client_patch_options *o, node *out)
{
	(void)c, (void)a, (void)r, (void)ns, (void)out;
	assert_int_equal(o->type, CLIENT_PATCH_JSON);
	assert_true(str_eq(o->manager, S("helm-controller")));
	return written("patch", name, patch);
}

err *__wrap_client_create(struct client *c, struct arena *a, const struct client_resource *r,
			  node object, str manager, node *out)
{
	(void)c, (void)a, (void)r, (void)manager, (void)out;
	return written("create", node_str(node_dig(object, "metadata", "name")),
		       node_get(object, S("data")));
}

err *__wrap_relobj_resolve(const struct relcluster *c, struct arena *a, node object, str ns,
			   struct relobj *out)
{
	(void)c, (void)a;
	*out = (struct relobj){ .gvk = gvk_of(object), .resource = &configmaps, .ns = ns,
				.name = node_str(node_dig(object, "metadata", "name")),
				.object = object };
	return NULL;
}

err *__wrap_relobj_build(const struct relcluster *c, struct arena *a, str manifest, str ns,
			 struct relobj_list *out)
{
	TRY(relobj_parse(a, manifest, out));
	for (size_t i = 0; i < out->n; i++)
		TRY(__wrap_relobj_resolve(c, a, out->p[i].object, ns, &out->p[i]));
	return NULL;
}

void __wrap_hr_know(struct hr *h, const struct relobj_list *l)
{
	h->m->known = server.known;
	h->m->n = l->n;
}

uint64_t __wrap_hr_content_now(struct hr *h, const struct hr_known *k)
{
	(void)h;
	return server.content[k - server.known];
}

void __wrap_hr_event(struct hr *h, enum event_type type, const char *reason, str message,
		     node snapshot)
{
	(void)h, (void)snapshot;
	buf_addf(&stage.events, "%s%s %.*s", type == EVENT_WARNING ? "!" : "", reason,
		 STR_ARG(message));
}

/* ---- a release of ConfigMaps ------------------------------------------------------- */

static struct stage *begin(const char *spec)
{
	server = (struct server){ .changes = BUF_INIT };
	return stage_begin(spec);
}

static void end(void)
{
	buf_release(&server.changes);
	stage_end();
}

static node object(struct stage *s, size_t i, const char *data, const char *meta)
{
	return stage_json(arena_printf(&s->a,
				    "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{"
				    "\"name\":\"o%zu\"%s},\"data\":%s}", i, meta, data).p);
}

/* Object `i`: as it is, and as it would be. NULL: it is not there. */
static void have(struct stage *s, size_t i, const char *live, const char *dry)
{
	server.live[i] = live ? object(s, i, live, "") : NODE_NOTHING;
	server.dry[i] = object(s, i, dry, "");
}

static err *look(struct stage *s, size_t n)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct record r = { .name = S("web"), .ns = S("apps") };

	for (size_t i = 0; i < n; i++)
		buf_addf(&b, "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: o%zu}\ndata: {a: b}\n",
			 i);
	r.manifest = arena_str(&s->a, buf_str(&b));
	return hr_find_drift(&s->h, &r);
}

#define assert_drift(s, text) assert_string_equal(arena_str(&(s)->a, (s)->h.drift).p, text)

/* ---- what is drift ------------------------------------------------------------------- */

static void test_what_is_as_it_would_be_is_no_drift(void **state)
{
	struct stage *s = begin("{}");

	(void)state;
	have(s, 0, "{\"a\":\"b\"}", "{\"a\":\"b\"}");
	assert_null(look(s, 1));
	assert_drift(s, "");
	assert_int_equal(server.asked, 2);
	assert_true(server.known[0].clean != 0);
	end();
}

#define LONG "a text that is too long to be sent once more"

/* As github.com/wI2L/jsondiff v0.7.1 counts them. */
static void test_each_difference_is_counted(void **state)
{
	static const struct {
		const char *live, *dry, *told;
	} rows[] = {
		{ "{\"a\":\"x\"}", "{\"a\":\"b\"}", "(0 additions, 1 changes, 0 removals)" },
		{ "{}", "{\"a\":\"b\",\"c\":\"d\"}", "(0 additions, 1 changes, 0 removals)" },
		{ "{\"a\":\"b\",\"more\":\"x\"}", "{\"a\":\"b\"}", "(0 additions, 0 changes, 1 removals)" },
		/* What many operations would say is one, where that is shorter. */
		{ "{\"a\":\"x\",\"b\":\"y\"}", "{\"a\":\"b\",\"c\":\"d\"}",
		  "(0 additions, 1 changes, 0 removals)" },
		{ "{\"a\":\"x\",\"b\":\"y\",\"e\":\"" LONG LONG LONG LONG "\"}",
		  "{\"a\":\"b\",\"c\":\"d\",\"e\":\"" LONG LONG LONG LONG "\"}",
		  "(1 additions, 1 changes, 1 removals)" },
		{ "{\"l\":[1,2,3]}", "{\"l\":[1,5,6]}", "(0 additions, 1 changes, 0 removals)" },
		{ "{\"l\":[1,2,3]}", "{\"l\":[1]}", "(0 additions, 1 changes, 0 removals)" },
		{ "{\"l\":[\"" LONG "\",2]}", "{\"l\":[\"" LONG "\"]}",
		  "(0 additions, 0 changes, 1 removals)" },
		{ "{\"l\":[\"" LONG "\"]}", "{\"l\":[\"" LONG "\",2]}",
		  "(1 additions, 0 changes, 0 removals)" },
		{ "{\"l\":{\"a\":1}}", "{\"l\":[1]}", "(0 additions, 1 changes, 0 removals)" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct stage *s = begin("{}");

		have(s, 0, rows[i].live, rows[i].dry);
		assert_null(look(s, 1));
		assert_drift(s, arena_printf(&s->a, "ConfigMap/apps/o0 changed %s", rows[i].told).p);
		end();
	}
}

static void test_of_metadata_only_wanted_labels_and_annotations_count(void **state)
{
	struct stage *s = begin("{}");

	(void)state;
	server.live[0] = object(s, 0, "{}", ",\"uid\":\"1\",\"labels\":{\"a\":\"b\",\"foreign\":\"x\"},"
					"\"annotations\":{\"k\":\"other\"}");
	server.dry[0] = object(s, 0, "{}", ",\"uid\":\"2\",\"labels\":{\"a\":\"b\",\"c\":\"d\"},"
				       "\"annotations\":{\"k\":\"v\"}");
	assert_null(look(s, 1));
	assert_drift(s, "ConfigMap/apps/o0 changed (1 additions, 1 changes, 0 removals)");
	end();
}

static void test_the_status_is_the_clusters_own(void **state)
{
	struct stage *s = begin("{}");

	(void)state;
	have(s, 0, "{}", "{}");
	node_set(&s->a, server.live[0], S("status"), stage_json("{\"phase\":\"x\"}"));
	assert_null(look(s, 1));
	assert_drift(s, "");
	end();
}

/* ---- what is left alone ---------------------------------------------------------------- */

static void test_ignored_paths_are_not_compared(void **state)
{
	struct stage *s = begin("{\"driftDetection\":{\"ignore\":[{\"paths\":[\"/data/a\"],"
				"\"target\":{\"kind\":\"ConfigMap\"}}]}}");

	(void)state;
	have(s, 0, "{\"a\":\"stolen\",\"c\":\"d\"}", "{\"a\":\"b\",\"c\":\"d\"}");
	assert_null(look(s, 1));
	assert_drift(s, "");
	have(s, 0, "{\"a\":\"stolen\",\"c\":\"x\"}", "{\"a\":\"b\",\"c\":\"d\"}");
	assert_null(look(s, 1));
	assert_drift(s, "ConfigMap/apps/o0 changed (0 additions, 1 changes, 0 removals)");
	end();
}

static void test_ignored_objects_are_not_asked_for(void **state)
{
	struct stage *s = begin("{\"driftDetection\":{\"ignore\":[{\"paths\":[\"\"],"
				"\"target\":{\"name\":\"o0\"}}]}}");

	(void)state;
	have(s, 0, NULL, "{}");
	have(s, 1, "{}", "{}");
	assert_null(look(s, 2));
	assert_drift(s, "");
	assert_int_equal(server.asked, 2);
	/* They are told of where others drift. */
	have(s, 1, NULL, "{}");
	assert_null(look(s, 2));
	assert_drift(s, "ConfigMap/apps/o0 excluded\nConfigMap/apps/o1 removed");
	end();
}

static void test_an_object_may_say_itself_that_it_is_left_alone(void **state)
{
	struct stage *s = begin("{}");

	(void)state;
	have(s, 0, "{\"a\":\"x\"}", "{\"a\":\"b\"}");
	server.live[0] = object(s, 0, "{\"a\":\"x\"}",
			    ",\"annotations\":{\"helm.toolkit.fluxcd.io/driftDetection\":\"disabled\"}");
	assert_null(look(s, 1));
	assert_drift(s, "");
	end();
}

/* ---- what is known ------------------------------------------------------------------------ */

static void test_what_a_watch_proves_is_not_asked_for(void **state)
{
	struct stage *s = begin("{}");

	(void)state;
	server.known[0].clean = server.content[0] = 7;
	have(s, 1, "{}", "{}");
	assert_null(look(s, 2));
	assert_int_equal(server.asked, 2);
	server.content[0] = 8;
	have(s, 0, NULL, "{}");
	assert_null(look(s, 2));
	assert_drift(s, "ConfigMap/apps/o0 removed");
	assert_true(server.known[0].seen == HR_GONE);
	end();
}

static void test_what_is_ignored_is_not_as_it_was_applied(void **state)
{
	struct stage *s = begin("{\"driftDetection\":{\"ignore\":[{\"paths\":[\"/data/a\"]},"
				"{\"paths\":[\"\"],\"target\":{\"name\":\"o2\"}}]}}");

	(void)state;
	have(s, 0, "{\"a\":\"stolen\"}", "{\"a\":\"b\"}");
	have(s, 1, "{\"a\":\"b\"}", "{\"a\":\"b\"}");
	server.known[0].applied = 7;
	server.content[2] = 8;
	assert_null(look(s, 3));
	assert_drift(s, "");
	assert_true(server.known[0].clean != 0);
	assert_true(server.known[0].applied == 0);
	assert_true(server.known[1].applied == server.known[1].clean);
	assert_true(server.known[2].clean == 8);
	assert_true(server.known[2].applied == 0);
	end();
}

static void test_nothing_drifts_from_what_was_applied_just_now(void **state)
{
	struct stage *s = begin("{}");

	(void)state;
	s->h.fresh = true;
	have(s, 0, NULL, "{}");
	assert_null(look(s, 1));
	assert_drift(s, "");
	assert_int_equal(server.asked, 0);
	end();
}

/* ---- errors ----------------------------------------------------------------------------- */

static void test_an_error_counts_where_nothing_drifts(void **state)
{
	struct stage *s = begin("{}");

	(void)state;
	have(s, 0, "{}", "{}");
	have(s, 1, "{}", "{}");
	server.broken = "o0";
	CLEANUP(err_drop) err *e = look(s, 2);

	assert_non_null(e);
	assert_string_equal(err_msg(e), "it is forbidden");
	have(s, 1, NULL, "{}");
	assert_null(look(s, 2));
	assert_drift(s, "ConfigMap/apps/o1 removed");
	end();
}

/* ---- correction ---------------------------------------------------------------------------- */

static void test_just_what_differs_is_corrected(void **state)
{
	struct stage *s = begin("{}");

	(void)state;
	have(s, 0, "{\"a\":\"x\",\"more\":\"y\"}", "{\"a\":\"b\",\"c/d\":\"e\"}");
	have(s, 1, NULL, "{}");
	assert_null(look(s, 2));
	assert_null(hr_correct_drift(&s->h));
	assert_string_equal(buf_c(&server.changes),
			    "create o1 {\"a\":\"b\"}\n"
			    "patch o0 [{\"op\":\"replace\",\"path\":\"/data/a\",\"value\":\"b\"},"
			    "{\"op\":\"add\",\"path\":\"/data/c~1d\",\"value\":\"e\"},"
			    "{\"op\":\"remove\",\"path\":\"/data/more\"}]");
	assert_true(str_ends(buf_str(&s->events),
			     S(" has been corrected:\nConfigMap/apps/o1 created\n"
			       "ConfigMap/apps/o0 configured")));
	assert_true(str_starts(buf_str(&s->events), S("DriftCorrected ")));
	end();
}

static void test_what_cannot_be_corrected_is_told(void **state)
{
	struct stage *s = begin("{}");

	(void)state;
	have(s, 0, "{\"a\":\"x\"}", "{\"a\":\"b\"}");
	have(s, 1, NULL, "{}");
	assert_null(look(s, 2));
	server.broken = "o0";
	assert_null(hr_correct_drift(&s->h));
	assert_true(str_starts(buf_str(&s->events),
			       S("!DriftCorrectionFailed Failed to partially correct cluster state of "
				 "release ")));
	assert_true(str_ends(buf_str(&s->events),
			     S(":\nConfigMap/apps/o0 patch failure: it is forbidden\n\n"
			       "Successful corrections:\nConfigMap/apps/o1 created")));
	end();
}

static void test_lists_are_corrected_at_their_ends(void **state)
{
	struct stage *s = begin("{}");

	(void)state;
	have(s, 0, "{\"l\":[1,2,3],\"m\":[1]}", "{\"l\":[4],\"m\":[1,2]}");
	assert_null(look(s, 1));
	assert_null(hr_correct_drift(&s->h));
	assert_string_equal(buf_c(&server.changes),
			    "patch o0 [{\"op\":\"remove\",\"path\":\"/data/l/1\"},"
			    "{\"op\":\"remove\",\"path\":\"/data/l/1\"},"
			    "{\"op\":\"replace\",\"path\":\"/data/l/0\",\"value\":4},"
			    "{\"op\":\"add\",\"path\":\"/data/m/-\",\"value\":2}]");
	end();
}

static void test_what_other_managers_hold_is_taken_over(void **state)
{
	static const str managers[] = { S("helm") };
	struct stage *s = begin("{}");
	const char *entries = ",\"managedFields\":[{\"manager\":\"kubectl\",\"operation\":\"Update\"}"
			      ",{\"manager\":\"helm\",\"operation\":\"Update\"}]";

	(void)state;
	s->settings.override_managers = managers;
	s->settings.override_managers_n = 1;
	have(s, 0, "{}", "{}");
	have(s, 1, "{}", "{}");
	server.live[0] = object(s, 0, "{}", entries);
	assert_null(look(s, 2));
	assert_string_equal(buf_c(&server.changes),
			    "patch o0 [{\"op\":\"replace\",\"path\":\"/metadata/managedFields\","
			    "\"value\":[{\"manager\":\"kubectl\",\"operation\":\"Update\"},"
			    "{\"manager\":\"helm-controller\",\"operation\":\"Apply\"}]}]");
	end();
}

static void test_of_invalid_secrets_no_value_is_told(void **state)
{
	struct stage *s = begin("{}");

	(void)state;
	have(s, 0, "{\"a\":\"x\"}", "{\"a\":\"b\"}");
	assert_null(look(s, 1));
	node_set(&s->a, node_get(node_at(s->h.drifted, 0), S("object")), S("kind"), node_lit("Secret"));
	server.invalid = "Secret \"o0\" is invalid: data[a]: Invalid value: \"b\": it is too short";
	assert_null(hr_correct_drift(&s->h));
	assert_true(str_ends(buf_str(&s->events),
			     S(":\nSecret/apps/o0 patch failure: it is too short")));
	end();
}

int main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(test_what_is_as_it_would_be_is_no_drift),
		cmocka_unit_test(test_each_difference_is_counted),
		cmocka_unit_test(test_of_metadata_only_wanted_labels_and_annotations_count),
		cmocka_unit_test(test_the_status_is_the_clusters_own),
		cmocka_unit_test(test_ignored_paths_are_not_compared),
		cmocka_unit_test(test_ignored_objects_are_not_asked_for),
		cmocka_unit_test(test_an_object_may_say_itself_that_it_is_left_alone),
		cmocka_unit_test(test_what_a_watch_proves_is_not_asked_for),
		cmocka_unit_test(test_what_is_ignored_is_not_as_it_was_applied),
		cmocka_unit_test(test_nothing_drifts_from_what_was_applied_just_now),
		cmocka_unit_test(test_an_error_counts_where_nothing_drifts),
		cmocka_unit_test(test_just_what_differs_is_corrected),
		cmocka_unit_test(test_what_cannot_be_corrected_is_told),
		cmocka_unit_test(test_lists_are_corrected_at_their_ends),
		cmocka_unit_test(test_what_other_managers_hold_is_taken_over),
		cmocka_unit_test(test_of_invalid_secrets_no_value_is_told),
	};

	return cmocka_run_group_tests(all, NULL, NULL);
}
