/* Chains of the program's own devices: one that changes the text and one that undoes it, one that counts, one that keeps
 * requests and lets them go later, one that ends them. Completions come back in reverse order. */
#include "client.h"

#define MESSAGES 50

static PVMI_CHAIN chain;
static int counted, arrived, sent, attached, pended_count, order[64], order_count;
static PVMI_IRB pended[MESSAGES];
static int keep, drop;

/* Adds `*context` to every byte of the message, in memory of its own. */
static VMI_IRB_ACTION shift(PVMI_DEVICE device, PVMI_IRB irb, PVOID context)
{
    PVMI_SLAB slab = VMI_IRB_Get_Slab(irb);
    ULONG size = VMI_Slab_Size(slab), at;
    PVMI_BUFFER buffer;
    unsigned char *bytes;
    (void)device;
    if (VMI_IRB_Get_Command(irb) == VMI_IRB_ATTACH || VMI_IRB_Get_Command(irb) == VMI_IRB_DETACH) {
        attached += VMI_IRB_Get_Command(irb) == VMI_IRB_ATTACH ? 1 : -1;
        return VMI_IRB_FORWARD;
    }
    OK(VMI_Buffer_Allocate(size, &buffer));
    bytes = VMI_BUFFER_ADDRESS(buffer);
    OK(VMI_Slab_Copy_Bytes(slab, size, bytes));
    for (at = 0; at < size; at++)
        bytes[at] = (unsigned char)(bytes[at] + *(signed char *)context);
    while (VMI_SUCCESS(VMI_Slab_Pop(slab)))
        continue;
    OK(VMI_Slab_Push(slab, buffer, bytes, size));
    OK(VMI_Buffer_Deallocate(buffer)); /* the slab keeps it */
    return VMI_IRB_FORWARD;
}

static void noted(PVMI_IRB irb, PVOID context, VMI_STATUS status)
{
    OK(status);
    CHECK(VMI_IRB_Get_Command(irb) != 0);
    if (order_count < 64)
        order[order_count++] = *(int *)context;
}

/* Asks to hear of the completion. */
static VMI_IRB_ACTION watch(PVMI_DEVICE device, PVMI_IRB irb, PVOID context)
{
    (void)device;
    if (VMI_IRB_Get_Command(irb) != VMI_IRB_ATTACH)
        OK(VMI_IRB_On_Completion(irb, noted, context));
    return VMI_IRB_FORWARD;
}

static VMI_IRB_ACTION count(PVMI_DEVICE device, PVMI_IRB irb, PVOID context)
{
    (void)device, (void)context;
    counted += VMI_IRB_Get_Command(irb) == VMI_IRB_SEND;
    if (drop && VMI_IRB_Get_Command(irb) == VMI_IRB_SEND)
        return VMI_IRB_COMPLETE;
    if (keep && VMI_IRB_Get_Command(irb) == VMI_IRB_SEND) {
        pended[pended_count++] = irb;
        return VMI_IRB_PEND;
    }
    return VMI_IRB_FORWARD;
}

static VMI_RECV_STATUS receive(PVMI_CONNECT connection, PVMI_STREAM_RECV stream, VMI_STREAM_COMMAND command,
                               PVOID context, PVMI_SLAB slab)
{
    unsigned char bytes[2000];
    ULONG size = VMI_SLAB_BYTES_REMAINING(slab);
    (void)connection, (void)stream, (void)command, (void)context;
    OK(VMI_Slab_Copy_Bytes(slab, size, bytes));
    RIGHT(bytes, size, (unsigned)arrived);
    EQ(size, 20 * arrived);
    arrived++;
    return VMI_SLAB_DONE;
}

static void done(PVOID context, VMI_STATUS status)
{
    OK(status);
    CHECK(context == &sent);
    sent++;
}

static void send_message(PVMI_CONNECT peer, PVMI_BUFFER buffer, int number)
{
    PVOID address = VMI_BUFFER_ADDRESS(buffer);
    ULONG size = (ULONG)(20 * number);
    t_fill(address, size, (unsigned)number);
    if (number % 2)
        OK(VMI_Stream_Send(peer, &buffer, &address, &size, 1, done, &sent, TRUE));
    else
        OK(VMI_Stream_Send_Inline(peer, &address, &size, 1, size));
    UNTIL(keep || sent == (number + 1) / 2);
}

static void user_requests(void)
{
    PVMI_DEVICE first, second;
    PVMI_IRB irb;
    int one = 1, two = 2, mine = 3;
    OK(VMI_Device_Create("first", watch, &one, &first));
    OK(VMI_Device_Create("second", watch, &two, &second));
    OK(VMI_Chain_Create(&chain));
    OK(VMI_Chain_Attach(chain, first));
    OK(VMI_Chain_Attach(chain, second));
    REFUSED(VMI_Device_Destroy(first), VMI_ERR_STATE);
    OK(VMI_IRB_Allocate(VMI_IRB_USER, NULL, &irb));
    OK(VMI_IRB_Set_Argument(irb, 3, 77));
    EQ(VMI_IRB_Get_Argument(irb, 3), 77);
    REFUSED(VMI_IRB_Set_Argument(irb, 4, 77), VMI_ERR_ARGUMENT);
    OK(VMI_IRB_On_Completion(irb, noted, &mine));
    REFUSED(VMI_IO_Complete(irb, 0), VMI_ERR_STATE);
    OK(VMI_IO_Dispatch(chain, irb));
    EQ(order_count, 3);
    CHECK(order[0] == 2 && order[1] == 1 && order[2] == 3);
    REFUSED(VMI_IO_Dispatch(chain, irb), VMI_ERR_HANDLE);
    REFUSED(VMI_IRB_Deallocate(irb), VMI_ERR_HANDLE);
    OK(VMI_IRB_Allocate(VMI_IRB_USER + 1, NULL, &irb));
    OK(VMI_IRB_Deallocate(irb));
    REFUSED(VMI_IRB_Allocate(VMI_IRB_SEND, NULL, &irb), VMI_ERR_ARGUMENT);
    OK(VMI_Chain_Detach(chain, first));
    REFUSED(VMI_Chain_Detach(chain, first), VMI_ERR_STATE);
    OK(VMI_Device_Destroy(first));
    OK(VMI_Chain_Destroy(chain));
    OK(VMI_Device_Destroy(second));
    REFUSED(VMI_Chain_Attach(chain, second), VMI_ERR_HANDLE);
}

/* Messages may come as soon as the connection is made. */
static void prepare(t_peer *peer)
{
    if (t_rank == 1 && peer->rank == 0)
        OK(VMI_Connection_Set_Receive_Chain(peer->connection, chain));
}

int main(void)
{
    static signed char up = 13, down = -13;
    PVMI_DEVICE changer, counter;
    PVMI_BUFFER buffer;
    int number;
    VMI_STREAM_SET_RECV_FUNCTION(receive);
    t_prepare = prepare;
    t_init();
    user_requests();
    OK(VMI_Buffer_Allocate(2000, &buffer));
    OK(VMI_Chain_Create(&chain));
    OK(VMI_Device_Create("shift", shift, t_rank == 0 ? &up : &down, &changer));
    OK(VMI_Device_Create("count", count, NULL, &counter));
    OK(VMI_Chain_Attach(chain, changer));
    OK(VMI_Chain_Attach(chain, counter));
    EQ(attached, 1);
    t_connect_all();
    if (t_rank == 0 && t_size > 1) {
        PVMI_CONNECT peer = t_peers[1].connection;
        char go;
        OK(VMI_Connection_Set_Send_Chain(peer, chain));
        for (number = 0; number < MESSAGES - 2; number++)
            send_message(peer, buffer, number);
        EQ(counted, MESSAGES - 2);
        keep = 1;
        send_message(peer, buffer, number++);
        send_message(peer, buffer, number);
        EQ(pended_count, 2);
        REFUSED(VMI_Chain_Destroy(chain), VMI_ERR_STATE);
        EQ(sent, (MESSAGES - 2) / 2);
        OK(VMI_IO_Forward(pended[0]));
        OK(VMI_IO_Forward(pended[1]));
        UNTIL(sent == MESSAGES / 2);
        keep = 0;
        drop = 1; /* complete, but never on the wire */
        go = 0;
        t_send_inline(&t_peers[1], &go, 1);
        EQ(counted, MESSAGES + 1);
    }
    if (t_rank == 1)
        UNTIL(arrived == MESSAGES);
    return t_leave();
}
