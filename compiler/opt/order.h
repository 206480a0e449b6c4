/* Contraction order: the cheapest way to multiply the factors of one product and sum its bound axes, two factors at a time.
 *
 * Dynamic programming over subsets of factors. An index is a bit: axes of the result, summed axes, and guard partners. An
 * axis is summed as soon as no factor outside the subset has it. A guard `j <= i` travels with the sum over j: whatever
 * sums j gets the axis i. If no factor of the subset has i yet, the sum is a running one over i (prefix, or suffix for
 * `i <= j`): linear in the length. */
#ifndef CTX_OPT_ORDER_H
#define CTX_OPT_ORDER_H
#include "opt/product.h"

enum { ORDER_MAX = 12, ORDER_INDICES = 60 };
typedef uint64_t IndexSet;

typedef struct OrderLink { /* position(axis j) - position(axis i) in lo..hi; i -1: position(j) itself */
    int j, i;
    double lo, hi;
    double fraction; /* of the rectangle that is inside */
    bool only;       /* the only link of j */
} OrderLink;

typedef struct OrderNode { /* best way to make one subset */
    double objective;      /* what is minimised: operations, traffic, weighted by how often they are done */
    double call, plan;     /* operations */
    double density;        /* share of the result's points that are not zero: sparse tables are in it, no axis of theirs is summed */
    unsigned split;        /* one half; 0 for a single factor */
    IndexSet result;
    int prefix;            /* index i of a running sum, or -1 */
    int running;           /* the summed index j of it */
    IndexSet closed;       /* summed in this very step */
    IndexSet given;        /* indices of the operands */
    bool planned;          /* weights only */
} OrderNode;

typedef struct Order {
    Opt *o;
    const Product *product;
    bool allow_prefix;
    int count, index_count, link_count;
    IrAxis *index[ORDER_INDICES];
    double size[ORDER_INDICES];
    bool position[ORDER_INDICES];
    IndexSet has[ORDER_MAX], touches[ORDER_MAX]; /* axes of a factor; the same with those it is held by */
    IndexSet bound, out;
    double planned[ORDER_MAX];
    OrderLink link[ORDER_INDICES];
    OrderNode *node; /* [1 << count] */
} Order;

/* False when the product has too many factors or indices, or none; `out` lists the result's axes. */
bool order_solve(Opt *o, const Product *product, const AxisList *out, bool allow_prefix, Order *order);
const OrderNode *order_root(const Order *order);
int order_index(const Order *order, const IrAxis *axis);
#endif
