"""The simulator and llm-generate as processes, for the tests in this folder."""
import json, os, random, resource, signal, subprocess, tempfile, urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.path.abspath(os.environ.get("BIN", os.path.join(ROOT, "build/release")))
SANITIZED = "san-" in BIN  # freed memory is kept for a while: no bound on memory can be checked
KEY = "sk-CANARY/q7Zw2LrX9vKd+5TnBy4="
INPUT, OUTPUT = 1.0, 2.0  # price per million tokens
WORDS = ("how can I return change cancel order parcel invoice my the a late broken shoes jacket phone card password account "
         "refund size colour delivery address coupon gift today yesterday please where why does not work shop support agent").split()
HAN = "我你他想要订单退货换货发票快递地址密码账户优惠券昨天今天请问怎么为什么不能收到坏了尺码颜色礼物客服手机鞋子外套"


def anchor(i, chinese=False):
    r = random.Random(i)
    if chinese:
        return "".join(r.sample(HAN, 9)) + "编号%d" % i + "".join(r.sample(HAN, 5))
    w = r.sample(WORDS, 9)
    return " ".join(w[:4]) + " item%06d " % i + " ".join(w[4:])


def texts(folder, n, chinese=False):
    path = os.path.join(folder, "anchors.lmdb")
    lines = os.path.join(folder, "anchors.txt")
    with open(lines, "w", encoding="utf-8") as f:
        f.writelines(anchor(i, chinese) + "\n" for i in range(n))
    subprocess.run([os.path.join(BIN, "bin/records"), "import", "--in", lines, "--out", path, "-q"], check=True,
                   stderr=subprocess.DEVNULL)
    return path


class Sim:
    """One simulator; `with Sim("--always", "429") as s`."""

    def __init__(self, *options):
        self.options = [str(o) for o in options]

    def __enter__(self):
        self.process = subprocess.Popen([os.path.join(BIN, "sim/sim"), *self.options], stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def bill(self):
        with urllib.request.urlopen("http://127.0.0.1:%d/bill" % self.port) as r:
            return json.load(r)


def profile(folder, port, **more):
    """A profile of the simulator; members of `more` go in or over."""
    p = {"name": "sim", "base_url": "http://127.0.0.1:%d/v1" % port, "model": "sim", "key_env": "SIM_KEY", "timeout_s": 2,
         "prices": [{"input": INPUT, "output": OUTPUT, "batch": 0.5}]}
    p.update(more)
    path = os.path.join(folder, "profile.json")
    with open(path, "w") as f:
        json.dump(p, f)
    return path


def command(folder, store, prof, *options):
    return [os.path.join(BIN, "bin/llm-generate"), "--texts", store, "--provider", prof, "--out", os.path.join(folder, "out.lmdb"),
            "--rejects", os.path.join(folder, "rejects.jsonl"), *[str(o) for o in options]]


def environment():
    return dict(os.environ, SIM_KEY=KEY)


class Result:
    pass


def start(folder, store, prof, *options, env={}):
    return subprocess.Popen(command(folder, store, prof, *options), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            env=dict(environment(), **env), start_new_session=True)


def run(folder, store, prof, *options, timeout=60):
    """llm-generate to its end: exit code, log, ledger, peak memory."""
    return finish(start(folder, store, prof, *options), folder, timeout)


def finish(p, folder, timeout=60):
    r = Result()
    try:
        out, err = p.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        p.kill()
        out, err = p.communicate()
        err += b"\nTIMED OUT\n"
    r.code, r.out, r.err = p.returncode, out.decode(errors="replace"), err.decode(errors="replace")
    r.done = dict(w.split("=") for w in next((l for l in r.err.splitlines()[::-1] if "done seen=" in l), "").split() if "=" in w)
    r.ledger = ledger(folder)
    return r


def ledger(folder):
    """The sums of all sources; {} before there are any."""
    try:
        with open(os.path.join(folder, "out.lmdb.answers.report.json")) as f:
            rows = json.load(f)["ledger"]
    except FileNotFoundError:
        return {}
    total = {}
    for row in rows:
        for k, v in row.items():
            if k != "source":
                total[k] = total.get(k, 0) + v
    return total


def money(bill, *kinds):
    return sum((bill[k]["prompt"] * INPUT + bill[k]["completion"] * OUTPUT) * (0.5 if k == "batch" else 1.0) for k in kinds) * 1e-6


LEAST = 8  # bytes of the key that count as a leak


def forms(key):
    """Every piece of the key that counts, in every form."""
    import base64
    import urllib.parse
    whole = [key, key[::-1], urllib.parse.quote(key, safe=""), key.replace("/", "\\/")]
    whole += [base64.b64encode(b"x" * k + key.encode())[4 * (k > 0):-4].decode() for k in range(3)]
    return {w[i:i + LEAST].encode() for w in whole for i in range(len(w) - LEAST + 1)}


def leaks(folder, *texts_seen, key=KEY):
    """Places where eight bytes or more of the key can be read: plain, backwards, URL-encoded, in base64."""
    wanted = forms(key)
    places = {t: t.encode() for t in texts_seen}
    for at, _, names in os.walk(folder):
        for name in names:
            with open(os.path.join(at, name), "rb") as f:
                places[name] = f.read()
    found = []
    for name, data in places.items():
        hit = next((form for form in wanted if form in data), None)
        if hit:
            found.append("%s: %r" % ("the output" if name in texts_seen else name, hit))
    return found
