/* The library's devices put on a connection and taken off again, from either side, while messages travel both ways. */
#include "client.h"

#define MESSAGES 3000

static int arrived, sent, changes, refusals;

static VMI_RECV_STATUS receive(PVMI_CONNECT connection, PVMI_STREAM_RECV stream, VMI_STREAM_COMMAND command,
                               PVOID context, PVMI_SLAB slab)
{
    static unsigned char bytes[60000];
    ULONG size = VMI_SLAB_BYTES_REMAINING(slab);
    (void)connection, (void)stream, (void)command, (void)context;
    EQ(size, arrived * 97 % 60000);
    OK(VMI_Slab_Copy_Bytes(slab, size, bytes));
    RIGHT(bytes, size, (unsigned)arrived);
    arrived++;
    return VMI_SLAB_DONE;
}

static void changed(PVMI_CONNECT connection, PVOID context, VMI_STATUS status)
{
    CHECK(connection != NULL);
    if (context == &refusals) {
        CHECK(!VMI_SUCCESS(status));
        refusals++;
    } else {
        OK(status);
        changes++;
    }
}

static void note(PVOID context, VMI_STATUS status)
{
    OK(status);
    ++*(int *)context;
}

static void send_next(PVMI_CONNECT peer, PVMI_BUFFER buffer)
{
    PVOID address = VMI_BUFFER_ADDRESS(buffer);
    ULONG size = (ULONG)(sent * 97 % 60000);
    int gone = 0;
    t_fill(address, size, (unsigned)sent);
    OK(VMI_Stream_Send(peer, &buffer, &address, &size, 1, note, &gone, TRUE));
    UNTIL(gone);
    sent++;
}

int main(void)
{
    static const char *const devices[] = {"checksum", "compress", "crypt", "profile"};
    static char report[100000];
    PVMI_BUFFER buffer;
    int step = 0;
    VMI_STREAM_SET_RECV_FUNCTION(receive);
    t_init();
    t_connect_all();
    OK(VMI_Buffer_Allocate(60000, &buffer));
    if (t_rank < 2 && t_size > 1) {
        PVMI_CONNECT peer = t_peers[1 - t_rank].connection;
        REFUSED(VMI_Device_Attach(peer, "", changed, NULL), VMI_ERR_ARGUMENT);
        REFUSED(VMI_Device_Attach(NULL, "checksum", changed, NULL), VMI_ERR_HANDLE);
        while (sent < MESSAGES) {
            send_next(peer, buffer);
            if (t_rank == 0 && changes == step && sent % 100 == 0 && step < 16) {
                const char *device = devices[step / 2 % 4];
                if (step++ % 2)
                    OK(VMI_Device_Detach(peer, device, changed, NULL));
                else
                    OK(VMI_Device_Attach(peer, device, changed, NULL));
            }
            if (t_rank == 1 && sent == 500)
                OK(VMI_Device_Attach(peer, "nonsense", changed, &refusals));
        }
        UNTIL(changes == step);
        if (t_rank == 0)
            send_next(peer, buffer); /* now the other one may leave */
        UNTIL(arrived == MESSAGES + t_rank);
        if (t_rank == 1) {
            UNTIL(refusals == 1);
            OK(VMI_Device_Attach(peer, "checksum", NULL, NULL));
            OK(VMI_Device_Report(peer, report, sizeof report));
            CHECK(strncmp(report, "{\"ok\":true", 10) == 0);
            REFUSED(VMI_Device_Report(peer, report, 5), VMI_ERR_ARGUMENT);
        }
    }
    return t_leave();
}
