/* Is there room for what a run will write and keep? Asked before it starts: a full disk after an hour would be too late. */
#ifndef CTX_RUNTIME_ROOM_H
#define CTX_RUNTIME_ROOM_H
#include <stdint.h>

#include "core/status.h"

enum { RT_ROOM_DEVICES = 32 };

typedef struct RtRoom { /* zeroed: nothing yet */
    double memory;      /* bytes */
    int devices;        /* file systems; more than fit are not counted */
    struct {
        uint64_t number;
        double bytes, free;
        const char *path; /* borrowed: one of the files */
    } device[RT_ROOM_DEVICES];
} RtRoom;

void rt_room_file(RtRoom *room, const char *path, double bytes);
/* "1.6 MB"; text must hold 32 characters. */
const char *rt_bytes_text(char text[32], double bytes);
/* RT_USER: a file system or the memory has less than is needed; the message gives both numbers. */
RtStatus rt_room_check(const RtRoom *room, RtError *error);
#endif
