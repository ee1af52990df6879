"""Whole runs of llm-generate: a dry run, a pilot, Ctrl-C once and twice, its sums, its progress, its memory."""
import ctypes, fcntl, json, os, platform, pty, re, select, shutil, signal, struct, subprocess, tempfile, termios, time

import lib

SOCKET = {"x86_64": 41, "aarch64": 198}.get(platform.machine())


class Filter(ctypes.Structure):
    _fields_ = [("code", ctypes.c_uint16), ("jt", ctypes.c_uint8), ("jf", ctypes.c_uint8), ("k", ctypes.c_uint32)]


class Program(ctypes.Structure):
    _fields_ = [("len", ctypes.c_uint16), ("filter", ctypes.POINTER(Filter))]


def without_sockets():
    """In the child: the kernel kills it at the first socket(2)."""
    libc = ctypes.CDLL(None)
    rows = (Filter * 4)(Filter(0x20, 0, 0, 0), Filter(0x15, 0, 1, SOCKET), Filter(0x06, 0, 0, 0x80000000), Filter(0x06, 0, 0, 0x7FFF0000))
    libc.prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS
    libc.prctl(22, 2, ctypes.byref(Program(4, rows)), 0, 0)  # PR_SET_SECCOMP, SECCOMP_MODE_FILTER


def dry_run():
    """It opens no socket and needs no key, nor does --cache-only; the same without --dry-run does (or this could not fail)."""
    folder, bad = tempfile.mkdtemp(), []
    with lib.Sim() as s:
        command = lib.command(folder, lib.texts(folder, 20), lib.profile(folder, s.port))
        keyless = {k: v for k, v in os.environ.items() if k != "SIM_KEY"}
        for options, code, env in (["--dry-run"], 0, keyless), (["--quiet"], -signal.SIGSYS, lib.environment()), \
                (["--cache-only", "--force"], 0, keyless), (["--dry-run"], 0, keyless):
            p = subprocess.run(command + options, capture_output=True, env=env, preexec_fn=without_sockets, text=True)
            if p.returncode != code:
                bad.append("%s: ended with %d, expected %d" % (options, p.returncode, code))
            if code and s.bill()["requests"]:
                bad.append("requests came")
            if code:  # now it may, and what it buys is used without
                subprocess.run(command + options, env=env, check=True, capture_output=True)
        if "20 answered" not in p.stdout or s.bill()["requests"] != 20:
            bad.append("afterwards: " + p.stdout)
    shutil.rmtree(folder)
    return "a dry run and --cache-only open no socket", bad, p.stderr


def pilot():
    """What it projects is what the whole costs and keeps, to 20 %."""
    folder, bad = tempfile.mkdtemp(), []
    store = lib.texts(folder, 600)
    with lib.Sim("--seed", 5, "--faults", "refusal=0.05,truncated=0.05,wrong-shape=0.03,chat=0.02") as s:
        prof = lib.profile(folder, s.port)
        p = lib.run(folder, store, prof, "--pilot", 60, "--max-failures", 600)
        r = lib.run(folder, store, prof, "--max-failures", 600)
    m = re.search(r"projected for all: (\d+) sentences, (\d+) tokens, USD ([\d.]+)", p.out)
    kept = sum(int(x) for x in re.search(r"(\d+) positives, (\d+) negatives kept", r.out).groups())
    paid = r.ledger["prompt"] + r.ledger["completion"]
    for what, said, was in ("sentences", m.group(1), kept), ("tokens", m.group(2), paid), ("money", m.group(3), r.ledger["money"]):
        if not 0.8 <= float(said) / was <= 1.2:
            bad.append("%s: projected %s, %g in the end" % (what, said, was))
    shutil.rmtree(folder)
    return "a pilot's projection holds", bad, p.out + r.out


def interrupted(latency, signals, most_s):
    """Ctrl-C `signals` times amid 32 requests; then the rest, nothing bought twice but what was on its way."""
    folder, bad = tempfile.mkdtemp(), []
    store = lib.texts(folder, 200)
    with lib.Sim("--latency", latency) as s:
        prof = lib.profile(folder, s.port, timeout_s=30, concurrency={"start": 32, "max": 32})
        p = subprocess.Popen(lib.command(folder, store, prof), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=lib.environment(),
                             start_new_session=True, text=True)
        until = time.time() + 30
        while s.bill()["requests"] < 32 and time.time() < until:
            time.sleep(0.05)
        began = time.time()
        for _ in range(signals):
            os.kill(p.pid, signal.SIGINT)
            time.sleep(0.3)
        err = p.communicate()[1]
        took, bought = time.time() - began, s.bill()["whole"]["n"]
        if p.returncode != 130 or took > most_s:
            bad.append("exit %d after %.1f s" % (p.returncode, took))
        if signals == 1 and "run the same command again to go on" not in err:
            bad.append("it does not say how to go on")
    with lib.Sim("--port", s.port) as s:
        r = lib.run(folder, store, prof)
        again = s.bill()["whole"]["n"]
    lost = bought + again - 200
    if r.done.get("kept") != "200" or lost < 0 or lost > (0 if signals == 1 else 32):
        bad.append("%d answers bought before, %d after, of 200; kept %s" % (bought, again, r.done.get("kept")))
    shutil.rmtree(folder)
    return "Ctrl-C %s under load, and on" % ("once" if signals == 1 else "twice"), bad, err


def counts(r):
    return tuple(map(int, re.search(r"(\d+) positives, (\d+) negatives kept", r.out).groups()))


def top_up():
    """Two positives and a negative too few at first: they are asked for once. A run that stops before goes on there, what is there is
    used without them, and an answer that never comes takes nothing away."""
    folder, bad, n = tempfile.mkdtemp(), [], 40
    with lib.Sim("--always", "few", "--latency", 5) as s:
        store, prof = lib.texts(folder, n), lib.profile(folder, s.port, concurrency={"start": 4, "max": 4})
        lib.run(folder, store, prof, "--max-requests", 45)
        part = lib.run(folder, store, prof, "--cache-only", "--max-failures", n)
        before = s.bill()["requests"]
        r = lib.run(folder, store, prof, "--force")
        bill = s.bill()
        none = lib.run(folder, store, prof, "--force", "--top-up", 0)
        if s.bill()["requests"] != bill["requests"]:
            bad.append("%d requests more without top-ups" % (s.bill()["requests"] - bill["requests"]))
    if before != 45 or not 3 * 45 / 2 <= counts(part)[0] < 5 * n:
        bad.append("%d requests, then %s sentences" % (before, counts(part)))
    if ", %d of them topped up" % n not in r.out:
        bad.append("the report does not say so")
    if counts(r)[0] != 5 * n or not 5 * n - 8 <= counts(r)[1] <= 5 * n or bill["whole"]["n"] != 2 * n:
        bad.append("%s sentences, %d answers" % (counts(r), bill["whole"]["n"]))
    if counts(none) != (3 * n, 4 * n):
        bad.append("%s sentences without top-ups" % (counts(none),))
    if abs(lib.money(bill, "whole") - r.ledger["money"]) > 1e-9:
        bad.append("billed %g, ledger %g" % (lib.money(bill, "whole"), r.ledger["money"]))
    shutil.rmtree(folder)
    return "what is missing of an answer is asked for once", bad, r.out + r.err


def shown(path):
    text = subprocess.run([os.path.join(lib.BIN, "bin/records"), "show", "--in", path, "--json", "--limit", "1000000"], check=True,
                          capture_output=True, text=True).stdout
    return [json.loads(line) for line in text.splitlines()]


def sums():
    """The report's sums are those of the store, of the answers and of the simulator's bill."""
    folder, bad = tempfile.mkdtemp(), []
    with lib.Sim("--seed", 9, "--faults", "refusal=0.05,truncated=0.1,wrong-shape=0.05,500=0.05,429=0.02") as s:
        r = lib.run(folder, lib.texts(folder, 300), lib.profile(folder, s.port), "--max-failures", 300)
        bill = s.bill()
    rows = shown(os.path.join(folder, "out.lmdb"))
    with open(os.path.join(folder, "out.lmdb.answers.report.json")) as f:
        report = json.load(f)
    said = {k: int(v) for v, k in re.findall(r"(\d+) (positives|negatives)", r.out)}
    pairs = {"positives": sum(x.get("label") == 1 for x in rows), "negatives": sum(x.get("label") == 0 for x in rows)}
    if said != pairs or min(pairs.values()) < 1000:
        bad.append("the store has %s, the report %s" % (pairs, said))
    if sum(u["items_kept"] for u in report["use"]) != sum(pairs.values()) or report["checks"]["accepted"] != sum(pairs.values()):
        bad.append("%s sentences used, %s in the store" % (report["use"], pairs))
    if {x["note"]["template"] for x in rows} != {report["template_hash"]}:
        bad.append("the sentences are of another template than the report's")
    if report["run"]["requests"] != bill["requests"] or r.ledger["requests"] != bill["requests"]:
        bad.append("%d requests came, the report has %s" % (bill["requests"], report["run"]))
    refused = sum(json.loads(l)["reason"].startswith("filtered:") for l in open(os.path.join(folder, "rejects.jsonl")))
    if refused == 0 or " %d filtered" % refused not in r.out:
        bad.append("%d were put aside as filtered" % refused)
    shutil.rmtree(folder)
    return "the report's sums are the store's", bad, r.out


def anonymous(pid):
    """Bytes that are the process's own; pages of the stores' files come and go as the system likes."""
    try:
        with open("/proc/%d/status" % pid) as f:
            return next(int(line.split()[1]) << 10 for line in f if line.startswith("RssAnon"))
    except (OSError, StopIteration, IndexError):
        return 0


def peaks(folder, store, prof, *options):
    """Peak MiB while buying, and while writing the output; near-duplicates are looked for among all texts, so that is off."""
    command = lib.command(folder, store, prof, "--checks", "repeated=off", "-q", *options)
    p = subprocess.Popen(command, env=lib.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    most = [0, 0]
    while p.poll() is None:
        writing = os.path.exists(os.path.join(folder, "out.lmdb.part"))
        most[writing] = max(most[writing], anonymous(p.pid) / 2 ** 20)
        time.sleep(0.01)
    return most, p.communicate()[1] if p.returncode else ""


def memory(few=3000, many=15000):
    """Five times the anchors are bought in the same memory, but for 16 bytes each; the output takes at most 2 KiB an anchor (its
    ten distinct texts)."""
    folder, bad, seen = tempfile.mkdtemp(), [], []
    with lib.Sim() as s:
        prof = lib.profile(folder, s.port, concurrency={"start": 64, "max": 64})
        for n in few, many:
            most, err = peaks(folder, lib.texts(folder, n), prof)
            seen.append(most)
            bad += [err] if err else []
            for name in os.listdir(folder):
                if name != "profile.json":
                    os.remove(os.path.join(folder, name))
    note = "%d anchors: %.0f MiB buying, %.0f writing; %d: %.0f, %.0f" % (few, *seen[0], many, *seen[1])
    print("# sim: " + note, flush=True)
    if seen[1][0] > seen[0][0] + 4 + (many - few) * 16 / 2 ** 20 or seen[1][1] > seen[0][1] + 4 + (many - few) * 2048 / 2 ** 20:
        bad.append(note)
    shutil.rmtree(folder)
    return "memory does not grow with what is bought", bad, ""


PARTS = r"(?P<done>\d+)/600 anchors +\d+% [\d.]+/s(?: eta (?P<eta>\S+))?(?: money=(?P<money>[\d.e-]+) projected=(?P<projected>[\d.e-]+))?"
PARTS += "".join(r" %s=(?P<%s>\d+)" % (n, n) for n in ("failed", "filtered", "refused", "throttled", "retried", "under_way", "of",
                                                       "tokens_min", "cached"))


def on_terminal(command, most_s=60):
    """Its standard error, read from a terminal."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("4H", 40, 400, 0, 0))  # a narrow one gets a part of the line
    p = subprocess.Popen(command, env=lib.environment(), stdout=subprocess.DEVNULL, stderr=slave)
    os.close(slave)
    seen, until = b"", time.monotonic() + most_s
    while time.monotonic() < until:
        if not select.select([master], [], [], 1)[0]:
            continue
        try:
            seen += os.read(master, 65536)
        except OSError:
            break
    os.close(master)
    return seen.decode(errors="replace"), p.wait(), p


def progress():
    """On a terminal: all that the line should have, rising to what the end has."""
    folder, bad = tempfile.mkdtemp(), []
    with lib.Sim("--seed", 2, "--latency", 40, "--faults", "filter=.1,429-float=.02,500=.05") as s:
        store, prof = lib.texts(folder, 600), lib.profile(folder, s.port, concurrency={"start": 8, "max": 12})
        lib.run(folder, store, prof, "--limit", 100, "--max-failures", 600)
        text, code, _ = on_terminal(lib.command(folder, store, prof, "--force", "--max-failures", 600))
        ledger = lib.ledger(folder)
    lines = [re.search(PARTS, l) for l in text.split("\r") if "/600 anchors" in l]
    if code or len(lines) < 5 or not all(lines):
        return "the progress line", ["exit %d, %d lines, %d as they should be" % (code, len(lines), sum(map(bool, lines)))], text[-2000:]
    rows = [{k: float(v or 0) if k != "eta" else v for k, v in m.groupdict().items()} for m in lines]
    done, end = [r["done"] for r in rows], rows[-1]
    most = {k: max(r[k] for r in rows) for k in ("under_way", "of")}
    before = max(r["cached"] + r["failed"] for r in rows)
    if done != sorted(done) or not 100 <= done[0] < done[-1] <= 600:
        bad.append("done goes %s" % done)
    if not all(re.fullmatch(r"\d+s", str(r["eta"])) for r in rows[3:]):
        bad.append("no time left is said")
    if before != 100 or most["under_way"] > 12 or not 8 <= most["of"] <= 12:
        bad.append("cached and failed before %g, under way %s" % (before, most))
    bad += ["nothing %s" % n for n in ("filtered", "throttled", "retried", "tokens_min") if end[n] <= 0]
    if not abs(end["projected"] - ledger["money"]) < 0.2 * ledger["money"] or not 0 < end["money"] <= 1.001 * ledger["money"]:
        bad.append("money %s, projected %s, in the end %g" % (end["money"], end["projected"], ledger["money"]))
    shutil.rmtree(folder)
    return "the progress line", bad, text[-2000:]


def log_lines():
    """Not on a terminal: a line every 10 s."""
    folder = tempfile.mkdtemp()
    with lib.Sim("--latency", 1000) as s:
        r = lib.run(folder, lib.texts(folder, 12), lib.profile(folder, s.port, concurrency={"start": 1, "max": 1}), "--fixed")
    found = re.findall(r"progress seen=(\d+) of=12 unit=anchors rate=[\d.]+/s eta_s=\d+ money=.* projected=.*under_way=[01] of=1 .*cached=0", r.err)
    shutil.rmtree(folder)
    return "a log line every 10 s", [] if len(found) == 1 and 8 <= int(found[0]) <= 11 else ["%s" % found], r.err


JOBS = [(dry_run,), (pilot,), (interrupted, 200, 1, 5), (interrupted, 8000, 2, 2), (top_up,), (sums,), (progress,), (log_lines,)] + [(memory,)] * (not lib.SANITIZED)
