/* bench_kustomize - builds of a base and an overlay: bench_kustomize RILL
 *
 * For growing numbers of objects: the least wall time from process start, and
 * peak memory; beside them the kustomize that is found in PATH, on the same
 * files in the same run. */
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PATH_BYTES = 256 };

static const struct {
	int objects, runs;
	bool both;		/* kustomize takes minutes for the large ones */
} sizes[] = {
	{ 4, 30, true }, { 40, 20, true }, { 800, 5, true }, { 1000, 5, false }, { 10000, 3, false },
};

static const char overlay[] =
	"resources: [../base]\n"
	"namespace: prod\nnamePrefix: x-\nnameSuffix: -y\n"
	"labels: [{pairs: {team: a}, includeSelectors: true}]\n"
	"commonAnnotations: {note: b}\n"
	"images: [{name: example.com/app, newTag: '2'}]\n"
	"configMapGenerator: [{name: made, literals: [a=b]}]\n"
	"patches:\n"
	"- target: {kind: Deployment}\n"
	"  patch: '[{\"op\": \"replace\", \"path\": \"/spec/replicas\", \"value\": 3}]'\n";

/* A Deployment, its Service, ConfigMap and ServiceAccount. */
static void write_group(FILE *f, int i)
{
	fprintf(f, "---\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: app-%d\n"
		   "spec:\n  replicas: 1\n  selector:\n    matchLabels:\n      app: app-%d\n"
		   "  template:\n    metadata:\n      labels:\n        app: app-%d\n    spec:\n"
		   "      serviceAccountName: sa-%d\n      containers:\n      - name: main\n"
		   "        image: example.com/app:1\n        envFrom:\n        - configMapRef:\n"
		   "            name: cm-%d\n",
		i, i, i, i, i);
	fprintf(f, "---\napiVersion: v1\nkind: Service\nmetadata:\n  name: app-%d\nspec:\n"
		   "  selector:\n    app: app-%d\n  ports:\n  - port: 80\n",
		i, i);
	fprintf(f, "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: cm-%d\ndata:\n"
		   "  a: \"1\"\n  file: |\n    some text\n    of lines\n",
		i);
	fprintf(f, "---\napiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: sa-%d\n", i);
}

static FILE *create(const char *dir, const char *name)
{
	char path[PATH_BYTES];

	snprintf(path, sizeof path, "%s/%s", dir, name);
	FILE *f = fopen(path, "w");

	if (!f) {
		perror(path);
		exit(1);
	}
	return f;
}

static void write_files(const char *dir, int objects)
{
	FILE *f = create(dir, "base/all.yaml");

	for (int i = 0; i < objects / 4; i++)
		write_group(f, i);
	fclose(f);
	f = create(dir, "base/kustomization.yaml");
	fputs("resources: [all.yaml]\n", f);
	fclose(f);
	f = create(dir, "over/kustomization.yaml");
	fputs(overlay, f);
	fclose(f);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* Milliseconds, or a negative number when it cannot run. */
static double run(const char *const *argv, long *memory)
{
	posix_spawn_file_actions_t actions;
	struct rusage usage;
	double start = now();
	int status = -1;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", 1, 0);
	bool started = posix_spawnp(&pid, argv[0], &actions, NULL, (char **)argv, environ) == 0;

	posix_spawn_file_actions_destroy(&actions);
	if (!started || wait4(pid, &status, 0, &usage) != pid || status)
		return -1;
	*memory = usage.ru_maxrss;
	return now() - start;
}

static void measure(const char *name, const char *const *argv, int objects, int runs)
{
	double least = -1;
	long memory = 0;

	for (int i = 0; i < runs; i++) {
		double ms = run(argv, &memory);

		if (ms < 0)
			return;
		least = least < 0 || ms < least ? ms : least;
	}
	printf("kustomize build, %5d objects, %-9s %9.2f ms %7.1f MiB\n", objects, name, least,
	       (double)memory / 1024);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	char dir[] = "/tmp/bench_kustomize.XXXXXX", base[PATH_BYTES], over[PATH_BYTES];

	if (argc != 2 || !mkdtemp(dir)) {
		fprintf(stderr, "usage: %s RILL\n", argv[0]);
		return 2;
	}
	snprintf(base, sizeof base, "%s/base", dir);
	snprintf(over, sizeof over, "%s/over", dir);
	mkdir(base, 0755);
	mkdir(over, 0755);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		const char *const ours[] = { argv[1], "kustomize", "build", over, NULL };
		const char *const theirs[] = { "kustomize", "build", over, NULL };

		write_files(dir, sizes[i].objects);
		measure("rill", ours, sizes[i].objects, sizes[i].runs);
		if (sizes[i].both)
			measure("kustomize", theirs, sizes[i].objects, 3);
	}
	const char *const clean[] = { "rm", "-rf", dir, NULL };
	long memory;

	return run(clean, &memory) < 0;
}
