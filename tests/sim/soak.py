"""Many requests with random faults, and llm-generate killed at random, resumed until it is done.

soak.py [ANCHORS] [SEED] [KILLS] [LATENCY in ms]: no paid answer is lost but those under way at a kill, none is bought twice but those, the
ledger is the bill but for those, a cap on money (raised twice) is never passed by more than those, memory stays flat
while buying, and an anchor ends as kept or failed with a reason. Under way: sent and not answered, or answered since the
last commit.
"""
import json, os, random, shutil, signal, subprocess, sys, tempfile, time
from collections import defaultdict

import lib

FLIGHT = 64  # requests sent and not answered, at most
UNDER_WAY = 2 * FLIGHT  # ... and answers that share the next commit
DEAREST = 0.005  # USD that one answer may cost, with room to spare
FLAT = (1024 if lib.SANITIZED else 16) << 20  # by how much memory may differ between early and late runs
EACH = 2048  # ... and what the output's table of distinct texts may take for each anchor, once all is bought
# Shares of requests; throttles are few, for each closes the endpoint to all. Those that end a run for good (no credit,
# wrong key) are in faults.py.
FAULTS = {"429-float": .0005, "429-ms": .0005, "429": .0005, "overloaded": .0005, "500": .01, "502": .01, "504": .005, "html": .004,
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


class Played:
    """What became of the runs."""

    def __init__(self, folder, bill, seed, kills):
        self.folder, self.bill, self.rng = folder, bill, random.Random(seed)
        self.left, self.kills, self.runs, self.peaks = kills, 0, 0, []

    def log(self):
        with open(os.path.join(self.folder, "log"), errors="replace") as f:
            return f.read()

    def once(self, command, most_s):
        """One run, which is perhaps ended after up to most_s seconds. Its exit code, or None."""
        p = subprocess.Popen(command, env=lib.environment(), stdout=subprocess.DEVNULL,
                             stderr=open(os.path.join(self.folder, "log"), "ab"))
        until = time.time() + self.rng.uniform(0.1, most_s) if self.left else float("inf")
        peak = [0, 0]  # while buying; while writing the output
        while p.poll() is None and time.time() < until:
            writing = os.path.exists(os.path.join(self.folder, "out.lmdb.part"))
            peak[writing] = max(peak[writing], peak_rss(p.pid))
            time.sleep(0.02)
        ended = p.poll() is not None
        if not ended:
            self.left -= 1
            p.send_signal(self.rng.choice([signal.SIGKILL] * 4 + [signal.SIGTERM]))
        self.kills += p.wait() == -signal.SIGKILL
        self.runs += 1
        self.peaks.append(peak)
        self.settle()
        mark(self.bill, "run")
        return p.returncode if ended else None

    def settle(self):
        """What was under way at a kill is still billed to that run, however busy the machine is."""
        size, quiet = -1, 0
        while quiet < 3:
            now = os.path.getsize(self.bill)
            size, quiet = now, quiet + 1 if now == size else 0
            time.sleep(0.1)

    def on(self, command, most_s):
        """Run until it ends by itself: its exit code."""
        code = None
        while code is None:
            code = self.once(command, most_s)
            if code == 75 and "cap on money" not in self.log().splitlines()[-1]:
                code = None  # the endpoint was away for too long
        return code


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


def sums(keys):
    """Number and USD of each kind of billed answer."""
    total = {h: [0, 0.0] for h in ("whole", "waste", "cut")}
    for rows in keys.values():
        for _, how, i, o in rows:
            total[how][0] += 1
            total[how][1] += (i * lib.INPUT + o * lib.OUTPUT) * 1e-6
    return total


def judge_cap(played, cap, code):
    """The cap stopped the run, and was kept but for what was under way at kills."""
    spent, billed = lib.ledger(played.folder).get("money", 0), sum(t[1] for t in sums(read_bill(played.bill)[0]).values())
    bad = []
    if code != 75:
        bad.append("cap %g: exit %d: %s" % (cap, code, played.log()[-600:]))
    if spent > cap:
        bad.append("cap %g: %g in the ledger" % (cap, spent))
    if billed > cap + played.kills * UNDER_WAY * DEAREST:
        bad.append("cap %g: %g on the bill after %d kills" % (cap, billed, played.kills))
    print("soak: cap USD %.4f: ledger %.6f, bill %.6f, %d kills" % (cap, spent, billed, played.kills))
    return bad


def judge_money(played, keys):
    """Bill against ledger."""
    total, (again, same_run, lost), ledger, bad = sums(keys), repeats(keys), lib.ledger(played.folder), []
    if same_run:
        bad.append("%d answers were bought twice within one run" % same_run)
    bad += ["%d answers of run %d were bought again, more than %d under way" % (n, r, UNDER_WAY)
            for r, n in again.items() if n > UNDER_WAY]
    if len(again) > played.kills:
        bad.append("answers of %d runs were bought again, %d were killed" % (len(again), played.kills))
    off = total["whole"][1] + total["waste"][1] - lost - ledger["money"]
    # answers of no use that were under way at a kill are on the bill alone
    if off < -1e-7 or off > played.kills * UNDER_WAY * DEAREST * 0.1:
        bad.append("bill %.6f - bought again %.6f is not the ledger's %.6f" %
                   (total["whole"][1] + total["waste"][1], lost, ledger["money"]))
    print("soak: billed %d whole, %d of no use, %d cut; bought again %d, at most %d of one run" %
          (total["whole"][0], total["waste"][0], total["cut"][0], sum(again.values()), max(again.values(), default=0)))
    print("soak: bill USD %.6f, of it bought again %.6f; ledger USD %.6f, differs by %.6f; answers of unknown price %g" %
          (total["whole"][1] + total["waste"][1], lost, ledger["money"], off, ledger["unknown"]))
    return bad


def judge_memory(peaks, n):
    """Buying: late runs against early ones."""
    buying, writing = [b for b, _ in peaks if b > 0], max(w for _, w in peaks)
    part = max(1, len(buying) // 4)
    early, late = max(buying[:part]), max(buying[-part:])
    print("soak: peak memory while buying %d MiB in early runs, %d MiB in late ones; while writing the output %d MiB" %
          (early >> 20, late >> 20, writing >> 20))
    bad = ["memory grew from %d to %d MiB" % (early >> 20, late >> 20)] if late > early + FLAT else []
    return bad + (["%d MiB while writing" % (writing >> 20)] if writing > early + FLAT + n * EACH else [])


def judge_end(played, code, n):
    log = played.log()
    last = log.splitlines()[-1]
    done = dict(w.split("=") for w in last.split() if "=" in w)
    bad = [] if code == 0 else ["it ended with %s: %s" % (code, log[-600:])]
    if int(done.get("seen", 0)) != n or int(done.get("kept", 0)) + int(done.get("failed", 0)) != n:
        bad.append("not every anchor has an end: " + last)
    print("soak: " + last)
    return bad


def soak(n, seed, kills=0, latency=20):
    folder = tempfile.mkdtemp(prefix="soak-")
    played = Played(folder, os.path.join(folder, "bill"), seed, kills or 12 + n // 5000)
    faults = ",".join("%s=%g" % f for f in FAULTS.items())
    store = lib.texts(folder, n)
    began, bad, most_s = time.time(), [], 0.4 + n / 3500  # each run looks through what is there first
    with lib.Sim("--seed", seed, "--latency", latency, "--faults", faults, "--bill", played.bill, "--storm", "4001,400") as s:
        prof = lib.profile(folder, s.port, concurrency={"start": FLIGHT, "max": FLIGHT})
        # what near-duplicates are looked for among is kept in memory
        command = lib.command(folder, store, prof, "--max-failures", 10 ** 9, "-q", "--checks", "repeated=off")
        for cap in 0.00025 * n, 0.0006 * n:
            bad += judge_cap(played, cap, played.on(command + ["--max-cost", str(cap)], most_s))
        code = played.on(command, most_s)
        bill = s.bill()
    print("soak: %d anchors, %d requests, %d runs, %d kills, %.0f s" %
          (n, bill["requests"], played.runs, played.kills, time.time() - began))
    bad += judge_end(played, code, n) + judge_money(played, read_bill(played.bill)[0]) + judge_memory(played.peaks, n)
    if bill["other"]:
        bad.append("the other host heard something")
    bad += ["the key is in %s" % p for p in lib.leaks(folder)]
    for b in bad:
        print("not ok: " + b)
    shutil.rmtree(folder)
    return bad


if __name__ == "__main__":
    given = [int(w) for w in sys.argv[1:]]
    sys.exit(bool(soak(*(given + [100000, 1][len(given):]))))
