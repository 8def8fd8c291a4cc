#include "base/hash.h"
#include "cel/cel_decl.h"
#include "cel/cel_value.h"

/* Maps with fewer entries are searched one by one. */
enum { HASH_FROM = 9 };

/* ---- keys, as Go compares them: by type and value ---------------------- */

static bool same_key(cel_value a, cel_value b)
{
	if (a.kind != b.kind)
		return false;
	switch ((enum cel_kind)a.kind) {
	case CEL_NULL:
		return true;
	case CEL_BOOL:
		return a.b == b.b;
	case CEL_INT:
	case CEL_DURATION:
		return a.i == b.i;
	case CEL_UINT:
		return a.u == b.u;
	case CEL_DOUBLE:
		return a.d == b.d;
	case CEL_STRING:
		return str_eq(a.s, b.s);
	case CEL_TIMESTAMP:
		return a.time.sec == b.time.sec && a.time.nanos == b.time.nanos &&
		       a.time.offset == b.time.offset;
	case CEL_TYPE:
		return a.type == b.type;
	default:
		return false;
	}
}

static size_t hash_key(cel_value k)
{
	switch ((enum cel_kind)k.kind) {
	case CEL_STRING:
		return hash_bytes(k.s);
	case CEL_INT:
	case CEL_UINT:
	case CEL_DURATION:
		return hash_bytes(str_of((const char *)&k.i, sizeof k.i)) + k.kind;
	case CEL_DOUBLE:
		k.d += 0.0;	/* -0 is 0 */
		return hash_bytes(str_of((const char *)&k.d, sizeof k.d)) + k.kind;
	case CEL_TIMESTAMP:
		return hash_bytes(str_of((const char *)&k.time.sec, sizeof k.time.sec)) + k.kind;
	default:
		return k.kind;
	}
}

static struct cel_entry_value *find_exact(const struct cel_entries *m, cel_value key)
{
	if (!m->slots) {
		for (size_t i = 0; i < m->n; i++)
			if (same_key(m->p[i].key, key))
				return &m->p[i];
		return NULL;
	}
	for (size_t at = hash_key(key) & (m->slots_n - 1); m->slots[at];
	     at = (at + 1) & (m->slots_n - 1))
		if (same_key(m->p[m->slots[at] - 1].key, key))
			return &m->p[m->slots[at] - 1];
	return NULL;
}

static void add_slot(struct cel_entries *m, size_t i)
{
	size_t at = hash_key(m->p[i].key) & (m->slots_n - 1);

	while (m->slots[at])
		at = (at + 1) & (m->slots_n - 1);
	m->slots[at] = (uint32_t)i + 1;
}

static void index_entries(struct arena *a, struct cel_entries *m, size_t slots_n)
{
	m->slots_n = slots_n;
	m->slots = arena_array(a, uint32_t, slots_n);
	for (size_t i = 0; i < m->n; i++)
		add_slot(m, i);
}

/* ---- making ------------------------------------------------------------ */

cel_value cel_map_new(struct cel_run *r, size_t cap)
{
	struct cel_entries *m = arena_new(r->a, struct cel_entries);

	if (cap) {
		m->p = arena_alloc(r->a, cap * sizeof *m->p);
		m->cap = cap;
	}
	return (cel_value){ .kind = CEL_MAP, .form = CEL_FORM_ENTRIES, .entries = m };
}

void cel_map_set(struct cel_run *r, cel_value map, cel_value key, cel_value value)
{
	struct cel_entries *m = map.entries;
	struct cel_entry_value *e = find_exact(m, key);

	if (e) {
		e->value = value;
		return;
	}
	if (!cel_run_work(r, 1))
		return;
	avec_push(r->a, m, (struct cel_entry_value){ key, value });
	if (m->slots && m->n * 2 <= m->slots_n)
		add_slot(m, m->n - 1);
	else if (m->n >= HASH_FROM)
		index_entries(r->a, m, m->slots ? m->slots_n * 4 : 64);
}

void cel_map_remove(cel_value map, cel_value key)
{
	struct cel_entries *m = map.entries;
	struct cel_entry_value *e = find_exact(m, key);

	if (!e)
		return;
	size_t i = (size_t)(e - m->p);

	memmove(e, e + 1, (m->n - i - 1) * sizeof *e);
	m->n--;
	if (!m->slots)
		return;
	memset(m->slots, 0, m->slots_n * sizeof *m->slots);
	for (i = 0; i < m->n; i++)
		add_slot(m, i);
}

bool cel_map_has_exact(cel_value map, cel_value key)
{
	return find_exact(map.entries, key) != NULL;
}

/* ---- asking ------------------------------------------------------------ */

static const struct node_map *nodes(cel_value map)
{
	return map.of_node.body;
}

size_t cel_map_n(cel_value map)
{
	return map.form == CEL_FORM_ENTRIES ? map.entries->n : nodes(map)->n;
}

bool cel_map_key(struct cel_run *r, cel_value map, size_t i, cel_value *key)
{
	if (map.form == CEL_FORM_ENTRIES) {
		*key = map.entries->p[i].key;
		return true;
	}
	str name = node_str(nodes(map)->pairs[i].key);
	const struct cel_decl *decl = map.of_node.decl;

	*key = cel_string(name);
	if (!decl || decl->kind == CEL_DECL_MAP)
		return true;
	const struct cel_decl_field *f = cel_decl_field(decl, name);

	if (f && f->escaped.n)
		*key = cel_string(f->escaped);
	(void)r;
	return f != NULL;
}

bool cel_map_at(struct cel_run *r, cel_value map, size_t i, cel_value *key, cel_value *value)
{
	if (!cel_map_key(r, map, i, key))
		return false;
	if (map.form != CEL_FORM_ENTRIES)
		return cel_map_find(r, map, *key, value);
	*value = map.entries->p[i].value;
	return true;
}

/* A number is found under the same number of another type, too. */
static const struct cel_entry_value *find_number(const struct cel_entries *m, cel_value key)
{
	const struct cel_entry_value *e = NULL;

	if (key.kind == CEL_INT && key.i >= 0)
		return find_exact(m, cel_uint((uint64_t)key.i));
	if (key.kind == CEL_UINT && key.u <= INT64_MAX)
		return find_exact(m, cel_int((int64_t)key.u));
	if (key.kind != CEL_DOUBLE)
		return NULL;
	if (key.d > (double)INT64_MIN && key.d < (double)INT64_MAX &&
	    (double)(int64_t)key.d == key.d)
		e = find_exact(m, cel_int((int64_t)key.d));
	if (!e && key.d >= 0 && key.d < 18446744073709551616.0 && (double)(uint64_t)key.d == key.d)
		e = find_exact(m, cel_uint((uint64_t)key.d));
	return e;
}

/* Go's maps cannot hold bytes or versions as keys, and stop all when asked for them. */
bool cel_map_bad_key(struct cel_run *r, cel_value key)
{
	if (key.kind != CEL_BYTES && key.kind != CEL_SEMVER)
		return false;
	r->stopped = true;
	r->why = key.kind == CEL_BYTES ?
			 "internal error: runtime error: hash of unhashable type types.Bytes" :
			 "internal error: runtime error: hash of unhashable type cel.Semver";
	return true;
}

bool cel_map_find(struct cel_run *r, cel_value map, cel_value key, cel_value *out)
{
	if (map.form != CEL_FORM_ENTRIES && map.of_node.decl)
		return cel_find_declared(r, map, key, out);
	if (map.form != CEL_FORM_ENTRIES) {
		node n = { .kind = NODE_MAP, .map = (struct node_map *)map.of_node.body };

		if (key.kind != CEL_STRING)
			return false;
		n = node_get(n, key.s);
		if (n.kind != NODE_NONE)
			*out = cel_wrap(r, n, NULL);
		return n.kind != NODE_NONE;
	}
	if (map.entries->n && cel_map_bad_key(r, key))
		return false;
	const struct cel_entry_value *e = find_exact(map.entries, key);

	if (!e)
		e = find_number(map.entries, key);
	if (e)
		*out = e->value;
	return e != NULL;
}

cel_value cel_equal_maps(struct cel_run *r, cel_value a, cel_value b)
{
	cel_value key, x, y;

	if (cel_decl_of(a))
		return cel_equal_declared_map(r, a, b);
	if (b.kind != CEL_MAP || cel_map_n(a) != cel_map_n(b))
		return cel_bool(false);
	for (size_t i = 0; i < cel_map_n(a) && !r->stopped; i++) {
		if (!cel_map_at(r, a, i, &key, &x))
			continue;
		if (!cel_map_find(r, b, key, &y))
			return cel_bool(false);
		cel_value eq = cel_equal_null(r, x, y);

		if (eq.kind == CEL_BOOL && !eq.b)
			return eq;
	}
	return cel_bool(true);
}
