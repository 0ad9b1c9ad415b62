// The calls that need _GNU_SOURCE or whose headers the Glibc module maps differently live here: the
// header must look the same to every module that includes the same system headers.
#include "CLinux.h"

#include <pthread.h>
#include <sys/resource.h>

int isthmus_raise_file_limit(uint64_t *limit) {
    struct rlimit value;
    if (getrlimit(RLIMIT_NOFILE, &value) != 0) return -1;
    value.rlim_cur = value.rlim_max;
    int result = setrlimit(RLIMIT_NOFILE, &value);
    if (getrlimit(RLIMIT_NOFILE, &value) != 0) return -1;
    *limit = value.rlim_cur;
    return result;
}

int isthmus_name_thread(unsigned long thread, const char *name) {
    return pthread_setname_np((pthread_t)thread, name);
}

int isthmus_accept(int fd, struct sockaddr_storage *address, socklen_t *length) {
    *length = sizeof *address;
    return accept4(fd, (struct sockaddr *)address, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

int isthmus_pipe(int ends[2], int size) {
    if (pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0) return -1;
    // Refused beyond the user's share of pipe memory, where new pipes hold a page or two: copying
    // is better than that.
    if (fcntl(ends[1], F_SETPIPE_SZ, size) < 0 && fcntl(ends[1], F_GETPIPE_SZ) < 64 * 1024) {
        close(ends[0]);
        close(ends[1]);
        return -1;
    }
    return 0;
}

int isthmus_plain_pipe(int *ends) { return pipe2(ends, O_CLOEXEC); }

ssize_t isthmus_splice(int from, int to, size_t count) {
    return splice(from, NULL, to, NULL, count, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
}
