/* What a program can ask about where it runs; the two starts and ends; time. */
#include "harness.h"
#include <unistd.h>

int main(int argc, char **argv)
{
    int flag, version, subversion, len;
    char name[MPI_MAX_PROCESSOR_NAME], host[256], library[MPI_MAX_LIBRARY_VERSION_STRING];
    CALL(MPI_Initialized(&flag)); /* these are allowed at any time */
    EQ(flag, 0);
    CALL(MPI_Finalized(&flag));
    EQ(flag, 0);
    CALL(MPI_Get_version(&version, &subversion));
    CHECK(version >= 3);
    CALL(MPI_Get_library_version(library, &len));
    CHECK(len > 0 && (size_t)len == strlen(library));
    t_start(&argc, &argv);
    CALL(MPI_Initialized(&flag));
    EQ(flag, 1);
    CHECK(t_size >= 1 && t_rank >= 0 && t_rank < t_size);
    CALL(MPI_Get_processor_name(name, &len));
    gethostname(host, sizeof host);
    EQ(len, strlen(name));
    CHECK(len > 0);
    double start = MPI_Wtime(), tick = MPI_Wtick();
    CHECK(tick > 0 && tick < 0.1);
    usleep(20000);
    double passed = MPI_Wtime() - start;
    CHECK(passed >= 0.0199);
    EQ(argc, 3);
    CHECK(!strcmp(argv[1], "one") && !strcmp(argv[2], "two words"));
    void *memory;
    CALL(MPI_Alloc_mem(1000, MPI_INFO_NULL, &memory));
    memset(memory, 1, 1000);
    CALL(MPI_Free_mem(memory));
    MPI_Finalize();
    CALL(MPI_Finalized(&flag));
    EQ(flag, 1);
    CALL(MPI_Initialized(&flag));
    EQ(flag, 1);
    if (t_rank == 0 && !t_failures)
        printf("PASS\n");
    return t_failures != 0;
}
