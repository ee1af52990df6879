#include "net/data_file.h"
#include "net/provider.h"

int provider_find(char path[FILE_PATH_MAX], const char *name, struct err *err)
{
    static const struct data_kind kind = { "profile", "profiles", ".json",
                                           "SILVERSMITH_PROFILES" };

    return data_file_find(path, &kind, name, err);
}
