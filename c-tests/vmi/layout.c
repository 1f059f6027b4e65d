/* The structures have the layout that the library has compiled in; see src/capi/src/types.rs. */
#include "client.h"
#include <stddef.h>

int main(void)
{
    EQ(sizeof(VMI_NETADDRESS), 592);
    EQ(offsetof(VMI_NETADDRESS, host), 8);
    EQ(offsetof(VMI_NETADDRESS, user), 264);
    EQ(offsetof(VMI_NETADDRESS, key), 328);
    EQ(sizeof(VMI_CACHE_ENTRY), 24);
    EQ(offsetof(VMI_CACHE_ENTRY, bufferHandle), 0);
    EQ(offsetof(VMI_CACHE_ENTRY, size), 16);
    EQ(sizeof(VMI_REMOTE_BUFFER), 16);
    EQ(offsetof(VMI_REMOTE_BUFFER, lctxt), 8);
    EQ(sizeof(VMI_RDMA_OP), 408);
    EQ(offsetof(VMI_RDMA_OP, addr), 136);
    EQ(offsetof(VMI_RDMA_OP, sz), 264);
    EQ(offsetof(VMI_RDMA_OP, rbuffer), 392);
    EQ(offsetof(VMI_RDMA_OP, roffset), 400);
    EQ(offsetof(VMI_RDMA_OP, notify), 404);
    EQ(sizeof(BOOLEAN) + sizeof(USHORT) + sizeof(UINT32) + sizeof(UINT64) + sizeof(ULONG), 23);
    return t_end();
}
