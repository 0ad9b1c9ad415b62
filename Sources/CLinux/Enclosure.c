// The keeper of an enclosure: sets the namespaces up, runs the command, and hands out sockets.
// Straight system calls on the stack's memory; what it shares with the proxy it got by fork.
#include "Enclosure.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static char *const *command_arguments;

void isthmus_enclosure_command(char *const *arguments) { command_arguments = arguments; }

static int write_text(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) return -1;
    ssize_t written = write(fd, text, strlen(text));
    int code = errno;
    close(fd);
    errno = code;
    return written == (ssize_t)strlen(text) ? 0 : -1;
}

/// What may be done in a namespace is for programs of ours to inherit (nft), or not any more.
static void keep_capability(int keeps) {
    if (!keeps) {
        prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
        return;
    }
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    struct __user_cap_data_struct data[2];
    memset(data, 0, sizeof data);
    if (syscall(SYS_capget, &header, data) != 0) return;
    data[CAP_TO_INDEX(CAP_NET_ADMIN)].inheritable |= CAP_TO_MASK(CAP_NET_ADMIN);
    if (syscall(SYS_capset, &header, data) != 0) return;
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_ADMIN, 0, 0);
}

/// Namespaces, with a user namespace around them where the rights are missing otherwise.
static int enter_namespaces(struct isthmus_enclosure_word *word) {
    if (unshare(CLONE_NEWNET | CLONE_NEWNS) == 0) return 0;
    if (errno != EPERM) {
        word->step = ISTHMUS_ENCLOSURE_NAMESPACES;
        return -1;
    }
    unsigned uid = getuid(), gid = getgid();
    if (unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS) != 0) {
        word->step = ISTHMUS_ENCLOSURE_NAMESPACES;
        return -1;
    }
    char line[64];
    word->step = ISTHMUS_ENCLOSURE_IDENTITY;
    // The user stays who it is: the command must not believe it were root.
    if (write_text("/proc/self/setgroups", "deny") != 0 && errno != ENOENT) return -1;
    snprintf(line, sizeof line, "%u %u 1", uid, uid);
    if (write_text("/proc/self/uid_map", line) != 0) return -1;
    snprintf(line, sizeof line, "%u %u 1", gid, gid);
    if (write_text("/proc/self/gid_map", line) != 0) return -1;
    keep_capability(1);
    return 0;
}

/// What else answers for names would answer as the host does.
static void silence(const char *path) {
    struct stat status;
    if (stat(path, &status) == 0) mount("/dev/null", path, NULL, MS_BIND, NULL);
}

static int arrange_mounts(const char *resolver_file) {
    if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) return -1;
    if (resolver_file == NULL) return 0;
    if (mount(resolver_file, "/etc/resolv.conf", NULL, MS_BIND, NULL) != 0 && errno != ENOENT) {
        return -1;
    }
    silence("/run/systemd/resolve/io.systemd.Resolve");
    silence("/run/nscd/socket");
    return 0;
}

static int raise_loopback(void) {
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    struct ifreq request;
    memset(&request, 0, sizeof request);
    strcpy(request.ifr_name, "lo");
    int result = ioctl(fd, SIOCGIFFLAGS, &request);
    if (result == 0) {
        request.ifr_flags |= IFF_UP | IFF_RUNNING;
        result = ioctl(fd, SIOCSIFFLAGS, &request);
    }
    int code = errno;
    close(fd);
    errno = code;
    return result;
}

static void attribute(struct nlmsghdr *head, int type, const void *value, size_t length) {
    struct rtattr *place = (struct rtattr *)((char *)head + NLMSG_ALIGN(head->nlmsg_len));
    place->rta_type = (unsigned short)type;
    place->rta_len = (unsigned short)RTA_LENGTH(length);
    memcpy(RTA_DATA(place), value, length);
    head->nlmsg_len = NLMSG_ALIGN(head->nlmsg_len) + RTA_ALIGN(place->rta_len);
}

/// `local default dev lo`: every address is this machine, so that each connect() gets as far as the
/// rules that send it to the proxy.
static int route_everything_here(int family) {
    struct {
        struct nlmsghdr head;
        struct rtmsg route;
        char attributes[64];
    } request;
    memset(&request, 0, sizeof request);
    request.head.nlmsg_len = NLMSG_LENGTH(sizeof(struct rtmsg));
    request.head.nlmsg_type = RTM_NEWROUTE;
    request.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_ACK;
    request.route.rtm_family = (unsigned char)family;
    request.route.rtm_table = RT_TABLE_MAIN;
    request.route.rtm_protocol = RTPROT_STATIC;
    request.route.rtm_type = RTN_LOCAL;
    request.route.rtm_scope = family == AF_INET ? RT_SCOPE_HOST : RT_SCOPE_UNIVERSE;
    unsigned loopback = if_nametoindex("lo");
    attribute(&request.head, RTA_OIF, &loopback, sizeof loopback);
    if (family == AF_INET) {
        // Without one, the sender would be called what it calls.
        uint32_t source = htonl(INADDR_LOOPBACK);
        attribute(&request.head, RTA_PREFSRC, &source, sizeof source);
    }
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (fd < 0) return -1;
    int code = 0;
    char answer[1024];
    if (send(fd, &request, request.head.nlmsg_len, 0) < 0) {
        code = errno;
    } else {
        ssize_t count = recv(fd, answer, sizeof answer, 0);
        struct nlmsghdr *head = (struct nlmsghdr *)answer;
        if (count < (ssize_t)NLMSG_LENGTH(sizeof(struct nlmsgerr))) {
            code = EIO;
        } else if (head->nlmsg_type == NLMSG_ERROR) {
            code = -((struct nlmsgerr *)NLMSG_DATA(head))->error;
        }
    }
    close(fd);
    errno = code;
    return code == 0 ? 0 : -1;
}

static void restore_signals(void) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
}

static int run_nft(const char *rules, struct isthmus_enclosure_word *word) {
    int in[2], out[2];
    word->step = ISTHMUS_ENCLOSURE_RULES_PROGRAM;
    if (pipe2(in, O_CLOEXEC) != 0) return -1;
    if (pipe2(out, O_CLOEXEC) != 0) return -1;
    pid_t child = fork();
    if (child < 0) return -1;
    if (child == 0) {
        restore_signals();
        dup2(in[0], 0);
        dup2(out[1], 1);
        dup2(out[1], 2);
        execlp("nft", "nft", "-f", "-", (char *)NULL);
        // Where the PATH of a user leaves out the administrators' folders.
        execl("/usr/sbin/nft", "nft", "-f", "-", (char *)NULL);
        execl("/sbin/nft", "nft", "-f", "-", (char *)NULL);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    size_t length = strlen(rules);
    ssize_t written = write(in[1], rules, length);
    close(in[1]);
    size_t told = 0;
    for (;;) {
        ssize_t count = read(out[0], word->text + told, sizeof word->text - 1 - told);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) break;
        told += (size_t)count;
        if (told >= sizeof word->text - 1) break;
    }
    word->text[told] = 0;
    close(out[0]);
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {}
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0 && written == (ssize_t)length) return 0;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127) {
        errno = ENOENT;
        return -1;
    }
    word->step = ISTHMUS_ENCLOSURE_RULES;
    errno = EPERM;
    return -1;
}

static int set_up(
    const struct isthmus_enclosure_plan *plan, struct isthmus_enclosure_word *word) {
    if (enter_namespaces(word) != 0) return -1;
    word->step = ISTHMUS_ENCLOSURE_MOUNTS;
    if (arrange_mounts(plan->resolver_file) != 0) return -1;
    word->step = ISTHMUS_ENCLOSURE_LOOPBACK;
    if (raise_loopback() != 0) return -1;
    word->step = ISTHMUS_ENCLOSURE_ROUTE;
    if (route_everything_here(AF_INET) != 0) return -1;
    word->has_v6 = plan->takes_v6 && route_everything_here(AF_INET6) == 0;
    if (plan->rules != NULL && run_nft(plan->rules, word) != 0) return -1;
    return 0;
}

/// Room for one descriptor beside a message (unix(7), SCM_RIGHTS).
union beside {
    char bytes[CMSG_SPACE(sizeof(int))];
    struct cmsghdr align;
};

/// Sends `data`, and `descriptor` with it unless that is negative.
static ssize_t give(int fd, const void *data, size_t length, int descriptor, int flags) {
    struct iovec piece = {.iov_base = (void *)data, .iov_len = length};
    union beside space;
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
    if (descriptor >= 0) {
        memset(&space, 0, sizeof space);
        message.msg_control = space.bytes;
        message.msg_controllen = sizeof space.bytes;
        struct cmsghdr *head = CMSG_FIRSTHDR(&message);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(head), &descriptor, sizeof(int));
    }
    return sendmsg(fd, &message, MSG_NOSIGNAL | flags);
}

/// Receives what `give` sent; `descriptor` is -1 where none came with it.
static ssize_t take(int fd, void *data, size_t length, int *descriptor) {
    struct iovec piece = {.iov_base = data, .iov_len = length};
    union beside space;
    memset(&space, 0, sizeof space);
    struct msghdr message = {
        .msg_iov = &piece,
        .msg_iovlen = 1,
        .msg_control = space.bytes,
        .msg_controllen = sizeof space.bytes,
    };
    ssize_t count;
    do {
        count = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
    } while (count < 0 && errno == EINTR);
    *descriptor = -1;
    struct cmsghdr *head = count > 0 ? CMSG_FIRSTHDR(&message) : NULL;
    if (head != NULL && head->cmsg_type == SCM_RIGHTS) {
        memcpy(descriptor, CMSG_DATA(head), sizeof(int));
    }
    return count;
}

static int send_word(int control, const struct isthmus_enclosure_word *word, int descriptor) {
    return give(control, word, sizeof *word, descriptor, 0) < 0 ? -1 : 0;
}

/// Hands a new socket out; 0 when there is no room for it, -1 when nobody wants any.
static int supply(int fd, int family) {
    int made = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (made < 0) return -1;
    char byte = 0;
    ssize_t sent = give(fd, &byte, 1, made, MSG_DONTWAIT);
    int code = errno;
    close(made);
    if (sent > 0) return 1;
    // ETOOMANYREFS: too many descriptors are on their way.
    return code == EAGAIN || code == EINTR || code == ENOBUFS || code == ETOOMANYREFS ? 0 : -1;
}

static pid_t run_command(int control) {
    struct isthmus_enclosure_word word;
    memset(&word, 0, sizeof word);
    int report[2];
    if (pipe2(report, O_CLOEXEC) != 0) return -1;
    pid_t child = fork();
    if (child == 0) {
        restore_signals();
        keep_capability(0);
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        execvp(command_arguments[0], command_arguments);
        int code = errno;
        ssize_t ignored = write(report[1], &code, sizeof code);
        (void)ignored;
        _exit(code == ENOENT ? 127 : 126);
    }
    close(report[1]);
    int code = child < 0 ? errno : 0;
    if (child > 0 && read(report[0], &code, sizeof code) != (ssize_t)sizeof code) code = 0;
    close(report[0]);
    word.kind = code == 0 ? 's' : 'x';
    word.value = code == 0 ? (int32_t)child : code;
    send_word(control, &word, -1);
    return child;
}

/// Serves until the proxy is gone.
static void keep(int control, int supply_v4, int supply_v6, int isolates) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, NULL);
    int children = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    pid_t command = -1;
    struct pollfd watched[4] = {
        {.fd = control, .events = POLLIN},
        {.fd = children, .events = POLLIN},
        {.fd = isolates ? supply_v4 : -1, .events = POLLOUT},
        {.fd = isolates ? supply_v6 : -1, .events = POLLOUT},
    };
    for (;;) {
        if (poll(watched, 4, -1) < 0) {
            if (errno == EINTR) continue;
            return;
        }
        if (watched[0].revents != 0) {
            int32_t order = 0;
            ssize_t count = recv(control, &order, sizeof order, MSG_DONTWAIT);
            if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) return;
            if (count == (ssize_t)sizeof order) {
                if (order == 0 && command < 0) command = run_command(control);
                else if (order > 0 && command > 0) kill(command, order);
            }
        }
        if (watched[1].revents != 0) {
            struct signalfd_siginfo info;
            ssize_t ignored = read(children, &info, sizeof info);
            (void)ignored;
            int status = 0;
            pid_t ended;
            while ((ended = waitpid(-1, &status, WNOHANG)) > 0) {
                if (ended != command) continue;
                struct isthmus_enclosure_word word;
                memset(&word, 0, sizeof word);
                word.kind = 'e';
                word.value = status;
                send_word(control, &word, -1);
                command = 0;
            }
        }
        for (int index = 2; index < 4; index++) {
            if (watched[index].revents == 0) continue;
            int result = supply(watched[index].fd, index == 2 ? AF_INET : AF_INET6);
            if (result < 0) watched[index].fd = -1;
            else if (result == 0) usleep(1000);
        }
    }
}

static int pair(int ends[2]) {
    return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends);
}

int isthmus_enclosure_open(
    const struct isthmus_enclosure_plan *plan, struct isthmus_enclosure *enclosure,
    struct isthmus_enclosure_word *word) {
    memset(word, 0, sizeof *word);
    word->kind = 'f';
    word->step = ISTHMUS_ENCLOSURE_FORK;
    int control[2], v4[2], v6[2];
    if (pair(control) != 0 || pair(v4) != 0 || pair(v6) != 0) {
        word->value = errno;
        return -1;
    }
    pid_t parent = getpid();
    pid_t child = fork();
    if (child < 0) {
        word->value = errno;
        return -1;
    }
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent) _exit(1);
        prctl(PR_SET_NAME, "isthmus-keeper");
        close(control[0]);
        close(v4[0]);
        close(v6[0]);
        // Few wait in the queue at a time: each is a descriptor in flight.
        int small = 4096;
        setsockopt(v4[1], SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
        setsockopt(v6[1], SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
        struct isthmus_enclosure_word said;
        memset(&said, 0, sizeof said);
        int datagram = -1;
        if (plan->isolates && set_up(plan, &said) != 0) {
            said.kind = 'f';
            said.value = errno;
            send_word(control[1], &said, -1);
            _exit(1);
        }
        if (plan->isolates) {
            datagram = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        }
        said.kind = 'r';
        said.step = ISTHMUS_ENCLOSURE_READY;
        send_word(control[1], &said, datagram);
        if (datagram >= 0) close(datagram);
        keep(control[1], v4[1], v6[1], plan->isolates);
        _exit(0);
    }
    close(control[1]);
    close(v4[1]);
    close(v6[1]);
    ssize_t count = take(control[0], word, sizeof *word, &enclosure->datagram);
    if (count != (ssize_t)sizeof *word || word->kind != 'r') {
        if (count != (ssize_t)sizeof *word) {
            word->kind = 'f';
            word->value = ECHILD;
        }
        close(control[0]);
        close(v4[0]);
        close(v6[0]);
        while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {}
        return -1;
    }
    enclosure->keeper = child;
    enclosure->control = control[0];
    enclosure->supply_v4 = v4[0];
    enclosure->supply_v6 = v6[0];
    struct timeval patience = {.tv_sec = 1};
    setsockopt(v4[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(v6[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    fcntl(control[0], F_SETFL, O_NONBLOCK);
    return 0;
}

int isthmus_enclosure_run(int control) {
    int32_t order = 0;
    return send(control, &order, sizeof order, MSG_NOSIGNAL) < 0 ? -1 : 0;
}

int isthmus_enclosure_signal(int control, int number) {
    int32_t order = number;
    return send(control, &order, sizeof order, MSG_NOSIGNAL) < 0 ? -1 : 0;
}

int isthmus_enclosure_listen(int control, struct isthmus_enclosure_word *word) {
    ssize_t count = recv(control, word, sizeof *word, MSG_DONTWAIT);
    if (count == (ssize_t)sizeof *word) return 1;
    return count < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
}

int isthmus_enclosure_take(int supply) {
    char byte;
    int taken;
    take(supply, &byte, 1, &taken);
    return taken;
}
