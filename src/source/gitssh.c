#include "source/gitssh.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/proc.h"
#include "source/askpass.h"

struct gitssh {
	struct proc proc;
	struct fs *files;
	struct arena mem;
	struct buf complaint;
	int64_t deadline;
	const atomic_bool *cancel;
	struct gitremote_algos algos;	/* in mem */
	bool ended;
};

enum { COMPLAINT_MAX = 64 << 10, CANCEL_MS = 100 };

#define PATH_VARIABLE "PATH=/usr/local/bin:/usr/bin:/bin"

/* ---- starting ------------------------------------------------------------- */

/* Everything that could ask, forward, run or remember is off. */
static const char *const options[] = {
	"StrictHostKeyChecking=yes",
	"GlobalKnownHostsFile=/dev/null",
	"UpdateHostKeys=no",
	"VerifyHostKeyDNS=no",
	"CertificateFile=none",
	"PreferredAuthentications=publickey",
	"PasswordAuthentication=no",
	"KbdInteractiveAuthentication=no",
	"GSSAPIAuthentication=no",
	"HostbasedAuthentication=no",
	"RequiredRSASize=2048",
	"CASignatureAlgorithms=-ssh-rsa",
	"HostKeyAlgorithms=-ssh-rsa,ssh-rsa-cert-v01@openssh.com,ssh-dss",
	"PubkeyAcceptedAlgorithms=-ssh-rsa,ssh-rsa-cert-v01@openssh.com,ssh-dss",
	"ForwardAgent=no",
	"ForwardX11=no",
	"ClearAllForwardings=yes",
	"Tunnel=no",
	"PermitLocalCommand=no",
	"ProxyCommand=none",
	"ControlMaster=no",
	"ControlPath=none",
	"EscapeChar=none",
	"ConnectTimeout=30",
	"ConnectionAttempts=1",
	"NumberOfPasswordPrompts=1",
	"ServerAliveInterval=15",
	"SendEnv=GIT_PROTOCOL",
	"LogLevel=INFO",	/* that nothing could be agreed on is no error to ssh */
};

enum { ARGS_MAX = 2 * (sizeof options / sizeof *options) + 32 };

/* For the far side's shell: in single quotes. */
static str quote_path(struct arena *a, str path, bool push)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	if (str_starts(path, S("/~")))
		path = str_from(path, 1);
	buf_add(&b, push ? S("git-receive-pack '") : S("git-upload-pack '"));
	for (size_t i = 0; i < path.n; i++) {
		if (path.p[i] == '\'' || path.p[i] == '!')
			buf_addf(&b, "'\\%c'", path.p[i]);
		else
			buf_addc(&b, path.p[i]);
	}
	buf_addc(&b, '\'');
	return arena_str(a, buf_str(&b));
}

/* The program that answers: this one, by its own path, as "self" would be
 * ssh for ssh. */
static err *link_askpass(struct gitssh *s)
{
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

	if (n < 0)
		return err_errno(errno, "readlink /proc/self/exe");
	self[n] = 0;
	str link = arena_cat(&s->mem, fs_root(s->files), S("/" ASKPASS_NAME));

	return symlink(self, link.p) ? err_errno(errno, "symlink " ASKPASS_NAME) : NULL;
}

static err *write_files(struct gitssh *s, const struct gitremote_auth *auth)
{
	CLEANUP(buf_release) struct buf key = BUF_INIT;

	TRY(fs_open_temp(&s->files, STR_NONE, S("git-ssh-")));
	buf_add(&key, auth->identity);
	if (!str_ends(auth->identity, S("\n")))
		buf_addc(&key, '\n'); /* else it is no key to ssh */
	if (!auth->agent.n)
		TRY(fs_create(s->files, S("identity"), buf_str(&key), 0600));
	TRY(fs_create(s->files, S("known_hosts"), auth->known_hosts, 0600));
	if (auth->password.n) {
		TRY(fs_create(s->files, S("passphrase"), auth->password, 0600));
		return link_askpass(s);
	}
	return NULL;
}

static const char *file_option(struct gitssh *s, const char *option, const char *name)
{
	return arena_printf(&s->mem, "%s=%.*s/%s", option, STR_ARG(fs_root(s->files)), name).p;
}

/* The one key that was given, or those of the agent. */
static size_t add_keys(struct gitssh *s, const struct gitremote_auth *auth, const char **argv)
{
	size_t n = 0;

	argv[n++] = "-o";
	argv[n++] = auth->agent.n ? "IdentitiesOnly=no" : "IdentitiesOnly=yes";
	argv[n++] = "-o";
	argv[n++] = auth->agent.n ? arena_cat(&s->mem, S("IdentityAgent="), auth->agent).p
				  : "IdentityAgent=none";
	argv[n++] = "-o";
	argv[n++] = auth->agent.n ? "IdentityFile=none" : file_option(s, "IdentityFile", "identity");
	return n;
}

/* Before the others, as the first counts. */
static size_t add_algos(struct gitssh *s, const char **argv)
{
	size_t n = 0;

	if (s->algos.kex.n) {
		argv[n++] = "-o";
		argv[n++] = arena_cat(&s->mem, S("KexAlgorithms="), s->algos.kex).p;
	}
	if (s->algos.host_key.n) {
		argv[n++] = "-o";
		argv[n++] = arena_cat(&s->mem, S("HostKeyAlgorithms="), s->algos.host_key).p;
	}
	return n;
}

/* Where the network is locked down: to the address that was found to be allowed, with the
 * host's name for its key, as ssh writes it into lists. */
static err *add_address(struct gitssh *s, const struct gitremote_spec *spec, str host, str port,
			const char **argv, size_t *n)
{
	bool usual = !port.n || str_eq(port, S("22"));
	str address, name = arena_lower(&s->mem, host);

	TRY(net_client_dial(spec->net, &s->mem, host, port.n ? port : S("22"), &address));
	if (!address.n)
		return NULL;
	argv[(*n)++] = "-o";
	argv[(*n)++] = arena_cat(&s->mem, S("HostName="), address).p;
	argv[(*n)++] = "-o";
	argv[(*n)++] = usual ? arena_cat(&s->mem, S("HostKeyAlias="), name).p
			     : arena_cat(&s->mem, S("HostKeyAlias=["), name, S("]:"), port).p;
	return NULL;
}

static err *start(struct gitssh *s, const struct gourl *url, const struct gitremote_spec *spec)
{
	const struct gitremote_auth *auth = &spec->auth;
	const char *argv[ARGS_MAX];
	const char *env[8];
	size_t n = 0, k = 0;
	str host = gourl_hostname(url), port = str_from(url->host, host.n);
	str user = url->has_user && url->user.n ? url->user : auth->user.n ? auth->user : S("git");

	if (url->host.n && url->host.p[0] == '[')
		port = str_from(url->host, host.n + 2);
	str_take(&port, ':');
	argv[n++] = "ssh";
	argv[n++] = "-F";
	argv[n++] = "none";
	argv[n++] = "-T";
	n += add_algos(s, argv + n);
	TRY(add_address(s, spec, host, port, argv, &n));
	for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
		argv[n++] = "-o";
		argv[n++] = options[i];
	}
	n += add_keys(s, auth, argv + n);
	argv[n++] = "-o";
	argv[n++] = file_option(s, "UserKnownHostsFile", "known_hosts");
	/* A passphrase is a question that has an answer: askpass.h. */
	argv[n++] = "-o";
	argv[n++] = auth->password.n ? "BatchMode=no" : "BatchMode=yes";
	if (port.n) {
		argv[n++] = "-p";
		argv[n++] = arena_str(&s->mem, port).p;
	}
	argv[n++] = "-l";
	argv[n++] = arena_str(&s->mem, user).p;
	argv[n++] = "--";
	argv[n++] = arena_str(&s->mem, host).p;
	argv[n++] = quote_path(&s->mem, url->path, spec->push).p;
	argv[n] = NULL;
	env[k++] = PATH_VARIABLE;
	env[k++] = "LC_ALL=C";
	if (!spec->push)
		env[k++] = "GIT_PROTOCOL=version=2";
	env[k++] = "HOME=/nonexistent";
	if (auth->password.n) {
		env[k++] = "SSH_ASKPASS_REQUIRE=force";
		env[k++] = file_option(s, "SSH_ASKPASS", ASKPASS_NAME);
		env[k++] = file_option(s, ASKPASS_VARIABLE, "passphrase");
	}
	env[k] = NULL;
	return proc_start(&(struct proc_spec){ .argv = argv, .env = env }, &s->proc);
}

/* The same service on this machine. A branch that is checked out moves together
 * with its working tree, which git refuses where something in it has changed. */
static err *start_local(struct gitssh *s, const struct gourl *url,
			const struct gitremote_spec *spec)
{
	const char *home = getenv("HOME");
	const char *const argv[] = { "git",
				     "-c",
				     "receive.denyCurrentBranch=updateInstead",
				     spec->push ? "receive-pack" : "upload-pack",
				     arena_str(&s->mem, url->path).p,
				     NULL };
	const char *const env[] = {
		PATH_VARIABLE,
		"LC_ALL=C",
		arena_printf(&s->mem, "HOME=%s", home ? home : "/nonexistent").p,
		spec->push ? NULL : "GIT_PROTOCOL=version=2",
		NULL,
	};

	return proc_start(&(struct proc_spec){ .argv = argv, .env = env }, &s->proc);
}

err *gitssh_open(struct gitssh **out, const struct gourl *url, const struct gitremote_spec *spec)
{
	struct gitssh *s = mem_calloc(1, sizeof *s);

	s->proc = (struct proc){ .pid = -1, .in = -1, .out = -1, .err = -1 };
	s->complaint.max = COMPLAINT_MAX;
	s->deadline = spec->deadline ? spec->deadline : INT64_MAX;
	s->cancel = spec->cancel;
	s->algos = (struct gitremote_algos){ arena_str(&s->mem, spec->algos.kex),
					     arena_str(&s->mem, spec->algos.host_key) };
	bool local = str_eq(url->scheme, S("file"));
	err *e = spec->proxy ? err_new(ERR_INVALID, "a proxy is not supported for ssh URLs")
		 : local     ? start_local(s, url, spec)
			     : write_files(s, &spec->auth);

	if (!e && !local)
		e = start(s, url, spec);
	if (e) {
		gitssh_free(s);
		return e;
	}
	*out = s;
	return NULL;
}

void gitssh_free(struct gitssh *s)
{
	if (!s)
		return;
	if (s->proc.pid > 0 && !s->ended)
		proc_kill(&s->proc);
	fs_close(s->files);
	buf_release(&s->complaint);
	arena_release(&s->mem);
	free(s);
}

/* ---- talking -------------------------------------------------------------- */

static void take_complaint(struct gitssh *s)
{
	char piece[4096];
	ssize_t n = read(s->proc.err, piece, sizeof piece);

	if (n > 0) {
		if (!s->complaint.full)
			buf_bytes(&s->complaint, piece, (size_t)n);
	} else if (!n || (errno != EAGAIN && errno != EINTR)) {
		close(s->proc.err);
		s->proc.err = -1;
	}
}

/* Until `fd` is ready for `events`; complaints are read meanwhile. */
static err *wait_for(struct gitssh *s, int fd, short events)
{
	for (;;) {
		struct pollfd p[] = { { .fd = fd, .events = events },
				      { .fd = s->proc.err, .events = POLLIN } };
		int ms = s->deadline == INT64_MAX ? -1 : clock_poll_ms(s->deadline);

		if (s->cancel && *s->cancel)
			return err_new(ERR_CANCELED, "context canceled");
		if (!ms)
			return err_new(ERR_TIMEOUT, "context deadline exceeded");
		if (s->cancel && (ms < 0 || ms > CANCEL_MS))
			ms = CANCEL_MS;
		if (poll(p, 2, ms) < 0 && errno != EINTR)
			return err_errno(errno, "poll");
		if (p[1].revents)
			take_complaint(s);
		if (p[0].revents)
			return NULL;
	}
}

err *gitssh_read(void *ctx, void *to, size_t max, size_t *n)
{
	struct gitssh *s = ctx;

	for (;;) {
		ssize_t got = read(s->proc.out, to, max);

		if (got >= 0) {
			*n = (size_t)got;
			return NULL;
		}
		if (errno == EAGAIN)
			TRY(wait_for(s, s->proc.out, POLLIN));
		else if (errno != EINTR)
			return err_errno(errno, "read from ssh");
	}
}

err *gitssh_write(struct gitssh *s, str bytes)
{
	while (bytes.n) {
		ssize_t n = proc_write(s->proc.in, bytes);

		if (n >= 0)
			bytes = str_from(bytes, (size_t)n);
		else if (errno == EAGAIN)
			TRY(wait_for(s, s->proc.in, POLLOUT));
		else if (errno != EINTR)
			return err_errno(errno, "write to ssh");
	}
	return NULL;
}

/* ---- what went wrong ------------------------------------------------------ */

static const struct {
	const char *has, *text;
	int code;
} meanings[] = {
	{ "REMOTE HOST IDENTIFICATION HAS CHANGED",
	  "ssh: handshake failed: knownhosts: key mismatch", 0 },
	{ "host key is known for", "ssh: handshake failed: knownhosts: key is unknown", 0 },
	{ "no matching host key type", "ssh: handshake failed: knownhosts: key is unknown", 0 },
	{ "Host key verification failed", "ssh: handshake failed: knownhosts: key mismatch", 0 },
	{ "Permission denied (",
	  "ssh: handshake failed: ssh: unable to authenticate, attempted methods [none publickey], "
	  "no supported methods remain",
	  0 },
	{ "Invalid key length", "ssh: handshake failed: RSA key too small", 0 },
	{ "invalid format", "ssh: no key found", 0 },
	{ "error in libcrypto", "ssh: no key found", 0 },
	{ "Repository not found.", "repository not found", GITREMOTE_NOT_FOUND },
	{ "repository does not exist.", "repository not found", GITREMOTE_NOT_FOUND },
	{ "does not appear to be a git repository", "repository not found", GITREMOTE_NOT_FOUND },
	{ "no such repository", "repository not found", GITREMOTE_NOT_FOUND },
	{ "access denied", "repository not found", GITREMOTE_NOT_FOUND },
	{ "Repository does not exist or you do not have access", "repository not found",
	  GITREMOTE_NOT_FOUND },
	{ "The project you were looking for could not be found", "repository not found",
	  GITREMOTE_NOT_FOUND },
};

const char *gitssh_meaning(str complaint, int *code)
{
	for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++)
		if (str_has(complaint, str_c(meanings[i].has))) {
			*code = meanings[i].code;
			return meanings[i].text;
		}
	return NULL;
}

static void read_complaints(struct gitssh *s)
{
	int64_t until = clock_after(clock_mono(), 2 * CLOCK_SECOND);

	while (s->proc.err >= 0 && clock_mono() < until) {
		struct pollfd p = { .fd = s->proc.err, .events = POLLIN };

		if (poll(&p, 1, clock_poll_ms(until)) <= 0)
			break;
		take_complaint(s);
	}
}

/* "a,b" as Go prints a list of them. */
static void add_list(struct buf *b, str list)
{
	str one;

	for (bool first = true; str_cut(&list, &one, ','); first = false)
		buf_addf(b, "%s%.*s", first ? "" : " ", STR_ARG(one));
}

/* "... no matching host key type found. Their offer: a,b", where what we offer is what the
 * user said. */
static err *nothing_common(struct gitssh *s, str line)
{
	static const str key = S("no matching host key type"),
			 kex = S("no matching key exchange method"), offer = S("Their offer: ");
	bool is_key = str_has(line, key);
	str ours = is_key ? s->algos.host_key : s->algos.kex;
	size_t at = str_find(line, offer);
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	if ((!is_key && !str_has(line, kex)) || !ours.n || at == STR_NPOS)
		return NULL;
	add_list(&b, ours);
	buf_add(&b, S("], peer offered: ["));
	add_list(&b, str_trim(str_from(line, at + offer.n)));
	return err_new(ERR_FORBIDDEN,
		       "ssh: handshake failed: ssh: no common algorithm for %s; we offered: [%s]",
		       is_key ? "host key" : "key exchange", buf_c(&b));
}

/* "ssh: connect to host 127.0.0.1 port 1: Connection refused" */
static err *no_connection(str line)
{
	str host, port, why;
	size_t at = str_find(line, S(" port ")), colon;

	if (!str_take_str(&line, S("ssh: connect to host ")) || at == STR_NPOS)
		return NULL;
	at = str_find(line, S(" port "));
	host = str_sub(line, 0, at);
	line = str_from(line, at + 6);
	colon = str_find_char(line, ':');
	port = str_sub(line, 0, colon);
	why = str_trim(str_from(line, colon + 1));
	if (!why.n)
		return NULL;
	if (str_has(why, S("timed out")))
		return err_new(ERR_TIMEOUT, "dial tcp %.*s:%.*s: i/o timeout", STR_ARG(host),
			       STR_ARG(port));
	return err_new(ERR_UNAVAILABLE, "dial tcp %.*s:%.*s: connect: %c%.*s", STR_ARG(host),
		       STR_ARG(port), why.p[0] | 32, STR_ARG(str_from(why, 1)));
}

err *gitssh_explain(struct gitssh *s, err *e)
{
	if (!s || err_kind(e) == ERR_CANCELED || err_kind(e) == ERR_TIMEOUT)
		return e;
	close(s->proc.in);
	s->proc.in = -1;
	read_complaints(s);
	str complaint = buf_str(&s->complaint), rest = complaint, line;
	int code = 0;

	while (str_line(&rest, &line)) {
		err *better = nothing_common(s, line);

		if (better) {
			err_free(e);
			return better;
		}
	}
	const char *meaning = gitssh_meaning(complaint, &code);

	if (meaning) {
		err *better = err_new(code ? ERR_NOT_FOUND : ERR_FORBIDDEN, "%s", meaning);

		err_set_code(better, code);
		err_free(e);
		return better;
	}
	rest = complaint;
	while (str_line(&rest, &line)) {
		err *better = no_connection(line);

		if (!better && str_has(line, S("Could not resolve hostname")))
			better = err_new(ERR_UNAVAILABLE, "dial tcp: lookup failed: no such host");
		if (better) {
			err_free(e);
			return better;
		}
	}
	line = STR_NONE;
	rest = str_trim(complaint);
	str_line(&rest, &line);
	if (!line.n)
		return e;
	err_free(e);
	return err_new(ERR_UNAVAILABLE, "unknown error: %.*s", STR_ARG(line));
}
