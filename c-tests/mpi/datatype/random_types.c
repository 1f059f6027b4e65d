/* Nested types made at random against their type maps written out: pack, unpack, send, receive in pieces. */
#include "harness.h"

enum { MAX_BYTES = 20000, LIVE = 4 };

/* A type and, byte by byte in pack order, where its data lies. */
struct map {
    MPI_Datatype type;
    int bytes;
    long at[MAX_BYTES];
    long lb, extent;
};

static uint64_t seed;
static long pick(long below) { return (long)(t_random(&seed) % (uint64_t)below); }

static void base_map(struct map *map)
{
    const MPI_Datatype types[4] = {MPI_CHAR, MPI_SHORT, MPI_INT, MPI_DOUBLE};
    const int sizes[4] = {1, 2, 4, 8};
    int which = (int)pick(4);
    CALL(MPI_Type_dup(types[which], &map->type));
    map->bytes = sizes[which];
    for (int i = 0; i < map->bytes; i++)
        map->at[i] = i;
    map->lb = 0;
    map->extent = sizes[which];
}

/* Appends `n` copies of `inner` from byte `offset` on, one extent apart. */
static void put(struct map *map, const struct map *inner, long offset, int n)
{
    for (int copy = 0; copy < n; copy++)
        for (int i = 0; i < inner->bytes; i++)
            map->at[map->bytes++] = offset + copy * inner->extent + inner->at[i];
}

static int room(const struct map *inner, long copies) { return inner->bytes * copies < MAX_BYTES / 3; }

static int wrap(struct map *map, const struct map *inner)
{
    int n = 1 + (int)pick(4), len = 1 + (int)pick(3), lengths[4], places[4];
    MPI_Aint offsets[4];
    MPI_Datatype types[4];
    if (!room(inner, 12))
        return 0;
    map->bytes = 0;
    for (int i = 0; i < n; i++) {
        lengths[i] = (int)pick(4);
        places[i] = i * 5 + (int)pick(3);
        offsets[i] = i * 6 * inner->extent + pick(8) * 8;
        types[i] = inner->type;
    }
    switch (pick(8)) {
    case 0:
        CALL(MPI_Type_contiguous(n, inner->type, &map->type));
        put(map, inner, 0, n);
        break;
    case 1:
        CALL(MPI_Type_vector(n, len, len + 2, inner->type, &map->type));
        for (int i = 0; i < n; i++)
            put(map, inner, i * (len + 2) * inner->extent, len);
        break;
    case 2: {
        long stride = (len + 1) * inner->extent + 8;
        CALL(MPI_Type_create_hvector(n, len, stride, inner->type, &map->type));
        for (int i = 0; i < n; i++)
            put(map, inner, i * stride, len);
        break;
    }
    case 3:
        CALL(MPI_Type_indexed(n, lengths, places, inner->type, &map->type));
        for (int i = 0; i < n; i++)
            put(map, inner, places[i] * inner->extent, lengths[i]);
        break;
    case 4:
        CALL(MPI_Type_create_hindexed(n, lengths, offsets, inner->type, &map->type));
        for (int i = 0; i < n; i++)
            put(map, inner, offsets[i], lengths[i]);
        break;
    case 5:
        CALL(MPI_Type_create_indexed_block(n, len, places, inner->type, &map->type));
        for (int i = 0; i < n; i++)
            put(map, inner, places[i] * inner->extent, len);
        break;
    case 6:
        CALL(MPI_Type_create_struct(n, lengths, offsets, types, &map->type));
        for (int i = 0; i < n; i++)
            put(map, inner, offsets[i], lengths[i]);
        break;
    default: {
        MPI_Aint extent = inner->extent + pick(3) * 8;
        CALL(MPI_Type_create_resized(inner->type, inner->lb, extent, &map->type));
        put(map, inner, 0, 1);
        map->extent = extent;
        map->lb = inner->lb;
        return 1;
    }
    }
    MPI_Aint lb, extent; /* trusted here, tested in constructors.c */
    CALL(MPI_Type_get_extent(map->type, &lb, &extent));
    map->lb = lb;
    map->extent = extent;
    return 1;
}

static struct map build(int depth)
{
    static struct map maps[2];
    int now = 0;
    base_map(&maps[now]);
    for (int i = 0; i < depth; i++) {
        if (!wrap(&maps[1 - now], &maps[now]))
            break;
        CALL(MPI_Type_free(&maps[now].type));
        now = 1 - now;
    }
    return maps[now];
}

static void check_type(int round)
{
    static struct map map;
    static char memory[1 << 20], back[1 << 20], packed[MAX_BYTES * 2], want[MAX_BYTES * 2];
    const int count = 2;
    char *base = memory + 4096, *base_back = back + 4096;
    int size, position = 0, n = 0, elements;
    map = build(1 + (int)pick(4));
    long last = 0;
    for (int i = 0; i < map.bytes; i++)
        if (map.at[i] > last)
            last = map.at[i];
    if (last + (count - 1) * map.extent + 4096 >= (long)sizeof memory - 4096 || map.extent < 0)
        goto out;
    CALL(MPI_Type_commit(&map.type));
    CALL(MPI_Type_size(map.type, &size));
    EQ(size, map.bytes);
    t_fill(memory, sizeof memory, (unsigned)round);
    for (int copy = 0; copy < count; copy++)
        for (int i = 0; i < map.bytes; i++)
            want[n++] = base[copy * map.extent + map.at[i]];
    CALL(MPI_Pack(base, count, map.type, packed, sizeof packed, &position, MPI_COMM_WORLD));
    EQ(position, n);
    if (memcmp(packed, want, (size_t)n))
        FAIL("round %d: packed bytes differ", round);
    memset(back, 0, sizeof back);
    position = 0;
    CALL(MPI_Unpack(packed, n, &position, base_back, count, map.type, MPI_COMM_WORLD));
    n = 0;
    for (int copy = 0; copy < count; copy++)
        for (int i = 0; i < map.bytes; i++, n++)
            if (base_back[copy * map.extent + map.at[i]] != want[n]) {
                FAIL("round %d: unpacked byte %d differs", round, n);
                copy = count;
                break;
            }
    /* The same through a message: typed send, plain receive, and back. */
    MPI_Status status;
    memset(packed, 0, sizeof packed);
    CALL(MPI_Sendrecv(base, count, map.type, t_rank, 1, packed, n, MPI_BYTE, t_rank, 1, MPI_COMM_WORLD, &status));
    if (memcmp(packed, want, (size_t)n))
        FAIL("round %d: sent bytes differ", round);
    memset(back, 0, sizeof back);
    CALL(MPI_Sendrecv(packed, n, MPI_BYTE, t_rank, 1, base_back, count, map.type, t_rank, 1, MPI_COMM_WORLD, &status));
    CALL(MPI_Get_count(&status, map.type, &elements));
    EQ(elements, map.bytes ? count : 0);
    memset(packed, 0, sizeof packed);
    position = 0;
    CALL(MPI_Pack(base_back, count, map.type, packed, sizeof packed, &position, MPI_COMM_WORLD));
    if (memcmp(packed, want, (size_t)n))
        FAIL("round %d: received bytes differ", round);
out:
    CALL(MPI_Type_free(&map.type));
}

int main(int argc, char **argv)
{
    t_start(&argc, &argv);
    for (int round = 0; round < 400; round++) {
        seed = 977u * (unsigned)round + 5;
        check_type(round);
    }
    return t_end();
}
