/* A network to copy: datagrams over unix sockets between the processes of one host.
 *
 *     cc -O2 -fPIC -shared -I include -o network.so src/devices/template/network.c
 *
 * and in the machine configuration file:     dgram   plugin   path=/full/path/network.so
 */
#define _GNU_SOURCE
#include "vmi_device.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { LARGEST = 32768 };

typedef struct wire { uint32_t kind, meta[3]; } wire_t; /* what a datagram begins with */

typedef struct peer {
    struct sockaddr_un address;
    socklen_t length; /* 0: no card yet */
    char wanted;
    char down[64]; /* why the link is broken, or empty */
} peer_t;

typedef struct net {
    int fd, held; /* a frame is out */
    uint32_t size;
    peer_t *peers;
    uint8_t out[sizeof(wire_t) + LARGEST], in[sizeof(wire_t) + LARGEST + 1];
} net_t;

static void net_close(void *self) {
    net_t *net = self;
    if (net->peers != NULL) close(net->fd);
    free(net->peers);
    free(net);
}

static void *net_open(const vmi_device_place_t *place, const vmi_device_host_t *host, char *why, size_t room) {
    struct sockaddr_un any = { .sun_family = AF_UNIX };
    net_t *net = calloc(1, sizeof *net);
    (void)host;
    if (net != NULL && (net->peers = calloc(place->size, sizeof *net->peers)) != NULL) {
        net->size = place->size;
        net->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        /* Bound to the family alone, the socket gets a free name that vanishes with it. */
        if (net->fd >= 0 && bind(net->fd, (struct sockaddr *)&any, sizeof any.sun_family) == 0) return net;
    }
    snprintf(why, room, "no unix socket: %s", strerror(errno));
    if (net != NULL) net_close(net);
    return NULL;
}

static void net_properties(void *self, vmi_device_properties_t *out) {
    (void)self;
    *out = (vmi_device_properties_t){ LARGEST, 1, 1, 3000, 2000 };
}

static size_t net_card(void *self, void *card, size_t room) {
    struct sockaddr_un mine;
    socklen_t length = sizeof mine;
    if (getsockname(((net_t *)self)->fd, (struct sockaddr *)&mine, &length) != 0 || length > room) return 0;
    memcpy(card, &mine, length);
    return length;
}

static int net_set_card(void *self, uint32_t peer, const void *card, size_t len, char *why, size_t room) {
    net_t *net = self;
    if (peer >= net->size || len <= sizeof(sa_family_t) || len > sizeof net->peers[peer].address) {
        snprintf(why, room, "%zu bytes are no address", len);
        return 1;
    }
    memcpy(&net->peers[peer].address, card, len);
    net->peers[peer].address.sun_family = AF_UNIX;
    net->peers[peer].length = (socklen_t)len;
    return 0;
}

static void net_connect(void *self, uint32_t peer) {
    ((net_t *)self)->peers[peer].wanted = 1;
    ((net_t *)self)->peers[peer].down[0] = 0;
}

static void net_drop_link(void *self, uint32_t peer, const char *reason) {
    snprintf(((net_t *)self)->peers[peer].down, sizeof(((peer_t *)0)->down), "dropped: %s", reason);
}

static int net_link(void *self, uint32_t peer, char *why, size_t room) {
    peer_t *p = &((net_t *)self)->peers[peer];
    snprintf(why, room, "%s", p->down);
    if (p->down[0] != 0) return VMI_DEVICE_LINK_DOWN;
    if (!p->wanted) return VMI_DEVICE_LINK_UNUSED;
    return p->length > 0 ? VMI_DEVICE_LINK_UP : VMI_DEVICE_LINK_OPENING;
}

static int net_send(void *self, uint32_t peer, const vmi_device_header_t *header, const vmi_device_piece_t *pieces,
                    size_t pieces_len, char *why, size_t room) {
    net_t *net = self;
    peer_t *p = &net->peers[peer];
    wire_t wire = { header->kind, { header->meta[0], header->meta[1], header->meta[2] } };
    uint8_t *to = net->out + sizeof wire;
    memcpy(net->out, &wire, sizeof wire);
    for (size_t i = 0; i < pieces_len; to += pieces[i++].len) memcpy(to, pieces[i].at, pieces[i].len);
    if (p->length > 0 && p->down[0] == 0) {
        const struct sockaddr *at = (struct sockaddr *)&p->address;
        if (sendto(net->fd, net->out, (size_t)(to - net->out), 0, at, p->length) >= 0) return VMI_DEVICE_SENT;
        if (errno == EAGAIN || errno == ENOBUFS || errno == EINTR) return VMI_DEVICE_FULL;
        snprintf(p->down, sizeof p->down, "%s", strerror(errno));
    }
    snprintf(why, room, "%s", p->down[0] != 0 ? p->down : "there is no card");
    return VMI_DEVICE_LOST;
}

/* A datagram is from the peer whose card has its address; others are strangers and are not heard. */
static int net_next(void *self, vmi_device_incoming_t *out) {
    net_t *net = self;
    struct sockaddr_un from;
    socklen_t length = sizeof from;
    ssize_t got = net->held ? -1 : recvfrom(net->fd, net->in, sizeof net->in, 0, (struct sockaddr *)&from, &length);
    if (got < (ssize_t)sizeof(wire_t) || got == (ssize_t)sizeof net->in) return 0;
    for (uint32_t peer = 0; peer < net->size; peer++) {
        if (net->peers[peer].length != length || memcmp(&net->peers[peer].address, &from, length) != 0) continue;
        wire_t wire;
        memcpy(&wire, net->in, sizeof wire);
        out->peer = peer;
        out->header = (vmi_device_header_t){ wire.kind, { wire.meta[0], wire.meta[1], wire.meta[2] },
                                             (size_t)got - sizeof wire };
        out->payload = net->in + sizeof wire;
        return net->held = 1;
    }
    return 0;
}

static void net_release(void *self, uint64_t token) { (void)token, ((net_t *)self)->held = 0; }

static int net_fd(void *self) { return ((net_t *)self)->fd; }

static const vmi_device_network_t network = {
    .open = net_open, .properties = net_properties, .card = net_card, .set_card = net_set_card,
    .connect = net_connect, .drop_link = net_drop_link, .link = net_link, .send = net_send,
    .next = net_next, .release = net_release, .fd = net_fd, .close = net_close,
};

VMI_DEVICE_EXPORT const vmi_device_t vmi_device = {
    .version = VMI_DEVICE_VERSION, .size = sizeof(vmi_device_t), .name = "dgram",
    .what = "datagrams over unix sockets, one host", .network = &network,
};
