#include "cel/cel_parse.h"

void cel_syntax_explain(struct arena *a, const cel_tokens *tokens, struct cel_issues *issues)
{
	(void)a;
	cel_issues_add(issues, tokens->p[0].offset, "Syntax error: not an expression");
}
