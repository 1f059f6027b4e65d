/* What this machine can do without any MPI, called like the other programs (see bench.h), microseconds:
 *   line       a cache line from one process to another, half of there and back
 *   memcpy     a copy within one process, over and over the same memory
 *   copy       a copy of what another process has just written, out of memory that both have mapped
 *   cold-copy  the same when what was written has left all caches, and so has the target
 *   copy-both, cold-copy-both  two processes do so at the same time, each what the other has written; per copy, half of
 *              what both together take */
#define _GNU_SOURCE
#include <emmintrin.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

enum { LARGEST = 16 << 20 };

struct shared {
    _Alignas(64) _Atomic long there;
    _Alignas(64) _Atomic long back;
    _Alignas(4096) char data[LARGEST], more[LARGEST];
};

static struct shared *shared;
static double seconds = 0.03;
static int few;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void await(_Atomic long *what, long value)
{
    while (atomic_load_explicit(what, memory_order_acquire) != value)
        ;
}

static void say(_Atomic long *what, long value)
{
    atomic_store_explicit(what, value, memory_order_release);
}

/* The child's wait. */
static void await_or_end(long value)
{
    long got;
    while ((got = atomic_load_explicit(&shared->there, memory_order_acquire)) != value)
        if (got < 0)
            _exit(0);
}

/* Both go on when both have come; the parent ends the child. */
static void meet(pid_t child, long turn)
{
    if (child == 0) {
        await_or_end(turn);
        say(&shared->back, turn);
    } else {
        say(&shared->there, turn);
        await(&shared->back, turn);
    }
}

static pid_t begin(void)
{
    shared->there = shared->back = 0;
    pid_t child = fork();
    if (child < 0)
        exit(1);
    if (child == 0)
        prctl(PR_SET_PDEATHSIG, SIGKILL);
    return child;
}

static void end(pid_t child)
{
    int status;
    if (waitpid(child, &status, 0) != child || status != 0)
        exit(1);
}

/* Chunks until the time is over; a number below 0 ends the child. */
static void cache_line(void)
{
    enum { CHUNK = 500 };
    pid_t child = begin();
    for (long i = 1; child == 0; i++) {
        await_or_end(i);
        say(&shared->back, i);
    }
    long n = 0;
    double start = now(), first = 0;
    while (now() - start < seconds || n < 2 * CHUNK) {
        for (long last = n + CHUNK; n < last;) {
            say(&shared->there, ++n);
            await(&shared->back, n);
        }
        if (n == CHUNK)
            first = now();
    }
    printf("line 8 %.9f\n", (now() - first) * 1e6 / (double)(n - CHUNK) / 2);
    say(&shared->there, -1);
    end(child);
}

static void copies(size_t len)
{
    static char *from, *to;
    from = from ? from : memset(malloc(LARGEST), 1, LARGEST);
    to = to ? to : memset(malloc(LARGEST), 2, LARGEST);
    long n = 0;
    double start = now(), took = 0;
    for (long next = 1; took < seconds; next *= 2) {
        for (; n < next; n++) {
            from[len - 1] = (char)n;
            memcpy(to, from, len);
            __asm__ volatile("" : : "r"(to) : "memory");
            if (to[len - 1] != (char)n)
                exit(1);
        }
        took = now() - start;
    }
    printf("memcpy %zu %.9f\n", len, took * 1e6 / (double)n);
}

static void flush(const char *from, size_t len)
{
    for (size_t i = 0; i < len; i += 64)
        _mm_clflush(from + i);
    _mm_mfence();
}

/* The child writes all of it anew each time; only the parent's copy is timed. */
static void copy_between(const char *section, size_t len, int cold)
{
    static char *to;
    to = to ? to : memset(aligned_alloc(4096, LARGEST), 2, LARGEST);
    pid_t child = begin();
    for (long i = 1; child == 0; i++) {
        await_or_end(i);
        memset(shared->data, (int)(i & 127), len);
        if (cold)
            flush(shared->data, len);
        say(&shared->back, i);
    }
    double began = now(), took = 0, warm = 0;
    long n = 0;
    for (; n < 4 || now() - began < seconds * 2; n++) {
        if (cold)
            flush(to, len);
        say(&shared->there, n + 1);
        await(&shared->back, n + 1);
        double start = now();
        memcpy(to, shared->data, len);
        __asm__ volatile("" : : "r"(to) : "memory");
        took += now() - start;
        if (n == 0)
            warm = took;
        if (to[0] != (char)((n + 1) & 127) || to[len - 1] != to[0])
            exit(1);
    }
    say(&shared->there, -1);
    end(child);
    printf("%s %zu %.9f\n", section, len, (took - warm) * 1e6 / (double)(n - 1));
}

/* Each copies what the other has just written; the time is that of both, from when both are ready. */
static void copy_both(const char *section, size_t len, int cold)
{
    static char *to;
    to = to ? to : memset(aligned_alloc(4096, LARGEST), 2, LARGEST);
    pid_t child = begin();
    char *mine = child ? shared->data : shared->more, *theirs = child ? shared->more : shared->data;
    double began = now(), took = 0, warm = 0;
    long n = 0;
    for (; n < 4 || now() - began < seconds * 2 || child == 0; n++) {
        char mark = (char)((n + 1) & 127);
        memset(mine, mark, len);
        if (cold) {
            flush(mine, len);
            flush(to, len);
        }
        meet(child, 2 * n + 1);
        double start = now();
        memcpy(to, theirs, len);
        __asm__ volatile("" : : "r"(to) : "memory");
        meet(child, 2 * n + 2);
        took += now() - start;
        if (n == 0)
            warm = took;
        if (to[0] != mark || to[len - 1] != mark)
            exit(1);
    }
    say(&shared->there, -1);
    end(child);
    printf("%s %zu %.9f\n", section, len, (took - warm) * 1e6 / (double)(n - 1) / 2);
}

static int wanted(int argc, char **argv, const char *section)
{
    for (int i = 4; i < argc; i++)
        if (!strcmp(argv[i], section))
            return 1;
    return argc <= 4;
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc > 3) {
        seconds = atof(argv[1]);
        few = !strcmp(argv[3], "few");
    }
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        return 1;
    memset(shared, 0, sizeof *shared);
    if (wanted(argc, argv, "line"))
        cache_line();
    for (size_t len = 256; len <= LARGEST; len *= 2) {
        if (wanted(argc, argv, "memcpy"))
            copies(len);
        if (wanted(argc, argv, "copy"))
            copy_between("copy", len, 0);
        if (wanted(argc, argv, "cold-copy"))
            copy_between("cold-copy", len, 1);
        if (wanted(argc, argv, "copy-both"))
            copy_both("copy-both", len, 0);
        if (wanted(argc, argv, "cold-copy-both"))
            copy_both("cold-copy-both", len, 1);
    }
    printf("CHECKED\n");
    return 0;
}
