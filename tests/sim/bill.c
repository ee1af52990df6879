#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "sim/sim.h"

static const char *const names[] = { "whole", "waste", "cut", "batch" };

static int fd = -1;
static unsigned requests, throttled, other;
static size_t n[4], prompts[4], completions[4];

/* Keys by their hash: open addressing. */
static struct row {
    uint64_t key;
    unsigned seen;
} * table;
static size_t used, room;

void sim_bill_open(void)
{
    if (!sim_opt.bill[0])
        return;
    fd = open(sim_opt.bill, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (fd < 0) {
        perror(sim_opt.bill);
        exit(1);
    }
}

void sim_bill(const char *key, enum sim_billed how, size_t prompt,
              size_t completion)
{
    char line[256];
    int len = snprintf(line, sizeof(line), "%s %s %zu %zu\n", names[how],
                       key[0] ? key : "-", prompt, completion);

    n[how]++;
    prompts[how] += prompt;
    completions[how] += completion;
    if (fd >= 0 && write(fd, line, (size_t)len) != len) {
        perror(sim_opt.bill);
        exit(1);
    }
}

void sim_count_request(void)
{
    requests++;
}

void sim_count_throttled(void)
{
    throttled++;
}

void sim_count_other(void)
{
    other++;
}

unsigned sim_requests(void)
{
    return requests;
}

void sim_bill_json(struct buf *b)
{
    const int files = sim_batch_files(); /* bills what is ready */

    putf(b,
         "{\"requests\":%u,\"throttled\":%u,\"other\":%u,\"steps\":%d,"
         "\"files\":%d,\"contents\":%d,\"most_lines\":%zu,\"most_bytes\":%zu,"
         "\"held\":%s",
         requests, throttled, other, sim_batch_steps(), files,
         sim_batch_contents(), sim_batch_most_lines(), sim_batch_most_bytes(),
         sim_opt.hold && sim_batch_steps() >= sim_opt.hold ? "true" : "false");
    for (int i = 0; i < 4; i++)
        putf(b, ",\"%s\":{\"n\":%zu,\"prompt\":%zu,\"completion\":%zu}",
             names[i], n[i], prompts[i], completions[i]);
    put(b, "}\n");
}

static size_t place(uint64_t key)
{
    size_t i = key & (room - 1);

    while (table[i].key && table[i].key != key)
        i = (i + 1) & (room - 1);
    return i;
}

static void grow(void)
{
    size_t before = room;
    void *old = table;

    room = room ? 2 * room : 1024;
    table = calloc(room, sizeof(*table));
    if (!table)
        exit(1);
    for (size_t i = 0; i < before; i++) {
        const struct row *e = (const struct row *)old + i;

        if (e->key)
            table[place(e->key)] = *e;
    }
    free(old);
}

unsigned sim_seen(const char *key)
{
    uint64_t h = hash64(key, strlen(key), 7) | 1;
    size_t i;

    if (2 * used >= room)
        grow();
    i = place(h);
    used += table[i].key == 0;
    table[i].key = h;
    return table[i].seen++;
}
