/* vmi1.h: the VMI 1.0 programming interface, and what a module for it must offer.
 *
 * VMI 1.0 joins processes over whatever networks a machine has: a process loads, when it starts, the modules listed in a
 * machine-specific configuration file, one line per network, and each module implements connect, disconnect, send and
 * receive for its network. A network is chosen once for each peer; a network that breaks is not replaced. That much is
 * known of it; its C names were never public: all names and details here are ours.
 *
 * The configuration file is named by VMI1_CONFIG, else it is /etc/vmi1.conf. A commented line is a network that is not
 * used. Without a file there is one network, "vmi2", over the module vmivmi.
 *
 *     # network   module                 options
 *     vmi2        vmivmi
 *     loop        /opt/me/libloop.so     depth=16
 *
 * vmivmi is the bridge to VMI 2: it is a part of libvmi, implements the module interface by calls of vmi.h, and so runs
 * VMI 1 programs on all that VMI 2 has. A name with a slash is the path of a module.
 *
 * Nothing here waits: what cannot be done now returns VMI1_AGAIN. Calls from several threads must not overlap. */
#ifndef VMI1_H
#define VMI1_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    VMI1_OK = 0,
    VMI1_AGAIN = 1,  /* not now; try again */
    VMI1_ERROR = -1, /* the call makes no sense, or cannot succeed; VMI1_Error says why */
    VMI1_LOST = -2   /* the peer cannot be reached any more */
};

/* A piece of a message. */
typedef struct vmi1_piece {
    const void *at;
    size_t len;
} vmi1_piece_t;

/* A message that has arrived; it stays where it is until it is released. */
typedef struct vmi1_message {
    int32_t peer;
    uint32_t network; /* the library's */
    size_t len;
    const void *data;
    uint64_t token; /* the module's */
} vmi1_message_t;

/* ---- For programs ----------------------------------------------------------------------------------------------- */

/* Loads the modules of the configuration file. Rank and size are those of the launcher (vmirun, mpiexec); a process
 * started by hand is rank VMI1_RANK of VMI1_SIZE, in the group VMI1_GROUP. */
int VMI1_Init(void);
/* The same with another rank, size and group: independent of the launcher, and of other groups. */
int VMI1_Init_As(int rank, int size, const char *group);
int VMI1_Finalize(void);
int VMI1_Rank(void);
int VMI1_Size(void);

/* Asks the first network that reaches the peer; VMI1_AGAIN until the connection is made. The peer need not call it. */
int VMI1_Connect(int peer);
int VMI1_Disconnect(int peer);
/* Largest message to a peer that is connected, bytes. */
size_t VMI1_Limit(int peer);
/* Sends the pieces as one message. Messages to one peer arrive in order. The memory is free at once. */
int VMI1_Send(int peer, const vmi1_piece_t *pieces, size_t count);
/* The next message from whomever; VMI1_AGAIN if there is none. This is also where everything makes progress. */
int VMI1_Receive(vmi1_message_t *message);
int VMI1_Release(const vmi1_message_t *message);
/* 1 as long as messages have not left this process. */
int VMI1_Owes(void);

/* Name of the network that serves a peer; NULL if there is no connection. */
const char *VMI1_Network(int peer);
/* One sentence about the last failure; "" if there was none. */
const char *VMI1_Error(void);

/* ---- For modules ------------------------------------------------------------------------------------------------ */

#define VMI1_MODULE_VERSION 1u
/* Room for one sentence, with its zero. */
#define VMI1_WHY 256

/* Where a module is opened. Valid during `open` only. */
typedef struct vmi1_place {
    const char *network; /* name of the line */
    const char *options; /* the rest of the line */
    int32_t rank;        /* -1: the module asks the launcher */
    int32_t size;
    const char *group; /* NULL with rank -1 */
} vmi1_place_t;

/* A module is a shared library that exports one constant of this type, `vmi1_module`. No function may wait. `self` is what
 * `open` has returned; `why` is room for one sentence about a failure. */
typedef struct vmi1_module {
    uint32_t version; /* VMI1_MODULE_VERSION */
    uint32_t size;    /* sizeof(vmi1_module_t) */
    const char *name;
    /* Returns the module's state, or NULL. */
    void *(*open)(const vmi1_place_t *place, char *why, size_t room);
    /* Rank and size of this process, as given to `open` or as found out. */
    void (*who)(void *self, int32_t *rank, int32_t *size);
    /* VMI1_OK: connected; VMI1_AGAIN: being made; VMI1_ERROR: this network does not reach the peer. */
    int (*connect)(void *self, int32_t peer, char *why, size_t room);
    /* VMI1_OK when the connection has ended; VMI1_AGAIN while it is ending. */
    int (*disconnect)(void *self, int32_t peer, char *why, size_t room);
    size_t (*limit)(void *self, int32_t peer);
    /* VMI1_OK: the message has been taken and the memory is free; VMI1_AGAIN: no room; VMI1_LOST. */
    int (*send)(void *self, int32_t peer, const vmi1_piece_t *pieces, size_t count, char *why, size_t room);
    /* Fills `out` (but not `network`) and returns VMI1_OK, or VMI1_AGAIN. */
    int (*receive)(void *self, vmi1_message_t *out);
    void (*release)(void *self, uint64_t token);
    /* 1 as long as accepted messages have not left this process. */
    int (*owes)(void *self);
    void (*close)(void *self);
} vmi1_module_t;

#ifdef __cplusplus
}
#endif

#endif
