#include "server/store_log.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "server/sqlite.h"
#include "server/store.h"
#include "value/json.h"

struct store_log {
	const struct sqlite *s;
	sqlite3 *db;
	sqlite3_stmt *begin, *commit, *insert, *drop_replaced, *drop_deleted;
	struct store_log_marks marks;
	bool full_sync;
	int wal;		/* the file that SQLite appends to; -1: it could not be opened */
	size_t unsaid;		/* bytes of rows since the disk was told */
};

/* So much is written down before the disk is told, about half of what the file grows by. */
enum { DISK_TOLD_EVERY = 512 << 10 };

/* The page cache is small: after the start nothing is read but what a
 * commit touches. */
static const char setup[] =
	"PRAGMA page_size = 8192;"
	"PRAGMA locking_mode = EXCLUSIVE;"
	"PRAGMA journal_mode = WAL;"
	"PRAGMA cache_size = -2000;"
	"PRAGMA temp_store = MEMORY;"
	"PRAGMA wal_autocheckpoint = 2000;"
	"PRAGMA journal_size_limit = 16777216;"
	"CREATE TABLE IF NOT EXISTS log ("
	" rv INTEGER PRIMARY KEY, tbl TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,"
	" change INTEGER NOT NULL, before INTEGER NOT NULL, body_at INTEGER NOT NULL,"
	" meta_at INTEGER NOT NULL, stamp INTEGER NOT NULL, json BLOB NOT NULL);"
	"CREATE TABLE IF NOT EXISTS marks (id INTEGER PRIMARY KEY, compacted INTEGER NOT NULL,"
	" reserved INTEGER NOT NULL, hole_from INTEGER NOT NULL, hole_to INTEGER NOT NULL);"
	"INSERT OR IGNORE INTO marks VALUES (1, 0, 0, 0, 0);"
	"PRAGMA user_version = 1;";

static const char insert_sql[] =
	"INSERT INTO log (rv, before, tbl, namespace, name, change, body_at, meta_at, stamp, json)"
	" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
static const char select_sql[] =
	"SELECT rv, before, tbl, namespace, name, change, body_at, meta_at, stamp, json FROM log"
	" ORDER BY rv";
static const char drop_replaced_sql[] =
	"DELETE FROM log WHERE rv IN (SELECT before FROM log WHERE rv > ?1 AND rv <= ?2"
	" AND before > 0)";
static const char drop_deleted_sql[] = "DELETE FROM log WHERE rv > ?1 AND rv <= ?2 AND change = 2";

/* SQLite calls all that the system refuses an "I/O error". */
static err *failed(const struct store_log *l, const char *what)
{
	const char *why = l->s->sqlite3_errmsg(l->db);
	int code = l->s->sqlite3_errcode(l->db) & 0xff;
	int reason = l->s->sqlite3_system_errno(l->db);

	if ((code == SQLITE_IOERR || code == SQLITE_CANTOPEN) && reason)
		return err_errno(reason, "%s: %s", what, why);
	return err_new(ERR_UNAVAILABLE, "%s: %s", what, why);
}

static err *run(struct store_log *l, const char *sql, const char *what)
{
	return l->s->sqlite3_exec(l->db, sql, NULL, NULL, NULL) == SQLITE_OK ? NULL
									     : failed(l, what);
}

static err *prepare(struct store_log *l, const char *sql, sqlite3_stmt **out)
{
	if (l->s->sqlite3_prepare_v2(l->db, sql, -1, out, NULL) != SQLITE_OK)
		return failed(l, "cannot read the store");
	return NULL;
}

static uint64_t number(struct store_log *l, sqlite3_stmt *st, int column)
{
	return (uint64_t)l->s->sqlite3_column_int64(st, column);
}

static str text(struct store_log *l, sqlite3_stmt *st, int column)
{
	const char *p = l->s->sqlite3_column_blob(st, column);

	return str_of(p, (size_t)l->s->sqlite3_column_bytes(st, column));
}

static err *read_marks(struct store_log *l)
{
	sqlite3_stmt *st;

	TRY(prepare(l, "SELECT compacted, reserved, hole_from, hole_to FROM marks WHERE id = 1",
		    &st));
	bool there = l->s->sqlite3_step(st) == SQLITE_ROW;

	if (there)
		l->marks = (struct store_log_marks){
			.compacted = number(l, st, 0),
			.reserved = number(l, st, 1),
			.hole_from = number(l, st, 2),
			.hole_to = number(l, st, 3),
		};
	l->s->sqlite3_finalize(st);
	return there ? NULL : failed(l, "cannot read the store");
}

static err *set_up(struct store_log *l, const char *path)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;

	if (l->s->sqlite3_open_v2(path, &l->db, flags, NULL) != SQLITE_OK)
		return failed(l, "cannot open the store");
	/* SQLite then opens it for reading, and finds out later. */
	if (l->s->sqlite3_db_readonly(l->db, "main"))
		return err_new(ERR_UNAVAILABLE, "cannot open the store: it is read-only");
	l->s->sqlite3_extended_result_codes(l->db, 1);
	TRY(run(l, setup, "cannot open the store"));
	TRY(run(l, l->full_sync ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL",
		"cannot open the store"));
	TRY(prepare(l, "BEGIN IMMEDIATE", &l->begin));
	TRY(prepare(l, "COMMIT", &l->commit));
	TRY(prepare(l, insert_sql, &l->insert));
	TRY(prepare(l, drop_replaced_sql, &l->drop_replaced));
	TRY(prepare(l, drop_deleted_sql, &l->drop_deleted));
	return read_marks(l);
}

err *store_log_open(struct store_log **out, str dir, bool full_sync)
{
	const struct sqlite *s;

	TRY(sqlite_get(&s));
	CLEANUP(buf_release) struct buf path = BUF_INIT;
	struct store_log *l = mem_calloc(1, sizeof *l);

	l->s = s;
	l->full_sync = full_sync;
	l->wal = -1;
	buf_addf(&path, "%.*s/store.db", STR_ARG(dir));
	err *e = set_up(l, buf_c(&path));

	if (e) {
		store_log_close(l);
		return err_wrap(e, "%s", buf_c(&path));
	}
	buf_add(&path, S("-wal"));
	l->wal = full_sync ? -1 : open(buf_c(&path), O_RDONLY | O_CLOEXEC);
	*out = l;
	return NULL;
}

void store_log_close(struct store_log *l)
{
	if (!l)
		return;
	l->s->sqlite3_finalize(l->begin);
	l->s->sqlite3_finalize(l->commit);
	l->s->sqlite3_finalize(l->insert);
	l->s->sqlite3_finalize(l->drop_replaced);
	l->s->sqlite3_finalize(l->drop_deleted);
	l->s->sqlite3_close(l->db);
	if (l->wal >= 0)
		close(l->wal);
	free(l);
}

/* As objects are written: the quoted number stands in metadata. */
static bool bears_number(const struct store_log_row *row)
{
	str quoted = blob_member(str_from(row->json, row->meta_at), S("resourceVersion"));
	uint64_t rv;

	return quoted.n > 2 && str_to_u64(str_sub(quoted, 1, quoted.n - 1), &rv) && rv == row->rv;
}

/* blob.h looks for keys and values without reading all: nothing stands between them. */
static bool is_compact(str json)
{
	bool quoted = false;

	for (size_t i = 0; i < json.n; i++) {
		if (quoted && json.p[i] == '\\')
			i++;
		else if (json.p[i] == '"')
			quoted = !quoted;
		else if (!quoted && memchr(" \t\r\n", json.p[i], 4))
			return false;
	}
	return true;
}

err *store_log_check(const struct store_log_row *row)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	node object;

	if (row->change < STORE_ADDED || row->change > STORE_DELETED)
		return err_new(ERR_INVALID, "%" PRId64 " is no kind of change", row->change);
	if (str_find_char(row->table, '/') == STR_NPOS)
		return err_new(ERR_INVALID, "'%.*s' names no resource", STR_ARG(row->table));
	if (!row->body_at || row->body_at > row->meta_at || row->meta_at >= row->json.n ||
	    row->json.n > UINT32_MAX || !bears_number(row))
		return err_new(ERR_INVALID, "its metadata is not where it should be");
	TRY(json_read(&a, row->json, NULL, &object));
	return node_is(object, NODE_MAP) && is_compact(row->json)
		       ? NULL
		       : err_new(ERR_INVALID, "it is no object as the server writes them");
}

static err *check_row(const struct store_log_row *row)
{
	err *e = store_log_check(row);

	return e ? err_wrap(e,
			    "row %" PRIu64 " of the store (%.*s %.*s/%.*s) is damaged; take the data "
			    "directory from a backup, or an empty one",
			    row->rv, STR_ARG(row->table), STR_ARG(row->namespace),
			    STR_ARG(row->name))
		 : NULL;
}

err *store_log_read(struct store_log *l, void (*visit)(void *ctx, const struct store_log_row *row),
		    void *ctx)
{
	sqlite3_stmt *st;
	int code;
	err *e = NULL;

	TRY(prepare(l, select_sql, &st));
	while (!e && (code = l->s->sqlite3_step(st)) != SQLITE_DONE) {
		if (code != SQLITE_ROW) {
			e = failed(l, "cannot read the store");
			break;
		}
		const struct store_log_row row = {
			.rv = number(l, st, 0),
			.before = number(l, st, 1),
			.table = text(l, st, 2),
			.namespace = text(l, st, 3),
			.name = text(l, st, 4),
			.change = (int64_t)number(l, st, 5),
			.body_at = (uint32_t)number(l, st, 6),
			.meta_at = (uint32_t)number(l, st, 7),
			.stamp = number(l, st, 8),
			.json = text(l, st, 9),
		};

		e = check_row(&row);
		if (!e)
			visit(ctx, &row);
	}
	l->s->sqlite3_finalize(st);
	return e;
}

struct store_log_marks store_log_marks(const struct store_log *l)
{
	return l->marks;
}

/* ---- writing ----------------------------------------------------------- */

static const char cannot_write[] = "the store cannot be written";

void store_log_undo(struct store_log *l)
{
	if (!l->s->sqlite3_get_autocommit(l->db))
		l->s->sqlite3_exec(l->db, "ROLLBACK", NULL, NULL, NULL);
}

/* Take the message first: undoing makes another. */
static err *give_up(struct store_log *l)
{
	err *e = failed(l, cannot_write);

	store_log_undo(l);
	return e;
}

/* A statement that gives no rows, from the start. */
static err *step(struct store_log *l, sqlite3_stmt *st)
{
	err *e = l->s->sqlite3_step(st) == SQLITE_DONE ? NULL : give_up(l);

	l->s->sqlite3_reset(st);
	return e;
}

err *store_log_begin(struct store_log *l)
{
	return step(l, l->begin);
}

static bool bind_text(struct store_log *l, int at, str s)
{
	return l->s->sqlite3_bind_text(l->insert, at, s.n ? s.p : "", (int)s.n, SQLITE_STATIC) ==
	       SQLITE_OK;
}

static bool bind_number(struct store_log *l, sqlite3_stmt *st, int at, uint64_t n)
{
	return l->s->sqlite3_bind_int64(st, at, (sqlite3_int64)n) == SQLITE_OK;
}

err *store_log_add(struct store_log *l, const struct store_log_row *row)
{
	sqlite3_stmt *st = l->insert;
	bool ok = bind_number(l, st, 1, row->rv) && bind_number(l, st, 2, row->before) &&
		  bind_text(l, 3, row->table) && bind_text(l, 4, row->namespace) &&
		  bind_text(l, 5, row->name) && bind_number(l, st, 6, (uint64_t)row->change) &&
		  bind_number(l, st, 7, row->body_at) && bind_number(l, st, 8, row->meta_at) &&
		  bind_number(l, st, 9, row->stamp) &&
		  l->s->sqlite3_bind_blob(st, 10, row->json.p, (int)row->json.n, SQLITE_STATIC) ==
			  SQLITE_OK;

	l->unsaid += row->json.n;
	return ok ? step(l, st) : give_up(l);
}

/* A checkpoint waits until the disk has what was written since the last one, and whoever writes
 * waits with it: for less, when the disk begins early. It is a hint, and nobody waits here.
 * The file has no locks of SQLite's that closing it could drop. */
static void tell_disk(struct store_log *l)
{
	if (l->wal < 0 || l->unsaid < DISK_TOLD_EVERY)
		return;
	l->unsaid = 0;
	sync_file_range(l->wal, 0, 0, SYNC_FILE_RANGE_WRITE);
}

err *store_log_commit(struct store_log *l)
{
	TRY(step(l, l->commit));
	tell_disk(l);
	return NULL;
}

err *store_log_mark(struct store_log *l, const struct store_log_marks *m)
{
	char sql[256];

	snprintf(sql, sizeof sql,
		 "UPDATE marks SET compacted = %" PRIu64 ", reserved = %" PRIu64
		 ", hole_from = %" PRIu64 ", hole_to = %" PRIu64 " WHERE id = 1",
		 m->compacted, m->reserved, m->hole_from, m->hole_to);
	if (!l->full_sync)
		TRY(run(l, "PRAGMA synchronous = FULL", cannot_write));
	err *e = run(l, sql, cannot_write);

	if (!l->full_sync && !e)
		e = run(l, "PRAGMA synchronous = NORMAL", cannot_write);
	if (!e)
		l->marks = *m;
	return e;
}

static err *drop(struct store_log *l, sqlite3_stmt *st, uint64_t upto)
{
	bool ok = bind_number(l, st, 1, l->marks.compacted) && bind_number(l, st, 2, upto);

	return ok ? step(l, st) : give_up(l);
}

err *store_log_compact(struct store_log *l, uint64_t upto)
{
	char sql[96];

	TRY(store_log_begin(l));
	TRY(drop(l, l->drop_replaced, upto));
	TRY(drop(l, l->drop_deleted, upto));
	snprintf(sql, sizeof sql, "UPDATE marks SET compacted = %" PRIu64 " WHERE id = 1", upto);
	err *e = run(l, sql, cannot_write);

	if (e) {
		store_log_undo(l);
		return e;
	}
	TRY(store_log_commit(l));
	l->marks.compacted = upto;
	return NULL;
}
