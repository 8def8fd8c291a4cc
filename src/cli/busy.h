/* busy - a sign of life on a terminal.
 *
 * A message like "► cloning ..." says what is going on; when nothing follows it
 * for a second, a line below counts the seconds, and is gone before the next
 * output. Begun and ended by one thread; the line is drawn by another.
 */
#ifndef CLI_BUSY_H
#define CLI_BUSY_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct busy {
	pthread_mutex_t lock;	/* of the rest */
	pthread_cond_t wake;
	pthread_t thread;
	int fd;			/* of the terminal */
	int64_t since;
	bool running, over, drawn;
};

void busy_init(struct busy *b, int fd);
void busy_begin(struct busy *b);
/* Fine when it has not begun. */
void busy_end(struct busy *b);
/* Ends it, too. */
void busy_release(struct busy *b);

#endif
