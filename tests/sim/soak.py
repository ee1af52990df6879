"""Many requests with random faults, and llm-generate killed at random, resumed until it is done.

soak.py [REQUESTS] [SEED]: no paid answer is lost but those under way at a kill, none is bought twice but those, the
ledger is the bill but for those, the cap is never passed by more than what was under way, and memory stays flat.
"""
import json, os, random, shutil, signal, subprocess, sys, tempfile, time
from collections import defaultdict

import lib

FLIGHT = 64  # requests under way at most
# Shares of requests. Those that end a run for good (no credit, wrong key) are in faults.py.
FAULTS = {"429-float": .01, "429-ms": .01, "429": .002, "overloaded": .002, "500": .01, "502": .01, "504": .005, "html": .004,
          "empty": .004, "200-error": .004, "cut-length": .01, "cut-chunk": .01, "reset": .01, "reset-at-once": .005,
          "bad-chunk": .003, "short-length": .003, "twice": .003, "queued": .01, "pieces": .01, "sse": .01, "sse-cut": .004,
          "sse-error": .004, "split-utf8": .002, "bad-utf8": .005, "nul": .005, "spaces": .003, "blank": .003, "wrong-shape": .003,
          "chat": .003, "filter": .003, "filtered": .003, "refusal": .003, "truncated": .01, "other-finish": .005, "fenced": .01,
          "thinking": .01, "empty-choices": .004, "null-choices": .004, "no-usage": .004, "other-id": .003, "hang": .0005,
          "silence": .0005, "keep-alive": .0005, "key-echo": .002}


def peak_rss(pid):
    """Anonymous memory of a process, in bytes: pages of a mapped store are the kernel's to drop."""
    try:
        with open("/proc/%d/status" % pid) as f:
            return max([int(l.split()[1]) << 10 for l in f if l.startswith("RssAnon")] or [0])
    except OSError:
        return 0


def mark(bill, what):
    with open(bill, "a") as f:
        f.write("mark %s\n" % what)


def play(folder, store, prof, bill, seed, *options):
    """Run it until it ends by itself; kills in between. Numbers of runs, kills, and most memory of each run."""
    rng = random.Random(seed)
    kills, peaks, code = 0, [], None
    while code is None:
        p = subprocess.Popen(lib.command(folder, store, prof, "--max-failures", 10 ** 9, "-q", *options), env=lib.environment(),
                             stdout=subprocess.DEVNULL, stderr=open(os.path.join(folder, "log"), "ab"))
        until = time.time() + rng.uniform(0.1, 3.0) * (1 + kills / 40)
        peak = 0
        while p.poll() is None and time.time() < until:
            peak = max(peak, peak_rss(p.pid))
            time.sleep(0.02)
        peaks.append(peak)
        if p.poll() is not None and p.returncode != 75:
            code = p.returncode
        elif p.poll() is None:
            p.send_signal(rng.choice([signal.SIGKILL] * 4 + [signal.SIGTERM]))
            if p.wait() == -signal.SIGKILL:
                kills += 1
        mark(bill, "run")
    return code, kills, peaks


def read_bill(path):
    """Of each key: (run, how, tokens in, tokens out) of everything billed for it."""
    run, keys = 0, defaultdict(list)
    with open(path) as f:
        for line in f:
            w = line.split()
            if w[0] == "mark":
                run += 1
            else:
                keys[w[1]].append((run, w[0], int(w[2]), int(w[3])))
    return keys, run


def repeats(keys):
    """Whole answers that were bought again: by run of the first. Second: repeats within one run, which must not be."""
    again, same_run, money = defaultdict(int), 0, 0.0
    for rows in keys.values():
        whole = [r for r in rows if r[1] == "whole"]
        for a, b in zip(whole, whole[1:]):
            same_run += a[0] == b[0]
            again[a[0]] += 1
            money += a[2] * lib.INPUT + a[3] * lib.OUTPUT
    return again, same_run, money * 1e-6


def judge(folder, keys, kills, peaks, code):
    bad = []
    total = {h: [0, 0.0] for h in ("whole", "waste", "cut")}
    dearest = 0.0
    for rows in keys.values():
        for _, how, i, o in rows:
            total[how][0] += 1
            total[how][1] += (i * lib.INPUT + o * lib.OUTPUT) * 1e-6
            dearest = max(dearest, (i * lib.INPUT + o * lib.OUTPUT) * 1e-6)
    again, same_run, lost = repeats(keys)
    ledger = lib.ledger(folder)
    if code != 0:
        bad.append("it ended with %d: %s" % (code, open(os.path.join(folder, "log")).read()[-600:]))
    if same_run:
        bad.append("%d answers were bought twice within one run" % same_run)
    bad += ["%d answers of run %d were bought again, more than %d under way" % (n, r, FLIGHT) for r, n in again.items() if n > FLIGHT]
    if sum(again.values()) > kills * FLIGHT:
        bad.append("%d answers were bought again after %d kills" % (sum(again.values()), kills))
    off = total["whole"][1] + total["waste"][1] - lost - ledger["money"]
    # wasted answers that were under way at a kill are on the bill alone
    if off < -1e-7 or off > kills * FLIGHT * dearest:
        bad.append("bill %.6f - bought again %.6f is not the ledger's %.6f" % (total["whole"][1] + total["waste"][1], lost, ledger["money"]))
    if max(peaks) > 64 << 20:
        bad.append("memory: %d MiB" % (max(peaks) >> 20))
    return bad, total, again, ledger, off


def capped(folder, store, prof, bill):
    """A cap on money, raised step by step, under kills: what was billed stays below it, but for what was under way."""
    bad = []
    for step in range(1, 4):
        cap = 0.15 * step
        play(folder, store, prof, bill, step, "--max-cost", cap)
        keys, _ = read_bill(bill)
        spent = sum((i * lib.INPUT + o * lib.OUTPUT) * 1e-6 for rows in keys.values() for _, _, i, o in rows)
        if spent > cap + FLIGHT * 0.004:
            bad.append("cap %g: billed %g" % (cap, spent))
    return bad


def soak(n, seed):
    folder = tempfile.mkdtemp(prefix="soak-")
    bill = os.path.join(folder, "bill")
    faults = ",".join("%s=%g" % f for f in FAULTS.items())
    store = lib.texts(folder, n)
    began = time.time()
    with lib.Sim("--seed", seed, "--latency", 20, "--faults", faults, "--bill", bill, "--storm", "4001,400") as s:
        prof = lib.profile(folder, s.port, concurrency={"start": FLIGHT, "max": FLIGHT})
        code, kills, peaks = play(folder, store, prof, bill, seed)
        other = s.bill()["other"]
        requests = s.bill()["requests"]
    keys, _ = read_bill(bill)
    bad, total, again, ledger, off = judge(folder, keys, kills, peaks, code)
    last = open(os.path.join(folder, "log")).read().splitlines()[-1]
    if other:
        bad.append("the other host heard something")
    bad += ["the key is in %s" % p for p in lib.leaks(folder)]
    print("soak: %d anchors, %d requests, %d kills, %.0f s; billed %d whole, %d of no use, %d cut" %
          (n, requests, kills, time.time() - began, total["whole"][0], total["waste"][0], total["cut"][0]))
    print("soak: bought again: %d; bill USD %.6f, ledger USD %.6f, unknown %g; peak %d MiB" %
          (sum(again.values()), total["whole"][1] + total["waste"][1], ledger["money"], ledger["unknown"], max(peaks) >> 20))
    print("soak: " + last)
    for b in bad:
        print("not ok: " + b)
    shutil.rmtree(folder)
    return bad


if __name__ == "__main__":
    bad = soak(int(sys.argv[1]) if len(sys.argv) > 1 else 100000, int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    sys.exit(bool(bad))
