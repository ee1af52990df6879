/*
 * model - base models: fetch one into the cache, look into one, list them,
 * name one's content by its digest, make one of an ONNX file, cut one to
 * fewer layers, add to its vocabulary, make a tiny random one for tests. The
 * commands' options and work are in common/model/command_*.c.
 *
 * in:  a name or a folder      out: the cache; a folder
 */
#include <stdlib.h>
#include <string.h>

#include "model/command.h"

/* "fetch NAME" is "fetch --name NAME", as people type it. */
static int spell_out(char **to, int argc, char **argv)
{
    static const char *const rows[][2] = {
        { "fetch", "--name" },
        { "digest", "--model" },
        { "inspect", "--model" },
    };
    int n = 0;

    for (int i = 0; i < argc; i++) {
        for (size_t k = 0; i == 2 && k < sizeof(rows) / sizeof(rows[0]); k++)
            if (strcmp(argv[1], rows[k][0]) == 0 && argv[2][0] != '-')
                to[n++] = (char *)rows[k][1];
        to[n++] = argv[i];
    }
    to[n] = NULL;
    return n;
}

int main(int argc, char **argv)
{
    const struct stage_spec *const all[] = {
        &command_fetch,  &command_inspect, &command_list,
        &command_digest, &command_random,  &command_quantize,
        &command_import, &command_cut,     &command_extend_vocab,
        &command_export, &command_zip,
    };
    char **words = calloc((size_t)argc + 2, sizeof(*words));
    int status;

    if (!words)
        return EXIT_FAILURE;
    argc = spell_out(words, argc, argv);
    status = stage_main(all, sizeof(all) / sizeof(all[0]), argc, words);
    free(words);
    return status;
}
