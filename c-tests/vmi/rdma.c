/* Publish, get and put with their notifications, as rendezvous protocols use them: a sender publishes a message and the
 * receiver gets it; a receiver publishes room and the sender puts into it, again and again. */
#include "client.h"

enum { GET = 1, PUT = 2 };
#define SIZE 1000003
#define CHUNK (256 * 1024)
#define GETS 6

static PVMI_REMOTE_BUFFER room;
static PVMI_RDMA_OP op;
static PVMI_CACHE_ENTRY mine;
static unsigned char *memory;
static int gets_done, get_notes, put_notes, puts_done, publishes_done, last_context;
static UINT32 last_size;

static void get_complete(PVMI_RDMA_OP finished, PVOID context, VMI_STATUS status)
{
    OK(status);
    CHECK(finished == op && context == memory);
    RIGHT(memory, SIZE, (unsigned)gets_done);
    OK(VMI_RDMA_Dealloc_Op(op));
    REFUSED(VMI_RDMA_Dealloc_Op(op), VMI_ERR_HANDLE);
    OK(VMI_RDMA_Dealloc_Buffer(room));
    OK(VMI_Cache_Deregister(mine));
    free(memory);
    room = NULL;
    gets_done++;
}

/* Receives the publish of a message: makes room for it and gets it, all inside the callback. */
static void start_get(PVMI_CONNECT connection, PVMI_REMOTE_BUFFER remote)
{
    EQ(remote->rsz, SIZE);
    EQ(remote->lctxt, 0xABCDEF0123456789u);
    room = remote;
    memory = malloc(SIZE);
    OK(VMI_Cache_Register(memory, SIZE, &mine));
    OK(VMI_RDMA_Alloc_Op(&op));
    op->numBufs = 1;
    op->buffers[0] = mine->bufferHandle;
    op->addr[0] = memory;
    op->sz[0] = SIZE + 1;
    op->rbuffer = remote;
    op->roffset = 0;
    op->notify = TRUE;
    REFUSED(VMI_RDMA_Get(connection, op, memory, get_complete), VMI_ERR_RANGE);
    /* In pieces, and not in the order of their addresses. */
    op->numBufs = 2;
    op->buffers[1] = mine->bufferHandle;
    op->addr[0] = memory;
    op->sz[0] = 333;
    op->addr[1] = memory + 333;
    op->sz[1] = SIZE - 333;
    OK(VMI_RDMA_Get(connection, op, memory, get_complete));
}

static void published(PVMI_CONNECT connection, PVMI_REMOTE_BUFFER remote, PVMI_SLAB data, ULONG size)
{
    int what;
    EQ(size, sizeof what);
    memcpy(&what, VMI_BUFFEROP_GET_ADDRESS(VMI_SLAB_GET_BUFFEROPS(data)), sizeof what);
    if (what == GET)
        start_get(connection, remote);
    else
        room = remote;
}

static void put_noted(PVMI_CONNECT connection, UINT32 size, UINT32 context, VMI_STATUS status)
{
    OK(status);
    CHECK(connection != NULL);
    last_size = size;
    last_context = (int)context;
    put_notes++;
}

static void get_noted(PVMI_CONNECT connection, UINT32 context, VMI_STATUS status)
{
    OK(status);
    CHECK(connection != NULL);
    EQ(context, 1000 + get_notes);
    get_notes++;
}

static void put_complete(PVMI_RDMA_OP finished, PVOID context, VMI_STATUS status)
{
    OK(status);
    CHECK(finished == op && context == &puts_done);
    puts_done++;
}

static void publish_complete(PVOID context, VMI_STATUS status)
{
    OK(status);
    CHECK(context == &publishes_done);
    publishes_done++;
}

static void prepare(t_peer *peer)
{
    OK(VMI_RDMA_Set_Publish_Callback(peer->connection, published));
    OK(VMI_RDMA_Set_Put_Notification_Callback(peer->connection, put_noted));
    OK(VMI_RDMA_Set_Get_Notification_Callback(peer->connection, get_noted));
}

static VMI_virt_addr_t address_of(const void *pointer)
{
    return (VMI_virt_addr_t)(VMI_ADDR_CAST)pointer;
}

static void offer_messages(PVMI_CONNECT peer)
{
    int what = GET, number;
    for (number = 0; number < GETS; number++) {
        unsigned char *message = malloc(SIZE);
        PVMI_CACHE_ENTRY entry;
        t_fill(message, SIZE, (unsigned)number);
        OK(VMI_Cache_Register(message, SIZE, &entry));
        REFUSED(VMI_RDMA_Publish_Buffer(peer, entry->bufferHandle, address_of(message), SIZE + 1, 0, 0, NULL, 0),
                VMI_ERR_RANGE);
        OK(VMI_RDMA_Publish_Buffer_With_Callback(peer, entry->bufferHandle, address_of(message), SIZE,
                                                 0xABCDEF0123456789u, (UINT32)(1000 + number), &what, sizeof what,
                                                 &publishes_done, publish_complete));
        UNTIL(get_notes == number + 1);
        EQ(publishes_done, number + 1);
        free(message);
        OK(VMI_Cache_Deregister(entry));
    }
}

/* Rank 1 publishes room for a chunk; rank 0 fills it; rank 1 publishes it again. */
static void take_chunks(PVMI_CONNECT peer)
{
    unsigned char *chunk = malloc(CHUNK);
    PVMI_CACHE_ENTRY entry;
    int what = PUT, number;
    OK(VMI_Cache_Register(chunk, CHUNK, &entry));
    for (number = 0; number < 5; number++) {
        UINT32 len = (UINT32)(CHUNK - 7 * number);
        OK(VMI_RDMA_Publish_Buffer(peer, entry->bufferHandle, address_of(chunk), CHUNK, 0, (UINT32)(70 + number),
                                   &what, sizeof what));
        UNTIL(put_notes == number + 1);
        EQ(last_context, 70 + number);
        EQ(last_size, len);
        RIGHT(chunk + 3 * number, len, (unsigned)(50 + number));
    }
    OK(VMI_Cache_Deregister(entry));
    free(chunk);
}

static void give_chunks(PVMI_CONNECT peer)
{
    unsigned char *chunk = malloc(CHUNK);
    int number;
    PVMI_REMOTE_BUFFER here;
    OK(VMI_Cache_Register(chunk, CHUNK, &mine));
    OK(VMI_RDMA_Alloc_Op(&op));
    for (number = 0; number < 5; number++) {
        UNTIL(room != NULL);
        here = room;
        room = NULL;
        t_fill(chunk, CHUNK, (unsigned)(50 + number));
        op->numBufs = 1;
        op->buffers[0] = mine->bufferHandle;
        op->addr[0] = chunk;
        op->sz[0] = (ULONG)(CHUNK - 7 * number);
        op->rbuffer = here;
        op->roffset = (UINT32)(8 * number);
        op->notify = TRUE;
        if (number > 0)
            REFUSED(VMI_RDMA_Put(peer, op, &puts_done, put_complete), VMI_ERR_RANGE);
        op->roffset = (UINT32)(3 * number);
        OK(VMI_RDMA_Put(peer, op, &puts_done, put_complete));
        EQ(puts_done, number);
        UNTIL(puts_done == number + 1);
        OK(VMI_RDMA_Dealloc_Buffer(here));
        if (room != here) {
            REFUSED(VMI_RDMA_Dealloc_Buffer(here), VMI_ERR_HANDLE);
            REFUSED(VMI_RDMA_Put(peer, op, NULL, NULL), VMI_ERR_HANDLE);
        }
    }
    OK(VMI_RDMA_Dealloc_Op(op));
    OK(VMI_Cache_Deregister(mine));
    free(chunk);
}

int main(void)
{
    t_prepare = prepare;
    t_init();
    t_connect_all();
    if (t_rank == 0 && t_size > 1) {
        offer_messages(t_peers[1].connection);
        give_chunks(t_peers[1].connection);
    }
    if (t_rank == 1) {
        UNTIL(gets_done == GETS);
        take_chunks(t_peers[0].connection);
    }
    return t_leave();
}
