#include "loadgen.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} modes[] = {{"swarm", swarm_main}, {"http", http_main}, {"blast", blast_main}};

int main(int argc, char **argv) {
    signal(SIGPIPE, SIG_IGN);
    setvbuf(stdout, NULL, _IOLBF, 0);
    raise_descriptor_limit();
    for (size_t i = 0; argc > 1 && i < sizeof modes / sizeof *modes; i++)
        if (!strcmp(argv[1], modes[i].name)) return modes[i].run(argc - 1, argv + 1);
    fprintf(stderr, "usage: loadgen swarm|http|blast --help\n");
    return 2;
}
