/* bench_startup - what it costs to start rill: bench_startup RILL
 *
 * Every command pays this first, and scripts run commands by the hundred: some
 * 2 ms of CPU, at most 4 MiB, and no network library before a command needs
 * one. Also a test of the two that do not hang on the machine's load, so a new
 * dependency that breaks them shows at once. */
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { RUNS = 100, MEMORY_MAX_KIB = 4096 };

static const char *const lazy[] = { "libcurl", "libevent", "libgpgme", "libssl", "libsqlite3" };

static long run(const char *rill, long *memory)
{
	char version[] = "version", *argv[] = { (char *)rill, version, NULL };
	posix_spawn_file_actions_t actions;
	struct rusage usage;
	int status;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", 1, 0);
	if (posix_spawn(&pid, rill, &actions, NULL, argv, environ) ||
	    wait4(pid, &status, 0, &usage) != pid || status) {
		fprintf(stderr, "bench_startup: '%s version' failed\n", rill);
		exit(1);
	}
	posix_spawn_file_actions_destroy(&actions);
	if (usage.ru_maxrss > *memory)
		*memory = usage.ru_maxrss;
	return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 + usage.ru_utime.tv_usec +
	       usage.ru_stime.tv_usec;
}

/* The dynamic linker lists what it would load. */
static int count_libraries(const char *rill, int *unwanted)
{
	char command[4096], line[4096];
	int count = 0;

	snprintf(command, sizeof command, "LD_TRACE_LOADED_OBJECTS=1 '%s'", rill);
	FILE *list = popen(command, "r");

	while (list && fgets(line, sizeof line, list)) {
		count += strstr(line, "=>") != NULL;
		for (size_t i = 0; i < sizeof lazy / sizeof *lazy; i++)
			if (strstr(line, lazy[i])) {
				fprintf(stderr, "bench_startup: loads %s\n", lazy[i]);
				++*unwanted;
			}
	}
	if (list)
		pclose(list);
	return count;
}

int main(int argc, char **argv)
{
	long least = LONG_MAX, memory = 0;
	int unwanted = 0;

	if (argc != 2) {
		fprintf(stderr, "usage: %s RILL\n", argv[0]);
		return 2;
	}
	for (int i = 0; i < RUNS; i++) {
		long cost = run(argv[1], &memory);

		if (cost < least)
			least = cost;
	}
	int libraries = count_libraries(argv[1], &unwanted);

	printf("startup: %.2f ms CPU, %.1f MiB, %d shared libraries\n", (double)least / 1000,
	       (double)memory / 1024, libraries);
	return memory > MEMORY_MAX_KIB || unwanted;
}
