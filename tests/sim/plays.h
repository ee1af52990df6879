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
    play_null_choices, play_no_usage, play_cut_prompt, play_two_choices,
    play_reasons, play_cached, play_other_id, play_sse, play_sse_no_done,
    play_sse_cut, play_sse_error, play_sse_spaces, play_sse_null_finish;
play_fn play_gzip, play_bom, play_parts, play_reasoning, play_reasoning_content,
    play_closing_tag, play_odd_finish, play_null_finish, play_usage_null,
    play_usage_floats, play_usage_strings, play_usage_renamed, play_no_id,
    play_other_model, play_wrong_types, play_many, play_the_anchor;
play_fn play_redirect_key, play_key_echo, play_key_in_answer, play_key_pieces,
    play_key_part, play_key_forms, play_key_escaped, play_key_events;

/* Of an answer as events: its header lines, a piece of content (billed by the
 * caller), the last event and what follows it. */
void play_events_begin(struct sim_play *p);
void play_event(struct buf *b, const char *text, size_t len);
void play_events_end(struct sim_play *p, size_t prompt, size_t completion);

#endif
