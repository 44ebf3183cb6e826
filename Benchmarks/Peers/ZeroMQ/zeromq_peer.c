// What bare libzmq does with the bytes that runnel gets: the other side of `make bench-daemon`.
//
//   zeromq_peer receive ENDPOINT                      binds PULL and takes messages until it has not got one for 1 s
//   zeromq_peer echo IN OUT BYTES                     binds PULL and PUB; answers each message of samples with as many bytes
//                                                     of JSON, in which a label says what it was decided with
//   zeromq_peer send ENDPOINT MESSAGES STREAMS ROWS CHANNELS
//                                                     connects PUSH: messages of the runnel format as fast as they are taken;
//                                                     prints messages a second
//   zeromq_peer publish ENDPOINT RATE SECONDS STREAMS ROWS CHANNELS
//                                                     binds XPUB, waits for a subscriber, and publishes so many messages a
//                                                     second; a subscriber that is too slow loses them, as of any publisher
//   zeromq_peer latency IN OUT RATE SECONDS STREAMS   connects PUSH and SUB: one-row messages at a steady rate; prints p50
//                                                     and p99 in µs from the time each was due until its answer came,
//                                                     and the mean bytes of an answer
//
// The answer to a message is the label that was decided with its row ("decided" in its JSON), or what looks like one.
// The messages are those of docs/wire-format.md §3: topic, header of 64 bytes, payload of int16.

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zmq.h>

static void *context;

static int64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void fail(const char *what) {
  fprintf(stderr, "zeromq_peer: %s: %s\n", what, zmq_strerror(zmq_errno()));
  exit(69);
}

static void *opened(int type, const char *endpoint, int binds) {
  void *socket = zmq_socket(context, type);
  int linger = 2000, water = 65536;
  zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof linger);
  zmq_setsockopt(socket, ZMQ_RCVHWM, &water, sizeof water);
  zmq_setsockopt(socket, ZMQ_SNDHWM, &water, sizeof water);
  if (type == ZMQ_SUB) zmq_setsockopt(socket, ZMQ_SUBSCRIBE, "", 0);
  if ((binds ? zmq_bind : zmq_connect)(socket, endpoint) != 0) fail(endpoint);
  return socket;
}

// MARK: messages of the runnel format

struct stream {
  char topic[32], description_topic[32];
  int64_t next_index;
  uint64_t next_sequence;
};

static void put(uint8_t *header, int at, const void *value, int size) { memcpy(header + at, value, size); }

// Kind 1 is samples, 3 the end.
static void header_of(uint8_t *header, const struct stream *stream, int kind, uint32_t channels, uint32_t rows) {
  const uint64_t epoch = 7;
  const double rate = 360;
  const uint16_t length = 64;
  memset(header, 0, 64);
  memcpy(header, "RNL1", 4);
  header[4] = 1;
  header[5] = (uint8_t)kind;
  header[6] = 3;
  put(header, 8, &length, 2);
  put(header, 16, &epoch, 8);
  put(header, 24, &stream->next_sequence, 8);
  put(header, 32, &stream->next_index, 8);
  put(header, 48, &rate, 8);
  put(header, 56, &channels, 4);
  put(header, 60, &rows, 4);
}

static void send_part(void *socket, const void *data, size_t size, int flags) {
  while (zmq_send(socket, data, size, flags) < 0)
    if (errno != EINTR) fail("send");
}

static void send_samples(void *socket, struct stream *stream, int channels, int rows) {
  static int16_t payload[1 << 16];
  uint8_t header[64];
  header_of(header, stream, 1, channels, rows);
  for (int k = 0; k < channels * rows; k++) payload[k] = (int16_t)((stream->next_index * 37 + k * 11) % 400);
  send_part(socket, stream->topic, strlen(stream->topic), ZMQ_SNDMORE);
  send_part(socket, header, 64, ZMQ_SNDMORE);
  send_part(socket, payload, sizeof(int16_t) * channels * rows, 0);
  stream->next_index += rows;
  stream->next_sequence += 1;
}

static struct stream *described(void *socket, int streams, int channels) {
  struct stream *all = calloc(streams, sizeof *all);
  char *json = malloc(200 + 100 * (size_t)channels);
  for (int s = 0; s < streams; s++) {
    snprintf(all[s].topic, sizeof all[s].topic, "s/s%d/", s);
    snprintf(all[s].description_topic, sizeof all[s].description_topic, "m/s%d/", s);
    int n = sprintf(json, "{\"v\":1,\"stream\":\"s%d\",\"epoch\":\"7\",\"rate\":360.0,\"dtype\":\"i16\",\"channels\":[", s);
    for (int c = 0; c < channels; c++)
      n += sprintf(json + n, "%s{\"name\":\"c%d\",\"unit\":\"mV\",\"scale\":0.005,\"offset\":0.0}", c ? "," : "", c);
    n += sprintf(json + n, "]}");
    send_part(socket, all[s].description_topic, strlen(all[s].description_topic), ZMQ_SNDMORE);
    send_part(socket, json, n, 0);
  }
  free(json);
  return all;
}

static void send_ends(void *socket, struct stream *all, int streams, int channels) {
  uint8_t header[64];
  for (int s = 0; s < streams; s++) {
    header_of(header, &all[s], 3, channels, 0);
    send_part(socket, all[s].topic, strlen(all[s].topic), ZMQ_SNDMORE);
    send_part(socket, header, 64, ZMQ_SNDMORE);
    send_part(socket, "", 0, 0);
  }
}

// MARK: the programs

static int receive(const char *endpoint) {
  void *in = opened(ZMQ_PULL, endpoint, 1);
  zmq_msg_t part;
  zmq_msg_init(&part);
  int64_t messages = 0, began = 0, last = 0;
  int timeout = -1;
  while (1) {
    if (zmq_msg_recv(&part, in, 0) < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN) break;
      fail("receive");
    }
    if (zmq_msg_more(&part)) continue;
    messages++;
    if (messages == 1) {
      began = now();
      timeout = 1000;
      zmq_setsockopt(in, ZMQ_RCVTIMEO, &timeout, sizeof timeout);
    }
    if (messages % 1024 == 0) last = now();
  }
  printf("{\"messages\": %lld, \"messages_per_second\": %.0f}\n", (long long)messages,
         last > began ? messages * 1e9 / (last - began) : 0.0);
  return 0;
}

// The bytes of a label, and nothing computed: the same text each time, but for the row's index in its middle.
_Noreturn static void echo(const char *from, const char *to, int size) {
  void *in = opened(ZMQ_PULL, from, 1), *out = opened(ZMQ_PUB, to, 1);
  const char *start = "{\"v\":1,\"kind\":\"label\",\"";
  if (size < 128 || size > 4000) fail("a label has 128 to 4000 bytes");
  char label[4096], topic[64] = "", number[32];
  memset(label, 'x', sizeof label);
  memcpy(label, start, strlen(start));
  uint8_t body[1 << 16];
  int part = 0;
  int64_t index = -1;
  while (1) {
    int got = zmq_recv(in, body, sizeof body, 0);
    if (got < 0) {
      if (errno == EINTR) continue;
      fail("receive");
    }
    int more = 0;
    size_t more_size = sizeof more;
    zmq_getsockopt(in, ZMQ_RCVMORE, &more, &more_size);
    if (part == 0) snprintf(topic, sizeof topic, "%.*s", got, (const char *)body);
    if (part == 1 && got == 64 && body[5] == 1) memcpy(&index, body + 32, 8);
    part++;
    if (more) continue;
    if (index >= 0) {
      topic[0] = 'l';
      int length = snprintf(number, sizeof number, "\"decided\":%lld,", (long long)index);
      memcpy(label + size / 2, number, length);
      send_part(out, topic, strlen(topic), ZMQ_SNDMORE);
      send_part(out, label, size, 0);
    }
    part = 0;
    index = -1;
  }
}

static int send_all(const char *endpoint, long messages, int streams, int rows, int channels) {
  void *out = opened(ZMQ_PUSH, endpoint, 0);
  struct stream *all = described(out, streams, channels);
  int64_t began = now();
  for (long n = 0; n < messages; n++) send_samples(out, &all[n % streams], channels, rows);
  int64_t ended = now();
  send_ends(out, all, streams, channels);
  printf("{\"messages\": %ld, \"messages_per_second\": %.0f}\n", messages, messages * 1e9 / (ended - began));
  zmq_close(out);
  zmq_ctx_term(context);
  return 0;
}

static int publish(const char *endpoint, double rate, double seconds, int streams, int rows, int channels) {
  void *out = opened(ZMQ_XPUB, endpoint, 1);
  uint8_t subscription[256];
  if (zmq_recv(out, subscription, sizeof subscription, 0) < 0) fail("receive a subscription");
  struct stream *all = described(out, streams, channels);
  long total = (long)(rate * seconds), sent = 0;
  int64_t began = now();
  while (sent < total) {
    long due = (long)((now() - began) * 1e-9 * rate);
    for (; sent < due && sent < total; sent++) send_samples(out, &all[sent % streams], channels, rows);
    struct timespec pause = {0, 200000};
    nanosleep(&pause, NULL);
  }
  int64_t ended = now();
  send_ends(out, all, streams, channels);
  printf("{\"messages\": %ld, \"messages_per_second\": %.0f}\n", sent, sent * 1e9 / (ended - began));
  zmq_close(out);
  zmq_ctx_term(context);
  return 0;
}

static int ascending(const void *a, const void *b) {
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return (x > y) - (x < y);
}

static int latency(const char *to, const char *from, double rate, double seconds, int streams) {
  void *out = opened(ZMQ_PUSH, to, 0), *in = opened(ZMQ_SUB, from, 0);
  // A subscription needs a while to arrive; what is missed of the first answers is not measured.
  struct timespec pause = {0, 300000000};
  nanosleep(&pause, NULL);
  struct stream *all = described(out, streams, 1);
  long total = (long)(rate * seconds), sent = 0, count = 0, answered = 0, bytes = 0;
  int64_t *took = malloc(sizeof(int64_t) * (total + 1));
  char body[4096];
  int64_t interval = (int64_t)(1e9 / rate), start = now() + 10000000, deadline = start + (int64_t)(seconds * 1e9) + 1000000000;
  zmq_pollitem_t items[] = {{in, 0, ZMQ_POLLIN, 0}};
  while (answered < total && now() < deadline) {
    while (sent < total && start + sent * interval <= now()) {
      send_samples(out, &all[sent % streams], 1, 1);
      sent++;
    }
    // zmq_poll counts in milliseconds; what is due sooner is waited for awake, alike for both sides.
    int64_t next = sent < total ? start + sent * interval - now() : 1000000000;
    if (zmq_poll(items, 1, next > 2000000 ? (long)(next / 1000000) - 1 : 0) <= 0) continue;
    int size = zmq_recv(in, body, sizeof body - 1, ZMQ_DONTWAIT);
    if (size < 0) continue;
    char topic[64];
    int more = 0;
    size_t more_size = sizeof more;
    memcpy(topic, body, size < 63 ? size : 63);
    topic[size < 63 ? size : 63] = 0;
    long answer = -1;
    int part = 0;
    zmq_getsockopt(in, ZMQ_RCVMORE, &more, &more_size);
    while (more) {
      size = zmq_recv(in, body, sizeof body - 1, 0);
      if (size > (int)sizeof body - 1) size = sizeof body - 1;
      body[size < 0 ? 0 : size] = 0;
      part++;
      if (topic[0] == 'l' && part == 1 && strstr(body, "\"kind\":\"label\"")) {
        const char *decided = strstr(body, "\"decided\":");
        if (decided) answer = atol(decided + 10) * streams + atol(topic + 3);
      }
      zmq_getsockopt(in, ZMQ_RCVMORE, &more, &more_size);
    }
    if (answer < 0) continue;
    answered++;
    bytes += size;
    // The first tenth warms up.
    if (answer >= total / 10) took[count++] = now() - (start + answer * interval);
  }
  qsort(took, count, sizeof *took, ascending);
  if (count == 0) {
    fprintf(stderr, "zeromq_peer: no answer came\n");
    return 1;
  }
  printf("{\"messages\": %ld, \"answers\": %ld, \"p50_us\": %.1f, \"p99_us\": %.1f, \"bytes\": %ld}\n", sent, count,
         took[count / 2] / 1e3, took[count * 99 / 100] / 1e3, bytes / answered);
  return 0;
}

int main(int argc, char **argv) {
  context = zmq_ctx_new();
  if (argc == 3 && !strcmp(argv[1], "receive")) return receive(argv[2]);
  if (argc == 5 && !strcmp(argv[1], "echo")) echo(argv[2], argv[3], atoi(argv[4]));
  if (argc == 7 && !strcmp(argv[1], "send"))
    return send_all(argv[2], atol(argv[3]), atoi(argv[4]), atoi(argv[5]), atoi(argv[6]));
  if (argc == 8 && !strcmp(argv[1], "publish"))
    return publish(argv[2], atof(argv[3]), atof(argv[4]), atoi(argv[5]), atoi(argv[6]), atoi(argv[7]));
  if (argc == 7 && !strcmp(argv[1], "latency"))
    return latency(argv[2], argv[3], atof(argv[4]), atof(argv[5]), atoi(argv[6]));
  fprintf(stderr, "usage: zeromq_peer receive|echo|send|publish|latency …; see the head of zeromq_peer.c\n");
  return 64;
}
