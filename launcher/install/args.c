/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "install/args.h"

#include <string.h>

#include "common/bwrapopt.h"

#define SEE_HELP "venvbox-install --help lists the options"

static const struct {
	const char *name;
	enum action action;
	const char *help;
} actions[] = {
	{ "status", ACTION_STATUS, "say whether the venv is boxed, and how" },
	{ "doctor", ACTION_DOCTOR, "examine this host, attack a box and say what held" },
	{ "learn", ACTION_LEARN, "run the command after --, and ask whether to allow what it lacked" },
	{ "remove", ACTION_REMOVE, "give back the plain venv" },
	{ "explain", ACTION_EXPLAIN, "print the policy, what each value comes from, and what PATH is inside" },
	{ "print-plan", ACTION_PRINT_PLAN, "print the bubblewrap command line of a run" },
	{ "help", ACTION_HELP, "print this" },
	{ "version", ACTION_VERSION, "print the version" },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

void args_release(struct args *a)
{
	free(a->venv);
	free(a->path);
	strv_release(&a->settings);
	strv_release(&a->bwrap);
	strv_release(&a->command);
	*a = (struct args) { 0 };
}

struct parsing {
	int argc, at; /* at: the word that comes next */
	char *const *argv;
	struct args *args;
	struct failure *f;
};

static bool take_action(struct parsing *p, const char *name, int *r)
{
	for (size_t i = 0; i < COUNT(actions); i++) {
		if (strcmp(actions[i].name, name) != 0)
			continue;
		if (p->args->action != ACTION_INSTALL && p->args->action != actions[i].action)
			*r = fail_msg(p->f, EINVAL, SEE_HELP, "--%s does not go with the option before it", name);
		else
			p->args->action = actions[i].action;
		return true;
	}
	return false;
}

static int set_path(struct parsing *p, const char *word)
{
	if (word[0] == '\0' || p->args->path != NULL)
		return fail_msg(p->f, EINVAL, SEE_HELP, word[0] == '\0' ? "--explain: the path is empty" : "--explain takes one path");
	p->args->path = strdup(word);
	return p->args->path != NULL ? 0 : -ENOMEM;
}

/* A path may follow '=', anywhere; as the next word only behind the venv, which could not be told from it otherwise. */
static bool take_explain(struct parsing *p, const char *name, int *r)
{
	const char *word = NULL;

	if (strncmp(name, "explain", 7) != 0 || (name[7] != '\0' && name[7] != '='))
		return false;
	if (!take_action(p, "explain", r) || *r < 0)
		return true;
	if (name[7] == '=')
		word = name + 8;
	else if (p->args->venv != NULL && p->at < p->argc && p->argv[p->at][0] != '-')
		word = p->argv[p->at++];
	*r = word != NULL ? set_path(p, word) : 0;
	return true;
}

/* What shapes an action. */
static bool take_flag(struct parsing *p, const char *name)
{
	bool *flag = strcmp(name, "json") == 0 ? &p->args->json : strcmp(name, "yes") == 0 ? &p->args->yes : NULL;

	if (flag != NULL)
		*flag = true;
	return flag != NULL;
}

/* name: without dashes, may be "key=value". */
static bool take_setting(struct parsing *p, const char *name, int *r)
{
	const char *equals = strchr(name, '=');
	cleanup_free char *key = equals != NULL ? strndup(name, (size_t) (equals - name)) : strdup(name);
	const char *value = equals != NULL ? equals + 1 : NULL;
	const struct setting *s = key != NULL ? conf_setting(key) : NULL;

	if (s == NULL)
		return false;
	if (value == NULL && p->at < p->argc)
		value = p->argv[p->at++];
	if (value == NULL) {
		*r = fail_msg(p->f, EINVAL, SEE_HELP, "--%s needs an argument: %s", key, s->metavar);
		return true;
	}
	*r = strv_add(&p->args->settings, s->key);
	if (*r == 0)
		*r = strv_add(&p->args->settings, value);
	return true;
}

/* The words of one bubblewrap option; whether they are allowed is checked when all are there. */
static int take_bwrap(struct parsing *p, const char *word)
{
	const struct bwrapopt *opt = bwrapopt_find(word);
	int r;

	if (opt == NULL || p->args->venv == NULL)
		return fail_msg(p->f, EINVAL, opt == NULL ? SEE_HELP ", bwrap --help those of bubblewrap"
							   : "bubblewrap options come after the venv: venvbox-install VENV --option ...",
				"unknown option '%s'", word);
	if (p->argc - p->at < (int) opt->arity)
		return fail_msg(p->f, EINVAL, "see bwrap(1)", "%s needs %u argument%s", word, opt->arity, opt->arity == 1 ? "" : "s");
	r = strv_add(&p->args->bwrap, word);
	for (unsigned i = 0; r == 0 && i < opt->arity; i++)
		r = strv_add(&p->args->bwrap, p->argv[p->at++]);
	return r;
}

static int take_venv(struct parsing *p, const char *word)
{
	if (p->args->venv != NULL)
		return fail_msg(p->f, EINVAL, "one venv at a time; after it come bubblewrap options, which begin with --",
				"unexpected word '%s'", word);
	if (word[0] == '\0')
		return fail_msg(p->f, EINVAL, SEE_HELP, "the name of the venv is empty");
	p->args->venv = strdup(word);
	return p->args->venv != NULL ? 0 : -ENOMEM;
}

static int take_command(struct parsing *p)
{
	int r = 0;

	while (r == 0 && p->at < p->argc)
		r = strv_add(&p->args->command, p->argv[p->at++]);
	return r;
}

static int take_word(struct parsing *p)
{
	const char *word = p->argv[p->at++];
	int r = 0;

	if (strcmp(word, "--") == 0 && p->args->action == ACTION_LEARN)
		return take_command(p);
	if (strcmp(word, "--") == 0)
		return p->at < p->argc ? take_venv(p, p->argv[p->at++]) : 0;
	if (word[0] != '-' || word[1] == '\0')
		return take_venv(p, word);
	if (word[1] == '-' && (take_explain(p, word + 2, &r) || take_action(p, word + 2, &r) || take_flag(p, word + 2) || take_setting(p, word + 2, &r)))
		return r;
	return take_bwrap(p, word);
}

int args_parse(int argc, char *const argv[], struct args *a, struct failure *f)
{
	struct parsing p = { .argc = argc, .at = 1, .argv = argv, .args = a, .f = f };
	int r = 0;

	*a = (struct args) { .action = ACTION_INSTALL };
	while (r == 0 && p.at < argc)
		r = take_word(&p);
	if (r == 0 && a->action != ACTION_INSTALL && (a->settings.n > 0 || a->bwrap.n > 0))
		r = fail_msg(f, EINVAL, "change settings first: venvbox-install [settings] VENV", "settings go with an installation only");
	if (r == 0 && a->json && a->action != ACTION_DOCTOR)
		r = fail_msg(f, EINVAL, SEE_HELP, "--json goes with --doctor only");
	if (r == 0 && a->yes && a->action != ACTION_LEARN)
		r = fail_msg(f, EINVAL, SEE_HELP, "--yes goes with --learn only");
	if (r == 0 && a->action == ACTION_LEARN && (a->command.n == 0 || a->command.v[0][0] == '\0'))
		r = fail_msg(f, EINVAL, "venvbox-install VENV --learn -- pytest -q", "--learn needs a command");
	if (r == 0 && a->venv == NULL && a->action != ACTION_DOCTOR) {
		a->venv = strdup(".venv");
		r = a->venv != NULL ? 0 : -ENOMEM;
	}
	return r == 0 ? bwrapopt_check(&a->bwrap, f) : r;
}

int args_apply(const struct args *a, const char *cwd, struct conf *c, struct failure *f)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < a->settings.n; i += 2)
		r = conf_set(c, a->settings.v[i], a->settings.v[i + 1], cwd, f);
	return r == 0 && a->bwrap.n > 0 ? conf_add_bwrap(c, &a->bwrap, f) : r;
}

static void put_option(struct buf *out, const char *name, const char *metavar, const char *help)
{
	size_t before = out->len;

	buf_printf(out, "  --%s%s%s", name, metavar != NULL ? " " : "", metavar != NULL ? metavar : "");
	do
		buf_putc(out, ' ');
	while (!out->failed && out->len - before < 24);
	buf_printf(out, "%s\n", help);
}

int args_help(struct buf *out)
{
	buf_puts(out, "usage: venvbox-install [settings] [VENV] [bubblewrap options]\n"
		      "       venvbox-install --status | --remove | --print-plan [VENV]\n"
		      "       venvbox-install [VENV] --explain[=PATH] | VENV --explain PATH\n"
		      "       venvbox-install --doctor [--json] [VENV]\n"
		      "       venvbox-install [VENV] --learn [--yes] -- COMMAND [ARGUMENTS]\n\n"
		      "Turns the Python virtual environment VENV (default .venv) into a sandboxed one:\n"
		      "everything in its bin then runs in a container of its own. Running it again\n"
		      "changes only the settings that are named.\n\nsettings:\n");
	for (const struct setting *s = conf_settings; s->key != NULL; s++)
		put_option(out, s->key, s->metavar, s->help);
	buf_puts(out, "\nactions:\n");
	for (size_t i = 0; i < COUNT(actions); i++)
		put_option(out, actions[i].name, actions[i].action == ACTION_EXPLAIN ? "[PATH]" : NULL, actions[i].help);
	put_option(out, "json", NULL, "with --doctor: one JSON document");
	put_option(out, "yes", NULL, "with --learn: write without asking");
	buf_puts(out, "\nstatus: 0, or 125 if it failed; --status: 0 boxed, 1 not boxed, 2 not as it was installed;\n"
		      "--doctor: 0 all held, 1 something did not, or could not be checked\n");
	return out->failed ? -ENOMEM : 0;
}
