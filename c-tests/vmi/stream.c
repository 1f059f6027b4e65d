/* Messages gathered from registered memory without a copy: all sizes, several pieces, grabbed slabs, own streams. */
#include "client.h"

static const size_t sizes[] = {0, 5, 48, 4000, 70000, 3000000};
#define KINDS (int)(sizeof sizes / sizeof sizes[0])
#define MOST 3000000

static int arrived, ended, sent, grabbed;
static PVMI_SLAB kept[KINDS];
static unsigned char bytes[MOST];

/* Slab number k on stream 0 is discarded at once; on other streams every one is kept. */
static VMI_RECV_STATUS receive(PVMI_CONNECT connection, PVMI_STREAM_RECV stream, VMI_STREAM_COMMAND command,
                               PVOID context, PVMI_SLAB slab)
{
    size_t want = sizes[arrived % KINDS];
    ULONG size = 3;
    PVOID at = NULL;
    (void)connection, (void)context;
    if (command == VMI_STREAM_END) {
        CHECK(slab == NULL);
        CHECK(VMI_Stream_Recv_Number(stream) > 0);
        ended++;
        return VMI_SLAB_DONE;
    }
    EQ(VMI_Slab_Size(slab), want);
    if (VMI_Stream_Recv_Number(stream) > 0) {
        kept[grabbed++ % KINDS] = slab;
        arrived++;
        if (grabbed % 2)
            return VMI_SLAB_GRABBED;
        OK(VMI_Slab_Grab(slab));
        return VMI_SLAB_DONE;
    }
    REFUSED(VMI_Slab_Release(slab), VMI_ERR_STATE);
    OK(VMI_Slab_Try_Read(slab, &size, &at));
    EQ(size, want < 3 ? want : 3);
    RIGHT(at, size, (unsigned)arrived);
    OK(VMI_Slab_Copy_Bytes(slab, (ULONG)(want - size), bytes + size));
    memcpy(bytes, at, size);
    RIGHT(bytes, want, (unsigned)arrived);
    EQ(VMI_SLAB_BYTES_REMAINING(slab), 0);
    arrived++;
    return VMI_SLAB_DONE;
}

static void done(PVOID context, VMI_STATUS status)
{
    OK(status);
    CHECK(context == &sent);
    sent++;
}

/* The memory of message `number`, registered. */
static PVMI_CACHE_ENTRY message(int number)
{
    size_t len = sizes[number % KINDS];
    PVMI_CACHE_ENTRY entry;
    unsigned char *memory = malloc(len + 1);
    t_fill(memory, len, (unsigned)number);
    OK(VMI_Cache_Register(memory, (ULONG)len, &entry));
    return entry;
}

/* As one piece, or cut into two. */
static void send_gathered(PVMI_CONNECT connection, PVMI_CACHE_ENTRY entry, int pieces)
{
    PVMI_BUFFER buffers[2];
    PVOID addresses[2];
    ULONG lens[2];
    buffers[0] = buffers[1] = entry->bufferHandle;
    lens[0] = pieces == 2 ? entry->size / 3 : entry->size;
    lens[1] = entry->size - lens[0];
    addresses[0] = entry->address;
    addresses[1] = (char *)entry->address + lens[0];
    OK(VMI_Stream_Send(connection, buffers, addresses, lens, (ULONG)pieces, done, &sent, TRUE));
    memset(buffers, 0, sizeof buffers);
    memset(addresses, 0, sizeof addresses);
    memset(lens, 0, sizeof lens);
}

static void send_all(PVMI_CONNECT connection, int first)
{
    PVMI_CACHE_ENTRY entries[KINDS];
    int number, before = sent;
    for (number = 0; number < KINDS; number++) {
        entries[number] = message(first + number);
        send_gathered(connection, entries[number], 1 + number % 2);
    }
    EQ(sent, before);
    UNTIL(sent == before + KINDS);
    for (number = 0; number < KINDS; number++) {
        free(entries[number]->address);
        OK(VMI_Cache_Deregister(entries[number]));
    }
}

static void send_on_a_stream(PVMI_CONNECT connection, int first)
{
    PVMI_STREAM stream;
    PVMI_SLAB slab;
    PVMI_CACHE_ENTRY entries[KINDS];
    int number, before = sent;
    OK(VMI_Stream_Begin(connection, &stream));
    OK(VMI_Slab_Allocate(&slab));
    REFUSED(VMI_Slab_Pop(slab), VMI_ERR_STATE);
    for (number = 0; number < KINDS; number++) {
        ULONG half;
        entries[number] = message(first + number);
        half = entries[number]->size / 2;
        OK(VMI_Slab_Push(slab, entries[number]->bufferHandle, entries[number]->address, half));
        OK(VMI_Slab_Push(slab, entries[number]->bufferHandle, (char *)entries[number]->address + half,
                         entries[number]->size - half));
        EQ(VMI_Slab_Size(slab), entries[number]->size);
        OK(VMI_Stream_Send_Slab(stream, slab, done, &sent));
        OK(VMI_Slab_Pop(slab));
        OK(VMI_Slab_Pop(slab));
    }
    OK(VMI_Slab_Deallocate(slab));
    CHECK(VMI_Stream_Number(stream) > 0);
    OK(VMI_Stream_End(stream));
    REFUSED(VMI_Stream_End(stream), VMI_ERR_HANDLE);
    UNTIL(sent == before + KINDS);
    for (number = 0; number < KINDS; number++) {
        free(entries[number]->address);
        OK(VMI_Cache_Deregister(entries[number]));
    }
}

static void check_kept(int first)
{
    int number;
    for (number = 0; number < KINDS; number++) {
        size_t len = sizes[number];
        CHECK(VMI_SLAB_BYTES_REMAINING(kept[number]) == len);
        RIGHT(VMI_BUFFEROP_GET_ADDRESS(VMI_SLAB_GET_BUFFEROPS(kept[number])), len, (unsigned)(first + number));
        OK(VMI_Slab_Copy_Bytes(kept[number], (ULONG)len, bytes));
        RIGHT(bytes, len, (unsigned)(first + number));
        OK(VMI_Slab_Release(kept[number]));
        REFUSED(VMI_Slab_Release(kept[number]), VMI_ERR_HANDLE);
    }
}

/* Ranks 0 and 1 send to each other, both at once. */
int main(void)
{
    int round;
    VMI_STREAM_SET_RECV_FUNCTION(receive);
    t_init();
    t_connect_all();
    if (t_rank < 2 && t_size > 1) {
        PVMI_CONNECT peer = t_peers[1 - t_rank].connection;
        for (round = 0; round < 5; round++)
            send_all(peer, round * KINDS);
        UNTIL(arrived >= 5 * KINDS);
        send_on_a_stream(peer, 5 * KINDS);
        UNTIL(arrived >= 6 * KINDS && ended == 1);
        check_kept(5 * KINDS);
        EQ(grabbed, KINDS);
        t_send_inline(&t_peers[1 - t_rank], bytes, 0);
        UNTIL(arrived == 6 * KINDS + 1);
    }
    return t_leave();
}
