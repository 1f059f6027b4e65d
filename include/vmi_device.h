/* Devices for VMI that are loaded by path, at the start of a program or while it runs: the contract.
 *
 * A device is a shared library that exports one constant:
 *
 *     VMI_DEVICE_EXPORT const vmi_device_t vmi_device = { VMI_DEVICE_VERSION, sizeof(vmi_device_t), "name", ... };
 *
 * A device is a filter, a network, or both.
 *   filter   a pair of halves on one direction of one connection: the sending half changes, counts or keeps the frames
 *            that leave, the receiving half in the other process undoes it. Both see the same frames in the same order,
 *            each exactly once, so numbers that both can count need not travel.
 *   network  carries frames between processes. It may lose them, and its links may break: what is missing to exactly
 *            once and in order is added above it, according to the properties that it states. A network may also move
 *            memory between processes without frames (remote memory).
 *
 * Rules for every function
 *   Threads    One call at a time, not always from the same thread. A device starts no thread that calls the host.
 *   Blocking   No call may wait, except network close. The program's messages wait as long as the call takes.
 *   Memory     Who allocates, frees. What a call is given is valid until it returns, unless said otherwise.
 *   Strings    UTF-8, zero-terminated. `why` is room for one sentence without a line end; filling it is optional, it is
 *              not looked at on success. VMI_DEVICE_WHY bytes are always enough.
 *   Errors     A device reports and returns; it never ends the process, never calls VMI or MPI functions.
 *   NULL       Functions marked "optional" may be NULL.
 *
 * Names of this file begin with vmi_device or VMI_DEVICE. Numbers are in the byte order of the machine.
 */
#ifndef VMI_DEVICE_H
#define VMI_DEVICE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Of this contract. A device of another version is not loaded. */
#define VMI_DEVICE_VERSION 1u

#if defined(__GNUC__)
#define VMI_DEVICE_EXPORT __attribute__((visibility("default")))
#else
#define VMI_DEVICE_EXPORT
#endif
#ifdef __cplusplus
#define VMI_DEVICE_EXTERN extern "C"
#else
#define VMI_DEVICE_EXTERN extern
#endif

/* Room for one sentence, with its zero. */
#define VMI_DEVICE_WHY 256
/* A filter may lengthen a frame by so many bytes. */
#define VMI_DEVICE_GROWTH 64
/* A card is at most so long. */
#define VMI_DEVICE_CARD 256
/* A key is at most so long. */
#define VMI_DEVICE_KEY 128

/* What was written after the device's name where it was attached: `key=value ...`. */
typedef struct vmi_device_option {
    const char *key;
    const char *value;
} vmi_device_option_t;

/* Contiguous bytes. */
typedef struct vmi_device_piece {
    const void *at;
    size_t len;
} vmi_device_piece_t;

/* --- what the host offers ----------------------------------------------------------------------------------------- */

/* A frame at a filter. The structure belongs to the host and stays at its place while the device keeps the frame. */
typedef struct vmi_device_frame {
    uint32_t peer;                    /* process at the other end of the connection */
    uint32_t kind;                    /* of the protocol above; read only */
    uint32_t meta[3];                 /* of the protocol above; a filter may change them */
    uint32_t pieces_len;              /* number of pieces */
    size_t len;                       /* bytes of the message */
    const vmi_device_piece_t *pieces; /* the message; may be the program's memory: never write there */
    uint64_t cookie;                  /* the device's own; 0 at first, given back to `completed` */
} vmi_device_frame_t;

/* Services of the host. Valid from `open` until `close` returns. */
typedef struct vmi_device_host {
    uint32_t version; /* VMI_DEVICE_VERSION of the host */
    uint32_t reserved;
    void *context; /* the host's own: the first argument of `alert` */

    /* Replaces the frame's message by one of `len` bytes and returns where to write it: all of it, before the frame goes
     * on. The old pieces stay readable until then. The host owns the memory. NULL if `len` exceeds 1 GiB. Only for a
     * frame that `frame` is looking at or the device keeps; does not block. */
    void *(*replace)(vmi_device_frame_t *frame, size_t len);

    /* A frame that the device keeps (VMI_DEVICE_KEEP) goes on, after this function's caller has returned. Frames go on
     * in the order of these calls. The device must not touch the frame any more. Does not block. */
    void (*resume)(vmi_device_frame_t *frame);

    /* Tells the people who watch the job that something is wrong: one sentence, copied. Does not block. */
    void (*alert)(void *context, const char *sentence);
} vmi_device_host_t;

/* --- filters ------------------------------------------------------------------------------------------------------- */

/* Where a half is opened. Valid during `open` only: copy what you need. */
typedef struct vmi_device_site {
    uint32_t receiving; /* 0: the sending half, 1: the receiving half */
    uint32_t sender;    /* process numbers of this direction */
    uint32_t receiver;
    uint32_t epoch;        /* number of the connection's configuration, 0 .. 65535 */
    const uint8_t *secret; /* 32 bytes that only the members of the job know: derive keys from them, tell nobody */
    const vmi_device_option_t *options;
    size_t options_len;
} vmi_device_site_t;

/* What becomes of a frame. */
enum {
    VMI_DEVICE_FORWARD = 0, /* it goes on */
    VMI_DEVICE_KEEP = 1,    /* the device keeps it until it calls host->resume */
    VMI_DEVICE_DROP = 2,    /* it ends here, as if it had arrived */
    VMI_DEVICE_REFUSE = 3   /* it cannot be undone, for the reason in `why`; the connection reports a failure */
};

typedef struct vmi_device_filter {
    /* Opens a half. Returns the device's state, not NULL, which is the first argument of all other calls; NULL: the
     * half cannot be opened for the reason in `why` (an unknown option is such a reason), and nothing changes.
     * `host` stays valid until `close`. Must not block. */
    void *(*open)(const vmi_device_site_t *site, const vmi_device_host_t *host, char *why, size_t room);

    /* A frame passes: on the sending half one that leaves, on the receiving half one that has arrived. Returns
     * VMI_DEVICE_FORWARD, _KEEP, _DROP or _REFUSE. Do not believe what arrives: an attacker may have written it. The
     * frame belongs to the host; after _KEEP the device may use it until it resumes it. Must not block. */
    int (*frame)(void *self, vmi_device_frame_t *frame, char *why, size_t room);

    /* Optional, sending half: a frame has been taken by a network (`success` is 1) or could not be sent (0). `cookie`
     * is what the device had written into the frame. Must not block. */
    void (*completed)(void *self, uint64_t cookie, int success);

    /* Optional: called again and again while the device keeps frames; it may resume some. Must not block. */
    void (*poll)(void *self);

    /* Optional: writes what the device has to tell as a JSON value, with its zero, if that fits into `room`. Returns the
     * length without the zero; if that is `room` or more, it is called again with more room. Must not block. */
    size_t (*report)(void *self, char *json, size_t room);

    /* The half is not needed any more; frees its state. Frames that are still kept are lost. Must not block. */
    void (*close)(void *self);
} vmi_device_filter_t;

/* --- networks ------------------------------------------------------------------------------------------------------ */

/* Where a network is opened. Valid during `open` only. */
typedef struct vmi_device_place {
    const char *name; /* of this network in the machine configuration file; the same in every process */
    uint32_t rank;    /* number of this process and of all processes */
    uint32_t size;
    const uint8_t *secret; /* 32 bytes that only the members of the job know */
    const vmi_device_option_t *options;
    size_t options_len;
} vmi_device_place_t;

/* What a network guarantees and costs. */
typedef struct vmi_device_properties {
    size_t max_payload;    /* largest message of a frame, bytes; at least 1024 */
    uint32_t ordered;      /* 1: frames of one sender arrive in the order sent */
    uint32_t reliable;     /* 1: an accepted frame arrives, once, as long as both processes live and the link is up */
    uint32_t latency_ns;   /* of a small frame, a first guess */
    uint32_t bandwidth_mb; /* MB/s, a first guess */
} vmi_device_properties_t;

/* Header of a frame: travels with it, and arrives as it was. */
typedef struct vmi_device_header {
    uint32_t kind; /* 1 .. 255 */
    uint32_t meta[3];
    size_t len; /* bytes of the message */
} vmi_device_header_t;

/* A frame that has arrived. */
typedef struct vmi_device_incoming {
    uint32_t peer; /* who sent it; the device must be sure of it */
    uint32_t reserved;
    vmi_device_header_t header;
    const void *payload; /* header.len bytes, valid until `release` */
    uint64_t token;      /* the device's own name of the frame */
} vmi_device_incoming_t;

/* State of the way to a peer. */
enum {
    VMI_DEVICE_LINK_UNUSED = 0,  /* not asked for yet */
    VMI_DEVICE_LINK_OPENING = 1, /* being made */
    VMI_DEVICE_LINK_UP = 2,
    VMI_DEVICE_LINK_DOWN = 3,    /* broken, for the reason in `why`; `connect` tries again */
    VMI_DEVICE_LINK_FINISHED = 4 /* the peer has ended orderly and will not come back */
};

/* What became of a frame that was to be sent. */
enum {
    VMI_DEVICE_SENT = 0, /* accepted */
    VMI_DEVICE_FULL = 1, /* no room now; it is offered again later */
    VMI_DEVICE_LOST = 2  /* the peer cannot be reached any more, for the reason in `why` */
};

typedef struct vmi_device_network {
    /* Opens the network in this process. Returns the device's state, not NULL; NULL: it cannot be opened, for the
     * reason in `why`, and the job goes on without it. `host` stays valid until `close` (replace and resume are not
     * for networks). Must not block. */
    void *(*open)(const vmi_device_place_t *place, const vmi_device_host_t *host, char *why, size_t room);

    /* States the properties; they do not change. Called once after `open`. */
    void (*properties)(void *self, vmi_device_properties_t *out);

    /* Writes this process's card, by which the peers reach it: up to `room` bytes, at least VMI_DEVICE_CARD. Returns
     * its length. Must not block. */
    size_t (*card)(void *self, void *card, size_t room);

    /* The card of `peer`. Returns 0, or another number if the card makes no sense, for the reason in `why`. May come
     * again with another card. Must not block. */
    int (*set_card)(void *self, uint32_t peer, const void *card, size_t len, char *why, size_t room);

    /* Begins making a link to `peer`, whose card is known, unless there is one; a broken one is made again. The
     * result is seen by `link`. Must not block. */
    void (*connect)(void *self, uint32_t peer);

    /* Gives up the link to `peer` as if it had broken. Must not block. */
    void (*drop_link)(void *self, uint32_t peer, const char *reason);

    /* State of the way to `peer`: a VMI_DEVICE_LINK_ number. Must not block. */
    int (*link)(void *self, uint32_t peer, char *why, size_t room);

    /* Sends one frame: its message are the pieces one after the other, header->len bytes in all. Returns
     * VMI_DEVICE_SENT, _FULL or _LOST. The pieces belong to the caller: copy what you need after the return. Must
     * not block. */
    int (*send)(void *self, uint32_t peer, const vmi_device_header_t *header, const vmi_device_piece_t *pieces,
                size_t pieces_len, char *why, size_t room);

    /* The next frame that has arrived: returns 1 and fills `out`, or 0. A frame stays where it is until `release`;
     * the host may ask for more before it releases one. A device may return 0 as long as frames are out. This
     * is also where the device makes progress. Must not block. */
    int (*next)(void *self, vmi_device_incoming_t *out);

    /* The host is done with a frame. Must not block. */
    void (*release)(void *self, uint64_t token);

    /* Optional: 1 as long as accepted frames have not left this process. Must not block. */
    int (*owes)(void *self);

    /* Optional: 1 while a time limit runs, so that `next` is called now and then. Must not block. */
    int (*is_ticking)(void *self);

    /* Optional: looks once more for work before the process sleeps; 1 if there is none. Must not block. Without it the
     * descriptor decides alone. */
    int (*is_quiet)(void *self);

    /* Optional: a descriptor that is readable when there may be something to do, or -1. It stays the device's and
     * the same until `close`. A process with a device that has neither this nor `is_quiet` never sleeps. */
    int (*fd)(void *self);

    /* Optional: as for filters. */
    size_t (*report)(void *self, char *json, size_t room);

    /* Ends all links orderly and frees the state. May wait for a moment. */
    void (*close)(void *self);
} vmi_device_network_t;

/* --- remote memory ------------------------------------------------------------------------------------------------- */

/* What a network that moves memory can do. */
typedef struct vmi_device_rdma_limits {
    size_t max_len;   /* longest operation, bytes; at least 4096 */
    uint32_t depth;   /* operations under way at once that are worth while, at least 1 */
    uint32_t local;   /* 1: this process's own end of an operation has to be registered, too */
    uint32_t ordered; /* 1: the bytes of a put are in the peer's memory before those of the next one to this peer */
    uint32_t reserved;
} vmi_device_rdma_limits_t;

/* The two ends of an operation. */
typedef struct vmi_device_move {
    uint64_t operation; /* the host's number of it; not used again before it has ended */
    void *at;           /* in this process: valid, and neither moved nor freed, until the operation has ended */
    size_t len;         /* bytes, 1 .. max_len */
    uint64_t region;    /* the registered memory that `at` lies in, if `local` is 1; else 0 */
    const void *key;    /* of the peer's memory, as its device made it. It has come over the wire: do not believe it */
    size_t key_len;
    uint64_t offset; /* in the peer's memory; offset + len lies inside of it */
} vmi_device_move_t;

/* The end of an operation. */
typedef struct vmi_device_moved {
    uint64_t operation;
    uint32_t failed; /* 0: all bytes are where they belong, visible to the process they are in; 1: they may be or not */
    uint32_t reserved;
} vmi_device_moved_t;

/* Remote memory of a network: its `self` is the network's. If a device has this table, all functions are there. What
 * moves this way passes no filter; the host uses it only while none is attached. */
typedef struct vmi_device_rdma {
    /* Says what can be done. Returns 1 and fills `out`, or 0 if there is no remote memory here (the hardware does not
     * offer it, an option turns it off), for the reason in `why`: then nothing else of this table is called. Called
     * once after the network's `open`. Must not block. */
    int (*limits)(void *self, vmi_device_rdma_limits_t *out, char *why, size_t room);

    /* Registers memory. `remote` is 1: peers who are given the key may put into all of it and get from all of it, and
     * reach nothing else; 0: for this process's own end of operations, there is no key. Writes the key, up to
     * VMI_DEVICE_KEY bytes, which cannot be guessed by who was not given it, and its length. Returns the number of
     * the region, not 0; 0: it cannot be registered for the reason in `why`. The memory stays the caller's and is
     * there until `deregister`. May take the time that pinning memory takes. */
    uint64_t (*register_memory)(void *self, void *at, size_t len, int remote, void *key, size_t *key_len, char *why,
                                size_t room);

    /* The region is no more: after the return no operation of a peer reads or writes it. `ended` is 1: those who had
     * the key say that theirs have ended, so it is enough that the key opens nothing any more. 0: one may be under way;
     * it is broken off, even if others break with it. May take a moment. */
    void (*deregister)(void *self, uint64_t region, int ended);

    /* Begins to write to the peer's memory (put), to read from it (get). The move is the caller's; copy what you need
     * after the return. Returns VMI_DEVICE_SENT: `ended` will tell of its end; VMI_DEVICE_FULL: not now, it is tried again later;
     * VMI_DEVICE_LOST: it cannot be done, for the reason in `why`. Must not block. */
    int (*put)(void *self, uint32_t peer, const vmi_device_move_t *move, char *why, size_t room);
    int (*get)(void *self, uint32_t peer, const vmi_device_move_t *move, char *why, size_t room);

    /* The next operation that has ended: returns 1 and fills `out` (and `why`, if it failed), or 0. Each one that has
     * begun is reported once, in any order. Must not block. */
    int (*ended)(void *self, vmi_device_moved_t *out, char *why, size_t room);

    /* Gives up the operations towards `peer`: after the return none of them reads or writes memory of this process,
     * and `ended` reports each as failed, or as done if it was. Others may fail with them. What is on its way may
     * still arrive in the peer's memory until that is deregistered there. May take a moment. */
    void (*cancel)(void *self, uint32_t peer);
} vmi_device_rdma_t;

/* --- the device ---------------------------------------------------------------------------------------------------- */

/* Members are added at the end, and `size` says how many there are: a device that was compiled with an earlier header of
 * this version is loaded, and offers nothing of what came later. */
typedef struct vmi_device {
    uint32_t version; /* VMI_DEVICE_VERSION */
    uint32_t size;    /* sizeof(vmi_device_t) */
    const char *name; /* short: letters, digits and - */
    const char *what; /* one line for people */
    const vmi_device_filter_t *filter;   /* NULL: is no filter */
    const vmi_device_network_t *network; /* NULL: is no network */
    const vmi_device_rdma_t *rdma;       /* NULL: the network moves frames only */
} vmi_device_t;

/* What the shared library exports. It and all it points to stay as they are. */
VMI_DEVICE_EXTERN VMI_DEVICE_EXPORT const vmi_device_t vmi_device;

#ifdef __cplusplus
}
#endif

#endif
