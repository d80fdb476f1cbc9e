/* Lets one call of a function of the C library fail, in processes of the program `research` only.
 *
 * FAULT="NAME NTH ERRNO ALWAYS FLAG": the NTH call of NAME that a process makes fails with ERRNO. With
 * ALWAYS = 1 all later ones do, too; with 0 it is one call of one process: that which makes FLAG, an empty
 * file, which says as well that a call has failed. ERRNO 0 lets reading and writing stop halfway.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static char name[32], flag[512];
static long nth, seen;
static int number, always, ready;

static int strikes(const char *called)
{
    if (!ready || strcmp(called, name))
        return 0;
    long now = __atomic_add_fetch(&seen, 1, __ATOMIC_SEQ_CST);
    if (now < nth || (now > nth && !always))
        return 0;
    int how = O_CREAT | O_WRONLY | O_CLOEXEC | (always ? 0 : O_EXCL);
    long made = syscall(SYS_openat, AT_FDCWD, flag, how, 0600);
    if (made < 0)
        return 0;
    syscall(SYS_close, made);
    errno = number;
    return 1;
}

/* Pipes and sockets between processes do not fail as a disk does. */
static int is_meant(int fd)
{
    struct stat about;
    int is_of_disk = number == EIO || number == ENOSPC || number == EDQUOT;
    return !is_of_disk || (!fstat(fd, &about) && S_ISREG(about.st_mode));
}

/* The functions are looked up before anything is called: a child between fork and exec could not. */
#define REAL(ret, called, params)                                             \
    static ret(*real_##called) params;                                        \
    __attribute__((constructor)) static void find_##called(void)              \
    {                                                                         \
        real_##called = (ret(*) params)dlsym(RTLD_NEXT, #called);             \
    }

#define FAULT(ret, called, params, args)                                      \
    REAL(ret, called, params)                                                 \
    ret called params                                                         \
    {                                                                         \
        return strikes(#called) ? (ret)-1 : real_##called args;               \
    }

/* Those that give the number of an error, or NULL. */
#define FAULT_NUMBER(called, params, args)                                    \
    REAL(int, called, params)                                                 \
    int called params { return strikes(#called) ? number : real_##called args; }
#define FAULT_NULL(ret, called, params, args)                                 \
    REAL(ret, called, params)                                                 \
    ret called params { return strikes(#called) ? NULL : real_##called args; }

/* Standard output and error work: what is said there is looked at. */
#define FAULT_TRANSFER(called, params, args, args_of_half)                    \
    REAL(ssize_t, called, params)                                             \
    ssize_t called params                                                     \
    {                                                                         \
        if (fd < 3 || !is_meant(fd) || !strikes(#called))                     \
            return real_##called args;                                        \
        return number ? -1 : real_##called args_of_half;                      \
    }

#define HALF (count > 1 ? count / 2 : count)
FAULT_TRANSFER(write, (int fd, const void *from, size_t count), (fd, from, count), (fd, from, HALF))
FAULT_TRANSFER(read, (int fd, void *to, size_t count), (fd, to, count), (fd, to, HALF))
FAULT_TRANSFER(pwrite64, (int fd, const void *from, size_t count, off_t at), (fd, from, count, at), (fd, from, HALF, at))
FAULT_TRANSFER(pread64, (int fd, void *to, size_t count, off_t at), (fd, to, count, at), (fd, to, HALF, at))
FAULT_TRANSFER(writev, (int fd, const struct iovec *from, int count), (fd, from, count), (fd, from, HALF))

FAULT(int, fsync, (int fd), (fd))
FAULT(int, fdatasync, (int fd), (fd))
FAULT(int, ftruncate64, (int fd, off_t length), (fd, length))
FAULT(int, fallocate, (int fd, int mode, off_t at, off_t count), (fd, mode, at, count))
FAULT(int, fchmod, (int fd, mode_t mode), (fd, mode))
FAULT(off_t, lseek64, (int fd, off_t at, int from), (fd, at, from))
FAULT(int, flock, (int fd, int how), (fd, how))
FAULT(int, rename, (const char *from, const char *to), (from, to))
FAULT(int, mkdir, (const char *path, mode_t mode), (path, mode))
FAULT(int, rmdir, (const char *path), (path))
FAULT(int, unlink, (const char *path), (path))
FAULT(int, unlinkat, (int at, const char *path, int flags), (at, path, flags))
FAULT(int, linkat, (int a, const char *from, int b, const char *to, int flags), (a, from, b, to, flags))
FAULT(ssize_t, readlink, (const char *path, char *to, size_t count), (path, to, count))
FAULT(int, statx, (int at, const char *path, int flags, unsigned mask, struct statx *to), (at, path, flags, mask, to))
FAULT(int, dup, (int fd), (fd))
FAULT(int, pipe2, (int ends[2], int flags), (ends, flags))
FAULT(int, socket, (int domain, int type, int protocol), (domain, type, protocol))
FAULT(int, socketpair, (int domain, int type, int protocol, int ends[2]), (domain, type, protocol, ends))
FAULT(int, bind, (int fd, const struct sockaddr *to, socklen_t length), (fd, to, length))
FAULT(int, listen, (int fd, int count), (fd, count))
FAULT(int, accept, (int fd, struct sockaddr *from, socklen_t *length), (fd, from, length))
FAULT(int, connect, (int fd, const struct sockaddr *to, socklen_t length), (fd, to, length))
FAULT(int, setsockopt, (int fd, int level, int option, const void *value, socklen_t length), (fd, level, option, value, length))
FAULT(ssize_t, sendmsg, (int fd, const struct msghdr *message, int flags), (fd, message, flags))
FAULT(ssize_t, recvmsg, (int fd, struct msghdr *message, int flags), (fd, message, flags))
FAULT(ssize_t, recv, (int fd, void *to, size_t count, int flags), (fd, to, count, flags))
FAULT(int, poll, (struct pollfd *fds, nfds_t count, int timeout), (fds, count, timeout))
FAULT(pid_t, fork, (void), ())
FAULT(pid_t, waitpid, (pid_t pid, int *status, int options), (pid, status, options))
FAULT(int, waitid, (idtype_t type, id_t id, siginfo_t *info, int options), (type, id, info, options))
FAULT(int, memfd_create, (const char *called, unsigned flags), (called, flags))
FAULT_NUMBER(pthread_create, (pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *), void *with), (thread, attr, run, with))
FAULT_NUMBER(posix_spawnp, (pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attr, char *const argv[], char *const envp[]), (pid, file, actions, attr, argv, envp))
FAULT_NULL(DIR *, opendir, (const char *path), (path))
FAULT_NULL(DIR *, fdopendir, (int fd), (fd))
FAULT_NULL(struct dirent64 *, readdir64, (DIR *folder), (folder))

REAL(int, open64, (const char *path, int flags, ...))
int open64(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return strikes("open64") ? -1 : real_open64(path, flags, mode);
}

REAL(int, fcntl, (int fd, int command, ...))
int fcntl(int fd, int command, ...)
{
    va_list rest;
    va_start(rest, command);
    void *value = va_arg(rest, void *);
    va_end(rest);
    return strikes("fcntl") ? -1 : real_fcntl(fd, command, value);
}

REAL(int, clone, (int (*run)(void *), void *stack, int flags, void *with, ...))
int clone(int (*run)(void *), void *stack, int flags, void *with, ...)
{
    va_list rest;
    va_start(rest, with);
    void *first = va_arg(rest, void *);
    void *second = va_arg(rest, void *);
    void *third = va_arg(rest, void *);
    va_end(rest);
    return strikes("clone") ? -1 : real_clone(run, stack, flags, with, first, second, third);
}

__attribute__((constructor)) static void begin(void)
{
    static const char program[] = "/research";
    char path[4096];
    ssize_t length = syscall(SYS_readlink, "/proc/self/exe", path, sizeof path - 1);
    const char *fault = getenv("FAULT");
    if (length < (ssize_t)sizeof program || !fault)
        return;
    path[length] = 0;
    int is_research = !strcmp(path + length - (sizeof program - 1), program);
    ready = is_research && sscanf(fault, "%31s %ld %d %d %511s", name, &nth, &number, &always, flag) == 5;
}
