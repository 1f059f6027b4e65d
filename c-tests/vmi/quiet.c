/* A process that computes for seconds without a call, while its peer sends: nothing is lost, and no way is given up. */
#include "client.h"

#define MESSAGES 400

static int arrived;

static VMI_RECV_STATUS receive(PVMI_CONNECT connection, PVMI_STREAM_RECV stream, VMI_STREAM_COMMAND command,
                               PVOID context, PVMI_SLAB slab)
{
    unsigned char bytes[10000];
    (void)connection, (void)stream, (void)command, (void)context;
    EQ(VMI_SLAB_BYTES_REMAINING(slab), sizeof bytes);
    OK(VMI_Slab_Copy_Bytes(slab, sizeof bytes, bytes));
    RIGHT(bytes, sizeof bytes, (unsigned)arrived);
    arrived++;
    return VMI_SLAB_DONE;
}

static void compute(double seconds)
{
    double end = t_now() + seconds;
    while (t_now() < end)
        usleep(10000);
}

int main(void)
{
    unsigned char bytes[10000];
    int number;
    VMI_STREAM_SET_RECV_FUNCTION(receive);
    t_init();
    t_connect_all();
    if (t_rank == 1)
        for (number = 0; number < MESSAGES; number++) {
            t_fill(bytes, sizeof bytes, (unsigned)number);
            t_send_inline(&t_peers[0], bytes, sizeof bytes);
            if (number % 100 == 50)
                compute(1);
        }
    if (t_rank == 0) {
        compute(5);
        UNTIL(arrived == MESSAGES);
    }
    return t_leave();
}
