#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/sim.h"

enum { FILES = 4096, BATCHES = 1024 };

struct stored {
    bool there;
    struct buf text;
    char name[160];
    int tries; /* batches that named it */
};

struct job {
    int input, output, errors; /* files; 0: none */
    struct buf lines;          /* of the input, which may be deleted */
    char meta[128];
    double ready;
    const char *failed; /* why, or NULL */
    bool expired, cancelled;
};

static struct stored files[FILES];
static struct job jobs[BATCHES];
static int n_files = 1, n_jobs = 1, steps;
static int contents; /* answer files that were fetched */
static size_t most_lines, most_bytes;

static void work_all(void);

int sim_batch_steps(void)
{
    return steps;
}

int sim_batch_contents(void)
{
    return contents;
}

int sim_batch_files(void)
{
    int n = 0;

    work_all();
    for (int i = 1; i < n_files; i++)
        n += files[i].there && files[i].text.len > 0;
    return n;
}

size_t sim_batch_most_lines(void)
{
    return most_lines;
}

size_t sim_batch_most_bytes(void)
{
    return most_bytes;
}

static bool is(const char *what)
{
    return strcmp(sim_opt.batch, what) == 0;
}

static void say(struct sim_play *p, int status, const char *body)
{
    put_answer(&p->out, status, "", "application/json", span_of(body));
}

static int new_file(void)
{
    if (n_files == FILES)
        exit(1);
    files[n_files] = (struct stored){ true, BUF_INIT(512 << 20), "", 0 };
    return n_files++;
}

/* ---- files ---- */

/* The part of the form that has a file name. */
static struct span form_file(struct span body)
{
    const char *name = memmem(body.ptr, body.len, "filename=", 9);
    const char *from, *to;
    size_t left;

    if (!name)
        return (struct span){ NULL, 0 };
    left = body.len - (size_t)(name - body.ptr);
    from = memmem(name, left, "\r\n\r\n", 4);
    from = from ? from + 4 : name;
    to = memmem(from, left - (size_t)(from - name), "\r\n--", 4);
    return (struct span){ from, to ? (size_t)(to - from) : 0 };
}

static void upload(struct sim_play *p, const struct sim_request *r)
{
    struct span text = form_file(r->body);
    const char *name = memmem(r->body.ptr, r->body.len, "filename=\"", 10);
    char body[256];
    int id = new_file();
    size_t lines = 0;

    if (name)
        snprintf(files[id].name, sizeof(files[id].name), "%.*s",
                 (int)strcspn(name + 10, "\""), name + 10);

    put_len(&files[id].text, text.ptr, text.len);
    for (size_t i = 0; i < text.len; i++)
        lines += text.ptr[i] == '\n';
    most_lines = lines > most_lines ? lines : most_lines;
    most_bytes = text.len > most_bytes ? text.len : most_bytes;
    snprintf(body, sizeof(body),
             "{\"id\":\"file-%d\",\"object\":\"file\",\"purpose\":\"batch\","
             "\"bytes\":%zu}",
             id, text.len);
    say(p, 200, body);
}

static void content(struct sim_play *p, int id)
{
    contents++;
    put_answer(&p->out, 200, "", "application/jsonl",
               (struct span){ buf_str(&files[id].text), files[id].text.len });
}

static void remove_file(struct sim_play *p, int id)
{
    files[id].there = false;
    buf_release(&files[id].text);
    say(p, 200, "{\"deleted\":true}");
}

/* ---- batches ---- */

static void put_error_line(struct buf *b, const char *id, const char *code)
{
    putf(b,
         "{\"id\":\"r\",\"custom_id\":\"%s\",\"response\":null,\"error\":{"
         "\"code\":\"%s\",\"message\":\"not done\"}}\n",
         id, code);
}

/* A refusal of the fault's, as a line. */
static void put_refusal(struct buf *b, const char *id,
                        const struct sim_fault *f)
{
    putf(b,
         "{\"id\":\"r\",\"custom_id\":\"%s\",\"response\":{\"status_code\":%d,"
         "\"request_id\":\"q\",\"body\":%s},\"error\":null}\n",
         id, f->status, f->body[0] == '{' ? f->body : "null");
}

static void put_line(struct job *j, const char *line, size_t len, bool late)
{
    struct err err = ERR_INIT;
    struct json *doc = NULL;
    const char *asked = memmem(line, len, "\"body\"", 6);
    struct sim_request r = { .body = { asked,
                                       asked ? line + len - asked : 0 } };
    struct buf body = BUF_INIT(SIM_OUT_MAX), text = BUF_INIT(SIM_OUT_MAX);
    const struct sim_fault *f;
    struct sim_ask a;
    struct buf *out = &files[j->output].text;

    if (json_parse(&doc, "line", line, len, JSON_STRICT, &err) < 0) {
        fprintf(stderr, "sim: %s\n", err.msg);
        return;
    }
    snprintf(r.key, sizeof(r.key), "%s",
             json_str(json_get(json_root(doc), "custom_id"), ""));
    r.seen = sim_seen(r.key);
    f = sim_fate(&r);
    sim_read_ask(&a, json_get(json_root(doc), "body"));
    if (a.stream) {
        put_error_line(out, r.key, "stream_not_supported");
    } else if (late) {
        put_error_line(&files[j->errors].text, r.key, "batch_expired");
    } else if (f && f->status && f->status != 200) {
        put_refusal(is("null") ? &files[j->errors].text : out, r.key, f);
    } else {
        const bool cut = f && strcmp(f->name, "truncated") == 0;
        size_t tokens;

        if (f && strcmp(f->name, "few") == 0 && !a.kept[0])
            a.positives -= 2;
        sim_write_items(&text, &a);
        if (cut)
            text.len = text.len / 2;
        tokens = text.len / 4 + 1;
        put_completion(&body, (struct span){ text.ptr, text.len },
                       cut ? "length" : "stop", len / 4, tokens);
        putf(out,
             "{\"id\":\"r\",\"custom_id\":\"%s\",\"response\":{"
             "\"status_code\":200,\"request_id\":\"q\",\"body\":",
             r.key);
        put_len(out, body.ptr, body.len);
        put(out, "},\"error\":null}\n");
        sim_bill(r.key, SIM_BATCH, len / 4, tokens);
    }
    buf_release(&body);
    buf_release(&text);
    json_free(doc);
}

/* The last line first: answers keep no order. */
static void work(struct job *j)
{
    const struct buf *in = &j->lines;
    const char *end = in->ptr + in->len;
    size_t n = 0;

    j->output = new_file();
    j->errors = new_file();
    while (end > in->ptr) {
        const char *from;

        if (end[-1] == '\n')
            end--;
        from = end;
        while (from > in->ptr && from[-1] != '\n')
            from--;
        if (from < end)
            put_line(j, from, (size_t)(end - from), j->expired && n++ % 2);
        end = from;
    }
}

/* Batches are worked off whether somebody looks or not. */
static void work_all(void)
{
    for (int i = 1; i < n_jobs; i++) {
        struct job *j = &jobs[i];

        if (sim_now() >= j->ready && !j->failed && !j->cancelled && !j->output)
            work(j);
    }
}

static void put_file_id(struct buf *b, const char *name, int id,
                        const char *none)
{
    if (id && files[id].text.len)
        putf(b, ",\"%s\":\"file-%d\"", name, id);
    else
        putf(b, ",\"%s\":%s", name, none);
}

static void put_job(struct buf *b, int id)
{
    struct job *j = &jobs[id];
    const char *status = "in_progress";

    if (j->failed)
        status = "failed";
    else if (j->cancelled)
        status = "cancelled";
    else if (sim_now() >= j->ready)
        status = j->expired ? "expired" : "completed";
    putf(b,
         "{\"id\":\"batch-%d\",\"object\":\"batch\",\"status\":\"%s\","
         "\"input_file_id\":\"file-%d\",\"metadata\":{\"silversmith\":\"%s\"}",
         id, status, j->input, j->meta);
    put_file_id(b, "output_file_id", j->output, "null");
    put_file_id(b, "error_file_id", j->errors, "\"\"");
    if (j->failed)
        putf(b,
             ",\"errors\":{\"data\":[{\"code\":\"%s\",\"message\":\"as it "
             "says\",\"line\":null}]}",
             j->failed);
    put(b, "}");
}

static const char *failure(void)
{
    if (is("queue") && n_jobs == 1)
        return "token_limit_exceeded";
    return is("model") ? "mismatched_model" : NULL;
}

static void create(struct sim_play *p, const struct sim_request *r)
{
    struct err err = ERR_INIT;
    struct json *doc = NULL;
    const struct json_node *o, *meta;
    struct buf b = BUF_INIT(SIM_OUT_MAX);
    int file;

    if (json_parse(&doc, "batch", r->body.ptr, r->body.len, JSON_STRICT, &err) <
            0 ||
        n_jobs == BATCHES)
        exit(1);
    o = json_root(doc);
    meta = json_get(o, "metadata");
    file = (int)strtol(json_str(json_get(o, "input_file_id"), "file-0") + 5,
                       NULL, 10);
    if (file <= 0 || file >= n_files || !files[file].there ||
        (is("late") && files[file].tries++ < 2)) {
        say(p, 400,
            "{\"error\":{\"message\":\"Cannot find file\",\"code\":"
            "\"invalid_file\",\"type\":\"invalid_request_error\"}}");
    } else {
        jobs[n_jobs] =
            (struct job){ .input = file,
                          .ready = sim_now() + sim_opt.poll,
                          .failed = failure(),
                          .cancelled = is("cancelled") && n_jobs == 1,
                          .expired = is("expired") && n_jobs == 1 };
        jobs[n_jobs].lines = (struct buf)BUF_INIT(512 << 20);
        put_len(&jobs[n_jobs].lines, files[file].text.ptr,
                files[file].text.len);
        snprintf(jobs[n_jobs].meta, sizeof(jobs[0].meta), "%s",
                 json_str(json_get(meta, "silversmith"), ""));
        put_job(&b, n_jobs++);
        say(p, 200, buf_str(&b));
    }
    json_free(doc);
    buf_release(&b);
}

/* Newest first, two a page. */
static void list(struct sim_play *p, const char *path)
{
    const char *after = strstr(path, "after=batch-");
    int at = after ? (int)strtol(after + 12, NULL, 10) - 1 : n_jobs - 1, n = 0;
    struct buf b = BUF_INIT(SIM_OUT_MAX);

    put(&b, "{\"object\":\"list\",\"data\":[");
    for (; at > 0 && n < 2; at--, n++) {
        put(&b, n ? "," : "");
        put_job(&b, at);
    }
    putf(&b, "],\"has_more\":%s}", at > 0 ? "true" : "false");
    say(p, 200, buf_str(&b));
    buf_release(&b);
}

static void list_files(struct sim_play *p)
{
    struct buf b = BUF_INIT(SIM_OUT_MAX);
    bool any = false;

    put(&b, "{\"object\":\"list\",\"data\":[");
    for (int i = 1; i < n_files; i++)
        if (files[i].there && files[i].name[0]) {
            putf(&b, "%s{\"id\":\"file-%d\",\"filename\":\"%s\"}",
                 any ? "," : "", i, files[i].name);
            any = true;
        }
    put(&b, "],\"has_more\":false}");
    say(p, 200, buf_str(&b));
    buf_release(&b);
}

static bool effect(struct sim_play *p, const struct sim_request *r,
                   const char *path)
{
    const char *file = strstr(path, "/files/file-");
    const char *job = strstr(path, "/batches/batch-");
    int id = file  ? (int)strtol(file + 12, NULL, 10)
             : job ? (int)strtol(job + 15, NULL, 10)
                   : 0;
    struct buf b = BUF_INIT(SIM_OUT_MAX);
    bool post = span_is(r->method, "POST");

    if (post && strcmp(path, "/v1/files") == 0) {
        upload(p, r);
    } else if (post && strcmp(path, "/v1/batches") == 0) {
        create(p, r);
    } else if (strncmp(path, "/v1/batches?", 12) == 0) {
        list(p, path);
    } else if (strncmp(path, "/v1/files?", 10) == 0) {
        list_files(p);
    } else if (file && id > 0 && id < n_files && files[id].there) {
        if (span_is(r->method, "DELETE"))
            remove_file(p, id);
        else
            content(p, id);
    } else if (job && id > 0 && id < n_jobs) {
        put_job(&b, id);
        say(p, 200, buf_str(&b));
    } else {
        return false;
    }
    buf_release(&b);
    return true;
}

bool sim_batch(struct sim_play *p, const struct sim_request *r)
{
    char path[512];

    snprintf(path, sizeof(path), "%.*s", (int)r->path.len, r->path.ptr);
    work_all();
    if (strcmp(path, "/release") == 0) {
        sim_opt.hold = 0;
        say(p, 200, "{}");
        return true;
    }
    if (strncmp(path, "/v1/files", 9) != 0 &&
        strncmp(path, "/v1/batches", 11) != 0)
        return false;
    steps++;
    if (is("500") && steps % 3 == 0) {
        say(p, 500, "{}");
        return true;
    }
    if (sim_opt.hold && steps >= sim_opt.hold) {
        if (sim_opt.after && effect(p, r, path))
            buf_reset(&p->out);
        p->ending = SIM_HANG;
        return true;
    }
    return effect(p, r, path);
}
