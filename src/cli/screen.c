#include "cli/screen.h"

#include <sys/ioctl.h>

#include "text/width.h"

unsigned screen_size(const struct output *o, unsigned *lines)
{
	struct winsize w = { 0 };

	if (ioctl(o->fd, TIOCGWINSZ, &w) || !w.ws_col)
		w = (struct winsize){ .ws_col = 80, .ws_row = 24 };
	*lines = w.ws_row;
	return w.ws_col;
}

void screen_cell(struct buf *b, str text, size_t width, bool pad)
{
	size_t used = 0, i = 0;

	while (i < text.n) {
		size_t next = i + 1;

		while (next < text.n && ((unsigned char)text.p[next] & 0xc0) == 0x80)
			next++;
		str rune = str_sub(text, i, next);
		bool control = (unsigned char)rune.p[0] < ' ' || rune.p[0] == 127;
		size_t w = control ? 1 : width_text(rune);

		if (used + w > width)
			break;
		if (control)
			buf_addc(b, ' ');
		else
			buf_add(b, rune);
		used += w;
		i = next;
	}
	if (pad && used < width)
		buf_fill(b, ' ', width - used);
}

void screen_draw(struct screen *s, struct output *o, str lines)
{
	unsigned high, shown = 0;
	str line;

	screen_size(o, &high);
	if (s->drawn)
		buf_addf(&o->buf, "\033[%uA\r\033[J", s->drawn);
	while (shown + 2 < high && str_line(&lines, &line)) {
		buf_add(&o->buf, line);
		buf_addc(&o->buf, '\n');
		shown++;
	}
	s->drawn = shown;
	output_flush(o);
}
