/* The arguments of a compiled circuit: its own names (--x tokens.npy) and cli_options.def. */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/cli_internal.h"
#include "core/pool.h"
#include "sim/duration.h"
#include "sim/select.h"

typedef enum OptionId {
#define CLI_OPTION(id, name, value, reading, help) CLI_##id,
#include "core/cli_options.def"
#undef CLI_OPTION
    CLI_OPTION_COUNT
} OptionId;

static const struct {
    const char *name, *value;
    CliReading reading;
} options[CLI_OPTION_COUNT] = {
#define CLI_OPTION(id, name, value, reading, help) {name, value, CLI_##reading},
#include "core/cli_options.def"
#undef CLI_OPTION
};

/* `text` without its first `length` characters' sign of equality: "token=5" is the name of length 5 and "5". */
static bool split(const char *text, size_t *length, const char **value) {
    const char *equals = strchr(text, '=');
    if (!equals || equals == text) return false;
    *length = (size_t)(equals - text);
    *value = equals + 1;
    return true;
}

/* The buffer of a role whose name is the first `length` characters of text, or -1. */
static int find(const RtDescriptor *d, RtRole role, const char *text, size_t length) {
    for (int i = 0; i < d->buffers; i++)
        if (d->buffer[i].role == role && strlen(d->buffer[i].name) == length && !strncmp(d->buffer[i].name, text, length))
            return i;
    return -1;
}

static RtStatus unknown_option(Cli *cli, const char *argument, size_t length) {
    const RtDescriptor *d = cli->d;
    char *wrong = strndup(argument, length), **names = calloc((size_t)d->buffers + CLI_OPTION_COUNT, sizeof *names);
    int count = 0;
    for (int i = 0; names && i < d->buffers; i++)
        if (d->buffer[i].role <= RT_OUTPUT) names[count++] = rt_format("--%s", d->buffer[i].name);
    int own = count;
    for (int i = 0; names && i < CLI_OPTION_COUNT; i++)
        if (options[i].reading & cli_reading(cli)) names[count++] = (char *)options[i].name;
    const char *near = wrong && names ? rt_closest(wrong, (const char *const *)names, count) : NULL;
    rt_fail(&cli->error, RT_USER, "unknown option '%s'%s%s%s\nhelp: --help lists the tensors and options of this circuit",
            wrong ? wrong : "", near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    for (int i = 0; i < own; i++) free(names[i]);
    free(names);
    free(wrong);
    return cli->error.status;
}

static RtStatus read_integer(Cli *cli, const char *option, const char *text, int64_t least, int64_t most, int64_t *number) {
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (end == text || *end || errno || value < least || value > most)
        return rt_fail(&cli->error, RT_USER, "%s takes a whole number from %lld to %lld, not '%s'", option, (long long)least,
                       (long long)most, text);
    *number = value;
    return RT_OK;
}

static RtStatus set_size(Cli *cli, const char *option, const char *value) {
    size_t length;
    const char *number;
    int64_t size;
    if (!split(value, &length, &number)) return rt_fail(&cli->error, RT_USER, "%s takes AXIS=N, not '%s'", option, value);
    if (read_integer(cli, option, number, 1, INT_MAX, &size) != RT_OK) return cli->error.status;
    char *axis = strndup(value, length);
    if (!axis) return rt_no_memory(&cli->error, (double)length, "a name");
    RtStatus status = rt_config_axis(cli->config, axis, size);
    free(axis);
    return status;
}

/* A file for a stimulus or weight of that name. */
static RtStatus set_source(Cli *cli, const char *name, size_t length, const char *file, bool *known) {
    int stimulus = find(cli->d, RT_STIMULUS, name, length), weight = find(cli->d, RT_WEIGHT, name, length);
    *known = stimulus >= 0 || weight >= 0;
    if (!*known) return RT_OK;
    int at = stimulus >= 0 ? stimulus : weight;
    if (cli->source[at])
        return rt_fail(&cli->error, RT_USER, "%s is given twice: %s and %s", cli->d->buffer[at].name, cli->source[at], file);
    cli->source[at] = file;
    return stimulus >= 0 ? RT_OK : rt_config_weight_file(cli->config, cli->d->buffer[at].name, file);
}

static RtStatus set_in(Cli *cli, const char *value) {
    size_t length;
    const char *file;
    bool known;
    if (!split(value, &length, &file)) return rt_fail(&cli->error, RT_USER, "--in takes NAME=FILE, not '%s'", value);
    if (set_source(cli, value, length, file, &known) != RT_OK || known) return cli->error.status;
    return rt_fail(&cli->error, RT_USER, "%s has no stimulus or weight '%.*s'", cli->d->name, (int)length, value);
}

/* Devices and pipes need no suffix to show their format: they take .npy. */
static bool is_npy(const char *path) {
    struct stat info;
    return rt_ends_with(path, ".npy") || (stat(path, &info) == 0 && !S_ISREG(info.st_mode));
}

static RtStatus set_target(Cli *cli, int at, const char *file) {
    const char *name = cli->d->buffer[at].name;
    if (cli->target[at])
        return rt_fail(&cli->error, RT_USER, "output %s is written twice: %s and %s", name, cli->target[at], file);
    if (!is_npy(file))
        return rt_fail(&cli->error, RT_USER, "%s: a single output is written as .npy; name the file %s.npy or so", file,
                       name);
    cli->target[at] = file;
    return RT_OK;
}

/* The only output that is not recorded, or -1. */
static int only_output(const RtDescriptor *d) {
    int at = -1, count = 0;
    for (int i = 0; i < d->buffers; i++) {
        if (d->buffer[i].role != RT_OUTPUT || d->buffer[i].recorded) continue;
        at = i;
        count++;
    }
    return count == 1 ? at : -1;
}

static RtStatus unknown_output(Cli *cli, const char *value, size_t length) {
    const RtDescriptor *d = cli->d;
    char *wrong = strndup(value, length);
    const char **names = calloc((size_t)d->buffers + 1, sizeof *names);
    int count = 0;
    for (int i = 0; names && i < d->buffers; i++)
        if (d->buffer[i].role == RT_OUTPUT) names[count++] = d->buffer[i].name;
    const char *near = wrong && names ? rt_closest(wrong, names, count) : NULL;
    rt_fail(&cli->error, RT_USER, "--out %s: %s has no output '%s'%s%s%s\nhelp: a file whose name holds '=' is written ./%s", value, d->name, wrong ? wrong : "",
            near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "", value);
    free(names);
    free(wrong);
    return cli->error.status;
}

static RtStatus set_out(Cli *cli, const char *value) {
    size_t length;
    const char *file;
    if (split(value, &length, &file)) {
        int at = find(cli->d, RT_OUTPUT, value, length);
        if (at >= 0) return set_target(cli, at, file);
        if (!memchr(value, '/', length)) return unknown_output(cli, value, length);
    }
    if (rt_ends_with(value, ".safetensors")) {
        if (cli->archive) return rt_fail(&cli->error, RT_USER, "--out is given twice: %s and %s", cli->archive, value);
        cli->archive = value;
        return RT_OK;
    }
    int only = only_output(cli->d);
    if (only >= 0) return set_target(cli, only, value);
    const char *first = "NAME";
    for (int i = cli->d->buffers; i-- > 0;)
        if (cli->d->buffer[i].role == RT_OUTPUT) first = cli->d->buffer[i].name;
    return rt_fail(&cli->error, RT_USER,
                   "--out %s: %s has several outputs; say which (--out %s=%s), or write all to a .safetensors file", value,
                   cli->d->name, first, value);
}

static RtStatus set_expected(Cli *cli, const char *value) {
    size_t length;
    const char *file;
    if (!split(value, &length, &file)) return rt_fail(&cli->error, RT_USER, "--expect takes NAME=FILE, not '%s'", value);
    int at = find(cli->d, RT_OUTPUT, value, length);
    if (at < 0) return rt_fail(&cli->error, RT_USER, "--expect: %s has no output '%.*s'", cli->d->name, (int)length, value);
    cli->expected[at] = file;
    return RT_OK;
}

static RtStatus set_tolerance(Cli *cli, const char *value) {
    char *end;
    cli->tolerance = strtod(value, &end);
    cli->sim.tolerance = cli->tolerance;
    if (end != value && !*end && cli->tolerance >= 0) return RT_OK;
    return rt_fail(&cli->error, RT_USER, "--tolerance takes a number of at least 0, not '%s'", value);
}

/* An entry of a --record list, kept for as long as the command line. NULL without memory. */
static char *keep_entry(Cli *cli, const char *list, size_t length) {
    char **more = realloc(cli->entry, ((size_t)cli->entries + 1) * sizeof *more);
    if (more) cli->entry = more;
    char *entry = more ? strndup(list, length) : NULL;
    if (entry) cli->entry[cli->entries++] = entry;
    else rt_no_memory(&cli->error, (double)length, "an option");
    return entry;
}

/* What is sampled while the clock runs is asked for by sim/select.h's rules, once the sizes are known. */
static RtStatus set_trace(Cli *cli, const char *entry) {
    const char **more = realloc(cli->sim.record, ((size_t)cli->sim.records + 1) * sizeof *more);
    if (!more) return rt_no_memory(&cli->error, 64, "an option");
    cli->sim.record = more;
    more[cli->sim.records++] = entry;
    return RT_OK;
}

/* NAME or NAME=FILE of an output; anything else is a trace, or not recorded here. */
static RtStatus set_recorded(Cli *cli, const char *entry) {
    size_t length = rt_select_name(entry, strlen(entry));
    int at = find(cli->d, RT_OUTPUT, entry, length);
    if (cli_is_dynamic(cli) && at < 0) return set_trace(cli, entry);
    if (at < 0)
        return rt_fail(
            &cli->error, RT_USER,
            "'%.*s' is not recorded in this program: add `record %.*s;` to the circuit, or compile it with --record %.*s",
            (int)length, entry, (int)length, entry, (int)length, entry);
    if (entry[length] == '[')
        return rt_fail(&cli->error, RT_USER, "--record %s: units are chosen in the dynamic reading; here %.*s is recorded as a whole", entry, (int)length,
                       entry);
    return entry[length] ? set_target(cli, at, entry + length + 1) : RT_OK;
}

static RtStatus set_record(Cli *cli, const char *list) {
    for (;;) {
        size_t length = rt_select_length(list);
        const char *entry = keep_entry(cli, list, length);
        if (!entry || set_recorded(cli, entry) != RT_OK || !list[length]) return cli->error.status;
        list += length + 1;
    }
}

static RtStatus set_mode(Cli *cli, const char *value) {
    const char *own = cli_is_dynamic(cli) ? "dynamic" : "settled", *other = cli_is_dynamic(cli) ? "settled" : "dynamic";
    if (!strcmp(value, own)) return RT_OK;
    if (strcmp(value, other)) return rt_fail(&cli->error, RT_USER, "--mode takes %s, not '%s'", own, value);
    return rt_fail(&cli->error, RT_USER, "--mode %s asks for the %s reading; this program holds the %s one only\nhelp: compile the circuit "
                   "again with --mode %s", value, other, own, value);
}

/* An option of programs of another reading. */
static RtStatus set_foreign(Cli *cli, OptionId id) {
    if (id == CLI_REPEAT) return rt_fail(&cli->error, RT_USER, "--repeat is for the settled reading; --time says how long this run took");
    return rt_fail(&cli->error, RT_USER, "%s asks for the dynamic reading; this program holds the settled one only\nhelp: compile the circuit "
                   "again with --mode dynamic", options[id].name);
}

/* --dt and --cycle are compiled in: here they can only be confirmed. */
static RtStatus confirm_time(Cli *cli, const char *option, const char *value, double compiled) {
    double seconds;
    char has[RT_DURATION_TEXT];
    if (rt_duration_read(option, value, &seconds, &cli->error) != RT_OK) return cli->error.status;
    if (!(compiled > 0)) return rt_fail(&cli->error, RT_USER, "%s: this program does not say what it was compiled for", option);
    if (fabs(seconds - compiled) <= 1e-9 * compiled) return RT_OK;
    return rt_fail(&cli->error, RT_USER, "%s %s: this program was compiled with %s; compile it again with %s %s", option, value,
                   rt_duration_text(has, compiled), option, value);
}

static RtStatus set_time(Cli *cli, OptionId id, const char *value) {
    if (id == CLI_DT) return confirm_time(cli, "--dt", value, cli->d->dt);
    if (id == CLI_CYCLE) return confirm_time(cli, "--cycle", value, cli->d->cycle);
    return rt_duration_read(options[id].name, value, id == CLI_EVERY ? &cli->sim.every : &cli->sim.interval, &cli->error);
}

static RtStatus set_plot(Cli *cli, const char *value) {
    if (!rt_ends_with(value, ".svg")) return rt_fail(&cli->error, RT_USER, "--plot %s: pictures are written as .svg", value);
    cli->sim.plot = value;
    return RT_OK;
}

static RtStatus set_number(Cli *cli, OptionId id, const char *value) {
    int64_t number = 0;
    if (id == CLI_SEED) {
        if (read_integer(cli, "--seed", value, 0, INT64_MAX, &number) != RT_OK) return cli->error.status;
        cli->seed = (uint64_t)number;
        return rt_config_seed(cli->config, cli->seed);
    }
    if (id == CLI_REPEAT) return read_integer(cli, "--repeat", value, 1, 1000000000, &cli->repeat);
    if (read_integer(cli, "--threads", value, 0, RT_THREADS_MOST, &number) != RT_OK) return cli->error.status;
    return rt_config_threads(cli->config, (int)number);
}

static RtStatus set_option(Cli *cli, OptionId id, const char *value) {
    if (!(options[id].reading & cli_reading(cli))) return set_foreign(cli, id);
    switch (id) {
    case CLI_IN: return set_in(cli, value);
    case CLI_WEIGHTS: return rt_config_weights_file(cli->config, cli->weights = value);
    case CLI_OUT: return set_out(cli, value);
    case CLI_RECORD: return set_record(cli, value);
    case CLI_EXPECT: return set_expected(cli, value);
    case CLI_TOLERANCE: return set_tolerance(cli, value);
    case CLI_SIZE:
    case CLI_SET: return set_size(cli, options[id].name, value);
    case CLI_SEED:
    case CLI_REPEAT:
    case CLI_THREADS: return set_number(cli, id, value);
    case CLI_MODE: return set_mode(cli, value);
    case CLI_DT:
    case CLI_CYCLE:
    case CLI_EVERY:
    case CLI_INTERVAL: return set_time(cli, id, value);
    case CLI_PLOT: return set_plot(cli, value);
    case CLI_TRACES: cli->sim.traces = value; break;
    case CLI_CHECKPOINT: cli->sim.checkpoint = value; break;
    case CLI_RESUME: cli->sim.resume = value; break;
    case CLI_TIME: cli->time = true; break;
    case CLI_JSON: cli->json = true; break;
    case CLI_QUIET: cli->quiet = true; break;
    case CLI_VERBOSE: cli->verbose = true; break;
    case CLI_DESCRIBE: cli->describe = true; break;
    case CLI_HELP: cli->help = true; break;
    case CLI_VERSION: cli->version = true; break;
    case CLI_OPTION_COUNT: break;
    }
    return RT_OK;
}

/* --NAME VALUE, where NAME is one of the circuit's. */
static RtStatus set_named(Cli *cli, const char *argument, size_t length, const char *value) {
    bool known;
    if (set_source(cli, argument + 2, length - 2, value, &known) != RT_OK || known) return cli->error.status;
    int at = find(cli->d, RT_OUTPUT, argument + 2, length - 2);
    return at >= 0 ? set_target(cli, at, value) : unknown_option(cli, argument, length);
}

/* The option that argv[*i] is, with its value; *i moves to the next argument. */
static RtStatus read_argument(Cli *cli, int argc, char **argv, int *i) {
    const char *argument = argv[(*i)++];
    if (!strcmp(argument, "-h")) argument = "--help";
    if (strncmp(argument, "--", 2) || !argument[2])
        return rt_fail(&cli->error, RT_USER,
                       "unexpected argument '%s'; tensors are given by name, as in --x FILE.npy\nhelp: --help lists them",
                       argument);
    size_t length = strcspn(argument, "=");
    const char *value = argument[length] ? argument + length + 1 : NULL;
    int id = CLI_OPTION_COUNT;
    for (int k = 0; k < CLI_OPTION_COUNT; k++)
        if (strlen(options[k].name) == length && !strncmp(options[k].name, argument, length)) id = k;
    if (id < CLI_OPTION_COUNT && !options[id].value)
        return value ? rt_fail(&cli->error, RT_USER, "%s takes no value", options[id].name)
                     : set_option(cli, (OptionId)id, NULL);
    bool named = false;
    for (int role = RT_STIMULUS; role <= RT_OUTPUT; role++)
        named |= find(cli->d, (RtRole)role, argument + 2, length - 2) >= 0;
    if (id == CLI_OPTION_COUNT && !named) return unknown_option(cli, argument, length);
    if (!value && *i == argc) return rt_fail(&cli->error, RT_USER, "%s needs a value", argument);
    if (!value) value = argv[(*i)++];
    return id < CLI_OPTION_COUNT ? set_option(cli, (OptionId)id, value) : set_named(cli, argument, length, value);
}

RtStatus cli_read_options(Cli *cli, int argc, char **argv) {
    for (int i = 1; i < argc && cli->error.status == RT_OK;) {
        read_argument(cli, argc, argv, &i);
        if (rt_config_status(cli->config) != RT_OK)
            rt_fail(&cli->error, rt_config_status(cli->config), "%s", rt_config_message(cli->config));
    }
    return cli->error.status;
}
