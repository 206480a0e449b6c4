/* What a compiled circuit says of itself: the JSON text of ctx_abi.h, read. A descriptor that does not read is a fault of the
 * compiler (RT_FAULT). Strings belong to the descriptor. */
#ifndef CTX_RUNTIME_DESCRIPTOR_H
#define CTX_RUNTIME_DESCRIPTOR_H
#include "core/draw.h"
#include "ctx_abi.h"

typedef enum RtRole { RT_STIMULUS, RT_WEIGHT, RT_OUTPUT, RT_PLANNED, RT_TRACE, RT_SPARSE, RT_TEMP } RtRole;

typedef struct RtAxis {
    const char *name;
    bool bounded;
    int64_t size; /* or the bound */
    int64_t least; /* points that the circuit reads by number */
} RtAxis;

typedef struct RtBuffer {
    const char *name;
    RtRole role;
    int rank;
    int axis[RT_MAX_RANK]; /* indices into axes */
    const char *unit;      /* or NULL */
    const char *tensor;    /* weight: its name in a file, or NULL */
    RtDraw draw;           /* weight */
    bool recorded;         /* output */
    int slots;             /* places one after the other */
    const char *axis_name[RT_MAX_RANK]; /* as the circuit calls them: "now" where the root is "token" */
    int part;              /* trace, stream: number of the part that writes or reads it; -1: not said */
    bool stream;           /* stimulus, output: only the row of the current cycle is read or written */
    bool state;            /* temp: must stay finite */
    bool packed;           /* weight: read by rt_pack() and by nothing else */
    struct RtForm *form;   /* sparse: of what sum */
    bool gauge;            /* temp: local errors of integration */
    int live[2];           /* temp: the first and the last step of a call that need it; -1: always needed */
} RtBuffer;

typedef struct RtDescriptor {
    void *json; /* owner of the strings */
    const char *name, *compiler;
    RtType type;
    int axes, buffers;
    RtAxis *axis;
    RtBuffer *buffer;
    double dt, cycle; /* dynamic reading: seconds of a step and of a cycle; 0: not said */
} RtDescriptor;

RtStatus rt_descriptor_read(const CtxProgram *program, RtDescriptor *descriptor, RtError *error);
void rt_descriptor_free(RtDescriptor *descriptor);
/* Index of the buffer of a role (of the axis) with this name, or -1. */
int rt_find_buffer(const RtDescriptor *d, RtRole role, const char *name);
int rt_find_axis(const RtDescriptor *d, const char *name);
bool rt_uses_axis(const RtBuffer *buffer, int axis);
/* "[token <= 512, d = 384]", to be freed; NULL without memory. */
char *rt_axes_text(const RtDescriptor *d, const RtBuffer *buffer);
#endif
