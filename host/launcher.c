// What a runtime executes: hands the call to the resident host and prints its answer; when none answers, becomes the one-shot host. VERSION of our
// own plugins it answers itself.
// No C library: a static program of a few kilobytes starts in a third of a millisecond. The protocol is host/resident/wire.ts.
// SPDX-License-Identifier: Apache-2.0

typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long u64;
typedef long i64;

/* The build writes into these places: paths, and for each of our plugins a line "NAME ANSWER", which is what it answers to VERSION. */
#define PATH_BYTES 1024
#define VERSIONS_BYTES 4096
char node_path[PATH_BYTES] = "@NODE@";
char host_path[PATH_BYTES] = "@HOST@";
char versions[VERSIONS_BYTES] = "@VERSIONS@";

#define HELLO_BYTES (256 * 1024) /* wire.ts: MAX_HELLO */
#define STDIN_BYTES (16 * 1024 * 1024) /* wire.ts: MAX_STDIN */
#define ANSWER_BYTES (64 * 1024 * 1024)
#define LENGTH_BYTES 4
#define ACCEPT_SECONDS 1 /* for its first word: a host that is slower finds the launcher gone, and begins nothing */
#define ALIVE_SECONDS 10 /* the host gives a sign of life each second */

#if defined(__x86_64__)
enum { READ = 0, WRITE = 1, CLOSE = 3, LSEEK = 8, MMAP = 9, MREMAP = 25, SOCKET = 41, CONNECT = 42, SENDTO = 44, RECVFROM = 45, SETSOCKOPT = 54, GETSOCKOPT = 55,
  EXECVE = 59, GETEUID = 107, EXIT_GROUP = 231, READLINKAT = 267, FACCESSAT = 269, PPOLL = 271, DUP3 = 292, MEMFD_CREATE = 319 };

static i64 call6(i64 number, i64 a, i64 b, i64 c, i64 d, i64 e, i64 f) {
  register i64 r10 __asm__("r10") = d;
  register i64 r8 __asm__("r8") = e;
  register i64 r9 __asm__("r9") = f;
  i64 answer;
  __asm__ volatile("syscall" : "=a"(answer) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
  return answer;
}

__asm__(".globl _start\n_start:\n xor %ebp, %ebp\n mov %rsp, %rdi\n and $-16, %rsp\n call launch\n");
#elif defined(__aarch64__)
enum { DUP3 = 24, FACCESSAT = 48, CLOSE = 57, LSEEK = 62, READ = 63, WRITE = 64, PPOLL = 73, READLINKAT = 78, EXIT_GROUP = 94, GETEUID = 175, SOCKET = 198,
  CONNECT = 203, SENDTO = 206, RECVFROM = 207, SETSOCKOPT = 208, GETSOCKOPT = 209, MREMAP = 216, EXECVE = 221, MMAP = 222, MEMFD_CREATE = 279 };

static i64 call6(i64 number, i64 a, i64 b, i64 c, i64 d, i64 e, i64 f) {
  register i64 x8 __asm__("x8") = number;
  register i64 x0 __asm__("x0") = a;
  register i64 x1 __asm__("x1") = b;
  register i64 x2 __asm__("x2") = c;
  register i64 x3 __asm__("x3") = d;
  register i64 x4 __asm__("x4") = e;
  register i64 x5 __asm__("x5") = f;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
  return x0;
}

__asm__(".globl _start\n_start:\n mov x29, #0\n mov x30, #0\n mov x0, sp\n bl launch\n");
#else
#error "no system calls for this processor: the build then uses launcher.sh"
#endif

#define call(number, a, b, c) call6(number, (i64)(a), (i64)(b), (i64)(c), 0, 0, 0)

enum { EINTR = -4, EAGAIN = -11 };
enum { AT_FDCWD = -100, F_OK = 0, X_OK = 1, R_OK = 4 };
enum { AF_UNIX = 1, SOCK_STREAM = 1, SOCK_CLOEXEC = 0x80000, SOL_SOCKET = 1, SO_PEERCRED = 17, SO_RCVTIMEO = 20, SO_SNDTIMEO = 21, MSG_PEEK = 2, MSG_NOSIGNAL = 0x4000 };
enum { PROT_READ_WRITE = 3, MAP_PRIVATE_ANONYMOUS = 0x22, MREMAP_MAYMOVE = 1 };
enum { POLLIN = 1, POLLOUT = 4 };
enum { AT_EXECFN = 31 };

struct timeval { i64 seconds, microseconds; };
struct timespec { i64 seconds, nanoseconds; };
struct unix_address { unsigned short family; char path[108]; };
struct credentials { u32 pid, uid, gid; };
struct poll { int fd; short events, revents; };

/** What this process was started with, and what was read of its stdin. */
struct launch {
  int argc;
  char **argv, **env;
  char *executed;
  const char *name;
  u8 *input; /* as it is sent: LENGTH_BYTES for its length, then what was read */
  u64 length, space; /* without those bytes, and with them */
  int is_read; /* input holds all of stdin */
};

/* The compiler may call these by itself. */
void *memcpy(void *to, const void *from, u64 count) {
  for (u64 i = 0; i < count; i++) ((u8 *)to)[i] = ((const u8 *)from)[i];
  return to;
}

void *memset(void *at, int value, u64 count) {
  for (u64 i = 0; i < count; i++) ((u8 *)at)[i] = (u8)value;
  return at;
}

static u64 length_of(const char *text) {
  u64 length = 0;
  while (text[length]) length++;
  return length;
}

static int is_same(const char *one, const char *other) {
  while (*one && *one == *other) one++, other++;
  return *one == *other;
}

/** What follows `prefix`, or 0. */
static char *after(char *text, const char *prefix) {
  for (; *prefix; text++, prefix++) if (*text != *prefix) return 0;
  return text;
}

static char *variable(struct launch *launch, const char *prefix) {
  for (char **at = launch->env; *at; at++) {
    char *value = after(*at, prefix);
    if (value) return value;
  }
  return 0;
}

/** The three parts as one path; 0 when that is longer than the place. */
static int join(char *place, u64 size, const char *a, u64 a_length, const char *b, const char *c) {
  const u64 b_length = length_of(b), c_length = length_of(c);
  if (a_length + b_length + c_length >= size) return 0;
  memcpy(place, a, a_length);
  memcpy(place + a_length, b, b_length);
  memcpy(place + a_length + b_length, c, c_length + 1);
  return 1;
}

static u64 folder_length(const char *path) {
  u64 end = 0;
  for (u64 i = 0; path[i]; i++) if (path[i] == '/') end = i;
  return end;
}

/** For what somebody else has made non-blocking. */
static void await(int fd, short events) {
  struct poll one = { fd, events, 0 };
  call6(PPOLL, (i64)&one, 1, 0, 0, 0, 0);
}

static int write_all(int fd, const void *bytes, u64 count) {
  for (u64 at = 0; at < count;) {
    const i64 written = call(WRITE, fd, (const u8 *)bytes + at, count - at);
    if (written > 0) at += (u64)written;
    else if (written == EAGAIN) await(fd, POLLOUT);
    else if (written != EINTR) return 0;
  }
  return 1;
}

__attribute__((noreturn)) static void leave(i64 code) {
  for (;;) call(EXIT_GROUP, code, 0, 0);
}

__attribute__((noreturn)) static void fail(struct launch *launch, const char *message) {
  char *verb = variable(launch, "CNI_COMMAND=");
  static const char start[] = "{\"cniVersion\":\"1.1.0\",\"code\":", middle[] = ",\"msg\":\"cni-wasm: ", end[] = "\"}\n";
  write_all(1, start, sizeof start - 1);
  if (verb && is_same(verb, "STATUS")) write_all(1, "50", 2);
  else write_all(1, "107", 3);
  write_all(1, middle, sizeof middle - 1);
  write_all(1, message, length_of(message));
  write_all(1, end, sizeof end - 1);
  leave(1);
}

static int may(const char *path, int mode) {
  return path[0] && call(FACCESSAT, AT_FDCWD, path, mode) == 0;
}

/** Where the build put the host; else beside this program, for an installation that was moved as a whole. */
static const char *find_host(struct launch *launch) {
  static char beside[2 * PATH_BYTES], self[PATH_BYTES];
  if (may(host_path, R_OK)) return host_path;
  const i64 length = call6(READLINKAT, AT_FDCWD, (i64) "/proc/self/exe", (i64)self, sizeof self - 1, 0, 0);
  const char *program = length > 0 ? self : launch->executed;
  return join(beside, sizeof beside, program, folder_length(program), "/../lib/", "host.cjs") && may(beside, R_OK) ? beside : 0;
}

static const char *find_node(struct launch *launch) {
  static char found[2 * PATH_BYTES];
  if (may(node_path, X_OK)) return node_path;
  for (const char *at = variable(launch, "PATH="); at && *at;) {
    u64 length = 0;
    while (at[length] && at[length] != ':') length++;
    /* A folder of that name may be entered, which is the same bit. */
    const int is_folder = length > 0 && join(found, sizeof found, at, length, "/node", "/") && may(found, F_OK);
    if (length > 0 && !is_folder && join(found, sizeof found, at, length, "/", "node") && may(found, X_OK)) return found;
    at += length + (at[length] == ':');
  }
  if (may("/usr/local/bin/node", X_OK)) return "/usr/local/bin/node";
  return may("/usr/bin/node", X_OK) ? "/usr/bin/node" : 0;
}

/** stdin again, as a file in memory: what was read of it, and what is still to come. */
static void give_back_input(struct launch *launch) {
  const int fd = (int)call(MEMFD_CREATE, "stdin", 1 /* MFD_CLOEXEC */, 0);
  /* Cut off, it would be called no JSON, and its author looked for. */
  int is_whole = fd >= 0 && write_all(fd, launch->input + LENGTH_BYTES, launch->length);
  while (is_whole && !launch->is_read) {
    const i64 count = call(READ, 0, launch->input, launch->space);
    if (count > 0) is_whole = write_all(fd, launch->input, (u64)count);
    else if (count == EAGAIN) await(0, POLLIN);
    else if (count != EINTR) break;
  }
  if (!is_whole) fail(launch, "no memory to keep the configuration in");
  call(LSEEK, fd, 0, 0);
  call(DUP3, fd, 0, 0);
}

__attribute__((noreturn)) static void one_shot(struct launch *launch, const char *host) {
  const char *node = find_node(launch);
  const char *args[launch->argc + 4];
  if (!host) fail(launch, "its host program is not at the place where it was built: build or install it again");
  if (!node) fail(launch, "node is neither where it was at build time, nor in PATH, nor in /usr/local/bin, nor in /usr/bin: install Node.js 20 or later");
  if (launch->length > 0) give_back_input(launch);
  args[0] = node;
  args[1] = host;
  args[2] = launch->name;
  int count = 3;
  for (int i = 1; i < launch->argc; i++) args[count++] = launch->argv[i];
  args[count] = 0; /* also without argv[0], as execve(2) before Linux 5.18 may start a program */
  call(EXECVE, node, args, launch->env);
  fail(launch, "node cannot be executed: install Node.js 20 or later for this processor");
}

/** What a plugin of ours speaks was fixed when it was built, and nothing on the node changes it. Returns for any other, and where no host would be found for the next call. */
static void answer_version(struct launch *launch, const char *host) {
  if (!host || !find_node(launch)) return;
  for (char *line = versions; *line;) {
    char *end = line, *answer = after(line, launch->name);
    while (*end && *end != '\n') end++;
    end += *end == '\n';
    if (answer && *answer == ' ') {
      leave(write_all(1, answer + 1, (u64)(end - answer - 1)) ? 0 : 1);
    }
    line = end;
  }
}

static int set_timeout(int fd, int option, i64 seconds) {
  struct timeval time = { seconds, 0 };
  return call6(SETSOCKOPT, fd, SOL_SOCKET, option, (i64)&time, sizeof time, 0) == 0;
}

/** A socket to a host of the same user, or -1. */
static int connect_to_host(struct launch *launch) {
  static struct unix_address address = { AF_UNIX, { 0 } };
  const char *run = variable(launch, "CNI_WASM_RUN=");
  if (!run || !*run) run = "/run/cni-wasm";
  if (!join(address.path, sizeof address.path, run, length_of(run), "/host.sock", "")) return -1;
  const int fd = (int)call(SOCKET, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct credentials peer = { 0, 0, 0 };
  u32 size = sizeof peer;
  /* With stdin or stdout closed it would stand in their place. */
  if (fd > 2 && set_timeout(fd, SO_SNDTIMEO, ACCEPT_SECONDS) && set_timeout(fd, SO_RCVTIMEO, ACCEPT_SECONDS) &&
      call(CONNECT, fd, &address, sizeof address) == 0 && call6(GETSOCKOPT, fd, SOL_SOCKET, SO_PEERCRED, (i64)&peer, (i64)&size, 0) == 0 &&
      peer.uid == (u32)call(GETEUID, 0, 0, 0)) return fd;
  if (fd >= 0) call(CLOSE, fd, 0, 0);
  return -1;
}

static int send_all(int fd, const void *bytes, u64 count) {
  for (u64 at = 0; at < count;) {
    const i64 sent = call6(SENDTO, fd, (i64)((const u8 *)bytes + at), (i64)(count - at), MSG_NOSIGNAL, 0, 0);
    if (sent > 0) at += (u64)sent;
    else if (sent != EINTR) return 0;
  }
  return 1;
}

static int receive(int fd, void *bytes, u64 count) {
  for (u64 at = 0; at < count;) {
    const i64 got = call6(RECVFROM, fd, (i64)((u8 *)bytes + at), (i64)(count - at), 0, 0, 0);
    if (got > 0) at += (u64)got;
    else if (got != EINTR) return 0;
  }
  return 1;
}

static int add_text(u8 *place, u64 *at, const char *text) {
  const u64 length = length_of(text) + 1;
  if (*at + length > HELLO_BYTES) return 0;
  memcpy(place + *at, text, length);
  *at += length;
  return 1;
}

/** Who calls, which host it would be without a resident one, and the environment. */
static int send_hello(int fd, struct launch *launch, const char *host) {
  static u8 hello[HELLO_BYTES];
  u64 at = 12;
  memcpy(hello, "cniwasm2", 8);
  if (!add_text(hello, &at, launch->name) || !add_text(hello, &at, host)) return 0;
  for (char **text = launch->env; *text; text++) if (!add_text(hello, &at, *text)) return 0;
  const u32 length = (u32)(at - 12);
  memcpy(hello + 8, &length, 4);
  return send_all(fd, hello, at);
}

static void *room(u64 size) {
  const i64 at = call6(MMAP, 0, (i64)size, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0);
  return at < 0 && at > -4096 ? 0 : (void *)at;
}

/** What stdin has now. 0 when it is more than a host takes, or cannot be read: what was read is kept. */
static int read_input(struct launch *launch) {
  if (LENGTH_BYTES + launch->length >= launch->space) {
    const u64 more = launch->space ? launch->space * 2 : 64 * 1024;
    if (more > STDIN_BYTES) return 0;
    const i64 moved = launch->space ? call6(MREMAP, (i64)launch->input, (i64)launch->space, (i64)more, MREMAP_MAYMOVE, 0, 0) : (i64)room(more);
    if (!moved || (moved < 0 && moved > -4096)) return 0;
    launch->input = (u8 *)moved;
    launch->space = more;
  }
  const u64 end = LENGTH_BYTES + launch->length;
  const i64 count = call(READ, 0, launch->input + end, launch->space - end);
  if (count > 0) launch->length += (u64)count;
  launch->is_read = count == 0;
  return count >= 0 || count == EINTR || count == EAGAIN;
}

static void allow_silence(int fd, i64 seconds) {
  set_timeout(fd, SO_SNDTIMEO, seconds);
  set_timeout(fd, SO_RCVTIMEO, seconds);
}

/** Is a sign of life what the host says next? Nothing else is taken out of the socket. */
static int is_alive(int fd) {
  u8 word = 0;
  while (call6(RECVFROM, fd, (i64)&word, 1, MSG_PEEK, 0, 0) == EINTR);
  return word == '.' && receive(fd, &word, 1);
}

/** Sends all of stdin, unless the host has an answer, or is gone, before stdin has ended. 0 when it is not to be waited for. */
static int hand_over_input(struct launch *launch, int fd) {
  struct timespec silence = { ACCEPT_SECONDS, 0 }; /* ppoll(2) takes off what has passed */
  while (!launch->is_read) {
    struct poll both[2] = { { 0, POLLIN, 0 }, { fd, POLLIN, 0 } };
    const i64 ready = call6(PPOLL, (i64)both, 2, (i64)&silence, 0, 0, 0);
    if (ready == EINTR) continue;
    if (ready <= 0) return 0;
    if (both[1].revents) {
      if (!is_alive(fd)) return 1;
      silence = (struct timespec){ ALIVE_SECONDS, 0 };
      allow_silence(fd, ALIVE_SECONDS);
    }
    if (both[0].revents && !read_input(launch)) return 0;
  }
  const u32 length = (u32)launch->length;
  memcpy(launch->input, &length, LENGTH_BYTES);
  return send_all(fd, launch->input, LENGTH_BYTES + launch->length);
}

/** Prints the host's answer and ends. Returns when there is none, or one that makes no sense: nothing is printed then. */
static void relay_answer(int fd) {
  u8 kind;
  u32 head[3]; /* exit code, bytes for stdout, bytes for stderr */
  for (;;) {
    if (!receive(fd, &kind, 1)) return;
    if (kind != '.') break;
    allow_silence(fd, ALIVE_SECONDS);
  }
  if (kind != 'D' || !receive(fd, head, sizeof head) || head[0] > 255 || head[1] > ANSWER_BYTES || head[2] > ANSWER_BYTES) return;
  u8 *text = room((u64)head[1] + head[2] + 1);
  if (!text || !receive(fd, text, (u64)head[1] + head[2])) return;
  write_all(2, text + head[1], head[2]);
  /* Success that nobody was told of is none. */
  leave(write_all(1, text, head[1]) ? head[0] : 1);
}

/** Returns when somebody else has to do the work. */
static void ask_host(struct launch *launch, const char *host, const char *verb) {
  const int fd = connect_to_host(launch);
  if (fd < 0) return;
  /* VERSION needs no stdin: a person who tries it has a terminal there, which does not end. */
  if (send_hello(fd, launch, host) && (is_same(verb, "VERSION") || hand_over_input(launch, fd))) relay_answer(fd);
  call(CLOSE, fd, 0, 0);
}

/** Neither is the host's: the one loads code into it, the other takes 40 ms to read certificates nobody needs. */
static void drop_variables_of_node(char **env) {
  char **to = env;
  for (; *env; env++) if (!after(*env, "NODE_OPTIONS=") && !after(*env, "NODE_EXTRA_CA_CERTS=")) *to++ = *env;
  *to = 0;
}

/** The path that was executed: argv[0] can be any word. */
static char *executed_path(u64 *auxiliary, char *otherwise) {
  for (; auxiliary[0]; auxiliary += 2) if (auxiliary[0] == AT_EXECFN) return (char *)auxiliary[1];
  return otherwise;
}

__attribute__((noreturn, used)) void launch(u64 *stack) {
  struct launch launch = { .argc = (int)stack[0], .argv = (char **)(stack + 1) };
  launch.env = launch.argv + launch.argc + 1;
  char **end = launch.env;
  while (*end) end++;
  launch.executed = executed_path((u64 *)(end + 1), launch.argc > 0 ? launch.argv[0] : "cni-wasm");
  const u64 folder = folder_length(launch.executed);
  launch.name = launch.executed + folder + (launch.executed[folder] == '/');
  drop_variables_of_node(launch.env);
  const char *host = find_host(&launch);
  /* Words are for people; without a verb, or with an empty one, nobody's network is meant. */
  const char *verb = variable(&launch, "CNI_COMMAND=");
  const int is_call = verb && *verb && launch.argc <= 1;
  if (is_call && is_same(verb, "VERSION")) answer_version(&launch, host);
  if (is_call && host) ask_host(&launch, host, verb);
  one_shot(&launch, host);
}
