/* What every C test uses: checks that count, a start and an end.
 *
 * A rank that saw a failed check prints it on stderr and ends with code 1, so
 * the launcher's exit code tells the result without trusting a collective.
 * Rank 0 prints PASS when its own checks held. */
#ifndef VMI_TEST_HARNESS_H
#define VMI_TEST_HARNESS_H

#include <mpi.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#if defined(__x86_64__)
#include <emmintrin.h>
#endif

#if defined(__GNUC__)
#define T_UNUSED __attribute__((unused))
#else
#define T_UNUSED
#endif

static int t_rank T_UNUSED, t_size T_UNUSED, t_failures T_UNUSED;

/* More than this many failures in one rank say nothing new. */
enum { T_MAX_FAILURES = 20 };

static void T_UNUSED t_fail(const char *file, int line, const char *format, ...)
{
    va_list args;
    char text[512];
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    fprintf(stderr, "FAIL %s:%d rank %d: %s\n", file, line, t_rank, text);
    if (++t_failures >= T_MAX_FAILURES) {
        fprintf(stderr, "FAIL rank %d: too many failures\n", t_rank);
        exit(1);
    }
}

static void T_UNUSED t_eq(const char *file, int line, const char *what, long long got, long long want)
{
    if (got != want)
        t_fail(file, line, "%s is %lld, expected %lld", what, got, want);
}

/* Puts memory out of all caches, where a program can. */
static void T_UNUSED t_cool(const void *at, size_t len)
{
#if defined(__x86_64__)
    for (size_t i = 0; i < len; i += 64)
        _mm_clflush((const char *)at + i);
    _mm_mfence();
#else
    (void)at, (void)len;
#endif
}

/* The call must succeed. */
static void T_UNUSED t_call(const char *file, int line, const char *what, int code)
{
    char text[MPI_MAX_ERROR_STRING] = "";
    int len = 0;
    if (code == MPI_SUCCESS)
        return;
    MPI_Error_string(code, text, &len);
    t_fail(file, line, "%s gives error %d: %s", what, code, text);
}

/* The call must fail with the given error class. */
static void T_UNUSED t_error(const char *file, int line, const char *what, int code, int want)
{
    int class = MPI_SUCCESS;
    char text[MPI_MAX_ERROR_STRING] = "";
    int len = 0;
    if (code != MPI_SUCCESS)
        MPI_Error_class(code, &class);
    if (class == want)
        return;
    if (code != MPI_SUCCESS)
        MPI_Error_string(code, text, &len);
    t_fail(file, line, "%s gives error class %d (%s), expected class %d", what, class, text, want);
}

#define FAIL(...) t_fail(__FILE__, __LINE__, __VA_ARGS__)
#define CHECK(condition) do { if (!(condition)) FAIL("not true: %s", #condition); } while (0)
#define EQ(got, want) t_eq(__FILE__, __LINE__, #got, (long long)(got), (long long)(want))
#define CALL(call) t_call(__FILE__, __LINE__, #call, (call))
#define ERROR_CLASS(call, class) t_error(__FILE__, __LINE__, #call, (call), (class))

static void T_UNUSED t_start(int *argc, char ***argv)
{
    MPI_Init(argc, argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &t_rank);
    MPI_Comm_size(MPI_COMM_WORLD, &t_size);
}

static int T_UNUSED t_end(void)
{
    MPI_Finalize();
    if (t_failures == 0 && t_rank == 0)
        printf("PASS\n");
    return t_failures != 0;
}

/* A byte that depends on the message and on the place in it. */
static unsigned char T_UNUSED t_byte(unsigned message, size_t at)
{
    uint64_t x = (at + 1) * 0x9E3779B97F4A7C15ull + message * 0xD1B54A32D192ED03ull;
    return (unsigned char)(x >> 56);
}

static void T_UNUSED t_fill(void *buffer, size_t len, unsigned message)
{
    unsigned char *bytes = buffer;
    for (size_t i = 0; i < len; i++)
        bytes[i] = t_byte(message, i);
}

/* Tells the first wrong byte only. */
static void T_UNUSED t_check_bytes(const char *file, int line, const void *buffer, size_t len, unsigned message)
{
    const unsigned char *bytes = buffer;
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] == t_byte(message, i))
            continue;
        t_fail(file, line, "byte %zu of %zu of message %u is %d, expected %d", i, len, message, bytes[i],
               t_byte(message, i));
        return;
    }
}
#define CHECK_BYTES(buffer, len, message) t_check_bytes(__FILE__, __LINE__, buffer, len, message)

/* A small generator, the same on every rank and machine. */
static uint64_t T_UNUSED t_random(uint64_t *state)
{
    *state = *state * 6364136223846793005ull + 1442695040888963407ull;
    return *state >> 33;
}

#endif
