/* What every VMI test uses: checks that count, and the way in which parallel programs of VMI's time set themselves up:
 * each process has the key "<program>:<rank>", asks all lower ranks to connect, and accepts all higher ones.
 *
 * Rank, size and program key come from T_RANK, T_SIZE and T_KEY for processes started by hand, else from the launcher. */
#ifndef VMI_TEST_CLIENT_H
#define VMI_TEST_CLIENT_H

#define VMI_DEVICENAME "test"
#include <vmi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#if defined(__GNUC__)
#define T_UNUSED __attribute__((unused))
#else
#define T_UNUSED
#endif

#define T_MOST 64

static int t_rank T_UNUSED, t_size T_UNUSED, t_failures T_UNUSED;
static char t_program[64] T_UNUSED;

#define FAIL(...) do { \
        fprintf(stderr, "FAIL %s:%d rank %d: ", __FILE__, __LINE__, t_rank); \
        fprintf(stderr, __VA_ARGS__); \
        fprintf(stderr, "\n"); \
        if (++t_failures > 20) exit(1); \
    } while (0)
#define CHECK(condition) do { if (!(condition)) FAIL("not true: %s", #condition); } while (0)
#define EQ(got, want) do { \
        long long t_got = (long long)(got), t_want = (long long)(want); \
        if (t_got != t_want) FAIL("%s is %lld, expected %lld", #got, t_got, t_want); \
    } while (0)
#define OK(call) do { \
        VMI_STATUS t_status = (call); \
        if (!VMI_SUCCESS(t_status)) { FAIL("%s gives 0x%08x", #call, (unsigned)t_status); VMI_perror(#call, t_status); } \
    } while (0)
#define REFUSED(call, code) do { \
        VMI_STATUS t_status = (call); \
        if (t_status != (VMI_STATUS)(code)) FAIL("%s gives 0x%08x, expected %s", #call, (unsigned)t_status, #code); \
    } while (0)

static double T_UNUSED t_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* Polls until the condition holds; a minute is a failure. */
#define UNTIL(condition) do { \
        double t_end = t_now() + 60; \
        while (!(condition)) { \
            OK(VMI_Poll()); \
            sched_yield(); \
            if (t_now() > t_end) { FAIL("waited in vain for: %s", #condition); exit(1); } \
        } \
    } while (0)

/* A byte that depends on the message and on the place in it. */
static unsigned char T_UNUSED t_byte(unsigned message, size_t at)
{
    uint64_t x = ((uint64_t)at + 1) * 0x9E3779B97F4A7C15u + message * 0xD1B54A32D192ED03u;
    return (unsigned char)(x >> 56);
}

static void T_UNUSED t_fill(void *buffer, size_t len, unsigned message)
{
    size_t at;
    for (at = 0; at < len; at++)
        ((unsigned char *)buffer)[at] = t_byte(message, at);
}

static int T_UNUSED t_right(const void *buffer, size_t len, unsigned message)
{
    size_t at;
    for (at = 0; at < len; at++)
        if (((const unsigned char *)buffer)[at] != t_byte(message, at))
            return 0;
    return 1;
}
#define RIGHT(buffer, len, message) CHECK(t_right(buffer, len, message))

/* ---- Start ---- */

typedef struct {
    int rank;
    int answered; /* 1: accepted, 2: refused or impossible */
    PVMI_CONNECT connection;
} t_peer;

static t_peer t_peers[T_MOST] T_UNUSED;
static PVMI_BUFFER t_connect_data T_UNUSED;
static int t_lost T_UNUSED;
/* A test sets its own callbacks on each new connection here. */
static void (*t_prepare)(t_peer *) T_UNUSED;

static int T_UNUSED t_number(const char *name, int otherwise)
{
    const char *text = getenv(name);
    return text ? atoi(text) : otherwise;
}

static void t_new_peer(t_peer *peer, PVMI_CONNECT connection)
{
    peer->connection = connection;
    VMI_CONNECT_SET_RECEIVE_CONTEXT(connection, peer);
    if (t_prepare)
        t_prepare(peer);
    peer->answered = 1;
}

static VMI_CONNECT_RESPONSE t_accept(PVMI_CONNECT connection, PVMI_SLAB slab, ULONG size)
{
    UINT32 rank;
    EQ(size, sizeof rank);
    EQ(VMI_SLAB_BYTES_REMAINING(slab), sizeof rank);
    OK(VMI_Slab_Copy_Bytes(slab, sizeof rank, &rank));
    rank = ntohl(rank);
    if (rank >= T_MOST || (int)rank <= t_rank) {
        FAIL("rank %u asks to connect", (unsigned)rank);
        return VMI_CONNECT_RESPONSE_REJECT;
    }
    t_new_peer(&t_peers[rank], connection);
    return VMI_CONNECT_RESPONSE_ACCEPT;
}

/* Ends by giving its context away as if it were a buffer, as programs of the time do. */
static void t_response(PVOID context, PVOID response, USHORT size, PVOID handle, VMI_CONNECT_RESPONSE answer)
{
    t_peer *peer = context;
    (void)response, (void)size, (void)handle;
    switch (answer) {
    case VMI_CONNECT_RESPONSE_ACCEPT:
        t_new_peer(peer, peer->connection);
        break;
    case VMI_CONNECT_RESPONSE_REJECT:
    case VMI_CONNECT_RESPONSE_ERROR:
        peer->answered = 2;
        break;
    default:
        FAIL("answer is %u", (unsigned)answer);
    }
    REFUSED(VMI_Buffer_Deallocate((PVMI_BUFFER)context), VMI_ERR_HANDLE);
}

static void t_disconnected(PVMI_CONNECT connection)
{
    CHECK(connection != NULL);
    t_lost++;
}

static void t_issue(int rank)
{
    char key[80], host[256];
    PVMI_NETADDRESS remote;
    struct passwd *user = getpwuid(getuid());
    t_peer *peer = &t_peers[rank];
    gethostname(host, sizeof host);
    snprintf(key, sizeof key, "%s:%d", t_program, rank);
    OK(VMI_Connection_Create(&peer->connection));
    OK(VMI_Connection_Allocate_IPV4_Address(host, 0, user ? user->pw_name : (char *)"root", key, &remote));
    OK(VMI_Connection_Bind(*localAddress, *remote, peer->connection));
    OK(VMI_Connection_Deallocate_Address(remote));
    peer->answered = 0;
    OK(VMI_Connection_Issue(peer->connection, t_connect_data, t_response, peer));
}

/* Names the process in the environment, starts the library, and then spoils and frees what was in the environment. */
static void T_UNUSED t_init(void)
{
    char *key = malloc(128), *limit = malloc(64);
    const char *program = getenv("T_KEY");
    t_rank = t_number("T_RANK", t_number("VMI_JOB_RANK", t_number("PMI_RANK", 0)));
    t_size = t_number("T_SIZE", t_number("VMI_JOB_SIZE", t_number("PMI_SIZE", 1)));
    if (program)
        snprintf(t_program, sizeof t_program, "%s", program);
    else
        snprintf(t_program, sizeof t_program, "test%d", (int)getppid());
    snprintf(key, 128, "VMI_KEY=%s:%d", t_program, t_rank);
    snprintf(limit, 64, "VMI_INLINED_DATA_SZ=%d", 16384);
    putenv(key);
    putenv(limit);
    OK(VMI_Init(0, NULL));
    if (t_failures)
        exit(1);
    memset(key, 'x', 127);
    memset(limit, 'x', 63);
    unsetenv("VMI_KEY"); /* our process may still read its environment: nothing may point to freed memory */
    free(key);
    free(limit);
    CHECK(localAddress != NULL);
}

/* Connects everybody with everybody; a peer that is not there yet is asked again. */
static void T_UNUSED t_connect_all(void)
{
    UINT32 mine;
    int rank, waiting;
    double end = t_now() + 60;
    OK(VMI_Connection_Accept_Fn(t_accept));
    OK(VMI_Connection_Disconnect_Fn(t_disconnected));
    OK(VMI_Buffer_Allocate(sizeof mine, &t_connect_data));
    mine = htonl((UINT32)t_rank);
    memcpy(VMI_BUFFER_ADDRESS(t_connect_data), &mine, sizeof mine);
    for (rank = 0; rank < t_size; rank++)
        t_peers[rank].rank = rank;
    for (rank = 0; rank < t_rank; rank++)
        t_issue(rank);
    do {
        OK(VMI_Poll());
        sched_yield();
        waiting = 0;
        for (rank = 0; rank < t_size; rank++) {
            if (rank == t_rank || t_peers[rank].answered == 1)
                continue;
            waiting++;
            if (t_peers[rank].answered == 2)
                t_issue(rank);
        }
        if (t_now() > end) {
            FAIL("%d peers are missing", waiting);
            exit(1);
        }
    } while (waiting);
    OK(VMI_Buffer_Deallocate(t_connect_data));
}

static void T_UNUSED t_send_inline(t_peer *peer, const void *bytes, size_t len)
{
    PVOID addresses[1];
    ULONG sizes[1];
    addresses[0] = (PVOID)bytes;
    sizes[0] = (ULONG)len;
    OK(VMI_Stream_Send_Inline(peer->connection, addresses, sizes, 1, (ULONG)len));
}

/* ---- End ---- */

static int T_UNUSED t_end(void)
{
    if (t_failures == 0 && t_rank == 0)
        printf("PASS\n");
    return t_failures != 0;
}

/* Disconnects from the lower ranks, waits until the higher ones have, and ends the library. */
static int T_UNUSED t_leave(void);

static int t_gone T_UNUSED;

static void T_UNUSED t_ended(PVMI_CONNECT connection, PVOID context, VMI_STATUS status)
{
    (void)connection, (void)context;
    OK(status);
    t_gone++;
}

static int T_UNUSED t_leave(void)
{
    VMI_STATUS status;
    int rank;
    for (rank = 0; rank < t_rank; rank++)
        OK(VMI_Connection_Disconnect(t_peers[rank].connection, t_ended, &t_peers[rank]));
    UNTIL(t_gone == t_rank && t_lost == t_size - 1 - t_rank);
    SET_VMI_SUCCESS(status);
    VMI_Terminate(status);
    return t_end();
}

#endif
