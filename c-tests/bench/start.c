/* The shortest program; the benchmark measures how long it takes from the outside. */
#include "bench.h"

int main(int argc, char **argv)
{
    b_start(&argc, &argv);
    b_expect(b_size == 2);
    return b_end();
}
