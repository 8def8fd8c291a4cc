/* artifact_note - small texts of controllers beside the files. */
#include "source/artifact_impl.h"

#define NOTES ".notes"
enum { NOTE_MAX = 16 << 20, NOTES_MODE = 0700, NOTE_MODE = 0600 };

err *artifact_note(struct artifact_store *s, str name, str text)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	str path = arena_cat(&a, S(NOTES "/"), name), temp = artifact_temp_name(&a);

	if (!text.n) {
		err *e = fs_remove(s->fs, path);

		if (e && err_kind(e) != ERR_NOT_FOUND)
			return e;
		err_free(e);
		return NULL;
	}
	TRY(fs_mkdir(s->fs, S(NOTES), NOTES_MODE));
	TRY(fs_create(s->fs, temp, text, NOTE_MODE));
	return fs_rename(s->fs, temp, path);
}

err *artifact_noted(struct artifact_store *s, struct arena *a, str name, str *out)
{
	err *e = fs_read(s->fs, a, arena_cat(a, S(NOTES "/"), name), NOTE_MAX, out);

	if (e && err_kind(e) != ERR_NOT_FOUND)
		return e;
	if (e)
		*out = STR_NONE;
	err_free(e);
	return NULL;
}
