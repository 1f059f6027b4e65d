/* A network over libfabric: whatever its providers reach (verbs, cxi, efa, tcp, ...), as a device to load.
 *
 *     cc -O2 -fPIC -shared -I include -o libfabric.so src/devices/libfabric/libfabric.c
 *
 * and in the machine configuration file, for example
 *
 *     fabric   plugin   path=/full/path/libfabric.so provider=tcp interface=10.1.0.5
 *
 * Compiling needs the headers of libfabric, running its library, which is looked for when the device is opened: where it
 * is missing the device says so and the job goes on without it.
 *
 * Frames are messages of a reliable datagram endpoint (FI_EP_RDM). Each begins with its sender and a proof, made with
 * the job's secret, that the sender belongs to the job: addresses of a fabric prove nothing. One memory region holds all
 * buffers: a frame is copied into it and out of it. Completions are read when the host asks for the next frame.
 */
#define _GNU_SOURCE
#include "vmi_device.h"
#include <dlfcn.h>
#include <rdma/fabric.h>
#include <rdma/fi_cm.h>
#include <rdma/fi_domain.h>
#include <rdma/fi_endpoint.h>
#include <rdma/fi_errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LARGEST = 32768, SLOTS = 64, PATIENCE_S = 5 };
#define API FI_VERSION(1, 9)

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
} peer_t;

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
} net_t;

static uint8_t *bytes(net_t *net, const slot_t *slot) {
    return net->memory + slot->index * (sizeof(wire_t) + LARGEST);
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

/* Finds a provider; one that keeps the order of messages is preferred. */
static int find(net_t *net, const char *provider, const char *interface, char *why, size_t room) {
    struct fi_info *hints = net->lib.dupinfo(NULL);
    if (hints == NULL) return fail(why, room, "out of memory");
    hints->caps = FI_MSG;
    hints->mode = FI_CONTEXT | FI_CONTEXT2;
    hints->ep_attr->type = FI_EP_RDM;
    hints->domain_attr->mr_mode = FI_MR_LOCAL | FI_MR_VIRT_ADDR | FI_MR_ALLOCATED | FI_MR_PROV_KEY;
    hints->domain_attr->resource_mgmt = FI_RM_ENABLED;
    hints->fabric_attr->prov_name = provider ? strdup(provider) : NULL;
    hints->tx_attr->msg_order = hints->rx_attr->msg_order = FI_ORDER_SAS;
    uint64_t flags = interface ? FI_SOURCE : 0;
    int error = net->lib.getinfo(API, interface, NULL, flags, hints, &net->info);
    if (error == -FI_ENODATA) {
        hints->tx_attr->msg_order = hints->rx_attr->msg_order = 0;
        error = net->lib.getinfo(API, interface, NULL, flags, hints, &net->info);
    }
    net->lib.freeinfo(hints);
    if (error == 0) return 0;
    return fail(why, room, "no provider of libfabric offers what is needed (provider %s, interface %s): %s",
                provider ? provider : "any", interface ? interface : "any", net->lib.strerror(-error));
}

#define TRY(call)                                                                                                       \
    do {                                                                                                                \
        int error_ = (call);                                                                                            \
        if (error_ != 0) return fail(why, room, "%s: %s", #call, net->lib.strerror(-error_));                           \
    } while (0)

static int make_endpoint(net_t *net, char *why, size_t room) {
    struct fi_av_attr av = { .type = FI_AV_TABLE, .count = net->size };
    struct fi_cq_attr cq = { .size = 4 * SLOTS, .format = FI_CQ_FORMAT_MSG, .wait_obj = FI_WAIT_FD };
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
        size_t all = 2 * SLOTS * (sizeof(wire_t) + LARGEST);
        TRY(fi_mr_reg(net->domain, net->memory, all, FI_SEND | FI_RECV, 0, 0, 0, &net->mr, NULL));
        net->desc = fi_mr_desc(net->mr);
    }
    return 0;
}

static void post(net_t *net, slot_t *slot) {
    ssize_t result = fi_recv(net->ep, bytes(net, slot), sizeof(wire_t) + LARGEST, net->desc, FI_ADDR_UNSPEC, slot);
    if (result != 0 && !net->failed++) net->host->alert(net->host->context, net->lib.strerror((int)-result));
}

static int start(net_t *net, const vmi_device_place_t *place, char *why, size_t room) {
    const char *provider = NULL, *interface = NULL;
    for (size_t i = 0; i < place->options_len; i++) {
        const vmi_device_option_t *option = &place->options[i];
        if (strcmp(option->key, "provider") == 0) provider = option->value;
        else if (strcmp(option->key, "interface") == 0) interface = option->value;
        else return fail(why, room, "there is no option '%s', expected provider or interface", option->key);
    }
    net->peers = calloc(place->size, sizeof *net->peers);
    net->memory = calloc(2 * SLOTS, sizeof(wire_t) + LARGEST);
    if (net->peers == NULL || net->memory == NULL) return fail(why, room, "out of memory");
    for (uint32_t peer = 0; peer < place->size; peer++) {
        make_proof(place->secret, peer, place->rank, net->peers[peer].from_it);
        make_proof(place->secret, place->rank, peer, net->peers[peer].to_it);
    }
    if (load(&net->lib, why, room) != 0 || find(net, provider, interface, why, room) != 0) return -1;
    if (make_endpoint(net, why, room) != 0) return -1;
    for (uint32_t i = 0; i < 2 * SLOTS; i++) {
        net->slots[i].index = i;
        if (i >= SLOTS) post(net, &net->slots[i]);
        else net->slots[i].next = net->free, net->free = &net->slots[i];
    }
    return 0;
}

static void release_all(net_t *net) {
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
    *out = (vmi_device_properties_t){ largest < LARGEST ? largest : LARGEST, (uint32_t)ordered, 1, 10000, 1000 };
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

/* Reads completions: buffers that are free again, frames that have arrived, links that have broken. */
static void progress(net_t *net) {
    struct fi_cq_msg_entry done[16];
    ssize_t n;
    while ((n = fi_cq_read(net->cq, done, 16)) > 0 || n == -FI_EAVAIL) {
        if (n == -FI_EAVAIL) {
            struct fi_cq_err_entry error = { 0 };
            if (fi_cq_readerr(net->cq, &error, 0) != 1) return;
            slot_t *slot = error.op_context;
            if (slot == NULL || slot->index >= SLOTS) continue; /* a receive that was cancelled */
            break_link(&net->peers[slot->peer], net->lib.strerror(error.err));
            slot->next = net->free, net->free = slot, net->sending--;
            continue;
        }
        for (ssize_t i = 0; i < n; i++) {
            slot_t *slot = done[i].op_context;
            if (slot->index < SLOTS) {
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

/* --- waiting and ending ------------------------------------------------------------------------------------------- */

static int net_owes(void *self) { return ((net_t *)self)->sending > 0; }

/* Completions of sent frames come with the calls of `next`. */
static int net_is_ticking(void *self) { return net_owes(self); }

static int net_is_quiet(void *self) {
    net_t *net = self;
    struct fid *waits[] = { &net->cq->fid };
    progress(net);
    return net->first == NULL && net->fd >= 0 && fi_trywait(net->fabric, waits, 1) == 0;
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

VMI_DEVICE_EXPORT const vmi_device_t vmi_device = {
    VMI_DEVICE_VERSION, sizeof(vmi_device_t), "libfabric", "whatever libfabric's providers reach", NULL, &network,
};
