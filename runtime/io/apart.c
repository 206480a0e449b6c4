#define _GNU_SOURCE
#include "io/apart.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "io/draft.h"

/* A file that is there, or the folder and the name of one that is to come. */
typedef struct Place {
    bool known, there, regular;
    dev_t device;
    ino_t number;
    const char *name;
} Place;

static Place place_of(const char *path) {
    struct stat info;
    Place place = {.name = ""};
    place.known = place.there = stat(path, &info) == 0;
    if (!place.there) {
        const char *slash = strrchr(path, '/');
        char *folder = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
        place.known = folder && stat(folder, &info) == 0;
        place.name = slash ? slash + 1 : path;
        free(folder);
    }
    if (!place.known) return place;
    place.regular = !place.there || S_ISREG(info.st_mode);
    place.device = info.st_dev;
    place.number = info.st_ino;
    return place;
}

static bool is_same(const char *one, const char *other) {
    Place a = place_of(one), b = place_of(other);
    return a.known && b.known && a.regular && a.there == b.there && a.device == b.device && a.number == b.number && !strcmp(a.name, b.name);
}

static bool collide(const RtUse *a, const RtUse *b) {
    if (!a->path || !b->path || (b->written && a > b)) return false; /* of two that are written, once */
    return !(a->over && !strcmp(a->over, b->what)) && is_same(a->path, b->path);
}

RtStatus rt_apart(int count, const RtUse *use, RtError *error) {
    for (const RtUse *a = use; a < use + count; a++) {
        for (const RtUse *b = use; a->written && b < use + count; b++) {
            if (a == b || !collide(a, b)) continue;
            if (b->written) return rt_fail(error, RT_USER, "%s: %s and %s would both be written there; give one of them another name", a->path, a->what, b->what);
            return rt_fail(error, RT_USER, "%s: %s would replace what %s is read from; give it another name", a->path, a->what, b->what);
        }
    }
    return RT_OK;
}

RtStatus rt_look_at_files(int count, const RtUse *use, RtError *error) {
    rt_apart(count, use, error);
    for (int i = 0; i < count && error->status == RT_OK; i++)
        if (use[i].written && use[i].path) rt_draft_may(use[i].path, error);
    return error->status;
}
