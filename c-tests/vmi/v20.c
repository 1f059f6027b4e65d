/* A program for VMI 2.0: publish takes six arguments, its callback two, and the setter for put notifications has its old
 * name. */
#define VMI_API_VERSION 20
#include "client.h"

static PVMI_REMOTE_BUFFER room;
static int noted, done;

static void published(PVMI_CONNECT connection, PVMI_REMOTE_BUFFER remote)
{
    CHECK(connection != NULL);
    EQ(remote->lctxt, 42);
    room = remote;
}

static void put_noted(PVMI_CONNECT connection, UINT32 size, UINT32 context, VMI_STATUS status)
{
    OK(status);
    CHECK(connection != NULL);
    EQ(size, 5);
    EQ(context, 43);
    noted++;
}

static void complete(PVMI_RDMA_OP op, PVOID context, VMI_STATUS status)
{
    OK(status);
    CHECK(context == &done);
    OK(VMI_RDMA_Dealloc_Op(op));
    done++;
}

static void prepare(t_peer *peer)
{
    VMIRDMABuffer function = published;
    OK(VMI_RDMA_Set_Publish_Callback(peer->connection, function));
    OK(VMI_RDMA_Set_Notification_Callback(peer->connection, put_noted));
}

int main(void)
{
    PVMI_BUFFER buffer;
    t_prepare = prepare;
    t_init();
    t_connect_all();
    OK(VMI_Buffer_Allocate(10, &buffer));
    if (t_rank == 0 && t_size > 1) {
        char *at = VMI_BUFFER_ADDRESS(buffer);
        OK(VMI_RDMA_Publish_Buffer(t_peers[1].connection, buffer, (VMI_virt_addr_t)(VMI_ADDR_CAST)at, 10, 42, 43));
        UNTIL(noted == 1);
        CHECK(memcmp(at, "\0\0hello\0\0\0", 10) == 0);
    }
    if (t_rank == 1) {
        PVMI_RDMA_OP op;
        VMIRDMAWriteComplete function = complete;
        memcpy(VMI_BUFFER_ADDRESS(buffer), "hello", 5);
        UNTIL(room != NULL);
        OK(VMI_RDMA_Alloc_Op(&op));
        op->numBufs = 1;
        op->buffers[0] = buffer;
        op->addr[0] = VMI_BUFFER_ADDRESS(buffer);
        op->sz[0] = 5;
        op->rbuffer = room;
        op->roffset = 2;
        op->notify = TRUE;
        OK(VMI_RDMA_Put(t_peers[0].connection, op, &done, function));
        UNTIL(done == 1);
    }
    return t_leave();
}
