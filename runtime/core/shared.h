/* The C interface of a circuit built as a shared library (`ctx build --emit=shared`, `--emit=header`): configuration -> plan ->
 * calls under the circuit's own name. The library is the circuit's object, the generated source below compiled by cc, and
 * libctxrt.a; the header stands alone. runtime/README.md describes the interface. */
#ifndef CTX_RUNTIME_SHARED_H
#define CTX_RUNTIME_SHARED_H
#include "core/status.h"

/* Both from the descriptor (ctx_abi.h); `name` becomes the prefix after characters that C does not allow in names were
 * replaced and leading digits dropped ("11-pretrained" -> pretrained). The text is released by free; NULL: see error. */
char *rt_shared_header(const char *descriptor, const char *name, RtError *error);
char *rt_shared_source(const char *descriptor, const char *name, RtError *error);
/* The prefix itself; released by free. NULL without memory. */
char *rt_shared_prefix(const char *name);
#endif
