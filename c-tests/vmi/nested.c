/* Callbacks that call everything: they send, publish, and poll until the publish is done, while more messages arrive. */
#include "client.h"

#define ROUNDS 200

static int depth, deepest, arrived, published_done, seen, answers;
static unsigned char answer[2000];
static PVMI_BUFFER buffer;

static void publish_complete(PVOID context, VMI_STATUS status)
{
    OK(status);
    ++*(int *)context;
}

static void published(PVMI_CONNECT connection, PVMI_REMOTE_BUFFER remote, PVMI_SLAB data, ULONG size)
{
    int number;
    (void)connection;
    EQ(size, sizeof number);
    OK(VMI_Poll()); /* the data must outlive it */
    OK(VMI_Slab_Copy_Bytes(data, sizeof number, &number));
    EQ(number, (int)remote->lctxt);
    OK(VMI_RDMA_Dealloc_Buffer(remote));
    seen++;
}

/* The slab is read only after other messages have arrived inside of this call. */
static VMI_RECV_STATUS receive(PVMI_CONNECT connection, PVMI_STREAM_RECV stream, VMI_STREAM_COMMAND command,
                               PVOID context, PVMI_SLAB slab)
{
    static unsigned char bytes[8000];
    t_peer *peer = context;
    ULONG size = VMI_SLAB_BYTES_REMAINING(slab);
    int done = 0;
    (void)stream, (void)command;
    if (size == sizeof answer) {
        answers++;
        return VMI_SLAB_DONE;
    }
    if (++depth > deepest)
        deepest = depth;
    t_send_inline(peer, answer, sizeof answer);
    OK(VMI_RDMA_Publish_Buffer_With_Callback(connection, buffer, (VMI_virt_addr_t)(VMI_ADDR_CAST)VMI_BUFFER_ADDRESS(buffer),
                                             100, (VMI_virt_addr_t)arrived, 0, &arrived, sizeof arrived, &done,
                                             publish_complete));
    UNTIL(done);
    published_done += done;
    OK(VMI_Slab_Copy_Bytes(slab, size, bytes));
    RIGHT(bytes, size, (unsigned)size);
    arrived++;
    depth--;
    return VMI_SLAB_DONE;
}

static void prepare(t_peer *peer)
{
    OK(VMI_RDMA_Set_Publish_Callback(peer->connection, published));
}

int main(void)
{
    unsigned char bytes[8000];
    int round, rank;
    t_prepare = prepare;
    VMI_STREAM_SET_RECV_FUNCTION(receive);
    t_init();
    OK(VMI_Buffer_Allocate(100, &buffer));
    t_connect_all();
    for (round = 0; round < ROUNDS; round++) {
        size_t len = (size_t)(3000 + round * 5);
        t_fill(bytes, len, (unsigned)len);
        for (rank = 0; rank < t_size; rank++)
            if (rank != t_rank)
                t_send_inline(&t_peers[rank], bytes, len);
    }
    UNTIL(arrived == ROUNDS * (t_size - 1) && answers == arrived && seen == arrived);
    EQ(published_done, arrived);
    CHECK(t_size == 1 || deepest > 1);
    return t_leave();
}
