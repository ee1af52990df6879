/*
 * graph.h - a pipeline's steps and what they read, drawn.
 */
#ifndef DAG_GRAPH_H
#define DAG_GRAPH_H

#include "dag/spec.h"

/* Append the drawing. format: "ascii" (a line for each step), "dot"
 * (Graphviz) or "mermaid". */
int graph_draw(struct buf *b, const struct spec *s, const char *format,
               struct err *err) MUST_CHECK;

#endif
