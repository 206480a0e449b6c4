/* Packing a sum over a sparse table by target, in blocks of rows that are tasks for the pool. A table that is drawn is drawn row by
 * row, other factors that are drawn only where it has a pair: element i of a drawn tensor depends on i alone. So neither has to be in
 * memory as a whole; what is, because a file gave it or something else reads it, is read there. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/form.h"
#include "core/plan_internal.h"
#include "linalg/sparse.h"

enum { BLOCK_PAIRS = 1 << 20 }; /* of one task */

/* A tensor among the factors: its offset is the sum of strides times positions. */
typedef struct Factor {
    const RtBuffer *buffer;
    const void *data; /* NULL: drawn, or listed */
    const RtPairs *pairs; /* NULL: drawn */
    int64_t stride[RT_MAX_RANK]; /* by row and column */
    int64_t *column;  /* offset of each column */
} Factor;

typedef struct Block { /* rows packed by one task */
    int64_t count, room;
    uint32_t *index;
    char *value;
} Block;

typedef struct Packer { /* the frame first: rt_parallel hands it to the tasks */
    CtxFrame frame;
    RtPlan *plan;
    int buffer; /* of the plan: what is packed */
    const RtForm *form;
    RtSparse *to;
    int64_t size[RT_MAX_RANK]; /* points of each row and column axis */
    int64_t columns, block_rows, blocks, run; /* run: elements of one row of the table */
    int table_of; /* its number among the factors, -1: its value does not count */
    bool values;
    Factor table, factor[RT_MAX_FACTORS];
    int64_t source_stride[RT_MAX_RANK];
    double last_source;        /* largest offset of a source */
    int64_t *source;           /* offset of each column */
    Block *block;
    atomic_bool full;          /* out of memory */
} Packer;

/* ---- offsets --------------------------------------------------------------------------------------------------------------- */
/* Sum of strides times the positions of point number `point` of the axes first <= i < end. */
static int64_t offset_of(const Packer *p, const int64_t *stride, int first, int end, int64_t point) {
    int64_t offset = 0;
    for (int i = end - 1; i >= first; i--) {
        offset += stride[i] * (point % p->size[i]);
        point /= p->size[i];
    }
    return offset;
}

static int64_t row_offset(const Packer *p, const int64_t *stride, int64_t row) {
    return offset_of(p, stride, 0, p->form->rows, row);
}

static int64_t *column_offsets(const Packer *p, const int64_t *stride) {
    int64_t *list = malloc((size_t)p->columns * sizeof *list);
    for (int64_t k = 0; list && k < p->columns; k++)
        list[k] = offset_of(p, stride, p->form->rows, p->form->rows + p->form->columns, k);
    return list;
}

static void factor_strides(const Packer *p, const RtOperand *operand, int64_t *stride) {
    const RtDescriptor *d = &p->plan->d;
    int64_t step = 1;
    for (int i = operand->rank - 1; i >= 0; i--) {
        stride[operand->of[i]] += step;
        step *= rt_buffer_size(d, p->plan->size, &d->buffer[operand->buffer], i);
    }
}

static bool start_factor(const Packer *p, const RtOperand *operand, Factor *factor) {
    factor->buffer = &p->plan->d.buffer[operand->buffer];
    factor->data = p->plan->home[operand->buffer];
    factor->pairs = p->plan->pairs[operand->buffer];
    factor_strides(p, operand, factor->stride);
    factor->column = column_offsets(p, factor->stride);
    return factor->column;
}

static void source_strides(Packer *p) {
    const RtForm *form = p->form;
    int64_t step = 1;
    for (int i = form->source_rank - 1; i >= 0; i--) {
        int64_t size = p->plan->size[form->source_axis[i]];
        if (form->source_of[i] >= 0) {
            p->source_stride[form->source_of[i]] += step;
            p->last_source += (double)step * (double)(size - 1);
        }
        step *= size;
    }
    p->to->narrow = p->last_source <= UINT16_MAX;
}

/* ---- one block of rows ------------------------------------------------------------------------------------------------------- */
static size_t value_size(const Packer *p) { return p->values ? rt_type_size(p->plan->d.type) : 0; }

static bool reserve(const Packer *p, Block *b, int64_t room) {
    if (room <= b->room) return true;
    void *index = realloc(b->index, (size_t)room * sizeof *b->index);
    if (index) b->index = index;
    void *value = index && p->values ? realloc(b->value, (size_t)room * value_size(p)) : NULL;
    if (value) b->value = value;
    if (!index || (p->values && !value)) return false;
    b->room = room;
    return true;
}

static void make(const Packer *p, const Factor *f, int64_t first, int64_t count, void *out) {
    RtType type = p->plan->d.type;
    if (f->pairs) rt_pairs_fill(f->pairs, first, count, type, out);
    else rt_draw_from(&f->buffer->draw, p->plan->frame.seed, f->buffer->name, first, count, type, out);
}

static double factor_value(const Packer *p, const Factor *f, int64_t at) {
    RtType type = p->plan->d.type;
    if (f->data) return rt_element(type, f->data, at);
    double made = 0; /* as large as either type */
    make(p, f, at, 1, &made);
    return rt_element(type, &made, 0);
}

/* The product of all factors at a pair, rounded once; `table` is the table's own value there. */
static void put_value(const Packer *p, Block *b, const int64_t *row, int64_t column, double table) {
    double value = p->form->scale;
    for (int i = 0; i < p->form->factors; i++)
        value *= i == p->table_of ? table : factor_value(p, &p->factor[i], row[i] + p->factor[i].column[column]);
    if (p->plan->d.type == RT_F64) ((double *)b->value)[b->count] = value;
    else ((float *)b->value)[b->count] = (float)value;
}

typedef struct Row { /* one row's place in the table, the source and each factor */
    int64_t table, source, factor[RT_MAX_FACTORS];
} Row;

static Row row_at(const Packer *p, int64_t number) {
    Row row = {.table = row_offset(p, p->table.stride, number), .source = row_offset(p, p->source_stride, number)};
    for (int i = 0; i < p->form->factors; i++) row.factor[i] = row_offset(p, p->factor[i].stride, number);
    return row;
}

static bool put_pair(const Packer *p, Block *b, const Row *row, int64_t column, double table) {
    if (b->count == b->room && !reserve(p, b, b->room + b->room / 2 + 1024)) return false;
    b->index[b->count] = (uint32_t)(row->source + p->source[column]);
    if (p->values) put_value(p, b, row->factor, column, table);
    b->count++;
    return true;
}

/* One row's elements of the table: where they lie, or drawn in `room`. */
static bool scan_row(const Packer *p, Block *b, const Row *row, void *room) {
    RtType type = p->plan->d.type;
    const void *table = room;
    if (p->table.data) table = (const char *)p->table.data + (size_t)row->table * rt_type_size(type);
    else make(p, &p->table, row->table, p->run, room);
    for (int64_t k = 0; k < p->columns; k++) {
        double one = rt_element(type, table, p->table.column[k]);
        if (one != 0 && !put_pair(p, b, row, k, one)) return false;
    }
    return true;
}

/* Of a table that is listed, the pairs alone: its axes have one size, so a row's elements are its columns. */
static bool listed_row(const Packer *p, Block *b, const Row *row) {
    const RtPairs *pairs = p->table.pairs;
    for (int64_t i = rt_pairs_from(pairs, row->table); i < pairs->count && pairs->at[i] < row->table + p->run; i++)
        if (!put_pair(p, b, row, pairs->at[i] - row->table, 1)) return false;
    return true;
}

/* Leaves the number of synapses of row r in start[r + 1]. */
static void pack_block(Packer *p, int64_t number) {
    Block *b = &p->block[number];
    void *room = malloc((size_t)p->run * rt_type_size(p->plan->d.type));
    int64_t first = number * p->block_rows, last = first + p->block_rows < p->to->rows ? first + p->block_rows : p->to->rows;
    if (!room) atomic_store(&p->full, true);
    for (int64_t row = first; row < last && !atomic_load(&p->full); row++) {
        int64_t before = b->count;
        Row at = row_at(p, row);
        bool listed = p->table.pairs && !p->table.data;
        if (!(listed ? listed_row(p, b, &at) : scan_row(p, b, &at, room))) atomic_store(&p->full, true);
        p->to->start[row + 1] = b->count - before;
    }
    free(room);
}

static void pack_blocks(const CtxFrame *frame, int64_t first, int64_t last, int64_t thread) {
    (void)thread;
    for (int64_t i = first; i < last; i++) pack_block((Packer *)(uintptr_t)frame, i);
}

/* ---- all of them --------------------------------------------------------------------------------------------------------------- */
static size_t index_size(const Packer *p) { return p->to->narrow ? sizeof(uint16_t) : sizeof(uint32_t); }

static double bytes_with(const Packer *p, double synapses) {
    return synapses * (double)(index_size(p) + value_size(p)) + (double)(p->to->rows + 1) * sizeof *p->to->start;
}

static void copy_index(const RtSparse *to, int64_t at, const Block *b) {
    if (!to->narrow) memcpy((uint32_t *)to->index + at, b->index, (size_t)b->count * sizeof *b->index);
    for (int64_t k = 0; to->narrow && k < b->count; k++) ((uint16_t *)to->index)[at + k] = (uint16_t)b->index[k];
}

/* Blocks one behind the other; each is released as it is taken over. */
static RtStatus join(Packer *p) {
    RtSparse *to = p->to;
    for (int64_t r = 0; r < to->rows; r++) to->start[r + 1] += to->start[r];
    to->synapses = to->start[to->rows];
    to->index = rt_aligned((size_t)to->synapses * index_size(p));
    to->value = p->values ? rt_aligned((size_t)to->synapses * value_size(p)) : NULL;
    double bytes = bytes_with(p, (double)to->synapses);
    if (!to->index || (p->values && !to->value)) return rt_no_memory(&p->plan->error, bytes, "a sparse projection");
    int64_t at = 0;
    for (int64_t i = 0; i < p->blocks; i++) {
        Block *b = &p->block[i];
        if (b->count == 0) continue;
        copy_index(to, at, b);
        if (p->values) memcpy((char *)to->value + (size_t)at * value_size(p), b->value, (size_t)b->count * value_size(p));
        at += b->count;
        free(b->index);
        free(b->value);
        *b = (Block){0};
    }
    p->plan->bytes[p->buffer] = (int64_t)bytes;
    p->plan->total += (int64_t)bytes;
    return RT_OK;
}

static int64_t product_of(const int64_t *size, int count) {
    int64_t product = 1;
    for (int i = 0; i < count; i++) product *= size[i];
    return product;
}

static bool same_operand(const RtOperand *a, const RtOperand *b) {
    return a->buffer == b->buffer && a->rank == b->rank && memcmp(a->of, b->of, (size_t)a->rank * sizeof *a->of) == 0;
}

/* The table's columns are its last dimensions, stored at the bounds. */
static int64_t row_of_table(const Packer *p) {
    const RtOperand *table = &p->form->table;
    int64_t run = 1;
    for (int i = table->rank - p->form->columns; i < table->rank; i++)
        run *= rt_buffer_size(&p->plan->d, p->plan->size, &p->plan->d.buffer[table->buffer], i);
    return run;
}

/* What is known without packing. */
static void measure(Packer *p) {
    const RtForm *form = p->form;
    for (int i = 0; i < form->rows + form->columns; i++) p->size[i] = p->plan->size[form->axis[i]];
    p->to->rows = product_of(p->size, form->rows);
    p->columns = product_of(p->size + form->rows, form->columns);
    p->run = row_of_table(p);
    p->block_rows = BLOCK_PAIRS / p->run + 1;
    p->blocks = (p->to->rows + p->block_rows - 1) / p->block_rows;
    p->table_of = -1;
    for (int i = 0; i < form->factors; i++)
        if (same_operand(&form->factor[i], &form->table)) p->table_of = i;
    /* a table that is made here holds ones: with nothing beside it there is no value to keep */
    p->values = form->factors > 1 || p->table_of < 0 || p->plan->home[form->table.buffer];
    p->to->scale = p->values ? 1 : form->scale;
    source_strides(p);
}

static double ones_in(RtType type, const void *data, int64_t elements) {
    int64_t ones = 0;
    for (int64_t i = 0; i < elements; i++) ones += rt_element(type, data, i) != 0;
    return (double)ones;
}

/* Ones of the table, counted where it is in memory or listed, else as many as are to be expected; each once for every row that other
 * factors add. At the bounds: at least as many as a shorter run has. */
static double synapses(const Packer *p) {
    const RtPlan *plan = p->plan;
    const RtOperand *table = &p->form->table;
    const RtBuffer *b = &plan->d.buffer[table->buffer];
    double points = (double)p->to->rows * (double)p->columns, of_table = 1;
    for (int i = 0; i < table->rank; i++) of_table *= (double)p->size[table->of[i]];
    if (plan->pairs[table->buffer]) return points / of_table * (double)plan->pairs[table->buffer]->count;
    const void *data = plan->home[table->buffer];
    return data ? points / of_table * ones_in(plan->d.type, data, rt_buffer_count(&plan->d, plan->size, b)) : points * rt_draw_share(&b->draw);
}

static RtStatus prepare(Packer *p) {
    const RtForm *form = p->form;
    if (p->last_source > UINT32_MAX) return rt_fail(&p->plan->error, RT_USER, "a sparse projection hears at most 2^32 cells");
    if (rt_plan_afford(p->plan, bytes_with(p, synapses(p))) != RT_OK) return p->plan->error.status;
    p->to->start = calloc((size_t)p->to->rows + 1, sizeof *p->to->start);
    p->block = calloc((size_t)p->blocks, sizeof *p->block);
    p->source = column_offsets(p, p->source_stride);
    bool good = p->to->start && p->block && p->source && start_factor(p, &form->table, &p->table);
    for (int i = 0; good && i < form->factors; i++) good = start_factor(p, &form->factor[i], &p->factor[i]);
    return good ? RT_OK : rt_no_memory(&p->plan->error, (double)p->columns * 24, "a sparse projection");
}

static void release(Packer *p) {
    for (int64_t i = 0; p->block && i < p->blocks; i++) {
        free(p->block[i].index);
        free(p->block[i].value);
    }
    for (int i = 0; i < p->form->factors; i++) free(p->factor[i].column);
    free(p->table.column);
    free(p->block);
    free(p->source);
}

static void drop(RtPlan *plan, int buffer) {
    rt_sparse_free(plan->home[buffer]);
    plan->home[buffer] = plan->buffer[buffer] = NULL;
    plan->total -= plan->bytes[buffer];
    plan->bytes[buffer] = 0;
}

RtStatus rt_pack(RtPlan *plan, int buffer) {
    drop(plan, buffer);
    RtSparse *to = calloc(1, sizeof *to);
    if (!to) return rt_no_memory(&plan->error, sizeof *to, "a sparse projection");
    plan->home[buffer] = plan->buffer[buffer] = to;
    Packer p = {.frame = plan->frame, .plan = plan, .buffer = buffer, .form = plan->d.buffer[buffer].form, .to = to};
    measure(&p);
    if (prepare(&p) == RT_OK) {
        rt_parallel(&p.frame, pack_blocks, p.blocks);
        if (atomic_load(&p.full)) rt_no_memory(&plan->error, (double)p.columns * 8, "a sparse projection");
        else join(&p);
    }
    release(&p);
    return plan->error.status;
}

double rt_pack_bytes(RtPlan *plan, int buffer) {
    RtSparse to = {0};
    Packer p = {.plan = plan, .form = plan->d.buffer[buffer].form, .to = &to};
    measure(&p);
    return bytes_with(&p, synapses(&p));
}
