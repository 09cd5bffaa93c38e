/* SMTP sink: takes everything, stores nothing. "READY" goes to stdout first; JSON when --msgs have come, or at --limit
 * seconds, or on SIGTERM.
 *
 *   sink --port P [--msgs N] [--limit 120] [--delay MS]
 *
 * --delay: every reply leaves so much later than it could, as over a network of that round trip.
 * drained_s is the time between the first connection and the last message.
 */
#include "common.h"

struct conn { int fd, data, refs, gone; char in[65536]; size_t n; int tail; };
/* Replies that wait: the delay is the same for all, so they leave in their order. */
struct reply { double due; struct conn *c; const char *text; };
static struct reply *ring;
static size_t ring_cap = 1 << 16, ring_head, ring_len;
static double delay;
static volatile sig_atomic_t stop;
static void on_term(int s) { (void)s; stop = 1; }

static void release(struct conn *c) {
  if (c->gone && !c->refs) free(c);
}
static void put(struct conn *c, const char *text) {
  if (!delay) {
    if (send(c->fd, text, strlen(text), MSG_NOSIGNAL) < 0) {}
    return;
  }
  if (ring_len == ring_cap) {
    struct reply *more = malloc(2 * ring_cap * sizeof *more);
    for (size_t i = 0; i < ring_len; i++) more[i] = ring[(ring_head + i) % ring_cap];
    free(ring);
    ring = more;
    ring_head = 0;
    ring_cap *= 2;
  }
  ring[(ring_head + ring_len++) % ring_cap] = (struct reply){now() + delay, c, text};
  c->refs++;
}
static int flush_due(void) {
  double t = now();
  while (ring_len && ring[ring_head].due <= t) {
    struct reply r = ring[ring_head];
    ring_head = (ring_head + 1) % ring_cap;
    ring_len--;
    r.c->refs--;
    if (!r.c->gone) {
      if (send(r.c->fd, r.text, strlen(r.text), MSG_NOSIGNAL) < 0) {}
    }
    release(r.c);
  }
  if (!ring_len) return 200;
  int ms = (int)((ring[ring_head].due - t) * 1000) + 1;
  return ms > 200 ? 200 : ms;
}

static long got, bytes, connects;
static double t_first, t_last;

/* One line without its CRLF. */
static void line(struct conn *c, char *s, size_t n) {
  if (c->data) {
    bytes += n + 2;
    if (n != 1 || s[0] != '.') return;
    c->data = 0;
    got++;
    t_last = now();
    put(c, "250 2.0.0 taken\r\n");
    return;
  }
  if (!strncasecmp(s, "EHLO", 4) || !strncasecmp(s, "LHLO", 4)) put(c, "250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 104857600\r\n");
  else if (!strncasecmp(s, "DATA", 4)) { c->data = 1; put(c, "354 go\r\n"); }
  else if (!strncasecmp(s, "QUIT", 4)) put(c, "221 bye\r\n");
  else put(c, "250 2.1.0 yes\r\n");
}

int main(int argc, char **argv) {
  g_argc = argc;
  g_argv = argv;
  signal(SIGTERM, on_term);
  signal(SIGINT, on_term);
  signal(SIGPIPE, SIG_IGN);
  long msgs = flagn("msgs", 0);
  double limit = atof(flag("limit", "120"));
  delay = atof(flag("delay", "0")) / 1000;
  ring = malloc(ring_cap * sizeof *ring);
  int l = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
  setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(flagn("port", 20025))};
  a.sin_addr.s_addr = htonl(INADDR_ANY);
  if (bind(l, (void *)&a, sizeof a) || listen(l, 1024)) die("bind: %s", strerror(errno));
  int ep = epoll_create1(0);
  struct epoll_event e = {.events = EPOLLIN, .data.ptr = NULL}, ev[256];
  epoll_ctl(ep, EPOLL_CTL_ADD, l, &e);
  printf("READY\n");
  fflush(stdout);
  double t0 = now();
  while (!stop && (!msgs || got < msgs) && now() - t0 < limit) {
    int k = epoll_wait(ep, ev, 256, flush_due());
    for (int i = 0; i < k; i++) {
      struct conn *c = ev[i].data.ptr;
      if (!c) {
        int fd;
        while ((fd = accept4(l, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
          setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
          c = calloc(1, sizeof *c);
          c->fd = fd;
          connects++;
          struct epoll_event x = {.events = EPOLLIN, .data.ptr = c};
          epoll_ctl(ep, EPOLL_CTL_ADD, fd, &x);
          if (!t_first) t_first = now();
          put(c, "220 sink ESMTP\r\n");
        }
        continue;
      }
      ssize_t r = read(c->fd, c->in + c->n, sizeof c->in - 1 - c->n);
      if (r < 0 && errno == EAGAIN) continue;
      if (r <= 0) {
        close(c->fd);
        c->gone = 1;
        release(c);
        continue;
      }
      c->n += r;
      size_t at = 0;
      for (char *end; (end = memchr(c->in + at, '\n', c->n - at)); at = end - c->in + 1) {
        size_t n = end - (c->in + at);
        if (n && c->in[at + n - 1] == '\r') n--;
        line(c, c->in + at, n);
      }
      memmove(c->in, c->in + at, c->n -= at);
      if (c->n == sizeof c->in - 1) c->n = 0; /* a line without end */
    }
  }
  printf("{\"messages\":%ld,\"bytes\":%ld,\"connections\":%ld,\"drained_s\":%.4f}\n", got, bytes, connects, t_last - t_first);
  return 0;
}
