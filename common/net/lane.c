#include "net/lane.h"

#include <math.h>
#include <stdio.h>

#include "base/log.h"

enum {
    SILENCE_MAX_S = 600, /* throttled so long without one success: the end */
    SILENCE_TELL_S = 60,
    PAUSE_TELL_S = 60, /* a wait that is worth a line */
    OUTAGE_WAIT_MAX_S = 60,
    BURST = 8, /* requests in a row that count when they break */
};

void lane_init(struct lane *l, const struct buyer_lane *want, double now)
{
    *l = (struct lane){ .want = want, .silent = NAN, .told = now };
    limiter_init(&l->limiter, want->start, want->max);
    l->limiter.fixed = want->fixed;
    limiter_set_rates(&l->limiter, want->rpm, want->tpm, now);
}

void lane_stop(struct lane *l, const struct err *why)
{
    if (l->stopped)
        return;
    l->stopped = true;
    l->why = *why;
}

void lane_show_body(char *out, size_t size, const struct post_done *d)
{
    snprintf(out, size, "%s", buf_str(&d->body));
    for (char *p = out; *p; p++)
        if ((unsigned char)*p < 0x20)
            *p = ' ';
}

void lane_refusal(const struct lane *l, enum reply_class class,
                  const struct post_done *d, const char *code, struct err *why)
{
    const char *name = l->want->name, *url = l->want->url;
    char body[200];

    lane_show_body(body, sizeof(body), d);
    if (class == REPLY_AUTH && !l->want->key)
        ERR_SET(why, ERR_AUTH, "%s wants a key (HTTP %ld %s), and none is set",
                name, d->status, code);
    else if (class == REPLY_AUTH)
        ERR_SET(why, ERR_AUTH,
                "%s refuses the key (HTTP %ld %s); it comes from %s", name,
                d->status, code, l->want->key_from);
    else if (class == REPLY_BILLING)
        ERR_SET(why, ERR_CREDIT,
                "%s: the account has no credit left (HTTP %ld %s); what was "
                "answered is kept, run the same command again to go on",
                name, d->status, code);
    else if (class == REPLY_MOVED)
        ERR_SET(why, ERR_CONFIG,
                "%s: redirect (HTTP %ld) from %s%s%s: base_url is wrong; "
                "redirects are not followed, they would carry the key away",
                name, d->status, url, d->hints.location[0] ? " to " : "",
                d->hints.location);
    else
        ERR_SET(why, ERR_CONFIG, "%s: %s (HTTP %ld %s) at %s: %s", name,
                d->status == 404 || d->status == 405
                    ? "no such model or address"
                    : "it does not take such requests",
                d->status, code, url, body);
}

/* The lane is shut for a while: say so, and why. */
static void tell(struct lane *l, double now, double wait_s)
{
    double silence = now - l->silent;

    if (wait_s >= PAUSE_TELL_S)
        log_warn("%s asks to wait: paused for %.0f s", l->want->name, wait_s);
    else if (silence >= SILENCE_TELL_S && now - l->told >= SILENCE_TELL_S)
        log_warn("%s has throttled every request for %.0f s; next try in "
                 "%.1f s, %.0f at a time",
                 l->want->name, silence, wait_s, floor(l->limiter.limit));
    else
        return;
    l->told = now;
}

void lane_throttle(struct lane *l, double sent, double now, double wait_s,
                   double max_wait_s)
{
    struct err why = ERR_INIT;
    double before = l->limiter.closed_until;

    if (isnan(l->silent))
        l->silent = now + (wait_s >= PAUSE_TELL_S ? wait_s : 0.0);
    limiter_throttle(&l->limiter, sent, now, wait_s);
    if (wait_s > max_wait_s)
        ERR_SET(&why, ERR_AGAIN,
                "%s asks to wait %.0f s; run the same command again then",
                l->want->name, wait_s);
    else if (now - l->silent > SILENCE_MAX_S)
        ERR_SET(&why, ERR_AGAIN,
                "%s has throttled every request for %d s; run the same "
                "command again later",
                l->want->name, SILENCE_MAX_S);
    if (why.code) {
        lane_stop(l, &why);
        return;
    }
    if (l->limiter.closed_until > before + 1.0 || wait_s < PAUSE_TELL_S)
        tell(l, now, wait_s);
}

void lane_outage(struct lane *l, double sent, double now, const char *reason)
{
    struct err why = ERR_INIT;
    double wait;

    if (l->outages && sent < l->outage_at)
        return;
    l->outage_at = now;
    if (isnan(l->silent))
        l->silent = now;
    wait = fmin(ldexp(0.5, (int)l->outages), OUTAGE_WAIT_MAX_S);
    l->outages += l->outages < 32;
    l->limiter.closed_until = fmax(l->limiter.closed_until, now + wait);
    if (now - l->silent > SILENCE_MAX_S) {
        ERR_SET(&why, ERR_UNAVAIL,
                "%s cannot be reached for %d s (%s); run the same command "
                "again to go on",
                l->want->name, SILENCE_MAX_S, reason);
        lane_stop(l, &why);
    } else if (l->outages == 1 || now - l->told >= SILENCE_TELL_S) {
        log_warn("%s cannot be reached (%s): next try in %.1f s", l->want->name,
                 reason, wait);
        l->told = now;
    }
}

bool lane_broke(struct lane *l, double sent, double now, long connection)
{
    if (connection && connection == l->lost_connection && sent < l->lost_at)
        return false;
    l->lost_connection = connection;
    l->lost_at = now;
    if (l->broken >= BURST && sent < l->burst_at)
        return false;
    if (++l->broken == BURST)
        l->burst_at = now;
    return true;
}

void lane_answered(struct lane *l)
{
    l->answers++;
    l->broken = l->outages = 0;
    l->silent = NAN;
    limiter_success(&l->limiter);
}

void lane_learn(struct lane *l, const struct hints *h, double now)
{
    const double share = 0.75; /* of what is allowed */
    double rpm = 60.0 * l->limiter.requests.per_s;
    double tpm = 60.0 * l->limiter.tokens.per_s;

    if (l->want->rpm == 0.0 && h->limit[HINTS_REQUESTS] > 0.0)
        rpm = share * h->limit[HINTS_REQUESTS];
    if (l->want->tpm == 0.0 && h->limit[HINTS_TOKENS] > 0.0)
        tpm = share * h->limit[HINTS_TOKENS];
    if (fabs(rpm - 60.0 * l->limiter.requests.per_s) > 0.5 ||
        fabs(tpm - 60.0 * l->limiter.tokens.per_s) > 0.5)
        limiter_set_rates(&l->limiter, rpm, tpm, now);
    for (int k = 0; k < HINTS_KINDS; k++)
        if (h->left[k] == 0.0 && h->reset[k] > 0.0 && h->reset[k] <= 900.0)
            l->limiter.closed_until =
                fmax(l->limiter.closed_until, now + h->reset[k]);
}
