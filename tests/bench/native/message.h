/*
 * The one request and the one answer of the benchmark, byte for byte. Both have the same length, and their id stands
 * at the same place and has always ten digits: neither program has to parse anything while the clock runs.
 */
#ifndef MESSAGE_H
#define MESSAGE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD "{\"jsonrpc\":\"2.0\",\"id\":"
#define ID_AT (sizeof HEAD - 1)
#define ID_DIGITS 10
#define ID_FIRST 1000000000L

#define REQUEST_BODY ",\"method\":\"tools/call\",\"params\":{\"name\":\"echo\",\"arguments\":{\"text\":\""
#define REQUEST_END "\"}}}\n"
#define ANSWER_BODY ",\"result\":{\"content\":[{\"type\":\"text\",\"text\":\""
#define ANSWER_END "\"}]}}\n"

#define MESSAGE_BYTES_MIN 128

/* Prose, as arguments and results mostly are: a run of one letter would be an odd text for a search for secrets. */
static const char PROSE[] =
    "The harbour was quiet that morning, and the ferry to the islands left nine minutes late. ";

static inline void write_id(char *message, long id) {
  for (int digit = ID_DIGITS - 1; digit >= 0; digit--, id /= 10) message[ID_AT + digit] = '0' + id % 10;
}

static inline long read_id(const char *message) {
  long id = 0;
  for (int digit = 0; digit < ID_DIGITS; digit++) id = id * 10 + (message[ID_AT + digit] - '0');
  return id;
}

/* A message of exactly `length` bytes, its LF included. */
static inline char *make_message(size_t length, const char *body, const char *end) {
  char *message = malloc(length + 1);
  if (message == NULL || length < MESSAGE_BYTES_MIN) {
    fprintf(stderr, "Cannot make a message of %zu bytes\n", length);
    exit(1);
  }
  size_t at = ID_AT + ID_DIGITS;
  memcpy(message, HEAD, ID_AT);
  write_id(message, ID_FIRST);
  memcpy(message + at, body, strlen(body));
  at += strlen(body);
  for (size_t i = 0; at < length - strlen(end); i++, at++) message[at] = PROSE[i % (sizeof PROSE - 1)];
  memcpy(message + at, end, strlen(end) + 1);
  return message;
}

#endif
