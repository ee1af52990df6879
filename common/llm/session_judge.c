#include <string.h>

#include "base/log.h"
#include "llm/session.h"

int session_load_judge(struct session *x, const struct session_args *a,
                       struct err *err)
{
    const struct judge_options o = {
        .template = a->judge_template ? a->judge_template : "",
        .domain = a->domain,
        .seed = a->common.seed,
        .most = (int)(a->positives + a->negatives),
    };

    if (!a->judge || !a->judge[0])
        return 0;
    x->judge.how = x->how;
    x->judge.how.provider = a->judge;
    x->judge.how.model = a->judge_model;
    x->judge.how.key_file = a->judge_key;
    x->judge.how.key_fd = 0;
    x->judge.how.thinking = false;
    return judge_load(&x->judge, &x->inquiry, &o, err);
}

/* Place of a sentence in its answer, positives first. */
static uint16_t place_of(const struct chat_answer *a,
                         const struct chat_item *item, bool positive)
{
    return (uint16_t)(positive ? item - a->positive
                               : item - a->negative + (ptrdiff_t)a->positives);
}

static size_t add(uint16_t *place, size_t n, const struct chat_answer *a,
                  const struct chat_item *const *item, size_t items,
                  size_t positives)
{
    for (size_t i = 0; i < items; i++)
        place[n++] = place_of(a, item[i], i < positives);
    return n;
}

/* What of an answer is to be judged: what checks doubt, or all they leave. */
static int choose(struct session *x, void *ctx, uint32_t i, struct span anchor,
                  const struct finding *f, struct opinion *opinion,
                  struct err *err)
{
    const struct chat_answer *a = &f->dialogue.answer;
    const struct items_from from = {
        .answer = &a,
        .answers = 1,
        .anchor = anchor,
        .positives = (size_t)x->args->positives,
        .negatives = (size_t)x->args->negatives,
        .opinion = opinion,
        .checks = &x->checks,
    };
    const bool all = strcmp(x->args->judged, "all") == 0;
    static struct items it;
    struct items_tally tally = { 0 };
    uint16_t place[3 * CHAT_ITEMS_MAX];
    size_t n = 0;
    int rc;

    (void)ctx;
    if (f->state != INQUIRY_USE)
        return 0;
    rc = items_pick(&it, &tally, &from, err);
    if (rc < 0)
        return rc;
    n = add(place, n, a, it.aside, it.asides, it.aside_positives);
    if (all)
        n = add(place, n, a, it.positive, it.positives, it.positives);
    if (all)
        n = add(place, n, a, it.negative, it.negatives, 0);
    n = n < CHAT_ITEMS_MAX ? n : CHAT_ITEMS_MAX;
    return judge_add(&x->judge, &x->anchors, i, anchor, place, n, err);
}

static int buy(struct session *x, int side, struct err *err)
{
    const struct session_args *a = x->args;
    const struct purchase job = {
        .inquiry = &x->judge.inquiry[side],
        .anchors = &x->judge.anchors,
        .ledger = &x->ledger,
        .cap = { a->max_cost, a->max_tokens, a->max_requests },
        .max_time_s = a->max_time,
        .max_wait_s = a->max_wait,
        .retry_failed = a->retry_failed,
        .offpeak = a->offpeak,
        .stopped = stage_stopped,
    };
    struct purchase_counts n;
    struct err none = ERR_INIT;
    struct bill bill;
    int rc = purchase_run(&job, &n, err);

    x->bought.net.requests += n.net.requests;
    x->bought.net.answers += n.net.answers;
    x->bought.net.throttled += n.net.throttled;
    x->bought.net.retried += n.net.retried;
    x->bought.seconds += n.seconds;
    bill = session_bill(x, rc < 0 ? err->msg : "");
    if (rc < 0 && bill_write(&bill, x->answers_path, &none) < 0)
        log_warn("%s", none.msg);
    if (rc < 0)
        bill_print(&bill);
    return rc;
}

int session_judge(struct session *x, struct err *err)
{
    struct judge *j = &x->judge;
    int rc;

    if (!j->on)
        return 0;
    j->inquiry[0].answers = j->inquiry[1].answers = x->answers;
    rc = sources_recall(&j->sources, x->answers, err);
    if (rc == 0)
        rc = session_check_prices(x, &j->sources, err);
    opinions_keep(&x->opinions);
    if (rc == 0)
        rc = session_windows(x, choose, NULL, err);
    opinions_again(&x->opinions);
    judge_sort(j);
    if (rc < 0 || x->args->cache_only || j->anchors.n == 0)
        return rc;
    rc = sources_open(&j->sources, &j->how, err);
    for (int k = 0; rc == 0 && k < JUDGE_SIDES; k++)
        rc = buy(x, k, err);
    return rc;
}
