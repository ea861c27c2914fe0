/*
 * load_client start      BYTES COUNT -- COMMAND [ARGUMENT…]
 * load_client latency    BYTES COUNT -- COMMAND [ARGUMENT…]
 * load_client throughput BYTES COUNT -- COMMAND [ARGUMENT…]
 *
 * Starts COMMAND, sends it COUNT requests of BYTES bytes each over its stdin, checks every answer, and prints one JSON
 * object of figures.
 *
 *   start       from fork to the first answer (COUNT is of no importance), then the memory of COMMAND at rest
 *   latency     one request at a time: the time from its first byte to the last byte of its answer
 *   throughput  up to WINDOW requests on their way at once
 *
 * Any answer but the expected one ends it with status 1 and shows the answer: a proxy that refuses is not fast.
 */
#define _GNU_SOURCE
#include "message.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Requests on their way at once. More than any client has, fewer than a proxy must allow. */
#define WINDOW 256
/* A run that takes longer hangs. */
#define TIMEOUT_SECONDS 120
/* What COMMAND has to end by itself once its stdin is closed. */
#define END_TIMEOUT_MS 15000
/* At rest: the collector of a runtime has had its time. */
#define REST_MS 500

static pid_t command;
static int to_command, from_command;

static void fail(const char *what) {
  fprintf(stderr, "Cannot %s: %s\n", what, strerror(errno));
  exit(1);
}

static double now_us(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1e6 + time.tv_nsec / 1e3;
}

static void start(char **argv) {
  int stdin_pipe[2], stdout_pipe[2];
  if (pipe2(stdin_pipe, O_CLOEXEC) < 0 || pipe2(stdout_pipe, O_CLOEXEC) < 0) fail("make pipes");
  command = fork();
  if (command < 0) fail("fork");
  if (command == 0) {
    dup2(stdin_pipe[0], STDIN_FILENO);
    dup2(stdout_pipe[1], STDOUT_FILENO);
    execvp(argv[0], argv);
    fprintf(stderr, "Cannot start %s: %s\n", argv[0], strerror(errno));
    _exit(127);
  }
  close(stdin_pipe[0]);
  close(stdout_pipe[1]);
  to_command = stdin_pipe[1];
  from_command = stdout_pipe[0];
}

/* Closes its stdin and waits; it must end by itself, and with status 0. */
static void end(void) {
  close(to_command);
  for (int waited_ms = 0; waited_ms < END_TIMEOUT_MS; waited_ms += 5) {
    int status;
    if (waitpid(command, &status, WNOHANG) == command) {
      if (status == 0) return;
      fprintf(stderr, "Cannot accept the run: the command ended with wait status 0x%x\n", status);
      exit(1);
    }
    usleep(5000);
  }
  kill(command, SIGKILL);
  fprintf(stderr, "Cannot accept the run: the command did not end after its stdin was closed\n");
  exit(1);
}

/* The answer must be the server's own, of the same length, to the id that is due. */
static void check_answer(const char *answer, size_t length, size_t expected_length, long id) {
  const size_t body_at = ID_AT + ID_DIGITS;
  if (length == expected_length && memcmp(answer, HEAD, ID_AT) == 0 && read_id(answer) == id &&
      memcmp(answer + body_at, ANSWER_BODY, sizeof ANSWER_BODY - 1) == 0) {
    return;
  }
  fprintf(stderr, "Cannot accept the answer to %ld: %.*s\n", id, (int)(length < 1000 ? length : 1000), answer);
  exit(1);
}

static void write_all(const char *bytes, size_t count) {
  while (count > 0) {
    ssize_t written = write(to_command, bytes, count);
    if (written <= 0) fail("write a request");
    bytes += written;
    count -= written;
  }
}

static size_t read_some(char *bytes, size_t room) {
  ssize_t count = read(from_command, bytes, room);
  if (count < 0) fail("read an answer");
  if (count == 0) {
    fprintf(stderr, "Cannot read an answer: the stream ended\n");
    exit(1);
  }
  return count;
}

/* One request, one answer; microseconds. `answer` has room for twice the length. */
static double round_trip(char *request, char *answer, size_t length, long id) {
  write_id(request, id);
  double begin = now_us();
  write_all(request, length);
  size_t used = 0;
  do used += read_some(answer + used, 2 * length - used);
  while (used < 2 * length && answer[used - 1] != '\n');
  double took = now_us() - begin;
  check_answer(answer, used, length, id);
  return took;
}

static int by_size(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void measure_latency(size_t length, long count) {
  char *request = make_message(length, REQUEST_BODY, REQUEST_END);
  char *answer = malloc(2 * length);
  double *times = malloc(count * sizeof *times);
  long warm_up = length > 100000 ? 10 : 2000 + count / 5; /* a just-in-time compiler needs some thousands */
  long id = ID_FIRST;
  for (long i = 0; i < warm_up; i++) round_trip(request, answer, length, id++);
  for (long i = 0; i < count; i++) times[i] = round_trip(request, answer, length, id++);
  end();
  qsort(times, count, sizeof *times, by_size);
  printf("{\"p50Us\":%.2f,\"p99Us\":%.2f}\n", times[count / 2], times[count * 99 / 100]);
}

/* Sends `count` requests from `id` on and takes their answers, WINDOW at a time; microseconds. */
static double stream(const char *request, size_t length, long id, long count) {
  const size_t batch_bytes = 32 * length;
  char *outgoing = malloc(batch_bytes), *incoming = malloc(batch_bytes);
  size_t out_begin = 0, out_end = 0, in_end = 0;
  long made = 0, answered = 0;

  double begin = now_us();
  while (answered < count) {
    if (out_begin == out_end) {
      out_begin = out_end = 0;
      for (; made < count && made - answered < WINDOW && out_end < batch_bytes; made++, out_end += length) {
        memcpy(outgoing + out_end, request, length);
        write_id(outgoing + out_end, id + made);
      }
    }
    struct pollfd wishes[] = {{from_command, POLLIN, 0}, {out_begin < out_end ? to_command : -1, POLLOUT, 0}};
    if (poll(wishes, 2, -1) < 0) fail("poll");
    if (wishes[1].revents) {
      ssize_t written = write(to_command, outgoing + out_begin, out_end - out_begin);
      if (written < 0 && errno != EAGAIN) fail("write requests");
      if (written > 0) out_begin += written;
    }
    if (!wishes[0].revents) continue;
    in_end += read_some(incoming + in_end, batch_bytes - in_end);
    size_t in_begin = 0;
    for (;;) {
      char *lf = memchr(incoming + in_begin, '\n', in_end - in_begin);
      if (lf == NULL) break;
      size_t answer_end = lf + 1 - incoming;
      check_answer(incoming + in_begin, answer_end - in_begin, length, id + answered++);
      in_begin = answer_end;
    }
    in_end -= in_begin;
    memmove(incoming, incoming + in_begin, in_end);
  }
  double took = now_us() - begin;
  free(outgoing);
  free(incoming);
  return took;
}

static void measure_throughput(size_t length, long count) {
  const char *request = make_message(length, REQUEST_BODY, REQUEST_END);
  fcntl(to_command, F_SETFL, O_NONBLOCK);
  long warm_up = 2000 + count / 5;
  stream(request, length, ID_FIRST, warm_up);
  double took = stream(request, length, ID_FIRST + warm_up, count);
  end();
  printf("{\"messagesPerSecond\":%.0f}\n", count / took * 1e6);
}

/* Resident memory of COMMAND itself, not of what it started. */
static long resident_kib(void) {
  char path[64], line[256];
  long kib = -1;
  snprintf(path, sizeof path, "/proc/%d/status", command);
  FILE *status = fopen(path, "r");
  if (status == NULL) fail("read the memory of the command");
  while (fgets(line, sizeof line, status) != NULL) sscanf(line, "VmRSS: %ld", &kib);
  fclose(status);
  return kib;
}

static void measure_start(size_t length, double begin) {
  char *request = make_message(length, REQUEST_BODY, REQUEST_END);
  round_trip(request, malloc(2 * length), length, ID_FIRST);
  double first_answer = now_us() - begin;
  usleep(REST_MS * 1000);
  long kib = resident_kib();
  end();
  printf("{\"firstAnswerMs\":%.2f,\"restingMiB\":%.1f}\n", first_answer / 1e3, kib / 1024.0);
}

int main(int argc, char **argv) {
  if (argc < 6 || strcmp(argv[4], "--") != 0) {
    fprintf(stderr, "usage: load_client start|latency|throughput BYTES COUNT -- COMMAND [ARGUMENT…]\n");
    return 2;
  }
  const char *mode = argv[1];
  size_t length = atol(argv[2]);
  long count = atol(argv[3]);
  signal(SIGPIPE, SIG_IGN);
  alarm(TIMEOUT_SECONDS); /* our end closes the pipes, and COMMAND ends with them */

  double begin = now_us();
  start(argv + 5);
  if (strcmp(mode, "start") == 0) measure_start(length, begin);
  else if (strcmp(mode, "latency") == 0) measure_latency(length, count);
  else if (strcmp(mode, "throughput") == 0) measure_throughput(length, count);
  else {
    fprintf(stderr, "Cannot measure \"%s\"\n", mode);
    end();
    return 2;
  }
  return 0;
}
