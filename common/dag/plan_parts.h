/*
 * plan_parts.h - what plan.c and plan_why.c share. Nobody else includes this.
 */
#ifndef DAG_PLAN_PARTS_H
#define DAG_PLAN_PARTS_H

#include "dag/plan.h"

/* The value of one component of a fingerprint; NULL: it has none. */
const char *plan_component(const struct json_node *parts, const char *name);

#endif
