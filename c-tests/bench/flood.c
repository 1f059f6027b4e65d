/* 500,000 messages of 1 KiB for a receiver that is late: it polls for something else for half a second, then receives all.
 * `flood-time`: microseconds per message from the first send to the last receive; `flood-receiver-memory`: the most that
 * was resident in the receiver, MiB. */
#include "bench.h"

enum { LONGS = 128, LAST = 2 };

static int messages = 500000;

static double peak_mib(void)
{
    char line[256];
    double kib = 0;
    FILE *f = fopen("/proc/self/status", "r");
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "VmHWM: %lf", &kib) == 1)
            break;
    if (f)
        fclose(f);
    return kib / 1024;
}

static void send_all(void)
{
    static long data[LONGS];
    for (int i = 0; i < messages; i++) {
        data[0] = data[LONGS - 1] = i;
        MPI_Send(data, LONGS, MPI_LONG, 1, 1, MPI_COMM_WORLD);
    }
}

static void be_late(void)
{
    int there = 0;
    for (double start = b_now(); b_now() - start < 0.5;)
        MPI_Iprobe(0, LAST, MPI_COMM_WORLD, &there, MPI_STATUS_IGNORE);
}

static void receive_all(void)
{
    static long data[LONGS];
    for (int i = 0; i < messages; i++) {
        MPI_Recv(data, LONGS, MPI_LONG, 0, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        b_expect(data[0] == i && data[LONGS - 1] == i);
    }
}

int main(int argc, char **argv)
{
    double memory = 0;
    b_start(argc, argv);
    if (b_size != 2)
        MPI_Abort(MPI_COMM_WORLD, 2);
    if (b_few)
        messages /= 10;
    MPI_Barrier(MPI_COMM_WORLD);
    double start = b_now();
    if (b_rank == 0) {
        send_all();
        MPI_Recv(&memory, 1, MPI_DOUBLE, 1, LAST, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    } else {
        be_late();
        receive_all();
        memory = peak_mib();
        MPI_Send(&memory, 1, MPI_DOUBLE, 0, LAST, MPI_COMM_WORLD);
    }
    b_row("flood-time", "1024", (b_now() - start) / messages);
    b_row("flood-receiver-memory", "1024", memory * 1e-6);
    return b_end();
}
