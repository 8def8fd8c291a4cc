/* metrics - what /metrics tells, by the names of controller-runtime and Flux. */
#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "controllers/runtime_impl.h"

/* ---- how long passes take --------------------------------------------------------- */

/* By object: gotk_reconcile_duration_seconds. */
static const double bounds[DURATION_BUCKETS] = {
	0.01, 0.038378, 0.147288, 0.565254, 2.169315, 8.325307, 31.950625, 122.618726, 470.582,
	1800,
};

/* By kind: controller_runtime_reconcile_time_seconds. */
static const double time_bounds[TIME_BUCKETS] = {
	0.005, 0.01, 0.025, 0.05, 0.1,	0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6,
	0.7,   0.8,  0.9,   1,	  1.25, 1.5,  1.75, 2,	  2.5, 3,    3.5, 4,	4.5, 5,
	6,     7,    8,	    9,	  10,	15,   20,  25,	 30,  40,   50,	 60,
};

static size_t bucket(const double *bound, size_t n, double seconds)
{
	size_t i = 0;

	while (i < n && seconds > bound[i])
		i++;
	return i;
}

void metrics_measure(struct object *o, int64_t span)
{
	double seconds = (double)span / (double)CLOCK_SECOND;
	struct looked_after *k = o->owner;

	o->durations.buckets[bucket(bounds, DURATION_BUCKETS, seconds)]++;
	o->durations.sum += seconds;
	k->times[bucket(time_bounds, TIME_BUCKETS, seconds)]++;
	k->seconds += seconds;
}

static void add_durations(struct buf *b, const struct object *o)
{
	const struct durations *d = &o->durations;
	const struct entry *e = &o->entry;
	uint64_t sum = 0;

	for (size_t i = 0; i <= DURATION_BUCKETS; i++) {
		sum += d->buckets[i];
		buf_addf(b, "gotk_reconcile_duration_seconds_bucket{kind=\"%.*s\",name=\"%.*s\","
			    "namespace=\"%.*s\",le=\"",
			 STR_ARG(e->kind), STR_ARG(e->name), STR_ARG(e->namespace));
		if (i < DURATION_BUCKETS)
			buf_addf(b, "%g\"} %llu\n", bounds[i], (unsigned long long)sum);
		else
			buf_addf(b, "+Inf\"} %llu\n", (unsigned long long)sum);
	}
	buf_addf(b, "gotk_reconcile_duration_seconds_sum{kind=\"%.*s\",name=\"%.*s\",namespace=\"%.*s\"} "
		    "%g\n",
		 STR_ARG(e->kind), STR_ARG(e->name), STR_ARG(e->namespace), d->sum);
	buf_addf(b, "gotk_reconcile_duration_seconds_count{kind=\"%.*s\",name=\"%.*s\","
		    "namespace=\"%.*s\"} %llu\n",
		 STR_ARG(e->kind), STR_ARG(e->name), STR_ARG(e->namespace),
		 (unsigned long long)sum);
}

static const char *const result_names[] = {
	[PASS_SUCCESS] = "success",
	[PASS_ERROR] = "error",
	[PASS_REQUEUE] = "requeue",
	[PASS_REQUEUE_AFTER] = "requeue_after",
};

static void add_passes(struct buf *b, struct runtime *rt)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;

	buf_add(b, S("# TYPE controller_runtime_reconcile_total counter\n"));
	for (size_t i = 0; i < rt->kinds_n; i++)
		for (size_t r = 0; r < 4; r++)
			buf_addf(b, "controller_runtime_reconcile_total{controller=\"%.*s\",result=\"%s\"} "
				    "%llu\n",
				 STR_ARG(arena_lower(&a, str_c(rt->kinds[i].c->kind))),
				 result_names[r], (unsigned long long)rt->kinds[i].passes[r]);
	buf_add(b, S("# TYPE controller_runtime_reconcile_errors_total counter\n"));
	for (size_t i = 0; i < rt->kinds_n; i++)
		buf_addf(b, "controller_runtime_reconcile_errors_total{controller=\"%.*s\"} %llu\n",
			 STR_ARG(arena_lower(&a, str_c(rt->kinds[i].c->kind))),
			 (unsigned long long)rt->kinds[i].passes[PASS_ERROR]);
	buf_add(b, S("# TYPE controller_runtime_active_workers gauge\n"));
	for (size_t i = 0; i < rt->kinds_n; i++)
		buf_addf(b, "controller_runtime_active_workers{controller=\"%.*s\"} %u\n",
			 STR_ARG(arena_lower(&a, str_c(rt->kinds[i].c->kind))),
			 rt->kinds[i].running);
}

/* ---- by kind ------------------------------------------------------------------------ */

/* What the queue has of a kind. */
struct waiting {
	uint64_t depth;			/* due, and not taken yet */
	double longest, unfinished;	/* seconds of what runs: of one, of all */
};

/* Under the lock. */
static struct waiting waiting_of(struct runtime *rt, const struct looked_after *k)
{
	struct waiting w = { 0 };
	int64_t now = clock_mono();

	for (size_t s = 0; s < rt->objects.slots_n; s++)
		for (struct entry *e = rt->objects.slots[s]; e; e = e->next) {
			const struct object *o = (const struct object *)e;
			double runs = o->began ? (double)(now - o->began) / (double)CLOCK_SECOND : 0;

			if (o->owner != k)
				continue;
			w.depth += o->queue.at && o->queue.due <= now;
			w.unfinished += runs;
			w.longest = runs > w.longest ? runs : w.longest;
		}
	return w;
}

static void add_times(struct buf *b, const struct looked_after *k, str kind)
{
	uint64_t sum = 0;

	for (size_t i = 0; i <= TIME_BUCKETS; i++) {
		sum += k->times[i];
		buf_addf(b, "controller_runtime_reconcile_time_seconds_bucket{controller=\"%.*s\",le=\"",
			 STR_ARG(kind));
		if (i < TIME_BUCKETS)
			buf_addf(b, "%g\"} %llu\n", time_bounds[i], (unsigned long long)sum);
		else
			buf_addf(b, "+Inf\"} %llu\n", (unsigned long long)sum);
	}
	buf_addf(b,
		 "controller_runtime_reconcile_time_seconds_sum{controller=\"%.*s\"} %g\n"
		 "controller_runtime_reconcile_time_seconds_count{controller=\"%.*s\"} %llu\n",
		 STR_ARG(kind), k->seconds, STR_ARG(kind), (unsigned long long)sum);
}

static void add_queue(struct buf *b, const char *metric, str kind, double value)
{
	buf_addf(b, "%s{controller=\"%.*s\",name=\"%.*s\"} %g\n", metric, STR_ARG(kind), STR_ARG(kind),
		 value);
}

/* Under the lock. */
static void add_kinds(struct buf *b, struct runtime *rt)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;

	buf_add(b, S("# TYPE controller_runtime_reconcile_time_seconds histogram\n"));
	for (size_t i = 0; i < rt->kinds_n; i++)
		add_times(b, &rt->kinds[i], arena_lower(&a, str_c(rt->kinds[i].c->kind)));
	buf_add(b, S("# TYPE workqueue_adds_total counter\n# TYPE workqueue_depth gauge\n"
		     "# TYPE workqueue_longest_running_processor_seconds gauge\n"
		     "# TYPE workqueue_retries_total counter\n"
		     "# TYPE workqueue_unfinished_work_seconds gauge\n"));
	for (size_t i = 0; i < rt->kinds_n; i++) {
		const struct looked_after *k = &rt->kinds[i];
		str kind = arena_lower(&a, str_c(k->c->kind));
		struct waiting w = waiting_of(rt, k);

		add_queue(b, "workqueue_adds_total", kind, (double)k->adds);
		add_queue(b, "workqueue_depth", kind, (double)w.depth);
		add_queue(b, "workqueue_longest_running_processor_seconds", kind, w.longest);
		add_queue(b, "workqueue_retries_total", kind, (double)k->retries);
		add_queue(b, "workqueue_unfinished_work_seconds", kind, w.unfinished);
	}
}

/* ---- the process ------------------------------------------------------------------------ */

static uint64_t files_open(void)
{
	DIR *dir = opendir("/proc/self/fd");
	uint64_t n = 0;

	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n > 3 ? n - 3 : 0;	/* ".", ".." and what we look with */
}

/* Seconds since 1970 when the machine was started. */
static double boot_time(struct arena *a)
{
	str text, line;
	uint64_t seconds = 0;
	err *e = fs_read_any(a, S("/proc/stat"), 1 << 20, &text);

	while (!e && str_line(&text, &line))
		if (str_take_str(&line, S("btime ")))
			str_to_u64(str_trim(line), &seconds);
	err_free(e);
	return (double)seconds;
}

/* Fields of /proc/self/stat, counted from 1, behind the program's name. */
static double field(str text, size_t wanted)
{
	size_t end = str_rfind_char(text, ')');
	str rest = str_trim(str_from(text, end == STR_NPOS ? text.n : end + 1)), piece = STR_NONE;
	uint64_t n = 0;

	for (size_t i = 3; i <= wanted && str_cut(&rest, &piece, ' '); i++)
		;
	str_to_u64(piece, &n);
	return (double)n;
}

void metrics_process(struct buf *out)
{
	enum { USER = 14, SYSTEM = 15, STARTED = 22, VIRTUAL = 23, RESIDENT = 24 };
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	double tick = (double)sysconf(_SC_CLK_TCK), page = (double)sysconf(_SC_PAGESIZE);
	struct rlimit files = { 0 };
	str stat = STR_NONE;

	err_free(fs_read_any(&a, S("/proc/self/stat"), 1 << 16, &stat));
	getrlimit(RLIMIT_NOFILE, &files);
	buf_addf(out,
		 "# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total %.2f\n"
		 "# TYPE process_resident_memory_bytes gauge\nprocess_resident_memory_bytes %.0f\n"
		 "# TYPE process_virtual_memory_bytes gauge\nprocess_virtual_memory_bytes %.0f\n"
		 "# TYPE process_start_time_seconds gauge\nprocess_start_time_seconds %.2f\n",
		 (field(stat, USER) + field(stat, SYSTEM)) / tick, field(stat, RESIDENT) * page,
		 field(stat, VIRTUAL), boot_time(&a) + field(stat, STARTED) / tick);
	buf_addf(out,
		 "# TYPE process_open_fds gauge\nprocess_open_fds %llu\n"
		 "# TYPE process_max_fds gauge\nprocess_max_fds %llu\n",
		 (unsigned long long)files_open(), (unsigned long long)files.rlim_cur);
}

/* ---- all ------------------------------------------------------------------------------------ */

void runtime_metrics(struct runtime *rt, struct buf *out)
{
	pthread_mutex_lock(&rt->lock);
	buf_add(out, S("# TYPE gotk_reconcile_duration_seconds histogram\n"));
	for (size_t s = 0; s < rt->objects.slots_n; s++)
		for (struct entry *e = rt->objects.slots[s]; e; e = e->next)
			add_durations(out, (const struct object *)e);
	add_passes(out, rt);
	add_kinds(out, rt);
	buf_addf(out, "# TYPE controller_runtime_max_concurrent_reconciles gauge\n"
		      "controller_runtime_max_concurrent_reconciles{controller=\"rill\"} %zu\n",
		 rt->workers_n);
	pthread_mutex_unlock(&rt->lock);
	buf_addf(out, "# TYPE rest_client_requests_total counter\nrest_client_requests_total %llu\n",
		 (unsigned long long)client_requests(rt->o.client));
	identity_cache_metrics(rt->identities, out);
	events_metrics(rt->events, out);
	buf_addf(out, "# TYPE rill_helm_renders_total counter\nrill_helm_renders_total %llu\n",
		 atomic_load(&rt->renders));
}
