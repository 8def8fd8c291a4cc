#include "server/allocator.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/die.h"
#include "base/rand.h"
#include "base/vec.h"
#include "server/server.h"
#include "server/store.h"
#include "text/netip.h"

enum { HOSTS = 1 << 16, PORTS = ALLOCATOR_PORT_MAX - ALLOCATOR_PORT_MIN + 1 };
/* The lower part is left to those who ask for an address by name. */
enum { HOSTS_NAMED = 256 };

struct allocator {
	pthread_mutex_t m;
	uint8_t hosts[HOSTS / 8], ports[(PORTS + 7) / 8]; /* bits: taken; locked by m */
};

/* What one call was given. */
struct taken {
	bool port;
	uint32_t at;
};

struct taken_list {
	VEC(struct taken) list;
};

static bool test(const uint8_t *bits, uint32_t at)
{
	return bits[at / 8] >> at % 8 & 1;
}

static void set(uint8_t *bits, uint32_t at, bool on)
{
	if (on)
		bits[at / 8] |= (uint8_t)(1 << at % 8);
	else
		bits[at / 8] &= (uint8_t) ~(1 << at % 8);
}

/* Take a bit; false when it is taken. */
static bool take(struct allocator *a, uint8_t *bits, uint32_t at)
{
	pthread_mutex_lock(&a->m);
	bool was = test(bits, at);

	set(bits, at, true);
	pthread_mutex_unlock(&a->m);
	return !was;
}

/* Any free bit of a range, from a random one on; false when all are taken. */
static bool take_any(struct allocator *a, uint8_t *bits, uint32_t from, uint32_t to, uint32_t *out)
{
	uint32_t n = to - from, start = (uint32_t)rand_below(n);
	bool found = false;

	pthread_mutex_lock(&a->m);
	for (uint32_t i = 0; i < n && !found; i++) {
		*out = from + (start + i) % n;
		found = !test(bits, *out);
	}
	if (found)
		set(bits, *out, true);
	pthread_mutex_unlock(&a->m);
	return found;
}

static void give(struct allocator *a, uint8_t *bits, uint32_t at)
{
	pthread_mutex_lock(&a->m);
	set(bits, at, false);
	pthread_mutex_unlock(&a->m);
}

static void note(struct kind_call *c, bool port, uint32_t at)
{
	struct taken_list *t = c->taken;

	if (!t)
		c->taken = t = arena_new(c->arena, struct taken_list);
	avec_push(c->arena, &t->list, (struct taken){ port, at });
}

/* ---- addresses --------------------------------------------------------- */

/* "10.96.x.y" as x * 256 + y; false outside the range. */
static bool host_of(str text, uint32_t *out)
{
	uint64_t x, y;
	str rest = text, third, fourth;

	return str_take_str(&rest, S("10.96.")) && str_split(rest, '.', &third, &fourth) &&
	       str_to_u64(third, &x) && str_to_u64(fourth, &y) && x < 256 && y < 256 &&
	       (*out = (uint32_t)(x << 8 | y), true);
}

static node refuse_ip(struct kind_call *c, str wanted, str path, const char *why)
{
	node list = node_seq(c->arena, 1);

	node_append(c->arena, list, node_from_str(c->arena, wanted));
	fielderr_invalid(c->errors, path, list, "failed to allocate IP %.*s: %s", STR_ARG(wanted),
			 why);
	return NODE_NOTHING;
}

node allocator_ip(struct kind_call *c, str wanted, str path)
{
	struct allocator *a = server_allocator(c->server);
	uint32_t host;

	if (wanted.n) {
		if (!host_of(wanted, &host) || !host || host == HOSTS - 1)
			return refuse_ip(
				c, wanted, path,
				arena_printf(c->arena,
					     "the provided IP (%.*s) is not in the valid "
					     "range. The range of valid IPs is " ALLOCATOR_RANGE,
					     STR_ARG(wanted))
					.p);
		if (!take(a, a->hosts, host))
			return refuse_ip(c, wanted, path, "provided IP is already allocated");
	} else if (!take_any(a, a->hosts, HOSTS_NAMED, HOSTS - 1, &host)) {
		return refuse_ip(c, wanted, path, "range is full");
	}
	note(c, false, host);
	return node_from_str(c->arena,
			     arena_printf(c->arena, "10.96.%u.%u", host >> 8, host & 255));
}

/* ---- ports ------------------------------------------------------------- */

node allocator_port(struct kind_call *c, int64_t wanted, str path)
{
	struct allocator *a = server_allocator(c->server);
	uint32_t at;

	if (wanted && (wanted < ALLOCATOR_PORT_MIN || wanted > ALLOCATOR_PORT_MAX)) {
		fielderr_invalid(
			c->errors, path, node_from_int(wanted),
			"provided port is not in the valid range. The range of valid ports is "
			"%d-%d",
			ALLOCATOR_PORT_MIN, ALLOCATOR_PORT_MAX);
		return NODE_NOTHING;
	}
	at = (uint32_t)(wanted - ALLOCATOR_PORT_MIN);
	if (wanted ? !take(a, a->ports, at) : !take_any(a, a->ports, 0, PORTS, &at)) {
		fielderr_invalid(c->errors, path, node_from_int(wanted), "%s",
				 wanted ? "provided port is already allocated" : "range is full");
		return NODE_NOTHING;
	}
	note(c, true, at);
	return node_from_int(ALLOCATOR_PORT_MIN + (int64_t)at);
}

/* ---- keeping account --------------------------------------------------- */

void allocator_give_back(struct kind_call *c)
{
	struct taken_list *t = c->taken;
	struct allocator *a = t ? server_allocator(c->server) : NULL;

	for (size_t i = 0; t && i < t->list.n; i++)
		give(a, t->list.p[i].port ? a->ports : a->hosts, t->list.p[i].at);
	c->taken = NULL;
}

/* All that a Service holds: fn for each. */
static void each_held(struct allocator *a, node service,
		      void (*fn)(struct allocator *a, uint8_t *bits, uint32_t at))
{
	node spec = node_get(service, S("spec"));
	uint32_t host;

	node_each_item(ip, node_get(spec, S("clusterIPs")))
		if (host_of(node_str(*ip), &host))
			fn(a, a->hosts, host);
	node_each_item(p, node_get(spec, S("ports"))) {
		int64_t port = node_int(node_get(*p, S("nodePort")));

		if (port >= ALLOCATOR_PORT_MIN && port <= ALLOCATOR_PORT_MAX)
			fn(a, a->ports, (uint32_t)(port - ALLOCATOR_PORT_MIN));
	}
	int64_t check = node_int(node_get(spec, S("healthCheckNodePort")));

	if (check >= ALLOCATOR_PORT_MIN && check <= ALLOCATOR_PORT_MAX)
		fn(a, a->ports, (uint32_t)(check - ALLOCATOR_PORT_MIN));
}

static void hold(struct allocator *a, uint8_t *bits, uint32_t at)
{
	take(a, bits, at);
}

static bool is_service(const struct kind *k)
{
	return !k->gvk.group.n && str_eq(k->plural, S("services"));
}

void allocator_changed(struct server *s, const struct kind *k, const struct blob *old,
		       const struct blob *now)
{
	CLEANUP(arena_release) struct arena mem = ARENA_INIT;

	if (!is_service(k))
		return;
	each_held(server_allocator(s), blob_tree(&mem, old), give);
	if (now)
		each_held(server_allocator(s), blob_tree(&mem, now), hold);
}

void allocator_removed(struct server *s, const struct kind *k, const struct blob *old)
{
	allocator_changed(s, k, old, NULL);
}

struct allocator *allocator_new(struct server *s)
{
	struct allocator *a = mem_calloc(1, sizeof *a);
	struct store *store = server_store(s);
	struct store_list l;

	pthread_mutex_init(&a->m, NULL);
	store_list(store, store_table(store, STR_NONE, S("services")), &(struct store_range){ 0 },
		   &l);
	for (size_t i = 0; i < l.n; i++) {
		CLEANUP(arena_release) struct arena mem = ARENA_INIT;

		each_held(a, blob_tree(&mem, l.p[i]), hold);
	}
	store_list_release(&l);
	return a;
}

void allocator_free(struct allocator *a)
{
	if (!a)
		return;
	pthread_mutex_destroy(&a->m);
	free(a);
}
