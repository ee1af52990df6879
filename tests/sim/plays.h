/*
 * plays.h - private to plays*.c: what the faults share.
 */
#ifndef SIM_PLAYS_H
#define SIM_PLAYS_H

#include "sim/sim.h"

void play_end(struct sim_play *p, enum sim_ending ending);
/* After out, n bytes of `what`, repeated. */
void play_fill(struct sim_play *p, const char *what, size_t len, uint64_t n);
/* The whole completion, billed as said. text NULL: the sentences asked for;
 * finish NULL: null. */
void play_body(struct buf *b, const struct sim_request *r, const char *text,
               const char *finish, enum sim_billed how);
/* A whole answer. */
void play_say(struct sim_play *p, const struct sim_request *r, const char *text,
              const char *finish);

typedef void play_fn(struct sim_play *p, const struct sim_request *r);
play_fn play_silence, play_slow_header, play_slow_body, play_pieces,
    play_keep_alive, play_sse_keep_alive, play_queued, play_cut_length,
    play_cut_chunk, play_reset, play_reset_at_once, play_hang, play_bad_chunk,
    play_wrong_chunk, play_two_lengths, play_negative_length, play_short_length,
    play_twice, play_huge, play_gzip_bomb, play_long_header, play_many_headers,
    play_deep, play_deep_content, play_split_utf8, play_bad_utf8, play_nul;
play_fn play_spaces, play_blank, play_wrong_shape, play_chat, play_filtered,
    play_few, play_truncated, play_other_finish, play_fenced, play_thinking,
    play_half_thought, play_refusal, play_null_content, play_empty_choices,
    play_null_choices, play_no_usage, play_two_choices, play_reasons,
    play_cached, play_other_id, play_sse, play_sse_no_done, play_sse_cut,
    play_sse_error;

#endif
