/* A sender far ahead of its receiver. With an argument: the receiver's memory must not grow by more MiB than that. */
#include "harness.h"
#include <unistd.h>

enum { LEN = 1024 };

static long peak_kib(void)
{
    char line[256];
    long kib = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "VmHWM: %ld", &kib) == 1)
            break;
    if (file)
        fclose(file);
    return kib;
}

int main(int argc, char **argv)
{
    static char data[LEN];
    int messages = argc > 1 ? atoi(argv[1]) : 20000;
    long cap_mib = argc > 2 ? atol(argv[2]) : 0, before, grown;
    t_start(&argc, &argv);
    if (t_rank == 1) {
        for (int i = 0; i < messages; i++) {
            memcpy(data, &i, sizeof i);
            CALL(MPI_Send(data, LEN, MPI_CHAR, 0, 1, MPI_COMM_WORLD));
        }
        CALL(MPI_Send(&messages, 1, MPI_INT, 0, 2, MPI_COMM_WORLD));
    }
    if (t_rank == 0) {
        int number;
        before = peak_kib();
        usleep(300000);
        /* Progress without receiving: the flood may come in as far as the library lets it. */
        for (int i = 0; i < 200; i++) {
            int flag;
            CALL(MPI_Iprobe(1, 2, MPI_COMM_WORLD, &flag, MPI_STATUS_IGNORE));
            usleep(1000);
        }
        for (int i = 0; i < messages; i++) {
            CALL(MPI_Recv(data, LEN, MPI_CHAR, 1, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
            memcpy(&number, data, sizeof number);
            EQ(number, i);
        }
        CALL(MPI_Recv(&number, 1, MPI_INT, 1, 2, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
        EQ(number, messages);
        grown = (peak_kib() - before) / 1024;
        if (cap_mib && grown > cap_mib)
            FAIL("the receiver grew by %ld MiB, more than %ld", grown, cap_mib);
    }
    return t_end();
}
