/*
 * command.h - the commands of the model stage: options and work of each, for
 * its main() to list.
 */
#ifndef MODEL_COMMAND_H
#define MODEL_COMMAND_H

#include "store/stage.h"

extern const struct stage_spec command_fetch, command_list, command_digest,
    command_inspect; /* command_cache.c */
extern const struct stage_spec command_random, command_import,
    command_cut;                                     /* command_make.c */
extern const struct stage_spec command_extend_vocab; /* command_vocab.c */
extern const struct stage_spec command_export, command_zip,
    command_quantize; /* command_write.c */

#endif
