/* Derived datatypes, two ranks, microseconds per size: `pack-LAYOUT`, `unpack-LAYOUT` within a rank and `send-LAYOUT`,
 * half a round trip. The layouts: plain bytes; vectors of blocks of 8, 64, 1024 bytes with gaps as long; indexed blocks of
 * 8 to 120 bytes; an array of a struct of four members; a subarray of three dimensions. */
#include "bench.h"

enum { LARGEST = 1 << 20, ROOM = 4 * LARGEST };

static const int sizes[] = {1024, 65536, LARGEST, -1};

static struct layout {
    MPI_Datatype type;
    int count, bytes, blocks, *places, *lengths;
} t;

static char *from, *to, *packed, *expected;
static int stamp;

static void block(int place, int length)
{
    t.places[t.blocks] = place;
    t.lengths[t.blocks++] = length;
}

static void plain(int bytes)
{
    MPI_Type_contiguous(bytes, MPI_CHAR, &t.type);
    block(0, bytes);
}

static void vector(int bytes, int length)
{
    MPI_Type_vector(bytes / length, length / 8, length / 4, MPI_DOUBLE, &t.type);
    for (int i = 0; i < bytes / length; i++)
        block(2 * i * length, length);
}

static void vector8(int bytes)
{
    vector(bytes, 8);
}

static void vector64(int bytes)
{
    vector(bytes, 64);
}

static void vector1k(int bytes)
{
    vector(bytes, 1024);
}

static void indexed(int bytes)
{
    int place = 0, left = bytes / 8, n = 0;
    int *lengths = malloc((size_t)bytes), *places = malloc((size_t)bytes);
    for (; left > 0; n++) {
        int want = 1 + n * 7 % 15;
        lengths[n] = want < left ? want : left;
        places[n] = place;
        block(place * 8, lengths[n] * 8);
        left -= lengths[n];
        place += lengths[n] + 1 + n % 3;
    }
    MPI_Type_indexed(n, lengths, places, MPI_DOUBLE, &t.type);
    free(lengths);
    free(places);
}

/* 32 bytes of data in 56. */
static void structure(int bytes)
{
    int lengths[] = {1, 1, 2, 8};
    MPI_Aint places[] = {0, 8, 16, 40};
    MPI_Datatype types[] = {MPI_INT, MPI_FLOAT, MPI_DOUBLE, MPI_CHAR}, bare;
    MPI_Type_create_struct(4, lengths, places, types, &bare);
    MPI_Type_create_resized(bare, 0, 56, &t.type);
    MPI_Type_free(&bare);
    t.count = bytes / 32;
    for (int i = 0; i < t.count; i++) {
        block(56 * i, 4);
        block(56 * i + 8, 4);
        block(56 * i + 16, 16);
        block(56 * i + 40, 8);
    }
}

static void subarray(int bytes)
{
    int deep = bytes / 1024, whole[] = {deep + 2, 6, 64}, part[] = {deep, 4, 32}, start[] = {1, 1, 16};
    MPI_Type_create_subarray(3, whole, part, start, MPI_ORDER_C, MPI_DOUBLE, &t.type);
    for (int i = 0; i < deep; i++)
        for (int k = 0; k < 4; k++)
            block((((i + 1) * 6 + k + 1) * 64 + 16) * 8, 256);
}

static const struct {
    const char *name;
    void (*make)(int);
} layouts[] = {{"plain", plain},       {"vector8", vector8}, {"vector64", vector64}, {"vector1k", vector1k},
               {"indexed", indexed}, {"struct", structure}, {"subarray", subarray}};

static void (*make)(int);

static void begin(int bytes)
{
    t.blocks = 0;
    t.count = 1;
    t.bytes = bytes;
    make(bytes);
    MPI_Type_commit(&t.type);
    memset(from, 0, ROOM);
    memset(to, 0, ROOM);
    for (int i = 0, at = 0; i < t.blocks; at += t.lengths[i++])
        for (int k = 0; k < t.lengths[i]; k++)
            from[t.places[i] + k] = expected[at + k] = (char)(1 + (at + k) * 7 % 127);
}

/* The blocks hold what they should, and nothing else was written. */
static void compare_all(void)
{
    b_expect(!memcmp(from, to, ROOM));
}

/* The first and the last byte change in every repetition. */
static void mark(void)
{
    stamp = (stamp + 1) % 100;
    int last = t.blocks - 1;
    from[t.places[last] + t.lengths[last] - 1] = expected[t.bytes - 1] = (char)(stamp + 2);
    from[t.places[0]] = expected[0] = (char)(stamp + 1);
}

static double pack(void *unused)
{
    (void)unused;
    int at = 0;
    mark();
    MPI_Pack(from, t.count, t.type, packed, LARGEST, &at, MPI_COMM_WORLD);
    b_expect(at == t.bytes && packed[0] == expected[0] && packed[at - 1] == expected[at - 1]);
    return 0;
}

static double unpack(void *unused)
{
    (void)unused;
    int at = 0, last = t.places[t.blocks - 1] + t.lengths[t.blocks - 1] - 1;
    stamp = (stamp + 1) % 100;
    packed[0] = (char)(stamp + 1);
    packed[t.bytes - 1] = (char)(stamp + 2);
    MPI_Unpack(packed, t.bytes, &at, to, t.count, t.type, MPI_COMM_WORLD);
    b_expect(at == t.bytes && to[t.places[0]] == packed[0] && to[last] == packed[t.bytes - 1]);
    return 0;
}

static double half_trip(void *unused)
{
    (void)unused;
    int last = t.places[t.blocks - 1] + t.lengths[t.blocks - 1] - 1;
    mark();
    if (b_rank == 0) {
        MPI_Send(from, t.count, t.type, 1, 1, MPI_COMM_WORLD);
        MPI_Recv(to, t.count, t.type, 1, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    } else {
        MPI_Recv(to, t.count, t.type, 0, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        MPI_Send(from, t.count, t.type, 0, 1, MPI_COMM_WORLD);
    }
    b_expect(to[t.places[0]] == from[t.places[0]] && to[last] == from[last]);
    return 0;
}

static double pack_point(int bytes)
{
    begin(bytes);
    pack(NULL);
    b_expect(!memcmp(packed, expected, (size_t)bytes));
    double each = b_measure(pack, NULL);
    MPI_Type_free(&t.type);
    return each;
}

static double unpack_point(int bytes)
{
    int at = 0;
    begin(bytes);
    MPI_Unpack(expected, bytes, &at, to, t.count, t.type, MPI_COMM_WORLD);
    compare_all();
    memcpy(packed, expected, (size_t)bytes);
    double each = b_measure(unpack, NULL);
    MPI_Type_free(&t.type);
    return each;
}

static double send_point(int bytes)
{
    begin(bytes);
    half_trip(NULL);
    compare_all();
    double each = b_measure(half_trip, NULL);
    MPI_Type_free(&t.type);
    return each < 0 ? each : each / 2;
}

static void sections(const char *what, double (*point)(int))
{
    char name[64];
    for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++) {
        snprintf(name, sizeof name, "%s-%s", what, layouts[i].name);
        make = layouts[i].make;
        b_section(name, sizes, point);
    }
}

int main(int argc, char **argv)
{
    b_start(argc, argv);
    if (b_size != 2)
        MPI_Abort(MPI_COMM_WORLD, 2);
    from = aligned_alloc(4096, ROOM);
    to = aligned_alloc(4096, ROOM);
    packed = aligned_alloc(4096, LARGEST);
    expected = aligned_alloc(4096, LARGEST);
    t.places = malloc(LARGEST * sizeof(int));
    t.lengths = malloc(LARGEST * sizeof(int));
    sections("pack", pack_point);
    sections("unpack", unpack_point);
    sections("send", send_point);
    return b_end();
}
