/* Puts and gets of many sizes into one region, verified byte by byte on both sides, in order with each other and with
 * messages. The networks' own account of them tells whether they passed by the frames.
 *
 *     memory rdma     they must have; and none may have failed
 *     memory frames   none may have
 *     memory crypt    as rdma, and none may have any more while crypt is attached
 *     memory long N   N rounds, while somebody breaks and mends networks; prints the account at the end
 *     memory time     how long they take (rank 0 prints) */
#include "client.h"

#define ROOM (8u << 20)
#define LATE (4u << 20)
#define SMALL 1000u

enum { CHECK_WHOLE = 1, CHECK_TOP, VERIFIED, GIVE_BACK, GIVEN_BACK, LOOK, AGAIN, END };

static PVMI_REMOTE_BUFFER rooms[2];
static PVMI_CACHE_ENTRY mine;
static PVMI_RDMA_OP op;
static PVMI_BUFFER late;
static unsigned char *memory, *back, *late_memory;
static int published, moved, put_notes, get_notes, verified, given_back, ended;

static t_peer *other(void) { return &t_peers[1 - t_rank]; }

static VMI_virt_addr_t address_of(const void *pointer) { return (VMI_virt_addr_t)(VMI_ADDR_CAST)pointer; }

/* The size and the place of the put of round n. */
static ULONG size_of(int n)
{
    static const ULONG sizes[] = {1, 65535, 65536, 131071, 131072, 1u << 20, (1u << 20) + 1, 3333333, ROOM - 64};
    return sizes[n % 9];
}

static UINT32 place_of(int n) { return (UINT32)(n * 7 % 64); }

static void tell(int what) { t_send_inline(other(), &what, sizeof what); }

static void publish(PVMI_BUFFER buffer, void *at, UINT32 size, UINT32 context)
{
    int what = 0;
    OK(VMI_RDMA_Publish_Buffer(other()->connection, buffer, address_of(at), size, 0, context, &what, sizeof what));
}

static VMI_RECV_STATUS receive(PVMI_CONNECT connection, PVMI_STREAM_RECV stream, VMI_STREAM_COMMAND command,
                               PVOID context, PVMI_SLAB slab)
{
    int what;
    size_t at, wrong = 0;
    (void)connection, (void)stream, (void)command, (void)context;
    OK(VMI_Slab_Copy_Bytes(slab, sizeof what, &what));
    switch (what) {
    case CHECK_WHOLE: RIGHT(memory, ROOM, 901); break;
    case CHECK_TOP:
        RIGHT(memory, SMALL, 902);
        CHECK(t_right(memory, SMALL + 1, 902) == 0);
        break;
    case VERIFIED: verified++; break;
    case GIVE_BACK:
        OK(VMI_Buffer_Deregister(late));
        memset(late_memory, 0x5a, LATE);
        tell(GIVEN_BACK);
        break;
    case GIVEN_BACK: given_back = 1; break;
    case LOOK:
        for (at = 0; at < LATE; at++)
            wrong += late_memory[at] != 0x5a;
        EQ(wrong, 0);
        break;
    case AGAIN: publish(mine->bufferHandle, memory, ROOM, 7); break;
    default: ended = 1;
    }
    if (t_rank == 1 && what <= LOOK && what != GIVE_BACK)
        tell(VERIFIED);
    return VMI_SLAB_DONE;
}

static void on_published(PVMI_CONNECT connection, PVMI_REMOTE_BUFFER remote, PVMI_SLAB data, ULONG size)
{
    CHECK(connection != NULL && data != NULL);
    EQ(size, 4);
    rooms[published < 2 ? published : 0] = remote;
    published++;
}

static void put_noted(PVMI_CONNECT connection, UINT32 size, UINT32 context, VMI_STATUS status)
{
    CHECK(connection != NULL);
    EQ(context, 7);
    OK(status);
    EQ(size, size_of(put_notes));
    RIGHT(memory + place_of(put_notes), size, (unsigned)put_notes);
    put_notes++;
    tell(VERIFIED);
}

static void get_noted(PVMI_CONNECT connection, UINT32 context, VMI_STATUS status)
{
    CHECK(connection != NULL);
    EQ(context, 7);
    OK(status);
    get_notes++;
}

static void on_moved(PVMI_RDMA_OP finished, PVOID context, VMI_STATUS status)
{
    CHECK(finished == op && context == &moved);
    OK(status);
    moved++;
}

static void changed(PVMI_CONNECT connection, PVOID context, VMI_STATUS status)
{
    CHECK(connection != NULL);
    OK(status);
    ++*(int *)context;
}

static void prepare(t_peer *peer)
{
    OK(VMI_RDMA_Set_Publish_Callback(peer->connection, on_published));
    OK(VMI_RDMA_Set_Put_Notification_Callback(peer->connection, put_noted));
    OK(VMI_RDMA_Set_Get_Notification_Callback(peer->connection, get_noted));
}

static void begin(PVMI_REMOTE_BUFFER room, unsigned char *at, ULONG size, UINT32 place, int notify)
{
    /* In two pieces, if that is possible. */
    ULONG first = size / 3;
    op->numBufs = first > 0 ? 2 : 1;
    op->buffers[0] = op->buffers[1] = mine->bufferHandle;
    op->addr[0] = at;
    op->sz[0] = first > 0 ? first : size;
    op->addr[1] = at + first;
    op->sz[1] = size - first;
    op->rbuffer = room;
    op->roffset = place;
    op->notify = notify ? TRUE : FALSE;
}

static void put(PVMI_REMOTE_BUFFER room, unsigned char *from, ULONG size, UINT32 place, int notify)
{
    begin(room, from, size, place, notify);
    OK(VMI_RDMA_Put(other()->connection, op, &moved, on_moved));
}

static void get(unsigned char *to, ULONG size, UINT32 place, int notify)
{
    begin(rooms[0], to, size, place, notify);
    OK(VMI_RDMA_Get(other()->connection, op, &moved, on_moved));
}

/* A number of the networks' account: the sum over all of them. */
static long account(const char *what)
{
    static char report[100000];
    char key[32];
    long sum = 0;
    const char *at = report;
    OK(VMI_Device_Report(other()->connection, report, sizeof report));
    snprintf(key, sizeof key, "\"%s\":", what);
    while ((at = strstr(at, "\"rdma\":{")) != NULL) {
        const char *end = strchr(at, '}'), *number = strstr(at, key);
        if (number && number < end)
            sum += atol(number + strlen(key));
        at = end;
    }
    return sum;
}

static void round_trip(int n)
{
    int done = moved, seen = verified;
    t_fill(memory, size_of(n), (unsigned)n);
    put(rooms[0], memory, size_of(n), place_of(n), 1);
    UNTIL(moved == done + 1 && verified == seen + 1);
    memset(back, 0, size_of(n));
    get(back, size_of(n), place_of(n), n % 2);
    UNTIL(moved == done + 2);
    RIGHT(back, size_of(n), (unsigned)n);
}

/* Large and small puts into one place, and a message behind them: the last one counts. */
static void overlap(void)
{
    int done = moved, seen = verified;
    t_fill(memory, ROOM, 900);
    t_fill(back, ROOM, 901);
    put(rooms[0], memory, ROOM, 0, 0);
    put(rooms[0], memory + 5, SMALL, 0, 0);
    put(rooms[0], back, ROOM, 0, 0);
    tell(CHECK_WHOLE);
    UNTIL(moved == done + 3 && verified == seen + 1);
    t_fill(memory, SMALL, 902);
    put(rooms[0], back, ROOM, 0, 0);
    put(rooms[0], memory, SMALL, 0, 0);
    tell(CHECK_TOP);
    UNTIL(moved == done + 5 && verified == seen + 2);
    get(memory, ROOM, 0, 0);
    UNTIL(moved == done + 6);
    RIGHT(memory, SMALL, 902);
}

/* The publisher has given its buffer back: nothing arrives there. */
static void too_late(void)
{
    int done = moved, seen = verified;
    tell(GIVE_BACK);
    UNTIL(given_back);
    put(rooms[1], memory, LATE, 0, 0);
    UNTIL(moved == done + 1);
    tell(LOOK);
    UNTIL(verified > seen);
}

static void with_crypt(void)
{
    int on = 0, off = 0, n;
    long puts, gets;
    OK(VMI_Device_Attach(other()->connection, "crypt", changed, &on));
    for (n = 0; !on; n++)
        round_trip(9 + n);
    puts = account("puts"), gets = account("gets");
    while (n % 9 != 0)
        round_trip(9 + n++);
    for (; n % 9 != 8; n++)
        round_trip(9 + n);
    EQ(account("puts"), puts);
    EQ(account("gets"), gets);
    OK(VMI_Device_Detach(other()->connection, "crypt", changed, &off));
    UNTIL(off);
    round_trip(9 + n);
    CHECK(account("puts") > puts && account("gets") > gets);
}

static void measure(void)
{
    static const ULONG sizes[] = {64u << 10, 128u << 10, 256u << 10, 1u << 20, 4u << 20};
    int i, n, way;
    memset(memory, 1, ROOM);
    for (i = 0; i < 5; i++) {
        for (way = 0; way < 2; way++) {
            int rounds = (int)((128u << 20) / sizes[i]) / 2, first = rounds / 8;
            double begun = 0;
            for (n = -first; n < rounds; n++) {
                int done = moved;
                if (n == 0)
                    begun = t_now();
                if (way == 0)
                    put(rooms[0], memory, sizes[i], 0, 0);
                else
                    get(back, sizes[i], 0, 0);
                UNTIL(moved == done + 1);
            }
            begun = t_now() - begun;
            printf("%s %lu %.1f\n", way ? "get" : "put", (unsigned long)sizes[i], begun / rounds * 1e6);
        }
    }
    fflush(stdout);
}

/* What has failed once is reached through frames until it is published again. */
static void another_room(void)
{
    int had = published;
    OK(VMI_RDMA_Dealloc_Buffer(rooms[0]));
    tell(AGAIN);
    UNTIL(published == had + 1);
}

static void use(const char *how, int rounds)
{
    int n;
    UNTIL(published == 2);
    OK(VMI_Cache_Register(memory, 2 * ROOM, &mine));
    OK(VMI_RDMA_Alloc_Op(&op));
    if (strcmp(how, "time") == 0)
        measure();
    for (n = 0; n < rounds; n++) {
        round_trip(n);
        if (strcmp(how, "long") == 0 && n % 9 == 8)
            another_room();
        if (n == 0 && getenv("T_MOVING"))
            fclose(fopen(getenv("T_MOVING"), "w"));
    }
    if (strcmp(how, "long") == 0) {
        printf("puts %ld gets %ld failed %ld\n", account("puts"), account("gets"), account("failed"));
    } else if (rounds > 0) {
        overlap();
        EQ(account("failed"), 0);
        if (strcmp(how, "frames") == 0)
            EQ(account("puts") + account("gets"), 0);
        else
            CHECK(account("puts") > 5 && account("gets") > 7);
        if (strcmp(how, "crypt") == 0)
            with_crypt();
        too_late();
    }
    OK(VMI_RDMA_Dealloc_Op(op));
    OK(VMI_RDMA_Dealloc_Buffer(rooms[0]));
    OK(VMI_RDMA_Dealloc_Buffer(rooms[1]));
    tell(END);
    OK(VMI_Cache_Deregister(mine));
}

static void offer(void)
{
    OK(VMI_Cache_Register(memory, 2 * ROOM, &mine));
    publish(mine->bufferHandle, memory, ROOM, 7);
    late_memory = malloc(LATE);
    OK(VMI_Buffer_Register(late_memory, LATE, &late));
    publish(late, late_memory, LATE, 8);
    UNTIL(ended);
    OK(VMI_Cache_Deregister(mine));
}

int main(int argc, char **argv)
{
    const char *how = argc > 1 ? argv[1] : "frames";
    int rounds = argc > 2 ? atoi(argv[2]) : strcmp(how, "time") == 0 ? 0 : 9;
    t_prepare = prepare;
    VMI_STREAM_SET_RECV_FUNCTION(receive);
    memory = malloc(2 * ROOM);
    back = memory + ROOM;
    t_init();
    t_connect_all();
    if (t_rank == 0)
        use(how, rounds);
    else if (t_rank == 1)
        offer();
    return t_leave();
}
