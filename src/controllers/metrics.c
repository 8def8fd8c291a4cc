/* metrics - what /metrics tells, by the names of controller-runtime and Flux, with
 * the labels and the bounds of buckets that those have. */
#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "controllers/runtime_impl.h"
#include "text/number.h"

/* ---- writing ----------------------------------------------------------------------- */

static void add_family(struct buf *b, const char *name, const char *type, const char *help)
{
	buf_addf(b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* `labels` as in "a=\"b\",c=\"d\"", or empty. */
static void add_value(struct buf *b, const char *name, str labels, double value)
{
	buf_addf(b, labels.n ? "%s{%.*s} " : "%s%.*s ", name, STR_ARG(labels));
	number_add_float(b, value, NUMBER_G);
	buf_addc(b, '\n');
}

static void add_histogram(struct buf *b, const char *name, str labels, const double *bounds,
			  size_t n, const uint32_t *buckets, double sum)
{
	uint64_t count = 0;

	for (size_t i = 0; i <= n; i++) {
		count += buckets[i];
		buf_addf(b, "%s_bucket{%.*s,le=\"", name, STR_ARG(labels));
		if (i < n)
			number_add_float(b, bounds[i], NUMBER_G);
		else
			buf_add(b, S("+Inf"));
		buf_addf(b, "\"} %llu\n", (unsigned long long)count);
	}
	buf_addf(b, "%s_sum{%.*s} ", name, STR_ARG(labels));
	number_add_float(b, sum, NUMBER_G);
	buf_addf(b, "\n%s_count{%.*s} %llu\n", name, STR_ARG(labels), (unsigned long long)count);
}

/* ---- how long it takes ------------------------------------------------------------- */

/* By object: gotk_reconcile_duration_seconds. From 0.01 to 1800, each the same times
 * the one before, as Go's math has them. */
static const double object_bounds[DURATION_BUCKETS] = {
	0.01,
	0.038363583488692544,
	0.1471764538093883,
	0.5646216173286169,
	2.166090855590701,
	8.309900738254731,
	31.879757075478317,
	122.30217221643493,
	469.19495946736544,
	1799.9999999999986,
};

/* By kind: controller_runtime_reconcile_time_seconds. */
static const double time_bounds[TIME_BUCKETS] = {
	0.005, 0.01, 0.025, 0.05, 0.1,	0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6,
	0.7,   0.8,  0.9,   1,	  1.25, 1.5,  1.75, 2,	  2.5, 3,    3.5, 4,	4.5, 5,
	6,     7,    8,	    9,	  10,	15,   20,  25,	 30,  40,   50,	 60,
};

/* By kind: workqueue_queue_duration_seconds and workqueue_work_duration_seconds. */
static const double queue_bounds[QUEUE_BUCKETS] = {
	1e-08, 1e-07, 1e-06, 9.999999999999999e-06, 9.999999999999999e-05, 0.001,
	0.01,  0.1,   1,     10,		    100,		   1000,
};

static size_t bucket(const double *bounds, size_t n, double seconds)
{
	size_t i = 0;

	while (i < n && seconds > bounds[i])
		i++;
	return i;
}

static double seconds_of(int64_t span)
{
	return span > 0 ? (double)span / (double)CLOCK_SECOND : 0;
}

void metrics_measure(struct object *o, int64_t waited, int64_t span)
{
	double seconds = seconds_of(span);
	struct looked_after *k = o->owner;

	o->durations.buckets[bucket(object_bounds, DURATION_BUCKETS, seconds)]++;
	o->durations.sum += seconds;
	k->times[bucket(time_bounds, TIME_BUCKETS, seconds)]++;
	k->work[bucket(queue_bounds, QUEUE_BUCKETS, seconds)]++;
	k->seconds += seconds;
	k->waits[bucket(queue_bounds, QUEUE_BUCKETS, seconds_of(waited))]++;
	k->waited += seconds_of(waited);
}

static bool was_passed(const struct object *o)
{
	for (size_t i = 0; i <= DURATION_BUCKETS; i++)
		if (o->durations.buckets[i])
			return true;
	return false;
}

/* Under the lock. */
static void add_objects(struct buf *b, struct runtime *rt)
{
	static const char name[] = "gotk_reconcile_duration_seconds";

	add_family(b, name, "histogram", "How long the passes over an object take.");
	for (size_t s = 0; s < rt->objects.slots_n; s++)
		for (struct entry *e = rt->objects.slots[s]; e; e = e->next) {
			CLEANUP(arena_release) struct arena a = ARENA_INIT;
			const struct object *o = (const struct object *)e;

			if (!was_passed(o))
				continue;
			str labels = arena_printf(&a,
						  "kind=\"%.*s\",name=\"%.*s\",namespace=\"%.*s\"",
						  STR_ARG(e->kind), STR_ARG(e->name),
						  STR_ARG(e->namespace));

			add_histogram(b, name, labels, object_bounds, DURATION_BUCKETS,
				      o->durations.buckets, o->durations.sum);
		}
}

/* ---- by kind ------------------------------------------------------------------------- */

/* A family with a value for each kind of object. */
struct by_kind {
	const char *name, *type, *help;
	double (*of)(struct runtime *rt, const struct looked_after *k);
	bool queue;			/* has the name of the queue as well */
};

/* Things of the kind in the queue: what runs, for how long; all under the lock. */
struct running {
	double depth;			/* due, and not taken yet */
	double longest, all;		/* seconds */
};

static struct running running_of(struct runtime *rt, const struct looked_after *k)
{
	struct running w = { 0 };
	int64_t now = clock_mono();

	for (size_t s = 0; s < rt->objects.slots_n; s++)
		for (struct entry *e = rt->objects.slots[s]; e; e = e->next) {
			const struct object *o = (const struct object *)e;
			double runs = o->began ? seconds_of(now - o->began) : 0;

			if (o->owner != k)
				continue;
			w.depth += o->queue.at && o->queue.due <= now;
			w.all += runs;
			w.longest = runs > w.longest ? runs : w.longest;
		}
	return w;
}

static double errors(struct runtime *rt, const struct looked_after *k)
{
	(void)rt;
	return (double)k->passes[PASS_ERROR];
}

static double terminal_errors(struct runtime *rt, const struct looked_after *k)
{
	(void)rt;
	return (double)k->terminal;
}

static double active(struct runtime *rt, const struct looked_after *k)
{
	(void)rt;
	return k->running;
}

/* The workers are there for all kinds. */
static double workers(struct runtime *rt, const struct looked_after *k)
{
	(void)k;
	return (double)rt->workers_n;
}

/* A process that panics is gone, and no pass is cut short by a clock of its own. */
static double never(struct runtime *rt, const struct looked_after *k)
{
	(void)rt;
	(void)k;
	return 0;
}

static double adds(struct runtime *rt, const struct looked_after *k)
{
	(void)rt;
	return (double)k->adds;
}

static double retries(struct runtime *rt, const struct looked_after *k)
{
	(void)rt;
	return (double)k->retries;
}

static double longest(struct runtime *rt, const struct looked_after *k)
{
	return running_of(rt, k).longest;
}

static double unfinished(struct runtime *rt, const struct looked_after *k)
{
	return running_of(rt, k).all;
}

static const struct by_kind families[] = {
	{ "controller_runtime_reconcile_errors_total", "counter", "Passes that failed.", errors,
	  false },
	{ "controller_runtime_terminal_reconcile_errors_total", "counter",
	  "Passes that failed for good, until something changes.", terminal_errors, false },
	{ "controller_runtime_reconcile_panics_total", "counter", "Passes that panicked.", never,
	  false },
	{ "controller_runtime_reconcile_timeouts_total", "counter", "Passes that took too long.",
	  never, false },
	{ "controller_runtime_active_workers", "gauge", "Workers that run passes now.", active,
	  false },
	{ "controller_runtime_max_concurrent_reconciles", "gauge",
	  "Workers that may run passes at once; they are shared by all kinds.", workers, false },
	{ "workqueue_adds_total", "counter", "Times something was queued.", adds, true },
	{ "workqueue_retries_total", "counter", "Times something was queued for later.", retries,
	  true },
	{ "workqueue_longest_running_processor_seconds", "gauge",
	  "How long the oldest pass has been running.", longest, true },
	{ "workqueue_unfinished_work_seconds", "gauge", "How long all passes have been running.",
	  unfinished, true },
};

static str kind_name(struct arena *a, const struct looked_after *k)
{
	return arena_lower(a, str_c(k->c->kind));
}

static str kind_labels(struct arena *a, const struct looked_after *k, bool queue)
{
	str kind = kind_name(a, k);

	return queue ? arena_printf(a, "controller=\"%.*s\",name=\"%.*s\"", STR_ARG(kind),
				    STR_ARG(kind))
		     : arena_printf(a, "controller=\"%.*s\"", STR_ARG(kind));
}

static void add_by_kind(struct buf *b, struct arena *a, struct runtime *rt)
{
	for (size_t f = 0; f < sizeof families / sizeof *families; f++) {
		const struct by_kind *by = &families[f];

		add_family(b, by->name, by->type, by->help);
		for (size_t i = 0; i < rt->kinds_n; i++)
			add_value(b, by->name, kind_labels(a, &rt->kinds[i], by->queue),
				  by->of(rt, &rt->kinds[i]));
	}
}

static const char *const result_names[] = {
	[PASS_SUCCESS] = "success",
	[PASS_ERROR] = "error",
	[PASS_REQUEUE] = "requeue",
	[PASS_REQUEUE_AFTER] = "requeue_after",
};

static void add_results(struct buf *b, struct arena *a, struct runtime *rt)
{
	static const char name[] = "controller_runtime_reconcile_total";

	add_family(b, name, "counter", "Passes, by how they ended.");
	for (size_t i = 0; i < rt->kinds_n; i++)
		for (size_t r = 0; r < 4; r++)
			add_value(b, name,
				  arena_printf(a, "%s,result=\"%s\"",
					       kind_labels(a, &rt->kinds[i], false).p,
					       result_names[r]),
				  (double)rt->kinds[i].passes[r]);
}

static void add_depths(struct buf *b, struct arena *a, struct runtime *rt)
{
	static const char name[] = "workqueue_depth";

	add_family(b, name, "gauge", "What is queued and due.");
	for (size_t i = 0; i < rt->kinds_n; i++)
		add_value(b, name,
			  arena_printf(a, "%s,priority=\"0\"", kind_labels(a, &rt->kinds[i], true).p),
			  running_of(rt, &rt->kinds[i]).depth);
}

static void add_spans(struct buf *b, struct arena *a, struct runtime *rt)
{
	static const char time[] = "controller_runtime_reconcile_time_seconds",
			  wait[] = "workqueue_queue_duration_seconds",
			  work[] = "workqueue_work_duration_seconds";

	add_family(b, time, "histogram", "How long passes take.");
	for (size_t i = 0; i < rt->kinds_n; i++)
		add_histogram(b, time, kind_labels(a, &rt->kinds[i], false), time_bounds,
			      TIME_BUCKETS, rt->kinds[i].times, rt->kinds[i].seconds);
	add_family(b, wait, "histogram", "How long what is due waits for a worker.");
	for (size_t i = 0; i < rt->kinds_n; i++)
		add_histogram(b, wait, kind_labels(a, &rt->kinds[i], true), queue_bounds,
			      QUEUE_BUCKETS, rt->kinds[i].waits, rt->kinds[i].waited);
	add_family(b, work, "histogram", "How long workers are at it.");
	for (size_t i = 0; i < rt->kinds_n; i++)
		add_histogram(b, work, kind_labels(a, &rt->kinds[i], true), queue_bounds,
			      QUEUE_BUCKETS, rt->kinds[i].work, rt->kinds[i].seconds);
}

/* ---- requests ------------------------------------------------------------------------ */

static void add_requests(void *ctx, const struct tally_row *r)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	str code = r->status ? arena_printf(&a, "%d", r->status) : S("<error>");

	add_value(ctx, "rest_client_requests_total",
		  arena_printf(&a, "code=\"%s\",host=\"%.*s\",method=\"%.*s\"", code.p,
			       STR_ARG(r->host.n ? r->host : S("none")), STR_ARG(r->method)),
		  (double)r->n);
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

/* Octets of all sockets: the line of numbers below the line of names "IpExt:". */
static void read_network(struct arena *a, double *in, double *out)
{
	str text, line, names = STR_NONE, name, value;
	err *e = fs_read_any(a, S("/proc/self/net/netstat"), 1 << 16, &text);

	for (bool found = false; !e && !found && str_line(&text, &line); names = line)
		if (str_starts(line, S("IpExt:")) && str_starts(names, S("IpExt:"))) {
			found = true;
			while (str_cut(&names, &name, ' ') && str_cut(&line, &value, ' ')) {
				uint64_t n = 0;

				str_to_u64(value, &n);
				if (str_eq(name, S("InOctets")))
					*in = (double)n;
				if (str_eq(name, S("OutOctets")))
					*out = (double)n;
			}
		}
	err_free(e);
}

static void add_plain(struct buf *b, const char *name, const char *type, const char *help,
		      double value)
{
	add_family(b, name, type, help);
	add_value(b, name, STR_NONE, value);
}

static double limit_of(__rlimit_resource_t what)
{
	struct rlimit l = { 0 };

	getrlimit(what, &l);
	return (double)l.rlim_cur;
}

void metrics_process(struct buf *out)
{
	enum { USER = 14, SYSTEM = 15, STARTED = 22, VIRTUAL = 23, RESIDENT = 24 };
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	double tick = (double)sysconf(_SC_CLK_TCK), page = (double)sysconf(_SC_PAGESIZE);
	double received = 0, sent = 0;
	str stat = STR_NONE;

	err_free(fs_read_any(&a, S("/proc/self/stat"), 1 << 16, &stat));
	read_network(&a, &received, &sent);
	add_plain(out, "process_cpu_seconds_total", "counter", "Time of processors, in seconds.",
		  (field(stat, USER) + field(stat, SYSTEM)) / tick);
	add_plain(out, "process_resident_memory_bytes", "gauge", "Memory that is resident.",
		  field(stat, RESIDENT) * page);
	add_plain(out, "process_virtual_memory_bytes", "gauge", "Addresses in use.",
		  field(stat, VIRTUAL));
	add_plain(out, "process_virtual_memory_max_bytes", "gauge", "Addresses that there may be.",
		  limit_of(RLIMIT_AS));
	add_plain(out, "process_start_time_seconds", "gauge", "When it was started, since 1970.",
		  boot_time(&a) + field(stat, STARTED) / tick);
	add_plain(out, "process_open_fds", "gauge", "Files that are open.", (double)files_open());
	add_plain(out, "process_max_fds", "gauge", "Files that may be open.",
		  limit_of(RLIMIT_NOFILE));
	add_plain(out, "process_network_receive_bytes_total", "counter", "Bytes received.",
		  received);
	add_plain(out, "process_network_transmit_bytes_total", "counter", "Bytes sent.", sent);
}

/* ---- all ------------------------------------------------------------------------------------ */

void runtime_metrics(struct runtime *rt, struct buf *out)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;

	pthread_mutex_lock(&rt->lock);
	add_objects(out, rt);
	add_results(out, &a, rt);
	add_by_kind(out, &a, rt);
	add_depths(out, &a, rt);
	add_spans(out, &a, rt);
	pthread_mutex_unlock(&rt->lock);
	add_family(out, "rest_client_requests_total", "counter",
		   "Requests to API servers, by code, host and method.");
	tally_each(client_tally(rt->o.client), add_requests, out);
	identity_cache_metrics(rt->identities, out);
	events_metrics(rt->events, out);
	add_family(out, "rill_helm_renders_total", "counter", "Charts that were rendered.");
	add_value(out, "rill_helm_renders_total", STR_NONE, (double)atomic_load(&rt->renders));
}
