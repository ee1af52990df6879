"""What a run says of its money: a model that thinks unasked, tokens from the cache, tokens that went to waste; and graded negatives."""
import json, os, re, shutil, tempfile

import lib, runs


def cut_prompts():
    """Prompts that are cut, by the usage: the run ends for it, and what came before is kept."""
    folder, bad = tempfile.mkdtemp(), []
    with lib.Sim("--always", "cut-prompt", "--latency", 5) as s:
        r = lib.run(folder, lib.texts(folder, 40), lib.profile(folder, s.port, concurrency={"start": 1, "max": 1}))
        bill = s.bill()
    if r.code != 78 or bill["requests"] not in (5, 6) or "took 4096 tokens for each of 5 answers" not in r.err:
        bad.append("exit %d after %d requests" % (r.code, bill["requests"]))
    if abs(r.ledger["money"] - lib.money(bill, "whole")) > 1e-9:
        bad.append("billed %g, ledger %g" % (lib.money(bill, "whole"), r.ledger["money"]))
    shutil.rmtree(folder)
    return "an endpoint that cuts prompts ends the run", bad, r.err


def thinks():
    """It is told not to think and does: one warning with what it took, however many answers; none when it is told to."""
    folder, bad = tempfile.mkdtemp(), []
    store = lib.texts(folder, 20)
    with lib.Sim("--always", "reasons") as s:
        prof = lib.profile(folder, s.port, thinking={"off": {"think": False}, "on": {"think": True}})
        r = lib.run(folder, store, prof)
        told = lib.run(folder, store, prof, "--thinking", "on", "--force")
    warned = re.findall(r"warn: sim/sim thinks although it is told not to: 17 of \d+ tokens of this answer, paid for like the rest", r.err)
    if len(warned) != 1 or r.ledger["reasoning"] != 20 * 17 or "(340 reasoning)" not in r.out:
        bad.append("%d warnings, %g reasoning tokens" % (len(warned), r.ledger["reasoning"]))
    if "although" in told.err or told.ledger["reasoning"] != 40 * 17:
        bad.append("told to think: %g reasoning tokens" % told.ledger["reasoning"])
    shutil.rmtree(folder)
    return "a model that thinks unasked is warned of once", bad, r.out + r.err + told.err


def cached():
    """What all requests share comes first and the anchor last: a provider that caches prefixes has most of each prompt."""
    folder, bad = tempfile.mkdtemp(), []
    store = lib.texts(folder, 40)
    with lib.Sim("--always", "cached", "--times", 1000000) as s:
        price = {"input": lib.INPUT, "output": lib.OUTPUT, "cached": 0.1}
        prof = lib.profile(folder, s.port, prices=[price], concurrency={"start": 1, "max": 1})
        r = lib.run(folder, store, prof, "--styles", "none", "--kinds", "negation", "--fixed")
    share = r.ledger["cached"] / r.ledger["prompt"]
    if not 0.8 < share < 1:
        bad.append("%.0f %% of the prompts were cached" % (100 * share))
    if "(%.0f cached, %.0f %%)" % (r.ledger["cached"], 100 * share) not in r.out:
        bad.append("the report does not say %.0f" % (100 * share))
    money = (r.ledger["prompt"] - r.ledger["cached"]) * lib.INPUT + r.ledger["cached"] * 0.1 + r.ledger["completion"] * lib.OUTPUT
    if abs(money * 1e-6 - r.ledger["money"]) > 1e-9:
        bad.append("cached tokens cost %g, expected %g" % (r.ledger["money"], money * 1e-6))
    shutil.rmtree(folder)
    return "the cached share is told and paid as such", bad, r.out + r.err


def wasted():
    """Each token paid for is in a kept sentence, a dropped one, an answer of no use, or lost without an answer."""
    folder, bad = tempfile.mkdtemp(), []
    with lib.Sim("--seed", 4, "--faults", "refusal=.1,truncated=.1,wrong-shape=.1,few=.1,cut-length=.05,200-error=.05") as s:
        r = lib.run(folder, lib.texts(folder, 200), lib.profile(folder, s.port), "--max-failures", 200)
    with open(os.path.join(folder, "out.lmdb.answers.report.json")) as f:
        use = json.load(f)["use"][0]
    ways = {k: v for k, v in use.items() if isinstance(v, dict)}
    tokens, money = (sum(v[k] for v in ways.values()) for k in ("tokens", "money"))
    known = r.ledger["prompt"] + r.ledger["completion"]
    if abs(tokens + r.ledger["lost_tokens"] - known) > 1e-6 * known or abs(money + r.ledger["lost_money"] - r.ledger["money"]) > 1e-9:
        bad.append("used %g + lost %g tokens, paid for %g" % (tokens, r.ledger["lost_tokens"], known))
    if not {"kept", "dropped", "filtered", "truncated", "unparsed"} <= set(ways):
        bad.append("ways: %s" % sorted(ways))
    said = re.search(r"([\d.]+) % went into kept sentences; a kept sentence cost ([\d.]+) tokens, USD ([\d.]+)", r.out)
    of = (100 * use["kept"]["tokens"] / tokens, tokens / use["items_kept"], money / use["items_kept"])
    if not said or any(abs(float(a) - b) > max(0.06, 1e-3 * b) for a, b in zip(said.groups()[:2], of)):
        bad.append("said %s, is %s" % (said and said.groups(), of))
    shutil.rmtree(folder)
    return "waste and use add up to what was paid", bad, r.out + r.err


def graded():
    """The similarity that was asked of a look-alike is its label."""
    folder, bad = tempfile.mkdtemp(), []
    with lib.Sim() as s:
        r = lib.run(folder, lib.texts(folder, 60), lib.profile(folder, s.port), "--grades", "0.2,0.4,0.6", "--negatives", 6,
                    "--kinds", "negation,number,entity,role,quantifier,modality")
    rows = [x for x in runs.shown(os.path.join(folder, "out.lmdb")) if x.get("label") != 1]
    given = [round(x["label"], 3) for x in rows if x["score"] == x["label"]]
    counts = {g: given.count(g) for g in set(given)}
    if not set(counts) <= {0.2, 0.4, 0.6} or min(counts.get(g, 0) for g in (0.2, 0.4, 0.6)) < len(rows) / 10 or \
            any(x["label"] != 0 for x in rows if x["score"] is None):
        bad.append("scores %s" % counts)
    shutil.rmtree(folder)
    return "look-alikes have the grade that was asked of them", bad, r.out + r.err


LADDER = ["json_schema", "llama_schema", "json_object", "plain"]
REFUSALS = ['@"type":"json_schema"', '@"json_object","schema"', '@"json_object"}']


def rungs(refused):
    """So many rungs of the ladder are refused: a request more for each, in all runs together, and the rung is remembered."""
    folder, bad = tempfile.mkdtemp(), []
    with lib.Sim("--refuse", "|".join(REFUSALS[:refused]), "--latency", 5) as s:
        store, prof = lib.texts(folder, 60), lib.profile(folder, s.port, json=LADDER)
        for limit, requests in (40, 40 + refused), (60, 60 + refused):
            r = lib.run(folder, store, prof, "--limit", limit, "--force")
            with open(os.path.join(folder, "out.lmdb.answers.report.json")) as f:
                way = json.load(f)["json"]["sim/sim"]
            if r.code or r.done["kept"] != str(limit) or s.bill()["requests"] != requests or way != LADDER[refused]:
                bad.append("exit %d, kept %s, %d requests about %d, asked by %s" %
                           (r.code, r.done.get("kept"), s.bill()["requests"], limit, way))
    shutil.rmtree(folder)
    return "%d of the ladder's rungs are refused once, not by each request" % refused, bad, r.err


def member():
    """A member that is refused is left out where the answer is none the worse; else the run ends, and the ladder is not tried."""
    folder, bad = tempfile.mkdtemp(), []
    for name, code, requests in ("temperature", 0, 21), ("seed", 0, 21), ("think", 78, 3):
        with lib.Sim("--refuse", '%s@"%s":' % (name, name)) as s:
            prof = lib.profile(folder, s.port, json=LADDER, thinking={"off": {"think": False}})
            r = lib.run(folder, lib.texts(folder, 20), prof, "--answers", os.path.join(folder, name), "--force")
            if r.code != code or s.bill()["requests"] != requests or "trying" in r.err:
                bad.append("%s: exit %d, %d requests: %s" % (name, r.code, s.bill()["requests"], r.err))
            os.remove(os.path.join(folder, "anchors.lmdb"))
    shutil.rmtree(folder)
    return "a member of the request that is refused", bad, r.err


JOBS = [(rungs, 0), (rungs, 1), (rungs, 2), (rungs, 3), (member,), (cut_prompts,), (thinks,), (cached,), (wasted,), (graded,)]
