/* The processor: target machine, optimisation pipeline, object code, code in this process (ORC). */
#include <stdlib.h>
#include <string.h>

#include <llvm-c/Error.h>
#include <llvm-c/LLJIT.h>
#include <llvm-c/Target.h>
#include <llvm-c/Transforms/PassBuilder.h>

#include "codegen/cg.h"

static const char *processor(const CgModule *m, char **host) {
    const char *name = m->options.cpu;
    *host = NULL;
    if (name && strcmp(name, "host") != 0) return name;
    return *host = LLVMGetHostCPUName();
}

static bool has_feature(const char *features, const char *wanted) {
    return features && strstr(features, wanted) != NULL;
}

/* Bytes of a vector register: what the processor's features say, 16 when nothing is known. */
static int register_bytes(const char *cpu, const char *features) {
    if (has_feature(features, "+avx512f") || strcmp(cpu, "x86-64-v4") == 0) return 64;
    if (has_feature(features, "+avx2") || strcmp(cpu, "x86-64-v3") == 0) return 32;
    return 16;
}

/* Vector functions of glibc on x86-64, by the size of a register. */
static char vector_functions(const char *triple, int bytes) {
    bool glibc = strncmp(triple, "x86_64", 6) == 0 && strstr(triple, "linux-gnu");
    return !glibc ? 0 : bytes == 64 ? 'e' : bytes == 32 ? 'd' : 'b';
}

bool cg_target(CgModule *m, char **error) {
    LLVMInitializeNativeTarget();
    LLVMInitializeNativeAsmPrinter();
    char *triple = LLVMGetDefaultTargetTriple(), *message = NULL, *host = NULL;
    const char *cpu = processor(m, &host);
    char *features = host ? LLVMGetHostCPUFeatures() : NULL;
    LLVMTargetRef target;
    bool good = LLVMGetTargetFromTriple(triple, &target, &message) == 0;
    if (!good) *error = arena_printf(m->arena, "%s", message);
    else if (!host && !cg_processor_known(target, triple, cpu)) good = false, *error = arena_printf(m->arena, "LLVM knows no processor '%s' that runs code of this machine's kind", cpu);
    if (good)
        m->machine = LLVMCreateTargetMachine(target, triple, cpu, features ? features : "", LLVMCodeGenLevelDefault, LLVMRelocPIC,
                                             LLVMCodeModelDefault);
    if (good && m->machine) {
        LLVMTargetDataRef layout = LLVMCreateTargetDataLayout(m->machine);
        LLVMSetModuleDataLayout(m->module, layout);
        LLVMSetTarget(m->module, triple);
        LLVMDisposeTargetData(layout);
        m->lanes = register_bytes(cpu, features) / m->real_bytes;
        m->vector_functions = vector_functions(triple, register_bytes(cpu, features));
    }
    LLVMDisposeMessage(message);
    LLVMDisposeMessage(triple);
    LLVMDisposeMessage(host);
    LLVMDisposeMessage(features);
    return good && m->machine;
}

static bool failed(CgModule *m, LLVMErrorRef problem, char **error) {
    if (!problem) return false;
    char *text = LLVMGetErrorMessage(problem);
    *error = arena_printf(m->arena, "%s", text);
    LLVMDisposeErrorMessage(text);
    return true;
}

/* Short on purpose: the code is written in vectors already; what is left is to keep accumulators in registers, to take
 * addresses and constants out of loops, and to unroll. */
bool cg_optimise(CgModule *m, char **error) {
    LLVMPassBuilderOptionsRef options = LLVMCreatePassBuilderOptions();
    const char *passes = "function(sroa,early-cse,instcombine<no-verify-fixpoint>,simplifycfg,loop-mssa(loop-rotate,licm),gvn,loop-unroll,"
                         "loop-mssa(licm),instcombine<no-verify-fixpoint>,simplifycfg)";
    bool good = !failed(m, LLVMRunPasses(m->module, passes, m->machine, options), error);
    LLVMDisposePassBuilderOptions(options);
    return good;
}

char *cg_llvm_text(CgModule *m) {
    char *text = LLVMPrintModuleToString(m->module), *copy = strdup(text);
    LLVMDisposeMessage(text);
    return copy;
}

/* Code generation changes the module (the second time it must start from the first state), so it works on a copy. */
static LLVMMemoryBufferRef object_code(CgModule *m, bool assembly, char **error) {
    LLVMModuleRef copy = LLVMCloneModule(m->module);
    LLVMMemoryBufferRef buffer = NULL;
    char *message = NULL;
    LLVMCodeGenFileType type = assembly ? LLVMAssemblyFile : LLVMObjectFile;
    if (LLVMTargetMachineEmitToMemoryBuffer(m->machine, copy, type, &message, &buffer)) {
        *error = arena_printf(m->arena, "%s", message);
        buffer = NULL;
    }
    LLVMDisposeMessage(message);
    LLVMDisposeModule(copy);
    return buffer;
}

void *cg_object(CgModule *m, bool assembly, size_t *length, char **error) {
    LLVMMemoryBufferRef buffer = object_code(m, assembly, error);
    if (!buffer) return NULL;
    *length = LLVMGetBufferSize(buffer);
    void *bytes = malloc(*length);
    if (bytes) memcpy(bytes, LLVMGetBufferStart(buffer), *length);
    LLVMDisposeMemoryBuffer(buffer);
    return bytes;
}

/* ---- in this process --------------------------------------------------------------------------------------------------------------- */
#define RT_FUNCTION(name, ...) extern void name(void);
#include "runtime_abi.def"
#undef RT_FUNCTION

#if defined(__x86_64__) && defined(__GLIBC__)
#define BOTH(FUNCTION, name) FUNCTION(_ZGVbN4v_##name##f) FUNCTION(_ZGVdN8v_##name##f) FUNCTION(_ZGVeN16v_##name##f) \
    FUNCTION(_ZGVbN2v_##name) FUNCTION(_ZGVdN4v_##name) FUNCTION(_ZGVeN8v_##name)
#define VECTOR_FUNCTIONS(FUNCTION) \
    BOTH(FUNCTION, exp) BOTH(FUNCTION, log) BOTH(FUNCTION, sin) BOTH(FUNCTION, cos) BOTH(FUNCTION, tanh) BOTH(FUNCTION, erf) \
    FUNCTION(_ZGVbN4vv_powf) FUNCTION(_ZGVdN8vv_powf) FUNCTION(_ZGVeN16vv_powf) \
    FUNCTION(_ZGVbN2vv_pow) FUNCTION(_ZGVdN4vv_pow) FUNCTION(_ZGVeN8vv_pow)
#else
#define VECTOR_FUNCTIONS(FUNCTION)
#endif
#define DECLARE(name) extern void name(void);
VECTOR_FUNCTIONS(DECLARE)

static LLVMErrorRef define_runtime(LLVMOrcLLJITRef jit) {
    static const struct {
        const char *name;
        void (*address)(void);
    } table[] = {
#define RT_FUNCTION(name, ...) {#name, name},
#include "runtime_abi.def"
#undef RT_FUNCTION
#define ENTRY(name) {#name, name},
        VECTOR_FUNCTIONS(ENTRY)
    };
    enum { COUNT = sizeof table / sizeof *table };
    LLVMOrcCSymbolMapPair pairs[COUNT];
    for (int i = 0; i < COUNT; i++) {
        pairs[i].Name = LLVMOrcLLJITMangleAndIntern(jit, table[i].name);
        pairs[i].Sym.Address = (LLVMOrcExecutorAddress)(uintptr_t)table[i].address;
        pairs[i].Sym.Flags = (LLVMJITSymbolFlags){LLVMJITSymbolGenericFlagsExported, 0};
    }
    return LLVMOrcJITDylibDefine(LLVMOrcLLJITGetMainJITDylib(jit), LLVMOrcAbsoluteSymbols(pairs, COUNT));
}

/* libm and memset come from this process. */
static LLVMErrorRef add_process_symbols(LLVMOrcLLJITRef jit) {
    LLVMOrcDefinitionGeneratorRef generator = NULL;
    LLVMErrorRef problem =
        LLVMOrcCreateDynamicLibrarySearchGeneratorForProcess(&generator, LLVMOrcLLJITGetGlobalPrefix(jit), NULL, NULL);
    if (!problem) LLVMOrcJITDylibAddGenerator(LLVMOrcLLJITGetMainJITDylib(jit), generator);
    return problem;
}

const CtxProgram *cg_load(CgModule *m, char **error) {
    LLVMOrcLLJITRef jit = NULL;
    LLVMOrcExecutorAddress address = 0;
    LLVMMemoryBufferRef object = object_code(m, false, error);
    if (!object) return NULL;
    if (failed(m, LLVMOrcCreateLLJIT(&jit, NULL), error)) return NULL;
    m->jit = jit;
    if (failed(m, define_runtime(jit), error) || failed(m, add_process_symbols(jit), error)) return NULL;
    if (failed(m, LLVMOrcLLJITAddObjectFile(jit, LLVMOrcLLJITGetMainJITDylib(jit), object), error)) return NULL;
    if (failed(m, LLVMOrcLLJITLookup(jit, &address, "ctx_program"), error)) return NULL;
    return (const CtxProgram *)(uintptr_t)address;
}

void cg_free(CgModule *m) {
    if (!m) return;
    if (m->jit) LLVMConsumeError(LLVMOrcDisposeLLJIT(m->jit));
    if (m->builder) LLVMDisposeBuilder(m->builder);
    if (m->module) LLVMDisposeModule(m->module);
    if (m->machine) LLVMDisposeTargetMachine(m->machine);
    if (m->context) LLVMContextDispose(m->context);
}
