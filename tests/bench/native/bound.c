/* The upper bound for smtp-ingest: an SMTP server that does the least that is still honest.
 * epoll thread parses; every accepted message is appended to ONE log file; a second thread does
 * write + fdatasync for all that have come since the last one (group commit); 250 only after that.
 *   bound --port P --log FILE [--nosync]        (runs until SIGTERM; LMTP: LHLO is taken too) */
#include "common.h"
#include <pthread.h>
#include <sys/eventfd.h>
struct conn { int fd, st, evout; char *in; size_t n, cap, scan; char out[256]; int outn; struct conn *next; int waiting, dead; };
static pthread_mutex_t mu = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cv = PTHREAD_COND_INITIALIZER;
static struct conn *pend, *pend_tail, *done_list;
static char *stage; static size_t stage_n, stage_cap;
static int logfd, efd, nosync; static long commits, committed;
static volatile sig_atomic_t stop;
static void on_term(int s) { (void)s; stop = 1; }
static void *committer(void *x) {
  (void)x;
  char *mine = NULL; size_t cap = 0;
  for (;;) {
    pthread_mutex_lock(&mu);
    while (!pend) pthread_cond_wait(&cv, &mu);
    struct conn *batch = pend; pend = pend_tail = NULL;
    char *t = stage; size_t tc = stage_cap, n = stage_n;
    stage = mine; stage_cap = cap; stage_n = 0; mine = t; cap = tc;
    pthread_mutex_unlock(&mu);
    for (size_t o = 0; o < n;) { ssize_t r = write(logfd, mine + o, n - o); if (r < 0) die("write"); o += r; }
    if (!nosync) fdatasync(logfd);
    commits++;
    pthread_mutex_lock(&mu);
    while (batch) { struct conn *c = batch; batch = c->next; c->next = done_list; done_list = c; committed++; }
    pthread_mutex_unlock(&mu);
    uint64_t one = 1; if (write(efd, &one, 8) < 0) {}
  }
  return NULL;
}
static void put(struct conn *c, const char *s) { size_t l = strlen(s); if (c->outn + l < sizeof c->out) { memcpy(c->out + c->outn, s, l); c->outn += l; } }
static void flush(struct conn *c) { if (c->outn) { ssize_t r = send(c->fd, c->out, c->outn, MSG_NOSIGNAL); (void)r; c->outn = 0; } }
static void step(struct conn *c) { /* consume what is complete */
  size_t p = 0;
  while (!c->waiting) {
    if (c->st == 1) {
      size_t from = c->scan > p + 4 ? c->scan - 4 : p;
      char *e;
      if (c->n - p >= 3 && !memcmp(c->in + p, ".\r\n", 3)) e = c->in + p - 2;
      else e = memmem(c->in + from, c->n - from, "\r\n.\r\n", 5);
      if (!e) { c->scan = c->n; break; }
      size_t len = e + 5 - (c->in + p);
      pthread_mutex_lock(&mu);
      if (stage_n + len > stage_cap) stage = realloc(stage, stage_cap = (stage_n + len) * 2);
      memcpy(stage + stage_n, c->in + p, len); stage_n += len;
      c->next = NULL; if (pend_tail) pend_tail->next = c; else pend = c;
      pend_tail = c; c->waiting = 1;
      pthread_cond_signal(&cv);
      pthread_mutex_unlock(&mu);
      p += len; c->st = 0;
      break;
    }
    char *nl = memchr(c->in + p, '\n', c->n - p);
    if (!nl) break;
    char *l = c->in + p;
    if (!strncasecmp(l, "EHLO", 4) || !strncasecmp(l, "LHLO", 4)) put(c, "250-bound\r\n250-PIPELINING\r\n250 SIZE\r\n");
    else if (!strncasecmp(l, "DATA", 4)) { put(c, "354 go\r\n"); c->st = 1; }
    else if (!strncasecmp(l, "QUIT", 4)) { put(c, "221 bye\r\n"); c->dead = 1; }
    else put(c, "250 ok\r\n");
    p = nl + 1 - c->in;
    c->scan = p;
  }
  if (p) { memmove(c->in, c->in + p, c->n - p); c->n -= p; }
  c->scan = c->scan > p ? c->scan - p : 0;
  flush(c);
}
static void gone(struct conn *c) { close(c->fd); free(c->in); free(c); }
int main(int argc, char **argv) {
  g_argc = argc; g_argv = argv;
  signal(SIGPIPE, SIG_IGN); signal(SIGTERM, on_term); signal(SIGINT, on_term);
  nosync = flagn("nosync", 0);
  logfd = open(flag("log", "bound.log"), O_WRONLY | O_CREAT | O_APPEND, 0600);
  if (logfd < 0) die("log");
  int l = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
  setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(flagn("port", 20025))};
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(l, (void *)&a, sizeof a) || listen(l, 1024)) die("bind");
  int ep = epoll_create1(0); efd = eventfd(0, EFD_NONBLOCK);
  static int lk, ek;
  struct epoll_event e = {.events = EPOLLIN, .data.ptr = &lk}, ev[256];
  epoll_ctl(ep, EPOLL_CTL_ADD, l, &e);
  e.data.ptr = &ek; epoll_ctl(ep, EPOLL_CTL_ADD, efd, &e);
  pthread_t th; pthread_create(&th, NULL, committer, NULL);
  while (!stop) {
    int k = epoll_wait(ep, ev, 256, 500);
    for (int i = 0; i < k; i++) {
      if (ev[i].data.ptr == &lk) {
        int fd;
        while ((fd = accept4(l, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
          setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
          struct conn *c = calloc(1, sizeof *c); c->fd = fd; c->in = malloc(c->cap = 1 << 17);
          e.events = EPOLLIN; e.data.ptr = c; epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
          put(c, "220 bound ESMTP\r\n"); flush(c);
        }
      } else if (ev[i].data.ptr == &ek) {
        uint64_t v; if (read(efd, &v, 8) < 0) {}
        pthread_mutex_lock(&mu); struct conn *d = done_list; done_list = NULL; pthread_mutex_unlock(&mu);
        while (d) { struct conn *c = d; d = c->next; c->waiting = 0; put(c, "250 2.0.0 ok\r\n"); if (c->dead) gone(c); else step(c); }
      } else {
        struct conn *c = ev[i].data.ptr;
        if (c->n == c->cap) c->in = realloc(c->in, c->cap *= 2);
        ssize_t r = read(c->fd, c->in + c->n, c->cap - c->n);
        if (r < 0 && errno == EAGAIN) continue;
        if (r <= 0) { epoll_ctl(ep, EPOLL_CTL_DEL, c->fd, NULL); if (c->waiting) c->dead = 1; else gone(c); continue; }
        c->n += r;
        step(c);
      }
    }
  }
  printf("{\"messages\":%ld,\"commits\":%ld}\n", committed, commits);
}
