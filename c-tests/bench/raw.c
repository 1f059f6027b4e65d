/* What this machine can do without any MPI: a cache line there and back between two processes, and memcpy.
 * Prints `line 0 MICROSECONDS` (one way) and `memcpy BYTES MICROSECONDS`. */
#define _GNU_SOURCE
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct line {
    _Alignas(64) _Atomic long there;
    _Alignas(64) _Atomic long back;
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void cache_line(void)
{
    enum { N = 300000 };
    struct line *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        exit(1);
    pid_t child = fork();
    if (child == 0) {
        for (long i = 1; i <= N; i++) {
            while (atomic_load_explicit(&shared->there, memory_order_acquire) != i)
                ;
            atomic_store_explicit(&shared->back, i, memory_order_release);
        }
        _exit(0);
    }
    double start = 0;
    for (long i = 1; i <= N; i++) {
        if (i == N / 10)
            start = now();
        atomic_store_explicit(&shared->there, i, memory_order_release);
        while (atomic_load_explicit(&shared->back, memory_order_acquire) != i)
            ;
    }
    printf("line 0 %.9f\n", (now() - start) * 1e6 / (N - N / 10) / 2);
    waitpid(child, NULL, 0);
}

static void copies(void)
{
    const size_t largest = 16u << 20;
    char *from = malloc(largest), *to = malloc(largest);
    memset(from, 1, largest);
    memset(to, 2, largest);
    for (size_t len = 1024; len <= largest; len *= 4) {
        size_t n = ((size_t)512 << 20) / len;
        if (n > 200000)
            n = 200000;
        double start = now();
        for (size_t i = 0; i < n; i++) {
            from[0] = (char)i;
            memcpy(to, from, len);
            __asm__ volatile("" : : "r"(to) : "memory");
            if (to[0] != (char)i)
                exit(1);
        }
        printf("memcpy %zu %.9f\n", len, (now() - start) * 1e6 / (double)n);
    }
}

int main(void)
{
    cache_line();
    copies();
    printf("CHECKED\n");
    return 0;
}
