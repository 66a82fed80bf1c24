// A loopback AMQP 0-9-1 server that swallows publishes and pours deliveries, for next to no CPU of its own.
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "sink.h"

enum { BACKLOG_LIMIT = 1024 * 1024 };  // a client that does not read its answers is not read either

static int poller = -1;
static struct connection *connections;

// What an event belongs to, when it is no connection.
static char listener_event, stdin_event, timer_event;

_Noreturn static void fail(const char *what) {
    perror(what);
    exit(1);
}

static bool watch(int fd, void *owner) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = owner};
    return epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) == 0;
}

static int listen_on_loopback(uint16_t port) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) fail("socket");
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (bind(fd, (struct sockaddr *)&address, size) < 0) fail("bind");
    if (listen(fd, 1024) < 0) fail("listen");
    if (getsockname(fd, (struct sockaddr *)&address, &size) < 0) fail("getsockname");
    printf("port %u\n", ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

static void accept_all(int listener) {
    int fd;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
        struct connection *c = must_allocate(sizeof *c);
        c->fd = fd;
        c->frame_max = FRAME_MAX;
        c->interest = EPOLLIN;
        c->next = connections;
        if (connections) connections->previous = c;
        connections = c;
        if (!watch(fd, c)) c->dead = true;
    }
    // EMFILE and its like would keep the listener readable for ever.
    if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) fail("accept");
}

static void update_interest(struct connection *c) {
    uint32_t interest = 0;
    if (buffer_length(&c->out) < BACKLOG_LIMIT) interest |= EPOLLIN;
    if (c->image_left || buffer_length(&c->out) || (c->ready_first && !c->finish)) interest |= EPOLLOUT;
    if (interest == c->interest) return;
    struct epoll_event event = {.events = interest, .data.ptr = c};
    if (epoll_ctl(poller, EPOLL_CTL_MOD, c->fd, &event) < 0) c->dead = true;
    c->interest = interest;
}

static bool has_work(const struct connection *c) {
    return c->image_left || buffer_length(&c->out) || c->ready_first || c->finish;
}

static void serve(struct connection *c, uint32_t events) {
    if (c->dead) return;
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) connection_read(c);
    if (!c->dead && has_work(c)) connection_write(c);
    if (!c->dead) update_interest(c);
}

// Some clients asked for heartbeats; without other traffic they would give us up.
static void tick(int timer) {
    static uint64_t seconds;
    uint64_t times;
    if (read(timer, &times, sizeof times) != sizeof times) return;
    seconds++;
    for (struct connection *c = connections; c; c = c->next) {
        if (c->heartbeat == 0 || c->stage != STAGE_RUNNING || c->dead) continue;
        if (seconds % (c->heartbeat > 3 ? c->heartbeat / 2 : 1) != 0) continue;
        frame_end(&c->out, frame_begin(&c->out, FRAME_HEARTBEAT, 0));
        connection_write(c);
        if (!c->dead) update_interest(c);
    }
}

static void reap(void) {
    for (struct connection *c = connections, *next; c; c = next) {
        next = c->next;
        if (!c->dead) continue;
        if (c->previous)
            c->previous->next = c->next;
        else
            connections = c->next;
        if (c->next) c->next->previous = c->previous;
        connection_release(c);
    }
}

static double seconds(struct timeval t) { return (double)t.tv_sec + (double)t.tv_usec / 1e6; }

static void print_statistics(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    const struct statistics *s = &statistics;
    fprintf(stderr,
            "{\"published\":%llu,\"confirms_sent\":%llu,\"delivered\":%llu,\"settled\":%llu,\"reads\":%llu,"
            "\"octets_read\":%llu,\"writes\":%llu,\"octets_written\":%llu,\"user_seconds\":%.3f,\"sys_seconds\":%.3f}\n",
            (unsigned long long)s->published, (unsigned long long)s->confirms_sent, (unsigned long long)s->delivered,
            (unsigned long long)s->settled, (unsigned long long)s->reads, (unsigned long long)s->octets_read,
            (unsigned long long)s->writes, (unsigned long long)s->octets_written, seconds(usage.ru_utime),
            seconds(usage.ru_stime));
}

// Our parent holds the other end of stdin: when that is gone, so are we.
static bool stdin_ended(void) {
    char ignored[256];
    ssize_t n = read(STDIN_FILENO, ignored, sizeof ignored);
    return n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
}

_Noreturn static void usage(void) {
    fputs("usage: amqp-sink [--port N] [--stats]\n"
          "  --port N  listen on 127.0.0.1:N; 0, the default, takes a free port. Prints \"port N\".\n"
          "  --stats   at the end, print what was done and what it cost to stderr\n"
          "Ends when its stdin ends.\n",
          stderr);
    exit(2);
}

int main(int argc, char **argv) {
    unsigned long port = 0;
    bool stats = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--stats") == 0) {
            stats = true;
        } else if (strcmp(argv[i], "--port") == 0 && i + 1 < argc) {
            char *end;
            port = strtoul(argv[++i], &end, 10);
            if (end == argv[i] || *end || port > 65535) usage();
        } else {
            usage();
        }
    }

    signal(SIGPIPE, SIG_IGN);
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }

    poller = epoll_create1(EPOLL_CLOEXEC);
    if (poller < 0) fail("epoll_create1");
    int listener = listen_on_loopback((uint16_t)port);
    if (!watch(listener, &listener_event)) fail("epoll_ctl");
    // A file cannot be watched; the stdin of a sink is a pipe or a terminal.
    if (!watch(STDIN_FILENO, &stdin_event)) fail("stdin");
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    struct itimerspec every_second = {{1, 0}, {1, 0}};
    if (timer < 0 || timerfd_settime(timer, 0, &every_second, NULL) < 0) fail("timerfd");
    if (!watch(timer, &timer_event)) fail("epoll_ctl");

    for (;;) {
        struct epoll_event events[64];
        int count = epoll_wait(poller, events, 64, -1);
        if (count < 0 && errno != EINTR) fail("epoll_wait");
        bool dead = false;
        for (int i = 0; i < count; i++) {
            void *owner = events[i].data.ptr;
            if (owner == &listener_event) {
                accept_all(listener);
            } else if (owner == &timer_event) {
                tick(timer);
                dead = true;  // perhaps
            } else if (owner == &stdin_event) {
                if (!stdin_ended()) continue;
                if (stats) print_statistics();
                return 0;
            } else {
                serve(owner, events[i].events);
                dead |= ((struct connection *)owner)->dead;
            }
        }
        if (dead) reap();
    }
}
