/* What the Glibc module does not import, or imports in a form that is awkward or unsafe from Swift.
 *
 * Static inline functions only: a system library target compiles nothing. Two conventions hold throughout:
 *  - a call that can fail returns its result, or -errno. Swift may release an object between a call and a read of
 *    `errno`, and before glibc 2.33 free(3) was allowed to change it; so errno is read here, in the same function.
 *  - a call that a signal interrupts is made again (EINTR), except where a comment says otherwise.
 */
#ifndef SWIFTAMQP_CPLATFORM_SHIM_H
#define SWIFTAMQP_CPLATFORM_SHIM_H

/* No feature macro is defined here: types that both this module and Glibc define must come out the same in both, or the
 * importer refuses them (fd_set has other member names under _GNU_SOURCE). What only GNU mode declares is called by its
 * system call number. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* ---- errors ---- */

/* strerror_r(3) has two forms that only feature macros tell apart, and which one the compiler sees depends on how the
 * module of <string.h> was built. Overloading on the type of its result is right for both. */
static inline const char *cplatform_strerror_pick(char *text, const char *buffer) __attribute__((overloadable)) {
    (void)buffer;
    return text;
}
static inline const char *cplatform_strerror_pick(int status, const char *buffer) __attribute__((overloadable)) {
    (void)status;
    return buffer;
}

/* Writes the text of an error, always terminated, into `buffer`. */
static inline void cplatform_strerror(int error, char *buffer, size_t size) {
    char scratch[256];
    const char *text;
    size_t length;
    if (size == 0) return;
    scratch[0] = '\0';
    text = cplatform_strerror_pick(strerror_r(error, scratch, sizeof scratch), scratch);
    length = text ? strnlen(text, size - 1) : 0;
    if (length) memcpy(buffer, text, length);
    buffer[length] = '\0';
}

/* ---- clocks ---- */

/* Nanoseconds of a clock; they fit 63 bits for 292 years after boot. 0 if there is no such clock. */
static inline int64_t cplatform_clock_ns(clockid_t clock) {
    struct timespec t;
    if (clock_gettime(clock, &t) != 0) return 0;
    return (int64_t)t.tv_sec * 1000000000 + (int64_t)t.tv_nsec;
}
static inline int64_t cplatform_monotonic_ns(void) { return cplatform_clock_ns(CLOCK_MONOTONIC); }
static inline int64_t cplatform_monotonic_coarse_ns(void) { return cplatform_clock_ns(CLOCK_MONOTONIC_COARSE); }

/* ---- epoll(7), eventfd(2) ---- */

/* epoll_event is packed on x86-64 and holds a union: both are kept out of Swift. */
static inline void cplatform_event_set(struct epoll_event *event, uint32_t events, uint64_t token) {
    event->events = events;
    event->data.u64 = token;
}
static inline uint32_t cplatform_event_flags(const struct epoll_event *event) { return event->events; }
static inline uint64_t cplatform_event_token(const struct epoll_event *event) { return event->data.u64; }

static inline int cplatform_epoll_create(void) {
    int fd = epoll_create1(EPOLL_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

static inline int cplatform_epoll_ctl(int epfd, int op, int fd, uint32_t events, uint64_t token) {
    struct epoll_event event;
    cplatform_event_set(&event, events, token);
    return epoll_ctl(epfd, op, fd, &event) < 0 ? -errno : 0;
}
static inline int cplatform_epoll_add(int epfd, int fd, uint32_t events, uint64_t token) {
    return cplatform_epoll_ctl(epfd, EPOLL_CTL_ADD, fd, events, token);
}
static inline int cplatform_epoll_modify(int epfd, int fd, uint32_t events, uint64_t token) {
    return cplatform_epoll_ctl(epfd, EPOLL_CTL_MOD, fd, events, token);
}
static inline int cplatform_epoll_remove(int epfd, int fd) {
    return cplatform_epoll_ctl(epfd, EPOLL_CTL_DEL, fd, 0, 0);
}

/* glibc has epoll_pwait2 since 2.35 and Linux since 5.11; the system call works with an older glibc too. Its number is
 * 441 wherever numbers are unified (all architectures that Swift runs on). Not repeated after EINTR: the remaining time
 * is the caller's to compute. timeout_ns < 0 waits for ever. */
static inline int cplatform_epoll_pwait2(int epfd, struct epoll_event *events, int capacity, int64_t timeout_ns) {
#ifndef SYS_epoll_pwait2
#define CPLATFORM_SYS_EPOLL_PWAIT2 441
#else
#define CPLATFORM_SYS_EPOLL_PWAIT2 SYS_epoll_pwait2
#endif
    /* The kernel takes struct __kernel_timespec: two 64-bit fields everywhere. */
    struct { int64_t sec; int64_t nsec; } timeout;
    int n;
    timeout.sec = timeout_ns / 1000000000;
    timeout.nsec = timeout_ns % 1000000000;
    n = (int)syscall(CPLATFORM_SYS_EPOLL_PWAIT2, epfd, events, capacity, timeout_ns < 0 ? NULL : &timeout, NULL,
                     (size_t)8);
    return n < 0 ? -errno : n;
}

/* timeout_ms < 0 waits for ever. Not repeated after EINTR, see above. */
static inline int cplatform_epoll_wait(int epfd, struct epoll_event *events, int capacity, int timeout_ms) {
    int n = epoll_wait(epfd, events, capacity, timeout_ms);
    return n < 0 ? -errno : n;
}

static inline int cplatform_eventfd(void) {
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return fd < 0 ? -errno : fd;
}

/* EAGAIN says that the counter is full: the descriptor is readable, which is all a signal wants. */
static inline int cplatform_eventfd_signal(int fd) {
    uint64_t one = 1;
    ssize_t n;
    do { n = write(fd, &one, sizeof one); } while (n < 0 && errno == EINTR);
    return n < 0 && errno != EAGAIN ? -errno : 0;
}

/* 1 if it had been signalled, 0 if not. */
static inline int cplatform_eventfd_drain(int fd) {
    uint64_t count;
    ssize_t n;
    do { n = read(fd, &count, sizeof count); } while (n < 0 && errno == EINTR);
    if (n < 0) return errno == EAGAIN ? 0 : -errno;
    return 1;
}

/* ---- sockets ---- */

static inline int cplatform_tcp_socket(int family) {
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);
    return fd < 0 ? -errno : fd;
}

static inline int cplatform_accept(int fd) {
    int accepted;
    do { accepted = (int)syscall(SYS_accept4, fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK); } while (accepted < 0 && errno == EINTR);
    return accepted < 0 ? -errno : accepted;
}

/* 0 if connected, -EINPROGRESS if under way. An interrupted connect goes on by itself and must not be made again
 * (connect(2): EINTR), so it counts as under way. */
static inline int cplatform_connect(int fd, const struct sockaddr *address, socklen_t length) {
    if (connect(fd, address, length) == 0) return 0;
    return errno == EINTR ? -EINPROGRESS : -errno;
}

static inline int cplatform_set_option(int fd, int level, int name, int value) {
    return setsockopt(fd, level, name, &value, sizeof value) < 0 ? -errno : 0;
}
static inline int cplatform_set_nodelay(int fd) { return cplatform_set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1); }

/* Seconds before the first probe, seconds between probes, number of probes: tcp(7). */
static inline int cplatform_set_keepalive(int fd, int idle, int interval, int count) {
    int status = cplatform_set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    if (status == 0) status = cplatform_set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, idle);
    if (status == 0) status = cplatform_set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, interval);
    if (status == 0) status = cplatform_set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, count);
    return status;
}
static inline int cplatform_set_user_timeout(int fd, int milliseconds) {
    return cplatform_set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, milliseconds);
}

/* The pending error of a socket, which reading clears; as -errno, 0 if there is none. */
static inline int cplatform_socket_error(int fd) {
    int error = 0;
    socklen_t length = sizeof error;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0) return -errno;
    return -error;
}

/* MSG_NOSIGNAL: SIGPIPE would hit the host program. MSG_DONTWAIT: right even if somebody cleared O_NONBLOCK. */
static inline ssize_t cplatform_send(int fd, const void *bytes, size_t count) {
    ssize_t n;
    do { n = send(fd, bytes, count, MSG_NOSIGNAL | MSG_DONTWAIT); } while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}
/* writev(2) has no flags and would raise SIGPIPE. */
static inline ssize_t cplatform_sendmsg(int fd, struct iovec *vectors, size_t count) {
    struct msghdr message;
    ssize_t n;
    memset(&message, 0, sizeof message);
    message.msg_iov = vectors;
    message.msg_iovlen = count;
    do { n = sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT); } while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}
static inline ssize_t cplatform_recv(int fd, void *bytes, size_t capacity) {
    ssize_t n;
    do { n = recv(fd, bytes, capacity, MSG_DONTWAIT); } while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}
/* Fills the first piece, then the second. readv(2) has no flags and would wait. */
static inline ssize_t cplatform_recv2(int fd, void *first, size_t first_size, void *second, size_t second_size) {
    struct iovec vectors[2];
    struct msghdr message;
    ssize_t n;
    vectors[0].iov_base = first;
    vectors[0].iov_len = first_size;
    vectors[1].iov_base = second;
    vectors[1].iov_len = second_size;
    memset(&message, 0, sizeof message);
    message.msg_iov = vectors;
    message.msg_iovlen = 2;
    do { n = recvmsg(fd, &message, MSG_DONTWAIT); } while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}

/* Never repeated: Linux frees the descriptor before it can fail with EINTR, and the number may already be somebody
 * else's (close(2), "Dealing with error returns from close()"). */
static inline int cplatform_close(int fd) { return close(fd) < 0 ? -errno : 0; }

/* ---- threads ---- */

/* An adaptive mutex spins for a moment before it sleeps: our critical sections are tens of nanoseconds long. */
static inline int cplatform_mutex_init(pthread_mutex_t *mutex) {
#ifdef __GLIBC__
    pthread_mutexattr_t attributes;
    int status = pthread_mutexattr_init(&attributes);
    if (status != 0) return status;
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ADAPTIVE_NP);
    status = pthread_mutex_init(mutex, &attributes);
    pthread_mutexattr_destroy(&attributes);
    return status;
#else
    return pthread_mutex_init(mutex, NULL);
#endif
}

// A condition variable that counts time on CLOCK_MONOTONIC, as every deadline of this package does.
static inline int cplatform_cond_init(pthread_cond_t *condition) {
    pthread_condattr_t attributes;
    int status = pthread_condattr_init(&attributes);
    if (status != 0) return pthread_cond_init(condition, NULL);
    status = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    if (status == 0) status = pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
    return status;
}

// Waits until signalled or until `deadline_ns` of CLOCK_MONOTONIC; INT64_MAX is never. ETIMEDOUT after the deadline.
static inline int cplatform_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex, int64_t deadline_ns) {
    if (deadline_ns == INT64_MAX) return pthread_cond_wait(condition, mutex);
    struct timespec deadline = {
        .tv_sec = (time_t)(deadline_ns / 1000000000), .tv_nsec = (long)(deadline_ns % 1000000000)};
    return pthread_cond_timedwait(condition, mutex, &deadline);
}

/* Of the calling thread; cut to 15 bytes by the kernel. This is what pthread_setname_np(3) does for the own thread. */
static inline int cplatform_thread_set_name(const char *name) {
    return prctl(PR_SET_NAME, name, 0UL, 0UL, 0UL) < 0 ? -errno : 0;
}

/* Of the calling thread; 0 brings back the default (50 µs). */
static inline int cplatform_set_timer_slack(unsigned long nanoseconds) {
    return prctl(PR_SET_TIMERSLACK, nanoseconds, 0UL, 0UL, 0UL) < 0 ? -errno : 0;
}

/* Starts a thread that nobody waits for, in which no signal is ever handled that another thread could handle. The mask is set before the
 * thread exists and it inherits it, so there is no moment at which a signal of the host could run on our stack.
 * The signals of a thread's own faults stay open: blocked, they would kill the process without the host's crash handler
 * (signal(7), "synchronously-generated signals"), and nothing else is delivered to this thread by them. */
static inline int cplatform_thread_create(void *(*start)(void *), void *argument) {
    sigset_t blocked, before;
    pthread_t thread;
    pthread_attr_t attributes;
    int status = pthread_attr_init(&attributes);
    if (status != 0) return status;
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    sigfillset(&blocked);
    sigdelset(&blocked, SIGSEGV);
    sigdelset(&blocked, SIGBUS);
    sigdelset(&blocked, SIGFPE);
    sigdelset(&blocked, SIGILL);
    sigdelset(&blocked, SIGTRAP);
    sigdelset(&blocked, SIGSYS);
    status = pthread_sigmask(SIG_SETMASK, &blocked, &before);
    if (status == 0) {
        status = pthread_create(&thread, &attributes, start, argument);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    pthread_attr_destroy(&attributes);
    return status;
}

#endif
