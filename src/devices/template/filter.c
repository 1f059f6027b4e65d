/* A filter to copy: turns the letters of every message by some places (ROT13), and back on the other side.
 *
 *     cc -O2 -fPIC -shared -I include -o filter.so src/devices/template/filter.c
 *     vmi attach JOB ./filter.so by=13
 *
 * [always] marks what every filter does, [often] what most do, [example] what only this one does.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmi_device.h"

/* [always] One half of the filter on one connection. No static variables: halves know nothing of each other. */
typedef struct half {
    const vmi_device_host_t *host;
    unsigned turn;
    unsigned long long frames, bytes, failed;
} half_t;

/* [always] Reads the options, refuses those it does not know. */
static void *half_open(const vmi_device_site_t *site, const vmi_device_host_t *host, char *why, size_t room) {
    long by = 13;
    for (size_t i = 0; i < site->options_len; i++) {
        const vmi_device_option_t *option = &site->options[i];
        char *end;
        if (strcmp(option->key, "by") != 0) {
            snprintf(why, room, "there is no option '%s', expected by", option->key);
            return NULL;
        }
        by = strtol(option->value, &end, 10);
        if (*end != 0 || end == option->value || by < 0 || by > 25) {
            snprintf(why, room, "by=%s, expected a number between 0 and 25", option->value);
            return NULL;
        }
    }
    half_t *half = calloc(1, sizeof *half);
    if (half == NULL) {
        snprintf(why, room, "out of memory");
        return NULL;
    }
    half->host = host;
    /* The receiving half undoes what the sending half does. */
    half->turn = (unsigned)(site->receiving ? (26 - by) % 26 : by);
    return half;
}

/* [example] */
static uint8_t turned(uint8_t c, unsigned turn) {
    if (c >= 'a' && c <= 'z') return (uint8_t)('a' + (c - 'a' + turn) % 26);
    if (c >= 'A' && c <= 'Z') return (uint8_t)('A' + (c - 'A' + turn) % 26);
    return c;
}

/* [always] A frame passes. The message may be the program's own memory: read it there, write it elsewhere. */
static int half_frame(void *self, vmi_device_frame_t *frame, char *why, size_t room) {
    half_t *half = self;
    half->frames++;
    half->bytes += frame->len;
    frame->cookie = half->frames;
    if (frame->len == 0) return VMI_DEVICE_FORWARD;

    uint8_t *to = half->host->replace(frame, frame->len);
    if (to == NULL) {
        snprintf(why, room, "there is no memory for %zu bytes", frame->len);
        return VMI_DEVICE_REFUSE;
    }
    for (uint32_t p = 0; p < frame->pieces_len; p++) {
        const uint8_t *from = frame->pieces[p].at;
        for (size_t i = 0; i < frame->pieces[p].len; i++) *to++ = turned(from[i], half->turn);
    }
    return VMI_DEVICE_FORWARD;
}

/* [often] The network has taken the frame, or could not. */
static void half_completed(void *self, uint64_t cookie, int success) {
    half_t *half = self;
    (void)cookie;
    if (!success) half->failed++;
}

/* [often] */
static size_t half_report(void *self, char *json, size_t room) {
    half_t *half = self;
    return (size_t)snprintf(json, room, "{\"frames\":%llu,\"bytes\":%llu,\"failed\":%llu}", half->frames,
                            half->bytes, half->failed);
}

/* [always] */
static void half_close(void *self) { free(self); }

static const vmi_device_filter_t filter = {
    .open = half_open,
    .frame = half_frame,
    .completed = half_completed,
    .report = half_report,
    .close = half_close,
};

/* [always] The one exported symbol. */
VMI_DEVICE_EXPORT const vmi_device_t vmi_device = {
    .version = VMI_DEVICE_VERSION,
    .size = sizeof(vmi_device_t),
    .name = "rot",
    .what = "turns the letters of every message",
    .filter = &filter,
};
