/*
 * A tool server that answers every request at once, with a result as long as the request.
 *
 * It costs as little as a server can: what the benchmark measures is what stands before it.
 */
#define _GNU_SOURCE
#include "message.h"
#include <unistd.h>

#define READ_BYTES 65536

struct buffer {
  char *bytes;
  size_t used, size;
};

static void make_room(struct buffer *buffer, size_t room) {
  if (buffer->size - buffer->used >= room) return;
  buffer->size = 2 * buffer->size + room;
  buffer->bytes = realloc(buffer->bytes, buffer->size);
  if (buffer->bytes == NULL) _exit(1);
}

static void write_all(const char *bytes, size_t count) {
  while (count > 0) {
    ssize_t written = write(STDOUT_FILENO, bytes, count);
    if (written <= 0) _exit(1);
    bytes += written;
    count -= written;
  }
}

int main(void) {
  struct buffer requests = {0}, answers = {0};
  char *answer = NULL; /* kept from one request to the next of the same length */
  size_t answer_length = 0;
  size_t searched = 0; /* what of `requests` is known to hold no LF */

  for (;;) {
    make_room(&requests, READ_BYTES);
    ssize_t count = read(STDIN_FILENO, requests.bytes + requests.used, READ_BYTES);
    if (count <= 0) return count < 0;
    requests.used += count;

    size_t begin = 0;
    for (;;) {
      char *end = memchr(requests.bytes + searched, '\n', requests.used - searched);
      if (end == NULL) break;
      const char *request = requests.bytes + begin;
      size_t length = end + 1 - request;
      if (length < MESSAGE_BYTES_MIN || memcmp(request, HEAD, ID_AT) != 0) {
        fprintf(stderr, "Cannot answer: not a request of the benchmark: %.*s\n", (int)(length < 200 ? length : 200), request);
        return 1;
      }
      if (length != answer_length) {
        free(answer);
        answer = make_message(length, ANSWER_BODY, ANSWER_END);
        answer_length = length;
      }
      memcpy(answer + ID_AT, request + ID_AT, ID_DIGITS);
      make_room(&answers, length);
      memcpy(answers.bytes + answers.used, answer, length);
      answers.used += length;
      begin = searched = end + 1 - requests.bytes;
    }
    write_all(answers.bytes, answers.used);
    answers.used = 0;

    requests.used -= begin;
    memmove(requests.bytes, requests.bytes + begin, requests.used);
    searched = requests.used;
  }
}
