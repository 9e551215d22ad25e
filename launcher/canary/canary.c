/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * venvbox-canary - plays the hostile package for venvbox-install --doctor: makes the attacks of one round and says
 * what came of them. It only reports; whether the box held is decided on the host.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "canary/attacks.h"

#define LIMIT_S 20 /* of one attack: a call that hangs has not worked */

static const struct {
	const char *id;
	enum canary_round round;
	attack_fn *attack;
} attacks[] = {
#define CANARY(symbol, id, round, ...) { id, round, attack_##symbol },
#include "canary/canaries.def"
#undef CANARY
};

static void say(const char *id, int err, const char *text)
{
	char line[ATTACK_TEXT + 64];
	int len = snprintf(line, sizeof(line), "%s %d %s\n", id, err, text);

	/* Who does not listen any more finds nothing reported, and says so. */
	(void) !write(STDOUT_FILENO, line, (size_t) len);
}

/* In a process of its own: an attack may change what the next one starts from, and the filter may kill. */
static void make(size_t i, char *const argv[])
{
	char text[ATTACK_TEXT] = "";
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		(void) alarm(LIMIT_S);
		say(attacks[i].id, attacks[i].attack(argv, text), text);
		_exit(0);
	}
	if (pid > 0 && waitpid(pid, &status, 0) == pid && WIFSIGNALED(status))
		say(attacks[i].id, CANARY_KILLED + WTERMSIG(status), "");
}

int main(int argc, char *argv[])
{
	char byte;

	if (argc != CANARY_ARGS)
		return 2;
	(void) signal(CANARY_SIGNAL, SIG_IGN);
	for (size_t i = 0; i < CANARIES; i++)
		if ((int) attacks[i].round == atoi(argv[CANARY_ARG_ROUND]))
			make(i, argv);
	say("end", 0, "");
	/* The host looks at this process meanwhile. */
	while (read(CANARY_GO_FD, &byte, 1) > 0)
		continue;
	return 0;
}
