/* vmi.h: the VMI 2 programming interface.
 *
 * A process calls VMI_Init, makes connections to other processes, and sends to them in two ways: messages on streams,
 * which arrive in one receive function, and puts and gets into memory that a peer has published. Everything that
 * arrives is handed over inside VMI_Poll, on the thread that calls it; nothing happens behind the program's back.
 * A callback may call every function here, VMI_Poll included. Calls from several threads must not overlap.
 *
 * Names. The functions, types, callbacks, macros and variables of the first part are those that VMI 2.1 and 2.2
 * programs use, with the meaning they rely on. What the second part holds (from "Beyond the classic interface" on) is
 * described in the VMI 2.0 paper, but its C names were never public: these names are ours.
 *
 * Versions. #define VMI_API_VERSION 20 before including this file for programs written for VMI 2.0, where publish
 * takes six arguments and its callback two; 21 and 22 (the default) are the same.
 *
 * Errors. Every function checks its arguments. A failure returns a status for which VMI_SUCCESS is false, changes
 * nothing, and leaves a sentence that VMI_perror prints. A handle that was freed, or is none, is such a failure.
 *
 * Finding peers. A process is named by its key, the environment variable VMI_KEY at the time of VMI_Init, usually
 * "<program>:<rank>". In a job started by vmirun or mpiexec, a key without a colon gets ":<rank>" appended, and
 * processes on all hosts of the job find each other. Processes of one user that were started by hand on one host find
 * each other, too. Nobody else can connect.
 *
 * Ending. A process may end without disconnecting and without VMI_Terminate. */
#ifndef VMI_H
#define VMI_H

#include <sys/types.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <netdb.h>
#include <pwd.h>
#include <sched.h>
#include <stdint.h>
#include <unistd.h>

#ifndef VMI_API_VERSION
#define VMI_API_VERSION 22
#endif
#if VMI_API_VERSION != 20 && VMI_API_VERSION != 21 && VMI_API_VERSION != 22
#error "VMI_API_VERSION must be 20, 21 or 22"
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Base types ------------------------------------------------------------------------------------------------- */

typedef void *PVOID;
typedef unsigned long ULONG;
typedef unsigned short USHORT;
typedef uint32_t UINT32;
typedef uint64_t UINT64;
typedef unsigned char *PUCHAR;
typedef unsigned char BOOLEAN;
typedef int SOCKET;

#ifndef TRUE
#define TRUE 1
#endif
#ifndef FALSE
#define FALSE 0
#endif
#ifndef IN
#define IN
#endif

/* A program's own debugging lines; none of their arguments is looked at. */
#ifndef DEBUG_PRINT
#define DEBUG_PRINT(...) do { } while (0)
#endif

/* ---- Status ----------------------------------------------------------------------------------------------------- */

typedef UINT32 VMI_STATUS;

#define VMI_SUCCESS(status) ((status) == 0)
#define SET_VMI_SUCCESS(status) ((status) = 0)

enum {
    VMI_ERR_STATE = 0x0E000001,      /* not possible now: not initialized, not connected, … */
    VMI_ERR_ARGUMENT = 0x0E000002,   /* an argument makes no sense */
    VMI_ERR_HANDLE = 0x0E000003,     /* a handle names no object (any more) */
    VMI_ERR_RANGE = 0x0E000004,      /* bytes outside of a buffer or of a published region; too many bytes */
    VMI_ERR_RESOURCE = 0x0E000005,   /* out of memory, room or descriptors */
    VMI_ERR_CONNECTION = 0x0E000006, /* the peer cannot be reached, or is gone */
    VMI_ERR_PERMISSION = 0x0E000007, /* the peer belongs to another user */
    VMI_ERR_JOB = 0x0E000008,        /* the launcher or the machine's configuration */
    VMI_ERR_UNSUPPORTED = 0x0E000009
};

/* Prints "<message>: <what went wrong>" on stderr. `message` may be NULL. */
void VMI_perror(const char *message, VMI_STATUS status);

/* ---- Objects ---------------------------------------------------------------------------------------------------- */

/* Handles: opaque, never to be dereferenced. */
typedef struct VMI_CONNECT *PVMI_CONNECT;
typedef struct VMI_BUFFER *PVMI_BUFFER;
typedef struct VMI_BUFFER_OP *PVMI_BUFFER_OP;
typedef struct VMI_BUFFER_POOL *PVMI_BUFFER_POOL;
typedef struct VMI_SLAB *PVMI_SLAB;
typedef struct VMI_SLAB_STATE *PVMI_SLAB_STATE;
typedef struct VMI_STREAM_RECV *PVMI_STREAM_RECV;

/* The name of a process. Fill it by VMI_Connection_Allocate_IPV4_Address. */
typedef struct VMI_NETADDRESS {
    UINT32 version;
    UINT32 port;
    char host[256];
    char user[64];
    char key[264];
} VMI_NETADDRESS, *PVMI_NETADDRESS;

/* Memory that VMI_Cache_Register knows. */
typedef struct VMI_CACHE_ENTRY {
    PVMI_BUFFER bufferHandle;
    PVOID address;
    ULONG size;
} VMI_CACHE_ENTRY, *PVMI_CACHE_ENTRY;

/* Memory that a peer has published to us. It is the program's: give it back with VMI_RDMA_Dealloc_Buffer. */
typedef struct VMI_REMOTE_BUFFER {
    UINT32 rsz;    /* bytes */
    UINT32 id;     /* the library's */
    UINT64 lctxt;  /* what the publisher gave as remote_ctx */
} VMI_REMOTE_BUFFER, *PVMI_REMOTE_BUFFER;

#define VMI_RDMA_MAX_BUFFERS 16

/* What a put or a get moves: local pieces in order, and a place in a remote buffer. The program fills it. */
typedef struct VMI_RDMA_OP {
    ULONG numBufs; /* pieces, at most VMI_RDMA_MAX_BUFFERS */
    PVMI_BUFFER buffers[VMI_RDMA_MAX_BUFFERS];
    PVOID addr[VMI_RDMA_MAX_BUFFERS];
    ULONG sz[VMI_RDMA_MAX_BUFFERS];
    PVMI_REMOTE_BUFFER rbuffer;
    UINT32 roffset;
    BOOLEAN notify; /* call the publisher's notification callback */
} VMI_RDMA_OP, *PVMI_RDMA_OP;

/* An address in this or another process. */
typedef UINT64 VMI_virt_addr_t;
#define VMI_ADDR_CAST unsigned long

/* ---- Callbacks -------------------------------------------------------------------------------------------------- */

typedef UINT32 VMI_CONNECT_RESPONSE;
enum {
    VMI_CONNECT_RESPONSE_ACCEPT = 0,
    VMI_CONNECT_RESPONSE_REJECT = 1,
    VMI_CONNECT_RESPONSE_ERROR = 2 /* no such process (yet), not ours, or it did not answer in time */
};

typedef UINT32 VMI_RECV_STATUS;
enum {
    VMI_SLAB_DONE = 0,   /* the library may discard the slab */
    VMI_SLAB_GRABBED = 1 /* the program keeps it, until VMI_Slab_Release */
};

typedef UINT32 VMI_STREAM_COMMAND;
enum {
    VMI_STREAM_DATA = 0, /* a slab has arrived */
    VMI_STREAM_END = 1   /* the peer has ended this stream; there is no slab */
};

/* A peer wants to connect; the answer decides. It may send as soon as this has returned ACCEPT. */
typedef VMI_CONNECT_RESPONSE (*VMIConnectAccept)(PVMI_CONNECT connection, PVMI_SLAB data, ULONG size);
/* The answer to VMI_Connection_Issue. `handle` is the connection; `response` is NULL and `size` 0. */
typedef void (*VMIConnectIssue)(PVOID context, PVOID response, USHORT size, PVOID handle, VMI_CONNECT_RESPONSE answer);
/* A peer has disconnected, or is gone. */
typedef void (*VMIConnectDisconnect)(PVMI_CONNECT connection);
/* The end of VMI_Connection_Disconnect. */
typedef void (*VMIDisconnectResponse)(PVMI_CONNECT connection, PVOID context, VMI_STATUS status);
/* A message has arrived. `context` is the connection's receive context. */
typedef VMI_RECV_STATUS (*VMIStreamRecv)(PVMI_CONNECT connection, PVMI_STREAM_RECV stream, VMI_STREAM_COMMAND command,
                                         PVOID context, PVMI_SLAB slab);
/* The memory of a VMI_Stream_Send may be changed again. */
typedef void (*VMIStreamSend)(PVOID context, VMI_STATUS status);
/* A peer has published memory to us. */
typedef void (*VMIRDMABuffer21)(PVMI_CONNECT connection, PVMI_REMOTE_BUFFER buffer, PVMI_SLAB data, ULONG size);
typedef void (*VMIRDMABuffer20)(PVMI_CONNECT connection, PVMI_REMOTE_BUFFER buffer);
/* Our memory has been published. */
typedef void (*VMIRDMAPublish)(PVOID context, VMI_STATUS status);
/* A put has left its memory; a get has arrived. */
typedef void (*VMIRDMACompleteNotification)(PVMI_RDMA_OP op, PVOID context, VMI_STATUS status);
/* On the publisher: a peer has put `size` bytes / has got them. `context` is the local_ctx of the publish. */
typedef void (*VMIRDMAPutNotification)(PVMI_CONNECT connection, UINT32 size, UINT32 context, VMI_STATUS status);
typedef void (*VMIRDMAGetNotification)(PVMI_CONNECT connection, UINT32 context, VMI_STATUS status);

#if VMI_API_VERSION == 20
typedef VMIRDMABuffer20 VMIRDMABuffer;
typedef VMIRDMACompleteNotification VMIRDMAWriteComplete;
#else
typedef VMIRDMABuffer21 VMIRDMABuffer;
#endif

/* ---- Variables of the library ----------------------------------------------------------------------------------- */

extern USHORT VMI_DEVICE_RUNTIME;    /* version of the runtime, 22 */
extern PVMI_NETADDRESS localAddress; /* this process, from VMI_Init on */
extern VMIStreamRecv recvFn;         /* the receive function; see VMI_STREAM_SET_RECV_FUNCTION */

/* ---- Beginning, end, progress ----------------------------------------------------------------------------------- */

/* Reads the environment, once: VMI_KEY, VMI_INLINED_DATA_SZ (bytes, 65536), VMI_DISABLE_REGCACHE, and in seconds
 * VMI_CONNECT_TIMEOUT (60). Networks are those of the machine configuration file (VMI_CONFIG); a VMI_SPECFILE is not
 * read. Arguments are not used and may be 0 and NULL. In a job of several hosts it waits for the
 * other processes of the job. */
VMI_STATUS VMI_Init(int argc, char **argv);
/* Sends what is waiting and leaves the job. The library cannot be initialized again. */
void VMI_Terminate(VMI_STATUS status);
/* Sends, receives and calls back. Never waits. */
VMI_STATUS VMI_Poll(void);

/* ---- Connections ------------------------------------------------------------------------------------------------ */

/* The process's functions for connect requests and for lost peers; NULL for none. Requests wait until there is an
 * accept function. */
VMI_STATUS VMI_Connection_Accept_Fn(VMIConnectAccept function);
VMI_STATUS VMI_Connection_Disconnect_Fn(VMIConnectDisconnect function);

VMI_STATUS VMI_Connection_Create(PVMI_CONNECT *connection);
/* `port` is not used. `user` must be this process's user. The address may be given back by
 * VMI_Connection_Deallocate_Address, or by free. */
VMI_STATUS VMI_Connection_Allocate_IPV4_Address(char *host, USHORT port, char *user, char *key,
                                                PVMI_NETADDRESS *address);
VMI_STATUS VMI_Connection_Bind(VMI_NETADDRESS local, VMI_NETADDRESS remote, PVMI_CONNECT connection);
/* Asks the peer to connect. `data` (NULL for none) is copied and given to the peer's accept function. The callback
 * runs once, in a later VMI_Poll. Without success the connection object is of no further use. */
VMI_STATUS VMI_Connection_Issue(PVMI_CONNECT connection, PVMI_BUFFER data, VMIConnectIssue function, PVOID context);
/* Ends a connection after everything sent on it. The callback (may be NULL) runs in a later VMI_Poll. */
VMI_STATUS VMI_Connection_Disconnect(PVMI_CONNECT connection, VMIDisconnectResponse function, PVOID context);

VMI_STATUS VMI_Connection_Set_Receive_Context(PVMI_CONNECT connection, PVOID context);
PVOID VMI_Connection_Get_Receive_Context(PVMI_CONNECT connection);
/* Microseconds, as the devices estimate it. */
ULONG VMI_Connection_One_Way_Latency(PVMI_CONNECT connection);

#define VMI_CONNECT_SET_RECEIVE_CONTEXT(connection, context) VMI_Connection_Set_Receive_Context(connection, context)
#define VMI_CONNECT_GET_RECEIVE_CONTEXT(connection) VMI_Connection_Get_Receive_Context(connection)
#define VMI_CONNECT_ONE_WAY_LATENCY(connection) VMI_Connection_One_Way_Latency(connection)

/* ---- Memory ----------------------------------------------------------------------------------------------------- */

VMI_STATUS VMI_Buffer_Allocate(ULONG size, PVMI_BUFFER *buffer);
/* Any other pointer than a buffer's handle is refused, unharmed. */
VMI_STATUS VMI_Buffer_Deallocate(PVMI_BUFFER buffer);
/* NULL if it is no buffer. */
PVOID VMI_Buffer_Address(PVMI_BUFFER buffer);
#define VMI_BUFFER_ADDRESS(buffer) VMI_Buffer_Address(buffer)

/* The same region may be registered many times; each registration is to be given back. An entry is kept for a while after
 * that, so giving one back too often is harmless. */
VMI_STATUS VMI_Cache_Register(PVOID address, ULONG size, PVMI_CACHE_ENTRY *entry);
VMI_STATUS VMI_Cache_Deregister(PVMI_CACHE_ENTRY entry);
/* Prints how often registrations were found in the cache. */
VMI_STATUS VMI_Cache_Stats(void);

enum {
    VMI_POOL_CLEARONCE = 1, /* memory is zero when it is handed out for the first time */
    VMI_POOL_HANDLE = 2,    /* VMI_Pool_Allocate_Buffer hands out buffer handles */
    VMI_POOL_REGISTER = 4   /* the same, for use with VMI_Stream_Send */
};

/* Pieces of `size` bytes, aligned to `alignment` (a power of two); `prealloc` of them at once, then `grow` at a time. */
VMI_STATUS VMI_Pool_Create_Buffer_Pool(ULONG size, ULONG alignment, ULONG prealloc, ULONG grow, ULONG flags,
                                       PVMI_BUFFER_POOL *pool);
VMI_STATUS VMI_Pool_Destroy_Buffer_Pool(PVMI_BUFFER_POOL pool);
/* `buffer` may be NULL. */
VMI_STATUS VMI_Pool_Allocate_Buffer(PVMI_BUFFER_POOL pool, PVOID *address, PVMI_BUFFER *buffer);
VMI_STATUS VMI_Pool_Deallocate_Buffer(PVMI_BUFFER_POOL pool, PVOID address);

/* ---- Messages --------------------------------------------------------------------------------------------------- */

#define VMI_STREAM_SET_RECV_FUNCTION(function) do { recvFn = (function); } while (0)

/* Copies: the memory may be changed at once. `total` is the sum of the sizes, at most VMI_INLINED_DATA_SZ. */
VMI_STATUS VMI_Stream_Send_Inline(PVMI_CONNECT connection, PVOID addresses[], ULONG sizes[], ULONG count, ULONG total);
/* Sends pieces of buffers as one message. The arrays are read at once; the memory must not change until the callback.
 * Without one (NULL) it may change at once, and is copied where it must wait. `last` is not used. */
VMI_STATUS VMI_Stream_Send(PVMI_CONNECT connection, PVMI_BUFFER buffers[], PVOID addresses[], ULONG sizes[], ULONG count,
                           VMIStreamSend function, PVOID context, BOOLEAN last);

/* A slab that has arrived has a cursor, at its start when the callback begins. */
ULONG VMI_Slab_Bytes_Remaining(PVMI_SLAB slab);
VMI_STATUS VMI_Slab_Copy_Bytes(PVMI_SLAB slab, ULONG size, PVOID to);
/* In: bytes wanted. Out: bytes at `*pointer`, which may be fewer. Moves the cursor behind them. */
VMI_STATUS VMI_Slab_Try_Read(PVMI_SLAB slab, ULONG *size, PVOID pointer);
/* The state is a value; it need not be given back. */
VMI_STATUS VMI_Slab_Save_State(PVMI_SLAB slab, PVMI_SLAB_STATE *state);
VMI_STATUS VMI_Slab_Restore_State(PVMI_SLAB slab, PVMI_SLAB_STATE state);
/* The bytes of the slab in place. */
PVMI_BUFFER_OP VMI_Slab_Get_Buffer_Ops(PVMI_SLAB slab);
PVOID VMI_Buffer_Op_Get_Address(PVMI_BUFFER_OP op);

#define VMI_SLAB_BYTES_REMAINING(slab) VMI_Slab_Bytes_Remaining(slab)
#define VMI_SLAB_GET_BUFFEROPS(slab) VMI_Slab_Get_Buffer_Ops(slab)
#define VMI_BUFFEROP_GET_ADDRESS(op) VMI_Buffer_Op_Get_Address(op)

/* ---- Remote memory ---------------------------------------------------------------------------------------------- */

VMI_STATUS VMI_RDMA_Alloc_Op(PVMI_RDMA_OP *op);
VMI_STATUS VMI_RDMA_Dealloc_Op(PVMI_RDMA_OP op);
VMI_STATUS VMI_RDMA_Dealloc_Buffer(PVMI_REMOTE_BUFFER buffer);

/* Lets the peer put into and get from `size` bytes at `address` of a buffer of ours, until it gives the remote buffer
 * back. It sees `remote_ctx` as the remote buffer's lctxt; we see `local_ctx` in notifications. `data` (at most 4096
 * bytes, copied) goes along. */
VMI_STATUS VMI_RDMA_Publish_Buffer(PVMI_CONNECT connection, PVMI_BUFFER buffer, VMI_virt_addr_t address, UINT32 size,
                                   VMI_virt_addr_t remote_ctx, UINT32 local_ctx, PVOID data, ULONG data_size);
VMI_STATUS VMI_RDMA_Publish_Buffer20(PVMI_CONNECT connection, PVMI_BUFFER buffer, VMI_virt_addr_t address, UINT32 size,
                                     VMI_virt_addr_t remote_ctx, UINT32 local_ctx);
VMI_STATUS VMI_RDMA_Publish_Buffer_With_Callback(PVMI_CONNECT connection, PVMI_BUFFER buffer, VMI_virt_addr_t address,
                                                 UINT32 size, VMI_virt_addr_t remote_ctx, UINT32 local_ctx, PVOID data,
                                                 ULONG data_size, PVOID context, VMIRDMAPublish function);
/* The op is read at once and may be changed or used again. The memory must not change until the callback; that of a put
 * without one (NULL) may change at once. The last bytes of a put become visible last.
 *
 * Where both processes have a network with remote memory (vmi_device.h) and no device is attached to the connection, gets
 * from 64 KiB and puts with a callback from 128 KiB on go over it; all others, and what it fails to finish, go in
 * frames. Either way they keep their order with each other and with messages. Once a buffer has been deregistered or
 * deallocated, its published regions are no more. */
VMI_STATUS VMI_RDMA_Put(PVMI_CONNECT connection, PVMI_RDMA_OP op, PVOID context, VMIRDMACompleteNotification function);
VMI_STATUS VMI_RDMA_Get(PVMI_CONNECT connection, PVMI_RDMA_OP op, PVOID context, VMIRDMACompleteNotification function);

VMI_STATUS VMI_RDMA_Set_Publish_Callback(PVMI_CONNECT connection, VMIRDMABuffer21 function);
VMI_STATUS VMI_RDMA_Set_Publish_Callback20(PVMI_CONNECT connection, VMIRDMABuffer20 function);
VMI_STATUS VMI_RDMA_Set_Put_Notification_Callback(PVMI_CONNECT connection, VMIRDMAPutNotification function);
VMI_STATUS VMI_RDMA_Set_Get_Notification_Callback(PVMI_CONNECT connection, VMIRDMAGetNotification function);

/* Programs for 2.0 mean these by the plain names. */
#if VMI_API_VERSION == 20
#define VMI_RDMA_Publish_Buffer VMI_RDMA_Publish_Buffer20
#define VMI_RDMA_Set_Publish_Callback VMI_RDMA_Set_Publish_Callback20
#define VMI_RDMA_Set_Notification_Callback VMI_RDMA_Set_Put_Notification_Callback
#endif

/* ==== Beyond the classic interface: our names ===================================================================== */

/* This process's rank in its job, and the number of processes; 0 and 1 for a process started by hand. */
UINT32 VMI_Job_Rank(void);
UINT32 VMI_Job_Size(void);

/* The key of another rank, if all keys are "<program>:<rank>" as ours is. */
VMI_STATUS VMI_Job_Key(UINT32 rank, char *key, ULONG room);
/* VMI_Init under this key, whatever the environment says: as a process started by hand, and not as the member of a job
 * that it may be. */
VMI_STATUS VMI_Init_With_Key(const char *key);

/* Bytes that wait for room on the way to the peer. */
ULONG VMI_Connection_Waiting(PVMI_CONNECT connection);
VMI_STATUS VMI_Connection_Deallocate_Address(PVMI_NETADDRESS address);
/* Frees the object of a connection that was never made or has ended. */
VMI_STATUS VMI_Connection_Free(PVMI_CONNECT connection);

/* Memory of the program as a buffer. */
VMI_STATUS VMI_Buffer_Register(PVOID address, ULONG size, PVMI_BUFFER *buffer);
VMI_STATUS VMI_Buffer_Deregister(PVMI_BUFFER buffer);
ULONG VMI_Buffer_Size(PVMI_BUFFER buffer);

/* ---- Slabs ------------------------------------------------------------------------------------------------------ */

/* Keeps a slab that has arrived beyond its callback, without a copy where that is possible. */
VMI_STATUS VMI_Slab_Grab(PVMI_SLAB slab);
VMI_STATUS VMI_Slab_Release(PVMI_SLAB slab);
/* Bytes of the whole slab, wherever the cursor is. */
ULONG VMI_Slab_Size(PVMI_SLAB slab);

/* A slab to send: pieces of buffers, in order. Its memory must not change while a send is under way. */
VMI_STATUS VMI_Slab_Allocate(PVMI_SLAB *slab);
VMI_STATUS VMI_Slab_Deallocate(PVMI_SLAB slab);
VMI_STATUS VMI_Slab_Push(PVMI_SLAB slab, PVMI_BUFFER buffer, PVOID address, ULONG size);
/* Takes the last piece off; a failure if there is none. */
VMI_STATUS VMI_Slab_Pop(PVMI_SLAB slab);

/* ---- Streams ---------------------------------------------------------------------------------------------------- */

/* A one-way sequence of slabs on a connection, besides the one that VMI_Stream_Send uses. They cost nothing to begin. */
typedef struct VMI_STREAM *PVMI_STREAM;

VMI_STATUS VMI_Stream_Begin(PVMI_CONNECT connection, PVMI_STREAM *stream);
/* The slab may be changed or deallocated at once; the memory of its pieces must not change until the callback. */
VMI_STATUS VMI_Stream_Send_Slab(PVMI_STREAM stream, PVMI_SLAB slab, VMIStreamSend function, PVOID context);
/* The receive function of the peer is called with VMI_STREAM_END after all slabs. */
VMI_STATUS VMI_Stream_End(PVMI_STREAM stream);
/* On the sender, and on the receiver: the stream's number on its connection. 0 is the one of VMI_Stream_Send. */
UINT32 VMI_Stream_Number(PVMI_STREAM stream);
UINT32 VMI_Stream_Recv_Number(PVMI_STREAM_RECV stream);

/* ---- Devices on a connection ------------------------------------------------------------------------------------ */

/* An attach or a detach has come to its end. */
typedef void (*VMIDeviceChanged)(PVMI_CONNECT connection, PVOID context, VMI_STATUS status);

/* Puts a device on a connection that is in use, in both directions: `device` is the name of a filter and its options,
 * such as "compress level=3", or the path of a library after vmi_device.h. Nothing is lost or reordered; the peer loads the
 * inverse. The function (may be NULL) is called when both processes have changed, or when one of them could not, and
 * then nothing has changed. */
VMI_STATUS VMI_Device_Attach(PVMI_CONNECT connection, const char *device, VMIDeviceChanged function, PVOID context);
/* `name`: that of the device, or "all". */
VMI_STATUS VMI_Device_Detach(PVMI_CONNECT connection, const char *name, VMIDeviceChanged function, PVOID context);
/* What the devices of all connections on the peer's way report: a JSON object, with its zero. */
VMI_STATUS VMI_Device_Report(PVMI_CONNECT connection, char *json, ULONG room);

/* ---- Chains and requests ---------------------------------------------------------------------------------------- */

/* The program's own devices: functions that see I/O request blocks (IRBs) one after the other, in the order of a chain. A
 * device forwards a request, completes it, or pends it, that is, keeps it and goes on with it later. Completion unwinds
 * the stack of those who asked for it, the last one first. A device forwards what it does not know.
 *
 * A connection may have a send chain, which sees each message before it leaves, and a receive chain, which sees each one
 * before the receive function does. What one changes, one of the peer's chains has to undo: that is the programs' affair
 * (VMI_Device_Attach is the one that agrees with the peer). */
typedef struct VMI_IRB *PVMI_IRB;
typedef struct VMI_CHAIN *PVMI_CHAIN;
typedef struct VMI_DEVICE *PVMI_DEVICE;

typedef UINT32 VMI_IRB_COMMAND;
enum {
    VMI_IRB_ATTACH = 0, /* the device is attached to a chain */
    VMI_IRB_DETACH = 1, /* and detached */
    VMI_IRB_CONNECT = 2,
    VMI_IRB_DISCONNECT = 3,
    VMI_IRB_CONNECT_REQUEST = 4,
    VMI_IRB_DISCONNECT_REQUEST = 5,
    VMI_IRB_SEND = 6,    /* the slab is to leave on the connection */
    VMI_IRB_RECEIVE = 7, /* the slab has arrived */
    VMI_IRB_ALERT = 8,
    VMI_IRB_USER = 256 /* from here on the program's own */
};

typedef UINT32 VMI_IRB_ACTION;
enum { VMI_IRB_FORWARD = 0, VMI_IRB_COMPLETE = 1, VMI_IRB_PEND = 2 };

/* A request is at a device. */
typedef VMI_IRB_ACTION (*VMIDeviceDispatch)(PVMI_DEVICE device, PVMI_IRB irb, PVOID context);
/* A request is complete; it is gone when the last one has returned. */
typedef void (*VMIIRBComplete)(PVMI_IRB irb, PVOID context, VMI_STATUS status);

/* The name is for people. A device on a chain cannot be destroyed. */
VMI_STATUS VMI_Device_Create(const char *name, VMIDeviceDispatch function, PVOID context, PVMI_DEVICE *device);
VMI_STATUS VMI_Device_Destroy(PVMI_DEVICE device);

VMI_STATUS VMI_Chain_Create(PVMI_CHAIN *chain);
VMI_STATUS VMI_Chain_Destroy(PVMI_CHAIN chain);
/* At the end of the chain; the device sees VMI_IRB_ATTACH first. */
VMI_STATUS VMI_Chain_Attach(PVMI_CHAIN chain, PVMI_DEVICE device);
VMI_STATUS VMI_Chain_Detach(PVMI_CHAIN chain, PVMI_DEVICE device);

/* NULL: no chain. Messages under way stay on the chain they are on. */
VMI_STATUS VMI_Connection_Set_Send_Chain(PVMI_CONNECT connection, PVMI_CHAIN chain);
VMI_STATUS VMI_Connection_Set_Receive_Chain(PVMI_CONNECT connection, PVMI_CHAIN chain);

/* A request with an empty slab; `connection` may be NULL. It belongs to the library once it is dispatched. */
VMI_STATUS VMI_IRB_Allocate(VMI_IRB_COMMAND command, PVMI_CONNECT connection, PVMI_IRB *irb);
VMI_STATUS VMI_IRB_Deallocate(PVMI_IRB irb);
VMI_IRB_COMMAND VMI_IRB_Get_Command(PVMI_IRB irb);
PVMI_CONNECT VMI_IRB_Get_Connection(PVMI_IRB irb);
/* The message, as long as the request lives. Read it with VMI_Slab_Copy_Bytes, change it with VMI_Slab_Push and _Pop. */
PVMI_SLAB VMI_IRB_Get_Slab(PVMI_IRB irb);
/* Four words for those who agree on them. */
UINT64 VMI_IRB_Get_Argument(PVMI_IRB irb, UINT32 index);
VMI_STATUS VMI_IRB_Set_Argument(PVMI_IRB irb, UINT32 index, UINT64 value);
/* Whoever dispatches a request, or is looking at it, asks to hear of its completion. */
VMI_STATUS VMI_IRB_On_Completion(PVMI_IRB irb, VMIIRBComplete function, PVOID context);

/* Sends a request along a chain. Past the last device a VMI_IRB_SEND leaves on its connection; others are complete. */
VMI_STATUS VMI_IO_Dispatch(PVMI_CHAIN chain, PVMI_IRB irb);
/* A request that was pended goes on with the next device, or is complete. */
VMI_STATUS VMI_IO_Forward(PVMI_IRB irb);
VMI_STATUS VMI_IO_Complete(PVMI_IRB irb, VMI_STATUS status);

/* ---- Alerts ----------------------------------------------------------------------------------------------------- */

enum {
    VMI_ALERT_NOTICE = 0, /* worth a line; nothing is lost */
    VMI_ALERT_FAULT = 1   /* a peer misbehaves, or a way to it is gone */
};

/* Called inside VMI_Poll. Without a function, faults are printed on stderr. */
typedef void (*VMIAlert)(UINT32 severity, const char *text);
VMI_STATUS VMI_Alert_Fn(VMIAlert function);
VMI_STATUS VMI_Alert_Raise(UINT32 severity, const char *text);

#ifdef __cplusplus
}
#endif

#endif
