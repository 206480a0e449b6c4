/* ctx: the command. */
#include <stdio.h>

int main(void) {
    fputs("ctx " CTX_VERSION "\n", stdout);
    return 0;
}
