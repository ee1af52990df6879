"""Every fault of the simulator against llm-generate, once and for ever.

The oracle: each anchor ends as kept or failed with a reason; seen = kept + rejected + failed; the ledger's money is the
bill's, and what was billed but did not arrive is in the ledger as unknown; memory is bounded; the host that redirects
lead to got nothing; the key is nowhere.
"""
import json, os, re, shutil, signal, subprocess, sys, tempfile, time
from concurrent.futures import ThreadPoolExecutor

import batches, codes, keys, lib, readme, reports, runs, soak, tls

OK, LATER, BROKE, AUTH, CONFIG = 0, 75, 76, 77, 78
# What one appearance of a fault leads to: kept anchors of 3 and exit code; the reason of those that failed begins so.
FAILS = {"ark-filter": "filtered:", "filter": "filtered:", "filtered": "filtered:", "refusal": "filtered:"}
# These come again at the corrective turn, which is a request of its own, so they fail although the fault comes once a key.
FAILS.update({n: "unparsed:" for n in ("deep-content", "wrong-shape", "wrong-types", "chat")})
FAILS.update({n: "empty:" for n in ("blank", "null-content")})
FAILS.update({n: "truncated:" for n in ("spaces", "half-thought")})
STOPS = {n: BROKE for n in ("quota", "spend-limit", "402", "arrearage", "free-tier", "ark-overdue", "ark-set-limit")}
STOPS.update({n: CONFIG for n in ("too-long", "413", "404")}, **{"401": AUTH})
# Seconds that a run with this fault takes: what the server asks for is waited for, what is absurd is not.
WAITS = {"429-seconds": (1.0, 8), "429-date": (0.05, 8), "429-float": (0.25, 8), "429-ms": (0.2, 8), "429-reset": (0.12, 8)}
WAITS.update({"429-" + n: (0, 8) for n in ("negative", "absurd", "past", "words", "plain")})
# What never ends is given up at the deadline of an attempt, 2 s; what is too large much earlier.
WAITS.update({n: (2, 15) for n in ("silence", "slow-header", "slow-body", "keep-alive", "sse-keep-alive", "hang")})
WAITS.update({n: (0, 10) for n in ("huge", "gzip-bomb", "long-header", "many-headers", "deep")})
COUNT = [0, 0]


def check(name, problems, show=""):
    COUNT[bool(problems)] += 1
    print("%s sim: %s" % ("not ok" if problems else "ok", name), flush=True)
    for p in problems:
        print("    " + p)
    if problems and show:
        print("    " + show.strip().replace("\n", "\n    "))


def near(a, b):
    return abs(a - b) < 1e-9


def oracle(folder, r, bill):
    """What holds whatever happened."""
    bad = []
    d = {k: float(v) for k, v in r.done.items()}
    if d and d["seen"] != d["kept"] + d["rejected"] + d["failed"]:
        bad.append("seen is not kept + rejected + failed: %s" % r.done)
    paid = lib.money(bill, "whole", "waste", "batch")
    if not near(paid, r.ledger.get("money", 0)):
        bad.append("billed %.9f, in the ledger %.9f" % (paid, r.ledger.get("money", 0)))
    if r.ledger.get("unknown", 0) < bill["cut"]["n"]:
        bad.append("%d cut answers were billed, the ledger knows of %g" % (bill["cut"]["n"], r.ledger.get("unknown", 0)))
    if r.ledger.get("held_money", 0) < lib.money(bill, "cut") - 1e-9:
        bad.append("the budget holds less than the cut answers cost")
    if r.ledger and r.ledger["requests"] != bill["requests"]:
        bad.append("%d requests came, the ledger has %g" % (bill["requests"], r.ledger["requests"]))
    if bill["other"]:
        bad.append("%d connections to the other host" % bill["other"])
    bad += ["the key is in %s" % p for p in lib.leaks(folder, r.out, r.err)]
    try:
        peak = json.load(open(os.path.join(folder, "out.lmdb.run.json")))["peak_bytes"]
        if peak > 512 << 20:
            bad.append("peak memory %d" % peak)
    except FileNotFoundError:
        pass
    return bad


def once(name):
    folder = tempfile.mkdtemp()
    with lib.Sim("--always", name, "--latency", 5, "--key", lib.KEY) as s:
        store = lib.texts(folder, 3, chinese=len(name) % 2)
        prof = lib.profile(folder, s.port)
        began = time.monotonic()
        r = lib.run(folder, store, prof, "--max-failures", 100, "--template", "zh" if len(name) % 2 else "en")
        took = time.monotonic() - began
        bill = s.bill()
    bad = oracle(folder, r, bill)
    least, most = WAITS.get(name, (0, 30))
    if not least <= took <= most:
        bad.append("took %.2f s, expected %g to %g" % (took, least, most))
    code = CONFIG if name.startswith("redirect") else STOPS.get(name, OK)
    kept = 0 if name in FAILS or code else 3
    if r.code != code:
        bad.append("exit %d, expected %d" % (r.code, code))
    if code == OK and int(r.done.get("kept", -1)) != kept:
        bad.append("kept %s, expected %d" % (r.done.get("kept"), kept))
    if FAILS.get(name) == "filtered:" and bill["requests"] > 3:
        bad.append("%d requests about 3 anchors" % bill["requests"])
    if name in FAILS and r.code == OK:
        rows = [json.loads(l) for l in open(os.path.join(folder, "rejects.jsonl"))]
        bad += ["reason " + x["reason"] for x in rows if not x["reason"].startswith(FAILS[name])]
    shutil.rmtree(folder)
    return "fault %s" % name, bad, r.err


def table(names):
    """Every fault stands in README.md's table, and nothing else does."""
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "README.md"), encoding="utf-8") as f:
        told = {w for l in f if l.startswith("|") and l.count("|") == 4 for w in re.findall("`([^`]*)`", l.split("|")[2])}
    bad = ["%s is not in README.md" % n for n in names if n not in told]
    return "each fault is in the table", bad + ["%s is in README.md only" % n for n in told - set(names)], ""


def for_ever(name, code, *options):
    """It never stops: the run ends by itself, says why, and goes on once the endpoint is well."""
    folder = tempfile.mkdtemp()
    store = lib.texts(folder, 40)
    with lib.Sim("--always", name, "--times", 1000000) as s:
        r = lib.run(folder, store, lib.profile(folder, s.port, timeout_s=1), "--max-failures", 100, *options)
        bad = oracle(folder, r, s.bill())
    if r.code != code:
        bad.append("exit %d, expected %d" % (r.code, code))
    with lib.Sim() as s:
        again = lib.run(folder, store, lib.profile(folder, s.port), "--retry-failed")
    if again.done.get("kept") != "40":
        bad.append("afterwards kept %s of 40" % again.done.get("kept"))
        r.err += again.err
    shutil.rmtree(folder)
    return "%s for ever" % name, bad, r.err


def streamed():
    """A profile that asks for streams, and what can be wrong with them."""
    folder = tempfile.mkdtemp()
    with lib.Sim("--seed", 9, "--faults", "sse-cut=.02,sse-error=.02,sse-no-done=.1,sse-spaces=.05,sse-keep-alive=.01,500=.02") as s:
        r = lib.run(folder, lib.texts(folder, 100), lib.profile(folder, s.port, stream=True))
        bill = s.bill()
    bad = oracle(folder, r, bill)
    if r.code != OK or r.done.get("kept") != "100" or bill["whole"]["n"] != 100:
        bad.append("exit %d, kept %s, %d whole answers" % (r.code, r.done.get("kept"), bill["whole"]["n"]))
    shutil.rmtree(folder)
    return "streams", bad, r.err


def blanks_of_a_stream():
    """Blanks without end are cut off at once, and what is asked then goes without JSON mode."""
    folder = tempfile.mkdtemp()
    with lib.Sim("--always", "sse-spaces") as s:
        r = lib.run(folder, lib.texts(folder, 3), lib.profile(folder, s.port, stream=True, timeout_s=60))
        bill = s.bill()
    bad = oracle(folder, r, bill)
    if r.done.get("kept") != "3" or bill["requests"] != 6 or bill["whole"]["n"] != 3 or float(r.done["seconds"]) > 20:
        bad.append("%s, bill %s" % (r.done, bill))
    shutil.rmtree(folder)
    return "blanks of a stream are cut off long before its deadline", bad, r.err


def storm():
    """Bursts of 429: all is answered, nothing paid twice, and the pace comes back."""
    folder = tempfile.mkdtemp()
    with lib.Sim("--latency", 5, "--storm", "900,300") as s:
        r = lib.run(folder, lib.texts(folder, 3000), lib.profile(folder, s.port))
        bill = s.bill()
    bad = oracle(folder, r, bill)
    if r.done.get("kept") != "3000" or bill["whole"]["n"] != 3000 or not bill["throttled"]:
        bad.append("%s, bill %s" % (r.done, bill))
    shutil.rmtree(folder)
    return "storms of 429", bad, r.err


def two_meanings():
    """insufficient_quota under a profile that says it is a throttle."""
    folder = tempfile.mkdtemp()
    with lib.Sim("--always", "quota") as s:
        errors = {"insufficient_quota": "throttled", "insufficient_quota: Free allocated": "billing"}
        r = lib.run(folder, lib.texts(folder, 3), lib.profile(folder, s.port, errors=errors))
        bad = oracle(folder, r, s.bill())
    if r.done.get("kept") != "3":
        bad.append("%s" % r.done)
    shutil.rmtree(folder)
    return "the same quota error is a throttle where the profile says so", bad, r.err


def caps():
    """A cap on money stops the run, raised it goes on; never over by more than what was under way."""
    folder = tempfile.mkdtemp()
    bad = []
    store = lib.texts(folder, 400)
    with lib.Sim("--latency", 5) as s:
        prof = lib.profile(folder, s.port)
        for cap, code in (0.05, LATER), (0.1, LATER), (0, OK):
            r = lib.run(folder, store, prof, *(("--max-cost", cap) if cap else ()))
            bill = s.bill()
            bad += oracle(folder, r, bill)
            if r.code != code or (cap and lib.money(bill, "whole") > cap):
                bad.append("cap %g: exit %d, billed %g" % (cap, r.code, lib.money(bill, "whole")))
        if bill["whole"]["n"] != 400:
            bad.append("%d answers were bought for 400 anchors" % bill["whole"]["n"])
    shutil.rmtree(folder)
    return "a cap on money holds, and a raised one goes on", bad, r.err


def certificates():
    """TLS: a good certificate works; a wrong name, an expired and an unknown one send nothing."""
    folder = tempfile.mkdtemp()
    tls.certificates(folder)
    os.environ["SSL_CERT_FILE"] = os.path.join(folder, "ca.pem")
    store = lib.texts(folder, 3)
    bad, log = [], ""
    with lib.Sim() as s:
        for cert, want in ("wrong", 0), ("old", 0), ("alone", 0), ("good", 3):
            front = subprocess.Popen([sys.executable, tls.__file__, folder, str(s.port), cert], stdout=subprocess.PIPE, text=True)
            port = int(front.stdout.readline())
            r = lib.run(folder, store, lib.profile(folder, 0, base_url="https://localhost:%d/v1" % port))
            log += r.err
            got = s.bill()["requests"]
            if got != want or (r.code == 0) != (want > 0):
                bad.append("%s: exit %d, %d requests" % (cert, r.code, got))
            front.kill()
            front.wait()
    del os.environ["SSL_CERT_FILE"]
    shutil.rmtree(folder)
    return "certificates are checked", bad, log


def swallowed(r, bill):
    """The oracle with a proxy between that dies with answers, or requests, in its hands."""
    bad = []
    paid, known, held = lib.money(bill, "whole", "waste"), r.ledger.get("money", 0), r.ledger.get("held_money", 0)
    if known > paid + 1e-9 or paid > known + held + 1e-9:
        bad.append("billed %.6f, the ledger has %.6f and holds %.6f" % (paid, known, held))
    lost = r.ledger["requests"] - bill["requests"]
    if not 0 <= lost <= r.ledger["unknown"]:
        bad.append("%d requests came, the ledger has %g, %g of them unknown" % (bill["requests"], r.ledger["requests"], r.ledger["unknown"]))
    return bad


def http2():
    """Many requests on one connection; three times it breaks with all that is under way: three events, not an outage."""
    folder = tempfile.mkdtemp()
    tls.certificates(folder)
    store = lib.texts(folder, 400)
    bad = []
    with lib.Sim("--latency", 500) as s, tls.Http2(folder, s.port) as front:
        prof = lib.profile(folder, 0, base_url="https://localhost:%d/v1" % front.port, concurrency={"start": 80, "max": 80}, timeout_s=20)
        p = lib.start(folder, store, prof, "--fixed", env={"SSL_CERT_FILE": os.path.join(folder, "ca.pem")})
        for _ in range(3):
            came = s.bill()["requests"]
            while s.bill()["requests"] < came + 70 and p.poll() is None:
                time.sleep(0.01)
            p.send_signal(signal.SIGSTOP)  # it sees the connection broken, but not how long nghttpx takes to listen again
            front.restart()
            p.send_signal(signal.SIGCONT)
        r = lib.finish(p, folder)
        bill = s.bill()
    bad += swallowed(r, bill)
    if r.code != OK or r.done.get("kept") != "400":
        bad.append("exit %d, kept %s of 400" % (r.code, r.done.get("kept")))
    if r.ledger.get("failed", 0) < 120:
        bad.append("only %s requests broke" % r.ledger.get("failed"))
    bad += front.not_http2()
    shutil.rmtree(folder)
    return "HTTP/2, and its connection breaks", bad, r.err


def restarted():
    """The endpoint breaks off all that is under way and is gone for a while: nothing is given up, and nobody need start again."""
    folder = tempfile.mkdtemp()
    store = lib.texts(folder, 800)
    bad = []
    with lib.Sim("--latency", 300) as s:
        prof = lib.profile(folder, s.port, concurrency={"start": 64, "max": 64}, timeout_s=20)
        p = lib.start(folder, store, prof, "--fixed")
        while s.bill()["requests"] < 300 and p.poll() is None:
            time.sleep(0.01)
        before, port = s.bill()["whole"]["n"], s.port
    time.sleep(3)
    with lib.Sim("--latency", 300, "--port", port) as s:
        r = lib.finish(p, folder)
        bill = s.bill()
    if r.code != OK or r.done.get("kept") != "800":
        bad.append("exit %d, kept %s of 800" % (r.code, r.done.get("kept")))
    if "cannot be reached" not in r.err:
        bad.append("the log does not say that it cannot be reached")
    if not 0 <= before + bill["whole"]["n"] - 800 <= 64:
        bad.append("%d + %d answers on the bills" % (before, bill["whole"]["n"]))
    shutil.rmtree(folder)
    return "an endpoint that is gone for three seconds", bad, r.err


def foreign():
    """A server of somebody else's, where its packages are: 0 skipped, or 1."""
    r = subprocess.run(["bash", os.path.join(lib.ROOT, "tests/sim/llama_server.sh"), os.environ.get("LLAMA_PYTHON", "python3")],
                       env=dict(os.environ, BIN=lib.BIN), capture_output=True, text=True)
    if r.stdout.startswith("skipped: "):
        print("skip sim: " + r.stdout[9:].strip() + " (LLAMA_PYTHON)")
        return 1
    check("llama.cpp's own server, by its schema", [] if r.returncode == 0 else ["exit %d" % r.returncode], r.stdout + r.stderr)
    return 0


def main():
    names = subprocess.run([os.path.join(lib.BIN, "sim/sim"), "--names"], capture_output=True, text=True).stdout.split()
    jobs = [(once, n) for n in names]
    jobs += [(for_ever, n, 69) for n in ("500", "html", "cut-length")]
    jobs += [(for_ever, n, LATER, "--max-time", 3) for n in ("keep-alive", "429-float")]
    if os.environ.get("ONLY"):
        jobs = [j for j in jobs if os.environ["ONLY"] in j[1]]
    skipped = foreign()
    check(*table(names))
    check(*restarted())
    if shutil.which("openssl"):
        check(*certificates())
        if shutil.which("nghttpx"):
            check(*http2())
        else:
            skipped += 1
            print("skip sim: HTTP/2: no nghttpx (package nghttp2-proxy) here")
    else:
        skipped += 1
        print("skip sim: certificates are checked: no openssl program here")
    with ThreadPoolExecutor(6) as pool:
        for job in [pool.submit(*j) for j in jobs] + [pool.submit(j) for j in (storm, two_meanings, caps, streamed, blanks_of_a_stream)] + \
                [pool.submit(*j) for j in batches.JOBS + codes.JOBS]:
            check(*job.result())
    for job in runs.JOBS + reports.JOBS + keys.JOBS:  # alone: they look at time, memory and other processes
        check(*job[0](*job[1:]))
    if lib.SANITIZED:
        skipped += 1
        print("skip sim: memory does not grow with what is bought: not under a sanitizer")
    for result, why in keys.crashes():
        if result:
            check(*result)
        else:
            skipped += 1
            print("skip sim: " + why)
    if readme.port_is_free():
        check(*readme.as_printed())
    else:
        skipped += 1
        print("skip sim: README's commands: port %d is in use" % readme.PORT)
    check("300 anchors with random faults and kills", soak.soak(300, 3))
    results = os.path.join(lib.ROOT, "build/results")
    os.makedirs(results, exist_ok=True)
    with open(os.path.join(results, "sim"), "w") as f:
        f.write("%d %d %d\n" % (*COUNT, skipped))
    sys.exit(COUNT[1] > 0)


main()
