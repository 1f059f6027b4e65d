/* Inline messages between all pairs: sizes up to the limit, in order, from memory that is reused at once. */
#include "client.h"

static const size_t sizes[] = {0, 1, 47, 48, 49, 1000, 4096, 16384};
#define KINDS (int)(sizeof sizes / sizeof sizes[0])
#define ROUNDS 40

static int arrived[T_MOST];

static VMI_RECV_STATUS receive(PVMI_CONNECT connection, PVMI_STREAM_RECV stream, VMI_STREAM_COMMAND command,
                               PVOID context, PVMI_SLAB slab)
{
    static unsigned char bytes[16384];
    t_peer *peer = context;
    size_t want = sizes[arrived[peer->rank] % KINDS];
    PVMI_SLAB_STATE state;
    EQ(command, VMI_STREAM_DATA);
    EQ(VMI_Stream_Recv_Number(stream), 0);
    CHECK(VMI_CONNECT_GET_RECEIVE_CONTEXT(connection) == context);
    EQ(VMI_SLAB_BYTES_REMAINING(slab), want);
    OK(VMI_Slab_Save_State(slab, &state));
    if (want > 4) {
        memset(bytes, 0, 4);
        OK(VMI_Slab_Copy_Bytes(slab, 4, bytes));
        RIGHT(bytes, 4, (unsigned)(arrived[peer->rank] + 100 * peer->rank));
        EQ(VMI_SLAB_BYTES_REMAINING(slab), want - 4);
    }
    OK(VMI_Slab_Restore_State(slab, state));
    OK(VMI_Slab_Copy_Bytes(slab, (ULONG)want, bytes));
    RIGHT(bytes, want, (unsigned)(arrived[peer->rank] + 100 * peer->rank));
    REFUSED(VMI_Slab_Copy_Bytes(slab, 1, bytes), VMI_ERR_RANGE);
    arrived[peer->rank]++;
    return VMI_SLAB_DONE;
}

static int all_arrived(void)
{
    int rank;
    for (rank = 0; rank < t_size; rank++)
        if (rank != t_rank && arrived[rank] < ROUNDS * KINDS)
            return 0;
    return 1;
}

int main(void)
{
    static unsigned char bytes[16385];
    int round, rank;
    VMI_STREAM_SET_RECV_FUNCTION(receive);
    t_init();
    t_connect_all();
    for (round = 0; round < ROUNDS * KINDS; round++) {
        size_t len = sizes[round % KINDS];
        for (rank = 0; rank < t_size; rank++) {
            if (rank == t_rank)
                continue;
            t_fill(bytes, len, (unsigned)(round + 100 * t_rank));
            t_send_inline(&t_peers[rank], bytes, len);
            memset(bytes, 0, len);
        }
        OK(VMI_Poll());
    }
    UNTIL(all_arrived());
    if (t_size > 1) {
        PVOID address = bytes;
        ULONG size = 16385;
        t_peer *peer = &t_peers[t_rank ? 0 : 1];
        REFUSED(VMI_Stream_Send_Inline(peer->connection, &address, &size, 1, size), VMI_ERR_RANGE);
        REFUSED(VMI_Stream_Send_Inline(peer->connection, &address, &size, 1, 7), VMI_ERR_ARGUMENT);
    }
    return t_leave();
}
