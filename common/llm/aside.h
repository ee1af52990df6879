/*
 * aside.h - a store of pairs that people should look at: what checks could not
 * tell. No label; the note says which side the model meant, its kind, and how
 * each function voted. records export --format argilla or label-studio makes a
 * review file of it, records import reads the answers back as gold.
 */
#ifndef LLM_ASIDE_H
#define LLM_ASIDE_H

#include "llm/items.h"
#include "store/records.h"

struct aside {
    struct store *store;
    struct writer *writer;
    char path[4096];
};

/* Can a store be made there? Asked before anything is bought. Makes its folder;
 * another store that is there is replaced by force only. */
int aside_check(const char *path, bool force, struct err *err) MUST_CHECK;
/* Make PATH anew, by way of PATH.part. */
int aside_open(struct aside *a, const char *path, struct err *err) MUST_CHECK;
/* What was put aside of one anchor. a may be {0}: nothing is done. */
int aside_write(struct aside *a, struct span anchor, const struct items *it,
                const char *model, struct err *err) MUST_CHECK;
int aside_finish(struct aside *a, struct err *err) MUST_CHECK;
void aside_abandon(struct aside *a); /* {0} is fine */

/* The votes as {"numbers":"reject",...}, abstaining ones left out. */
struct json_node *aside_votes(const struct checks_result *r);

#endif
