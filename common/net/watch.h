/*
 * watch.h - an eye on an answer that comes as a stream of events (events.h).
 *
 * Comments and blank lines keep a line open for ever; only content counts. Of
 * the time before the first piece nothing is said: the request may be queued,
 * and the deadline of the attempt holds. A model that writes nothing but
 * blanks, which some do in JSON mode until their room is used up, is stopped
 * after WATCH_BLANKS of them.
 */
#ifndef NET_WATCH_H
#define NET_WATCH_H

#include "base/buf.h"

enum { WATCH_BLANKS = 200 };

struct watch {
    struct buf line;    /* what came after the last line end */
    bool known, events; /* what the body is, once it began */
    bool blank, stalled;
    size_t blanks;        /* of content, in a row */
    double stall_s, last; /* last: when content came; 0: none yet */
};

void watch_reset(struct watch *w, int stall_s); /* also the first call */
void watch_release(struct watch *w);
/* More of the body. False: enough of it. */
bool watch_feed(struct watch *w, const char *ptr, size_t len);
/* Has content stopped coming? */
bool watch_stalled(struct watch *w);
/* The event to put behind a stream that was stopped: finish_reason length. */
const char *watch_ending(void);

#endif
