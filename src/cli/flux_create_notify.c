/* flux_create_notify - "flux create alert", "alert-provider" and "receiver". */
#include "cli/flux_choice.h"
#include "cli/flux_create.h"

/* [{kind, name, namespace}] of "Kind/name[.namespace]", or of "Kind/name" alone. */
static err *read_objects(struct arena *a, const struct flag_list *list, bool namespaces, node *out)
{
	*out = node_seq(a, list->n);
	for (size_t i = 0; i < list->n; i++) {
		node ref = node_map(a, 3);
		str kind, name, namespace = STR_NONE;

		choice_split(list->p[i], &kind, &name);
		if (!kind.n)
			return err_new(ERR_INVALID,
				       "invalid event source '%.*s', must be in format <kind>/<name>",
				       STR_ARG(list->p[i]));
		if (namespaces)
			choice_split_namespace(&name, &namespace);
		create_text(a, ref, "kind", kind);
		create_needed(a, ref, "name", name);
		create_text(a, ref, "namespace", namespace);
		node_append(a, *out, ref);
	}
	return NULL;
}

/* ---- alert ------------------------------------------------------------- */

struct alert_options {
	str provider, severity;
	struct flag_list sources;
};

static err *run_alert(struct cli *c)
{
	static const struct create_words words = { .subject = "Alert", .stored = "Alert",
						   .ready = true };
	const struct alert_options *o = c->options;
	node spec = node_map(c->arena, 3), sources;

	if (!o->provider.n)
		return err_new(ERR_INVALID, "provider ref is required");
	TRY(read_objects(c->arena, &o->sources, true, &sources));
	if (!node_len(sources))
		return err_new(ERR_INVALID, "at least one event source is required");
	TRY(create_check_labels(c));
	create_text(c->arena, spec, "providerRef.name", o->provider);
	create_text(c->arena, spec, "eventSeverity", o->severity);
	create_value(c->arena, spec, "eventSources", sources);
	return create_finish(c, FLUX_ALERT, spec, &words, NULL);
}

#define AT(field) offsetof(struct alert_options, field)

static const struct flag alert_flags[] = {
	{ "event-severity", 0, FLAG_STRING, AT(severity), "info for all events, error for failures" },
	{ "event-source", 0, FLAG_LIST, AT(sources),
	  "objects whose events are sent, as Kind/name[.namespace]" },
	{ "provider-ref", 0, FLAG_STRING, AT(provider), "Provider to send to" },
	{ 0 },
};

#undef AT

const struct command flux_create_alert_command = {
	.use = "alert [name]",
	.brief = "Create or update an Alert",
	.text = "Create an Alert: the events of some objects are sent to a Provider.",
	.example = "  flux create alert on-call \\\n"
		   "    --event-severity=info --event-source=Kustomization/flux-system \\\n"
		   "    --provider-ref=slack",
	.flags = alert_flags,
	.options = sizeof(struct alert_options),
	.run = run_alert,
};

/* ---- provider ---------------------------------------------------------- */

struct provider_options {
	str type, address, channel, username, secret;
};

static err *run_provider(struct cli *c)
{
	static const struct create_words words = { .subject = "Provider", .stored = "Provider",
						   .ready = true };
	const struct provider_options *o = c->options;
	node spec = node_map(c->arena, 5);

	if (!o->type.n)
		return err_new(ERR_INVALID, "Provider type is required");
	TRY(create_check_labels(c));
	create_text(c->arena, spec, "type", o->type);
	create_text(c->arena, spec, "channel", o->channel);
	create_text(c->arena, spec, "username", o->username);
	create_text(c->arena, spec, "address", o->address);
	create_text(c->arena, spec, "secretRef.name", o->secret);
	return create_finish(c, FLUX_PROVIDER, spec, &words, NULL);
}

#define AT(field) offsetof(struct provider_options, field)

static const struct flag provider_flags[] = {
	{ "address", 0, FLAG_STRING, AT(address), "address of the service" },
	{ "channel", 0, FLAG_STRING, AT(channel), "channel to post to" },
	{ "secret-ref", 0, FLAG_STRING, AT(secret), "Secret with address or token" },
	{ "type", 0, FLAG_STRING, AT(type), "service to notify" },
	{ "username", 0, FLAG_STRING, AT(username), "name to post under" },
	{ 0 },
};

#undef AT

const struct command flux_create_provider_command = {
	.use = "alert-provider [name]",
	.brief = "Create or update a Provider",
	.text = "Create a Provider: a place that notifications go to.",
	.example = "  flux create alert-provider slack \\\n"
		   "    --type=slack --channel=general --secret-ref=webhook-url",
	.flags = provider_flags,
	.options = sizeof(struct provider_options),
	.run = run_provider,
};

/* ---- receiver ---------------------------------------------------------- */

struct receiver_options {
	str type, secret;
	struct flag_list events, resources;
};

static err *run_receiver(struct cli *c)
{
	static const struct create_words words = { .subject = "Receiver",
						   .stored = "Receiver",
						   .ready = true,
						   .outcome = "generated webhook URL" };
	const struct receiver_options *o = c->options;
	node spec = node_map(c->arena, 4), resources;

	if (!o->type.n)
		return err_new(ERR_INVALID, "Receiver type is required");
	if (!o->secret.n)
		return err_new(ERR_INVALID, "secret ref is required");
	TRY(read_objects(c->arena, &o->resources, false, &resources));
	if (!node_len(resources))
		return err_new(ERR_INVALID, "atleast one resource is required");
	TRY(create_check_labels(c));
	create_text(c->arena, spec, "type", o->type);
	create_texts(c->arena, spec, "events", &o->events);
	create_value(c->arena, spec, "resources", resources);
	create_text(c->arena, spec, "secretRef.name", o->secret);
	return create_finish(c, FLUX_RECEIVER, spec, &words, NULL);
}

#define AT(field) offsetof(struct receiver_options, field)

static const struct flag receiver_flags[] = {
	{ "event", 0, FLAG_LIST, AT(events), "events that count; all by default" },
	{ "resource", 0, FLAG_LIST, AT(resources), "objects to reconcile, as Kind/name[.namespace]" },
	{ "secret-ref", 0, FLAG_STRING, AT(secret), "Secret with the token" },
	{ "type", 0, FLAG_CUSTOM, AT(type), "who calls the webhook", .type = &choice_receiver },
	{ 0 },
};

#undef AT

const struct command flux_create_receiver_command = {
	.use = "receiver [name]",
	.brief = "Create or update a Receiver",
	.text = "Create a Receiver: a webhook that starts reconciliations.",
	.example = "  flux create receiver github \\\n"
		   "    --type=github --event=push --secret-ref=webhook-token \\\n"
		   "    --resource=GitRepository/webapp",
	.flags = receiver_flags,
	.options = sizeof(struct receiver_options),
	.run = run_receiver,
};
