/* main of an executable made by `ctx build`. */
int main(void) { return 0; }
