/* MPI_Init without argc and argv. */
#include "harness.h"

int main(void)
{
    t_start(NULL, NULL);
    CHECK(t_size >= 1);
    return t_end();
}
