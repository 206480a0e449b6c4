#include "sim/room.h"

#include <stdio.h>
#include <unistd.h>

#include "io/draft.h"

void rt_room_file(RtRoom *room, const char *path, double bytes) {
    uint64_t number;
    double free;
    int i = 0;
    if (!rt_draft_room(path, &number, &free)) return;
    while (i < room->devices && room->device[i].number != number) i++;
    if (i == RT_ROOM_DEVICES) return;
    if (i == room->devices) {
        room->devices++;
        room->device[i].number = number;
        room->device[i].path = path;
        room->device[i].bytes = 0;
    }
    room->device[i].bytes += bytes;
    room->device[i].free = free;
}

const char *rt_bytes_text(char text[32], double bytes) {
    static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB", "PB"};
    int unit = 0;
    for (; bytes >= 1000 && unit < 5; unit++) bytes /= 1000;
    snprintf(text, 32, "%.4g %s", bytes, units[unit]);
    return text;
}

/* Memory that a program may take without swapping, as Linux estimates it; otherwise all there is. */
static double memory_left(void) {
    char line[128];
    double kilobytes = 0;
    FILE *from = fopen("/proc/meminfo", "r");
    while (from && fgets(line, sizeof line, from))
        if (sscanf(line, "MemAvailable: %lf", &kilobytes) == 1) break;
    if (from) fclose(from);
    return kilobytes > 0 ? kilobytes * 1024 : (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
}

RtStatus rt_room_check(const RtRoom *room, RtError *error) {
    char needed[32], have[32];
    double memory = memory_left();
    for (int i = 0; i < room->devices; i++)
        if (room->device[i].bytes > room->device[i].free)
            return rt_fail(error, RT_USER, "%s: this run would write %s, its disk has %s left; record fewer units or less often (--interval)",
                           room->device[i].path, rt_bytes_text(needed, room->device[i].bytes), rt_bytes_text(have, room->device[i].free));
    if (room->memory > memory)
        return rt_fail(error, RT_USER, "what is recorded takes %s of memory, this machine has %s left; write it to a file (--traces FILE) without "
                       "--plot, or record fewer units or less often (--interval)", rt_bytes_text(needed, room->memory), rt_bytes_text(have, memory));
    return RT_OK;
}
