/* A program that sends its last message and just ends, without disconnecting and without VMI_Terminate. The others get the
 * message, and end in the same way. */
#include "client.h"

static int arrived;

static VMI_RECV_STATUS receive(PVMI_CONNECT connection, PVMI_STREAM_RECV stream, VMI_STREAM_COMMAND command,
                               PVOID context, PVMI_SLAB slab)
{
    (void)connection, (void)stream, (void)command, (void)context;
    arrived += (int)VMI_SLAB_BYTES_REMAINING(slab);
    return VMI_SLAB_DONE;
}

int main(void)
{
    static char bytes[16000];
    int number;
    VMI_STREAM_SET_RECV_FUNCTION(receive);
    t_init();
    t_connect_all();
    if (t_rank == 0) {
        UNTIL(arrived == (t_size - 1) * 20 * (int)sizeof bytes);
    } else {
        /* More than a ring holds: the rest leaves at the end. */
        for (number = 0; number < 20; number++)
            t_send_inline(&t_peers[0], bytes, sizeof bytes);
    }
    exit(t_end());
}
