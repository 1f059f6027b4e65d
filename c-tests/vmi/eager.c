/* Small messages put into slots that the receiver watches: no notification and no completion. The last bytes of a message,
 * a footer at a fixed place at the end of its slot, tell that it is there. One remote buffer serves all messages. */
#include "client.h"

#define SLOTS 32
#define SLOT 4096
#define MESSAGES 2000
#define SENTINEL 0x5EA1

typedef struct {
    unsigned short size;
    unsigned short sentinel;
} footer;

static PVMI_REMOTE_BUFFER room;
static int credits;

static void published(PVMI_CONNECT connection, PVMI_REMOTE_BUFFER remote, PVMI_SLAB data, ULONG size)
{
    (void)connection, (void)data;
    EQ(size, 0);
    EQ(remote->lctxt, 7);
    room = remote;
}

static VMI_RECV_STATUS receive(PVMI_CONNECT connection, PVMI_STREAM_RECV stream, VMI_STREAM_COMMAND command,
                               PVOID context, PVMI_SLAB slab)
{
    int more;
    (void)connection, (void)stream, (void)command, (void)context;
    OK(VMI_Slab_Copy_Bytes(slab, sizeof more, &more));
    credits += more;
    return VMI_SLAB_DONE;
}

static void prepare(t_peer *peer)
{
    OK(VMI_RDMA_Set_Publish_Callback(peer->connection, published));
}

static size_t size_of(int number)
{
    return (size_t)(number * 37 % (SLOT - (int)sizeof(footer)));
}

static void take(t_peer *peer)
{
    unsigned char *slots = calloc(SLOTS, SLOT);
    PVMI_CACHE_ENTRY entry;
    int number;
    OK(VMI_Cache_Register(slots, SLOTS * SLOT, &entry));
    OK(VMI_RDMA_Publish_Buffer(peer->connection, entry->bufferHandle, (VMI_virt_addr_t)(VMI_ADDR_CAST)slots,
                               SLOTS * SLOT, 7, 0, NULL, 0));
    for (number = 0; number < MESSAGES; number++) {
        unsigned char *slot = slots + number % SLOTS * SLOT;
        volatile footer *end = (volatile footer *)(slot + SLOT - sizeof(footer));
        size_t len;
        int one = 1;
        UNTIL(end->sentinel == SENTINEL);
        len = end->size;
        EQ(len, size_of(number));
        RIGHT(slot + SLOT - sizeof(footer) - len, len, (unsigned)number);
        memset(slot, 0, SLOT);
        t_send_inline(peer, &one, sizeof one);
    }
}

static void give(t_peer *peer)
{
    static unsigned char message[SLOT];
    PVMI_CACHE_ENTRY entry;
    PVMI_RDMA_OP op;
    int number;
    credits = SLOTS;
    OK(VMI_RDMA_Alloc_Op(&op));
    OK(VMI_Cache_Register(message, SLOT, &entry));
    UNTIL(room != NULL);
    for (number = 0; number < MESSAGES; number++) {
        footer end;
        size_t len = size_of(number);
        UNTIL(credits > 0);
        credits--;
        t_fill(message, len, (unsigned)number);
        end.size = (unsigned short)len;
        end.sentinel = SENTINEL;
        memcpy(message + len, &end, sizeof end);
        op->numBufs = 1;
        op->buffers[0] = entry->bufferHandle;
        op->addr[0] = message;
        op->sz[0] = len + sizeof end;
        op->rbuffer = room;
        op->roffset = (UINT32)((size_t)(number % SLOTS) * SLOT + SLOT - sizeof end - len);
        op->notify = FALSE;
        OK(VMI_RDMA_Put(peer->connection, op, NULL, NULL));
        UNTIL(1);
    }
    UNTIL(credits == SLOTS);
}

int main(void)
{
    t_prepare = prepare;
    VMI_STREAM_SET_RECV_FUNCTION(receive);
    t_init();
    t_connect_all();
    if (t_rank == 0 && t_size > 1)
        take(&t_peers[1]);
    if (t_rank == 1)
        give(&t_peers[0]);
    return t_leave();
}
