/* artifact_note - small texts of controllers beside the files.
 *
 * One file takes a record a change, "NAME LENGTH\nTEXT\n", at its end: a file for each
 * would cost more than what it is about. What is in force is in memory as well; from
 * it the file is made anew when the store is opened, and when it has become long. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/die.h"
#include "source/artifact_impl.h"
#include "text/number.h"

#define FILE_NAME ".notes"
enum { FILE_MAX = 256 << 20, FILE_LONG = 1 << 20, FILE_MODE = 0600 };

struct note {
	str name, text;		/* in one piece behind it */
};

static struct note *note_new(str name, str text)
{
	struct note *n = mem_alloc(sizeof *n + name.n + text.n);
	char *to = (char *)(n + 1);

	memcpy(to, name.p, name.n);
	memcpy(to + name.n, text.p, text.n);
	n->name = str_of(to, name.n);
	n->text = str_of(to + name.n, text.n);
	return n;
}

static void set(struct map *all, str name, str text)
{
	struct note *old = map_get(all, name);

	if (old)
		map_remove(all, name);
	free(old);
	if (!text.n)
		return;
	struct note *n = note_new(name, text);

	map_set(all, n->name, n);
}

static void add_record(struct buf *b, str name, str text)
{
	buf_addf(b, "%.*s %zu\n", STR_ARG(name), text.n);
	buf_add(b, text);
	buf_addc(b, '\n');
}

/* Up to the first record that is not whole: whoever wrote it was killed. */
static void read_records(struct map *all, str text)
{
	str line, name, digits;
	uint64_t n;

	while (str_cut(&text, &line, '\n')) {
		if (!str_split(line, ' ', &name, &digits) || !str_to_u64(digits, &n) ||
		    n >= text.n || text.p[n] != '\n')
			return;
		set(all, name, str_sub(text, 0, (size_t)n));
		text = str_from(text, (size_t)n + 1);
	}
}

/* The file anew, of what is in force. */
static err *rewrite(struct artifact_store *s)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	str temp = artifact_temp_name(&a);
	int fd;

	for (size_t i = 0; i < s->notes.n; i++) {
		const struct note *n = s->notes.entries[i].value;

		add_record(&b, n->name, n->text);
	}
	TRY(fs_create_open(s->fs, temp, FILE_MODE, &fd));
	err *e = fs_write_all(fd, buf_str(&b), "write " FILE_NAME);

	if (!e)
		e = fs_rename(s->fs, temp, S(FILE_NAME));
	if (e) {
		close(fd);
		return e;
	}
	if (s->notes_fd >= 0)
		close(s->notes_fd);
	s->notes_fd = fd;
	s->notes_size = b.n;
	return NULL;
}

/* Under the lock. */
static err *open_notes(struct artifact_store *s)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	str text = STR_NONE;

	if (s->notes_fd >= 0)
		return NULL;
	err *e = fs_read(s->fs, &a, S(FILE_NAME), FILE_MAX, &text);

	if (e && err_kind(e) != ERR_NOT_FOUND)
		return e;
	err_free(e);
	read_records(&s->notes, text);
	return rewrite(s);
}

/* Under the lock. */
static err *put(struct artifact_store *s, str name, str text)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	TRY(open_notes(s));
	if (!text.n && !map_has(&s->notes, name))
		return NULL;
	set(&s->notes, name, text);
	add_record(&b, name, text);
	if (s->notes_size + b.n > FILE_LONG && s->notes_size > s->notes_rewritten * 2) {
		TRY(rewrite(s));
		s->notes_rewritten = s->notes_size;
		return NULL;
	}
	s->notes_size += b.n;
	return fs_write_all(s->notes_fd, buf_str(&b), "write " FILE_NAME);
}

err *artifact_note(struct artifact_store *s, str name, str text)
{
	pthread_mutex_lock(&s->notes_lock);
	err *e = put(s, name, text);

	pthread_mutex_unlock(&s->notes_lock);
	return e;
}

err *artifact_noted(struct artifact_store *s, struct arena *a, str name, str *out)
{
	pthread_mutex_lock(&s->notes_lock);
	err *e = open_notes(s);
	const struct note *n = e ? NULL : map_get(&s->notes, name);

	*out = n ? arena_str(a, n->text) : STR_NONE;
	pthread_mutex_unlock(&s->notes_lock);
	return e;
}

void artifact_notes_release(struct artifact_store *s)
{
	for (size_t i = 0; i < s->notes.n; i++)
		free(s->notes.entries[i].value);
	map_release(&s->notes);
	if (s->notes_fd >= 0)
		close(s->notes_fd);
	pthread_mutex_destroy(&s->notes_lock);
}
