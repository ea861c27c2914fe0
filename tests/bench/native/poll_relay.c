/*
 * poll_relay COMMAND [ARGUMENT…]: passes bytes between us and COMMAND, and does nothing else.
 *
 * The yardstick: one thread, poll(2), 64 KiB per direction, in C. A proxy that judges can only be slower.
 *
 * Both directions share the thread, so none may block: a write that finds its pipe full leaves the rest pending, and
 * that direction reads on only when it is gone. (With blocking writes both ends can wait for each other for ever.)
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct direction {
  int from, to;
  char bytes[65536];
  size_t begin, end; /* bytes[begin..end) is pending */
};

static void fail(const char *what) {
  fprintf(stderr, "Cannot %s: %s\n", what, strerror(errno));
  exit(1);
}

static void unblock(int fd) {
  if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) < 0) fail("make a pipe non-blocking");
}

static void write_pending(struct direction *way) {
  while (way->begin < way->end) {
    ssize_t written = write(way->to, way->bytes + way->begin, way->end - way->begin);
    if (written < 0 && errno == EAGAIN) return;
    if (written < 0) fail("write");
    way->begin += written;
  }
}

/* Returns 0 at the end of the stream. */
static int pump(struct direction *way) {
  if (way->begin == way->end) {
    ssize_t count = read(way->from, way->bytes, sizeof way->bytes);
    if (count < 0 && errno == EAGAIN) return 1;
    if (count < 0) fail("read");
    if (count == 0) return 0;
    way->begin = 0;
    way->end = count;
  }
  write_pending(way);
  return 1;
}

/* Waits for room where bytes are pending, else for bytes; for nothing where the direction has ended. */
static struct pollfd wish(const struct direction *way) {
  if (way->begin < way->end) return (struct pollfd){way->to, POLLOUT, 0};
  return (struct pollfd){way->from, POLLIN, 0};
}

int main(int argc, char **argv) {
  if (argc < 2) {
    fprintf(stderr, "usage: poll_relay COMMAND [ARGUMENT…]\n");
    return 2;
  }
  int to_server[2], from_server[2];
  if (pipe2(to_server, O_CLOEXEC) < 0 || pipe2(from_server, O_CLOEXEC) < 0) fail("make pipes");
  pid_t server = fork();
  if (server == 0) {
    dup2(to_server[0], STDIN_FILENO);
    dup2(from_server[1], STDOUT_FILENO);
    execvp(argv[1], argv + 1);
    fprintf(stderr, "Cannot start %s: %s\n", argv[1], strerror(errno));
    _exit(127);
  }
  close(to_server[0]);
  close(from_server[1]);

  static struct direction down, up;
  up.from = STDIN_FILENO, up.to = to_server[1];
  down.from = from_server[0], down.to = STDOUT_FILENO;
  unblock(up.from), unblock(up.to), unblock(down.from), unblock(down.to);

  for (;;) {
    struct pollfd wishes[] = {wish(&up), wish(&down)};
    if (poll(wishes, 2, -1) < 0) fail("poll");
    if (wishes[0].revents && !pump(&up)) {
      close(up.to); /* the server sees that nothing more comes; its last answers are still on their way */
      up.from = -1; /* poll(2) passes over a negative descriptor */
    }
    if (wishes[1].revents && !pump(&down)) break;
  }
  int status;
  waitpid(server, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
