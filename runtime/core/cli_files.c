/* The files of a command line, looked at before anything is computed: each that it writes can be written, and is none of the others. */
#include <stdlib.h>

#include "core/cli_internal.h"
#include "io/apart.h"
#include "io/range.h"
#include "sim/select.h"

enum { OWN = 6 };

/* A file of what is recorded in time: "V.mask=mask.npy". */
static RtUse trace_use(const char *entry) {
    size_t end = rt_select_end(entry);
    return (RtUse){entry[end] == '=' ? entry + end + 1 : NULL, entry, true, NULL};
}

/* Of each buffer the file that its values are read from, of which there may be some rows; NULL: none. */
static char **read_files(const Cli *cli) {
    char **path = calloc((size_t)cli->d->buffers + 1, sizeof *path);
    for (int i = 0; path && i < cli->d->buffers; i++)
        if (cli->source[i] && !cli_is_drawn(cli->source[i])) path[i] = rt_range_of(cli->source[i]).path;
    return path;
}

static int list_uses(const Cli *cli, char **read, RtUse *use) {
    const RtUse own[OWN] = {{cli->weights, "--weights", false, NULL}, {cli->sim.resume, "--resume", false, NULL}, {cli->archive, "--out", true, NULL},
                            {cli->sim.traces, "--traces", true, NULL}, {cli->sim.plot, "--plot", true, NULL},
                            {cli->sim.checkpoint, "--checkpoint", true, "--resume"}};
    int count = 0;
    for (; count < OWN; count++) use[count] = own[count];
    for (int i = 0; i < cli->d->buffers; i++) {
        const char *name = cli->d->buffer[i].name;
        use[count++] = (RtUse){read[i], name, false, NULL};
        use[count++] = (RtUse){cli->target[i], name, true, NULL};
        use[count++] = (RtUse){cli->expected[i], "--expect", false, NULL};
    }
    for (int i = 0; i < cli->sim.records; i++) use[count++] = trace_use(cli->sim.record[i]);
    return count;
}

RtStatus cli_look_at_files(Cli *cli) {
    char **read = read_files(cli);
    RtUse *use = calloc((size_t)cli->d->buffers * 3 + (size_t)cli->sim.records + OWN, sizeof *use);
    int count = read && use ? list_uses(cli, read, use) : 0;
    if (!count) rt_no_memory(&cli->error, 4096, "names of files");
    else rt_look_at_files(count, use, &cli->error);
    for (int i = 0; read && i < cli->d->buffers; i++) free(read[i]);
    free(read);
    free(use);
    return cli->error.status;
}
