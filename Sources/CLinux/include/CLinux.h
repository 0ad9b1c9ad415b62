// What Swift's Glibc module leaves out or turns into macros it cannot import: epoll, accept4,
// eventfd, signalfd, inotify, and the socket calls that take unions. Thin, static, no state.
#ifndef ISTHMUS_CLINUX_H
#define ISTHMUS_CLINUX_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <malloc.h>

#include "Enclosure.h"

static const uint32_t ISTHMUS_EPOLLIN = EPOLLIN;
static const uint32_t ISTHMUS_EPOLLOUT = EPOLLOUT;
static const uint32_t ISTHMUS_EPOLLERR = EPOLLERR;
static const uint32_t ISTHMUS_EPOLLHUP = EPOLLHUP;
static const uint32_t ISTHMUS_EPOLLRDHUP = EPOLLRDHUP;
static const uint32_t ISTHMUS_EPOLLET = EPOLLET;

/// One ready descriptor: `token` is what isthmus_epoll_add was given.
struct isthmus_event {
    uint32_t events;
    uint64_t token;
} __attribute__((packed));

_Static_assert(sizeof(struct isthmus_event) == sizeof(struct epoll_event), "epoll_event layout");

static inline int isthmus_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

static inline int isthmus_epoll_add(int ep, int fd, uint32_t events, uint64_t token) {
    struct epoll_event event = {.events = events, .data.u64 = token};
    return epoll_ctl(ep, EPOLL_CTL_ADD, fd, &event);
}

static inline int isthmus_epoll_remove(int ep, int fd) {
    return epoll_ctl(ep, EPOLL_CTL_DEL, fd, NULL);
}

static inline int isthmus_epoll_wait(
    int ep, struct isthmus_event *_Nonnull events, int max, int timeout_ms) {
    return epoll_wait(ep, (struct epoll_event *)events, max, timeout_ms);
}

static inline int isthmus_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

static inline int isthmus_signalfd(const int *_Nonnull signals, int count) {
    sigset_t set;
    sigemptyset(&set);
    for (int i = 0; i < count; i++) sigaddset(&set, signals[i]);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/// Blocks the signals in the calling thread; threads it starts inherit that.
static inline int isthmus_block_signals(const int *_Nonnull signals, int count) {
    sigset_t set;
    sigemptyset(&set);
    for (int i = 0; i < count; i++) sigaddset(&set, signals[i]);
    return pthread_sigmask(SIG_BLOCK, &set, NULL);
}

/// The number of the next pending signal, or -1. `by_kernel`: no process sent it, a terminal did.
static inline int isthmus_signalfd_read(int fd, int *_Nonnull by_kernel) {
    struct signalfd_siginfo info;
    ssize_t n = read(fd, &info, sizeof info);
    *by_kernel = n == (ssize_t)sizeof info && info.ssi_code == SI_KERNEL;
    return n == (ssize_t)sizeof info ? (int)info.ssi_signo : -1;
}

/// A connection, non-blocking and closed on exec, or -1.
int isthmus_accept(
    int fd, struct sockaddr_storage *_Nonnull address, socklen_t *_Nonnull length);

static inline int isthmus_stream_socket(int family) {
    return socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

static inline int isthmus_datagram_socket(int family) {
    return socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

static inline ssize_t isthmus_receive_from(
    int fd, void *_Nonnull bytes, size_t count, struct sockaddr_storage *_Nonnull from) {
    socklen_t length = sizeof *from;
    return recvfrom(fd, bytes, count, MSG_DONTWAIT, (struct sockaddr *)from, &length);
}

static inline ssize_t isthmus_send_to(
    int fd, const void *_Nonnull bytes, size_t count, const struct sockaddr_storage *_Nonnull to,
    socklen_t length) {
    int flags = MSG_DONTWAIT | MSG_NOSIGNAL;
    return sendto(fd, bytes, count, flags, (const struct sockaddr *)to, length);
}

static inline int isthmus_bind(
    int fd, const struct sockaddr_storage *_Nonnull address, socklen_t length) {
    return bind(fd, (const struct sockaddr *)address, length);
}

static inline int isthmus_connect(
    int fd, const struct sockaddr_storage *_Nonnull address, socklen_t length) {
    return connect(fd, (const struct sockaddr *)address, length);
}

static inline int isthmus_local_address(
    int fd, struct sockaddr_storage *_Nonnull address, socklen_t *_Nonnull length) {
    *length = sizeof *address;
    return getsockname(fd, (struct sockaddr *)address, length);
}

/// Where a redirected connection was meant to go (netfilter's SO_ORIGINAL_DST, 80 for both
/// families); -1 for one that nobody redirected.
static inline int isthmus_original_address(
    int fd, int family, struct sockaddr_storage *_Nonnull address) {
    socklen_t length = sizeof *address;
    return getsockopt(fd, family == AF_INET6 ? SOL_IPV6 : SOL_IP, 80, address, &length);
}

static inline int isthmus_set_option(int fd, int level, int name, int value) {
    return setsockopt(fd, level, name, &value, sizeof value);
}

static inline int isthmus_set_reuse_address(int fd) {
    return isthmus_set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
}
static inline int isthmus_set_reuse_port(int fd) {
    return isthmus_set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
}
static inline int isthmus_set_no_delay(int fd) {
    return isthmus_set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
}
static inline int isthmus_set_v6_only(int fd, int on) {
    return isthmus_set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, on);
}
/// Closing sends RST: for answers that must not look complete.
static inline int isthmus_set_linger_reset(int fd) {
    struct linger value = {.l_onoff = 1, .l_linger = 0};
    return setsockopt(fd, SOL_SOCKET, SO_LINGER, &value, sizeof value);
}

/// The pending error of a socket (SO_ERROR), or errno when even that cannot be read.
static inline int isthmus_socket_error(int fd) {
    int value = 0;
    socklen_t length = sizeof value;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &value, &length) == 0 ? value : errno;
}

static inline ssize_t isthmus_send(int fd, const void *_Nonnull bytes, size_t count) {
    return send(fd, bytes, count, MSG_NOSIGNAL);
}

static inline ssize_t isthmus_receive(int fd, void *_Nonnull bytes, size_t count) {
    return recv(fd, bytes, count, 0);
}

static inline int isthmus_inotify(void) { return inotify_init1(IN_CLOEXEC | IN_NONBLOCK); }

static const uint32_t ISTHMUS_WATCH_CHANGES =
    IN_CLOSE_WRITE | IN_MOVED_FROM | IN_MOVED_TO | IN_CREATE | IN_DELETE | IN_DELETE_SELF |
    IN_MOVE_SELF | IN_ATTRIB;
static const uint32_t ISTHMUS_WATCH_LOST = IN_Q_OVERFLOW | IN_IGNORED | IN_UNMOUNT;
static const uint32_t ISTHMUS_WATCH_MOVED = IN_DELETE_SELF | IN_MOVE_SELF;
static const uint32_t ISTHMUS_WATCH_DIRECTORY = IN_ISDIR;

/// A non-blocking pipe that holds `size` bytes, or as many as the system allows.
int isthmus_pipe(int ends[_Nonnull 2], int size);

/// A pipe that waits, closed on exec.
int isthmus_plain_pipe(int *_Nonnull ends);

/// Moves bytes between a pipe and a socket inside the kernel, without waiting.
ssize_t isthmus_splice(int from, int to, size_t count);

/// Lets go of code that is in memory; what is used again comes back from the file's cache.
void isthmus_release_code(void);

/// Makes one page of 2 MiB of every such block of the heap that is mostly in memory, so that reading
/// far apart places of a large configuration costs no walk of page tables.
void isthmus_collapse_heap(void);

/// Raises RLIMIT_NOFILE to its hard limit and stores what is in force afterwards.
int isthmus_raise_file_limit(uint64_t *_Nonnull limit);

/// Names the thread for ps, top and debuggers; 15 bytes at most.
int isthmus_name_thread(unsigned long thread, const char *_Nonnull name);

static inline uint64_t isthmus_monotonic_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

static inline uint64_t isthmus_wall_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

static inline int isthmus_errno(void) { return errno; }

#endif
