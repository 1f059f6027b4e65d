/* Arguments that make no sense, handles of another kind, freed ones, and calls at the wrong time: each is refused, says
 * why, and changes nothing. */
#include "client.h"

static int answered;

static void response(PVOID context, PVOID data, USHORT size, PVOID handle, VMI_CONNECT_RESPONSE answer)
{
    (void)data, (void)size, (void)handle;
    EQ(answer, *(int *)context);
    answered++;
}

static VMI_CONNECT_RESPONSE refuse(PVMI_CONNECT connection, PVMI_SLAB data, ULONG size)
{
    CHECK(connection != NULL && data != NULL);
    EQ(size, 0);
    return VMI_CONNECT_RESPONSE_REJECT;
}

static void ask(const char *user, const char *key, int want)
{
    PVMI_CONNECT connection;
    PVMI_NETADDRESS address;
    int before = answered;
    OK(VMI_Connection_Create(&connection));
    REFUSED(VMI_Connection_Issue(connection, NULL, response, &want), VMI_ERR_STATE);
    OK(VMI_Connection_Allocate_IPV4_Address((char *)"localhost", 0, (char *)user, (char *)key, &address));
    OK(VMI_Connection_Bind(*localAddress, *address, connection));
    free(address);
    OK(VMI_Connection_Issue(connection, NULL, response, &want));
    EQ(answered, before);
    UNTIL(answered == before + 1);
    REFUSED(VMI_Connection_Issue(connection, NULL, response, &want), VMI_ERR_STATE);
    OK(VMI_Connection_Free(connection));
    REFUSED(VMI_Connection_Free(connection), VMI_ERR_HANDLE);
}

static void connections(void)
{
    PVMI_CONNECT connection;
    PVMI_NETADDRESS address;
    PVOID bytes = &connection;
    ULONG size = 1;
    char key[300], *user = getpwuid(getuid())->pw_name;
    memset(key, 'k', sizeof key);
    key[299] = 0;
    REFUSED(VMI_Connection_Create(NULL), VMI_ERR_ARGUMENT);
    REFUSED(VMI_Connection_Allocate_IPV4_Address((char *)"h", 0, user, key, &address), VMI_ERR_ARGUMENT);
    REFUSED(VMI_Connection_Allocate_IPV4_Address(NULL, 0, user, key, &address), VMI_ERR_ARGUMENT);
    OK(VMI_Connection_Create(&connection));
    REFUSED(VMI_Stream_Send_Inline(connection, &bytes, &size, 1, 1), VMI_ERR_STATE);
    REFUSED(VMI_Connection_Disconnect(connection, NULL, NULL), VMI_ERR_STATE);
    REFUSED(VMI_Stream_Send_Inline((PVMI_CONNECT)&bytes, &bytes, &size, 1, 1), VMI_ERR_HANDLE);
    REFUSED(VMI_Connection_Disconnect(NULL, NULL, NULL), VMI_ERR_HANDLE);
    CHECK(VMI_CONNECT_GET_RECEIVE_CONTEXT(NULL) == NULL);
    EQ(VMI_CONNECT_ONE_WAY_LATENCY(connection), 0);
    OK(VMI_Connection_Free(connection));
    ask(user, "nobody:0", VMI_CONNECT_RESPONSE_ERROR);
    ask("nobody", "nobody:0", VMI_CONNECT_RESPONSE_ERROR);
    OK(VMI_Connection_Accept_Fn(refuse));
    ask(user, localAddress->key, VMI_CONNECT_RESPONSE_REJECT);
}

static void memory(void)
{
    PVMI_BUFFER buffer, foreign;
    PVMI_CACHE_ENTRY first, second;
    PVMI_BUFFER_POOL pool;
    PVOID piece, other;
    char bytes[64];
    PVMI_CACHE_ENTRY wrong = (PVMI_CACHE_ENTRY)(PVOID)bytes;
    REFUSED(VMI_Buffer_Deallocate((PVMI_BUFFER)bytes), VMI_ERR_HANDLE);
    REFUSED(VMI_Buffer_Deallocate(NULL), VMI_ERR_HANDLE);
    OK(VMI_Buffer_Allocate(100, &buffer));
    EQ(VMI_Buffer_Size(buffer), 100);
    memset(VMI_BUFFER_ADDRESS(buffer), 1, 100);
    REFUSED(VMI_Buffer_Deregister(buffer), VMI_ERR_HANDLE);
    OK(VMI_Buffer_Register(bytes, sizeof bytes, &foreign));
    CHECK(VMI_BUFFER_ADDRESS(foreign) == (PVOID)bytes);
    REFUSED(VMI_Buffer_Deallocate(foreign), VMI_ERR_HANDLE);
    OK(VMI_Buffer_Deregister(foreign));
    OK(VMI_Buffer_Deallocate(buffer));
    REFUSED(VMI_Buffer_Deallocate(buffer), VMI_ERR_HANDLE);
    CHECK(VMI_BUFFER_ADDRESS(buffer) == NULL);
    REFUSED(VMI_Buffer_Allocate((ULONG)-1, &buffer), VMI_ERR_RESOURCE);

    OK(VMI_Cache_Register(bytes, 64, &first));
    OK(VMI_Cache_Register(bytes, 64, &second));
    CHECK(first == second && first->bufferHandle == second->bufferHandle);
    OK(VMI_Cache_Deregister(first));
    CHECK(VMI_BUFFER_ADDRESS(second->bufferHandle) == (PVOID)bytes);
    OK(VMI_Cache_Deregister(second));
    OK(VMI_Cache_Deregister(second)); /* programs do that */
    REFUSED(VMI_Cache_Deregister(wrong), VMI_ERR_HANDLE);
    REFUSED(VMI_Cache_Register(NULL, 64, &first), VMI_ERR_ARGUMENT);

    REFUSED(VMI_Pool_Create_Buffer_Pool(0, 8, 1, 1, VMI_POOL_CLEARONCE, &pool), VMI_ERR_ARGUMENT);
    REFUSED(VMI_Pool_Create_Buffer_Pool(8, 3, 1, 1, VMI_POOL_CLEARONCE, &pool), VMI_ERR_ARGUMENT);
    OK(VMI_Pool_Create_Buffer_Pool(1024, sizeof(PVOID), 128, 128, VMI_POOL_CLEARONCE, &pool));
    OK(VMI_Pool_Allocate_Buffer(pool, &piece, NULL));
    CHECK(*(char *)piece == 0);
    OK(VMI_Pool_Allocate_Buffer(pool, &other, &buffer));
    CHECK(buffer == NULL && other != piece);
    OK(VMI_Pool_Deallocate_Buffer(pool, piece));
    REFUSED(VMI_Pool_Deallocate_Buffer(pool, piece), VMI_ERR_HANDLE);
    REFUSED(VMI_Pool_Deallocate_Buffer(pool, bytes), VMI_ERR_HANDLE);
    OK(VMI_Pool_Destroy_Buffer_Pool(pool));
    REFUSED(VMI_Pool_Destroy_Buffer_Pool(pool), VMI_ERR_HANDLE);
    OK(VMI_Pool_Create_Buffer_Pool(100, 64, 0, 4, VMI_POOL_CLEARONCE | VMI_POOL_HANDLE | VMI_POOL_REGISTER, &pool));
    OK(VMI_Pool_Allocate_Buffer(pool, &piece, &buffer));
    CHECK(VMI_BUFFER_ADDRESS(buffer) == piece && (VMI_ADDR_CAST)piece % 64 == 0);
    OK(VMI_Pool_Destroy_Buffer_Pool(pool));
    CHECK(VMI_BUFFER_ADDRESS(buffer) == NULL);
    OK(VMI_Cache_Stats());
}

static void others(void)
{
    PVMI_RDMA_OP op;
    VMI_RDMA_OP local;
    PVMI_SLAB slab;
    EQ(VMI_SLAB_BYTES_REMAINING(NULL), 0);
    CHECK(VMI_SLAB_GET_BUFFEROPS((PVMI_SLAB)&local) == NULL);
    CHECK(VMI_BUFFEROP_GET_ADDRESS(NULL) == NULL);
    REFUSED(VMI_RDMA_Dealloc_Op(&local), VMI_ERR_HANDLE);
    REFUSED(VMI_RDMA_Dealloc_Buffer(NULL), VMI_ERR_HANDLE);
    OK(VMI_RDMA_Alloc_Op(&op));
    REFUSED(VMI_RDMA_Put(NULL, op, NULL, NULL), VMI_ERR_HANDLE);
    OK(VMI_RDMA_Dealloc_Op(op));
    OK(VMI_Slab_Allocate(&slab));
    REFUSED(VMI_Slab_Release(slab), VMI_ERR_HANDLE);
    REFUSED(VMI_Slab_Push(slab, (PVMI_BUFFER)slab, &local, 1), VMI_ERR_HANDLE);
    OK(VMI_Slab_Deallocate(slab));
    REFUSED(VMI_Slab_Deallocate(slab), VMI_ERR_HANDLE);
    REFUSED(VMI_Stream_Begin(NULL, NULL), VMI_ERR_ARGUMENT);
    REFUSED(VMI_Alert_Raise(7, "x"), VMI_ERR_ARGUMENT);
    REFUSED(VMI_Alert_Raise(0, NULL), VMI_ERR_ARGUMENT);
}

static int alerts;

static void alert(UINT32 severity, const char *text)
{
    alerts += severity == VMI_ALERT_FAULT && strcmp(text, "something burns") == 0;
}

int main(void)
{
    VMI_STATUS status;
    EQ(VMI_DEVICE_RUNTIME, 22);
    REFUSED(VMI_Poll(), VMI_ERR_STATE);
    VMI_perror("before", VMI_Poll());
    VMI_perror(NULL, 0);
    t_init();
    REFUSED(VMI_Init(0, NULL), VMI_ERR_STATE);
    connections();
    memory();
    others();
    OK(VMI_Alert_Fn(alert));
    OK(VMI_Alert_Raise(VMI_ALERT_FAULT, "something burns"));
    UNTIL(alerts == 1);
    SET_VMI_SUCCESS(status);
    VMI_Terminate(status);
    REFUSED(VMI_Poll(), VMI_ERR_STATE);
    REFUSED(VMI_Init(0, NULL), VMI_ERR_STATE);
    VMI_Terminate(status);
    return t_end();
}
