/* A VMI 1.0 module of another kind: a network on which a process reaches itself only. Built as a shared library, loaded by
 * path; and, built as a program, what uses it. Option depth=N: messages under way at a time. */
#include <vmi1.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef MODULE

typedef struct {
    int rank, size, depth, first, count;
    struct { char *bytes; size_t len; } queue[64];
} loop;

static void *loop_open(const vmi1_place_t *place, char *why, size_t room)
{
    loop *self = calloc(1, sizeof *self);
    self->rank = place->rank;
    self->size = place->size;
    self->depth = 4;
    if (strncmp(place->options, "depth=", 6) == 0)
        self->depth = atoi(place->options + 6);
    if (self->depth < 1 || self->depth > 64 || place->rank < 0) {
        snprintf(why, room, "depth is %d, expected 1 to 64", self->depth);
        free(self);
        return NULL;
    }
    return self;
}

static void loop_who(void *state, int32_t *rank, int32_t *size)
{
    loop *self = state;
    *rank = self->rank;
    *size = self->size;
}

static int loop_connect(void *state, int32_t peer, char *why, size_t room)
{
    loop *self = state;
    if (peer == self->rank)
        return VMI1_OK;
    snprintf(why, room, "it reaches rank %d only", self->rank);
    return VMI1_ERROR;
}

static int loop_disconnect(void *state, int32_t peer, char *why, size_t room)
{
    (void)state, (void)peer, (void)why, (void)room;
    return VMI1_OK;
}

static size_t loop_limit(void *state, int32_t peer)
{
    (void)state, (void)peer;
    return 1 << 20;
}

static int loop_send(void *state, int32_t peer, const vmi1_piece_t *pieces, size_t count, char *why, size_t room)
{
    loop *self = state;
    size_t at, len = 0;
    char *bytes;
    (void)peer, (void)why, (void)room;
    if (self->count == self->depth)
        return VMI1_AGAIN;
    for (at = 0; at < count; at++)
        len += pieces[at].len;
    bytes = malloc(len + 1);
    self->queue[(self->first + self->count) % 64].bytes = bytes;
    self->queue[(self->first + self->count++) % 64].len = len;
    for (at = 0; at < count; at++, bytes += pieces[at - 1].len)
        memcpy(bytes, pieces[at].at, pieces[at].len);
    return VMI1_OK;
}

static int loop_receive(void *state, vmi1_message_t *out)
{
    loop *self = state;
    if (self->count == 0)
        return VMI1_AGAIN;
    out->peer = self->rank;
    out->data = self->queue[self->first].bytes;
    out->len = self->queue[self->first].len;
    out->token = (uint64_t)(size_t)self->queue[self->first].bytes;
    self->first = (self->first + 1) % 64;
    self->count--;
    return VMI1_OK;
}

static void loop_release(void *state, uint64_t token)
{
    (void)state;
    free((void *)(size_t)token);
}

static int loop_owes(void *state)
{
    (void)state;
    return 0;
}

static void loop_close(void *state)
{
    free(state);
}

const vmi1_module_t vmi1_module = {VMI1_MODULE_VERSION, sizeof(vmi1_module_t), "loop", loop_open, loop_who, loop_connect,
                                   loop_disconnect, loop_limit, loop_send, loop_receive, loop_release, loop_owes,
                                   loop_close};

#else

/* Arguments: the depth that the configuration file gives, or what the start is to complain about. */
int main(int argc, char **argv)
{
    vmi1_piece_t piece = {"hello", 5};
    vmi1_message_t message;
    int depth = argc > 1 ? atoi(argv[1]) : 0, sent = 0, received = 0;
    if (VMI1_Init_As(0, 2, "alone") != VMI1_OK) {
        printf("%s\n", VMI1_Error());
        return depth == 0 ? 0 : 1;
    }
    if (VMI1_Connect(1) != VMI1_ERROR || VMI1_Connect(0) != VMI1_OK)
        return 2;
    printf("%s\n", VMI1_Error());
    while (VMI1_Send(0, &piece, 1) == VMI1_OK)
        sent++;
    while (VMI1_Receive(&message) == VMI1_OK) {
        received += message.len == 5 && memcmp(message.data, "hello", 5) == 0;
        VMI1_Release(&message);
    }
    printf("%s: %d sent, %d received\n", VMI1_Network(0), sent, received);
    VMI1_Finalize();
    return sent == depth && received == depth ? 0 : 3;
}

#endif
