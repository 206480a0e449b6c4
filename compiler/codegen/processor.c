/* Is there such a processor? LLVM only warns of a name that it does not know, and ends the program where a processor lacks what its
 * target needs; so a child tries the name with a function that does nothing. */
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <llvm-c/Core.h>
#include <llvm-c/TargetMachine.h>

#include "codegen/cg.h"

static bool compiles(LLVMTargetRef target, const char *triple, const char *name) {
    LLVMTargetMachineRef machine = LLVMCreateTargetMachine(target, triple, name, "", LLVMCodeGenLevelNone, LLVMRelocPIC, LLVMCodeModelDefault);
    LLVMContextRef context = LLVMContextCreate();
    LLVMModuleRef module = LLVMModuleCreateWithNameInContext("probe", context);
    LLVMBuilderRef builder = LLVMCreateBuilderInContext(context);
    LLVMValueRef function = LLVMAddFunction(module, "probe", LLVMFunctionType(LLVMVoidTypeInContext(context), NULL, 0, 0));
    LLVMMemoryBufferRef object = NULL;
    char *message = NULL;
    LLVMPositionBuilderAtEnd(builder, LLVMAppendBasicBlockInContext(context, function, "entry"));
    LLVMBuildRetVoid(builder);
    LLVMSetTarget(module, triple);
    return machine && LLVMTargetMachineEmitToMemoryBuffer(machine, module, LLVMObjectFile, &message, &object) == 0;
}

static void probe(LLVMTargetRef target, const char *triple, const char *name, int said) {
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    _exit(dup2(said, STDERR_FILENO) >= 0 && compiles(target, triple, name) ? 0 : 1);
}

bool cg_processor_known(LLVMTargetRef target, const char *triple, const char *name) {
    int said = memfd_create("said", MFD_CLOEXEC), status = 0;
    pid_t child = said >= 0 ? fork() : -1;
    if (child == 0) probe(target, triple, name, said);
    bool tried = child > 0 && waitpid(child, &status, 0) == child;
    bool known = !tried || (WIFEXITED(status) && WEXITSTATUS(status) == 0 && lseek(said, 0, SEEK_END) == 0); /* no child: LLVM will say it */
    if (said >= 0) close(said);
    return known;
}
