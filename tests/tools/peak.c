/* Runs a program and prints the largest private memory that it held, in kB, looked at twice a millisecond: peak PROGRAM ARGUMENTS...
 * Pages of files do not count: which of a library's are there depends on where the loader put it. Its exit status is the program's. */
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/* RssAnon of /proc/PID/status (proc(5)); 0 when the process is gone. */
static long private_memory(pid_t child) {
    char path[64], line[256];
    long held = 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int)child);
    FILE *from = fopen(path, "r");
    while (from && fgets(line, sizeof line, from) && sscanf(line, "RssAnon: %ld kB", &held) != 1) {}
    if (from) fclose(from);
    return held;
}

int main(int argc, char **argv) {
    int status;
    long most = 0;
    if (argc < 2) return 2;
    pid_t child = fork();
    if (child == 0) {
        execvp(argv[1], argv + 1);
        _exit(127);
    }
    if (child < 0) return 3;
    while (waitpid(child, &status, WNOHANG) == 0) {
        long held = private_memory(child);
        if (held > most) most = held;
        usleep(500);
    }
    printf("%ld\n", most);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
