/* A network over libfabric: whatever its providers reach (verbs, cxi, efa, tcp, ...), as a device to load.
 *
 *     cc -O2 -fPIC -shared -I include -o libfabric.so src/devices/libfabric/libfabric.c
 *
 * and in the machine configuration file, for example
 *
 *     fabric   plugin   path=/full/path/libfabric.so provider=tcp interface=eth0
 *
 *     provider=NAME     of libfabric's (tcp, verbs, "tcp;ofi_rxm", ...); else the first that can do what is needed
 *     interface=NAME    a domain of the provider (eth0, mlx5_0, ...), or an address of this host
 *     rdma=on|off       remote memory where the provider has it (on)
 *
 * Compiling needs the headers of libfabric, running its library, which is looked for when the device is opened: where it
 * is missing the device says so and the job goes on without it.
 *
 * Frames are messages of a reliable datagram endpoint (FI_EP_RDM). Each begins with its sender and a proof, made with
 * the job's secret, that the sender belongs to the job: addresses of a fabric prove nothing. One memory region holds all
 * buffers: a frame is copied into it and out of it. Completions are read when the host asks for the next frame.
 *
 * Remote memory (FI_RMA) has two endpoints of its own, one for operations of ours and one for those of peers. A provider
 * may check a key at the beginning of an operation only, and write for as long as its data come: what has begun is broken
 * off by closing the endpoint, which frames and the other direction do not feel. The endpoint for peers is opened again
 * under its old address, which keys contain, so that they stay good; ours under a new one, so that nobody takes the new
 * connection for the broken one.
 */
#define _GNU_SOURCE
#include "vmi_device.h"
#include <arpa/inet.h>
#include <dlfcn.h>
#include <rdma/fabric.h>
#include <rdma/fi_cm.h>
#include <rdma/fi_domain.h>
#include <rdma/fi_endpoint.h>
#include <rdma/fi_errno.h>
#include <rdma/fi_rma.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

enum { SLOTS = 64, PATIENCE_S = 5, MOVES = 64, ADDRESS = 64 };
#define API FI_VERSION(1, 9)
/* With it, a message: longer ones are taken apart by ofi_rxm, and complete later than short ones behind them. */
#define MESSAGE 16384
#define LARGEST (MESSAGE - sizeof(wire_t))

/* What a frame begins with. */
typedef struct wire {
    uint32_t kind, meta[3];
    uint32_t sender, reserved;
    uint64_t proof[2];
} wire_t;

/* A buffer for one frame; the first SLOTS are for sending, the others for receiving. */
typedef struct slot {
    struct fi_context2 context; /* the provider's while an operation runs; first: its address is the slot's */
    uint32_t peer, index;
    size_t len;
    struct slot *next;
} slot_t;

typedef struct peer {
    fi_addr_t address;
    int known, wanted, reached;
    time_t waiting_since; /* no room, and nothing has ever got through */
    uint64_t from_it[2], to_it[2];
    char down[80];
    /* of its endpoint for remote memory, as its last key had it */
    uint8_t name[ADDRESS];
    size_t name_len;
    fi_addr_t memory;
} peer_t;

/* An operation on remote memory. */
typedef struct move {
    struct fi_context2 context; /* first, as in a slot */
    uint64_t operation;
    uint32_t peer;
    int flying, error;
    struct move *next; /* free, or ended and not yet reported */
} move_t;

/* What a key says. */
typedef struct key {
    uint64_t key, base; /* of the region; base is the address at which the provider counts from */
    uint8_t name[ADDRESS];
    uint32_t name_len, reserved;
} wire_key_t;

/* The functions that libfabric exports; all others are reached through what they return. */
typedef struct library {
    void *handle;
    int (*getinfo)(uint32_t, const char *, const char *, uint64_t, const struct fi_info *, struct fi_info **);
    void (*freeinfo)(struct fi_info *);
    struct fi_info *(*dupinfo)(const struct fi_info *);
    int (*fabric)(struct fi_fabric_attr *, struct fid_fabric **, void *);
    const char *(*strerror)(int);
} library_t;

typedef struct net {
    library_t lib;
    const vmi_device_host_t *host;
    uint32_t rank, size, sending;
    peer_t *peers;
    struct fi_info *info;
    struct fid_fabric *fabric;
    struct fid_domain *domain;
    struct fid_av *av;
    struct fid_cq *cq;
    struct fid_ep *ep;
    struct fid_mr *mr;
    void *desc;
    uint8_t *memory;
    slot_t slots[2 * SLOTS];
    slot_t *free;           /* for sending */
    slot_t *first, **last;  /* received, not yet handed to the host */
    int fd, failed;
    /* Remote memory; NULL without, or not opened yet. */
    struct fid_ep *rma, *out; /* for operations of peers; of ours */
    wire_key_t own;   /* the address of the first, for keys */
    int broken;       /* an operation of ours has failed: connections of the second may be of no use */
    char no_rma[80];  /* why there is none */
    move_t moves[MOVES];
    move_t *idle, *over; /* to be used; ended and not yet reported */
    uint32_t flying;
} net_t;

static uint8_t *bytes(net_t *net, const slot_t *slot) {
    return net->memory + slot->index * MESSAGE;
}

/* --- proofs ------------------------------------------------------------------------------------------------------- */

#define ROTATE(x, b) (((x) << (b)) | ((x) >> (64 - (b))))

static void sip_round(uint64_t v[4]) {
    v[0] += v[1], v[1] = ROTATE(v[1], 13) ^ v[0], v[0] = ROTATE(v[0], 32);
    v[2] += v[3], v[3] = ROTATE(v[3], 16) ^ v[2];
    v[0] += v[3], v[3] = ROTATE(v[3], 21) ^ v[0];
    v[2] += v[1], v[1] = ROTATE(v[1], 17) ^ v[2], v[2] = ROTATE(v[2], 32);
}

/* SipHash-2-4 of one 8-byte word. */
static uint64_t sip_hash(const uint8_t key[16], uint64_t word) {
    uint64_t k[2], last = (uint64_t)8 << 56;
    memcpy(k, key, sizeof k);
    uint64_t v[4] = { k[0] ^ 0x736f6d6570736575, k[1] ^ 0x646f72616e646f6d, k[0] ^ 0x6c7967656e657261,
                      k[1] ^ 0x7465646279746573 };
    v[3] ^= word, sip_round(v), sip_round(v), v[0] ^= word;
    v[3] ^= last, sip_round(v), sip_round(v), v[0] ^= last;
    v[2] ^= 0xff;
    for (int i = 0; i < 4; i++) sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* 128 bits that only members of the job can make for frames from one process to another. */
static void make_proof(const uint8_t secret[32], uint32_t from, uint32_t to, uint64_t proof[2]) {
    uint64_t word = (uint64_t)from << 32 | to;
    proof[0] = sip_hash(secret, word);
    proof[1] = sip_hash(secret + 16, word);
}

/* --- opening ------------------------------------------------------------------------------------------------------ */

static int fail(char *why, size_t room, const char *format, ...) {
    va_list list;
    va_start(list, format);
    vsnprintf(why, room, format, list);
    va_end(list);
    return -1;
}

static int load(library_t *lib, char *why, size_t room) {
    /* It stays loaded: its providers leave threads and handlers behind. */
    lib->handle = dlopen("libfabric.so.1", RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (lib->handle == NULL) return fail(why, room, "libfabric is not installed: %s", dlerror());
    *(void **)&lib->getinfo = dlsym(lib->handle, "fi_getinfo");
    *(void **)&lib->freeinfo = dlsym(lib->handle, "fi_freeinfo");
    *(void **)&lib->dupinfo = dlsym(lib->handle, "fi_dupinfo");
    *(void **)&lib->fabric = dlsym(lib->handle, "fi_fabric");
    *(void **)&lib->strerror = dlsym(lib->handle, "fi_strerror");
    if (lib->getinfo && lib->freeinfo && lib->dupinfo && lib->fabric && lib->strerror) return 0;
    return fail(why, room, "libfabric.so.1 lacks a function, expected fi_getinfo, fi_dupinfo, fi_fabric, ...");
}

/* The options of the device. */
typedef struct options {
    const char *provider, *interface;
    int rdma;
} options_t;

static int is_address(const char *text) {
    struct in6_addr address;
    return inet_pton(AF_INET, text, &address) == 1 || inet_pton(AF_INET6, text, &address) == 1;
}

/* Asks for a provider that can do all of this; remote memory tells when its data have arrived. */
static int ask(net_t *net, const options_t *options, uint64_t caps, uint64_t order, struct fi_info **found) {
    struct fi_info *hints = net->lib.dupinfo(NULL);
    if (hints == NULL) return -FI_ENOMEM;
    const char *interface = options->interface;
    int address = interface != NULL && is_address(interface);
    hints->caps = caps;
    hints->tx_attr->op_flags = caps & FI_RMA ? FI_DELIVERY_COMPLETE : 0;
    hints->mode = FI_CONTEXT | FI_CONTEXT2;
    hints->ep_attr->type = FI_EP_RDM;
    hints->domain_attr->mr_mode = FI_MR_LOCAL | FI_MR_VIRT_ADDR | FI_MR_ALLOCATED | FI_MR_PROV_KEY;
    hints->domain_attr->resource_mgmt = FI_RM_ENABLED;
    hints->fabric_attr->prov_name = options->provider ? strdup(options->provider) : NULL;
    hints->domain_attr->name = interface != NULL && !address ? strdup(interface) : NULL;
    hints->tx_attr->msg_order = hints->rx_attr->msg_order = order;
    int error = net->lib.getinfo(API, address ? interface : NULL, NULL, address ? FI_SOURCE : 0, hints, found);
    net->lib.freeinfo(hints);
    if (error != 0 || interface == NULL || address) return error;
    /* Some providers do not look at the domain that is asked for. */
    struct fi_info *all = *found, *info = all;
    while (info != NULL && strcmp(info->domain_attr->name, interface) != 0) info = info->next;
    *found = info ? net->lib.dupinfo(info) : NULL;
    net->lib.freeinfo(all);
    return *found ? 0 : info ? -FI_ENOMEM : -FI_ENODATA;
}

/* Says what there is instead of what was asked for. */
static int none(net_t *net, const options_t *options, int error, char *why, size_t room) {
    struct fi_info *all = NULL;
    options_t any = { .provider = options->provider };
    char known[160] = "";
    size_t used = 0;
    if (ask(net, &any, FI_MSG, 0, &all) == 0) {
        for (struct fi_info *info = all; info != NULL && used < sizeof known; info = info->next) {
            const char *name = info->domain_attr->name;
            char word[64];
            snprintf(word, sizeof word, " %s,", name);
            if (strstr(known, word) == NULL) used += (size_t)snprintf(known + used, sizeof known - used, "%s", word);
        }
        net->lib.freeinfo(all);
    }
    const char *provider = options->provider ? options->provider : "any";
    if (known[0] == 0)
        return fail(why, room, "no provider of libfabric offers what is needed (provider=%s): %s", provider,
                    net->lib.strerror(-error));
    known[strnlen(known, sizeof known - 1) - 1] = 0;
    return fail(why, room, "provider=%s has no interface=%s, expected an address of this host or one of%s", provider,
                options->interface ? options->interface : "any", known);
}

/* Finds a provider; one with remote memory, and one that keeps the order of messages, is preferred. */
static int find(net_t *net, const options_t *options, char *why, size_t room) {
    static const uint64_t caps[] = { FI_MSG | FI_RMA, FI_MSG }, orders[] = { FI_ORDER_SAS, 0 };
    int error = -FI_ENODATA;
    for (int wish = options->rdma ? 0 : 2; wish < 4 && error != 0; wish++)
        error = ask(net, options, caps[wish / 2], orders[wish % 2], &net->info);
    if (error != 0) return none(net, options, error, why, room);
    if (!options->rdma) fail(net->no_rma, sizeof net->no_rma, "turned off by rdma=off");
    else if (!(net->info->caps & FI_RMA))
        fail(net->no_rma, sizeof net->no_rma, "provider %s has no FI_RMA", net->info->fabric_attr->prov_name);
    return 0;
}

#define TRY(call)                                                                                                       \
    do {                                                                                                                \
        int error_ = (call);                                                                                            \
        if (error_ != 0) return fail(why, room, "%s: %s", #call, net->lib.strerror(-error_));                           \
    } while (0)

static int make_endpoint(net_t *net, char *why, size_t room) {
    struct fi_av_attr av = { .type = FI_AV_TABLE, .count = 2 * net->size };
    struct fi_cq_attr cq = { .size = 4 * SLOTS + MOVES, .format = FI_CQ_FORMAT_MSG, .wait_obj = FI_WAIT_FD };
    TRY(net->lib.fabric(net->info->fabric_attr, &net->fabric, NULL));
    TRY(fi_domain(net->fabric, net->info, &net->domain, NULL));
    TRY(fi_av_open(net->domain, &av, &net->av, NULL));
    if (fi_cq_open(net->domain, &cq, &net->cq, NULL) != 0) {
        cq.wait_obj = FI_WAIT_NONE;
        TRY(fi_cq_open(net->domain, &cq, &net->cq, NULL));
    }
    if (cq.wait_obj == FI_WAIT_NONE || fi_control(&net->cq->fid, FI_GETWAIT, &net->fd) != 0) net->fd = -1;
    TRY(fi_endpoint(net->domain, net->info, &net->ep, NULL));
    TRY(fi_ep_bind(net->ep, &net->av->fid, 0));
    TRY(fi_ep_bind(net->ep, &net->cq->fid, FI_TRANSMIT | FI_RECV));
    TRY(fi_enable(net->ep));
    if (net->info->domain_attr->mr_mode & FI_MR_LOCAL) {
        size_t all = 2 * SLOTS * MESSAGE;
        TRY(fi_mr_reg(net->domain, net->memory, all, FI_SEND | FI_RECV, 0, 0, 0, &net->mr, NULL));
        net->desc = fi_mr_desc(net->mr);
    }
    return 0;
}

/* Opens an endpoint for remote memory; under this name, if it has one. NULL: the error is in `error`. */
static struct fid_ep *open_rma(net_t *net, const void *name, size_t len, int *error) {
    struct fi_info *info = net->lib.dupinfo(net->info);
    void *address = len > 0 ? malloc(len) : NULL;
    struct fid_ep *ep = NULL;
    *error = -FI_ENOMEM;
    if (info != NULL && address != NULL) {
        free(info->src_addr);
        info->src_addr = memcpy(address, name, len), info->src_addrlen = len;
    }
    if (info != NULL && (address != NULL || len == 0)) *error = fi_endpoint(net->domain, info, &ep, NULL);
    net->lib.freeinfo(info);
    if (*error == 0) *error = fi_ep_bind(ep, &net->av->fid, 0);
    if (*error == 0) *error = fi_ep_bind(ep, &net->cq->fid, FI_TRANSMIT | FI_RECV);
    if (*error == 0) *error = fi_enable(ep);
    if (*error == 0) return ep;
    if (ep) fi_close(&ep->fid);
    return NULL;
}

/* The endpoint at which peers reach our memory. Where the old address cannot be had (a child process may have inherited
 * the socket) it gets a new one, and keys that were given away before lead nowhere. */
static void open_for_peers(net_t *net) {
    int error;
    size_t len = sizeof net->own.name;
    net->rma = open_rma(net, net->own.name, net->own.name_len, &error);
    if (net->rma == NULL) net->rma = open_rma(net, NULL, 0, &error);
    if (net->rma != NULL) error = fi_getname(&net->rma->fid, net->own.name, &len);
    if (error == 0) net->own.name_len = (uint32_t)len;
    else fail(net->no_rma, sizeof net->no_rma, "no endpoint for remote memory: %s", net->lib.strerror(-error));
}

static void post(net_t *net, slot_t *slot) {
    ssize_t result = fi_recv(net->ep, bytes(net, slot), MESSAGE, net->desc, FI_ADDR_UNSPEC, slot);
    if (result != 0 && !net->failed++) net->host->alert(net->host->context, net->lib.strerror((int)-result));
}

static int start(net_t *net, const vmi_device_place_t *place, char *why, size_t room) {
    options_t options = { .rdma = 1 };
    for (size_t i = 0; i < place->options_len; i++) {
        const vmi_device_option_t *option = &place->options[i];
        const char *value = option->value;
        if (strcmp(option->key, "provider") == 0) options.provider = value;
        else if (strcmp(option->key, "interface") == 0) options.interface = value;
        else if (strcmp(option->key, "rdma") != 0)
            return fail(why, room, "there is no option '%s', expected provider, interface or rdma", option->key);
        else if (strcmp(value, "on") != 0 && strcmp(value, "off") != 0)
            return fail(why, room, "rdma=%s, expected on or off", value);
        else options.rdma = strcmp(value, "on") == 0;
    }
    net->peers = calloc(place->size, sizeof *net->peers);
    net->memory = calloc(2 * SLOTS, MESSAGE);
    if (net->peers == NULL || net->memory == NULL) return fail(why, room, "out of memory");
    for (uint32_t peer = 0; peer < place->size; peer++) {
        make_proof(place->secret, peer, place->rank, net->peers[peer].from_it);
        make_proof(place->secret, place->rank, peer, net->peers[peer].to_it);
    }
    if (load(&net->lib, why, room) != 0 || find(net, &options, why, room) != 0) return -1;
    if (make_endpoint(net, why, room) != 0) return -1;
    /* Without remote memory there are still frames. */
    if (net->no_rma[0] == 0) open_for_peers(net);
    for (int i = 0; i < MOVES; i++) net->moves[i].next = net->idle, net->idle = &net->moves[i];
    for (uint32_t i = 0; i < 2 * SLOTS; i++) {
        net->slots[i].index = i;
        if (i >= SLOTS) post(net, &net->slots[i]);
        else net->slots[i].next = net->free, net->free = &net->slots[i];
    }
    return 0;
}

static void release_all(net_t *net) {
    if (net->rma) fi_close(&net->rma->fid);
    if (net->out) fi_close(&net->out->fid);
    if (net->ep) fi_close(&net->ep->fid);
    if (net->mr) fi_close(&net->mr->fid);
    if (net->cq) fi_close(&net->cq->fid);
    if (net->av) fi_close(&net->av->fid);
    if (net->domain) fi_close(&net->domain->fid);
    if (net->fabric) fi_close(&net->fabric->fid);
    if (net->info) net->lib.freeinfo(net->info);
    if (net->lib.handle) dlclose(net->lib.handle);
    free(net->memory);
    free(net->peers);
    free(net);
}

static void *net_open(const vmi_device_place_t *place, const vmi_device_host_t *host, char *why, size_t room) {
    net_t *net = calloc(1, sizeof *net);
    if (net == NULL) return NULL;
    net->host = host;
    net->rank = place->rank;
    net->size = place->size;
    net->last = &net->first;
    net->fd = -1;
    if (start(net, place, why, room) == 0) return net;
    release_all(net);
    return NULL;
}

static void net_properties(void *self, vmi_device_properties_t *out) {
    net_t *net = self;
    int ordered = (net->info->tx_attr->msg_order & net->info->rx_attr->msg_order & FI_ORDER_SAS) != 0;
    size_t largest = net->info->ep_attr->max_msg_size - sizeof(wire_t);
    /* Not reliable: what a provider has taken is lost with its connection. */
    *out = (vmi_device_properties_t){ largest < LARGEST ? largest : LARGEST, (uint32_t)ordered, 0, 10000, 1000 };
}

/* --- links -------------------------------------------------------------------------------------------------------- */

static size_t net_card(void *self, void *card, size_t room) {
    size_t length = room;
    return fi_getname(&((net_t *)self)->ep->fid, card, &length) == 0 ? length : 0;
}

static int net_set_card(void *self, uint32_t peer, const void *card, size_t len, char *why, size_t room) {
    net_t *net = self;
    uint8_t mine[VMI_DEVICE_CARD];
    size_t expected = net_card(net, mine, sizeof mine);
    if (peer >= net->size) return fail(why, room, "there is no such process, expected less than %u", net->size);
    if (len != expected) return fail(why, room, "%zu bytes, expected an address of %zu", len, expected);
    peer_t *p = &net->peers[peer];
    if (p->known) fi_av_remove(net->av, &p->address, 1, 0);
    p->known = fi_av_insert(net->av, card, 1, &p->address, 0, NULL) == 1;
    return p->known ? 0 : fail(why, room, "the provider does not know such an address");
}

static void net_connect(void *self, uint32_t peer) {
    peer_t *p = &((net_t *)self)->peers[peer];
    p->wanted = 1;
    p->down[0] = 0;
    p->waiting_since = 0;
}

static void break_link(peer_t *peer, const char *why) {
    snprintf(peer->down, sizeof peer->down, "%s", *why ? why : "dropped");
    peer->reached = 0;
}

static void net_drop_link(void *self, uint32_t peer, const char *reason) {
    break_link(&((net_t *)self)->peers[peer], reason);
}

static int net_link(void *self, uint32_t peer, char *why, size_t room) {
    peer_t *p = &((net_t *)self)->peers[peer];
    if (p->down[0] != 0) return fail(why, room, "%s", p->down), VMI_DEVICE_LINK_DOWN;
    if (!p->wanted) return VMI_DEVICE_LINK_UNUSED;
    return p->known ? VMI_DEVICE_LINK_UP : VMI_DEVICE_LINK_OPENING;
}

/* --- frames ------------------------------------------------------------------------------------------------------- */

/* The operation has ended. */
static void end_move(net_t *net, move_t *move, int error) {
    if (!move->flying) return;
    move->flying = 0, move->error = error, net->flying--;
    if (error != 0) net->broken = 1;
    move->next = net->over, net->over = move;
}

static move_t *as_move(net_t *net, void *context) {
    uintptr_t at = (uintptr_t)context, first = (uintptr_t)net->moves;
    return at >= first && at < first + sizeof net->moves ? context : NULL;
}

/* Reads completions: buffers that are free again, frames that have arrived, links that have broken, moves that have
 * ended. */
static void progress(net_t *net) {
    struct fi_cq_msg_entry done[16];
    ssize_t n;
    while ((n = fi_cq_read(net->cq, done, 16)) > 0 || n == -FI_EAVAIL) {
        if (n == -FI_EAVAIL) {
            struct fi_cq_err_entry error = { 0 };
            if (fi_cq_readerr(net->cq, &error, 0) != 1) return;
            slot_t *slot = error.op_context;
            move_t *move = as_move(net, slot);
            if (move != NULL) {
                end_move(net, move, error.err ? error.err : FI_EIO);
                continue;
            }
            if (slot == NULL || slot->index >= SLOTS) continue; /* a receive that was cancelled */
            break_link(&net->peers[slot->peer], net->lib.strerror(error.err));
            slot->next = net->free, net->free = slot, net->sending--;
            continue;
        }
        for (ssize_t i = 0; i < n; i++) {
            slot_t *slot = done[i].op_context;
            move_t *move = as_move(net, slot);
            if (move != NULL) {
                end_move(net, move, 0);
            } else if (slot->index < SLOTS) {
                net->peers[slot->peer].reached = 1;
                slot->next = net->free, net->free = slot, net->sending--;
            } else {
                slot->len = done[i].len;
                slot->next = NULL;
                *net->last = slot, net->last = &slot->next;
            }
        }
    }
}

/* The provider has no room: is that a peer that has never been reached? */
static int no_room(peer_t *peer, char *why, size_t room) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (peer->waiting_since == 0) peer->waiting_since = now.tv_sec;
    if (peer->reached || now.tv_sec - peer->waiting_since < PATIENCE_S) return VMI_DEVICE_FULL;
    break_link(peer, "no connection");
    fail(why, room, "no connection within %d s", PATIENCE_S);
    return VMI_DEVICE_LOST;
}

static int net_send(void *self, uint32_t peer, const vmi_device_header_t *header, const vmi_device_piece_t *pieces,
                    size_t pieces_len, char *why, size_t room) {
    net_t *net = self;
    peer_t *p = &net->peers[peer];
    if (p->down[0] != 0 || !p->known) return fail(why, room, "%s", *p->down ? p->down : "no card"), VMI_DEVICE_LOST;
    if (net->free == NULL) progress(net);
    slot_t *slot = net->free;
    if (slot == NULL) return no_room(p, why, room);
    wire_t wire = { header->kind, { header->meta[0], header->meta[1], header->meta[2] }, net->rank, 0,
                    { p->to_it[0], p->to_it[1] } };
    uint8_t *begin = bytes(net, slot), *to = begin + sizeof wire;
    memcpy(begin, &wire, sizeof wire);
    for (size_t i = 0; i < pieces_len; to += pieces[i++].len) memcpy(to, pieces[i].at, pieces[i].len);
    slot->peer = peer;
    ssize_t result = fi_send(net->ep, begin, (size_t)(to - begin), net->desc, p->address, slot);
    if (result == -FI_EAGAIN) {
        progress(net);
        return no_room(p, why, room);
    }
    if (result != 0) {
        break_link(p, net->lib.strerror((int)-result));
        return fail(why, room, "%s", p->down), VMI_DEVICE_LOST;
    }
    net->free = slot->next, net->sending++, p->waiting_since = 0;
    return VMI_DEVICE_SENT;
}

/* The frame in a slot, if a member of the job sent it. */
static int read_frame(net_t *net, slot_t *slot, vmi_device_incoming_t *out) {
    wire_t wire;
    if (slot->len < sizeof wire) return 0;
    memcpy(&wire, bytes(net, slot), sizeof wire);
    if (wire.sender >= net->size) return 0;
    const uint64_t *proof = net->peers[wire.sender].from_it;
    if (((wire.proof[0] ^ proof[0]) | (wire.proof[1] ^ proof[1])) != 0) return 0;
    out->peer = wire.sender;
    out->header = (vmi_device_header_t){ wire.kind, { wire.meta[0], wire.meta[1], wire.meta[2] },
                                         slot->len - sizeof wire };
    out->payload = bytes(net, slot) + sizeof wire;
    out->token = slot->index;
    return 1;
}

static int net_next(void *self, vmi_device_incoming_t *out) {
    net_t *net = self;
    if (net->first == NULL) progress(net);
    for (slot_t *slot; (slot = net->first) != NULL;) {
        net->first = slot->next;
        if (net->first == NULL) net->last = &net->first;
        if (read_frame(net, slot, out)) return 1;
        post(net, slot);
        if (!net->failed++) net->host->alert(net->host->context, "a stranger sends frames; they are not read");
    }
    return 0;
}

static void net_release(void *self, uint64_t token) {
    net_t *net = self;
    if (token >= SLOTS && token < 2 * SLOTS) post(net, &net->slots[token]);
}

/* --- remote memory ------------------------------------------------------------------------------------------------ */

static int rma_limits(void *self, vmi_device_rdma_limits_t *out, char *why, size_t room) {
    net_t *net = self;
    if (net->rma == NULL) return fail(why, room, "%s", net->no_rma), 0;
    int local = (net->info->domain_attr->mr_mode & FI_MR_LOCAL) != 0;
    size_t largest = net->info->ep_attr->max_msg_size;
    int ordered = (net->info->tx_attr->msg_order & net->info->rx_attr->msg_order & FI_ORDER_WAW) != 0
                  && net->info->ep_attr->max_order_waw_size >= largest;
    *out = (vmi_device_rdma_limits_t){ largest, MOVES / 4, (uint32_t)local, (uint32_t)ordered, 0 };
    return 1;
}

/* A region is its fid_mr: the number is the address. Keys that we may choose are random, so that they cannot be guessed. */
static uint64_t rma_register(void *self, void *at, size_t len, int remote, void *key, size_t *key_len, char *why,
                             size_t room) {
    net_t *net = self;
    struct fid_mr *mr = NULL;
    uint64_t wish = 0, access = remote ? FI_REMOTE_READ | FI_REMOTE_WRITE : FI_READ | FI_WRITE;
    if (net->rma == NULL) return fail(why, room, "%s", net->no_rma), 0;
    if (getrandom(&wish, sizeof wish, 0) != sizeof wish) return fail(why, room, "no random number"), 0;
    size_t size = net->info->domain_attr->mr_key_size;
    if (size < sizeof wish) wish &= ((uint64_t)1 << 8 * size) - 1;
    int error = fi_mr_reg(net->domain, at, len, access, 0, wish, 0, &mr, NULL);
    if (error != 0) return fail(why, room, "fi_mr_reg of %zu bytes: %s", len, net->lib.strerror(-error)), 0;
    wire_key_t out = net->own;
    out.key = fi_mr_key(mr);
    out.base = net->info->domain_attr->mr_mode & FI_MR_VIRT_ADDR ? (uint64_t)(uintptr_t)at : 0;
    *key_len = 0;
    if (remote) memcpy(key, &out, *key_len = sizeof out);
    return (uint64_t)(uintptr_t)mr;
}

/* Closing the endpoint ends what is under way: nothing of it reads or writes here any more. */
static void rma_deregister(void *self, uint64_t region, int ended) {
    net_t *net = self;
    fi_close(&((struct fid_mr *)(uintptr_t)region)->fid);
    if (ended || net->rma == NULL) return;
    fi_close(&net->rma->fid);
    open_for_peers(net);
    if (net->rma == NULL) net->host->alert(net->host->context, net->no_rma);
}

/* Closes the endpoint of our operations; the next one opens it. Completions that lie in the queue still count. */
static void break_off(net_t *net) {
    if (net->out) fi_close(&net->out->fid);
    net->out = NULL;
    progress(net);
    for (int i = 0; i < MOVES; i++) end_move(net, &net->moves[i], FI_ECANCELED);
    net->broken = 0;
}

static void rma_cancel(void *self, uint32_t peer) {
    net_t *net = self;
    progress(net);
    for (int i = 0; i < MOVES; i++)
        if (net->moves[i].flying && net->moves[i].peer == peer) return break_off(net);
}

/* Our endpoint, with sound connections: 0, or an error. */
static int make_ready(net_t *net) {
    int error = 0;
    if (net->broken && net->flying > 0) return progress(net), -FI_EAGAIN;
    if (net->broken) break_off(net);
    if (net->out == NULL) net->out = open_rma(net, NULL, 0, &error);
    return error;
}

/* The provider's name of the endpoint in a key. */
static int know(net_t *net, peer_t *peer, const wire_key_t *key) {
    if (peer->name_len == key->name_len && memcmp(peer->name, key->name, key->name_len) == 0) return 0;
    if (key->name_len != net->own.name_len) return -FI_EINVAL;
    if (peer->name_len > 0) fi_av_remove(net->av, &peer->memory, 1, 0);
    peer->name_len = 0;
    if (fi_av_insert(net->av, key->name, 1, &peer->memory, 0, NULL) != 1) return -FI_EADDRNOTAVAIL;
    memcpy(peer->name, key->name, key->name_len);
    peer->name_len = key->name_len;
    return 0;
}

static int begin(net_t *net, uint32_t peer, const vmi_device_move_t *what, int put, char *why, size_t room) {
    peer_t *p = &net->peers[peer];
    wire_key_t key;
    if (what->key_len != sizeof key)
        return fail(why, room, "a key of %zu bytes, expected %zu", what->key_len, sizeof key), VMI_DEVICE_LOST;
    memcpy(&key, what->key, sizeof key);
    ssize_t result = make_ready(net);
    if (result == 0) result = know(net, p, &key);
    move_t *move = net->idle;
    if (result == 0 && move == NULL) result = -FI_EAGAIN;
    if (result == 0) {
        void *desc = what->region ? fi_mr_desc((struct fid_mr *)(uintptr_t)what->region) : NULL;
        struct iovec here = { what->at, what->len };
        struct fi_rma_iov there = { key.base + what->offset, what->len, key.key };
        struct fi_msg_rma message = { &here, &desc, 1, p->memory, &there, 1, move, 0 };
        result = put ? fi_writemsg(net->out, &message, FI_COMPLETION | FI_DELIVERY_COMPLETE)
                     : fi_readmsg(net->out, &message, FI_COMPLETION);
    }
    if (result == -FI_EAGAIN) return progress(net), VMI_DEVICE_FULL;
    if (result != 0) return fail(why, room, "%s", net->lib.strerror((int)-result)), VMI_DEVICE_LOST;
    net->idle = move->next;
    move->operation = what->operation, move->peer = peer, move->flying = 1, net->flying++;
    return VMI_DEVICE_SENT;
}

static int rma_put(void *self, uint32_t peer, const vmi_device_move_t *move, char *why, size_t room) {
    return begin(self, peer, move, 1, why, room);
}

static int rma_get(void *self, uint32_t peer, const vmi_device_move_t *move, char *why, size_t room) {
    return begin(self, peer, move, 0, why, room);
}

static int rma_ended(void *self, vmi_device_moved_t *out, char *why, size_t room) {
    net_t *net = self;
    if (net->over == NULL && net->flying > 0) progress(net);
    move_t *move = net->over;
    if (move == NULL) return 0;
    net->over = move->next;
    *out = (vmi_device_moved_t){ move->operation, move->error != 0, 0 };
    if (move->error != 0) fail(why, room, "%s", net->lib.strerror(move->error));
    move->next = net->idle, net->idle = move;
    return 1;
}

/* --- waiting and ending ------------------------------------------------------------------------------------------- */

static int net_owes(void *self) { return ((net_t *)self)->sending > 0; }

/* Completions of sent frames and of moves come with the calls of `next`. */
static int net_is_ticking(void *self) { return net_owes(self) || ((net_t *)self)->flying > 0; }

static int net_is_quiet(void *self) {
    net_t *net = self;
    struct fid *waits[] = { &net->cq->fid };
    progress(net);
    return net->first == NULL && net->over == NULL && net->fd >= 0 && fi_trywait(net->fabric, waits, 1) == 0;
}

static int net_fd(void *self) { return ((net_t *)self)->fd; }

static size_t net_report(void *self, char *json, size_t room) {
    net_t *net = self;
    return (size_t)snprintf(json, room, "{\"provider\":\"%s\",\"domain\":\"%s\",\"sending\":%u}",
                            net->info->fabric_attr->prov_name, net->info->domain_attr->name, net->sending);
}

/* Gives what has been accepted a second to leave. */
static void net_close(void *self) {
    net_t *net = self;
    struct timespec pause = { 0, 1000000 };
    for (int ms = 0; ms < 1000 && net->sending > 0; ms++) {
        progress(net);
        nanosleep(&pause, NULL);
    }
    release_all(net);
}

static const vmi_device_network_t network = {
    .open = net_open, .properties = net_properties, .card = net_card, .set_card = net_set_card,
    .connect = net_connect, .drop_link = net_drop_link, .link = net_link, .send = net_send,
    .next = net_next, .release = net_release, .owes = net_owes, .is_ticking = net_is_ticking,
    .is_quiet = net_is_quiet, .fd = net_fd, .report = net_report, .close = net_close,
};

static const vmi_device_rdma_t rdma = {
    .limits = rma_limits, .register_memory = rma_register, .deregister = rma_deregister, .put = rma_put,
    .get = rma_get, .ended = rma_ended, .cancel = rma_cancel,
};

VMI_DEVICE_EXPORT const vmi_device_t vmi_device = {
    .version = VMI_DEVICE_VERSION, .size = sizeof(vmi_device_t), .name = "libfabric",
    .what = "whatever libfabric's providers reach", .network = &network, .rdma = &rdma,
};
