#include "net/watch.h"

#include <string.h>
#include <time.h>

#include "base/json.h"
#include "net/events.h"

enum { LINE_MAX = 1 << 20 };

static double now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

void watch_reset(struct watch *w, int stall_s)
{
    struct buf line = w->line;

    line.max = LINE_MAX;
    buf_reset(&line);
    *w = (struct watch){ .line = line, .stall_s = stall_s };
}

void watch_release(struct watch *w)
{
    buf_release(&w->line);
}

const char *watch_ending(void)
{
    return "\n\ndata: {\"choices\":[{\"delta\":{},\"finish_reason\":"
           "\"length\"}]}\n\n";
}

static void take_text(struct watch *w, const char *s, bool counts)
{
    if (!s[0])
        return;
    w->last = now();
    if (!counts)
        return;
    for (; *s; s++)
        w->blanks = strchr(" \t\r\n", *s) ? w->blanks + 1 : 0;
    w->blank |= w->blanks >= WATCH_BLANKS;
}

static void take_line(struct watch *w)
{
    static const char *const parts[] = { "content", "reasoning_content",
                                         "reasoning" };
    struct err none = ERR_INIT;
    struct json *doc;

    if (w->line.len < 5 || memcmp(w->line.ptr, "data:", 5) != 0)
        return;
    if (json_parse(&doc, "event", w->line.ptr + 5, w->line.len - 5, JSON_STRICT,
                   &none) < 0)
        return;
    for (size_t i = 0; i < 3; i++)
        take_text(w,
                  json_str(json_get(json_get(json_first(json_get(json_root(doc),
                                                                 "choices")),
                                             "delta"),
                                    parts[i]),
                           ""),
                  i == 0);
    json_free(doc);
}

/* A first chunk of blanks tells nothing yet. */
static void begin(struct watch *w, const char *ptr, size_t len)
{
    size_t skip = 0;

    while (skip < len && ptr[skip] && strchr(" \t\r\n", ptr[skip]))
        skip++;
    w->known = skip < len;
    w->events = w->known && events_begin(ptr, len);
}

bool watch_feed(struct watch *w, const char *ptr, size_t len)
{
    const char *end = ptr + len;
    struct err none = ERR_INIT;

    if (!w->known)
        begin(w, ptr, len);
    while (w->events && ptr < end && !w->blank) {
        const char *stop = memchr(ptr, '\n', (size_t)(end - ptr));
        size_t n = (size_t)((stop ? stop : end) - ptr);

        /* a line that is too long is not watched */
        if (buf_append(&w->line, ptr, n, &none) < 0)
            w->events = false;
        if (stop) {
            take_line(w);
            buf_reset(&w->line);
        }
        ptr += n + (stop != NULL);
    }
    return !w->blank;
}

bool watch_stalled(struct watch *w)
{
    w->stalled |= w->last > 0.0 && now() - w->last > w->stall_s;
    return w->stalled;
}
