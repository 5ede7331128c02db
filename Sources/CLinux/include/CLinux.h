// What Swift's Glibc module does not show of Linux: the calls behind _GNU_SOURCE, which cannot be
// defined here (it would change the socket types that Glibc has imported already), and the macros
// and flexible structures that the importer skips. Each is the plain system call.
#ifndef ONGGI_CLINUX_H
#define ONGGI_CLINUX_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/sock_diag.h>
#include <linux/stat.h>
#include <netinet/in.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

// ---- Memory that outlives the process ----------------------------------------------------------

// memfd_create(2): MFD_CLOEXEC and MFD_ALLOW_SEALING, and a name for /proc.
static inline int onggi_memfd_create(const char *name) { return (int)syscall(SYS_memfd_create, name, 3U); }

// fcntl(2): nobody may cut such a file, which would make loads from it fatal.
static inline int onggi_seal_size(int fd) { return fcntl(fd, 1033 /* F_ADD_SEALS */, 0x0001 | 0x0002 | 0x0004); }
static inline int onggi_has_sealed_size(int fd) {
  int seals = fcntl(fd, 1034 /* F_GET_SEALS */);
  return seals >= 0 && (seals & 0x0002 /* F_SEAL_SHRINK */);
}

// fallocate(2) with PUNCH_HOLE: gives pages of a memory file back; they read as zero again.
static inline int onggi_punch_hole(int fd, int64_t offset, int64_t length) {
  return (int)syscall(SYS_fallocate, fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, length);
}

// Cells shared between threads, and between a process and its successor. __atomic builtins are no
// functions, so Swift cannot call them on mapped memory.
static inline uint64_t onggi_load_acquire(const uint64_t *cell) { return __atomic_load_n(cell, __ATOMIC_ACQUIRE); }
static inline uint64_t onggi_load_relaxed(const uint64_t *cell) { return __atomic_load_n(cell, __ATOMIC_RELAXED); }
static inline void onggi_store_release(uint64_t *cell, uint64_t value) {
  __atomic_store_n(cell, value, __ATOMIC_RELEASE);
}

// Unmaps the pages of code and constants of the program and its libraries: they are the page cache's,
// and come back when they are used. What only the start needed then takes no memory of the process.
// The heap's free pages are given back too.
void onggi_release_start_memory(void);

// Has the kernel map four pages of code and constants for each one that is read from now on, and not sixteen.
void onggi_cut_mappings(void);

// ---- Receiving -----------------------------------------------------------------------------------

// struct mmsghdr of <sys/socket.h>, which shows it under _GNU_SOURCE only.
struct onggi_message {
  struct msghdr header;
  unsigned int received;
};

// `received` before the kernel has written it.
#define ONGGI_NOT_RECEIVED 0xffffffffU

// The headers of one recvmmsg(2). They lie in memory that outlives the process, because the kernel
// writes the counts into them: after a SIGKILL in the middle of the call they tell what it took.
#define ONGGI_DATAGRAMS 32
struct onggi_receive_area {
  struct onggi_message messages[ONGGI_DATAGRAMS];
  struct iovec parts[ONGGI_DATAGRAMS][2];
  struct sockaddr_storage names[ONGGI_DATAGRAMS];
  // Room for one control message with credentials each, cmsg(3).
  uint64_t controls[ONGGI_DATAGRAMS][4];
};

// One receive from a stream into two buffers, the second of which is used when the first is full.
// Returns the bytes received, 0 at the end of the stream, -1 with errno.
//
// `*work` becomes `word` when the headers are ready: from then on they speak of this receive.
static inline long onggi_receive_stream(int fd, struct onggi_receive_area *area, uint64_t *work, uint64_t word,
                                        void *first, size_t first_size, void *second, size_t second_size) {
  struct onggi_message *message = &area->messages[0];
  struct iovec *parts = area->parts[0];
  size_t count = 0;
  if (first_size) parts[count].iov_base = first, parts[count++].iov_len = first_size;
  parts[count].iov_base = second, parts[count++].iov_len = second_size;
  message->header = (struct msghdr){.msg_iov = parts, .msg_iovlen = count};
  message->received = ONGGI_NOT_RECEIVED;
  onggi_store_release(work, word);
  long result = syscall(SYS_recvmmsg, fd, message, 1U, MSG_DONTWAIT, NULL);
  return result == 1 ? (long)message->received : result;
}

// Up to ONGGI_DATAGRAMS datagrams, each into its own `stride` bytes of `buffer`, with the sender's
// name. Returns how many, or -1 with errno. A datagram longer than `size` has MSG_TRUNC set. `work` as above.
static inline int onggi_receive_datagrams(int fd, struct onggi_receive_area *area, uint64_t *work, uint64_t word,
                                          uint8_t *buffer, size_t stride, size_t size) {
  for (int i = 0; i < ONGGI_DATAGRAMS; i++) {
    struct onggi_message *message = &area->messages[i];
    area->parts[i][0].iov_base = buffer + (size_t)i * stride;
    area->parts[i][0].iov_len = size;
    message->header = (struct msghdr){.msg_iov = area->parts[i],
                                      .msg_iovlen = 1,
                                      .msg_name = &area->names[i],
                                      .msg_namelen = sizeof area->names[i],
                                      .msg_control = area->controls[i],
                                      .msg_controllen = sizeof area->controls[i]};
    message->received = ONGGI_NOT_RECEIVED;
    area->controls[i][0] = 0;
    // The kernel leaves it alone when the sender has no name.
    area->names[i].ss_family = AF_UNSPEC;
  }
  onggi_store_release(work, word);
  return (int)syscall(SYS_recvmmsg, fd, area->messages, ONGGI_DATAGRAMS, MSG_DONTWAIT, NULL);
}

// ---- Sending -------------------------------------------------------------------------------------

#define ONGGI_SENDS 64

// Sends up to ONGGI_SENDS datagrams that lie one behind the other from `start` on. Returns how many
// the peer's queue took, or -1 with errno when it took none.
static inline int onggi_send_datagrams(int fd, const uint8_t *start, const uint32_t *sizes, int count) {
  struct onggi_message messages[ONGGI_SENDS];
  struct iovec parts[ONGGI_SENDS];
  if (count > ONGGI_SENDS) count = ONGGI_SENDS;
  for (int i = 0; i < count; i++) {
    parts[i] = (struct iovec){.iov_base = (void *)start, .iov_len = sizes[i]};
    messages[i].header = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1};
    messages[i].received = 0;
    start += sizes[i];
  }
  return (int)syscall(SYS_sendmmsg, fd, messages, (unsigned)count, MSG_DONTWAIT | MSG_NOSIGNAL);
}

// An empty datagram that carries a descriptor: SCM_RIGHTS, unix(7).
static inline int onggi_send_descriptor(int fd, int carried) {
  union {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(int))];
  } control;
  memset(&control, 0, sizeof control);
  struct msghdr message = {.msg_control = &control, .msg_controllen = sizeof control};
  struct cmsghdr *part = CMSG_FIRSTHDR(&message);
  part->cmsg_level = SOL_SOCKET;
  part->cmsg_type = SCM_RIGHTS;
  part->cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(part), &carried, sizeof carried);
  return (int)sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

// A memory file that can be sealed: MFD_CLOEXEC | MFD_ALLOW_SEALING.
static inline int onggi_memfd_create_sealable(const char *name) { return (int)syscall(SYS_memfd_create, name, 3U); }

// F_ADD_SEALS: nobody can change the file any more, nor the seals.
static inline int onggi_memfd_seal(int fd) {
  return fcntl(fd, 1033, 0x0001 | 0x0002 | 0x0004 | 0x0008);  // SEAL, SHRINK, GROW, WRITE
}

// ---- Signals ------------------------------------------------------------------------------------

// Blocks SIGTERM, SIGINT, SIGHUP and SIGUSR1 in this thread and those it starts: signal(7).
static inline void onggi_hold_signals(void) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGHUP);
  sigaddset(&signals, SIGUSR1);
  pthread_sigmask(SIG_BLOCK, &signals, NULL);
}

// ---- epoll(7) --------------------------------------------------------------------------------------
// struct epoll_event holds a union with a pointer; here only the 64-bit token is used.

#define ONGGI_EVENTS 64

static inline int onggi_epoll_add(int epoll, int fd, uint64_t token) {
  struct epoll_event event = {.events = EPOLLIN, .data.u64 = token};
  return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

static inline int onggi_epoll_remove(int epoll, int fd) {
  struct epoll_event event = {0};
  return epoll_ctl(epoll, EPOLL_CTL_DEL, fd, &event);
}

// The tokens of what is ready, at most ONGGI_EVENTS; returns how many.
static inline int onggi_epoll_wait(int epoll, uint64_t *tokens, int milliseconds) {
  struct epoll_event events[ONGGI_EVENTS];
  int count = epoll_wait(epoll, events, ONGGI_EVENTS, milliseconds);
  for (int i = 0; i < count; i++) tokens[i] = events[i].data.u64;
  return count;
}

// ---- Sockets --------------------------------------------------------------------------------------

static inline int onggi_accept4(int fd, struct sockaddr *name, socklen_t *length) {
  return (int)syscall(SYS_accept4, fd, name, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

// SO_PEERCRED's struct ucred.
struct onggi_credentials {
  int32_t pid;
  uint32_t uid;
  uint32_t gid;
};

// The sender of a datagram to a socket with SO_PASSCRED, unix(7). The pointers in the headers may be an
// earlier process'; they are not followed.
static inline int onggi_datagram_credentials(const struct onggi_receive_area *area, int number,
                                             struct onggi_credentials *credentials) {
  const struct cmsghdr *control = (const struct cmsghdr *)area->controls[number];
  if (area->messages[number].header.msg_controllen < CMSG_LEN(sizeof *credentials) ||
      control->cmsg_len != CMSG_LEN(sizeof *credentials) || control->cmsg_level != SOL_SOCKET ||
      control->cmsg_type != 2 /* SCM_CREDENTIALS */)
    return 0;
  memcpy(credentials, CMSG_DATA(control), sizeof *credentials);
  return 1;
}

// ---- Threads ---------------------------------------------------------------------------------------

// getrusage(2) with RUSAGE_THREAD: how often this thread has waited for something in the kernel so far.
static inline int64_t onggi_thread_waits(void) {
  struct rusage usage;
  return getrusage(1 /* RUSAGE_THREAD */, &usage) ? 0 : usage.ru_nvcsw;
}

// setpriority(2) of the calling thread, by Linux' reading of it: the processor and the disk serve it
// last. The name is what ps and top show.
static inline void onggi_lower_priority(const char *name) {
  setpriority(PRIO_PROCESS, 0, 19);
  prctl(PR_SET_NAME, name);
}

// ---- Files ----------------------------------------------------------------------------------------

// renameat2(2): the new name must be free, so that no file is ever overwritten.
static inline int onggi_rename_noreplace(const char *from, const char *to) {
  return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 1U);
}

// A macro; and the name is an array of 256, which Swift would see as a tuple.
static inline int onggi_is_regular(mode_t mode) { return S_ISREG(mode); }
static inline const char *onggi_entry_name(const struct dirent *entry) { return entry->d_name; }

// What tells a file from every other, also from a later one with the same inode number: statx(2).
struct onggi_file_identity {
  uint64_t device;
  uint64_t inode;
  int64_t born_seconds;
  uint64_t born_nanoseconds;
  uint64_t size;
  uint64_t links;
  int is_regular;
};

static inline int onggi_identify(int fd, struct onggi_file_identity *identity) {
  struct statx s;
  if (syscall(SYS_statx, fd, "", 0x1000 /* AT_EMPTY_PATH */, STATX_BASIC_STATS | STATX_BTIME, &s) != 0) return -1;
  *identity = (struct onggi_file_identity){
      .device = (uint64_t)s.stx_dev_major << 32 | s.stx_dev_minor,
      .inode = s.stx_ino,
      .born_seconds = s.stx_btime.tv_sec,
      .born_nanoseconds = s.stx_btime.tv_nsec,
      .size = s.stx_size,
      .links = s.stx_nlink,
      .is_regular = S_ISREG(s.stx_mode),
  };
  return 0;
}

#endif
