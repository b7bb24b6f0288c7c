// SPDX-License-Identifier: Apache-2.0
//
// See child.h.
#include "stress/bench/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OUTPUT_BYTES = 1 << 20 };

// Reads on past what it keeps, so that the child is never stuck.
static void read_all(int fd, char *text)
{
    char rest[4096];
    size_t n = 0;

    for (;;) {
        size_t room = OUTPUT_BYTES - 1 - n;
        ssize_t k = room ? read(fd, text + n, room) : read(fd, rest, sizeof rest);

        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            break;
        n += room ? (size_t)k : 0;
    }
    text[n] = 0;
}

static int wait_for(pid_t child)
{
    int status;

    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    if (WIFEXITED(status))
        return WEXITSTATUS(status);
    errno = EINTR;
    return -1;
}

char *child_output(char *const argv[], int *status, FILE *errors)
{
    char *text = malloc(OUTPUT_BYTES);
    int fds[2];

    if (text == NULL || pipe(fds) != 0)
        return free(text), NULL;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        dup2(fds[1], 1);
        if (errors != NULL)
            dup2(fileno(errors), 2);
        close(fds[0]);
        close(fds[1]);
        execvp(argv[0], argv);
        _exit(127);
    }
    close(fds[1]);
    if (child > 0)
        read_all(fds[0], text);
    close(fds[0]);
    if (child > 0 && (*status = wait_for(child)) >= 0)
        return text;
    free(text);
    return NULL;
}

bool child_begin(struct child *c, char *const argv[])
{
    int fds[2];

    *c = (struct child){0};
    if (pipe2(fds, O_CLOEXEC) != 0)
        return false;
    fflush(NULL);
    c->pid = fork();
    if (c->pid == 0) {
        dup2(fds[1], 1);
        execvp(argv[0], argv);
        _exit(127);
    }
    close(fds[1]);
    c->out = c->pid > 0 ? fdopen(fds[0], "r") : NULL;
    if (c->out != NULL)
        return true;
    close(fds[0]);
    if (c->pid > 0)
        child_end(c, SIGKILL);
    c->pid = 0;
    return false;
}

int child_end(struct child *c, int signal_number)
{
    kill(c->pid, signal_number);
    int status = wait_for(c->pid);
    if (c->out != NULL)
        fclose(c->out);
    *c = (struct child){0};
    return status;
}

void child_tell(FILE *errors)
{
    char text[4096];
    size_t n;

    rewind(errors);
    while ((n = fread(text, 1, sizeof text, errors)) > 0)
        fwrite(text, 1, n, stderr);
}
