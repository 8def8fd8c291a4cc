#include "cli/ask.h"

#include <termios.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 64 << 10 };

/* False at the end of the input; what is there without an end counts unless it has to be whole. */
static bool read_line(struct buf *b, bool whole)
{
	char ch;

	while (read(STDIN_FILENO, &ch, 1) == 1) {
		if (ch == '\n')
			return true;
		buf_addc(b, ch);
	}
	return !whole && b->n > 0;
}

err *ask_line(struct cli *c, const char *question, enum ask_how how, str *out)
{
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(LINE_MAX_BYTES);
	struct termios shown, hidden;
	bool terminal = tcgetattr(STDIN_FILENO, &shown) == 0;
	bool hides = how != ASK_SHOWN && terminal;

	buf_add(&c->out.buf, str_c(question));
	output_flush(&c->out);
	if (how == ASK_HIDDEN && !terminal)
		return err_new(ERR_INVALID, "inappropriate ioctl for device");
	if (hides) {
		hidden = shown;
		hidden.c_lflag &= ~(tcflag_t)ECHO;
		tcsetattr(STDIN_FILENO, TCSANOW, &hidden);
	}
	bool got = read_line(&b, how == ASK_SECRET && !terminal);

	if (hides)
		tcsetattr(STDIN_FILENO, TCSANOW, &shown);
	if (how == ASK_HIDDEN || (how == ASK_SECRET && got))
		buf_addc(&c->out.buf, '\n');
	output_flush(&c->out);
	if (!got)
		return err_new(ERR_INVALID, "EOF");
	TRY(buf_check(&b, "the line"));
	str line = buf_str(&b);

	*out = arena_str(c->arena, str_ends(line, S("\r")) ? str_sub(line, 0, line.n - 1) : line);
	return NULL;
}
