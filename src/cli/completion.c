/* Completion scripts. Each is a few lines that ask `NAME __complete` and hand
 * the answer to the shell; NAME stands for the program's name. */
#include "cli/commands.h"
#include "cli/help.h"

static const char bash_script[] =
	"# bash completion for NAME, made by `NAME completion bash`\n"
	"_NAME_complete()\n"
	"{\n"
	"	local line=${COMP_LINE:0:COMP_POINT} words answer directive last reply\n"
	"\n"
	"	read -ra words <<<\"$line\"\n"
	"	[[ $line == *[[:space:]] ]] && words+=('')\n"
	"	last=${words[${#words[@]}-1]}\n"
	"	mapfile -t answer < <(\"${words[0]}\" __complete \"${words[@]:1}\" 2>/dev/null)\n"
	"	[[ ${#answer[@]} -gt 0 ]] || return\n"
	"	directive=${answer[${#answer[@]}-1]#:}\n"
	"	unset \"answer[${#answer[@]}-1]\"\n"
	"	COMPREPLY=()\n"
	"	for reply in \"${answer[@]}\"; do\n"
	"		reply=${reply%%$'\\t'*}\n"
	"		# where '=' does not part words, the reply replaces the flag too\n"
	"		[[ $last == --*=* && $COMP_WORDBREAKS != *=* ]] && reply=${last%%=*}=$reply\n"
	"		COMPREPLY+=(\"$reply\")\n"
	"	done\n"
	"	(( directive & 2 )) && compopt -o nospace 2>/dev/null\n"
	"	if (( ${#COMPREPLY[@]} == 0 && ! (directive & 5) )); then\n"
	"		compopt -o default 2>/dev/null\n"
	"	fi\n"
	"	return 0\n"
	"}\n"
	"complete -F _NAME_complete NAME\n";

static const char zsh_script[] =
	"#compdef NAME\n"
	"# zsh completion for NAME, made by `NAME completion zsh`\n"
	"_NAME()\n"
	"{\n"
	"	local -a answer replies\n"
	"	local directive line\n"
	"\n"
	"	answer=(\"${(@f)$(${words[1]} __complete \"${(@Q)words[2,CURRENT]}\" 2>/dev/null)}\")\n"
	"	(( $#answer )) || return 1\n"
	"	directive=${answer[-1]#:}\n"
	"	answer[-1]=()\n"
	"	for line in $answer; do\n"
	"		if [[ $line == *$'\\t'* ]]; then\n"
	"			replies+=(\"${${line%%$'\\t'*}//:/\\\\:}:${line#*$'\\t'}\")\n"
	"		else\n"
	"			replies+=(\"${line//:/\\\\:}\")\n"
	"		fi\n"
	"	done\n"
	"	[[ ${words[CURRENT]} == --*=* ]] && compset -P '*='\n"
	"	if (( $#replies )); then\n"
	"		_describe -t values 'NAME' replies\n"
	"	elif (( ! (directive & 5) )); then\n"
	"		_files\n"
	"	fi\n"
	"}\n"
	"compdef _NAME NAME\n"
	"# loaded for the first word that is completed: this is the call\n"
	"if [[ $funcstack[1] == _NAME ]]; then\n"
	"	_NAME \"$@\"\n"
	"fi\n";

static const char fish_script[] =
	"# fish completion for NAME, made by `NAME completion fish`\n"
	"function __NAME_complete\n"
	"	set -l words (commandline -opc)\n"
	"	set -l last (commandline -ct)\n"
	"	set -l answer ($words[1] __complete $words[2..-1] $last 2>/dev/null)\n"
	"	test (count $answer) -gt 0; or return\n"
	"	set -l directive (string replace ':' '' -- $answer[-1])\n"
	"	set -e answer[-1]\n"
	"	if string match -qr -- '^--[^=]+=' \"$last\"\n"
	"		set -l flag (string replace -r -- '=.*' '=' \"$last\")\n"
	"		test (count $answer) -gt 0; and set answer $flag$answer\n"
	"	end\n"
	"	if test (count $answer) -gt 0\n"
	"		printf '%s\\n' $answer\n"
	"	else if test $directive -eq 0\n"
	"		__fish_complete_path \"$last\"\n"
	"	end\n"
	"end\n"
	"complete -c NAME -e\n"
	"complete -c NAME -f -a '(__NAME_complete)'\n";

static const char powershell_script[] =
	"# PowerShell completion for NAME, made by `NAME completion powershell`\n"
	"Register-ArgumentCompleter -Native -CommandName 'NAME' -ScriptBlock {\n"
	"	param($word, $ast, $position)\n"
	"	$words = @($ast.CommandElements | Select-Object -Skip 1 |\n"
	"		Where-Object { $_.Extent.StartOffset -lt $position } |\n"
	"		ForEach-Object { $_.ToString() })\n"
	"	if ($word -eq '') { $words += '\"\"' }\n"
	"	$answer = @(NAME __complete @words 2>$null)\n"
	"	if ($answer.Count -lt 2) { return }\n"
	"	$flag = if ($word -match '^--[^=]+=') { $Matches[0] } else { '' }\n"
	"	$answer[0..($answer.Count - 2)] | ForEach-Object {\n"
	"		$value, $text = $_ -split \"`t\", 2\n"
	"		if (-not $text) { $text = $value }\n"
	"		[System.Management.Automation.CompletionResult]::new(\"$flag$value\", $value,\n"
	"			'ParameterValue', $text)\n"
	"	}\n"
	"}\n";

static void add_script(struct cli *c, const char *script)
{
	str name = command_name(c->path.at[0]), rest = str_c(script);

	for (size_t at; (at = str_find(rest, S("NAME"))) != STR_NPOS;) {
		buf_add(&c->out.buf, str_sub(rest, 0, at));
		buf_add(&c->out.buf, name);
		rest = str_from(rest, at + 4);
	}
	buf_add(&c->out.buf, rest);
}

static err *bash_run(struct cli *c)
{
	add_script(c, bash_script);
	return NULL;
}

static err *fish_run(struct cli *c)
{
	add_script(c, fish_script);
	return NULL;
}

static err *powershell_run(struct cli *c)
{
	add_script(c, powershell_script);
	return NULL;
}

static err *zsh_run(struct cli *c)
{
	add_script(c, zsh_script);
	return NULL;
}

static const struct command bash = {
	.use = "bash",
	.brief = "Write the completion script for bash",
	.text = "Write the completion script for bash to standard output. To use it in every\n"
		"shell, put this into ~/.bashrc:\n\n"
		"  . <(NAME completion bash)",
	.run = bash_run,
};

static const struct command fish = {
	.use = "fish",
	.brief = "Write the completion script for fish",
	.text = "Write the completion script for fish to standard output. To use it in every\n"
		"shell, write it to ~/.config/fish/completions/NAME.fish.",
	.run = fish_run,
};

static const struct command powershell = {
	.use = "powershell",
	.brief = "Write the completion script for PowerShell",
	.text = "Write the completion script for PowerShell to standard output. To use it in every\n"
		"shell, add it to your profile.",
	.run = powershell_run,
};

static const struct command zsh = {
	.use = "zsh",
	.brief = "Write the completion script for zsh",
	.text = "Write the completion script for zsh to standard output. To use it in every\n"
		"shell, write it to a file _NAME in a folder of $fpath; or, with compinit\n"
		"loaded, put this into ~/.zshrc:\n\n"
		"  source <(NAME completion zsh)",
	.run = zsh_run,
};

const struct command completion_command = {
	.use = "completion",
	.brief = "Write the completion script of a shell",
	.text = "Write the script that makes a shell complete commands, flags and values.",
	.commands = (const struct command *const[]){ &bash, &fish, &powershell, &zsh, NULL },
};
