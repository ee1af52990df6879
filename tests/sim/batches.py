"""llm-generate --batch against the simulator: what can go wrong with batches, and kill -9 at every step."""
import json, os, random, shutil, signal, subprocess, sys, tempfile, time, urllib.request

import lib

POLL = 0.1
BATCH = {"path": "/batches", "files": "/files", "url": "/v1/chat/completions", "lines": 7, "bytes": 1000000, "window": "24h",
         "tokens": 1000000, "poll_s": POLL}


def profile(folder, port, **more):
    return lib.profile(folder, port, batch=dict(BATCH, **more))


def end(folder, s, r, anchors, bad, answers=None):
    """All answered, once; the ledger is the bill; no file is left."""
    bill = s.bill()
    if r.done.get("kept") != str(anchors) or r.code != 0:
        bad.append("exit %d, %s" % (r.code, r.done))
    if bill["batch"]["n"] + bill["whole"]["n"] != (answers or anchors):
        bad.append("%d answers were paid for %d anchors" % (bill["batch"]["n"] + bill["whole"]["n"], anchors))
    paid = lib.money(bill, "whole", "batch")
    if abs(paid - r.ledger.get("money", 0)) > 1e-9:
        bad.append("billed %.9f, ledger %.9f" % (paid, r.ledger.get("money", 0)))
    if bill["files"]:
        bad.append("%d files are left at the endpoint" % bill["files"])
    bad += ["the key is in %s" % p for p in lib.leaks(folder, r.out, r.err)]


def wrong(what, *options, anchors=30, **limits):
    """Something goes wrong with batches; all is answered in the end, and nothing twice."""
    folder, bad = tempfile.mkdtemp(), []
    with lib.Sim("--batch", what, "--poll", POLL, "--key", lib.KEY, *options) as s:
        r = lib.run(folder, lib.texts(folder, anchors), profile(folder, s.port, **limits), "--batch", "--max-failures", 100)
        end(folder, s, r, anchors, bad)
        bill, limit = s.bill(), dict(BATCH, **limits)
    if bill["most_lines"] > limit["lines"] or bill["most_bytes"] > limit["bytes"]:
        bad.append("a file of %d lines, %d bytes" % (bill["most_lines"], bill["most_bytes"]))
    shutil.rmtree(folder)
    return "batch: %s" % (what or "as it should be, %s" % (limits or "")), bad, r.err


def rounds(what, fault, answers, *options):
    """Each first answer to a question leads to another, and so on: as many are paid for each anchor, in rounds of batches."""
    folder, bad = tempfile.mkdtemp(), []
    with lib.Sim("--poll", POLL, "--always", fault) as s:
        r = lib.run(folder, lib.texts(folder, 20), profile(folder, s.port), "--batch", *options)
        end(folder, s, r, 20, bad, answers=20 * answers)
    shutil.rmtree(folder)
    return "batch: " + what, bad, r.err


def some_lines_fail():
    return wrong("", "--faults", "429=0.4,500=0.05,502=0.05", "--seed", 7)


def streams():
    """A profile that streams: no line of a batch does, and what was bought one way is there the other way."""
    folder, bad = tempfile.mkdtemp(), []
    with lib.Sim("--poll", POLL) as s:
        store, prof = lib.texts(folder, 20), lib.profile(folder, s.port, batch=BATCH, stream=True)
        r = lib.run(folder, store, prof, "--batch", "--max-failures", 20)
        end(folder, s, r, 20, bad)
        r = lib.run(folder, store, prof, "--force")
        end(folder, s, r, 20, bad)
    shutil.rmtree(folder)
    return "batch: no line asks for a stream", bad, r.err


def few_bytes():
    return wrong("", bytes=9000)


def few_tokens():
    return wrong("", tokens=6000)


def no_such_model():
    """The endpoint takes no batch like this: the run ends and says why, and nothing is paid but the first answer."""
    folder, bad = tempfile.mkdtemp(), []
    with lib.Sim("--batch", "model", "--poll", POLL) as s:
        r = lib.run(folder, lib.texts(folder, 20), profile(folder, s.port), "--batch")
        bill = s.bill()
    if r.code != 78 or "mismatched_model" not in r.err or bill["batch"]["n"] or bill["files"]:
        bad.append("exit %d, %s" % (r.code, bill))
    shutil.rmtree(folder)
    return "batch: refused as a whole", bad, r.err


def killed_merging(anchors=4000, kills=6):
    """kill -9 amid the answers of a large file: what was taken is taken once."""
    folder, bad, rng, done = tempfile.mkdtemp(), [], random.Random(5), 0
    with lib.Sim("--poll", POLL) as s:
        store, prof = lib.texts(folder, anchors), profile(folder, s.port, lines=10 ** 6, bytes=10 ** 8, tokens=10 ** 8)
        for k in range(kills):
            p = subprocess.Popen(lib.command(folder, store, prof, "--batch"), env=lib.environment(), stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL)
            while p.poll() is None and s.bill()["contents"] <= k:
                time.sleep(0.01)
            time.sleep(rng.uniform(0.0, 0.3 if k else 0.02))
            early = p.poll() is not None  # a fast machine is through sooner
            if early and k == 0:
                bad.append("it ended before the first kill")
            p.kill()
            p.wait()
            done += not early
        r = lib.run(folder, store, prof, "--batch", timeout=120)
        end(folder, s, r, anchors, bad)
    shutil.rmtree(folder)
    return "batch: kill -9 amid the answers, %d times" % done, bad, r.err


def refused():
    """Every line comes back as an error, none in the output file: each ends with a reason."""
    folder, bad = tempfile.mkdtemp(), []
    with lib.Sim("--batch", "null", "--poll", POLL, "--faults", "too-long=1") as s:
        store = lib.texts(folder, 10)
        with lib.Sim() as good:  # proves the way of asking, which the faulty one would refuse
            lib.run(folder, store, profile(folder, good.port), "--limit", 1)
            port = good.port
        # the same endpoint by its address, now with errors only
        s.__exit__()
        s.options += ["--port", str(port)]
        s.__enter__()
        os.remove(os.path.join(folder, "out.lmdb"))
        r = lib.run(folder, store, profile(folder, port), "--batch", "--max-failures", 100)
        rows = [json.loads(l)["reason"] for l in open(os.path.join(folder, "rejects.jsonl"))]
    if r.done.get("failed") != "9" or any("context_length_exceeded" not in x for x in rows):
        bad.append("%s %s" % (r.done, rows[:2]))
    shutil.rmtree(folder)
    return "batch: all in the error file", bad, r.err


def cap():
    """A cap on money ends the run between batches; raised, it goes on."""
    folder, bad = tempfile.mkdtemp(), []
    with lib.Sim("--poll", POLL) as s:
        store, prof = lib.texts(folder, 40), profile(folder, s.port)
        r = lib.run(folder, store, prof, "--batch", "--max-cost", 0.012)
        if r.code != 75 or lib.money(s.bill(), "whole", "batch") > 0.012:
            bad.append("exit %d, billed %g" % (r.code, lib.money(s.bill(), "whole", "batch")))
        r = lib.run(folder, store, prof, "--batch")
        end(folder, s, r, 40, bad)
    shutil.rmtree(folder)
    return "batch: a cap on money holds", bad, r.err


def killed(step, after):
    """kill -9 while request number `step` to the batch API hangs, before or after its effect; then again to the end.
    False: there is no such step."""
    folder, bad = tempfile.mkdtemp(), []
    with lib.Sim("--poll", POLL, "--hold", "%d,%d" % (step, after)) as s:
        store, prof = lib.texts(folder, 15), profile(folder, s.port)
        p = subprocess.Popen(lib.command(folder, store, prof, "--batch"), env=lib.environment(), stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL)
        while p.poll() is None and not s.bill()["held"]:
            time.sleep(0.01)
        reached = p.poll() is None
        p.kill()
        p.wait()
        urllib.request.urlopen("http://127.0.0.1:%d/release" % s.port).read()
        if reached:
            r = lib.run(folder, store, prof, "--batch")
            end(folder, s, r, 15, bad)
    shutil.rmtree(folder)
    return reached, ["step %d, %s: %s" % (step, "after" if after else "before", b) for b in bad]


def every_step():
    bad, step = [], 1
    while True:
        reached, more = killed(step, 0)
        if not reached:
            break
        bad += more + killed(step, 1)[1]
        step += 1
    if step < 10:
        bad.append("only %d steps" % step)
    return "batch: kill -9 at each of %d steps, before and after" % (step - 1), bad, ""


JOBS = [(wrong, ""), (streams,), (few_bytes,), (few_tokens,), (rounds, "answers cut by their cap", "truncated", 2, "--top-up", 0),
        (rounds, "answers cut by their cap, then what is missing", "truncated", 3), (rounds, "answers with something missing", "few", 2),
        (some_lines_fail,), (wrong, "late"), (wrong, "queue"), (wrong, "expired"), (wrong, "cancelled"),
        (wrong, "500"), (refused,), (no_such_model,), (cap,), (killed_merging,), (every_step,)]

if __name__ == "__main__":
    for job in JOBS:
        print(job[0](*job[1:]))
